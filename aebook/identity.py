"""By what a run is known again: its data, its settings, its optimizer."""

from __future__ import annotations

import json
from typing import Any
import zlib

from aebook.batches import Batches
import keras
import numpy as np

__all__ = ["digest", "settings_of"]

CHUNK = 2**24  # values of an array to sum up at a time


def settings_of(
    model: keras.Model, x: Any, y: Any, options: dict[str, Any]
) -> dict[str, Any]:
    """Return what has to be the same for a run to be the same, as plain values.

    Args:
        model: A compiled Keras model.
        x: Inputs, as for `fit`.
        y: Targets, as for `fit`.
        options: Further arguments of `fit`.

    Returns:
        A name and a number or text each.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
        >>> model.compile("sgd", "mse")
        >>> settings = settings_of(model, np.ones((8, 2)), None, {"shuffle": True})
        >>> settings["x"], settings["loss"], settings["batch_size"]
        ('float64 (8, 2) ...', 'mse', 32)
    """
    same = ("shuffle", "initial_epoch", "validation_split", "validation_batch_size")
    more = ("steps_per_epoch", "validation_steps")
    return {
        **{name: options.get(name) for name in (*same, *more)},
        "batch_size": options.get("batch_size") or 32,
        "x": digest(x),
        "y": digest(y),
        "validation_data": digest(options.get("validation_data")),
        "sample_weight": digest(options.get("sample_weight")),
        "optimizer": _optimizer_text(model.optimizer),
        "loss": _name(model.loss),
    }


def digest(data: Any) -> Any:
    """Sum up data in few numbers, to know it again.

    Args:
        data: An array, `Batches`, or any data set.

    Returns:
        A text: type, shape and a checksum of all values of an array; of `Batches`, of
        their first and last rows only, since reading all would take as long as an
        epoch; the class of anything else.

    Example:
        >>> digest(np.arange(3)) == digest(np.array([0, 1, 2]))
        True
        >>> digest(np.arange(3)) == digest(np.array([0, 1, 9]))
        False
    """
    if data is None:
        return None
    if isinstance(data, Batches):
        ends = [digest(part[k:][:32]) for part in data.parts for k in (0, -32)]
        shapes = [tuple(part.shape) for part in data.parts]
        order = (data.batch_size, data.block_size, data.shuffle)
        return f"Batches of {shapes}, {order}, {ends}"
    if isinstance(data, list | tuple):
        return f"({', '.join(str(digest(part)) for part in data)})"
    if not hasattr(data, "__array__"):
        return type(data).__name__
    array = np.asarray(data)
    check, step = 0, max(CHUNK // max(array[:1].size, 1), 1) if array.ndim else 1
    for start in range(0, len(array) if array.ndim else 0, step):
        values = np.ascontiguousarray(array[start : start + step]).reshape(-1)
        check = zlib.crc32(values.view(np.uint8).data, check)
    return f"{array.dtype} {array.shape} {check:08x}"


def _optimizer_text(optimizer: Any) -> str:
    """Describe an optimizer; a rate that is a number may change, it is state."""
    config = optimizer.get_config()
    config.pop("name", None)
    if isinstance(config.get("learning_rate"), float):
        del config["learning_rate"]
    text = json.dumps(config, default=lambda o: type(o).__name__, sort_keys=True)
    return f"{type(optimizer).__name__} {text}"


def _name(loss: Any) -> str:
    if isinstance(loss, str):
        return loss
    name = getattr(loss, "name", None) or getattr(loss, "__name__", None)
    return str(name or type(loss).__name__)
