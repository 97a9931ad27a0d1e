"""Boxes and the arrows between them: what is computed from what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from aebook.checks import check_choice
from aebook.plots import words
from aebook.plots.figure import STYLE, Figure
from aebook.plots.input_checks import as_numbers, check_named
import matplotlib
from matplotlib.axes import Axes
from matplotlib.text import Annotation
import numpy as np

__all__ = ["diagram"]

ROW = 0.75  # inches
BOX: dict[str, Any] = {"boxstyle": "round,pad=0.35", "lw": 1.2}
ARROW: dict[str, Any] = {"arrowstyle": "-|>", "color": "#444444", "shrinkA": 1}


@matplotlib.rc_context(STYLE)
def diagram(
    boxes: Mapping[str, Any],
    arrows: Iterable[tuple[str, ...]],
    *,
    notes: Mapping[str, str] | None = None,
    shaded: Collection[str] = (),
    title: str | None = None,
) -> Figure:
    """Draw named boxes on a grid, and arrows from one to another.

    Args:
        boxes: The place of each box by its name, `{"x": (column, row), ...}`. Columns
            count to the right and rows down; places between two are allowed.
        arrows: From where to where, `("x", "z")`, or with a text at its middle,
            `("x", "z", "times a")`.
        notes: A second line for some of the boxes, `{"x": "0.8"}`.
        shaded: Names of boxes to draw darker.
        title: What the figure answers.

    Returns:
        The figure; `figure.alt` lists the boxes, and where each arrow leads.

    Raises:
        TypeError: If `boxes` or `notes` is no mapping.
        ValueError: If there is no box, if a place is not two numbers, or if an arrow,
            a note or a shade names a box that is not there.

    Example:
        >>> places = {"x": (0, 0), "z": (1, 0)}
        >>> diagram(places, [("x", "z", "times a")], notes={"x": "0.8"}).alt
        'Diagram. Boxes: x (0.8), z. Arrows: x to z (times a).'
    """
    given = check_named(
        boxes, "boxes", '{"name": (column, row), ...}', "give each box a place"
    )
    places = {str(name): _as_place(place, name) for name, place in given.items()}
    notes = check_named(
        {} if notes is None else notes,
        *("notes", '{"name": text, ...}', "name the box"),
        may_be_empty=True,
    )
    ways = [_as_arrow(arrow) for arrow in arrows]
    ends = [end for arrow in ways for end in arrow[:2]]
    for name in [*ends, *notes, *shaded]:
        check_choice(name, list(places), "box")
    rows = np.ptp([row for _, row in places.values()])
    figure = Figure(_alt(places, ways, notes), ROW * (rows + 1), title)
    axes = figure.subplots()
    texts = {
        name: _draw_box(axes, place, name, notes.get(name, ""), name in shaded)
        for name, place in places.items()
    }
    for start, end, label in ways:
        _draw_arrow(axes, texts[start], texts[end], label)
    _fit(axes, places)
    return figure


def _as_place(place: Any, name: Any) -> tuple[float, float]:
    place = as_numbers(place, f"place of {name!r}")
    if place.shape != (2,) or not np.isfinite(place).all():
        raise ValueError(
            f"place of {name!r} must be (column, row), got {place.tolist()}"
        )
    return tuple(place.tolist())


def _as_arrow(arrow: Any) -> tuple[str, str, str]:
    if not 2 <= len(arrow) <= 3:
        raise ValueError(
            f"an arrow must be (start, end) or (start, end, text), got {arrow!r}"
        )
    start, end, label = (*arrow, "")[:3]
    return start, end, label


def _draw_box(
    axes: Axes, place: tuple[float, float], name: str, note: str, dark: bool
) -> Annotation:
    face = "#D8E6F0" if dark else "white"
    return axes.annotate(
        words.NAME_AND_NOTE.format(name=name, note=note) if note else name,
        place,
        ha="center",
        va="center",
        zorder=3,
        bbox={**BOX, "fc": face, "ec": "#444444"},
    )


def _draw_arrow(axes: Axes, start: Annotation, end: Annotation, label: str) -> None:
    patches = {"patchA": start.get_bbox_patch(), "patchB": end.get_bbox_patch()}
    axes.annotate("", end.xy, start.xy, arrowprops={**ARROW, **patches})
    middle = np.mean([start.xy, end.xy], axis=0)
    style = {"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none"}
    axes.annotate(label, middle, ha="center", va="center", fontsize=9, bbox=style)


def _fit(axes: Axes, places: dict[str, tuple[float, float]]) -> None:
    """Leave half a place around the outermost boxes, and draw no axes."""
    columns, rows = zip(*places.values(), strict=True)
    axes.set(xlim=(min(columns) - 0.5, max(columns) + 0.5))
    axes.set(ylim=(max(rows) + 0.5, min(rows) - 0.5))
    axes.set_axis_off()


def _alt(
    places: Mapping[str, Any],
    arrows: list[tuple[str, str, str]],
    notes: Mapping[str, str],
) -> str:
    boxes = (words.noted(name, notes.get(name, "")) for name in places)
    ways = (
        words.noted(words.WAY.format(start=start, end=end), label)
        for start, end, label in arrows
    )
    alt = words.DIAGRAM.format(boxes=words.items(boxes))
    if not arrows:
        return alt
    return words.sentences(alt, words.ARROWS.format(arrows=words.parts(ways)))
