"""A layer that trades positions of an image for channels, and back."""

from __future__ import annotations

from typing import Any

from keras import layers, ops

__all__ = ["Blocks"]


class Blocks(layers.Layer):
    """Joins each square of `side` × `side` positions to one, or parts it again.

    `(rows, columns, channels)` becomes
    `(rows / side, columns / side, side² · channels)`; with `part=True` the reverse.
    """

    def __init__(self, side: int, part: bool = False) -> None:
        super().__init__()
        self.side, self.part = side, part

    def call(self, x: Any) -> Any:
        """Return the same numbers in the other layout."""
        n, rows, columns, _ = ops.shape(x)
        c, s = x.shape[-1], self.side
        if self.part:
            x = ops.reshape(x, (n, rows, columns, s, s, c // s**2))
            x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
            return ops.reshape(x, (n, rows * s, columns * s, c // s**2))
        x = ops.reshape(x, (n, rows // s, s, columns // s, s, c))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (n, rows // s, columns // s, s * s * c))

    def compute_output_shape(self, shape: tuple) -> tuple:
        """Return the shape of the other layout."""
        return (*shape[:1], None, None, self._channels(shape[-1]))

    def _channels(self, c: int) -> int:
        return c // self.side**2 if self.part else c * self.side**2
