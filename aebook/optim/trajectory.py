"""The trajectory of a minimization: points, losses and gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Recorder", "Trajectory", "as_start", "value_and_gradient"]


class Trajectory(NamedTuple):
    """The path of a minimization, all entries from the start on.

    Attributes:
        points: Weights at which gradients were taken, shape `(n, *shape)`.
        losses: Values there, shape `(n,)`, finite.
        gradient_norms: Euclidean norms of the gradients there, shape `(n,)`.
        evaluation_points: Weights to judge by, shape of `points`: the averages of
            Schedule-Free, `points` itself for all other rules.
        evaluations: How often value and gradient were computed.
        diverged: Whether the path ended where a value was no longer finite.
    """

    points: np.ndarray
    losses: np.ndarray
    gradient_norms: np.ndarray
    evaluation_points: np.ndarray
    evaluations: int
    diverged: bool


def as_start(w0: Any) -> np.ndarray:
    """Return a copy of the start: float32 stays, other numbers become float64.

    Args:
        w0: Anything that NumPy can turn into an array of numbers.

    Returns:
        A new array of the same shape.

    Raises:
        TypeError: If it does not hold real numbers.
        ValueError: If it holds NaN or infinity.

    Example:
        >>> as_start([1, 2])
        array([1., 2.])
    """
    w = np.array(w0)
    if w.dtype.kind not in "biuf":
        raise TypeError(f"w0 must hold real numbers, got dtype {w.dtype}")
    if not np.isfinite(w).all():
        raise ValueError("w0 must be finite, it holds NaN or infinity")
    return w if w.dtype == np.float32 else w.astype(np.float64)


def value_and_gradient(fun: Any) -> Callable[[np.ndarray], tuple[Any, Any]]:
    """Return one function for both, whatever `fun` is.

    Args:
        fun: Function `w → (value, gradient)`, or an object with methods `value` and
            `gradient`.

    Returns:
        A function `w → (value, gradient)`.

    Raises:
        TypeError: If it is neither.

    Example:
        >>> value_and_gradient(lambda w: (0.5, 2 * w))(np.ones(2))
        (0.5, array([2., 2.]))
    """
    if callable(fun):
        return fun
    if hasattr(fun, "value") and hasattr(fun, "gradient"):
        return lambda w: (fun.value(w), fun.gradient(w))
    raise TypeError(
        "fun must return (value, gradient), or have methods value and gradient, "
        f"got {type(fun).__name__}"
    )


class Recorder:
    """Evaluates a function along a path and keeps what it finds.

    Args:
        fun: As for `value_and_gradient`.
        w: The start; its value and gradient must be finite.
        may_diverge: Whether a value that is not finite ends the path or is an error.

    Example:
        >>> path = Recorder(lambda w: (w @ w, 2 * w), np.ones(2), may_diverge=False)
        >>> path.record(np.zeros(2), step=1)
        True
        >>> path.losses
        [2.0, 0.0]
    """

    def __init__(self, fun: Any, w: np.ndarray, may_diverge: bool) -> None:
        self.fun = value_and_gradient(fun)
        self.may_diverge = False  # a start that is not finite is always an error
        self.points: list[np.ndarray] = []
        self.losses: list[float] = []
        self.gradient_norms: list[float] = []
        self.diverged = False
        self.evaluations = 0
        self.record(w, 0)
        self.may_diverge = may_diverge

    def record(self, w: np.ndarray, step: Any) -> bool:
        """Evaluate at `w` and keep it; return whether all was finite."""
        value, gradient = self.fun(w.copy())
        self.evaluations += 1
        g = np.asarray(gradient, w.dtype)
        if np.ndim(value) or g.shape != w.shape:
            raise ValueError(
                f"fun must return one number and a gradient of shape {w.shape}, "
                f"got shapes {np.shape(value)} and {g.shape}"
            )
        norm = float(np.linalg.norm(g.astype(np.float64)))
        if not (np.isfinite(value) and np.isfinite(norm)):
            if not self.may_diverge:
                raise ValueError(
                    f"loss {float(value):g} and gradient norm {norm:g} after step "
                    f"{step}; lower the rate, or let it show with may_diverge=True"
                )
            self.diverged = True
            return False
        self.points.append(w)
        self.losses.append(float(value))
        self.gradient_norms.append(norm)
        self.gradient = g
        return True

    def trajectory(self, evaluation_points: np.ndarray | None = None) -> Trajectory:
        """Return the path so far."""
        points = np.stack(self.points)
        return Trajectory(
            points,
            np.array(self.losses),
            np.array(self.gradient_norms),
            points if evaluation_points is None else evaluation_points,
            self.evaluations,
            self.diverged,
        )
