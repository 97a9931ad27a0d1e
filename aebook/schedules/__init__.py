r"""Learning rates that change with the step, and how to find a good one.

Each schedule goes into any Keras optimizer as its `learning_rate`, and is a function
of the step besides, `schedule(10)`. Steps count from 0.

Where Keras has a schedule that is right, it is Keras' class, of $\eta_0$, the
`initial_learning_rate`, and $T$, the `decay_steps`:

- `ExponentialDecay`: $\eta_t = \eta_0 \, \gamma^{t / T}$, $\gamma$ the `decay_rate`;
- `InverseTimeDecay`: $\eta_t = \eta_0 / (1 + \gamma \, t / T)$, the rate of Robbins and
  Monro, 1951, whose sum grows without limit while that of its squares does not;
- `PolynomialDecay`:
  $\eta_t = \eta_T + (\eta_0 - \eta_T) (1 - \min(t, T) / T)^k$ with $\eta_T$ the
  `end_learning_rate` and $k$ the `power`, by default a line;
- `CosineDecay`: $\eta_t = \eta_0 (\alpha + (1 - \alpha) (1 + \cos(\pi t / T)) / 2)$,
  and $\alpha \eta_0$ after $T$; with `warmup_target` and `warmup_steps` a line leads
  up to the target first, and $T$ begins where it ends (optax counts it in $T$).

Their rates are tensors in float32: `float(schedule(10))` is a number. Those made here,
subclasses of `Schedule`, are what Keras lacks, or has wrong (`CosineRestarts`); they
give a float for a number, and an array for an array of steps.

`ReduceLROnPlateau` is Keras' own callback, which waits for the loss instead of the
step; it goes into the `callbacks` of `fit`.

This room imports `aebook.checks` and `aebook.training`.
"""

from aebook.schedules.base import Schedule
from aebook.schedules.cosine_restarts import CosineRestarts
from aebook.schedules.one_cycle import OneCycle
from aebook.schedules.rate_finder import RangeTest, find_learning_rate
from aebook.schedules.step_decay import StepDecay
from aebook.schedules.warmup import LinearWarmup, WarmupStableDecay
from keras.callbacks import ReduceLROnPlateau
from keras.optimizers.schedules import (
    CosineDecay,
    ExponentialDecay,
    InverseTimeDecay,
    PolynomialDecay,
)

__all__ = [
    "CosineDecay",
    "CosineRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LinearWarmup",
    "OneCycle",
    "PolynomialDecay",
    "RangeTest",
    "ReduceLROnPlateau",
    "Schedule",
    "StepDecay",
    "WarmupStableDecay",
    "find_learning_rate",
]
