"""What loading gives, by the kind of data, with one meaning of its three parts.

Training is to fit, validation to choose by, test to report, once. Validation is taken
from training and never from test; what remains for training keeps its order. The
arrays are the caller's own: changing them changes nothing for the next call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Images", "Photographs", "Splits", "Table"]


class Images(NamedTuple):
    """Images and labels for training, validation and test.

    Images are float32 in [0, 1], shape `(n, height, width)`, in colour
    `(n, height, width, 3)`; labels are int64, shape `(n,)`, and index
    `Dataset.classes`. The arrays are the caller's own: changing them changes nothing
    for the next call.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    @classmethod
    def split(cls, parts: tuple[Any, ...], validation: int, seed: int) -> Images:
        """Scale images to [0, 1], and set some aside, drawn at random.

        Args:
            parts: Images and labels of training, then of test; images are levels from
                0 to 255, or floats in [0, 1].
            validation: How many images of training to set aside.
            seed: Which ones.

        Returns:
            Copies.

        Example:
            >>> x, y = np.zeros((5, 28, 28), np.uint8), np.arange(5)
            >>> Images.split((x, y, x, y), validation=2, seed=0).y_val
            array([3, 4])
        """
        return cls(*_set_aside(parts, validation, seed, _unit))

    def __repr__(self) -> str:
        return _shapes(self)


class Table(NamedTuple):
    """Rows of numbers and labels for training, validation and test.

    Rows are float32 in the units of their columns, not scaled, shape `(n, features)`;
    labels are int64, shape `(n,)`, and index `Dataset.classes`. `features` names the
    columns. The arrays are the caller's own: changing them changes nothing for the
    next call.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    features: tuple[str, ...]

    @classmethod
    def split(cls, parts: tuple[Any, ...], validation: int, seed: int) -> Table:
        """Set rows aside, drawn at random.

        Args:
            parts: Rows and labels of training, then of test, and the columns' names.
            validation: How many rows of training to set aside.
            seed: Which ones.

        Returns:
            Copies.

        Example:
            >>> x, y = np.eye(3), np.arange(3)
            >>> Table.split((x, y, x, y, ("a", "b", "c")), validation=1, seed=0).x_val
            array([[0., 0., 1.]], dtype=float32)
        """
        *arrays, features = parts
        return cls(*_set_aside(arrays, validation, seed, _numbers), features)

    def __repr__(self) -> str:
        return _shapes(self)


class Photographs(NamedTuple):
    """Pictures of different sizes for training, validation and test, without labels.

    Each part is a dictionary: a picture by its name, float32 in [0, 1], shape
    `(height, width, 3)`. The arrays are the caller's own: changing them changes
    nothing for the next call.
    """

    x_train: dict[str, np.ndarray]
    x_val: dict[str, np.ndarray]
    x_test: dict[str, np.ndarray]

    @classmethod
    def split(cls, parts: tuple[Any, ...], validation: int, seed: int) -> Photographs:
        """Scale pictures to [0, 1], and set some aside, drawn at random.

        Args:
            parts: Pictures of training, then of test, by their names; levels from 0 to
                255, or floats in [0, 1].
            validation: How many pictures of training to set aside.
            seed: Which ones.

        Returns:
            Copies.

        Example:
            >>> cat, dog = np.zeros((2, 3, 3), np.uint8), np.ones((4, 4, 3), np.uint8)
            >>> train = {"cat": cat, "dog": dog}
            >>> Photographs.split((train, {}), validation=1, seed=0).x_val.keys()
            dict_keys(['dog'])
        """
        train, test = parts
        chosen = np.random.default_rng(seed).choice([*train], validation, replace=False)
        return cls(
            {name: _unit(x) for name, x in train.items() if name not in chosen},
            {name: _unit(x) for name, x in train.items() if name in chosen},
            {name: _unit(x) for name, x in test.items()},
        )

    def __repr__(self) -> str:
        return _shapes(self)


Splits = Images | Photographs | Table

_A = np.ndarray


def _set_aside(
    parts: Any, validation: int, seed: int, as_floats: Callable[[_A], _A]
) -> tuple[_A, _A, _A, _A, _A, _A]:
    """Move random samples of training to validation; each part is x and y, copied."""
    x, y, x_test, y_test = parts
    held_out = np.zeros(len(x), bool)
    chosen = np.random.default_rng(seed).choice(len(x), validation, replace=False)
    held_out[chosen] = True
    return (
        as_floats(x[~held_out]),
        y[~held_out].astype(np.int64),
        as_floats(x[held_out]),
        y[held_out].astype(np.int64),
        as_floats(x_test),
        y_test.astype(np.int64),
    )


def _unit(levels: np.ndarray) -> np.ndarray:
    """Map the levels 0 to 255 to float32 in [0, 1]; copy what is in [0, 1] already."""
    if levels.dtype.kind == "f":
        return _numbers(levels)
    return np.divide(levels, 255, dtype=np.float32)


def _numbers(values: np.ndarray) -> np.ndarray:
    return np.array(values, np.float32)


def _shapes(splits: Splits) -> str:
    """Say what each field holds, of an array its type and shape."""
    lines = (
        f"{name}: {value.dtype} {value.shape}"
        if isinstance(value, np.ndarray)
        else f"{name}: {', '.join(value)}"
        if isinstance(value, dict)
        else f"{name}: {len(value)} names"
        for name, value in splits._asdict().items()
    )
    return f"{type(splits).__name__}(\n  " + "\n  ".join(lines) + "\n)"
