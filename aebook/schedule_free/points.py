"""The two points of a Schedule-Free run: `y`, to train at, and `x`, to judge and use.

An optimizer has its model at one of them. Both are remembered while it is at `x`, so
that the way back is exact.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from aebook.keras_internals import averages_of
from aebook.schedule_free.optimizer import ScheduleFreeAdamW
import keras
from keras import ops
import numpy as np

__all__ = ["at_average", "optimizer_of", "restore", "to_average", "to_training", "y_of"]

KERAS_CLASS: Any = getattr(keras.optimizers, "ScheduleFreeAdamW", None)  # since 3.14


class _Points(NamedTuple):
    """Both points of an optimizer whose model is at `x`, and its steps so far."""

    x: list[np.ndarray]
    y: list[np.ndarray]
    steps: int


_POINTS: WeakKeyDictionary[Any, _Points] = WeakKeyDictionary()


def optimizer_of(model: keras.Model) -> Any:
    """Return the Schedule-Free optimizer of a model, or say that it has none."""
    optimizer = getattr(model, "optimizer", None)
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # of scaled losses
    if not isinstance(optimizer, tuple(filter(None, (ScheduleFreeAdamW, KERAS_CLASS)))):
        raise ValueError(
            f"the optimizer must be ScheduleFreeAdamW, got {type(optimizer).__name__}; "
            "others leave the weights where they are to be evaluated"
        )
    return optimizer


def at_average(optimizer: Any) -> bool:
    """Tell whether the model is at `x`: put there, and not trained since."""
    points = _POINTS.get(optimizer)
    if points is not None and points.steps != _steps(optimizer):
        del _POINTS[optimizer]  # trained on without the callback: from x, to a new y
    return optimizer in _POINTS


def to_average(optimizer: Any) -> None:
    """Put `x` into the weights, unless it is there."""
    if at_average(optimizer) or not optimizer.built:
        return
    beta_1, (weights, momentums) = _share_of_average(optimizer), averages_of(optimizer)
    y, z = _values(weights), _values(momentums)
    pairs = zip(y, z, strict=True)
    x = [np.asarray((a - (1 - beta_1) * b) / beta_1, a.dtype) for a, b in pairs]
    _assign(weights, x)
    _POINTS[optimizer] = _Points(x, y, _steps(optimizer))


def to_training(optimizer: Any) -> None:
    """Put `y` into the weights, unless it is there."""
    y = y_of(optimizer)
    if y is not None:
        _assign(averages_of(optimizer)[0], y)
        del _POINTS[optimizer]


def y_of(optimizer: Any) -> list[np.ndarray] | None:
    """Return the `y` where training goes on, or `None` if the weights are there."""
    if not at_average(optimizer):
        return None
    x, y, _ = _POINTS[optimizer]
    now, momentums = map(_values, averages_of(optimizer))
    if all(map(np.array_equal, now, x)):
        return y
    beta_1 = _share_of_average(optimizer)  # someone put other weights in: from them
    pairs = zip(now, momentums, strict=True)
    return [np.asarray((1 - beta_1) * z + beta_1 * x, x.dtype) for x, z in pairs]


def restore(optimizer: Any, y: list[np.ndarray] | None) -> None:
    """Take the weights for `x` and remember their `y`; with `None` they are `y`."""
    _POINTS.pop(optimizer, None)
    if y is None:
        return
    x = _values(averages_of(optimizer)[0])
    if [a.shape for a in x] != [np.shape(b) for b in y]:
        raise ValueError(
            f"the state has {len(y)} arrays of shapes {[np.shape(b) for b in y]} for "
            f"{len(x)} weights of shapes {[a.shape for a in x]}; it goes on with the "
            "same model only, built and compiled"
        )
    y = [_of_dtype(b, a.dtype) for a, b in zip(x, y, strict=True)]
    _POINTS[optimizer] = _Points(x, y, _steps(optimizer))


# --- the parts


def _share_of_average(optimizer: Any) -> float:
    """Return the share of `x` in `y`: `beta_1`, or 1 where `y` is the average."""
    its_rule = getattr(type(optimizer), "update_step", None)
    if KERAS_CLASS and its_rule is KERAS_CLASS.update_step and _takes_the_new_z():
        return 1.0
    return float(optimizer.beta_1)


@cache
def _takes_the_new_z() -> bool:
    """Tell whether Keras' class averages in `y`, by two steps of it.

    It keeps `momentum.value` as the old z, then moves `momentum`. TensorFlow and
    PyTorch move it in place: the old z is the new one, and y becomes the mean of all z.
    """
    optimizer = KERAS_CLASS(1.0, beta_1=0.5, name="probe")
    y = keras.Variable(0.0, dtype="float32", name="probe")
    optimizer.build([y])
    for _ in range(2):  # z is -1, then -2; x is -1, then -1.5
        optimizer.update_step(ops.ones((), "float32"), y, 1.0)
        optimizer.iterations.assign_add(1)  # not by `apply`, which wants a replica
    return bool(_values([y])[0] > -1.625)  # -1.5, or (x + z) / 2 = -1.75


def _values(variables: list) -> list[np.ndarray]:
    tensors = map(ops.convert_to_tensor, variables)  # NumPy reads none of replicas
    return [np.array(ops.convert_to_numpy(tensor)) for tensor in tensors]


def _steps(optimizer: Any) -> int:
    return int(_values([optimizer.iterations])[0])


def _assign(variables: list, values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _of_dtype(value: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Undo what a NumPy file does to bfloat16: it keeps the bits, not the name."""
    return value.view(dtype) if value.dtype.kind == "V" else np.asarray(value, dtype)
