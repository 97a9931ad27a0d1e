"""Checks of arguments, and the one form of their error messages.

A message has three parts: what was expected, what came, one hint.
"""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np

__all__ = [
    "as_labels",
    "as_samples",
    "check_between",
    "check_choice",
    "check_count",
    "check_positive",
    "check_same_shape",
]

ROUNDING = 1e-6  # what float32 arithmetic may leave beyond a limit


def as_samples(
    x: Any,
    feature_shape: tuple[int | None, ...] | None = None,
    *,
    name: str = "x",
    low: float | None = None,
    high: float | None = None,
) -> np.ndarray:
    """Return `x` as a float32 array of samples, or say what is wrong with it.

    Args:
        x: Anything NumPy can turn into an array, first axis the samples.
        feature_shape: Expected shape of one sample; `None` as an entry allows any
            size there, `None` for the whole allows any shape.
        name: What to call `x` in a message.
        low: Smallest allowed value; `None` for no limit.
        high: Largest allowed value; `None` for no limit.

    Returns:
        The same values as float32, shape `(n_samples, *feature_shape)`; `x` itself
        when it is such an array already.

    Raises:
        TypeError: If `x` does not hold numbers.
        ValueError: If `x` is empty, has another shape, holds NaN or infinity, or
            leaves `[low, high]`.

    Example:
        >>> as_samples([[0, 1], [1, 0]], (2,), low=0, high=1)
        array([[0., 1.], [1., 0.]], dtype=float32)
    """
    try:
        array = np.asarray(x)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"{name} must be one array of numbers: {error}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    _check_shape(array, feature_shape, name)
    with np.errstate(over="ignore"):  # too large for float32 becomes infinity: refused
        array = array.astype(np.float32, copy=False)
    _check_values(array, name, low, high)
    return array


def as_labels(labels: Any, count: int, name: str = "labels") -> np.ndarray:
    """Return one label per sample as an array, or say what is wrong with them.

    Example:
        >>> as_labels(["cat", "dog"], 2).tolist()
        ['cat', 'dog']
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "biuU":
        raise TypeError(
            f"{name} must be integers or strings, got dtype {labels.dtype}; "
            f"convert them, for example with np.asarray({name}).astype(str)"
        )
    if labels.shape != (count,):
        raise ValueError(
            f"{name} must have one entry per sample, shape ({count},), "
            f"got shape {labels.shape}"
        )
    return labels


def _check_shape(
    array: np.ndarray, feature_shape: tuple[int | None, ...] | None, name: str
) -> None:
    if feature_shape is not None:
        fits = array.ndim == 1 + len(feature_shape) and all(
            want in (None, got)
            for want, got in zip(feature_shape, array.shape[1:], strict=True)
        )
        if not fits:
            sizes = ", ".join("any" if s is None else str(s) for s in feature_shape)
            hint = (
                "; flatten it with aebook.data.flatten"
                if len(feature_shape) == 1 and array.ndim > 2
                else "; one sample needs a first axis too: x[None]"
                if array.shape == feature_shape
                else ""
            )
            raise ValueError(
                f"{name} must have {1 + len(feature_shape)} dimensions "
                f"(n_samples, {sizes}), got shape {array.shape}{hint}"
            )
    if array.ndim == 0:
        raise ValueError(f"{name} must be an array of samples, got one number")
    if array.size == 0:
        raise ValueError(f"{name} is empty, got shape {array.shape}")


def _check_values(
    array: np.ndarray, name: str, low: float | None, high: float | None
) -> None:
    smallest, largest = float(array.min()), float(array.max())  # NaN spreads to both
    if not (np.isfinite(smallest) and np.isfinite(largest)):
        bad = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
        raise ValueError(
            f"{name} must be finite, but {bad.sum()} of {len(array)} samples hold NaN "
            f"or infinity, the first is sample {bad.argmax()}; remove or fill them"
        )
    low, high = -np.inf if low is None else low, np.inf if high is None else high
    if smallest < low - ROUNDING or largest > high + ROUNDING:
        hint = (
            "divide by 255, or load with aebook.data.load_mnist(), which does"
            if 1 == high < largest <= 255 and smallest >= 0
            else "scale it, or choose an output activation and loss that allow it"
        )
        raise ValueError(
            f"{name} has values from {smallest:g} to {largest:g}, "
            f"expected [{low:g}, {high:g}]; {hint}"
        )


def check_same_shape(a: np.ndarray, b: np.ndarray, names: tuple[str, str]) -> None:
    """Raise a `ValueError` unless both arrays have one shape."""
    if a.shape != b.shape:
        raise ValueError(
            f"{names[0]} and {names[1]} must have the same shape, "
            f"got {a.shape} and {b.shape}"
        )


def check_count(value: Any, name: str, minimum: int = 1) -> int:
    """Return `value` as an int, or raise unless it is a whole number ≥ `minimum`.

    Example:
        >>> check_count(32, "batch_size")
        32
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value}")
    return int(value)


def check_positive(value: Any, name: str) -> float:
    """Return `value` as a float, or raise unless it is a finite number > 0.

    Example:
        >>> check_positive(1, "data_range")
        1.0
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not 0 < float(value) < np.inf:  # NaN fails too
        raise ValueError(f"{name} must be a finite number > 0, got {value}")
    return float(value)


def check_between(
    value: Any, name: str, low: float = -np.inf, high: float = np.inf
) -> float:
    """Return `value` as a float, or raise unless it is finite and in `[low, high]`.

    Example:
        >>> check_between(0, "learning_rate", low=0)
        0.0
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not (np.isfinite(float(value)) and low <= float(value) <= high):
        limits = (
            f"in [{low:g}, {high:g}]"
            if np.isfinite([low, high]).all()
            else f"≥ {low:g}" * (low > -np.inf) + f"≤ {high:g}" * (high < np.inf)
        )
        raise ValueError(f"{name} must be a finite number {limits}, got {value}")
    return float(value)


def check_choice(value: Any, known: Iterable[str], name: str) -> str:
    """Return `value`, or raise a `ValueError` that lists the known names.

    Example:
        >>> check_choice("mnist", ["mnist", "fashion_mnist"], "dataset")
        'mnist'
    """
    known = list(known)
    if value not in known:
        raise ValueError(f"unknown {name} {value!r}; known: {', '.join(known)}")
    return value
