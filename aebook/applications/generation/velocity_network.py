"""The network of a flow: where a point between noise and code is heading."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers, ops

__all__ = ["VelocityNetwork"]

FREQUENCIES = 6  # sines and cosines of the time


class VelocityNetwork(keras.Model):
    r"""A network that says where a point between noise and code is heading.

    $$ v(x, t, y) = \frac{2t - 1}{t^2 + (1 - t)^2} \, x + f(x, t, y) $$

    The first part is the velocity between two standard normals. The network $f$ adds
    what the codes differ by, and nothing before it is trained.

    Args:
        dim: Numbers in a code.
        classes: Numbers that say the label, 0 for none.
        width: Units in a hidden layer.
        depth: How many there are.
        drop: Share of training codes whose label is hidden, in [0, 1].
    """

    def __init__(
        self, dim: int, classes: int, width: int, depth: int, drop: float
    ) -> None:
        super().__init__()
        self.dim, self.drop = dim, drop
        self.noise = keras.random.SeedGenerator()
        wide = keras.Input((dim + 2 * FREQUENCIES + classes,))
        h = layers.Dense(width, activation="silu")(wide)
        for _ in range(depth - 1):
            h = h + layers.Dense(width, activation="silu")(h)
        last = layers.Dense(dim, kernel_initializer="zeros")(h)
        self.correction = keras.Model(wide, last)
        self.built = True

    def velocity(self, x: Any, t: Any, y: Any) -> Any:
        """Return the velocity of points `(n, dim)` at times `(n, 1)`."""
        turns = ops.cast(ops.arange(1, FREQUENCIES + 1), x.dtype) * (math.pi * t)
        seen = ops.concatenate([x, ops.sin(turns), ops.cos(turns), y], axis=1)
        straight = (2 * t - 1) / (t**2 + (1 - t) ** 2)
        return straight * x + self.correction(seen)

    def call(self, z_and_y: Any, training: bool = False) -> Any:
        """Return how far the velocity is off between each code and some noise."""
        z, y = z_and_y[:, : self.dim], z_and_y[:, self.dim :]
        column = (ops.shape(z)[0], 1)
        noise = keras.random.normal(ops.shape(z), seed=self.noise)
        t = keras.random.uniform(column, seed=self.noise)
        kept = keras.random.uniform(column, seed=self.noise) >= self.drop
        y = y * ops.cast(kept, y.dtype)
        x = (1 - t) * noise + t * z
        return self.velocity(x, t, y) - (z - noise)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, *_: Any, **__: Any
    ) -> Any:
        """Return the mean squared error of the velocity, per number of the code."""
        return ops.mean(ops.square(y_pred))
