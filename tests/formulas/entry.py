"""What stands for one displayed formula: its text, the same as code, and a check."""

from collections.abc import Callable
import functools
from typing import Any, NamedTuple

import numpy as np


class Formula(NamedTuple):
    """One displayed formula.

    `latex` is the text between the two `$$` of the page, to the letter. `twin` is the
    same formula as code, in the same order and with the same letters. `check` takes
    the twin, or anything in its place, and raises an AssertionError where it does not
    agree with the package, or with another authority, at random points.
    """

    label: str | None
    latex: str
    twin: Callable
    check: Callable[[Callable], None]


def formula(
    label: str | None,
    latex: str,
    case: Callable[[np.random.Generator], tuple],
    rtol: float = 1e-6,
    points: int = 8,
) -> Callable[[Callable], Formula]:
    """Make a twin the entry of its formula.

    Args:
        label: Label of the formula in the page; `None` for one without.
        latex: Its text, which may begin and end with a line break.
        case: Draws a point with a generator, and returns the arguments of the twin and
            what it should return, a number, an array, or a tuple of these.
        rtol: How far they may differ, relative to the largest entry.
        points: How many are drawn, always the same ones.
    """

    @functools.cache  # the authority is asked once, however many twins are tried
    def cases() -> list[tuple]:
        rng = np.random.default_rng(0)
        return [case(rng) for _ in range(points)]

    def check(twin: Callable) -> None:
        for arguments, expected in cases():
            with np.errstate(all="ignore"):  # a wrong twin may do anything
                found = twin(*arguments)
            assert_same(found, expected, rtol)

    return lambda twin: Formula(label, latex.strip("\n"), twin, check)


def assert_same(found: Any, expected: Any, rtol: float) -> None:
    """Compare two numbers or arrays, or two tuples of them, shapes included."""
    if not isinstance(expected, tuple):
        found, expected = (found,), (expected,)
    for ours, theirs in zip(found, expected, strict=True):
        ours, theirs = np.asarray(ours), np.asarray(theirs)
        assert ours.shape == theirs.shape, f"{ours.shape} is not {theirs.shape}"
        atol = rtol * np.abs(theirs).max() if theirs.dtype != bool else 0
        assert np.allclose(ours, theirs, rtol=0, atol=atol), f"{ours} is not {theirs}"


def slope(function: Callable, at: Any, h: float = 1e-5) -> np.ndarray:
    """Return the gradient of a function at an array, by central differences."""
    at = np.asarray(at, float)
    slopes = np.empty_like(at)
    for i in np.ndindex(at.shape):
        step = np.zeros_like(at)
        step[i] = h
        slopes[i] = (function(at + step) - function(at - step)) / (2 * h)
    return slopes
