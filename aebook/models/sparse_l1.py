"""The sparse autoencoder with an L1 penalty: most numbers of the code near 0."""

from __future__ import annotations

from typing import Any, ClassVar

from aebook.models.autoencoder import Autoencoder
from aebook.training.adjustable import Adjustable
import keras
from keras import ops

__all__ = ["L1SparseAutoencoder"]


@keras.saving.register_keras_serializable(package="aebook")
class L1SparseAutoencoder(Autoencoder):
    r"""An autoencoder that pays for the size of each number of its code.

    $$ L = \ell(x, \hat x) + \lambda \sum_j |z_j| $$

    The code may be wider than the input: what keeps the model from copying is the
    price, not the width. The decoder could dodge it by growing its weights while the
    code shrinks; weight decay on the decoder closes that way out.

    Args:
        encoder: As in `Autoencoder`. A ReLU code reaches 0 exactly.
        decoder: As in `Autoencoder`.
        weight: The $\lambda$, ≥ 0, beside the compiled loss. Defaults to 1e-4, for a
            loss that is a mean per pixel.
        **kwargs: Further arguments of `keras.Model`, such as `name`.

    History: `sparsity`, the sum of the absolute values of a code, mean over samples.

    Raises:
        TypeError: If `weight` is not a number.
        ValueError: If `weight` is negative.

    Example:
        >>> from aebook.models import dense
        >>> pair = dense(784, latent_dim=1000, hidden=(), code_activation="relu")
        >>> L1SparseAutoencoder(*pair, weight=1e-3).weight
        0.001

    Source: Goodfellow, Bengio & Courville, "Deep Learning", 2016, section 14.2.1.
    """

    terms: ClassVar[tuple[str, ...]] = ("sparsity",)
    weight = Adjustable(low=0)

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        weight: float = 1e-4,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        self.weight = weight

    def bottleneck(self, h: Any, training: bool = False) -> Any:
        """Return the code as it is, and note its size."""
        size = ops.sum(ops.abs(h), axis=tuple(range(1, len(h.shape))))
        self.add_term("sparsity", size, self.weight)
        return h

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the same model, untrained."""
        return {**super().get_config(), "weight": self.weight}
