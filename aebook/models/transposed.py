"""A transposed layer: the half of a tied autoencoder that has no weights."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

__all__ = ["Transposed"]


class Transposed(layers.Layer):
    r"""A dense or convolutional layer read backwards, with a bias of its own.

    $$ y = a\bigl(W^\top x + c\bigr) $$

    Args:
        layer: The layer whose kernel $W$ is shared; `keras.layers.Dense` or `Conv2D`.
        activation: The $a$, a name that Keras knows.
        **kwargs: Further arguments of `keras.layers.Layer`, such as `name`.

    Example:
        >>> forward = layers.Dense(3)
        >>> forward.build((None, 5))
        >>> Transposed(forward, "relu")(ops.ones((2, 3))).shape
        TensorShape([2, 5])
    """

    def __init__(
        self, layer: layers.Layer, activation: str = "linear", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.layer = layer
        self.activation = keras.activations.get(activation)
        shape = (layer.kernel.shape[-2],)
        self.bias = self.add_weight(name="bias", shape=shape, initializer="zeros")
        self.built = True

    def call(self, x: Any) -> Any:
        """Return `x` taken back to the space the layer came from."""
        layer = self.layer
        if isinstance(layer, layers.Dense):
            return self.activation(
                ops.matmul(x, ops.transpose(layer.kernel)) + self.bias
            )
        y = ops.conv_transpose(
            x, layer.kernel, layer.strides, layer.padding, data_format=layer.data_format
        )
        first = layer.data_format == "channels_first"
        rows, columns = (2, 3) if first else (1, 2)
        sizes = layer.input.shape
        # A stride rounds sizes up; where it did, the padding began a pixel sooner.
        top, left = (y.shape[axis] - sizes[axis] for axis in (rows, columns))
        y = y[:, :, top:, left:] if first else y[:, top:, left:]
        bias = ops.reshape(self.bias, (-1, 1, 1)) if first else self.bias
        return self.activation(y + bias)
