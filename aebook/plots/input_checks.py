"""Checks of what the figures are given.

A message has the three parts of `aebook.checks`: expected, came, one hint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["as_numbers", "check_log", "check_named", "class_names"]


def check_named(
    value: Any, name: str, form: str, hint: str, *, may_be_empty: bool = False
) -> dict[Any, Any]:
    """Return a mapping as a dict, or say what should have come.

    Args:
        value: What the caller gave.
        name: What to call it in a message.
        form: How it looks, `{"name": ..., ...}`.
        hint: What to do about it.
        may_be_empty: Whether an empty mapping passes.

    Returns:
        The same keys and values.

    Raises:
        TypeError: If `value` is no mapping.
        ValueError: If it is empty and may not be.

    Example:
        >>> check_named([1, 2], "runs", '{"name": losses, ...}', "name each run")
        Traceback (most recent call last):
        TypeError: runs must be {"name": losses, ...}, got list; name each run
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be {form}, got {type(value).__name__}; {hint}")
    if not value and not may_be_empty:
        raise ValueError(f"{name} is empty, expected {form}; {hint}")
    return dict(value)


def as_numbers(values: Any, name: str) -> np.ndarray:
    """Return real numbers as an array of floats, or say what came.

    Example:
        >>> as_numbers([1, 2], "losses")
        array([1., 2.])
    """
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"{name} must be one array of numbers: {error}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    return array.astype(float)


def check_log(numbers: Any, log: bool, option: str) -> None:
    """Raise a `ValueError` if a logarithmic axis would have to show 0 or less.

    Example:
        >>> check_log([0.0, 1.0], True, "log_y")
        Traceback (most recent call last):
        ValueError: a logarithmic axis needs values > 0, got 0; draw it with log_y=False
    """
    numbers = np.asarray(numbers)
    if log and (wrong := numbers[numbers <= 0]).size:
        raise ValueError(
            f"a logarithmic axis needs values > 0, got {wrong.min():g}; "
            f"draw it with {option}=False"
        )


def class_names(classes: list[Any], names: Sequence[str] | None) -> list[str]:
    """Return the name of each class; the labels themselves where there are none.

    Args:
        classes: The labels.
        names: Name of each integer label, or `None`.

    Returns:
        One text a class.

    Raises:
        ValueError: If a label has no name.

    Example:
        >>> class_names([0, 2], ["shirt", "shoe", "bag"])
        ['shirt', 'bag']
    """
    if names is None:
        return [str(label) for label in classes]
    for label in classes:
        if isinstance(label, str) or not 0 <= label < len(names):
            raise ValueError(f"label {label!r} has no name; names has {len(names)}")
    return [str(names[label]) for label in classes]
