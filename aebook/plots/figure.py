"""The figure that all plots return: it carries its alt text and one set of colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import io
from itertools import combinations, cycle
import math
import sys
import textwrap
from typing import Any, cast

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as MatplotlibFigure
from matplotlib.text import Text
from PIL import Image

__all__ = [
    "COLORS",
    "CYCLE",
    "STYLE",
    "Figure",
    "colors_of",
    "label_line_ends",
    "separate",
]

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
#: are 14 pixels on a page where the figure is 700 pixels wide.
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
    "image.interpolation": "nearest",
    "lines.linewidth": 2,
    "text.color": "#111111",
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
}

WIDTH = 7.0  # inches: 700 pixels on the page
TITLE_WIDTH = 72  # characters in a line of the title
DPI = 150  # half as much again, for sharp screens


class Figure(MatplotlibFigure):
    """A matplotlib figure that knows its alt text and shows itself in a notebook.

    It is made without `pyplot`: nothing global changes, nothing has to be closed, and
    it is shown once, where it is the value of a cell or given to `display`. The alt
    text travels with the image, in the metadata of the notebook's output.

    Args:
        alt: What is seen, in words and numbers, for readers who cannot see it.
        height: Height in inches; the width is always 7.
        title: The one question that the figure answers, or its answer.
        **options: Anything else `matplotlib.figure.Figure` takes.

    Example:
        >>> figure = Figure("A line that rises from 0 to 2.", height=2)
        >>> line = figure.subplots().plot([0, 1, 2])
        >>> png, metadata = figure._repr_png_()
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
        height = math.ceil(height * DPI) / DPI  # whole pixels
        with matplotlib.rc_context(STYLE):
            super().__init__(figsize=(WIDTH, height), dpi=DPI, **options)
            if title:
                style = {"x": 0.01, "ha": "left", "fontsize": 12, "fontweight": "bold"}
                if options["layout"] != "constrained":  # which finds the height itself
                    style["y"] = 1 - 0.06 / height
                self.suptitle(textwrap.fill(title, TITLE_WIDTH), **style)
        # The title is part of the picture, so whoever cannot see it needs it too.
        self.alt = f"{title.rstrip('.')}. {alt}" if title else alt

    def add_subplot(self, *args: Any, **kwargs: Any) -> Any:
        """Add axes in the style of the book; `subplots` comes through here too."""
        with matplotlib.rc_context(STYLE):
            return super().add_subplot(*args, **kwargs)

    def _repr_png_(self) -> tuple[bytes, dict[str, str]]:
        with matplotlib.rc_context(STYLE):
            pixels, size = FigureCanvasAgg(self).print_to_buffer()
        # 256 colours are enough for any figure here and take a third of the room.
        image = Image.frombytes("RGBA", size, pixels).convert("RGB")
        image, png = image.quantize(256, dither=Image.Dither.NONE), io.BytesIO()
        image.save(png, "PNG", optimize=True, dpi=(DPI, DPI))
        return png.getvalue(), {"alt": self.alt}


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


def label_line_ends(
    axes: Axes, ends: Iterable[tuple[float, float, str, str]], size: float = 10
) -> None:
    """Write each line's name at the right, moved apart where names would overlap.

    Args:
        axes: Axes whose lines and limits are final.
        ends: For each line the last x and y, the name and the colour. A line that
            ends before the axes do gets a dot there and a dotted lead to its name.
        size: Font size in points.
    """
    ends, right = sorted(ends, key=lambda end: end[1]), axes.get_xlim()[1]
    notes = []
    for x, y, name, color in ends:
        lead = {"arrowstyle": "-", "color": color, "lw": 1, "shrinkA": 2, "shrinkB": 0}
        if x < right:
            axes.plot(x, y, "o", color=color, markersize=5)
            lead["linestyle"] = (0, (1, 3))
        note = axes.annotate(
            *(name, (x, y), (1.05, y)),
            textcoords=axes.get_yaxis_transform(),  # x in the axes, y in the data
            fontsize=size,
            va="center",
            arrowprops=lead,
        )
        notes.append(note)
    figure = cast(MatplotlibFigure, axes.figure)
    figure.draw_without_rendering()  # the layout decides how tall the axes are
    gap = 1.3 * size / 72 * figure.dpi / axes.bbox.height
    to_axes = axes.transData + axes.transAxes.inverted()
    heights = [to_axes.transform((x, y))[1] for x, y, *_ in ends]
    for note, height in zip(notes, spread(heights, gap), strict=True):
        note.set_position((1.05, height))
        note.anncoords = axes.transAxes


def separate(texts: Sequence[Text], rounds: int = 60) -> None:
    """Push texts apart, up and down, until none covers another.

    Args:
        texts: Texts placed in data coordinates, in axes whose limits are final.
        rounds: When to give up; crowded texts then still overlap a little.
    """
    if not texts:
        return
    figure = cast(MatplotlibFigure, texts[0].figure)
    figure.draw_without_rendering()
    to_data = texts[0].get_transform().inverted()
    size = 0.06 * figure.dpi  # pixels between the letters and the edge of their box
    for _ in range(rounds):
        moved = False
        boxes = [text.get_window_extent().padded(size) for text in texts]
        for (a, box_a), (b, box_b) in combinations(zip(texts, boxes, strict=True), 2):
            if box_a.overlaps(box_b):
                up = 1 if box_a.y0 + box_a.y1 >= box_b.y0 + box_b.y1 else -1
                for text, step in ((a, 2 * up), (b, -2 * up)):  # pixels
                    x, y = text.get_transform().transform(text.get_position())
                    text.set_y(to_data.transform((x, y + step))[1])
                moved = True
        if not moved:
            return


def spread(positions: list[float], gap: float) -> list[float]:
    """Move sorted positions as little as needed to lie at least `gap` apart.

    Example:
        >>> spread([0.0, 5.0, 5.0], 2.0)
        [0.0, 4.0, 6.0]
    """
    up, down = list(positions), list(positions)
    for i in range(1, len(up)):
        up[i] = max(up[i], up[i - 1] + gap)
        down[-1 - i] = min(down[-1 - i], down[-i] - gap)
    return [(a + b) / 2 for a, b in zip(up, down, strict=True)]  # keeps every gap


def _register_with_ipython() -> None:
    """Put our PNG before the one that IPython makes of any figure, without alt text.

    IPython prefers what `%matplotlib inline` registered for matplotlib's figures to
    the `_repr_png_` of a subclass; a registration for the subclass itself comes first.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        png = shell.display_formatter.formatters["image/png"]
        png.for_type(Figure, Figure._repr_png_)


_register_with_ipython()
