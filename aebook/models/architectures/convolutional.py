"""The convolutional architecture: maps that shrink by half, then grow by two."""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any

from aebook.checks import check_count
from aebook.models.architectures.parts import (
    as_shape,
    as_widths,
    check_activations,
    code_width,
)
import keras
from keras import layers

__all__ = ["convolutional"]

# Said by each layer: the reader's Keras may be set to the other order.
LAST: dict[str, Any] = {"data_format": "channels_last"}


def convolutional(
    input_shape: Sequence[int],
    latent_dim: int,
    filters: Sequence[int] = (16, 32),
    *,
    kernel_size: int = 3,
    activation: str = "relu",
    code_activation: str = "linear",
    output_activation: str = "sigmoid",
    flat: bool = True,
    gaussian: bool = False,
) -> tuple[keras.Model, keras.Model]:
    r"""Build a convolutional encoder and decoder that mirror each other.

    Each layer of the encoder halves height and width, rounded up; each of the decoder
    doubles them and cuts off the row and column that rounding had added:

    $$ h_{l+1} = \lceil h_l / 2 \rceil, \qquad 28 \to 14 \to 7 \to 14 \to 28 $$

    Weights are drawn here: call `keras.utils.set_random_seed` before, not after.

    Args:
        input_shape: Shape of one image, `(height, width)` or
            `(height, width, channels)`, any size from `2**len(filters)` on. Images
            without an axis of channels come back without one.
        latent_dim: Numbers in the code; with `flat=False`, in each place of it.
        filters: Channels after each layer of the encoder; the decoder has them in
            reverse. Defaults to `(16, 32)`.
        kernel_size: Height and width of the kernels. Defaults to 3.
        activation: Activation of the hidden layers. Defaults to `"relu"`.
        code_activation: Activation of the code. Defaults to `"linear"`.
        output_activation: Activation of the reconstruction. Defaults to `"sigmoid"`,
            for data in [0, 1].
        flat: Whether a dense layer makes one vector of the maps. With `False` the
            code is a map `(h', w', latent_dim)`, as vector quantisation wants it.
            Defaults to `True`.
        gaussian: Whether the encoder puts out `latent_dim` means and then as many
            log-variances on its last axis. Defaults to `False`.

    Returns:
        The encoder, `(batch, *input_shape)` to `(batch, latent_dim)` or
        `(batch, h', w', latent_dim)`, and the decoder, the other way. With
        `gaussian=True` the last axis of what the encoder puts out is twice as long.

    Raises:
        TypeError: If a size is not a whole number.
        ValueError: If a size is below 1, the image is too small for so many layers,
            there is no layer, an activation is unknown, or a Gaussian's code is not
            linear.

    Example:
        >>> encoder, decoder = convolutional((28, 28), latent_dim=32)
        >>> encoder.output_shape, decoder.output_shape
        ((None, 32), (None, 28, 28))
        >>> convolutional((32, 31, 3), latent_dim=8, flat=False)[0].output_shape
        (None, 8, 8, 8)
    """
    shape = as_shape(input_shape, axes=(2, 3))
    depths = as_widths(filters, "filters", minimum=1)
    kernel_size = check_count(kernel_size, "kernel_size")
    check_activations(activation, code_activation, output_activation)
    latent_dim = check_count(latent_dim, "latent_dim")
    code = code_width(latent_dim, gaussian, code_activation)
    sizes = _sizes(shape, len(depths))  # of the maps, from the image to the smallest
    channels = shape[2] if len(shape) == 3 else 1
    small = (*sizes[-1], depths[-1])

    encoder = keras.Sequential(name="encoder")
    encoder.add(keras.Input(shape, name="x"))
    if len(shape) == 2:
        encoder.add(layers.Reshape((*shape, 1)))
    for depth in depths:
        encoder.add(
            layers.Conv2D(
                depth, kernel_size, 2, padding="same", activation=activation, **LAST
            )
        )
    if flat:
        encoder.add(layers.Flatten(**LAST))
        encoder.add(layers.Dense(code, activation=code_activation, name="code"))
    else:
        encoder.add(
            layers.Conv2D(code, 1, activation=code_activation, name="code", **LAST)
        )

    decoder = keras.Sequential(name="decoder")
    decoder.add(
        keras.Input((latent_dim,) if flat else (*sizes[-1], latent_dim), name="z")
    )
    if flat:
        decoder.add(layers.Dense(math.prod(small), activation=activation))
        decoder.add(layers.Reshape(small))
    for depth, below, size in zip(
        depths[::-1], sizes[:0:-1], sizes[-2::-1], strict=True
    ):
        decoder.add(
            layers.Conv2DTranspose(
                depth, kernel_size, 2, padding="same", activation=activation, **LAST
            )
        )
        surplus = tuple((0, 2 * n - m) for n, m in zip(below, size, strict=True))
        if surplus != ((0, 0), (0, 0)):
            decoder.add(layers.Cropping2D(surplus, **LAST))
    decoder.add(
        layers.Conv2D(
            channels,
            kernel_size,
            padding="same",
            activation=output_activation,
            name="reconstruction",
            **LAST,
        )
    )
    if len(shape) == 2:
        decoder.add(layers.Reshape(shape))
    return encoder, decoder


def _sizes(shape: tuple, n_layers: int) -> list[tuple[int, int]]:
    """Return height and width of the image, and after each halving."""
    if min(shape[:2]) < 2**n_layers:
        raise ValueError(
            f"{n_layers} layers halve an image {n_layers} times, so each side needs at "
            f"least {2**n_layers} pixels, got {shape[0]}x{shape[1]}; use fewer filters"
        )
    return [
        (-(-shape[0] // 2**level), -(-shape[1] // 2**level))
        for level in range(n_layers + 1)
    ]
