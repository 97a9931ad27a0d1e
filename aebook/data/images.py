"""Sets of images: read, checked by their digest, scaled, and split."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
import hashlib
import lzma
import math
from pathlib import Path
import struct
from typing import Any, NamedTuple

from aebook.checks import check_choice, check_count
from aebook.data.registry import DATASETS, Dataset
import numpy as np

__all__ = [
    "DatasetError",
    "Splits",
    "flatten",
    "load",
    "load_fashion_mnist",
    "load_mnist",
]

FOLDER = Path(__file__).parent / "datasets"


class DatasetError(OSError):
    """A data set is missing, damaged or out of reach; the message says what to do."""


class Splits(NamedTuple):
    """Images and labels for training, validation and test.

    Images are float32 in [0, 1], shape `(n, height, width)`; labels are int64, shape
    `(n,)`, and index `Dataset.classes`. The arrays are the caller's own: changing
    them changes nothing for the next call.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def __repr__(self) -> str:
        parts = (f"{k}: {v.dtype} {v.shape}" for k, v in self._asdict().items())
        return "Splits(\n  " + "\n  ".join(parts) + "\n)"


def load(name: str, **options: Any) -> Splits:
    """Load a data set by its name in the registry.

    Args:
        name: A key of `DATASETS`.
        **options: Handed to the loader of that data set: `validation`, `seed`.

    Returns:
        Images in [0, 1] and labels, split.

    Raises:
        ValueError: If the name is unknown; the message lists the known ones.
        DatasetError: If the file is missing or damaged, or cannot be fetched.

    Example:
        >>> load("fashion_mnist", validation=500).x_val.shape
        (500, 28, 28)
    """
    loaders: dict[str, Callable[..., Splits]] = {
        "mnist": load_mnist,
        "fashion_mnist": load_fashion_mnist,
        "fashion_mnist_full": lambda **o: load_fashion_mnist(**o, full=True),
    }
    return loaders[check_choice(name, DATASETS, "data set")](**options)


def load_mnist(validation: int = 5000, seed: int = 0) -> Splits:
    """Load the 70,000 handwritten digits of MNIST, which come with the package.

    Args:
        validation: How many of the 60,000 training images to set aside; 0 for none.
        seed: Which ones; the same seed draws the same images everywhere.

    Returns:
        Images in [0, 1], shape `(n, 28, 28)`, and labels 0 to 9. What remains for
        training keeps its original order. The test images are never touched.

    Raises:
        ValueError: If `validation` is negative or leaves nothing to train on.
        DatasetError: If the embedded file is missing or damaged.

    Example:
        >>> digits = load_mnist(validation=10_000)
        >>> len(digits.x_train), len(digits.x_val), len(digits.x_test)
        (50000, 10000, 10000)
        >>> float(digits.x_train.min()), float(digits.x_train.max())
        (0.0, 1.0)
    """
    return _split("mnist", validation, seed)


def load_fashion_mnist(
    validation: int = 1000, seed: int = 0, full: bool = False
) -> Splits:
    """Load Fashion-MNIST: 28 × 28 photographs of clothing in ten classes.

    Args:
        validation: How many training images to set aside; 0 for none.
        seed: Which ones; the same seed draws the same images everywhere.
        full: False for the first 10,000 training and 2,000 test images, which come
            with the package; True for all 60,000 and 10,000, which Keras downloads
            once (31 MB) and keeps.

    Returns:
        Images in [0, 1], shape `(n, 28, 28)`, and labels 0 to 9. What remains for
        training keeps its original order.

    Raises:
        ValueError: If `validation` is negative or leaves nothing to train on.
        DatasetError: If the embedded file is missing or damaged, or the download
            fails or is not what was published.

    Example:
        >>> clothes = load_fashion_mnist()
        >>> clothes.x_train.shape, clothes.x_test.shape
        ((9000, 28, 28), (2000, 28, 28))
        >>> DATASETS["fashion_mnist"].classes[clothes.y_test[0]]
        'ankle boot'
    """
    return _split("fashion_mnist_full" if full else "fashion_mnist", validation, seed)


def flatten(x: Any) -> np.ndarray:
    """Lay the pixels of each image out in one row, as a dense layer takes them.

    Args:
        x: Images, shape `(n, ...)`, at least one axis beside the first.

    Returns:
        The same values, shape `(n, features)`; no copy where NumPy needs none.

    Raises:
        TypeError: If `x` does not hold numbers.
        ValueError: If `x` has no axis beside the first.

    Example:
        >>> flatten(np.zeros((5, 28, 28))).shape
        (5, 784)
    """
    x = np.asarray(x)
    if x.dtype.kind not in "biuf":
        raise TypeError(f"x must hold real numbers, got dtype {x.dtype}")
    if x.ndim < 2:
        raise ValueError(
            f"x must have at least 2 dimensions (n_samples, ...), got shape {x.shape}; "
            "one image needs a first axis too: x[None]"
        )
    return x.reshape(len(x), math.prod(x.shape[1:]))


def _split(name: str, validation: int, seed: int) -> Splits:
    """Scale to [0, 1] and move a random part of the training set to validation."""
    x, y, x_test, y_test = _decode(name)
    check_count(validation, "validation", minimum=0)
    check_count(seed, "seed", minimum=0)
    if validation >= len(x):
        raise ValueError(
            f"validation must leave images to train on: {name} has {len(x)} training "
            f"images, got validation={validation}"
        )
    held_out = np.zeros(len(x), bool)
    chosen = np.random.default_rng(seed).choice(len(x), validation, replace=False)
    held_out[chosen] = True
    return Splits(
        *(_unit(x[~held_out]), y[~held_out].astype(np.int64)),
        *(_unit(x[held_out]), y[held_out].astype(np.int64)),
        *(_unit(x_test), y_test.astype(np.int64)),
    )


def _unit(levels: np.ndarray) -> np.ndarray:
    """Map the levels 0 to 255 to float32 in [0, 1]."""
    return np.divide(levels, 255, dtype=np.float32)


@lru_cache
def _decode(name: str) -> tuple[np.ndarray, ...]:
    """Return four read-only uint8 arrays, once a process: 0.6 s and 55 MB for MNIST."""
    dataset = DATASETS[name]
    return _read_embedded(dataset) if dataset.embedded else _fetch(dataset)


def _read_embedded(dataset: Dataset) -> tuple[np.ndarray, ...]:
    path = FOLDER / f"{dataset.name}.xz"
    hint = "reinstall aebook to restore it"
    try:
        archive = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror}; {hint}") from None
    _check_digest(hashlib.sha256(archive), dataset, f"{path} is damaged", hint)
    content = lzma.decompress(archive)
    arrays, start = [], 0
    while start < len(content):  # IDX: 0, 0, type, rank, then the sizes, then the data
        rank = content[start + 3]
        shape = struct.unpack_from(f">{rank}I", content, start + 4)
        start += 4 + 4 * rank
        size = math.prod(shape)
        arrays.append(np.frombuffer(content, np.uint8, size, start).reshape(shape))
        start += size
    return tuple(arrays)


def _fetch(dataset: Dataset) -> tuple[np.ndarray, ...]:
    from keras.datasets import fashion_mnist

    hint = (
        "go online once, or use the subset that comes with aebook: "
        "load_fashion_mnist(full=False)"
    )
    try:
        (x, y), (x_test, y_test) = fashion_mnist.load_data()
    except Exception as error:  # Keras raises a bare Exception when it is offline
        raise DatasetError(
            f"{dataset.name} could not be downloaded ({error}); {hint}"
        ) from error
    digest = hashlib.sha256()
    for array in (x, y, x_test, y_test):
        array.flags.writeable = False
        digest.update(array.tobytes())
    hint = "delete the folder datasets/fashion-mnist of Keras (~/.keras) and try again"
    _check_digest(digest, dataset, f"{dataset.name} is not what was published", hint)
    return x, y, x_test, y_test


def _check_digest(digest: Any, dataset: Dataset, problem: str, hint: str) -> None:
    if digest.hexdigest() != dataset.sha256:
        raise DatasetError(
            f"{problem}: expected sha256 {dataset.sha256}, "
            f"got {digest.hexdigest()}; {hint}"
        )
