"""The finite scalar autoencoder: each number of a code on one of a few levels."""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any, ClassVar

from aebook.checks import check_count
from aebook.models.autoencoder import Autoencoder
from aebook.models.tokens import (
    Quantized,
    batch_perplexity,
    check_indices,
    nearest_levels,
    on_levels,
)
import keras
from keras import ops
import numpy as np

__all__ = ["FiniteScalarAutoencoder"]


@keras.saving.register_keras_serializable(package="aebook")
class FiniteScalarAutoencoder(Autoencoder):
    r"""An autoencoder whose numbers are rounded to a few levels each.

    $$ z_i = \frac{2}{L_i - 1} \,
       \mathrm{round}\!\left( \tfrac{L_i - 1}{2} (\tanh \hat h_i + 1) \right) - 1,
       \qquad \hat h = \frac{h - \mu}{\sigma} $$

    The code is cut into vectors of `len(levels)` numbers, and the $i$-th of each has
    $L_i$ levels at equal distances from −1 to 1. All vectors of levels are the
    entries of a codebook that is not learnt, and none of it can fall out of use for
    want of a neighbour. Rounding has no gradient; the straight-through estimator
    passes the decoder's, as if nothing was rounded.

    $\mu$ and $\sigma$ are mean and standard deviation over the numbers of one
    sample's code. Without them the numbers of a new encoder are so close to 0 that
    they all fall on one level, and few ever leave it.

    Args:
        encoder: As in `Autoencoder`; flat code, or a map of vectors.
        decoder: As in `Autoencoder`.
        levels: The $L_i$, ≥ 2; as many as divide the last axis of the code. Their
            product is the number of entries. Defaults to 8, 5, 5 and 5: 1,000.
        **kwargs: Further arguments of `keras.Model`, such as `name`.

    History: `perplexity`, how many entries a batch uses, were all used alike.

    Raises:
        TypeError: If a level is no whole number.
        ValueError: If one is below 2, or `len(levels)` does not divide the code.

    Example:
        >>> from aebook.models import dense
        >>> model = FiniteScalarAutoencoder(*dense(784, latent_dim=32))
        >>> model.quantized(np.ones((5, 784))).indices.shape
        (5, 8)

    Source: Mentzer, Minnen, Agustsson & Tschannen, "Finite Scalar Quantization: VQ-VAE
    Made Simple", 2023. There an even number of levels is shifted so that 0 is one of
    them, and nothing is normalised.
    """

    terms: ClassVar[tuple[str, ...]] = ("perplexity",)

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        levels: Sequence[int] = (8, 5, 5, 5),
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        self.levels = tuple(check_count(n, "levels", minimum=2) for n in levels)
        width = encoder.output_shape[-1]
        if not self.levels or width % len(self.levels):
            raise ValueError(
                f"as many levels must be given as divide {width}, the code; got "
                f"{len(self.levels)}"
            )
        #: Entries of the codebook.
        self.codes = math.prod(self.levels)

    def bottleneck(self, h: Any, training: bool = False) -> Any:
        """Return `h` on levels, with the gradient of `h`."""
        z, indices, _ = nearest_levels(h, self.levels)
        perplexity = batch_perplexity(indices, self.codes)
        self.add_term("perplexity", perplexity, weight=0)
        return z

    def quantized(self, x: Any, batch_size: int = 256) -> Quantized:
        """Return the code of each sample, its entries' numbers, and how far it was."""
        h = self._encoded(x, batch_size)
        parts = nearest_levels(ops.convert_to_tensor(h), self.levels)
        z, indices, commitment = map(ops.convert_to_numpy, parts)
        return Quantized(z, indices.reshape(len(h), -1), commitment)

    def dequantized(self, indices: Any) -> np.ndarray:
        """Return the codes of entries' numbers, the way back from `quantized`.

        Args:
            indices: Whole numbers below `codes`, shape `(n, positions)`.

        Returns:
            Codes, shape `(n, ...)`; `decode` draws them.
        """
        shape = self.decoder.input_shape[1:]
        numbers = check_indices(indices, self.codes, shape, len(self.levels))
        z = on_levels(numbers, self.levels)
        return z.reshape(-1, *shape).astype(keras.config.floatx())

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the same model, untrained."""
        return {**super().get_config(), "levels": self.levels}
