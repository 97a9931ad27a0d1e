"""A schedule in stairs."""

from __future__ import annotations

from typing import Any

from aebook.checks import check_between, check_count, check_positive
from aebook.schedules.base import Schedule, register

__all__ = ["StepDecay"]


@register
class StepDecay(Schedule):
    r"""Level stretches, each a factor lower than the one before.

    $$ \eta_t = \eta_0 \, \gamma^{\lfloor t / T \rfloor} $$

    Step $T$ is the first at the lower rate, as in PyTorch's `StepLR`. Keras'
    `PiecewiseConstantDecay` with a boundary at $T$ still has the higher rate there,
    so its boundaries are one lower: $T - 1, 2T - 1, \dots$, and have to be listed.
    Its `ExponentialDecay` with `staircase=True` is this schedule.

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
        PyTorch `StepLR`.
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
