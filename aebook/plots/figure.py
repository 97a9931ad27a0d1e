"""The figure that all plots return: it carries its alt text and one set of colours."""

from __future__ import annotations

from collections.abc import Iterable
import io
from itertools import cycle
import math
import sys
import textwrap
from typing import Any

from aebook.plots import words
from aebook.plots.svg import compact
import matplotlib
from matplotlib.figure import Figure as MatplotlibFigure
from PIL import Image

__all__ = ["COLORS", "CYCLE", "STYLE", "Figure", "colors_of"]

#: Okabe and Ito's colours, which colour-blind readers tell apart, grey, and Tol's wine
#: red: ten, as many as digits. The light ones at the end are for areas, not for lines.
CYCLE = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"),
    *("#56B4E9", "#000000", "#882255", "#999999", "#F0E442"),
)

#: The colour of each role, the same in every figure of the book.
COLORS = {
    "training": "#0072B2",  # blue
    "validation": "#D55E00",  # vermillion
    "autoencoder": "#0072B2",
    "PCA": "#E69F00",  # orange
    "Adam": "#0072B2",
    "Adadelta": "#CC79A7",  # purple
    "gradient descent": "#009E73",  # green
    "reference": "#6E6E6E",  # grey: floors, baselines, whatever is not learnt
}

#: What the figures change of matplotlib's settings. Sizes are in points: 10 points
#: are 15 pixels on a page where the figure is 640 pixels wide, and 8 on a phone.
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": 10,
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.edgecolor": "#444444",
    "axes.grid": False,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.7,
    "image.cmap": "gray",
    "image.interpolation": "none",
    "lines.linewidth": 2,
    "svg.fonttype": "path",  # letters are drawn: they look the same everywhere
    "svg.hashsalt": "aebook",  # the same figure has the same names within, each time
    "text.color": "#111111",
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
}

WIDTH = 6.0  # inches
POINTS = 72  # in an inch
DPI = 144  # of the PNG; a page has 96 pixels in an inch
TITLE_WIDTH = 66  # characters in a line of the title
LONG = 40  # characters of a name that may not fit below its axis
NOT_STORED = dict.fromkeys(["Creator", "Date", "Format", "Type"])


class Figure(MatplotlibFigure):
    """A matplotlib figure that knows its alt text and shows itself in a notebook.

    It is made without `pyplot`: nothing global changes, nothing has to be closed, and
    it is shown once, where it is the value of a cell or given to `display`. It is shown
    as SVG, sharp at any size, and as PNG where a viewer trusts no SVG, as Jupyter does
    before a notebook has run. The alt text travels with both, in the metadata of the
    notebook's output. `figure.savefig("figure.pdf")` writes any other format.

    Args:
        alt: What is seen, in words and numbers, for readers who cannot see it.
        height: Height in inches; the width is always 6.
        title: The one question that the figure answers, or its answer.
        **options: Anything else `matplotlib.figure.Figure` takes.

    Example:
        >>> figure = Figure("A line that rises from 0 to 2.", height=2)
        >>> line = figure.subplots().plot([0, 1, 2])
        >>> svg, metadata = figure._repr_svg_()
        >>> metadata
        {'alt': 'A line that rises from 0 to 2.'}
    """

    def __init__(
        self, alt: str, height: float = 3.2, title: str | None = None, **options: Any
    ) -> None:
        if not isinstance(alt, str) or not alt.strip():
            raise ValueError(
                f"a figure needs an alt text, got {alt!r}; say what it shows"
            )
        options = {"facecolor": "white", "layout": "constrained", **options}
        height = math.ceil(height * POINTS) / POINTS  # whole points
        with matplotlib.rc_context(STYLE):
            super().__init__(figsize=(WIDTH, height), **options)
            if title:
                style = {"x": 0.01, "ha": "left", "fontsize": 11, "fontweight": "bold"}
                if options["layout"] != "constrained":  # which finds the height itself
                    style["y"] = 1 - 0.06 / height
                self.suptitle(textwrap.fill(title, TITLE_WIDTH), **style)
        # The title is part of the picture, so whoever cannot see it needs it too.
        self.alt = words.titled(title, alt) if title else alt

    def add_subplot(self, *args: Any, **kwargs: Any) -> Any:
        """Add axes in the style of the book; `subplots` comes through here too."""
        with matplotlib.rc_context(STYLE):
            return super().add_subplot(*args, **kwargs)

    def savefig(self, *args: Any, **kwargs: Any) -> None:
        """Write the figure; a name below an axis gets a second row if it needs one."""
        names = [axes.xaxis.label for axes in self.axes]
        long = [name for name in names if len(name.get_text()) > LONG]
        if long:
            self.draw_without_rendering()  # the layout decides where they stand
        for name in long:
            text, box = name.get_text(), name.get_window_extent()
            middle = (box.x0 + box.x1) / 2
            share = 2 * min(middle, self.bbox.x1 - middle) / box.width
            if share < 1 and "\n" not in text:
                name.set_text(textwrap.fill(text, int(share * len(text))))
        super().savefig(*args, **kwargs)

    def _repr_svg_(self) -> tuple[str, dict[str, Any]]:
        text = io.StringIO()
        with matplotlib.rc_context(STYLE):
            self.savefig(text, format="svg", metadata=NOT_STORED)
        return compact(text.getvalue()), {"alt": self.alt}

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        pixels = io.BytesIO()
        with matplotlib.rc_context(STYLE):
            self.savefig(pixels, format="png", dpi=DPI)
        # 256 colours are enough for any figure here and take a third of the room.
        image, png = Image.open(pixels).convert("RGB"), io.BytesIO()
        image.quantize(256, dither=Image.Dither.NONE).save(png, "PNG", optimize=True)
        size = {"width": image.width * 96 // DPI, "height": image.height * 96 // DPI}
        return png.getvalue(), {"alt": self.alt, **size}


def colors_of(labels: Iterable[str]) -> dict[str, str]:
    """Give each label a colour: its own if it is a role, else one that is still free.

    Example:
        >>> colors_of(["16 numbers", "Adam"])
        {'16 numbers': '#D55E00', 'Adam': '#0072B2'}
    """
    labels = list(labels)
    taken = {COLORS[label] for label in labels if label in COLORS}
    free = cycle([color for color in CYCLE if color not in taken] or CYCLE)
    return {label: COLORS.get(label) or next(free) for label in labels}


def _register_with_ipython() -> None:
    """Put our images before those that IPython makes of any figure, without alt text.

    IPython prefers what `%matplotlib inline` registered for matplotlib's figures to
    the methods of a subclass; a registration for the subclass itself comes first.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        formatters = shell.display_formatter.formatters
        formatters["image/svg+xml"].for_type(Figure, Figure._repr_svg_)
        formatters["image/png"].for_type(Figure, Figure._repr_png_)
        for other in ("image/jpeg", "application/pdf"):
            formatters[other].for_type(Figure, lambda figure: None)


_register_with_ipython()
