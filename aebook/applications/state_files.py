"""What a model has learnt, in a file of NumPy's format npz, without pickle."""

from __future__ import annotations

from collections.abc import Callable, Iterable
import json
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar
import zipfile

import numpy as np

__all__ = ["as_state", "load_state", "save_state"]

State = dict[str, np.ndarray]
T = TypeVar("T")


def as_state(config: dict[str, Any], weights: Iterable[np.ndarray]) -> State:
    """Return the arguments of a constructor, as JSON, and weights as named arrays."""
    numbered = {f"w{i}": w for i, w in enumerate(weights)}
    return {"config": np.array(json.dumps(config)), **numbered}


def save_state(path: str | PathLike[str], state: State) -> None:
    """Write named arrays to a file."""
    arrays: dict[str, Any] = state
    with Path(path).open("wb") as file:
        np.savez_compressed(file, **arrays)


def load_state(
    path: str | PathLike[str],
    build: Callable[[dict[str, Any], list[np.ndarray], State], T],
    name: str,
) -> T:
    """Return what is built from the arguments, the weights and the rest of a file.

    Args:
        path: Where `save_state` wrote what `as_state` made, and perhaps more arrays.
        build: From arguments, weights and all arrays by name to the model.
        name: What to call the model in a message.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no file of such a model, or damaged.
    """
    try:
        with Path(path).open("rb") as opened:
            with np.load(opened, allow_pickle=False) as file:
                state = dict(file)
        config = json.loads(str(state.pop("config")))
        numbered = sum(key[0] == "w" and key[1:].isdigit() for key in state)
        return build(config, [state[f"w{i}"] for i in range(numbered)], state)
    except (KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} is no file of a {name}, or damaged: {error}"
        ) from None
