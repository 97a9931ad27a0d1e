"""The codebook of the vector-quantised autoencoder, by exponential moving averages."""

from __future__ import annotations

from typing import Any

from aebook.models.tokens import batch_perplexity
from aebook.training.adjustable import Adjustable
from aebook.training.replicas import all_rows
import keras
from keras import layers, ops

__all__ = ["VectorQuantizer"]


@keras.saving.register_keras_serializable(package="aebook")
class VectorQuantizer(layers.Layer):
    r"""Replaces each vector by the nearest of a codebook.

    $$ k(h) = \arg\min_k \lVert h - e_k \rVert, \qquad e_k \gets \frac{m_k}{N_k} $$

    $N_k$ is an exponential moving average of how many vectors of a batch choose entry
    $k$, and $m_k$ one of their sum: each entry moves to the mean of what chooses it.
    An entry that is hardly chosen is put on a random vector of the batch; so are all
    at the first.

    Args:
        codes: Entries of the codebook.
        code_dim: Numbers in a vector.
        decay: Of the moving averages, in [0, 1).
        revive_below: Share of an equal part below which an entry counts as dead.
        **kwargs: Further arguments of `keras.layers.Layer`, such as `name`.

    Example:
        >>> quantizer = VectorQuantizer(codes=4, code_dim=2)
        >>> h = keras.ops.ones((3, 2))
        >>> vectors, indices = quantizer(h, training=True)
        >>> vectors.shape, indices.shape
        (TensorShape([3, 2]), TensorShape([3]))

    Source: van den Oord, Vinyals & Kavukcuoglu, "Neural Discrete Representation
    Learning", 2017, appendix A.1; revival: Dhariwal et al., "Jukebox", 2020.
    """

    decay = Adjustable(low=0, high=1)
    revive_below = Adjustable(low=0)

    def __init__(
        self,
        codes: int,
        code_dim: int,
        decay: float = 0.99,
        revive_below: float = 0.05,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{**kwargs, "dtype": keras.config.floatx()})
        self.codes, self.decay, self.revive_below = codes, decay, revive_below
        self.choice = keras.random.SeedGenerator()
        options = {
            "initializer": "zeros",
            "trainable": False,
            "aggregation": "only_first_replica",  # all find the same
        }
        self.codebook = self.add_weight(
            name="codebook", shape=(codes, code_dim), **options
        )
        self.sums = self.add_weight(name="sums", shape=(codes, code_dim), **options)
        self.counts = self.add_weight(name="counts", shape=(codes,), **options)
        self.built = True

    def call(self, h: Any, training: bool = False) -> tuple[Any, Any]:
        """Return the nearest entries, shape of `h`, and their numbers, `(batch,)`."""
        if training:  # the first batch finds only dead entries: all come from its data
            batch = all_rows(ops.stop_gradient(h))
            self._revive(batch)
        squares = ops.sum(ops.square(self.codebook), axis=1)
        distances = squares - 2 * ops.matmul(h, ops.transpose(self.codebook))
        # not argmin: that of Keras looks at sign bits, for which ONNX has no operation
        indices = ops.top_k(-distances, 1)[1][:, 0]
        vectors = ops.take(self.codebook, indices, axis=0)
        if training:
            chosen = ops.one_hot(all_rows(indices), self.codes, dtype=h.dtype)
            self._follow(batch, chosen)
        return vectors, indices

    def perplexity(self, indices: Any) -> Any:
        """Return how many entries a batch uses, were all of these used alike."""
        return batch_perplexity(indices, self.codes)

    def _follow(self, h: Any, chosen: Any) -> None:
        """Move each entry towards the mean of the vectors that chose it."""
        d = self.decay
        counts = d * self.counts + (1 - d) * ops.sum(chosen, axis=0)
        sums = d * self.sums + (1 - d) * ops.matmul(ops.transpose(chosen), h)
        self.counts.assign(counts)
        self.sums.assign(sums)
        self.codebook.assign(sums / ops.maximum(counts, 1e-12)[:, None])

    def _revive(self, h: Any) -> None:
        """Put the entries that are hardly chosen on random vectors of the batch."""
        n = ops.shape(h)[0]
        equal_part = ops.cast(n, h.dtype) / self.codes
        draws = keras.random.uniform((self.codes,), seed=self.choice)
        rows = ops.cast(draws * ops.cast(n, h.dtype), "int32")
        alive = self.counts >= self.revive_below * equal_part
        fresh = ops.take(h, ops.minimum(rows, n - 1), axis=0)
        every = alive[:, None]
        self.codebook.assign(ops.where(every, self.codebook.value, fresh))
        self.sums.assign(ops.where(every, self.sums.value, fresh * equal_part))
        self.counts.assign(ops.where(alive, self.counts.value, equal_part))
