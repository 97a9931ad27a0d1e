"""The seeds of several experiments, side by side: the same rows, each its own axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aebook.plots import words
from aebook.plots.axes import format_log_axis
from aebook.plots.figure import COLORS, STYLE, Figure
from aebook.plots.floors import as_floors
from aebook.plots.input_checks import check_log, check_named
from aebook.plots.seed_dots import ROW, as_rows, draw_rows, rows_in_words
import matplotlib
import numpy as np

__all__ = ["seed_panels"]

FLOORS = (":", "--", "-.")  # one after the other


@matplotlib.rc_context(STYLE)
def seed_panels(
    panels: Mapping[str, Mapping[str, Any]],
    *,
    xlabel: str,
    floors: Mapping[str, Mapping[str, float]] | None = None,
    log_x: bool = False,
    share_x: bool = False,
    each: str = words.SEED,
    title: str | None = None,
) -> Figure:
    """Draw what `seeds` draws, for several experiments side by side.

    Args:
        panels: The results of each experiment, `{"first": {"Adam": [0.01, 0.012]}}`,
            with the same rows in all; the first experiment sets their order.
        xlabel: What the numbers are. Their units belong to the names of the panels.
        floors: Lines to compare with, for each panel, at most three,
            `{"first": {"mean image": 52.9}}`.
        log_x: Whether the axes are logarithmic.
        share_x: Whether all panels have the same axis. Defaults to `False`, for
            experiments whose units differ.
        each: What a dot is. Defaults to `"seed"`.
        title: What the figure answers.

    Returns:
        The figure; `figure.alt` gives what that of `seeds` gives, panel by panel.

    Raises:
        TypeError: If `panels` is no mapping, or holds anything but numbers.
        ValueError: If it or a row is empty, if panels differ in their rows, if floors
            name another panel, or if an axis is logarithmic and a value not positive.

    Example:
        >>> seed_panels({"a": {"Adam": [1, 2]}, "b": {"Adam": [3]}}, xlabel="loss").alt
        'a: Dots, one a seed, of loss. Adam: 2 seeds from 1 to 2, median 1.5.
        b: Dots, one a seed, of loss. Adam: 1 seed at 3.'
    """
    given = check_named(
        panels, "panels", '{"name": {"row": [numbers]}, ...}', "give at least one panel"
    )
    lines = _floors_of(given, floors)
    first = next(iter(given))
    drawn, alt = {}, []
    for name, results in given.items():
        rows = as_rows(results)
        if {*rows} != {*as_rows(given[first])}:
            raise ValueError(
                f"all panels must have the same rows; those of {name!r} are "
                f"{sorted(rows)}, those of {first!r} {sorted(given[first])}"
            )
        everything = np.concatenate([*rows.values(), [*lines[name].values()]])
        check_log(everything[np.isfinite(everything)], log_x, "log_x")
        drawn[name] = {str(row): rows[str(row)] for row in given[first]}
        text = rows_in_words(drawn[name], lines[name], xlabel, each)
        alt.append(words.NAMED_TEXT.format(name=name, text=text))
    height = 1.5 + ROW * len(drawn[first])
    figure = Figure(words.sentences(*alt), height, title)
    grid = figure.subplots(1, len(drawn), sharex=share_x, sharey=True, squeeze=False)[0]
    keys: dict[str, Any] = {}
    for axes, (name, rows) in zip(grid, drawn.items(), strict=True):
        for (floor, value), style in zip(lines[name].items(), FLOORS, strict=False):
            keys[floor] = axes.axvline(
                value, color=COLORS["reference"], linestyle=style, label=floor
            )
        draw_rows(axes, rows, log_x=log_x)
        if log_x and len(drawn) > 2:
            format_log_axis(axes.xaxis, subs=(1, 3))
        axes.set_title(name, fontsize=9)
        axes.tick_params(axis="x", labelsize=8)
    figure.supxlabel(xlabel, fontsize=10)
    if keys:
        figure.legend(
            handles=[*keys.values()],
            loc="outside lower right",
            frameon=False,
            ncols=len(keys),
        )
    return figure


def _floors_of(panels: Mapping[Any, Any], floors: Any) -> dict[Any, dict[str, float]]:
    given = {} if floors is None else check_named(
        floors, "floors", '{"panel": {"name": value}, ...}', "name each panel",
        may_be_empty=True,
    )  # fmt: skip
    if unknown := [name for name in given if name not in panels]:
        raise ValueError(f"floors has {unknown[0]!r}, which is no panel")
    return {name: as_floors(given.get(name)) for name in panels}
