"""The undercomplete autoencoder: a code with fewer numbers than the input."""

from __future__ import annotations

import math
from typing import Any

from aebook.models.autoencoder import Autoencoder
import keras

__all__ = ["UndercompleteAutoencoder"]


@keras.saving.register_keras_serializable(package="aebook")
class UndercompleteAutoencoder(Autoencoder):
    r"""An autoencoder whose code is narrower than its input.

    Nothing is added to the loss. The narrow code alone keeps the model from copying:

    $$ \min_{f, g} \; \mathbb{E}_x \, \ell\bigl(x, g(f(x))\bigr),
    \qquad \dim z < \dim x $$

    Args:
        encoder: As in `Autoencoder`.
        decoder: As in `Autoencoder`.
        **kwargs: Further arguments of `keras.Model`, such as `name`.

    Raises:
        ValueError: If the code has as many numbers as the input, or more, or their
            sizes are not known.

    Example:
        >>> from aebook.models import dense
        >>> model = UndercompleteAutoencoder(*dense(784, latent_dim=32))
        >>> model.latent_dim
        32

    Source: Goodfellow, Bengio & Courville, "Deep Learning", 2016, section 14.1.
    """

    def __init__(
        self, encoder: keras.Model, decoder: keras.Model, **kwargs: Any
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        if None in (shape := encoder.input_shape[1:]):
            raise ValueError(
                "an undercomplete autoencoder compares its code with its inputs, but "
                f"the encoder takes any size, {shape}; fix it, or use Autoencoder"
            )
        n_features = math.prod(shape)
        if self.latent_dim >= n_features:
            raise ValueError(
                f"an undercomplete autoencoder needs a code narrower than its "
                f"{n_features} inputs, got latent_dim={self.latent_dim}; "
                "use fewer, or Autoencoder with a penalty"
            )
