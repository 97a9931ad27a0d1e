"""The denoising autoencoder: it sees a damaged input and is asked for the clean one."""

from __future__ import annotations

from typing import Any, ClassVar

from aebook.models.autoencoder import Autoencoder
import keras

__all__ = ["DenoisingAutoencoder"]


@keras.saving.register_keras_serializable(package="aebook")
class DenoisingAutoencoder(Autoencoder):
    r"""An autoencoder that undoes a corruption of its input.

    $$ \hat x = g(f(\tilde x)), \quad \tilde x \sim C(\cdot \mid x), \qquad
       L = \ell(x, \hat x) $$

    The corruption is drawn anew for every batch, in training only: `evaluate`,
    `predict` and `encode` take their input as it is. To measure how well it cleans,
    give the damaged images as input and the clean ones as target.

    Args:
        encoder: As in `Autoencoder`.
        decoder: As in `Autoencoder`.
        corruption: A Keras layer that acts in training and keeps the shape, such as
            `keras.layers.GaussianNoise(0.5)` or one of `aebook.corruption`.
        **kwargs: Further arguments of `keras.Model`, such as `name`.

    Raises:
        TypeError: If `corruption` is no Keras layer.

    Example:
        >>> from aebook.corruption import MaskingNoise
        >>> from aebook.models import dense
        >>> model = DenoisingAutoencoder(*dense(784, latent_dim=32), MaskingNoise(0.3))
        >>> model.corruption.rate
        0.3

    Source: Vincent et al., "Extracting and Composing Robust Features with Denoising
    Autoencoders", 2008.
    """

    parts: ClassVar[tuple[str, ...]] = (*Autoencoder.parts, "corruption")

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        corruption: keras.layers.Layer,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        if not isinstance(corruption, keras.layers.Layer):
            raise TypeError(
                f"corruption must be a Keras layer, got {type(corruption).__name__}; "
                "for example aebook.corruption.MaskingNoise(0.5)"
            )
        self.corruption = corruption

    def call(self, x: Any, training: bool = False) -> Any:
        """Return the reconstruction of `x`; in training, of a damaged `x`."""
        return super().call(self.corruption(x, training=training), training=training)
