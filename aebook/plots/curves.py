"""Training curves: how a loss went over the epochs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from aebook.checks import check_choice
from aebook.plots.figure import COLORS, STYLE, Figure, colors_of, label_line_ends
from aebook.plots.line_charts import as_floors, format_log_axis
import matplotlib
from matplotlib.ticker import MaxNLocator
import numpy as np

__all__ = ["history"]


class _Line(NamedTuple):
    run: str  # "" when there is only one
    part: str  # training or validation
    values: np.ndarray  # one per epoch
    color: str

    @property
    def name(self) -> str:
        return f"{self.run}, {self.part}" if self.run else self.part


@matplotlib.rc_context(STYLE)
def history(
    history: Any,
    *,
    metric: str = "loss",
    floors: Mapping[str, float] | None = None,
    log: bool = False,
    ylabel: str | None = None,
    title: str | None = None,
) -> Figure:
    """Draw how a loss went over the epochs, for one training run or several.

    One run: training and validation, each in its colour. Several: one colour a run,
    training solid and validation dashed. Epochs without a finite value leave a gap.

    Args:
        history: What `fit` returns, or its `history` dict of lists; or several such,
            `{"Adam": ..., "Adadelta": ...}`.
        metric: Which entry to draw; its validation twin `val_...` comes along.
        floors: Horizontal lines to compare with, `{"mean image": 0.2625}`.
        log: Draw the losses on a logarithmic axis.
        ylabel: The metric with its unit, such as "mean squared error per pixel".
        title: What the figure answers.

    Returns:
        The figure; `figure.alt` names the first, last and lowest value of each line.

    Raises:
        TypeError: If `history` is none of these, or holds anything but numbers.
        ValueError: If it is empty, if a run has no such metric (the message lists
            what it has) or validates less than once an epoch, or if the axis is
            logarithmic and a value is not positive.

    Example:
        >>> run = {"loss": [0.05, 0.02, 0.01], "val_loss": [0.04, 0.02, 0.015]}
        >>> history(run, floors={"PCA": 0.0168}, ylabel="MSE per pixel").alt
        'Line chart of MSE per pixel over epochs 1 to 3. training: from 0.05 to 0.01,
        lowest 0.01 in epoch 3; validation: from 0.04 to 0.015, lowest 0.015 in
        epoch 3. Horizontal line: PCA at 0.0168.'
    """
    lines = _lines(_as_runs(history), metric)
    floors = as_floors(floors)
    drawn = np.concatenate([[*floors.values()], *(line.values for line in lines)])
    if log and (drawn <= 0).any():
        raise ValueError("a logarithmic axis needs values > 0; draw it with log=False")
    ylabel = ylabel or metric
    figure = Figure(_alt(lines, floors, ylabel, log), 3.4, title)
    axes = figure.subplots()
    dashed = {line.run for line in lines if line.run and line.part == "validation"}
    ends = []
    for line in lines:
        epochs = np.arange(1, len(line.values) + 1)
        style = "--" if line.run and line.part == "validation" else "-"
        marker = "o" if len(epochs) == 1 else None
        axes.plot(
            epochs, line.values, style, color=line.color, marker=marker, label=line.name
        )
        finite = np.flatnonzero(np.isfinite(line.values))
        if finite.size and not (line.part == "training" and line.run in dashed):
            last = finite[-1]
            name = line.run or line.part
            ends.append((epochs[last], line.values[last], name, line.color))
    longest = max(len(line.values) for line in lines)
    for name, value in floors.items():
        axes.axhline(value, color=COLORS["reference"], linestyle=":", label=name)
        ends.append((longest, value, f"{name} {value:.4g}", COLORS["reference"]))
    axes.set(
        ylabel=ylabel,
        xlabel="epoch" + " (solid: training, dashed: validation)" * bool(dashed),
    )
    if log:
        axes.set_yscale("log")
        format_log_axis(axes.yaxis)
    if longest > 1:
        axes.set_xlim(1, longest)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(axis="y")
    label_line_ends(axes, ends)
    return figure


def _as_runs(history: Any) -> dict[str, Any]:
    """Return the dict of lists of each run by its name; one run has no name."""
    logs = getattr(history, "history", history)
    if isinstance(logs, Mapping) and logs:
        inner = {str(k): getattr(v, "history", v) for k, v in logs.items()}
        dicts = [isinstance(value, Mapping) for value in inner.values()]
        if all(dicts):
            return inner
        if not any(dicts):
            return {"": logs}
    if isinstance(logs, Mapping) and not logs:
        raise ValueError("history is empty; train at least one epoch first")
    raise TypeError(
        "history must be what fit returns, a dict of lists, or a dict of several "
        f"such, got {type(history).__name__}"
    )


def _lines(runs: dict[str, Any], metric: str) -> list[_Line]:
    lines, colors = [], colors_of(runs)
    for run, logs in runs.items():
        check_choice(metric, logs, f"metric{' of ' + run if run else ''}")
        for part, key in (("training", metric), ("validation", f"val_{metric}")):
            if key not in logs:
                continue
            values = np.asarray(logs[key])
            if values.dtype.kind not in "biuf":
                raise TypeError(f"{key} must hold real numbers, got {values.dtype}")
            if (
                values.ndim != 1
                or values.shape != np.shape(logs[metric])
                or not values.size
            ):
                raise ValueError(
                    f"{key} must be a list with one value per epoch, got shape "
                    f"{values.shape} beside {np.shape(logs[metric])} of {metric}"
                )
            color = colors[run] if run else COLORS[part]
            lines.append(_Line(run, part, values.astype(float), color))
    return lines


def _alt(lines: list[_Line], floors: dict[str, float], ylabel: str, log: bool) -> str:
    longest = max(len(line.values) for line in lines)
    parts = []
    for line in lines:
        finite = np.flatnonzero(np.isfinite(line.values))
        if not finite.size:
            parts.append(f"{line.name}: no finite value")
            continue
        values = line.values[finite]
        best = int(np.argmin(values))
        text = (
            f"{line.name}: from {values[0]:.4g} to {values[-1]:.4g}, "
            f"lowest {values[best]:.4g} in epoch {finite[best] + 1}"
        )
        lost = len(line.values) - finite.size
        parts.append(text + f", {lost} epochs not finite" * bool(lost))
    epochs = "epoch 1" if longest == 1 else f"epochs 1 to {longest}"
    alt = f"Line chart of {ylabel}{', logarithmic,' * log} over {epochs}. "
    alt += "; ".join(parts) + "."
    if floors:
        listed = ", ".join(f"{name} at {value:.4g}" for name, value in floors.items())
        alt += f" Horizontal line{'s' * (len(floors) > 1)}: {listed}."
    return alt
