"""A loss that is no longer finite ends a run, with the step at which it happened."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

__all__ = ["FiniteLoss", "NonFiniteLossError"]


class NonFiniteLossError(ArithmeticError):
    """The loss became NaN or infinite; the message says where, and what to try.

    Args:
        logs: Every metric after that step, by its name.
        epoch: Epoch in which it happened, counted from 1 as the progress bar does.
        step: Step of that epoch whose loss was the first not to be finite, from 1.
        rate: Learning rate at the time.
        where: A sentence on where good weights are.

    Attributes:
        epoch: As given.
        step: As given.
        terms: Names of the metrics that were not finite.

    Example:
        >>> logs = {"kl": float("nan"), "reconstruction": 0.1}
        >>> NonFiniteLossError(logs, epoch=2, step=7, rate=1.0, where="").terms
        ('kl',)
    """

    def __init__(
        self, logs: dict[str, Any], epoch: int, step: int, rate: Any, where: str
    ) -> None:
        to_numpy = keras.ops.convert_to_numpy
        values = {name: float(np.mean(to_numpy(v))) for name, v in logs.items()}
        bad = {name: v for name, v in values.items() if not np.isfinite(v)}
        self.epoch, self.step, self.terms = epoch, step, tuple(bad)
        named = ", ".join(f"{name} is {value}" for name, value in bad.items())
        super().__init__(
            f"the loss must stay finite, but at step {step} of epoch {epoch} {named}; "
            f"lower the learning rate ({rate:.3g} now), clip the gradients "
            f"(clipnorm=1.0 in the optimizer), or look at the data. {where}"
        )


class FiniteLoss(keras.callbacks.Callback):
    """Raise `NonFiniteLossError` after the first step whose loss is not finite.

    For Keras' own loop; the compiled one watches its loss itself.

    Args:
        where: What the message says about good weights.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> watch = FiniteLoss("Start again from saved weights.")
        >>> watch.set_model(model)
        >>> watch.on_epoch_begin(2)
        >>> watch.on_train_batch_end(6, {"loss": float("nan")})
        Traceback (most recent call last):
        ...
        aebook.training.nonfinite.NonFiniteLossError: the loss must stay finite, but at
        step 7 of epoch 3 loss is nan; lower the learning rate (0.01 now), clip the
        gradients (clipnorm=1.0 in the optimizer), or look at the data. Start again
        from saved weights.
    """

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where, self.epoch = where, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the loss of the step."""
        loss = keras.ops.convert_to_numpy((logs or {}).get("loss", 0.0))
        if not np.isfinite(loss).all():
            model = self.model  # in JAX, asking for it puts the state back into it
            rate = float(model.optimizer.learning_rate)
            raise NonFiniteLossError(logs, self.epoch + 1, batch + 1, rate, self.where)
