"""Schedule-Free in Keras: train at one point, evaluate at the average.

`keras.optimizers.ScheduleFreeAdamW` leaves the model where gradients are taken, at
$y$; the method is to be judged at the average $x$. Here is what puts $x$ in, and an
optimizer of the same settings whose average holds on every backend.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from aebook.schedule_free_optimizer import ScheduleFreeAdamW
import keras
from keras import ops
import numpy as np

__all__ = ["ScheduleFreeAdamW", "ScheduleFreeEvaluation", "evaluation_weights"]

# Which optimizers have their model at x: the values put in, and those of y kept.
_AT_AVERAGE: WeakKeyDictionary[Any, tuple[list, list]] = WeakKeyDictionary()


@contextmanager
def evaluation_weights(model: keras.Model) -> Iterator[keras.Model]:
    r"""Put the average into a model for a while.

    $$ x = \frac{y - (1 - \beta_1)\, z}{\beta_1} $$

    Args:
        model: Compiled with a Schedule-Free optimizer, Keras' own or that of here.

    Returns:
        A context with the model at $x$: evaluate, predict or save it there. It ends
        with the model at $y$ again, also after an error.

    Raises:
        ValueError: If the optimizer is another.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile(ScheduleFreeAdamW(0.1), "mse")
        >>> x, y = np.ones((64, 2)), np.ones((64, 1))
        >>> history = model.fit(x, y, epochs=5, verbose=0)
        >>> with evaluation_weights(model):
        ...     loss = model.evaluate(x, y, verbose=0)
    """
    optimizer = _schedule_free(model)
    if optimizer in _AT_AVERAGE:  # the callback has put it in
        yield model
        return
    _to_average(optimizer)
    try:
        yield model
    finally:
        _to_training(optimizer)


class ScheduleFreeEvaluation(keras.callbacks.Callback):
    """Let `fit` train at `y`, and show everyone else the average `x`.

    Validation, the callbacks after this one (put it first) and the trained model have
    $x$. If `fit` is called again with this callback, it goes on from $y$.

    A model saved with $x$ and loaded again has lost $y$; train it on from what is
    saved without this callback, or begin anew.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile(ScheduleFreeAdamW(0.1), "mse")
        >>> x, y = np.ones((64, 2)), np.ones((64, 1))
        >>> history = model.fit(x, y, callbacks=[ScheduleFreeEvaluation()], verbose=0)
    """

    def on_train_begin(self, logs: Any = None) -> None:
        """Say at once if the optimizer is none to average."""
        _schedule_free(self.model)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Go to `y`, where the batches train."""
        _to_training(_schedule_free(self.model))

    def on_test_begin(self, logs: Any = None) -> None:
        """Go to `x`, before the validation of an epoch."""
        _to_average(_schedule_free(self.model))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Go to `x`, before other callbacks look."""
        _to_average(_schedule_free(self.model))


def _schedule_free(model: keras.Model) -> Any:
    """Return the Schedule-Free optimizer of a model, or say that it has none."""
    optimizer = getattr(model, "optimizer", None)
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # of scaled losses
    known = [ScheduleFreeAdamW, getattr(keras.optimizers, "ScheduleFreeAdamW", None)]
    if not isinstance(optimizer, tuple(filter(None, known))):
        raise ValueError(
            f"the optimizer must be ScheduleFreeAdamW, got {type(optimizer).__name__}; "
            "others leave the weights where they are to be evaluated"
        )
    return optimizer


def _weights(optimizer: Any) -> list:
    return optimizer._trainable_variables if optimizer.built else []


def _values(variables: list) -> list[np.ndarray]:
    return [np.array(ops.convert_to_numpy(variable.value)) for variable in variables]


def _to_average(optimizer: Any) -> None:
    """Put `x` into the weights, unless it is there."""
    if optimizer in _AT_AVERAGE:
        return
    weights = _weights(optimizer)
    y, z = _values(weights), _values(optimizer._momentums) if weights else []
    beta_1 = optimizer.beta_1
    pairs = zip(y, z, strict=True)
    x = [np.asarray((a - (1 - beta_1) * b) / beta_1, a.dtype) for a, b in pairs]
    for variable, value in zip(weights, x, strict=True):
        variable.assign(value)
    _AT_AVERAGE[optimizer] = (x, y)


def _to_training(optimizer: Any) -> None:
    """Put `y` into the weights, unless it is there."""
    if optimizer not in _AT_AVERAGE:
        return
    x, y = _AT_AVERAGE.pop(optimizer)
    weights = _weights(optimizer)
    now = _values(weights)
    if not all(map(np.array_equal, now, x)):  # someone put other weights in: from them
        z = _values(optimizer._momentums)
        beta_1 = optimizer.beta_1
        y = [(1 - beta_1) * b + beta_1 * a for a, b in zip(now, z, strict=True)]
    for variable, value in zip(weights, y, strict=True):
        variable.assign(value)
