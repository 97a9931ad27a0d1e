"""Evaluation at the average: for a while, or around each validation of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aebook.schedule_free.points import (
    at_average,
    optimizer_of,
    restore,
    to_average,
    to_training,
    y_of,
)
import keras

__all__ = ["ScheduleFreeEvaluation", "evaluation_weights"]


@contextmanager
def evaluation_weights(model: keras.Model) -> Iterator[keras.Model]:
    r"""Put the average into a model for a while.

    $$ x = \frac{y - (1 - \beta_1)\, z}{\beta_1} $$

    For Keras' own class on TensorFlow and PyTorch $x = y$, see `aebook.schedule_free`.

    Args:
        model: Compiled with a Schedule-Free optimizer, Keras' own or that of here.

    Returns:
        A context with the model at $x$: evaluate, predict or save it there. It ends
        with the model at $y$ again, also after an error.

    Raises:
        ValueError: If the optimizer is another.

    Example:
        >>> from aebook.schedule_free import ScheduleFreeAdamW
        >>> import numpy as np
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile(ScheduleFreeAdamW(0.1), "mse")
        >>> x, y = np.ones((64, 2)), np.ones((64, 1))
        >>> history = model.fit(x, y, epochs=5, verbose=0)
        >>> with evaluation_weights(model):
        ...     loss = model.evaluate(x, y, verbose=0)
    """
    optimizer = optimizer_of(model)
    if at_average(optimizer):  # the callback has put it in
        yield model
        return
    to_average(optimizer)
    try:
        yield model
    finally:
        to_training(optimizer)


class ScheduleFreeEvaluation(keras.callbacks.Callback):
    """Let `fit` train at `y`, and show everyone else the average `x`.

    Validation, the callbacks after this one (put it first) and the trained model have
    `x`. If `fit` is called again with this callback, it goes on from `y`; so does a run
    of `aebook.training.fit` with a `checkpoint`, also in another process.

    A model saved at `x` does not say so, and has lost `y`. Load it to use it. To train
    it on, save it at `y`, or let `checkpoint` keep the run.

    Example:
        >>> from aebook.schedule_free import ScheduleFreeAdamW
        >>> import numpy as np
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile(ScheduleFreeAdamW(0.1), "mse")
        >>> x, y = np.ones((64, 2)), np.ones((64, 1))
        >>> history = model.fit(x, y, callbacks=[ScheduleFreeEvaluation()], verbose=0)
    """

    def on_train_begin(self, logs: Any = None) -> None:
        """Say at once if the optimizer is none to average; begin at the weights."""
        optimizer = optimizer_of(self.model)
        if self.model.built and not optimizer.built:
            # Keras' class loses its first z where TensorFlow traces the first step.
            self.model.optimizer.build(self.model.trainable_variables)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Go to `y`, where the batches train."""
        to_training(optimizer_of(self.model))

    def on_test_begin(self, logs: Any = None) -> None:
        """Go to `x`, before the validation of an epoch."""
        to_average(optimizer_of(self.model))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Go to `x`, before other callbacks look."""
        to_average(optimizer_of(self.model))

    def get_state(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep beside the weights and the optimizer.

        Returns:
            `{"y": arrays}`, where training goes on if the weights are at `x`;
            `{"y": None}` if they are at `y`.

        Example:
            >>> from aebook.schedule_free import ScheduleFreeAdamW
            >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
            >>> model.compile(ScheduleFreeAdamW(0.1), "mse")
            >>> callback = ScheduleFreeEvaluation()
            >>> callback.set_model(model)
            >>> callback.get_state()
            {'y': None}
        """
        return {"y": y_of(optimizer_of(self.model))}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from a state, once the weights and the optimizer are what they were.

        Args:
            state: What `get_state` returned, maybe by way of a file.

        Raises:
            ValueError: If it belongs to another model.

        Example:
            >>> from aebook.schedule_free import ScheduleFreeAdamW
            >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
            >>> model.compile(ScheduleFreeAdamW(0.1), "mse")
            >>> callback = ScheduleFreeEvaluation()
            >>> callback.set_model(model)
            >>> callback.set_state({"y": None})
        """
        restore(optimizer_of(self.model), state["y"])
