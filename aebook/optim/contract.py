"""What every rule asks of its arguments: finite gradients, settings within range."""

from __future__ import annotations

from collections.abc import Callable
import functools
import inspect
from typing import Any, TypeVar, cast

from aebook.checks import check_choice, check_same_shape
from aebook.optim.hyper import ARRAYS, documented, in_range
import numpy as np

__all__ = ["checked"]

Function = TypeVar("Function", bound=Callable)


def checked(function: Function) -> Function:
    """Check the arguments of a rule's `init` or `update` before each call.

    One number goes in as an array of one entry and comes back as one number: NumPy 1
    would turn a lone float32 into float64.

    Args:
        function: Takes `w`, an `update` also `g` and `state`; its other arguments are
            hyper-parameters of `aebook.optim.hyper` with defaults.

    Returns:
        The same function with checks, and with the sections of its docstring that
        follow from its arguments.

    Example:
        >>> @checked
        ... def update(g, state, w, learning_rate=0.01):
        ...     return -learning_rate * g, state
        >>> update(np.ones(2), (), np.ones(2), learning_rate=-1)
        Traceback (most recent call last):
        ValueError: learning_rate must be in [0, inf), got -1
    """
    signature = inspect.signature(function)
    hyper = [name for name in signature.parameters if name not in ARRAYS]

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for name in kwargs.keys() - ARRAYS.keys():
            check_choice(name, hyper, "hyper-parameter")
        bound = signature.bind(*args, **kwargs)
        given = bound.arguments
        for name in given.keys() - ARRAYS.keys():
            given[name] = in_range(name, given[name])
        w = given["w"] = _as_floats(given["w"], "w")
        if "g" in given:
            given["g"] = _as_gradient(given["g"], w)
            _check_state(given["state"], w)
        if w.ndim:
            return function(*bound.args, **bound.kwargs)
        for name in given.keys() & ARRAYS.keys():
            given[name] = _reshape(given[name], (1,))
        return _reshape(function(*bound.args, **bound.kwargs), ())

    call.__doc__ = documented(function)
    return cast(Function, call)


def _as_floats(array: Any, name: str) -> np.ndarray:
    array = np.asarray(array)
    if array.dtype not in (np.float32, np.float64):
        raise TypeError(
            f"{name} must be float32 or float64, got {array.dtype}; "
            f"convert it, for example with {name}.astype(np.float32)"
        )
    return array


def _as_gradient(g: Any, w: np.ndarray) -> np.ndarray:
    g = _as_floats(g, "g")
    check_same_shape(g, w, ("g", "w"))
    if g.dtype != w.dtype:
        raise TypeError(f"g and w must have one dtype, got {g.dtype} and {w.dtype}")
    if not np.isfinite(g).all():
        bad = np.argwhere(~np.isfinite(g)).tolist()
        raise ValueError(
            f"g must be finite, but {len(bad)} of {g.size} entries are NaN or "
            f"infinite, the first at {bad[0]}; lower the rate or clip the gradient"
        )
    return g


def _check_state(state: Any, w: np.ndarray) -> None:
    for part in state:
        shown = (np.shape(part), getattr(part, "dtype", w.dtype))
        if isinstance(part, np.ndarray) and shown != (w.shape, w.dtype):
            raise ValueError(
                f"state belongs to weights of shape {shown[0]} and {shown[1]}, "
                f"got {w.shape} and {w.dtype}; begin with init(w)"
            )


def _reshape(value: Any, shape: tuple[int, ...]) -> Any:
    """Reshape an array, or each array in a tuple of them."""
    if isinstance(value, np.ndarray):
        return value.reshape(shape)
    if isinstance(value, tuple):
        parts = [_reshape(part, shape) for part in value]
        return type(value)._make(parts) if hasattr(value, "_make") else tuple(parts)
    return value
