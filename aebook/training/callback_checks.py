"""Checks of callbacks, before the first step of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

__all__ = ["check_rate_setters"]

SETTERS = (
    keras.callbacks.ReduceLROnPlateau,
    keras.callbacks.LearningRateScheduler,
)


def check_rate_setters(model: keras.Model, callbacks: Sequence) -> None:
    """Raise if a callback would fail in the middle of a run.

    Args:
        model: The model to train.
        callbacks: Keras callbacks.

    Raises:
        TypeError: If something among them is no callback.
        ValueError: If one sets the learning rate, and the optimizer's is a schedule.

    Example:
        >>> check_rate_setters(keras.Sequential(), [keras.callbacks.History()])
    """
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(
                f"callbacks must be Keras callbacks, got {type(callback).__name__}"
                + "; make an object of it" * isinstance(callback, type)
            )
        if isinstance(callback, SETTERS) and _is_scheduled(model):
            raise ValueError(
                f"{type(callback).__name__} sets the learning rate, but the "
                "optimizer's is a schedule, which cannot be set; use one of the two"
            )


def _is_scheduled(model: keras.Model) -> bool:
    optimizer: Any = getattr(model, "optimizer", None)
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # of scaled losses
    config = {} if optimizer is None else optimizer.get_config()
    return not isinstance(config.get("learning_rate", 0.0), float)
