"""A seed that holds for one block of code and leaves no trace after it."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import random
import threading

import keras
import numpy as np

__all__ = ["seeded"]

# The generators belong to the whole process: two threads may not seed them at once.
_LOCK = threading.RLock()


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let the weights and the order of the batches come from `seed` in this block.

    Afterwards the random states of Python, NumPy and the backend are as they were:
    `keras.utils.set_random_seed` would change those of the caller for good. Keras
    draws the seeds of new weights, and aebook's `fit` its batches, from Python's
    generator.

    Args:
        seed: A whole number in [0, 2³²).

    Yields:
        Nothing.

    Example:
        >>> import random
        >>> with seeded(0):
        ...     first = random.random()
        >>> with seeded(0):
        ...     again = random.random()
        >>> first == again
        True
    """
    with _LOCK, _backend_seeded(seed):
        python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002


@contextlib.contextmanager
def _backend_seeded(seed: int) -> Iterator[None]:
    """PyTorch shuffles by a generator of its own; the other backends have none."""
    if keras.backend.backend() != "torch":
        yield
        return
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
