"""A checkpoint file: arrays and a JSON document, whole or not there at all.

The file is an npz archive without pickled objects. It is written beside its place and
then moved there, so that a kill or a full disk leaves the one before.
"""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
import struct
from typing import Any
import zipfile
import zlib

from aebook.training.checkpoint.plain_values import NotPlainError, pack, unpack
import numpy as np

__all__ = ["read", "write"]

DOCUMENT = "document"
# What NumPy, its zip archive and JSON raise on a damaged file.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,  # NotImplementedError, and a password where there is none
    SyntaxError,
    TypeError,
    ValueError,
)
# Of an `OSError`: the file names a place in itself where there is none.
BAD_OFFSET = (None, errno.EINVAL)


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
        OSError: If the file is there and cannot be read; it may be a good one.
        ValueError: If it can be read, and is damaged or no checkpoint at all.

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
    except NotPlainError as error:
        raise ValueError(f"{path} cannot be read here: {error}") from error
    except (OSError, *DAMAGE) as error:
        if isinstance(error, OSError) and error.errno not in BAD_OFFSET:
            raise _unreadable(path, error) from error
        raise ValueError(
            f"{path} must be a checkpoint of fit, but it is damaged or another file "
            f"({error}); delete it to start again, or give another path"
        ) from error


def _unreadable(path: Path, error: OSError) -> OSError:
    """Say that the system refuses; the file itself may be whole."""
    hint = (
        "give the path of a file in it"
        if path.is_dir()
        else "make it readable, or give another path, and call fit again"
    )
    why = error.strerror or error
    return OSError(
        error.errno, f"cannot read the checkpoint ({why}); {hint}", str(path)
    )


def _sync_folder(folder: Path) -> None:
    """Make the new name of the file last, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
