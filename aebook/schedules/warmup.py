"""Schedules that start low: a warm-up before any other, and one with a plateau."""

from __future__ import annotations

from typing import Any

from aebook.checks import check_between, check_choice, check_count
from aebook.schedules.base import FALLS, Schedule, register
import keras
import numpy as np

__all__ = ["LinearWarmup", "WarmupStableDecay"]

KerasSchedule = keras.optimizers.schedules.LearningRateSchedule


@register
class LinearWarmup(Schedule):
    r"""A line up to the learning rate, and then the rate itself or any schedule.

    $$ \eta_t = \begin{cases}
       \eta_0 + (s_0 - \eta_0) \, t / W & t < W \\
       s_{t - W} & t \ge W \end{cases} $$

    The schedule $s$ starts to count when the warm-up is over.

    Args:
        learning_rate: $s$, a number ≥ 0, or a schedule of this module or of Keras.
        warmup_steps: $W$, the length of the warm-up in steps, ≥ 1.
        initial_learning_rate: $\eta_0$, the rate of step 0, ≥ 0. Defaults to 0: the
            first step then moves nothing.

    Raises:
        TypeError: If `learning_rate` is neither number nor schedule, another
            argument not a number, or `warmup_steps` not a whole one.
        ValueError: If an argument is out of its range.

    Example:
        >>> from aebook.schedules import StepDecay
        >>> schedule = LinearWarmup(StepDecay(1.0, 10), warmup_steps=4)
        >>> schedule(0), schedule(1), schedule(4), schedule(14)
        (0.0, 0.25, 1.0, 0.1)
        >>> LinearWarmup(0.5, warmup_steps=4)(1000)
        0.5

    References:
        Goyal et al., "Accurate, Large Minibatch SGD", 2017; PyTorch `LinearLR`.
    """

    def __init__(
        self,
        learning_rate: float | Any,
        warmup_steps: int,
        initial_learning_rate: float = 0.0,
    ) -> None:
        self.learning_rate = learning_rate
        if not isinstance(learning_rate, KerasSchedule):
            self.learning_rate = check_between(learning_rate, "learning_rate", low=0)
        self.warmup_steps = check_count(warmup_steps, "warmup_steps")
        self.initial_learning_rate = check_between(
            initial_learning_rate, "initial_learning_rate", low=0
        )

    def rate(self, t: Any, ops: Any) -> Any:
        """Return the learning rate at step `t`, as `Schedule.rate`."""
        start, W = self.initial_learning_rate, self.warmup_steps
        after = _rate_of(self.learning_rate, ops.maximum(t - W, 0), ops)
        first = _rate_of(self.learning_rate, 0 * t, ops)
        return ops.where(t < W, start + (first - start) * t / W, after)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor, a schedule as its config."""
        config = super().get_config()
        if isinstance(self.learning_rate, KerasSchedule):
            serialize = keras.saving.serialize_keras_object
            config["learning_rate"] = serialize(self.learning_rate)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LinearWarmup:
        """Build a schedule from `get_config`."""
        config = dict(config)
        if isinstance(config["learning_rate"], dict):
            deserialize = keras.saving.deserialize_keras_object
            config["learning_rate"] = deserialize(config["learning_rate"])
        return cls(**config)


@register
class WarmupStableDecay(Schedule):
    r"""A line up, a long plateau, and a short fall at the end.

    $$ \eta_t = \begin{cases}
       \eta_0 + (\eta_{\max} - \eta_0) \, t / W & t < W \\
       \eta_{\max} & W \le t < W + S \\
       \eta_{\max} \left( \alpha + (1 - \alpha) \, h(p) \right) & t \ge W + S
       \end{cases} \qquad
       p = \min\left( \frac{t - W - S}{T}, 1 \right) $$

    Also called a trapezoid. Unlike a cosine it need not know the length of training:
    the plateau goes on until someone decides to end it. The fall $h$ is $1 - p$,
    half a cosine, or $1 - \sqrt p$.

    Args:
        max_learning_rate: $\eta_{\max}$, ≥ 0.
        warmup_steps: $W$, ≥ 1.
        stable_steps: $S$, ≥ 0.
        decay_steps: $T$, ≥ 1.
        initial_learning_rate: $\eta_0$, the rate of step 0, ≥ 0. Defaults to 0.
        alpha: Lowest rate as a fraction of the highest, in [0, 1]. Defaults to 0.
        shape: $h$: `"linear"`, `"cosine"` or `"sqrt"`. Defaults to `"linear"`.

    Raises:
        TypeError: If an argument is not a number, or a number of steps not whole.
        ValueError: If an argument is out of its range, or `shape` is unknown.

    Example:
        >>> schedule = WarmupStableDecay(1.0, 10, stable_steps=70, decay_steps=20)
        >>> schedule(0), schedule(5), schedule(50), schedule(90), schedule(100)
        (0.0, 0.5, 1.0, 0.5, 0.0)

    References:
        Hu et al., "MiniCPM", 2024; Hägele et al., "Scaling Laws and Compute-Optimal
        Training Beyond Fixed Training Durations", 2024, for $1 - \sqrt p$.
    """

    def __init__(
        self,
        max_learning_rate: float,
        warmup_steps: int,
        stable_steps: int,
        decay_steps: int,
        initial_learning_rate: float = 0.0,
        alpha: float = 0.0,
        shape: str = "linear",
    ) -> None:
        self.max_learning_rate = check_between(
            max_learning_rate, "max_learning_rate", low=0
        )
        self.warmup_steps = check_count(warmup_steps, "warmup_steps")
        self.stable_steps = check_count(stable_steps, "stable_steps", minimum=0)
        self.decay_steps = check_count(decay_steps, "decay_steps")
        self.initial_learning_rate = check_between(
            initial_learning_rate, "initial_learning_rate", low=0
        )
        self.alpha = check_between(alpha, "alpha", 0, 1)
        self.shape = check_choice(shape, FALLS, "shape")

    def rate(self, t: Any, ops: Any) -> Any:
        """Return the learning rate at step `t`, as `Schedule.rate`."""
        start, highest = self.initial_learning_rate, self.max_learning_rate
        W, S, T = self.warmup_steps, self.stable_steps, self.decay_steps
        rise = start + (highest - start) * t / W
        p = ops.clip((t - W - S) / T, 0, 1)
        fall = self.alpha + (1 - self.alpha) * FALLS[self.shape](p, ops)
        return ops.where(t < W, rise, highest * fall)


def _rate_of(schedule: Any, t: Any, ops: Any) -> Any:
    """Return the rate of a number or a schedule, in the kind of `t`."""
    if not isinstance(schedule, KerasSchedule):
        return schedule + 0 * t
    if isinstance(schedule, Schedule):
        return schedule.rate(t, ops)
    if ops is not np:
        return schedule(t)
    # Keras' own take one step and return a tensor.
    return np.vectorize(lambda step: float(schedule(step)), otypes=[float])(t)
