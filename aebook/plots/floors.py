"""Lines to compare with, such as baselines: checked, drawn across axes or upright."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from aebook.plots import words
from aebook.plots.figure import COLORS
from aebook.plots.input_checks import check_named
from matplotlib.axes import Axes

__all__ = ["as_floors", "draw_floors", "draw_upright"]


def as_floors(floors: Any) -> dict[str, float]:
    """Return lines to compare with by name, or say what is wrong with them.

    Example:
        >>> as_floors({"PCA": 0.0168})
        {'PCA': 0.0168}
    """
    if floors is None:
        return {}
    given = check_named(
        floors, "floors", '{"name": value, ...}', "name each line", may_be_empty=True
    )
    floors = {str(name): value for name, value in given.items()}
    for name, value in floors.items():
        if not isinstance(value, Real) or not math.isfinite(value):
            raise ValueError(f"floor {name!r} must be a finite number, got {value!r}")
    return floors


def draw_floors(
    axes: Axes, floors: dict[str, float], right: float
) -> list[tuple[float, float, str, str]]:
    """Draw horizontal lines, and return their ends for `label_line_ends`.

    Args:
        axes: Where to draw.
        floors: Height of each line by its name.
        right: Where the axes end.

    Returns:
        For each line the last x and y, the name with the value, and the colour.
    """
    ends, color = [], COLORS["reference"]
    for name, value in floors.items():
        note = words.NAMED_VALUE.format(name=name, value=value)
        axes.axhline(value, color=color, linestyle=":", label=note)
        ends.append((right, value, note, color))
    return ends


def draw_upright(
    axes: Axes,
    x: float,
    note: str,
    *,
    color: str = COLORS["reference"],
    note_color: str = "#444444",
    side: str = "center",
) -> None:
    """Draw one vertical line with a note above the axes.

    Args:
        axes: Where to draw.
        x: Where the line stands.
        note: Its name, with the value.
        color: Colour of the line. Defaults to that of references.
        note_color: Colour of the note.
        side: Which side of the note is at the line: `"left"`, `"center"`, `"right"`.
    """
    axes.axvline(x, color=color, linestyle=":", label=note)
    axes.annotate(
        note,
        xy=(x, 1),
        xycoords=axes.get_xaxis_transform(),
        ha=side,
        va="bottom",
        color=note_color,
        fontsize=9,
    )
