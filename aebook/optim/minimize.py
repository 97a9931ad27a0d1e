"""Minimize a function with any rule, and keep the trajectory."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from aebook.checks import check_count
from aebook.optim.hyper import in_range
from aebook.optim.rules import as_rule, default_rate
from aebook.optim.trajectory import Recorder, Trajectory, as_start
import numpy as np

__all__ = ["minimize"]


def minimize(
    fun: Any,
    w0: Any,
    rule: str | ModuleType,
    steps: int,
    schedule: Callable[[int], Any] | None = None,
    *,
    may_diverge: bool = False,
    **hyper: Any,
) -> Trajectory:
    """Minimize a function by a number of steps of one rule.

    Args:
        fun: Function `w → (value, gradient)`, or an object with methods `value(w)` and
            `gradient(w)`, such as a problem of `aebook.problems`.
        w0: Where to start, any shape; float32 stays, all else becomes float64.
        rule: Name or module of a rule, such as `"adam"`.
        steps: How many, ≥ 0.
        schedule: Gives the rate of each step, counted from 0: a function, or a
            schedule of Keras. Defaults to a constant rate, `learning_rate`.
        may_diverge: What to do when a loss or gradient is no longer finite: raise an
            error, or return the path up to there. Defaults to `False`, the error.
        **hyper: Hyper-parameters of the rule, for Adagrad also
            `initial_accumulator_value`.

    Returns:
        The path, `steps + 1` points with the start. It is shorter if it diverged.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If a name or hyper-parameter is unknown, a value out of range, or
            if the path diverged.

    Example:
        >>> def parabola(w):
        ...     return 0.5 * np.sum(w**2), w
        >>> path = minimize(parabola, [4.0, -2.0], "heavy_ball", 100, learning_rate=0.1)
        >>> path.points.shape, bool(path.losses[-1] < 1e-3)
        ((101, 2), True)
    """
    rule = as_rule(rule)
    steps = check_count(steps, "steps", 0)
    if schedule is not None and "learning_rate" in hyper:
        raise ValueError("give learning_rate or a schedule, not both")
    w = as_start(w0)
    start = {k: hyper.pop(k) for k in ("initial_accumulator_value",) if k in hyper}
    state = rule.init(w, **start)
    path = Recorder(fun, w, may_diverge)
    average = getattr(rule, "evaluation_weights", None)
    settings = {"beta_1": hyper["beta_1"]} if average and "beta_1" in hyper else {}
    evaluation_points = [w]
    with np.errstate(all="ignore"):  # judged by `record` instead
        for step in range(steps):
            if schedule is not None:
                rate = _as_number(schedule(step))
                hyper["learning_rate"] = in_range("learning_rate", rate)
            if path.diverged:
                break
            delta, state = rule.update(path.gradient, state, w, **hyper)
            w = w + delta
            x = average(state, w, **settings) if average else w
            rate = hyper.get("learning_rate", default_rate(rule))
            if path.record(w, f"{step + 1} at learning_rate={rate:g}"):
                evaluation_points.append(x)
    return path.trajectory(np.stack(evaluation_points))


def _as_number(rate: Any) -> Any:
    """Return the rate that a schedule gives; those of Keras give a tensor."""
    is_scalar = hasattr(rate, "__array__") and np.ndim(rate) == 0
    return np.asarray(rate).item() if is_scalar else rate
