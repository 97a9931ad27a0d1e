"""Every touch of a private part of Keras, each with what holds where it is missing."""

from __future__ import annotations

from typing import Any

import keras

__all__ = [
    "check_trainable",
    "compilation_of",
    "forget_restored_epoch",
    "restored_epoch",
]


def compilation_of(model: keras.Model) -> Any:
    """Return an object that is another one after each `compile` of the model.

    Args:
        model: A compiled Keras model.

    Returns:
        An object to compare by `is`.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> before = compilation_of(model)
        >>> model.compile("sgd", "mse")
        >>> compilation_of(model) is before
        False
    """
    return getattr(model, "_compile_config", model.optimizer)


def check_trainable(model: keras.Model) -> None:
    """Raise if a layer was frozen or thawed after `compile`.

    Args:
        model: A Keras model.

    Raises:
        ValueError: If the optimizer was set up for other weights.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> check_trainable(model)
    """
    compiled = getattr(model, "_compiled_trainable_state", {})
    layers = {layer: layer.trainable for layer in model._flatten_layers()}
    changed = [
        layer.name for layer, was in compiled.items() if layers.get(layer, was) != was
    ]
    if changed:
        raise ValueError(
            f"`trainable` of {', '.join(changed)} was changed after compile(), whose "
            "optimizer still has the weights of before; call compile() again"
        )


def restored_epoch(model: keras.Model) -> int | None:
    """Return the epoch that `keras.callbacks.BackupAndRestore` says to go on with.

    Args:
        model: The model, after `on_train_begin` of its callbacks.

    Returns:
        The epoch, counted from 0, or `None` if nothing was restored.

    Example:
        >>> restored_epoch(keras.Sequential()) is None
        True
    """
    return getattr(model, "_initial_epoch", None)


def forget_restored_epoch(model: keras.Model) -> None:
    """Let a run begin where it is told to; Keras keeps what an earlier one restored.

    Args:
        model: The model, before a run.
    """
    if restored_epoch(model) is not None:
        model._initial_epoch = None
