"""Checks that input, reconstruction and target have one shape."""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["check_size", "check_target"]


def check_size(model: Any, x: Any, name: str) -> None:
    """Raise if `x` comes back in another size than its own.

    Networks without a fixed size round some sizes up to a multiple of their strides.
    """
    if None not in model.encoder.input_shape[1:]:
        return
    size = tuple(x.shape[1:])
    (_, *back) = model.compute_output_spec(keras.KerasTensor((None, *size))).shape
    if tuple(back) != size:
        raise ValueError(
            f"{name} must come back in its own size, got {size}, which comes back as "
            f"{tuple(back)}; pad or crop it to a multiple of the strides"
        )


def check_target(y: Any, y_pred: Any) -> None:
    """Raise while a step is traced, where a target would be broadcast instead."""
    if getattr(y.shape, "rank", 0) is None:  # TensorFlow knows nothing of it yet
        return
    pairs = zip(y.shape, y_pred.shape, strict=False)
    if len(y.shape) != len(y_pred.shape) or any(
        None not in pair and pair[0] != pair[1] for pair in pairs
    ):
        raise ValueError(
            "the target must have the shape of the reconstruction, "
            f"{tuple(y_pred.shape)}, got {tuple(y.shape)}; an autoencoder's target is "
            "its input: of pairs (image, label), give the images alone"
        )
