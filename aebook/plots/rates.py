"""Learning rates drawn: schedules over the steps, and the loss of a range test."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

from aebook.checks import check_count
from aebook.plots import words
from aebook.plots.axes import label_line_ends
from aebook.plots.figure import COLORS, STYLE, Figure, colors_of
from aebook.plots.floors import draw_upright
from aebook.plots.input_checks import check_named
import matplotlib
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
import numpy as np

if TYPE_CHECKING:  # it imports Keras, which a figure does not need
    from aebook.schedules.rate_finder import RangeTest

__all__ = ["learning_rate_range", "schedules"]

MOST_POINTS = 1000  # more than there are pixels
CLOSE = 0.08  # of the height: lines that end closer have no room for their names


@matplotlib.rc_context(STYLE)
def schedules(
    named: Mapping[str, Any], steps: int, *, log: bool = False, title: str | None = None
) -> Figure:
    """Draw learning rates against the step, one line a schedule.

    Args:
        named: Schedules by name, `{"cosine": CosineDecay(...), ...}`: of
            `aebook.schedules`, of Keras, or any function from a step to a rate.
        steps: How many steps to draw, from step 0, at least 2.
        log: Draw the rates on a logarithmic axis; zeros leave a gap.
        title: What the figure answers.

    Returns:
        The figure; `figure.alt` names the first, highest and last rate of each line.

    Raises:
        TypeError: If `named` is no such dict, or `steps` no whole number.
        ValueError: If `named` is empty, or `steps` is below 2.

    Example:
        >>> schedules({"halving": lambda step: 0.5**step}, steps=4).alt
        'Line chart of the learning rate over steps 0 to 3. halving: from 1 to 0.125,
        highest 1 at step 0.'
    """
    named = check_named(
        named, "named", '{"name": schedule, ...}', "give at least one schedule"
    )
    for name, schedule in named.items():
        if not callable(schedule):
            raise TypeError(
                f"{name!r} must be a schedule, got {schedule!r}; "
                "give a function from a step to a rate"
            )
    check_count(steps, "steps", minimum=2)
    t = np.unique(np.linspace(0, steps - 1, MOST_POINTS).round().astype(int))
    curves = {str(name): _rates(schedule, t) for name, schedule in named.items()}
    figure = Figure(_alt_of_schedules(curves, t, log), 3.4, title)
    axes = figure.subplots()
    colors, ends = colors_of(curves), []
    for i, (name, rates) in enumerate(curves.items()):
        drawn = np.where(rates > 0, rates, np.nan) if log else rates
        style = "-" if i < 5 else "--"  # the colours from the sixth on are light
        axes.plot(t, drawn, style, color=colors[name], label=name)
        seen = np.flatnonzero(np.isfinite(drawn))
        if seen.size:
            ends.append((t[seen[-1]], drawn[seen[-1]], name, colors[name]))
    axes.set(xlabel=words.STEP, ylabel=words.RATE_AXIS, xlim=(0, t[-1]))
    axes.set_yscale("log") if log else axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y")
    if _are_apart(axes, ends):
        label_line_ends(axes, ends)
    else:
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.02, 0.5))
    return figure


@matplotlib.rc_context(STYLE)
def learning_rate_range(result: RangeTest, *, title: str | None = None) -> Figure:
    """Draw the loss against the learning rate, as a range test measured it.

    Each point is the loss of one batch, the line is the smoothed loss. Vertical lines
    mark the suggestion and where the loss diverged.

    Args:
        result: What `aebook.schedules.find_learning_rate` returns.
        title: What the figure answers.

    Returns:
        The figure; `figure.alt` gives the lowest smoothed loss and both marks.

    Raises:
        TypeError: If `result` is no such result.

    Example:
        >>> from aebook.schedules import RangeTest
        >>> rates, losses = np.array([0.1, 1.0, 10.0]), np.array([3.0, 1.0, 2.0])
        >>> learning_rate_range(RangeTest(rates, losses, losses, 0.1, 10.0)).alt
        'Line chart of the loss over learning rates from 0.1 to 10, logarithmic. The
        smoothed loss starts at 3 and is lowest, 1, at 1. Vertical lines: suggestion at
        0.1, diverged at 10.'
    """
    if not hasattr(result, "suggestion"):
        raise TypeError(
            "result must be what aebook.schedules.find_learning_rate returns, "
            f"got {type(result).__name__}"
        )
    rates, losses, smoothed = result.rates, result.losses, result.smoothed
    found = {words.SUGGESTION: result.suggestion, words.DIVERGED: result.diverged_at}
    marks = {name: rate for name, rate in found.items() if rate is not None}
    colors = {words.SUGGESTION: COLORS["validation"]}
    figure = Figure(_alt_of_range(rates, smoothed, marks), 3.4, title)
    axes = figure.subplots()
    dots = axes.plot(
        *(rates, losses, "o"),
        color=COLORS["reference"],
        alpha=0.5,
        markersize=3,
        label=words.BATCH_LOSS,
    )
    line = axes.plot(rates, smoothed, color=COLORS["training"], label=words.SMOOTHED)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(numticks=12))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlabel=words.LOG_RATE_AXIS, ylabel=words.BATCH_LOSS_AXIS)
    axes.set_ylim(*_view(losses, smoothed))
    sides = ("right", "left") if len(marks) > 1 else ["center"] * len(marks)
    for (name, rate), side in zip(marks.items(), sides, strict=True):
        color = colors.get(name, COLORS["reference"])
        note = words.NAMED_RATE.format(name=name, value=rate)
        draw_upright(axes, rate, note, color=color, note_color=color, side=side)
    axes.grid(axis="y")
    axes.legend(handles=[*dots, *line], frameon=False, loc="lower left")
    return figure


def _rates(schedule: Any, t: np.ndarray) -> np.ndarray:
    rates = [schedule(int(step)) for step in t]
    return np.array([r if isinstance(r, Real) else np.asarray(r).item() for r in rates])


def _are_apart(axes: Axes, ends: list[tuple]) -> bool:
    to_axes = axes.transData + axes.transAxes.inverted()
    heights = sorted(to_axes.transform((x, y))[1] for x, y, *_ in ends)
    return bool((np.diff(heights) >= CLOSE).all())


def _view(losses: np.ndarray, smoothed: np.ndarray) -> tuple[float, float]:
    """Return limits that show the fall, however high a burst at the end."""
    low, high = float(losses.min()), float(min(losses.max(), smoothed.max()))
    high = max(high, float(losses[0]))
    room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def _alt_of_schedules(curves: dict[str, np.ndarray], t: np.ndarray, log: bool) -> str:
    lines = (
        words.SCHEDULE.format(
            name=name,
            first=rates[0],
            last=rates[-1],
            highest=rates.max(),
            at=t[rates.argmax()],
        )
        for name, rates in curves.items()
    )
    scale = words.LOGARITHMIC if log else ""
    return words.SCHEDULES.format(
        scale=scale, last_step=t[-1], lines=words.parts(lines)
    )


def _alt_of_range(
    rates: np.ndarray, smoothed: np.ndarray, marks: dict[str, float]
) -> str:
    best = int(np.argmin(smoothed))
    alt = words.RANGE_TEST.format(
        low=rates[0],
        high=rates[-1],
        first=smoothed[0],
        lowest=smoothed[best],
        lowest_at=rates[best],
    )
    listed = words.marks(words.VERTICAL_LINES, words.RATE_AT, marks)
    return words.sentences(alt, listed)
