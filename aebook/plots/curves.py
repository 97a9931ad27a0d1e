"""Training curves: how a loss went over the epochs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from aebook.checks import check_choice
from aebook.plots import words
from aebook.plots.axes import format_log_axis, label_line_ends
from aebook.plots.figure import COLORS, STYLE, Figure, colors_of
from aebook.plots.floors import as_floors, draw_floors
from aebook.plots.input_checks import as_numbers, check_log, check_named
import matplotlib
from matplotlib.ticker import MaxNLocator
import numpy as np

__all__ = ["history"]

FORM = "what fit returns, a dict of lists, or a dict of several such"
HINT = "train at least one epoch and pass its history"


class _Line(NamedTuple):
    run: str  # "" when there is only one
    validates: bool
    values: np.ndarray  # one per epoch
    color: str

    @property
    def part(self) -> str:
        return words.VALIDATION if self.validates else words.TRAINING

    @property
    def name(self) -> str:
        if not self.run:
            return self.part
        return words.LINE_OF_RUN.format(run=self.run, part=self.part)


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
    check_log(drawn, log, "log")
    ylabel = ylabel or metric
    figure = Figure(_alt(lines, floors, ylabel, log), 3.4, title)
    axes = figure.subplots()
    dashed = {line.run for line in lines if line.run and line.validates}
    ends = []
    for line in lines:
        epochs = np.arange(1, len(line.values) + 1)
        style = "--" if line.run and line.validates else "-"
        marker = "o" if len(epochs) == 1 else None
        axes.plot(
            epochs, line.values, style, color=line.color, marker=marker, label=line.name
        )
        finite = np.flatnonzero(np.isfinite(line.values))
        if finite.size and (line.validates or line.run not in dashed):
            last = finite[-1]
            name = line.run or line.part
            ends.append((epochs[last], line.values[last], name, line.color))
    longest = max(len(line.values) for line in lines)
    ends += draw_floors(axes, floors, longest)
    axes.set_ylabel(ylabel)
    axes.set_xlabel(words.EPOCH_AXIS_WITH_STYLES if dashed else words.EPOCH_AXIS)
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
    logs = check_named(getattr(history, "history", history), "history", FORM, HINT)
    runs = {str(name): getattr(run, "history", run) for name, run in logs.items()}
    lists = [name for name, run in runs.items() if not isinstance(run, Mapping)]
    if not lists:
        return runs
    if len(lists) == len(runs):
        return {"": logs}
    raise TypeError(
        f"history must be {FORM}, got runs of which {lists[0]!r} is none; {HINT}"
    )


def _lines(runs: dict[str, Any], metric: str) -> list[_Line]:
    lines, colors = [], colors_of(runs)
    for run, logs in runs.items():
        check_choice(metric, logs, f"metric{' of ' + run if run else ''}")
        for validates, key in ((False, metric), (True, "val_" + metric)):
            if key not in logs:
                continue
            values = as_numbers(logs[key], key)
            if (
                values.ndim != 1
                or values.shape != np.shape(logs[metric])
                or not values.size
            ):
                raise ValueError(
                    f"{key} must be a list with one value per epoch, got shape "
                    f"{values.shape} beside {np.shape(logs[metric])} of {metric}"
                )
            own = COLORS["validation" if validates else "training"]
            lines.append(_Line(run, validates, values, colors[run] if run else own))
    return lines


def _alt(lines: list[_Line], floors: dict[str, float], ylabel: str, log: bool) -> str:
    longest = max(len(line.values) for line in lines)
    alt = words.CURVES.format(
        metric=ylabel,
        scale=words.LOGARITHMIC if log else "",
        epochs=words.counted(longest, words.EPOCHS),
        lines=words.parts(_in_words(line) for line in lines),
    )
    listed = words.marks(words.HORIZONTAL_LINES, words.VALUE_AT, floors)
    return words.sentences(alt, listed)


def _in_words(line: _Line) -> str:
    finite = np.flatnonzero(np.isfinite(line.values))
    if not finite.size:
        return words.NO_VALUE.format(name=line.name)
    values = line.values[finite]
    best = int(np.argmin(values))
    text = words.CURVE.format(
        name=line.name,
        first=values[0],
        last=values[-1],
        lowest=values[best],
        lowest_at=finite[best] + 1,
    )
    if lost := len(line.values) - finite.size:
        return words.items([text, words.counted(lost, words.EPOCHS_NOT_FINITE)])
    return text
