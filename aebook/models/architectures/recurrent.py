"""The recurrent architecture: a sequence is read step by step, and written again."""

from __future__ import annotations

from collections.abc import Sequence

from aebook.checks import check_between, check_choice, check_count
from aebook.models.architectures.parts import (
    as_shape,
    as_widths,
    check_activations,
    code_width,
)
import keras
from keras import layers

__all__ = ["recurrent"]

CELLS = {"gru": layers.GRU, "lstm": layers.LSTM}


def recurrent(
    input_shape: Sequence[int],
    latent_dim: int,
    units: Sequence[int] = (64,),
    *,
    cell: str = "gru",
    mask_value: float | None = None,
    output_activation: str = "linear",
    gaussian: bool = False,
) -> tuple[keras.Model, keras.Model]:
    r"""Build a recurrent encoder and decoder that mirror each other.

    $$ h_t = \mathrm{cell}(h_{t-1}, x_t), \qquad z = W h_T + b $$

    The decoder is given $z$ at every step and puts out one step after the other.
    Weights are drawn here: call `keras.utils.set_random_seed` before, not after.

    Args:
        input_shape: Shape of one sequence, `(steps, features)`.
        latent_dim: Numbers in the code of a whole sequence.
        units: Units of the encoder's recurrent layers; the decoder has them in
            reverse. Defaults to `(64,)`.
        cell: `"gru"` or `"lstm"`. Defaults to `"gru"`.
        mask_value: A step whose features all equal it is padding and does not change
            the code. Train with `aebook.losses.MaskedMeanSquaredError` of the same
            value, or the decoder has to reconstruct the padding. Defaults to
            `None`: every step counts.
        output_activation: Activation of the reconstruction. Defaults to `"linear"`.
        gaussian: Whether the encoder puts out `latent_dim` means and then as many
            log-variances, for a variational autoencoder. Defaults to `False`.

    Returns:
        The encoder, `(batch, steps, features)` to `(batch, latent_dim)`, and the
        decoder, the other way. With `gaussian=True` the encoder puts out
        `(batch, 2 * latent_dim)`; the decoder is the same.

    Raises:
        TypeError: If a size is not a whole number, or `mask_value` no number.
        ValueError: If a size is below 1, there is no recurrent layer, or the cell or
            the activation is unknown.

    Example:
        >>> encoder, decoder = recurrent((28, 28), latent_dim=16, units=(32,))
        >>> encoder.output_shape, decoder.output_shape
        ((None, 16), (None, 28, 28))
    """
    steps, features = as_shape(input_shape, axes=(2,))
    widths = as_widths(units, "units", minimum=1)
    layer = CELLS[check_choice(cell, CELLS, "cell")]
    check_activations(output_activation)
    latent_dim = check_count(latent_dim, "latent_dim")
    code = code_width(latent_dim, gaussian, "linear")

    encoder = keras.Sequential(name="encoder")
    encoder.add(keras.Input((steps, features), name="x"))
    if mask_value is not None:
        encoder.add(layers.Masking(check_between(mask_value, "mask_value")))
    for width in widths[:-1]:
        encoder.add(layer(width, return_sequences=True))
    encoder.add(layer(widths[-1]))  # its last state has read every step
    encoder.add(layers.Dense(code, name="code"))

    decoder = keras.Sequential(name="decoder")
    decoder.add(keras.Input((latent_dim,), name="z"))
    decoder.add(layers.RepeatVector(steps))
    for width in reversed(widths):
        decoder.add(layer(width, return_sequences=True))
    decoder.add(
        layers.Dense(features, activation=output_activation, name="reconstruction")
    )
    return encoder, decoder
