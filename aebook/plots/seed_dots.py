"""Results of several seeds: every one a dot, none of them averaged away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aebook.plots import words
from aebook.plots.axes import format_log_axis
from aebook.plots.figure import COLORS, STYLE, Figure
from aebook.plots.floors import as_floors, draw_upright
from aebook.plots.input_checks import check_log, check_named
import matplotlib
from matplotlib.axes import Axes
import numpy as np

__all__ = ["as_rows", "draw_rows", "rows_in_words", "seeds"]

ROW = 0.27  # inches
MARK: dict[str, Any] = {
    "color": COLORS["training"],
    "alpha": 0.6,
    "markeredgewidth": 0,
}


@matplotlib.rc_context(STYLE)
def seeds(
    results: Mapping[str, Any],
    *,
    xlabel: str,
    floors: Mapping[str, float] | None = None,
    log_x: bool = False,
    each: str = words.SEED,
    title: str | None = None,
) -> Figure:
    """Draw the result of each seed as a dot, one row a method, the median as a bar.

    Args:
        results: One list of numbers for each name, `{"Adam": [0.01, 0.012], ...}`,
            drawn from top to bottom. `None` or NaN is a seed that diverged.
        xlabel: What the numbers are, with their unit.
        floors: Vertical lines to compare with, `{"mean image": 52.9}`.
        log_x: Whether the axis is logarithmic.
        each: What a dot is. Defaults to `"seed"`.
        title: What the figure answers.

    Returns:
        The figure; `figure.alt` gives the number of seeds, the lowest, the median and
        the highest value of each row.

    Raises:
        TypeError: If `results` is no mapping, or holds anything but numbers.
        ValueError: If it or a row is empty, or if the axis is logarithmic and a value
            is not positive.

    Example:
        >>> seeds({"Adam": [3, 1, 2], "SGD": [9, None]}, xlabel="loss").alt
        'Dots, one a seed, of loss. Adam: 3 seeds from 1 to 3, median 2;
        SGD: 1 seed at 9, 1 diverged.'
    """
    rows = as_rows(results)
    floors = as_floors(floors)
    everything = np.concatenate([*rows.values(), [*floors.values()]])
    check_log(everything[np.isfinite(everything)], log_x, "log_x")
    figure = Figure(
        rows_in_words(rows, floors, xlabel, each), 1.1 + ROW * len(rows), title
    )
    axes = figure.subplots()
    for name, value in floors.items():
        note = words.NAMED_VALUE.format(name=name, value=value)
        draw_upright(axes, value, note)
    draw_rows(axes, rows, log_x=log_x)
    axes.set_xlabel(xlabel)
    return figure


def draw_rows(axes: Axes, rows: dict[str, np.ndarray], *, log_x: bool) -> None:
    """Draw a row of dots for each name, from top to bottom, and its median as a bar."""
    for row, values in enumerate(rows.values()):
        finite = values[np.isfinite(values)]
        axes.plot(finite, np.full(len(finite), row), "o", markersize=7, **MARK)
        if finite.size:
            axes.plot(np.median(finite), row, "|", color="black", markersize=13)
        if lost := len(values) - finite.size:
            note = words.DIVERGED_NOTE.format(count=lost)
            axes.text(1, row, note, transform=axes.get_yaxis_transform(), va="center")
    axes.set_xscale("log" if log_x else "linear")
    if log_x:
        format_log_axis(axes.xaxis)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(axis="both")


def as_rows(results: Any) -> dict[str, np.ndarray]:
    """Return results as arrays, NaN where a seed diverged, or say what is wrong."""
    given = check_named(
        results, "results", '{"name": [numbers], ...}', "give at least one row"
    )
    rows = {}
    for name, values in given.items():
        try:
            row = np.array([np.nan if v is None else v for v in values], dtype=float)
        except (TypeError, ValueError):
            raise TypeError(
                f"{name!r} must be a list of numbers, got {values!r}"
            ) from None
        if row.ndim != 1 or not row.size:
            raise ValueError(f"{name!r} must be a list of numbers, got {values!r}")
        rows[str(name)] = row
    return rows


def rows_in_words(
    rows: dict[str, np.ndarray], floors: dict[str, float], xlabel: str, each: str
) -> str:
    """Return the alt text of one panel."""
    listed = words.parts(
        words.NAMED_TEXT.format(name=name, text=_in_words(values, each))
        for name, values in rows.items()
    )
    return words.sentences(
        words.SEED_DOTS.format(each=each, x=xlabel, rows=listed),
        words.marks(words.VERTICAL_LINES, words.VALUE_AT, floors),
    )


def _in_words(values: np.ndarray, each: str) -> str:
    finite = values[np.isfinite(values)]
    text = words.counted(len(finite), words.EACH, each=each)
    if len(finite) == 1:
        text = words.SEED_AT.format(seeds=text, value=finite[0])
    elif finite.size:
        low, high, median = finite.min(), finite.max(), np.median(finite)
        text = words.SEEDS_FROM_TO.format(seeds=text, low=low, high=high, median=median)
    if lost := len(values) - len(finite):
        text = words.items([text, words.SEEDS_DIVERGED.format(count=lost)])
    return text
