"""Optimizers: each rule a pair of short functions, in NumPy alone.

A rule is a module with `init(w)`, which makes the state, and `update(g, state, w)`,
which returns the step to be added to `w`, and the next state. Neither changes its
arguments. Names and defaults of the hyper-parameters are those of Keras.

    >>> import numpy as np
    >>> from aebook.optim import adam
    >>> w = np.array([1.0, -1.0])
    >>> step, state = adam.update(2 * w, adam.init(w), w, learning_rate=0.1)
    >>> (w + step).round(3)
    array([ 0.9, -0.9])
"""

from aebook.optim.lbfgs import lbfgs
from aebook.optim.minimize import minimize
from aebook.optim.printing import source
from aebook.optim.rules import (
    RULES,
    adadelta,
    adagrad,
    adam,
    adamax,
    adamw,
    amsgrad,
    heavy_ball,
    lion,
    memory,
    muon,
    nadam,
    nesterov,
    rmsprop,
    schedule_free_adamw,
    sgd,
)
from aebook.optim.trajectory import Trajectory

__all__ = [
    "RULES",
    "Trajectory",
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "amsgrad",
    "heavy_ball",
    "lbfgs",
    "lion",
    "memory",
    "minimize",
    "muon",
    "nadam",
    "nesterov",
    "rmsprop",
    "schedule_free_adamw",
    "sgd",
    "source",
]
