"""Tied weights: a decoder that is the encoder transposed."""

from __future__ import annotations

from typing import Any, ClassVar

from aebook.models.autoencoder import Autoencoder
from aebook.models.part_checks import check_part
from aebook.models.transposed import Transposed
import keras
from keras import layers

__all__ = ["TiedAutoencoder"]


@keras.saving.register_keras_serializable(package="aebook")
class TiedAutoencoder(Autoencoder):
    r"""An autoencoder whose decoder uses the encoder's weights, transposed.

    $$ z = a(W x + b), \qquad \hat x = a'(W^\top z + c) $$

    It has about half the weights of the untied one, and with one linear layer each
    way its best $W$ spans the principal components. The biases are its own.

    Args:
        encoder: Keras model of dense, convolutional, flattening, reshaping and dropout
            layers, one after the other.
        output_activation: Activation of the reconstruction. Defaults to `"sigmoid"`.
        **kwargs: Further arguments of `keras.Model`, such as `name`.

    Raises:
        TypeError: If the encoder is no Keras model.
        ValueError: If it has a layer that cannot be read backwards.

    Example:
        >>> from aebook.models import dense
        >>> encoder, decoder = dense(784, latent_dim=32, hidden=(128,))
        >>> model = TiedAutoencoder(encoder)
        >>> model.count_params(), Autoencoder(encoder, decoder).count_params()
        (105520, 209968)

    Source: Vincent et al., "Stacked Denoising Autoencoders", 2010, section 2.2.
    """

    parts: ClassVar[tuple[str, ...]] = ("encoder",)

    def __init__(
        self,
        encoder: keras.Model,
        output_activation: str = "sigmoid",
        **kwargs: Any,
    ) -> None:
        check_part("encoder", encoder)  # before it is read
        super().__init__(encoder, _backwards(encoder, output_activation), **kwargs)
        self.output_activation = output_activation

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the same model, untrained."""
        return {**super().get_config(), "output_activation": self.output_activation}


def _backwards(encoder: keras.Model, output_activation: str) -> keras.Model:
    """Return the decoder: the layers in reverse, each with the activation before it."""
    passive = layers.InputLayer | layers.Dropout
    forward = [part for part in encoder.layers if not isinstance(part, passive)]
    weighty = [part for part in forward if hasattr(part, "kernel")]
    before = dict(zip(weighty, [None, *weighty], strict=False))
    decoder = keras.Sequential([keras.Input(encoder.output_shape[1:])], name="decoder")
    for layer in reversed(forward):
        if isinstance(layer, layers.Flatten | layers.Reshape):
            _reshape_back(decoder, layer)
        elif type(layer) in (layers.Dense, layers.Conv2D):
            source = before[layer]
            last = output_activation if source is None else source.activation.__name__
            decoder.add(Transposed(layer, last))
        else:
            raise ValueError(
                f"{type(layer).__name__} {layer.name!r} cannot be read backwards; "
                "tied weights need dense and convolutional layers"
            )
    return decoder


def _reshape_back(decoder: keras.Sequential, layer: layers.Layer) -> None:
    """Add what gives the input of a flattening or reshaping layer again."""
    shape = layer.input.shape[1:]
    if getattr(layer, "data_format", None) == "channels_first" and len(shape) > 1:
        # It puts the channels last before it flattens.
        decoder.add(layers.Reshape((*shape[1:], shape[0])))
        decoder.add(layers.Permute((len(shape), *range(1, len(shape)))))
    else:
        decoder.add(layers.Reshape(shape))
