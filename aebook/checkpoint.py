"""A checkpoint file: arrays and a JSON document, whole or not there at all.

The file is an npz archive without pickled objects. It is written beside its place and
then moved there, so that a kill or a full disk leaves the one before.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
import zipfile
import zlib

import numpy as np

__all__ = ["NotPlainError", "pack", "read", "unpack", "write"]

DOCUMENT = "document"
# What NumPy, its zip archive and JSON raise on a damaged file.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    ValueError,
)


class NotPlainError(TypeError):
    """A value is neither a number, a text, an array, nor made of these."""


def pack(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return `value` as JSON takes it; its arrays go into `arrays`.

    Args:
        value: `None`, a bool, number, text, array, or a list, tuple or dict of these.
        arrays: Where to put the arrays; changed in place.

    Returns:
        What `unpack` turns into an equal value.

    Raises:
        NotPlainError: If there is anything else in it.

    Example:
        >>> arrays = {}
        >>> packed = pack({"best": (1, np.zeros(3))}, arrays)
        >>> list(arrays), unpack(packed, arrays)
        (['0'], {'best': (1, array([0., 0., 0.]))})
    """
    if value is None or isinstance(value, bool | int | float | str):
        if isinstance(value, np.generic):  # np.float64 is a float, np.str_ a str
            return pack(np.asarray(value), arrays) | {"scalar": True}
        return value
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        if array.dtype.hasobject:
            raise NotPlainError(f"an array of dtype {array.dtype} is not plain")
        key = str(len(arrays))
        arrays[key] = array
        return {"array": key, "scalar": isinstance(value, np.generic)}
    if isinstance(value, list):
        return [pack(item, arrays) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [pack(item, arrays) for item in value]}
    if isinstance(value, dict):
        pairs = value.items()
        return {"dict": [[pack(k, arrays), pack(v, arrays)] for k, v in pairs]}
    raise NotPlainError(f"{type(value).__name__} is not plain")


def unpack(packed: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return the value that `pack` was given.

    Args:
        packed: What `pack` returned.
        arrays: The arrays it put aside.

    Returns:
        An equal value.

    Example:
        >>> unpack({"tuple": [1, "a"]}, {})
        (1, 'a')
    """
    if isinstance(packed, list):
        return [unpack(item, arrays) for item in packed]
    if not isinstance(packed, dict):
        return packed
    if "array" in packed:
        array = arrays[packed["array"]]
        return array[()] if packed["scalar"] else array
    if "tuple" in packed:
        return tuple(unpack(item, arrays) for item in packed["tuple"])
    return {unpack(k, arrays): unpack(v, arrays) for k, v in packed["dict"]}


def write(path: Path, state: Any) -> None:
    """Write a plain value to a file, or leave the file as it is.

    Args:
        path: The file. Its folder must exist.
        state: What `pack` takes.

    Raises:
        OSError: If it cannot be written; the file then holds what it held before.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.ckpt"
        >>> write(path, {"epoch": 3, "w": np.ones(2)})
        >>> read(path)
        {'epoch': 3, 'w': array([1., 1.])}
    """
    arrays: dict[str, np.ndarray] = {}
    text = json.dumps(pack(state, arrays)).encode()
    arrays[DOCUMENT] = np.frombuffer(text, np.uint8)
    draft = path.with_name(path.name + ".tmp")
    try:
        with draft.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)  # noqa: PTH105 (the tests replace it by a full disk)
        _sync_folder(path.parent)
    except OSError as error:
        kept = "the one before is kept" if path.exists() else "there is none before it"
        raise OSError(
            error.errno,
            f"cannot write the checkpoint ({error.strerror or error}); {kept}; make "
            "room, or give a path that can be written, and call fit again",
            str(path),
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def read(path: Path) -> Any:
    """Return what `write` wrote.

    Args:
        path: The file.

    Returns:
        The value, or `None` where there is no such file.

    Raises:
        ValueError: If the file is damaged, or no checkpoint at all.

    Example:
        >>> read(Path("no such file")) is None
        True
    """
    try:
        # Opened here: NumPy leaves a file open that turns out to be no archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return unpack(json.loads(arrays.pop(DOCUMENT).tobytes()), arrays)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (*DAMAGE, AttributeError, TypeError) as error:
        raise ValueError(
            f"{path} must be a checkpoint of fit, but it cannot be read ({error}); "
            "delete it to start again, or give another path"
        ) from error


def _sync_folder(folder: Path) -> None:
    """Make the new name of the file last, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
