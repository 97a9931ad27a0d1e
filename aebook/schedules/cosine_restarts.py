"""Half a cosine down, again and again."""

from __future__ import annotations

import math
from typing import Any

from aebook.checks import check_between, check_count, check_positive
from aebook.schedules.base import Schedule, register

__all__ = ["CosineRestarts"]

SLOWEST_GROWTH = 1.01  # of a cycle; the starts of all cycles are listed
LAST_START = 2**31  # steps


@register
class CosineRestarts(Schedule):
    r"""Cosine decays one after the other, each starting high again.

    $$ \eta_t = \eta_0 \left( \alpha + (1 - \alpha) \, m^i \,
       \frac{1 + \cos(\pi p)}{2} \right), \qquad
       p = \frac{t - t_i}{T q^i}, \quad
       t_i = T \, (1 + q + \dots + q^{i-1}) $$

    Cycle $i$ starts at step $t_i$ and is $q^i$ times as long as the first. It never
    ends. Keras finds $i$ by a logarithm in float32, and is late at some starts.

    Args:
        initial_learning_rate: $\eta_0$, the rate at the first start, ≥ 0.
        first_decay_steps: $T$, the length of the first cycle in steps, ≥ 1.
        t_mul: $q$, how much longer each cycle is than the one before: 1, or at least
            1.01. Defaults to 2.
        m_mul: $m$, how much higher each start is than the one before, > 0. Defaults
            to 1.
        alpha: Lowest rate as a fraction of $\eta_0$, in [0, 1]. Defaults to 0.

    Raises:
        TypeError: If an argument is not a number, or `first_decay_steps` not whole.
        ValueError: If an argument is out of its range.

    Example:
        >>> schedule = CosineRestarts(1.0, first_decay_steps=10)
        >>> [round(schedule(t), 4) for t in (0, 5, 10, 20, 30)]
        [1.0, 0.5, 1.0, 0.5, 1.0]

    References:
        Loshchilov & Hutter, "SGDR", 2017; Keras `CosineDecayRestarts`; PyTorch
        `CosineAnnealingWarmRestarts`.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
    ) -> None:
        self.initial_learning_rate = check_between(
            initial_learning_rate, "initial_learning_rate", low=0
        )
        self.first_decay_steps = check_count(first_decay_steps, "first_decay_steps")
        self.t_mul = check_positive(t_mul, "t_mul")
        self.m_mul = check_positive(m_mul, "m_mul")
        self.alpha = check_between(alpha, "alpha", 0, 1)
        if self.t_mul != 1 and self.t_mul < SLOWEST_GROWTH:
            raise ValueError(
                f"t_mul must be 1 or at least {SLOWEST_GROWTH}, got {t_mul}; "
                "1 keeps all cycles as long as the first"
            )

    def rate(self, t: Any, ops: Any) -> Any:
        """Return the learning rate at step `t`, as `Schedule.rate`."""
        i, p = self._cycle(t, ops)
        fall = self.m_mul**i * (1 + ops.cos(math.pi * p)) / 2
        return self.initial_learning_rate * (self.alpha + (1 - self.alpha) * fall)

    def _cycle(self, t: Any, ops: Any) -> tuple[Any, Any]:
        """Return the number of the cycle, from 0, and how much of it is over."""
        T, q = self.first_decay_steps, self.t_mul
        if q == 1:
            i = ops.floor(t / T)
            return i, t / T - i
        # Counting is exact in float32 too, where a logarithm is off at some starts.
        starts, length = [float(T)], T * q
        while starts[-1] < LAST_START:
            starts.append(starts[-1] + length)
            length *= q
        passed = ops.greater_equal(ops.expand_dims(t, -1), starts)
        i = ops.sum(ops.where(passed, 1.0, 0.0), axis=-1)
        start = T * (q**i - 1) / (q - 1)
        return i, (t - start) / (T * q**i)
