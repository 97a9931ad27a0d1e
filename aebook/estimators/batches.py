"""A network's outputs for many rows, the same for a row whatever comes with it."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

__all__ = ["in_batches"]

ROWS = 256


def in_batches(part: Callable, x: np.ndarray) -> np.ndarray:
    """Return what a network makes of `x`, by batches of one shape.

    Keras' `predict` compiles anew for each network, which takes longer than a few
    dense layers. All batches have one shape, the last filled up with zeros: with
    other shapes, matrix products add up in another order, and a row's result would
    depend in its last digits on how many rows come along.

    Args:
        part: A network, or a function of a batch and with a tensor as result.
        x: Rows, float32, shape `(n_samples, ...)`.

    Returns:
        Outputs, float32, shape `(n_samples, ...)`.

    Example:
        >>> layer = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
        >>> in_batches(layer, np.ones((300, 2), "float32")).shape
        (300, 3)
    """
    filled = np.zeros((-(-len(x) // ROWS) * ROWS, *x.shape[1:]), np.float32)
    filled[: len(x)] = x
    batches = filled.reshape(-1, ROWS, *x.shape[1:])
    y = [keras.ops.convert_to_numpy(part(batch)) for batch in batches]
    return np.concatenate(y)[: len(x)]
