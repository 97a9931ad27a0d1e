"""The dense architecture: fully connected layers, narrowing, then widening."""

from __future__ import annotations

from collections.abc import Sequence
import math

from aebook.checks import check_count
from aebook.models.architectures.parts import (
    as_shape,
    as_widths,
    check_activations,
    code_width,
)
import keras
from keras import layers

__all__ = ["dense"]


def dense(
    input_shape: int | Sequence[int],
    latent_dim: int,
    hidden: Sequence[int] = (128,),
    *,
    activation: str = "relu",
    code_activation: str = "linear",
    output_activation: str = "sigmoid",
    gaussian: bool = False,
) -> tuple[keras.Model, keras.Model]:
    r"""Build an encoder and a decoder that mirror each other.

    $$ z = f(x), \qquad \hat x = g(z) $$

    With `hidden=(128,)` and 784 inputs the widths are 784-128-32 and 32-128-784.
    Weights are drawn here: call `keras.utils.set_random_seed` before, not after.

    Args:
        input_shape: Shape of one sample: 784, or `(28, 28)` to take images as they
            are. More than one axis is flattened on the way in and restored on the
            way out.
        latent_dim: Numbers in the code.
        hidden: Widths of the encoder's hidden layers; the decoder has them in
            reverse. Empty for a single layer each.
        activation: Activation of the hidden layers. Defaults to `"relu"`.
        code_activation: Activation of the code. Defaults to `"linear"`.
        output_activation: Activation of the reconstruction. Defaults to `"sigmoid"`,
            for data in [0, 1].
        gaussian: Whether the encoder puts out `latent_dim` means and then as many
            log-variances, for a variational autoencoder. Defaults to `False`.

    Returns:
        The encoder, `(batch, *input_shape)` to `(batch, latent_dim)`, and the
        decoder, the other way. With `gaussian=True` the encoder puts out
        `(batch, 2 * latent_dim)`; the decoder is the same.

    Raises:
        TypeError: If a size is not a whole number.
        ValueError: If a size is below 1, an activation is unknown, or a Gaussian's
            code is not linear.

    Example:
        >>> encoder, decoder = dense(784, latent_dim=32, hidden=(128,))
        >>> encoder.output_shape, decoder.output_shape
        ((None, 32), (None, 784))
        >>> dense(784, latent_dim=32, gaussian=True)[0].output_shape
        (None, 64)
    """
    shape = as_shape(input_shape)
    widths = as_widths(hidden, "hidden")
    check_activations(activation, code_activation, output_activation)
    latent_dim = check_count(latent_dim, "latent_dim")
    code = code_width(latent_dim, gaussian, code_activation)

    encoder = keras.Sequential(name="encoder")
    encoder.add(keras.Input(shape, name="x"))
    if len(shape) > 1:
        # With channels first it would change the order, and Reshape not change it back.
        encoder.add(layers.Flatten(data_format="channels_last"))
    for width in widths:
        encoder.add(layers.Dense(width, activation=activation))
    encoder.add(layers.Dense(code, activation=code_activation, name="code"))

    decoder = keras.Sequential(name="decoder")
    decoder.add(keras.Input((latent_dim,), name="z"))
    for width in reversed(widths):
        decoder.add(layers.Dense(width, activation=activation))
    decoder.add(
        layers.Dense(
            math.prod(shape), activation=output_activation, name="reconstruction"
        )
    )
    if len(shape) > 1:
        decoder.add(layers.Reshape(shape))
    return encoder, decoder
