"""Results of several seeds: every one a dot, none of them averaged away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aebook.plots.figure import COLORS, STYLE, Figure
from aebook.plots.line_charts import as_floors, check_log, format_log_axis
import matplotlib
import numpy as np

__all__ = ["seeds"]

ROW = 0.27  # inches


@matplotlib.rc_context(STYLE)
def seeds(
    results: Mapping[str, Any],
    *,
    xlabel: str,
    floors: Mapping[str, float] | None = None,
    log_x: bool = False,
    each: str = "seed",
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
    rows = _rows(results)
    floors = as_floors(floors)
    everything = np.concatenate([*rows.values(), [*floors.values()]])
    check_log({"x": everything[np.isfinite(everything)]}, {"x": log_x})
    figure = Figure(_alt(rows, floors, xlabel, each), 1.1 + ROW * len(rows), title)
    axes = figure.subplots()
    style: dict[str, Any] = {
        "color": COLORS["training"],
        "alpha": 0.6,
        "markeredgewidth": 0,
    }
    for row, values in enumerate(rows.values()):
        finite = values[np.isfinite(values)]
        axes.plot(finite, np.full(len(finite), row), "o", markersize=7, **style)
        if finite.size:
            axes.plot(np.median(finite), row, "|", color="black", markersize=13)
        if lost := len(values) - finite.size:
            note = f" {lost} diverged"
            axes.text(1, row, note, transform=axes.get_yaxis_transform(), va="center")
    for name, value in floors.items():
        axes.axvline(value, color=COLORS["reference"], linestyle=":")
        axes.annotate(
            f"{name} {value:.4g}",
            (value, 1),
            xycoords=axes.get_xaxis_transform(),
            ha="center",
            va="bottom",
            color="#444444",
            size=9,
        )
    axes.set(xlabel=xlabel, xscale="log" if log_x else "linear")
    if log_x:
        format_log_axis(axes.xaxis)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(axis="both")
    return figure


def _rows(results: Any) -> dict[str, np.ndarray]:
    if not isinstance(results, Mapping):
        raise TypeError(
            f'results must be {{"name": [numbers], ...}}, got {type(results).__name__}'
        )
    if not results:
        raise ValueError("results is empty; give at least one row")
    rows = {}
    for name, values in results.items():
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


def _alt(
    rows: dict[str, np.ndarray], floors: dict[str, float], xlabel: str, each: str
) -> str:
    parts = []
    for name, values in rows.items():
        finite = values[np.isfinite(values)]
        lost = len(values) - len(finite)
        text = f"{len(finite)} {each}{'s' * (len(finite) != 1)}"
        if len(finite) == 1:
            text += f" at {finite[0]:.4g}"
        elif finite.size:
            text += f" from {finite.min():.4g} to {finite.max():.4g}"
            text += f", median {np.median(finite):.4g}"
        parts.append(f"{name}: {text}" + f", {lost} diverged" * bool(lost))
    alt = f"Dots, one a {each}, of {xlabel}. {'; '.join(parts)}."
    if floors:
        listed = ", ".join(f"{name} at {value:.4g}" for name, value in floors.items())
        alt += f" Vertical line{'s' * (len(floors) > 1)}: {listed}."
    return alt
