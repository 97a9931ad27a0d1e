"""The masked autoencoder: it fills in the patches that it is not shown."""

from __future__ import annotations

import math
from typing import Any

from aebook.checks import check_between, check_count
from aebook.models.autoencoder import Autoencoder
import keras
from keras import ops

__all__ = ["MaskedAutoencoder"]


@keras.saving.register_keras_serializable(package="aebook")
class MaskedAutoencoder(Autoencoder):
    r"""An autoencoder that sees some patches of an image and is asked for the others.

    $$ L = \ell(x_H, \hat x_H), \qquad \hat x = g(f(x_V)), $$

    where $V$ are the patches it sees and $H$ the hidden ones, drawn anew for every
    batch. In the place of a hidden pixel it is given one learnt number. Training and
    `evaluate` hide patches; `encode`, `predict` and `reconstruct` see the whole image.
    As a layer of another model it hides them too, but that one compares all pixels.

    Args:
        encoder: As in `Autoencoder`; takes images `(height, width)`, with a last axis
            of channels or without, or rows of numbers `(features,)`.
        decoder: As in `Autoencoder`.
        patch_size: Side of a patch in pixels, or its length in a row of numbers.
            Divides height and width. Defaults to 4.
        rate: Share of the patches to hide, in (0, 1). Defaults to 0.5.
        **kwargs: Further arguments of `keras.Model`, such as `name`.

    History: `reconstruction` and `loss` are those of the hidden patches alone.

    Raises:
        TypeError: If a number is not of its kind.
        ValueError: If one is out of range, or `patch_size` does not divide the image.

    Example:
        >>> from aebook.models import dense
        >>> model = MaskedAutoencoder(*dense((28, 28), latent_dim=32), rate=0.75)
        >>> model.hidden, model.patches
        (37, 49)

    Source: He et al., "Masked Autoencoders Are Scalable Vision Learners", 2022. Their
    encoder is a transformer, and gets the visible patches only.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        patch_size: int = 4,
        rate: float = 0.5,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        self.patch_size = check_count(patch_size, "patch_size")
        self.rate = check_between(rate, "rate", 0, 1)
        shape = encoder.input_shape[1:]
        self.grid = [size // self.patch_size for size in shape[:2]]
        if any(size % self.patch_size for size in shape[:2]) or len(shape) > 3:
            raise ValueError(f"patch_size must divide {shape[:2]}, got {patch_size}")
        self.patches = math.prod(self.grid)
        self.hidden = round(self.rate * self.patches)
        if not 0 < self.hidden < self.patches:
            raise ValueError(
                f"rate={rate} hides {self.hidden} of {self.patches} patches; "
                "some must be hidden, and some seen"
            )
        self.draws = keras.random.SeedGenerator()
        self.token = self.add_weight(name="token", shape=(), initializer="zeros")

    def call(self, x: Any, training: bool = False) -> Any:
        """Return the reconstruction of `x`; in training, from its visible patches."""
        return super().call(self._masked(x) if training else x, training=training)

    def _masked(self, x: Any) -> Any:
        n, side = ops.shape(x)[0], self.patch_size
        order = keras.random.uniform((n, self.patches), seed=self.draws)
        _, rows = ops.top_k(order, self.hidden)  # hidden patches
        self._terms.kept["rows"] = rows
        hidden = ops.sum(ops.one_hot(rows, self.patches), axis=1)
        hidden = ops.reshape(hidden, (n, *self.grid, *[1] * (len(x.shape) - 3)))
        for axis in range(1, 1 + len(self.grid)):
            hidden = ops.repeat(hidden, side, axis=axis)
        return ops.where(hidden > 0, self.token.value, x)

    def compared(self, x: Any, y: Any, y_pred: Any, training: bool) -> tuple:
        """Return target and reconstruction of the hidden patches alone."""
        if not training:
            y_pred = super().call(self._masked(x), training=False)
        return self._hidden(y), self._hidden(y_pred)

    def _hidden(self, x: Any) -> Any:
        """Return the hidden patches, shape `(n, hidden, numbers of a patch)`."""
        sides = [size for part in self.grid for size in (part, self.patch_size)]
        x = ops.reshape(x, (-1, *sides, *x.shape[1 + len(self.grid) :]))
        if len(self.grid) == 2:  # (n, rows, side, columns, side, ...)
            x = ops.swapaxes(x, 2, 3)
        x = ops.reshape(x, (ops.shape(x)[0], self.patches, -1))
        return ops.take_along_axis(x, self._terms.kept["rows"][..., None], axis=1)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the same model, untrained."""
        config = {"patch_size": self.patch_size, "rate": self.rate}
        return {**super().get_config(), **config}
