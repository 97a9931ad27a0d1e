"""Schedules that only fall: by a factor, by a power, in stairs, or not at all."""

from __future__ import annotations

from typing import Any

from aebook.checks import check_between, check_count, check_positive
from aebook.schedules.base import Schedule, register

__all__ = [
    "Constant",
    "ExponentialDecay",
    "InverseTimeDecay",
    "PolynomialDecay",
    "StepDecay",
]


@register
class Constant(Schedule):
    r"""The same learning rate at every step.

    $$ \eta_t = \eta_0 $$

    Args:
        learning_rate: $\eta_0$, ≥ 0.

    Raises:
        TypeError: If it is not a number.
        ValueError: If it is negative or not finite.

    Example:
        >>> Constant(0.1)(1000)
        0.1
    """

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = check_between(learning_rate, "learning_rate", low=0)

    def rate(self, t: Any, ops: Any) -> Any:
        """Return the learning rate at step `t`, as `Schedule.rate`."""
        return self.learning_rate + 0 * t  # shape of t


@register
class ExponentialDecay(Schedule):
    r"""The same factor every so many steps, spread evenly or taken at once.

    $$ \eta_t = \eta_0 \, \gamma^{t / T} $$

    With `staircase` the exponent is rounded down: `StepDecay`.

    Args:
        initial_learning_rate: $\eta_0$, ≥ 0.
        decay_steps: $T$, the steps in which the rate changes by one factor, ≥ 1.
        decay_rate: $\gamma$, the factor, > 0; the rate falls if it is below 1.
        staircase: Whether the rate stays level in between. Defaults to `False`.

    Raises:
        TypeError: If an argument is not a number, or `decay_steps` not a whole one.
        ValueError: If an argument is out of its range.

    Example:
        >>> schedule = ExponentialDecay(1.0, decay_steps=10, decay_rate=0.25)
        >>> schedule(0), schedule(5), schedule(10)
        (1.0, 0.5, 0.25)

    References:
        Keras `ExponentialDecay`; PyTorch `ExponentialLR` has `decay_steps=1`.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
    ) -> None:
        self.initial_learning_rate = check_between(
            initial_learning_rate, "initial_learning_rate", low=0
        )
        self.decay_steps = check_count(decay_steps, "decay_steps")
        self.decay_rate = check_positive(decay_rate, "decay_rate")
        self.staircase = bool(staircase)

    def rate(self, t: Any, ops: Any) -> Any:
        """Return the learning rate at step `t`, as `Schedule.rate`."""
        p = t / self.decay_steps
        if self.staircase:
            p = ops.floor(p)
        return self.initial_learning_rate * self.decay_rate**p


@register
class StepDecay(Schedule):
    r"""Level stretches, each a factor lower than the one before.

    $$ \eta_t = \eta_0 \, \gamma^{\lfloor t / T \rfloor} $$

    Step $T$ is the first at the lower rate, as in PyTorch's `StepLR`. Keras'
    `PiecewiseConstantDecay` with a boundary at $T$ still has the higher rate there,
    so its boundaries are one lower: $T - 1, 2T - 1, \dots$

    Args:
        initial_learning_rate: $\eta_0$, ≥ 0.
        decay_steps: $T$, the length of a stretch in steps, ≥ 1.
        decay_rate: $\gamma$, the factor, > 0. Defaults to 0.1.

    Raises:
        TypeError: If an argument is not a number, or `decay_steps` not a whole one.
        ValueError: If an argument is out of its range.

    Example:
        >>> schedule = StepDecay(1.0, decay_steps=30, decay_rate=0.5)
        >>> schedule(29), schedule(30), schedule(60)
        (1.0, 0.5, 0.25)

    References:
        PyTorch `StepLR`; Keras `ExponentialDecay(..., staircase=True)`.
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float = 0.1
    ) -> None:
        self.initial_learning_rate = check_between(
            initial_learning_rate, "initial_learning_rate", low=0
        )
        self.decay_steps = check_count(decay_steps, "decay_steps")
        self.decay_rate = check_positive(decay_rate, "decay_rate")

    def rate(self, t: Any, ops: Any) -> Any:
        """Return the learning rate at step `t`, as `Schedule.rate`."""
        stretch = ops.floor(t / self.decay_steps)
        return self.initial_learning_rate * self.decay_rate**stretch


@register
class InverseTimeDecay(Schedule):
    r"""Falls like one over the step, the rate of Robbins and Monro.

    $$ \eta_t = \frac{\eta_0}{1 + \gamma \, t / T} $$

    The sum of its rates grows without limit, the sum of their squares does not:
    gradient descent with noisy gradients then reaches the minimum of a convex loss.

    Args:
        initial_learning_rate: $\eta_0$, ≥ 0.
        decay_steps: $T$, the unit of time in steps, ≥ 1.
        decay_rate: $\gamma$, > 0; with 1 the rate is halved after $T$ steps.
        staircase: Whether the rate stays level for $T$ steps. Defaults to `False`.

    Raises:
        TypeError: If an argument is not a number, or `decay_steps` not a whole one.
        ValueError: If an argument is out of its range.

    Example:
        >>> schedule = InverseTimeDecay(1.0, decay_steps=10, decay_rate=1.0)
        >>> schedule(0), schedule(10), schedule(30)
        (1.0, 0.5, 0.25)

    References:
        Robbins & Monro, "A Stochastic Approximation Method", 1951; Keras
        `InverseTimeDecay`.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
    ) -> None:
        self.initial_learning_rate = check_between(
            initial_learning_rate, "initial_learning_rate", low=0
        )
        self.decay_steps = check_count(decay_steps, "decay_steps")
        self.decay_rate = check_positive(decay_rate, "decay_rate")
        self.staircase = bool(staircase)

    def rate(self, t: Any, ops: Any) -> Any:
        """Return the learning rate at step `t`, as `Schedule.rate`."""
        p = t / self.decay_steps
        if self.staircase:
            p = ops.floor(p)
        return self.initial_learning_rate / (1 + self.decay_rate * p)


@register
class PolynomialDecay(Schedule):
    r"""From one rate to another along a power of the steps left; by default a line.

    $$ \eta_t = \eta_T + (\eta_0 - \eta_T)
       \left( 1 - \frac{\min(t, T)}{T} \right)^{k} $$

    Args:
        initial_learning_rate: $\eta_0$, ≥ 0.
        decay_steps: $T$, after which the rate stays at its end, ≥ 1.
        end_learning_rate: $\eta_T$, ≥ 0. Defaults to 0.0001, as in Keras.
        power: $k$, > 0. Defaults to 1.

    Raises:
        TypeError: If an argument is not a number, or `decay_steps` not a whole one.
        ValueError: If an argument is out of its range.

    Example:
        >>> schedule = PolynomialDecay(1.0, decay_steps=10, end_learning_rate=0.5)
        >>> schedule(0), schedule(5), schedule(10), schedule(99)
        (1.0, 0.75, 0.5, 0.5)

    References:
        Keras `PolynomialDecay`, whose `cycle` is left out; PyTorch `PolynomialLR`
        ends at 0.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
    ) -> None:
        self.initial_learning_rate = check_between(
            initial_learning_rate, "initial_learning_rate", low=0
        )
        self.decay_steps = check_count(decay_steps, "decay_steps")
        self.end_learning_rate = check_between(
            end_learning_rate, "end_learning_rate", low=0
        )
        self.power = check_positive(power, "power")

    def rate(self, t: Any, ops: Any) -> Any:
        """Return the learning rate at step `t`, as `Schedule.rate`."""
        start, end = self.initial_learning_rate, self.end_learning_rate
        left = 1 - ops.minimum(t, self.decay_steps) / self.decay_steps
        return end + (start - end) * left**self.power
