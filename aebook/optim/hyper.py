"""The hyper-parameters of the rules: what each means, and its range.

Written once, for the checks and for the docstrings of all rules.
"""

from __future__ import annotations

from collections.abc import Callable
import inspect
from numbers import Real
import textwrap
from typing import Any, NamedTuple

from aebook.checks import check_count
import numpy as np

__all__ = ["HYPER", "Hyper", "documented", "in_range"]


class Hyper(NamedTuple):
    """A hyper-parameter: `meaning`, and its range `[0, high)`, with or without 0."""

    meaning: str
    high: float = np.inf
    zero: bool = True


HYPER = {
    "learning_rate": Hyper("Factor of the step; 0 is where a schedule may end"),
    "momentum": Hyper("Share of the velocity that is kept", 1),
    "rho": Hyper("Share of the mean square that is kept", 1),
    "beta_1": Hyper("Share of the mean gradient that is kept", 1),
    "beta_2": Hyper("Share of the mean square that is kept", 1),
    "epsilon": Hyper("Keeps the denominator from 0", zero=False),
    "initial_accumulator_value": Hyper("Where the sum of squares starts"),
    "weight_decay": Hyper("Each step takes `learning_rate * weight_decay * w` off"),
    "adam_beta_1": Hyper("`beta_1` for what is no matrix", 1),
    "adam_beta_2": Hyper("`beta_2` for what is no matrix", 1),
    "adam_weight_decay": Hyper("`weight_decay` for what is no matrix"),
    "rms_rate": Hyper("Root mean square of a step of rate 1, about"),
    "ns_steps": Hyper("Newton-Schulz iterations, a whole number"),
    "warmup_steps": Hyper("Steps over which the rate rises, a whole number"),
}
COUNTS = ("ns_steps", "warmup_steps")
ARRAYS = {
    "g": "Gradient at `w`, finite, shape and dtype of `w`.",
    "state": "What the last call returned, or `init(w)`.",
    "w": "Weights, any shape, float32 or float64.",
}
STEP = "The step, to be added to `w`, of its shape and dtype; and the next state."
START = "The state before the first step, arrays of the shape and dtype of `w`."
DOWNHILL = """
>>> w = np.array([[1.0, -1.0]])
>>> step, state = update(2 * w, init(w), w)
>>> bool(np.all(step * w < 0))  # towards 0
True"""
BEGIN = """
>>> isinstance(init(np.zeros((2, 3))), State)
True"""
TYPE_ERROR = """
TypeError: If an array is neither float32 nor float64, or a setting no number."""
VALUE_ERROR = """
ValueError: If a setting is unknown or outside its range, or the gradient is
    not finite or has another shape than `w`."""


def in_range(name: str, value: Any) -> float:
    """Return the value of a hyper-parameter as a Python number, or say what is wrong.

    Python's own numbers leave an array of float32 as it is; NumPy's float64 does not.

    Args:
        name: Key of `HYPER`.
        value: What the caller gave.

    Returns:
        The same value as a float, or as an int where steps are counted.

    Raises:
        TypeError: If it is no number, or no whole number where steps are counted.
        ValueError: If it is outside the range.

    Example:
        >>> in_range("beta_1", 1)
        Traceback (most recent call last):
        ValueError: beta_1 must be in [0, 1), got 1
    """
    if name in COUNTS:
        return check_count(value, name, 0)
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number, got {value!r}")
    _, high, zero = HYPER[name]
    number = float(value)
    if not (0 < number < high or (zero and number == 0)):  # NaN fails too
        raise ValueError(f"{name} must be in {'(['[zero]}0, {high:g}), got {value}")
    return number


def documented(function: Callable) -> str:
    """Return the docstring of a rule's function with what `HYPER` knows of it.

    Args:
        function: `init` or `update` of a rule; its docstring may end with an example
            of its own.

    Returns:
        The docstring with the sections Args, Returns and Raises before the example.

    Example:
        >>> def init(w):
        ...     '''Keep nothing.'''
        >>> print(documented(init))
        Keep nothing.
        <BLANKLINE>
        Args:
            w: Weights, any shape, float32 or float64.
        ...
    """
    text, _, example = (inspect.getdoc(function) or "").partition("Example:\n")
    parameters = inspect.signature(function).parameters
    takes_step = "g" in parameters
    generic = DOWNHILL if takes_step else BEGIN
    args = [f"{n}: {_meaning(n, p.default)}" for n, p in parameters.items()]
    lines = [textwrap.fill(line, 76, subsequent_indent="    ") for line in args]
    sections = {
        "Args": "\n".join(lines),
        "Returns": STEP if takes_step else START,
        "Raises": (TYPE_ERROR + VALUE_ERROR * takes_step).strip(),
        "Example": textwrap.dedent(example or generic).strip(),
    }
    parts = [f"{k}:\n{textwrap.indent(v, '    ')}" for k, v in sections.items() if v]
    return "\n\n".join([text.rstrip(), *parts]) + "\n"


def _meaning(name: str, default: Any) -> str:
    if name in ARRAYS:
        return ARRAYS[name]
    meaning, high, zero = HYPER[name]
    limits = f"in [0, {high:g})" if high < np.inf else "≥ 0" if zero else "> 0"
    return f"{meaning}; {limits}. Defaults to {default!r}."
