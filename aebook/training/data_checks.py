"""Checks of data before a model trains: of whole arrays, or of a first batch."""

from __future__ import annotations

from collections.abc import Callable
import functools
from typing import Any

from aebook.checks import as_samples
from aebook.training.batches import is_mapped
from aebook.training.streams import first_batch, is_stream
import keras
import numpy as np

__all__ = ["check_data", "checked", "is_array"]


def checked(
    model: keras.Model,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    class_weight: Any = None,
    of: str = "",
) -> tuple[Any, Any, Any]:
    """Return data as the model takes it, or say what is wrong with it.

    Of a stream the first batch is checked, of a mapped file the first rows. A model
    with a method `check_data` is asked; of others, the arrays are.

    Args:
        model: The model that will get the data.
        x: Inputs, as for `fit`.
        y: Targets, as for `fit`.
        sample_weight: Sample weights, as for `fit`.
        class_weight: Class weights, as for `fit`.
        of: What to put before the names in a message.

    Returns:
        `x, y, sample_weight`.

    Raises:
        TypeError: If an array holds no numbers.
        ValueError: If one is empty, not finite, or does not fit the others.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> checked(model, np.ones((3, 2)), np.ones((4, 1)))
        Traceback (most recent call last):
        ...
        ValueError: x and y must have as many samples as each other, got 3 and 4
    """
    own_check = getattr(model, "check_data", None)  # the one hook of a model's own
    check: Callable[..., tuple] = own_check or functools.partial(check_data, model)
    x, y, sample_weight = check(x, y, sample_weight, class_weight, of)
    if is_mapped(x) or is_mapped(y):
        rows = (None if part is None else np.array(part[:32]) for part in (x, y))
        check(*rows, None if sample_weight is None else sample_weight[:32], of=of)
    elif is_stream(x) and own_check:
        batch, x = first_batch(x)
        parts = keras.utils.unpack_x_y_sample_weight(batch)
        check(*parts, of=f"in the first {of}batch, ")
    return x, y, sample_weight


def check_data(
    model: keras.Model,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    class_weight: Any = None,
    of: str = "",
) -> tuple[Any, Any, Any]:
    """Check the arrays that a plain Keras model gets; a dataset is checked by Keras.

    Args:
        model: Any Keras model.
        x: Inputs.
        y: Targets, or `None`.
        sample_weight: One number a sample, or `None`; Keras checks the rest of it.
        class_weight: Left to Keras.
        of: What to put before the names in a message.

    Returns:
        `x, y, sample_weight` as given.

    Raises:
        TypeError: If an array holds no numbers.
        ValueError: If one is empty or not finite, if they differ in length, or if
            there are weights without a target.
    """
    if sample_weight is not None and y is None and is_array(x):
        raise ValueError(
            f"{of}sample_weight needs a target, since Keras ignores it without one; "
            "give y, for an autoencoder of plain Keras y=x"
        )
    parts = {"x": x, "y": y, "sample_weight": sample_weight}
    arrays = {
        f"{of}{n}": np.asarray(part) for n, part in parts.items() if is_array(part)
    }
    for name, array in arrays.items():
        shape = getattr(model, "input_shape", None) if name.endswith("x") else None
        as_samples(array, shape[1:] if isinstance(shape, tuple) else None, name=name)
    lengths = [len(array) for array in arrays.values()]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"{' and '.join(arrays)} must have as many samples as each other, "
            f"got {' and '.join(map(str, lengths))}"
        )
    return x, y, sample_weight


def is_array(data: Any) -> bool:
    """Whether `data` is an array in memory, of NumPy or of the backend."""
    return isinstance(data, np.ndarray) or keras.ops.is_tensor(data)
