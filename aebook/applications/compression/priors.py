"""What a codec expects of its codes, in whole numbers only."""

from __future__ import annotations

from typing import Any, NamedTuple

from aebook.applications.compression.entropy_coding import (
    Reader,
    Tables,
    Writer,
    count_tables,
)
from aebook.applications.compression.networks import SCALES, RateDistortion
from keras import ops
import numpy as np

__all__ = ["Priors", "integer_network"]

BITS = 10  # after the point, of a weight of the integer network


class Priors(NamedTuple):
    """The tables of a code, and those of its hyperprior if it has one.

    Attributes:
        of_code: One table a channel; with a hyperprior, one a scale.
        of_hyper: One table for each channel of the hyperprior's code, or `None`.
        weights: Of the network of whole numbers that chooses a scale, or none.
    """

    of_code: Tables
    of_hyper: Tables | None
    weights: tuple[np.ndarray, ...]

    @classmethod
    def counted(cls, network: RateDistortion, y: np.ndarray, z: Any) -> Priors:
        """Count tables on the codes of training images.

        Args:
            network: What was trained.
            y: Its codes, whole numbers, shape `(n, rows, columns, channels)`.
            z: Those of the hyperprior, or `None`.

        Returns:
            The priors.
        """

        def learnt(grid: np.ndarray) -> np.ndarray:
            channels = network.prior.logits.shape[0]
            each = np.repeat(grid[:, None], channels, axis=1).astype("float32")
            return 2.0 ** -ops.convert_to_numpy(network.prior(each)).T

        if z is None:
            return cls(
                count_tables(y, np.arange(y.shape[-1]), y.shape[-1], learnt), None, ()
            )
        of_hyper = count_tables(z, np.arange(z.shape[-1]), z.shape[-1], learnt)
        weights = tuple(
            np.rint(np.asarray(w, np.float64) * 2 ** (BITS * power)).astype(np.int64)
            for w, power in zip(
                network.hyper_decoder.get_weights(), (1, 1, 1, 2), strict=True
            )
        )
        index = integer_network(z, weights)
        return cls(count_tables(y, index, len(SCALES), _logistic), of_hyper, weights)

    def write(self, y: np.ndarray, z: Any) -> bytes:
        """Return a code as bytes; first what describes it, if there is a hyperprior."""
        writer = Writer()
        if self.of_hyper is None:
            return writer.add(y, np.arange(y.shape[-1]), self.of_code).finish()
        writer.add(z, np.arange(z.shape[-1]), self.of_hyper)
        return writer.add(y, integer_network(z, self.weights), self.of_code).finish()

    def read(self, content: bytes, shape: tuple[int, ...]) -> np.ndarray:
        """Return the code of this shape that was written."""
        reader = Reader(content)
        if self.of_hyper is None:
            return reader.take(shape, np.arange(shape[-1]), self.of_code)
        channels = len(self.of_hyper.frequencies)
        z = reader.take((*shape[:-1], channels), np.arange(channels), self.of_hyper)
        return reader.take(shape, integer_network(z, self.weights), self.of_code)

    def state(self) -> dict[str, np.ndarray]:
        """Return everything as arrays of whole numbers."""
        state = {f"h{i}": w for i, w in enumerate(self.weights)}
        for name, tables in (("code", self.of_code), ("hyper", self.of_hyper)):
            if tables is not None:
                state[f"{name}_low"] = np.array(tables.low, np.int64)
                state[f"{name}_frequencies"] = tables.frequencies
        return state

    @classmethod
    def from_state(cls, state: dict[str, np.ndarray]) -> Priors:
        """Return the priors that `state` describes."""

        def tables(name: str) -> Tables:
            return Tables(int(state[f"{name}_low"]), state[f"{name}_frequencies"])

        if "hyper_low" not in state:
            return cls(tables("code"), None, ())
        weights = tuple(state[f"h{i}"] for i in range(4))
        return cls(tables("code"), tables("hyper"), weights)


def integer_network(z: np.ndarray, weights: tuple[np.ndarray, ...]) -> np.ndarray:
    r"""Return which of `SCALES` each number of a code has, computed in whole numbers.

    $$ i = \left\lfloor 2^{-20} \left( W_2 \max(0, W_1 z + b_1) + b_2 \right)
       + 1/2 \right\rfloor $$

    A sum of whole numbers is the same in any order; one of floats is not.

    Args:
        z: Code of the hyperprior, whole numbers, shape `(..., channels)`.
        weights: $W_1, b_1, W_2, b_2$, int64, in units of 2⁻¹⁰, and 2⁻²⁰ for $b_2$.

    Returns:
        Indices, shape `(..., latent)`.

    Example:
        >>> one = np.array([[1024]])
        >>> integer_network(np.array([[3]]), (one, one[0] * 0, one, one[0] * 0))
        array([[3]])

    Source: Ballé, Johnston & Minnen, "Integer Networks for Data Compression with
    Latent-Variable Models", 2019.
    """
    w1, b1, w2, b2 = weights
    h = np.maximum(np.clip(z, -(2**15), 2**15) @ w1 + b1, 0)
    index = (h @ w2 + b2 + 2 ** (2 * BITS - 1)) >> (2 * BITS)
    return np.clip(index, 0, len(SCALES) - 1)


def _logistic(grid: np.ndarray) -> np.ndarray:
    """Return the mass of each number under each of `SCALES`."""
    below, scale = -np.abs(grid)[None], np.array(SCALES)[:, None]
    edges = np.exp(-np.logaddexp(0, -(below + np.array([[[0.5]], [[-0.5]]])) / scale))
    return edges[0] - edges[1] + 1e-12
