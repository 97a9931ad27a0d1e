"""What is split later: read from a file of aebook, or from a package that ships it.

Whatever is read is compared with the digest of its entry.
"""

from __future__ import annotations

import hashlib
import importlib
import lzma
import math
from pathlib import Path
import struct
from typing import Any

from aebook.data.entry import Dataset, DatasetError
import numpy as np

__all__ = ["check_arrays", "check_shipped", "import_shipping", "read_embedded"]

FOLDER = Path(__file__).parent / "datasets"


def read_embedded(entry: Dataset) -> tuple[np.ndarray, ...]:
    """Read the file of a data set that comes with aebook.

    Args:
        entry: The data set; its file is `datasets/<name>.xz`.

    Returns:
        The arrays of the file, read-only, uint8.

    Raises:
        DatasetError: If the file is missing or damaged.

    Example:
        >>> from aebook.data import DATASETS
        >>> [part.shape for part in read_embedded(DATASETS["fashion_mnist"])]
        [(10000, 28, 28), (10000,), (2000, 28, 28), (2000,)]
    """
    path = FOLDER / f"{entry.name}.xz"
    hint = "reinstall aebook to restore it"
    try:
        archive = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror}; {hint}") from None
    _check_digest(hashlib.sha256(archive), entry, f"{path} is damaged", hint)
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


def import_shipping(entry: Dataset, module: str) -> Any:
    """Import a module of the package that ships a data set, or say what to install.

    Args:
        entry: The data set; `package` and `extra` say what brings it.
        module: The module to import, by its full name.

    Returns:
        The module.

    Raises:
        DatasetError: If the package is not installed, or cannot be imported.

    Example:
        >>> from aebook.data import DATASETS
        >>> import_shipping(DATASETS["digits"], "sklearn.datasets").__name__
        'sklearn.datasets'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        root = module.partition(".")[0]
        absent = isinstance(error, ModuleNotFoundError) and error.name == root
        problem = "is not installed" if absent else f"cannot be imported ({error})"
        install = f'"aebook[{entry.extra}]"' if entry.extra else entry.package
        raise DatasetError(
            f'"{entry.name}" comes with the package {entry.package}, '
            f"which {problem}; pip install {install}"
        ) from error


def check_shipped(arrays: tuple[np.ndarray, ...], entry: Dataset) -> None:
    """Make arrays of another package read-only; raise if they are not those known.

    Args:
        arrays: What the package gave, in the order of the digest.
        entry: The data set, whose `sha256` counts.

    Raises:
        DatasetError: If a release of the package ships other data.

    Example:
        >>> from aebook.data import DATASETS
        >>> check_shipped((np.zeros(3),), DATASETS["digits"])
        Traceback (most recent call last):
        aebook.data.entry.DatasetError: the data that scikit-learn ships as "digits"...
    """
    check_arrays(
        arrays,
        entry,
        f'the data that {entry.package} ships as "{entry.name}" are not those that '
        "this release of aebook knows",
        f"install another release of {entry.package}, or a newer aebook",
    )


def check_arrays(
    arrays: tuple[np.ndarray, ...], entry: Dataset, problem: str, hint: str
) -> None:
    """Make arrays read-only; raise unless they have the digest of their entry.

    Args:
        arrays: What was read, in the order of the digest.
        entry: The data set, whose `sha256` counts.
        problem: What is wrong if it differs.
        hint: What to do then.

    Raises:
        DatasetError: If the digest differs; the message holds both.

    Example:
        >>> from aebook.data import DATASETS
        >>> digits = DATASETS["digits"]
        >>> check_arrays((np.zeros(3),), digits, "digits is another", "look at it")
        Traceback (most recent call last):
        aebook.data.entry.DatasetError: digits is another: expected sha256 87ff...
    """
    digest = hashlib.sha256()
    for array in arrays:
        array.flags.writeable = False
        digest.update(array.tobytes())
    _check_digest(digest, entry, problem, hint)


def _check_digest(digest: Any, entry: Dataset, problem: str, hint: str) -> None:
    if digest.hexdigest() != entry.sha256:
        raise DatasetError(
            f"{problem}: expected sha256 {entry.sha256}, "
            f"got {digest.hexdigest()}; {hint}"
        )
