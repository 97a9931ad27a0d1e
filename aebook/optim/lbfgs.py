"""L-BFGS by SciPy, with the same path as the other rules."""

from __future__ import annotations

from typing import Any

from aebook.checks import check_count
from aebook.optim.trajectory import Recorder, Trajectory, as_start
import numpy as np

__all__ = ["lbfgs"]


def lbfgs(fun: Any, w0: Any, steps: int) -> Trajectory:
    r"""Minimize a function by L-BFGS: steps along $-H^{-1} g$, with a line search.

    The inverse Hessian is built from the last ten steps. A step asks for about one
    gradient, sometimes more: `evaluations` counts those of the search; the values at
    the points come on top. Keras has no L-BFGS, and batches would mislead it.

    Args:
        fun: Function `w → (value, gradient)`, or an object with methods `value(w)` and
            `gradient(w)`. It must not change between calls.
        w0: Where to start, any shape; computed in float64.
        steps: How many at most, ≥ 0.

    Returns:
        The path. It ends early where no step goes further down.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If value or gradient are not finite.

    Example:
        >>> path = lbfgs(lambda w: (np.sum(w**4), 4 * w**3), [1.0, -2.0], steps=30)
        >>> bool(path.losses[-1] < 1e-9)
        True

    Source: Liu & Nocedal, "On the limited memory BFGS method for large scale
    optimization", 1989.
    """
    from scipy.optimize import minimize

    steps = check_count(steps, "steps", 0)
    w = as_start(w0).astype(np.float64)
    path = Recorder(fun, w, may_diverge=False)

    def flat(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, g = path.fun(x.reshape(w.shape))
        return float(value), np.asarray(g, np.float64).ravel()

    def keep(x: np.ndarray) -> None:
        path.record(x.reshape(w.shape).copy(), len(path.points))

    if steps == 0:
        return path.trajectory()
    options = {"maxiter": steps, "maxfun": 25 * steps + 25, "ftol": 0, "gtol": 1e-12}
    result = minimize(
        flat, w.ravel(), jac=True, method="L-BFGS-B", callback=keep, options=options
    )
    return path.trajectory()._replace(evaluations=result.nfev)
