"""Batches from data that need not fit into memory."""

from __future__ import annotations

from collections.abc import Callable
import mmap
import random
import threading
from typing import Any

from aebook.checks import check_count
import keras
import numpy as np

__all__ = ["Batches", "Rewind", "is_mapped"]

BLOCK_BYTES = 2**25  # 32 MiB: 42,000 images of 28 × 28 bytes are shuffled together


class Batches(keras.utils.PyDataset):
    r"""Batches of rows that are read when they are needed.

    The data may be anything that gives rows by a slice: an `np.memmap`, a dataset of
    h5py or zarr, an array. Only one block of consecutive rows is in memory at a time.
    Each epoch cuts the data into blocks at new places, takes the blocks in a new
    order, and shuffles the rows within each. Every row comes once an epoch. Rows that
    lie further apart than a block never meet in a batch: store data sorted by class
    in a random order first.

    Args:
        x: Inputs, shape `(n_samples, ...)`.
        y: Targets, first axis as in `x`. `None` for an autoencoder, whose target is
            its input.
        sample_weight: One number ≥ 0 a row, shape `(n_samples,)`; the target is `x`
            then if there is no other. Defaults to none.
        batch_size: Rows a batch; the last may be smaller. Defaults to 32.
        transform: Maps a raw batch to what the model takes: `transform(x)`, with
            targets `transform(x, y)`, which returns the pair, and so with weights.
            Defaults to none.
        shuffle: Whether each epoch has its own order. Defaults to `True`.
        seed: Of the order; the same seed gives the same order in the same epoch.
            Defaults to one that `keras.utils.set_random_seed` decides.
        block_size: Rows in memory at a time, rounded up to whole batches. Defaults
            to 32 MiB of them.
        **kwargs: Further arguments of `keras.utils.PyDataset`, such as `workers`.

    Raises:
        TypeError: If the data cannot be sliced, or a count is not a whole number.
        ValueError: If the data is empty, `x` and `y` differ in length, or a count is
            below its minimum.

    Example:
        >>> levels = np.arange(12, dtype=np.uint8).reshape(6, 2)
        >>> batches = Batches(levels, batch_size=4, transform=lambda a: a / 255, seed=0)
        >>> [batch[0].shape for batch in batches]
        [(4, 2), (2, 2)]
        >>> sorted(int(x.round()) for (batch,) in batches for x in batch[:, 0] * 255)
        [0, 2, 4, 6, 8, 10]
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        batch_size: int = 32,
        transform: Callable | None = None,
        shuffle: bool = True,
        seed: int | None = None,
        block_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if sample_weight is not None and y is None:
            y = x  # Keras knows weights only beside a target
        parts = (x, y, sample_weight)
        self.parts = tuple(part for part in parts if part is not None)
        self.n_samples = _common_length(self.parts)
        self.batch_size = check_count(batch_size, "batch_size")
        self.transform = transform
        self.shuffle = bool(shuffle)
        if seed is None:
            seed = random.getrandbits(32)
        self.seed = check_count(seed, "seed", minimum=0)
        if block_size is None:
            row = sum(np.asarray(part[:1]).nbytes for part in self.parts)
            block_size = max(BLOCK_BYTES // max(row, 1), 1)
        batches = -(-check_count(block_size, "block_size") // self.batch_size)
        self.block_size = batches * self.batch_size
        self.passes = 0  # begun so far; the order of an epoch depends on it
        self._lock = threading.Lock()  # Keras may read ahead in other threads
        self._cached: tuple = (None, (), np.empty(0, int))

    def __len__(self) -> int:
        return -(-self.n_samples // self.batch_size)

    def __getitem__(self, index: int) -> tuple:
        start = range(len(self))[index] * self.batch_size  # IndexError beyond the end
        if self.shuffle:
            number, start = divmod(start, self.block_size)
            block, order = self._block(max(self.passes - 1, 0), number)
            rows = order[start : start + self.batch_size]
            batch = tuple(part[rows] for part in block)
        else:
            batch = self._read(start, min(start + self.batch_size, self.n_samples))
        if self.transform:
            batch = self.transform(*batch)
            batch = batch if isinstance(batch, tuple) else (batch,)
        return tuple(_as_floatx(part) for part in batch)

    def on_epoch_begin(self) -> None:
        """Take the next order; Keras calls this before each pass over the data."""
        self.passes += 1

    def _block(self, epoch: int, number: int) -> tuple[tuple, np.ndarray]:
        """Return the rows of a block and the order in which to take them."""
        with self._lock:
            if self._cached[0] != (epoch, number):
                self._cached = (None, (), np.empty(0, int))  # frees it first
                start, stop = self._where(epoch, number)
                rng = np.random.default_rng([self.seed, epoch, number])
                order = rng.permutation(stop - start)
                self._cached = ((epoch, number), self._read(start, stop), order)
            return self._cached[1:]

    def _where(self, epoch: int, number: int) -> tuple[int, int]:
        """Return where a block begins and ends; beyond the last row it wraps around."""
        rng = np.random.default_rng([self.seed, epoch])
        first = int(rng.integers(self.n_samples))
        full, rest = divmod(self.n_samples, self.block_size)
        if number == full:  # what fills no block comes last
            start = first + full * self.block_size
            return start, start + rest
        start = first + int(rng.permutation(full)[number]) * self.block_size
        return start, start + self.block_size

    def _read(self, start: int, stop: int) -> tuple:
        n = self.n_samples
        start, stop = start - start // n * n, stop - start // n * n
        return tuple(
            np.array(part[start:stop])
            if stop <= n
            else np.concatenate([part[start:n], part[: stop - n]])
            for part in self.parts
        )


class Rewind(keras.callbacks.Callback):
    """Lets training begin with the order that comes next, as Keras may have peeked.

    Before it trains, Keras may take a first batch to learn its shape, and on some
    backends begin a pass to get it.

    Args:
        batches: The data set.

    Example:
        >>> batches = Batches(np.zeros((4, 1)), seed=0)
        >>> rewind = Rewind(batches)
        >>> batches.on_epoch_begin()
        >>> rewind.on_train_begin()
        >>> batches.passes
        0
    """

    def __init__(self, batches: Batches) -> None:
        super().__init__()
        self.batches, self.passes = batches, batches.passes

    def on_train_begin(self, logs: Any = None) -> None:
        """Forget the passes that were begun for a look."""
        self.batches.passes = self.passes


def is_mapped(data: Any) -> bool:
    """Whether `data` is an array whose values lie in a file, as an `np.memmap` does.

    Example:
        >>> is_mapped(np.zeros(3))
        False
    """
    while isinstance(data, np.ndarray):
        data = data.base
    return isinstance(data, mmap.mmap)


def _common_length(parts: tuple) -> int:
    names = ("x", "y", "sample_weight")
    lengths = {}
    for name, part in zip(names, parts, strict=False):
        if not (hasattr(part, "__getitem__") and hasattr(part, "shape")):
            raise TypeError(
                f"{name} must be an array or a file that gives rows by a slice and has "
                f"a shape, got {type(part).__name__}; np.asarray makes one of a list"
            )
        if not part.shape or not part.shape[0]:
            raise ValueError(f"{name} is empty, got shape {tuple(part.shape)}")
        lengths[name] = int(part.shape[0])
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"{' and '.join(lengths)} must have as many samples as each other, "
            f"got {' and '.join(map(str, lengths.values()))}"
        )
    return lengths["x"]


def _as_floatx(part: Any) -> Any:
    """Return floats in the precision that Keras uses, everything else as it is."""
    part = np.asarray(part)
    if "float" not in str(part.dtype):
        return part
    return part.astype(keras.config.floatx(), copy=False)
