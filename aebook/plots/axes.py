"""What is written within axes: ticks, names at the ends of lines, texts kept apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import cast

from aebook.plots import words
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure as MatplotlibFigure
from matplotlib.text import Text
from matplotlib.ticker import LogLocator, NullLocator

__all__ = ["format_log_axis", "label_line_ends", "separate"]


def format_log_axis(axis: Axis, subs: Sequence[int] = (1, 2, 5)) -> None:
    """Write 0.02 and 5 on a logarithmic axis, or powers of ten over many decades.

    Args:
        axis: An axis whose limits are final.
        subs: What is written in each decade; `(1, 3)` where there is little room.
    """
    low, high = axis.get_view_interval()
    if high / low < 1e3:
        axis.set_major_locator(LogLocator(subs=subs))
        axis.set_major_formatter(words.TICK)
    axis.set_minor_locator(NullLocator())


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
