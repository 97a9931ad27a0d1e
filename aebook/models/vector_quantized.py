"""The vector-quantised autoencoder: a code of whole numbers, from a learnt codebook."""

from __future__ import annotations

from typing import Any, ClassVar

from aebook.checks import check_count
from aebook.models.autoencoder import Autoencoder
from aebook.models.tokens import Quantized, check_indices
from aebook.models.vector_quantizer import VectorQuantizer
from aebook.training.adjustable import Adjustable
import keras
from keras import ops
import numpy as np

__all__ = ["VectorQuantizedAutoencoder"]


@keras.saving.register_keras_serializable(package="aebook")
class VectorQuantizedAutoencoder(Autoencoder):
    r"""An autoencoder whose code consists of entries of a codebook.

    $$ z = e_{k(h)}, \qquad
       L = \ell(x, \hat x) + \beta \, \lVert h - \mathrm{sg}(z) \rVert^2 $$

    The encoder's output $h$ is cut into vectors of `code_dim` numbers, and each gives
    way to the nearest entry. That step has no gradient. The straight-through estimator
    passes the decoder's to the encoder, as if $z$ were $h$. The codebook follows by
    exponential moving averages.

    Args:
        encoder: As in `Autoencoder`; flat code, or a map of vectors.
        decoder: As in `Autoencoder`.
        codes: Entries of the codebook. Defaults to 64.
        code_dim: Numbers in an entry; divides the last axis of the code, and is by
            default all of it.
        commitment: The $\beta$, ≥ 0, beside the compiled loss. Defaults to 0.25.
        decay: Of the moving averages, in [0, 1]; `quantizer.decay`. Defaults to 0.99.
        **kwargs: Further arguments of `keras.Model`, such as `name`.

    History: `commitment`, mean per number of the code; `perplexity`, how many entries
    a batch uses, were all used alike.

    Raises:
        TypeError: If a number is not of its kind.
        ValueError: If one is out of range, or `code_dim` does not divide the code.

    Example:
        >>> from aebook.models import dense
        >>> pair = dense(784, latent_dim=32)
        >>> model = VectorQuantizedAutoencoder(*pair, codes=128, code_dim=4)
        >>> model.quantized(np.ones((5, 784))).indices.shape
        (5, 8)

    Source: van den Oord, Vinyals & Kavukcuoglu, "Neural Discrete Representation
    Learning", 2017, equation 3.
    """

    terms: ClassVar[tuple[str, ...]] = ("commitment", "perplexity")
    commitment = Adjustable(low=0)

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        codes: int = 64,
        code_dim: int | None = None,
        commitment: float = 0.25,
        decay: float = 0.99,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        width = encoder.output_shape[-1]
        self.code_dim = check_count(width if code_dim is None else code_dim, "code_dim")
        if width % self.code_dim:
            raise ValueError(f"code_dim must divide {width}, the code; got {code_dim}")
        self.codes = check_count(codes, "codes", minimum=2)
        self.commitment = commitment
        self.quantizer = VectorQuantizer(self.codes, self.code_dim, decay)

    def bottleneck(self, h: Any, training: bool = False) -> Any:
        """Return the entries nearest to `h`, with the gradient of `h`."""
        z, indices, commitment = self._quantized(h, training)
        self.add_term("commitment", commitment, self.commitment)
        self.add_term("perplexity", self.quantizer.perplexity(indices), weight=0)
        return h + ops.stop_gradient(z - h)

    def quantized(self, x: Any, batch_size: int = 256) -> Quantized:
        """Return the code of each sample, its entries' numbers, and how far it was."""
        h = self._encoded(x, batch_size)
        parts = self._quantized(ops.convert_to_tensor(h))
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
        numbers = check_indices(indices, self.codes, shape, self.code_dim)
        codebook = ops.convert_to_numpy(self.quantizer.codebook)
        return codebook[numbers].reshape(-1, *shape)

    def _quantized(self, h: Any, training: bool = False) -> tuple[Any, Any, Any]:
        vectors = ops.reshape(h, (-1, self.code_dim))
        nearest, indices = self.quantizer(vectors, training=training)
        z = ops.reshape(nearest, ops.shape(h))
        axes = tuple(range(1, len(h.shape)))
        return z, indices, ops.mean(ops.square(h - ops.stop_gradient(z)), axis=axes)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the same model, untrained."""
        config = {**super().get_config(), "decay": self.quantizer.decay}
        names = ("codes", "code_dim", "commitment")
        return config | {name: getattr(self, name) for name in names}
