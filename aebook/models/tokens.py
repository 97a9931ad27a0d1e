"""Codes of whole numbers: what they share, whichever way an entry is chosen."""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any, NamedTuple

from aebook.training.replicas import mean_of_all
from keras import ops
import numpy as np

__all__ = [
    "Quantized",
    "batch_perplexity",
    "check_indices",
    "nearest_levels",
    "on_levels",
]

TINY = 1e-3  # added to the variance of a code


class Quantized(NamedTuple):
    """What a codebook makes of some samples.

    Attributes:
        codes: What the decoder gets, shape of a code, `(n, ...)`.
        indices: Which entries these are, int, shape `(n, positions)`.
        commitment: Squared distance of what was rounded to them, mean per number of
            the code, shape `(n,)`.
    """

    codes: np.ndarray
    indices: np.ndarray
    commitment: np.ndarray


def batch_perplexity(indices: Any, entries: int) -> Any:
    """Return how many entries a batch uses, were all of these used alike.

    Args:
        indices: Tensor of whole numbers below `entries`, shape `(vectors,)`.
        entries: How many there are.

    Returns:
        A tensor of one number, from 1 to `entries`.

    Example:
        >>> perplexity = batch_perplexity(ops.array([0, 0, 2, 2]), 4)
        >>> round(float(perplexity), 4)
        2.0
    """
    chosen = ops.one_hot(indices, entries, dtype="float32")
    usage = mean_of_all(ops.mean(chosen, axis=0))
    return ops.exp(-ops.sum(usage * ops.log(usage + 1e-10)))


def check_indices(
    indices: Any, entries: int, code_shape: tuple[int | None, ...], code_dim: int
) -> np.ndarray:
    """Return indices of entries as an array, or say what is wrong with them.

    Args:
        indices: Whole numbers, expected shape `(n, positions)`.
        entries: How many entries there are.
        code_shape: Shape of one code, which tells how many positions it has.
        code_dim: Numbers in an entry.

    Returns:
        The indices, int64.

    Raises:
        TypeError: If they are no whole numbers.
        ValueError: If they have another shape, there are none, one is no entry, or
            the code has no fixed shape.

    Example:
        >>> check_indices([[0, 7]], 8, (6,), 3)
        array([[0, 7]])
    """
    sizes = [size for size in code_shape if size is not None]
    if len(sizes) < len(code_shape):
        raise ValueError(
            f"the decoder takes codes of any size, {code_shape}, so their number of "
            "positions is not known; build it with sizes"
        )
    numbers, positions = np.asarray(indices), math.prod(sizes) // code_dim
    if numbers.dtype.kind not in "iu":
        raise TypeError(f"indices must be whole numbers, got dtype {numbers.dtype}")
    if numbers.ndim != 2 or numbers.shape[1] != positions or not len(numbers):
        raise ValueError(
            f"indices must have shape (n, {positions}), got {numbers.shape}; "
            "model.quantized(x).indices has it"
        )
    if numbers.min() < 0 or numbers.max() >= entries:
        raise ValueError(
            f"indices must be in [0, {entries - 1}], the entries, got "
            f"{numbers.min()} to {numbers.max()}"
        )
    return numbers.astype(np.int64)


def nearest_levels(h: Any, levels: Sequence[int]) -> tuple[Any, Any, Any]:
    """Round the numbers of codes to levels from -1 to 1, with the gradient of `h`.

    Args:
        h: Codes, shape `(batch, ..., d)`; `len(levels)` divides `d`.
        levels: How many levels each number of an entry has.

    Returns:
        The codes on levels, shape of `h`; the number of each entry, flat; and the
        squared distance that was rounded off, mean per number, shape `(batch,)`.
    """
    axes = tuple(range(1, len(h.shape)))
    centred = h - ops.mean(h, axis=axes, keepdims=True)
    variance = ops.mean(ops.square(centred), axis=axes, keepdims=True)
    flat = ops.reshape(centred / ops.sqrt(variance + TINY), (-1, len(levels)))
    steps = ops.convert_to_tensor(np.array(levels) - 1, flat.dtype)
    place = 0.5 * steps * (ops.tanh(flat) + 1)  # from 0 to L - 1
    digits = ops.stop_gradient(ops.round(place))
    straight = place + ops.stop_gradient(digits - place)
    z = ops.reshape(2 * straight / steps - 1, ops.shape(h))
    places = ops.convert_to_tensor(_places(levels), "int32")
    indices = ops.sum(ops.cast(digits, "int32") * places, axis=-1)
    far = ops.reshape(ops.square(2 * (digits - place) / steps), ops.shape(h))
    return z, indices, ops.mean(far, axis=axes)


def on_levels(indices: np.ndarray, levels: Sequence[int]) -> np.ndarray:
    """Return the numbers of entries, from -1 to 1, shape `(*indices.shape, d)`."""
    digits = indices[..., None] // _places(levels) % np.array(levels)
    return 2 * digits / (np.array(levels) - 1) - 1


def _places(levels: Sequence[int]) -> np.ndarray:
    """Return what a step of each level adds to the number of an entry."""
    return np.cumprod([1, *levels[:-1]])
