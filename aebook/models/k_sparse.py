"""The k-sparse autoencoder: only the k largest numbers of a code pass."""

from __future__ import annotations

from typing import Any

from aebook.checks import check_count
from aebook.models.autoencoder import Autoencoder
import keras
from keras import ops

__all__ = ["KSparseAutoencoder"]


@keras.saving.register_keras_serializable(package="aebook")
class KSparseAutoencoder(Autoencoder):
    r"""An autoencoder that keeps the `k` largest numbers of each code.

    $$ z = \mathrm{top}_k(f(x)), \qquad \hat x = g(z) $$

    The others become 0, in training and after it. Nothing is added to the loss, and
    there is no weight to choose: `k` is the sparsity. Gradients reach the numbers
    that passed. With `k` the width of the code it is the plain autoencoder.

    Args:
        encoder: As in `Autoencoder`.
        decoder: As in `Autoencoder`.
        k: How many numbers pass, along the last axis of the code.
        **kwargs: Further arguments of `keras.Model`, such as `name`.

    Raises:
        TypeError: If `k` is not a whole number.
        ValueError: If `k` is not between 1 and the width of the code.

    Example:
        >>> import numpy as np
        >>> from aebook.models import dense
        >>> model = KSparseAutoencoder(*dense(784, latent_dim=100), k=25)
        >>> int(np.count_nonzero(model.encode(np.ones((1, 784)))))
        25

    Source: Makhzani & Frey, "k-Sparse Autoencoders", 2014, section 2.1. They give
    more numbers after training than in it; here both have `k`.
    """

    def __init__(
        self, encoder: keras.Model, decoder: keras.Model, k: int, **kwargs: Any
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        self.k = check_count(k, "k")
        if k > (width := encoder.output_shape[-1]):
            raise ValueError(f"k must be at most {width}, the width of the code: {k}")

    def bottleneck(self, h: Any, training: bool = False) -> Any:
        """Return `h`, all but its `k` largest numbers 0; of equals, the first pass."""
        smallest = ops.top_k(h, self.k)[0][..., -1:]  # of those that pass
        above, equal = h > smallest, ops.cast(h == smallest, "int32")
        free = self.k - ops.sum(ops.cast(above, "int32"), axis=-1, keepdims=True)
        passes = (equal > 0) & (ops.cumsum(equal, axis=-1) <= free)
        return ops.where(above | passes, h, ops.zeros_like(h))

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the same model, untrained."""
        return {**super().get_config(), "k": self.k}
