"""Data that comes batch by batch: what it is, and a look at its first batch."""

from __future__ import annotations

from collections.abc import Iterator
import itertools
import types
from typing import Any

from aebook.training.checkpoint.snapshot import random_state, set_random_state
import keras
import numpy as np

__all__ = ["first_batch", "is_stream"]


def is_stream(data: Any) -> bool:
    """Whether `data` gives batches and not rows.

    Example:
        >>> is_stream(np.zeros(3)), is_stream(iter([np.zeros(3)]))
        (False, True)
    """
    return not (data is None or hasattr(data, "__array__")) and (
        isinstance(data, keras.utils.PyDataset | Iterator)
        or hasattr(data, "element_spec")  # tf.data, also distributed
        or type(data).__module__.startswith(("torch.utils.data", "grain"))
    )


def first_batch(data: Any) -> tuple[Any, Any]:
    """Return the first batch of a stream, and the stream as if nobody had looked.

    What it draws from the random numbers of the process is put back; a generator
    gets its batch back.

    Args:
        data: What `is_stream` takes for one.

    Returns:
        The batch as the stream gives it, its arrays as NumPy's, and the stream.

    Raises:
        ValueError: If there is no batch.

    Example:
        >>> batch, data = first_batch(iter([np.zeros(2), np.ones(2)]))
        >>> batch, len(list(data))
        (array([0., 0.]), 2)
    """
    try:
        if isinstance(data, types.GeneratorType | Iterator):
            batch = next(data)
            data = _chained(batch, data)
        else:
            batch = _look(data)
    except (StopIteration, IndexError):
        raise ValueError(
            "x gives no batch; a generator gives each of its batches only once, make "
            "a new one"
        ) from None
    return keras.tree.map_structure(_as_numpy, batch), data


def _look(data: Any) -> Any:
    """Return the first batch; whoever draws the next number draws the same one."""
    before = random_state(None)
    try:
        is_dataset = isinstance(data, keras.utils.PyDataset)
        return data[0] if is_dataset else next(iter(data))
    finally:
        set_random_state(before, None)


def _chained(batch: Any, rest: Iterator) -> Iterator:
    yield from itertools.chain([batch], rest)  # Keras takes generators alone


def _as_numpy(part: Any) -> Any:
    return part if part is None else np.asarray(keras.ops.convert_to_numpy(part))
