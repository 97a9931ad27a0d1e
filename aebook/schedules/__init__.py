"""Learning rates that change with the step, and how to find a good one.

Each schedule goes into any Keras optimizer as its `learning_rate`, and is a function
of the step besides: `schedule(10)` is a number to print, `schedule(np.arange(1000))`
a curve to draw. Steps count from 0, and after the last one the rate stays.

`ReduceLROnPlateau` is Keras' own callback, which waits for the loss instead of the
step; it goes into the `callbacks` of `fit`.
"""

from aebook.schedules.base import Schedule
from aebook.schedules.cosine import CosineDecay, CosineRestarts
from aebook.schedules.decay import (
    Constant,
    ExponentialDecay,
    InverseTimeDecay,
    PolynomialDecay,
    StepDecay,
)
from aebook.schedules.one_cycle import OneCycle
from aebook.schedules.rate_finder import RangeTest, find_learning_rate
from aebook.schedules.warmup import LinearWarmup, WarmupStableDecay
from keras.callbacks import ReduceLROnPlateau

__all__ = [
    "Constant",
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
