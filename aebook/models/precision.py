"""Mixed precision: which models need their loss scaled, and how they get it."""

from __future__ import annotations

from typing import Any

from aebook.keras_internals import layers_of
import keras

__all__ = ["with_scaled_loss"]


def with_scaled_loss(optimizer: Any, model: keras.Model) -> Any:
    """Return the optimizer; for layers that compute in float16, one that scales.

    Gradients below 6e-8 become 0 in float16. `keras.optimizers.LossScaleOptimizer`
    multiplies the loss before they are taken and divides them after. Keras adds it
    where the model itself has that policy; an autoencoder does its own sums in
    float32 and has it in its parts.

    Args:
        optimizer: Name or Keras optimizer.
        model: The model it will train.

    Returns:
        The optimizer as given, or wrapped.

    Example:
        >>> with_scaled_loss("adam", keras.Sequential([keras.layers.Dense(2)]))
        'adam'
    """
    policies = {layer.dtype_policy.name for layer in layers_of(model)}
    optimizer_of_scale = keras.optimizers.LossScaleOptimizer
    if "mixed_float16" not in policies or isinstance(optimizer, optimizer_of_scale):
        return optimizer
    return optimizer_of_scale(keras.optimizers.get(optimizer))
