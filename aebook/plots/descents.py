"""Paths of optimizers: over the contours of a function, and its value step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aebook.plots import words
from aebook.plots.figure import STYLE, Figure, colors_of
from aebook.plots.input_checks import as_numbers, check_named
from aebook.plots.line_charts import lines
import matplotlib
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
import numpy as np

__all__ = ["contours", "descent"]

GRID = 61  # points along each side
LEVELS = 12
HALO = [withStroke(linewidth=2.6, foreground="white")]
PATH: dict[str, Any] = {"linewidth": 1.6, "path_effects": HALO}
START: dict[str, Any] = {
    "marker": "o",
    "color": "white",
    "markeredgecolor": "black",
    "markersize": 8,
}
MINIMUM: dict[str, Any] = {**START, "marker": "*", "markersize": 14}


@matplotlib.rc_context(STYLE)
def contours(
    problem: Any,
    trajectories: Mapping[str, Any],
    *,
    window: tuple[float, float, float, float] | None = None,
    title: str | None = None,
) -> Figure:
    """Draw the paths of optimizers over the contours of a function of two numbers.

    Neighbouring contours differ by a factor, not by a distance: they show the floor of
    a valley as well as its sides.

    Args:
        problem: Such as `aebook.problems.saddle()`.
        trajectories: One path for each name, `{"Adam": path}`: points of shape
            `(steps + 1, 2)`, or what `aebook.optim.minimize` returns.
        window: The part to draw, `(left, right, bottom, top)`. Defaults to that of the
            problem.
        title: What the figure answers.

    Returns:
        The figure; `figure.alt` gives the first and the last value of each path, and
        says which leave the window.

    Raises:
        TypeError: If `trajectories` is no mapping, or holds anything but numbers.
        ValueError: If the problem is not one of two numbers, if there is no window or
            no path, or if a path has another shape or is not finite.

    Example:
        >>> from aebook.problems import quadratic
        >>> contours(quadratic(4), {"Adam": [[1.0, 1.0], [0.5, 0.0], [0.0, 0.0]]}).alt
        'Contours of quadratic, condition number 4, minimum at (0, 0), grey is high,
        and one path. Adam: from 2.5 at (1, 1) to 0 at (0, 0) in 2 steps.'
    """
    window = _checked_window(problem, window)
    given = check_named(
        trajectories, "trajectories", '{"name": points, ...}', "give at least one path"
    )
    paths = {str(name): _as_path(path, name) for name, path in given.items()}
    left, right, bottom, top = window
    shape = (top - bottom) / (right - left)
    is_equal = 1 / 3 < shape < 3
    height = min(3.5, 1 + 3.6 * shape) if is_equal else 3.5
    figure = Figure(_alt(problem, paths, window), height, title)
    axes, colors, keys = figure.subplots(), colors_of(paths), []
    _draw_heights(axes, problem, window)
    for name, path in paths.items():
        seen = _drawn(path, window)
        (line,) = axes.plot(*seen.T, color=colors[name], label=name, **PATH)
        if len(seen) <= 100:
            axes.plot(*seen.T, ".", color=colors[name], markersize=4)
        axes.plot(*seen[-1], "o", color=colors[name], markeredgecolor="white")
        keys.append(line)
    for point in np.unique([path[0] for path in paths.values()], axis=0):
        axes.plot(*point, zorder=5, linestyle="", **START)
    keys.append(Line2D([], [], linestyle="", label=words.START, **START))
    if problem.minimizer is not None:
        axes.plot(*problem.minimizer, zorder=5, linestyle="", **MINIMUM)
        keys.append(Line2D([], [], linestyle="", label=words.MINIMUM, **MINIMUM))
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.set(xlabel=words.FIRST_WEIGHT, ylabel=words.SECOND_WEIGHT)
    if is_equal:
        axes.set_aspect("equal")
    axes.set_anchor("W")  # beside its legend
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.legend(handles=keys, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def descent(
    losses: Mapping[str, Any],
    *,
    floors: Mapping[str, float] | None = None,
    log: bool = True,
    xlabel: str = words.STEP,
    ylabel: str = words.LOSS,
    title: str | None = None,
) -> Figure:
    """Draw a loss against the step, one line for each run.

    Args:
        losses: One run for each name, `{"Adam": losses}`: the losses from the start
            on, step 0, or what `aebook.optim.minimize` returns. Where one is not
            finite the line has a gap.
        floors: Horizontal lines to compare with, `{"PCA": 0.0168}`.
        log: Whether the losses are on a logarithmic axis. Defaults to True.
        xlabel: What is counted. Defaults to "step".
        ylabel: The loss with its unit. Defaults to "loss".
        title: What the figure answers.

    Returns:
        The figure; `figure.alt` names the ends and the extremes of each line.

    Raises:
        TypeError: If `losses` is no mapping, or holds anything but numbers.
        ValueError: If it is empty, or if the axis is logarithmic and a value is not
            positive.

    Example:
        >>> descent({"Adam": [4.0, 1.0, 0.5]}, floors={"PCA": 0.25}).alt
        'Line chart of loss against step. Adam: from 4 at 0 to 0.5 at 2. Horizontal
        line: PCA at 0.25.'
    """
    runs = {}
    given = check_named(
        losses, "losses", '{"name": losses, ...}', "give at least one run"
    )
    for name, run in given.items():
        values = as_numbers(getattr(run, "losses", run), f"losses of {name!r}")
        if values.ndim != 1:
            raise ValueError(
                f"losses of {name!r} must be a list of numbers, one for each step, "
                f"got shape {values.shape}"
            )
        if log and (values <= 0).any():
            raise ValueError(
                f"losses of {name!r} must be > 0 on a logarithmic axis, but step "
                f"{int((values <= 0).argmax())} has {values.min():g}; stop before it, "
                "or draw with log=False"
            )
        runs[name] = (np.arange(len(values)), values)
    figure = lines(
        runs, xlabel=xlabel, ylabel=ylabel, floors=floors, log_y=log, title=title
    )
    ticks = MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)
    figure.axes[0].xaxis.set_major_locator(ticks)
    return figure


def _draw_heights(axes: Axes, problem: Any, window: tuple) -> None:
    left, right, bottom, top = window
    x, y = np.linspace(left, right, GRID), np.linspace(bottom, top, GRID)
    values = np.array([[problem.value(np.array([a, b])) for a in x] for b in y])
    above = values - (values.min() if problem.minimum is None else problem.minimum)
    low, high = np.percentile(above[above > 0], 1), above.max()
    levels = np.geomspace(low, high, LEVELS)
    greys = matplotlib.colormaps["Greys"](np.linspace(0, 0.32, LEVELS))
    axes.contourf(x, y, above, [-np.inf, *levels[:-1], np.inf], colors=greys)
    axes.contour(x, y, above, levels, colors="white", linewidths=0.7)


def _outside(path: np.ndarray, window: tuple) -> np.ndarray:
    """Whether each point lies outside the window."""
    left, right, bottom, top = window
    return np.any((path < [left, bottom]) | (path > [right, top]), axis=1)


def _drawn(path: np.ndarray, window: tuple) -> np.ndarray:
    """Return the path until it leaves for good, or its zigzag hides all others."""
    inside = np.flatnonzero(~_outside(path, window))
    path = path[: inside[-1] + 2 if inside.size else 1]
    low, high = np.array(window)[[0, 2]], np.array(window)[[1, 3]]
    far = 20 * (high - low)  # numbers beyond all pixels cannot be drawn
    return np.clip(path, low - far, high + far)


def _as_path(trajectory: Any, name: str) -> np.ndarray:
    path = as_numbers(getattr(trajectory, "points", trajectory), f"path {name!r}")
    if path.ndim != 2 or path.shape[1] != 2 or not len(path):
        raise ValueError(
            f"path {name!r} must have shape (steps + 1, 2), got {path.shape}"
        )
    if not np.isfinite(path).all():
        raise ValueError(f"path {name!r} holds NaN or infinity; cut it before that")
    return path


def _checked_window(problem: Any, window: Any) -> tuple:
    if np.shape(problem.start) != (2,):
        raise ValueError(
            "only a function of two numbers has contours, but w of "
            f"{problem.name} has shape {np.shape(problem.start)}"
        )
    window = window or problem.window
    if window is None:
        raise ValueError(
            f"{problem.name} has no window; pass (left, right, bottom, top)"
        )
    left, right, bottom, top = window
    if not (left < right and bottom < top):
        raise ValueError(
            f"window must be (left, right, bottom, top) in this order, got {window}"
        )
    return tuple(window)


def _alt(problem: Any, paths: dict[str, np.ndarray], window: tuple) -> str:
    texts = (_in_words(problem, name, path, window) for name, path in paths.items())
    found = problem.minimizer is not None
    form = words.CONTOURS_WITH_MINIMUM if found else words.CONTOURS
    return form.format(
        problem=problem.name,
        minimum=_point(problem.minimizer) if found else "",
        paths=words.counted(len(paths), words.PATHS),
        listed=words.parts(texts),
    )


def _in_words(problem: Any, name: str, path: np.ndarray, window: tuple) -> str:
    first, last = (
        words.VALUE_AT_POINT.format(value=problem.value(w), point=_point(w))
        for w in path[[0, -1]]
    )
    steps = len(path) - 1
    text = words.counted(steps, words.PATH, name=name, first=first, last=last)
    outside = _outside(path, window)
    if not outside.any():
        return text
    leaves = words.ENDS_OUTSIDE if outside[-1] else words.COMES_BACK
    return words.items([text, leaves.format(step=outside.argmax())])


def _point(w: np.ndarray) -> str:
    return words.POINT.format(x=w[0], y=w[1])
