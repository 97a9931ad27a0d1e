"""What all schedules share: one formula for numbers, arrays and tensors."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

__all__ = ["Schedule"]

register = keras.saving.register_keras_serializable(package="aebook")

# Ways from 1 down to 0 while p goes from 0 to 1.
FALLS = {
    "linear": lambda p, ops: 1 - p,
    "cosine": lambda p, ops: (1 + ops.cos(math.pi * p)) / 2,
    "sqrt": lambda p, ops: 1 - ops.sqrt(p),
}


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    r"""A learning rate that depends on the step, $\eta_t$ for $t = 0, 1, 2, \dots$.

    A subclass has two methods: `__init__`, which stores each argument under its own
    name and nothing else, and `rate`, the formula. The rest comes from here: use in
    any Keras optimizer, saving, comparison with `==`, and calls with plain numbers.

    `schedule(step)` counts from 0: step 0 is the first update. A Python number gives
    a Python float and an array gives an array, both in float64; a tensor of the
    backend gives a tensor in float32.

    Example:
        >>> import keras, numpy as np
        >>> @keras.saving.register_keras_serializable(package="example")
        ... class Halving(Schedule):
        ...     def __init__(self, initial_learning_rate):
        ...         self.initial_learning_rate = initial_learning_rate
        ...
        ...     def rate(self, t, ops):
        ...         return self.initial_learning_rate * 0.5**t
        >>> Halving(0.4)(1)
        0.2
        >>> Halving(0.4)(np.arange(3))
        array([0.4, 0.2, 0.1])
        >>> optimizer = keras.optimizers.SGD(Halving(0.4))
    """

    def rate(self, t: Any, ops: Any) -> Any:
        """Return the learning rate at step `t`.

        Args:
            t: Step or steps ≥ 0, a float, a float64 array or a floating tensor.
            ops: Where functions such as `cos` come from: `numpy` or `keras.ops`.

        Returns:
            The rate, shape of `t`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define rate(t, ops)")

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at this step, or at each of these steps.

        Args:
            step: How many updates were made before, ≥ 0: a number, an array or a
                tensor.

        Returns:
            A float, an array or a tensor, like `step`.

        Raises:
            TypeError: If `step` holds no numbers.
            ValueError: If `step` is negative or not finite (tensors are not checked).
        """
        if keras.ops.is_tensor(step) or isinstance(step, keras.Variable):
            # Half precision would stop counting at 2048.
            dtype = keras.backend.result_type(keras.config.floatx(), "float32")
            return self.rate(keras.ops.cast(step, dtype), keras.ops)
        steps = _checked(step)
        rate = self.rate(steps, np)
        return float(rate) if steps.ndim == 0 else rate

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return dict(vars(self))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({arguments})"


def _checked(step: Any) -> np.ndarray:
    steps = np.asarray(step)
    if steps.dtype.kind not in "iuf":
        raise TypeError(f"step must be a number or an array of numbers, got {step!r}")
    if not (np.isfinite(steps) & (steps >= 0)).all():
        raise ValueError(f"step must be ≥ 0 and finite, got {step}; the first one is 0")
    return steps.astype(float)
