"""Fingerprint of a run: its settings, its data, its model.

Everything is described by plain values, so that a checkpoint can hold them and say
which of them is another one now. Numbers that may change while a run trains, such as
the learning rate, stand apart: `adjusted` finds them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from aebook.keras_internals import decays, loss_weights_of
from aebook.training.batches import Batches
from aebook.training.checkpoint.description import checksum, class_name, describe, stem
from aebook.training.checkpoint.snapshot import names_of
from aebook.training.request import FitRequest
import keras

__all__ = [
    "adjust",
    "adjusted",
    "digest",
    "optimizer_of",
    "parts_of",
    "settings_of",
]

RATE = "learning_rate"
OPTIONS = (
    "shuffle",
    "initial_epoch",
    "validation_split",
    "validation_freq",  # a look at the validation data may draw random numbers
    "steps_per_epoch",
    "validation_steps",
)


def settings_of(model: keras.Model, request: FitRequest) -> dict[str, Any]:
    """Return what has to be the same for a run to be the same, but for the model.

    Compiled metrics are not among it: they watch a run and change no weight. A
    callback that reads one of them says so itself, by its `monitor`.

    Args:
        model: A compiled Keras model.
        request: What a call of `fit` asks for, prepared.

    Returns:
        Names, and plain values or dicts of such.

    Example:
        >>> import numpy as np
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
        >>> model.compile("sgd", "mse")
        >>> request = FitRequest.of(np.ones((8, 2)))
        >>> settings = settings_of(model, request)
        >>> settings["x"], settings["loss"], settings["batch_size"]
        ('float64 (8, 2) ...', 'mse', 32)
    """
    train = request.train
    return {
        "backend": keras.backend.backend(),
        "dtype policy": model.dtype_policy.name,
        **{name: describe(getattr(request, name)) for name in OPTIONS},
        "batch_size": request.samples_a_step,
        "validation_batch_size": request.samples_a_validation_step,
        "x": digest(train.x),
        "y": digest(train.y),
        "validation_data": digest(request.validation and request.validation.parts),
        "sample_weight": digest(train.sample_weight),
        "class_weight": describe(request.class_weight),
        "optimizer": optimizer_of(model),
        "loss": describe(model.loss),
        "loss_weights": describe(loss_weights_of(model)),
    }


def optimizer_of(model: keras.Model) -> Any:
    """Describe the optimizer of a model, but for a learning rate that is a number.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
        >>> model.compile(keras.optimizers.SGD(0.5, momentum=0.9))
        >>> optimizer = optimizer_of(model)
        >>> optimizer["momentum"], "learning_rate" in optimizer
        (0.9, False)
    """
    return _without(
        describe(model.optimizer),
        lambda part: (RATE,) if isinstance(part.get(RATE), float) else (),
    )


def parts_of(model: keras.Model) -> dict[str, Any]:
    """Describe a model that is built and compiled, and what its optimizer keeps.

    Args:
        model: A compiled Keras model.

    Returns:
        Its class and its config, nested as that is, but for the numbers that may
        change; a subclass of `keras.Model` that does not say its config is its class
        and its layers. Then the variables, which tell of the rest what can be known.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
        >>> model.compile("sgd", "mse")
        >>> parts = parts_of(model)
        >>> parts["model"]["layers"]["dense"]["units"], *parts["weights that train"]
        (3, 'sequential/dense/kernel', 'sequential/dense/bias')
    """
    return {
        "model": _model_tree(model),
        "variables of the model": names_of(model.variables),
        "weights that train": names_of(model.trainable_variables),
        "variables of the optimizer": names_of(model.optimizer.variables),
        "weights without decay": names_of(_without_decay(model)),
    }


def _model_tree(model: keras.Model) -> dict[str, Any]:
    names = {class_name(type(m)): set(_names(m)) for _, m in _models(model)}
    return _without(describe(model), lambda tree: names.get(str(tree.get("class")), ()))


def _without_decay(model: keras.Model) -> list:
    """Return the weights that `exclude_from_weight_decay` took out of it."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if not getattr(optimizer, "weight_decay", None):
        return []
    return [v for v in model.trainable_variables if not decays(optimizer, v)]


# --- numbers that may change while a run trains


def adjusted(model: keras.Model) -> dict[str, float]:
    """Return the numbers that may change while a run trains, as they are now.

    Args:
        model: A compiled Keras model.

    Returns:
        The learning rates that are numbers, and what the model, or one within it,
        names in its `adjustable`.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
        >>> model.compile(keras.optimizers.SGD(0.5))
        >>> adjusted(model)
        {'optimizer/learning_rate': 0.5}
    """
    rates = dict(_rates(describe(model.optimizer), "optimizer"))
    return rates | {k: float(getattr(m, name)) for k, m, name in _places(model)}


def adjust(model: keras.Model, values: dict[str, float]) -> None:
    """Give the model its numbers back; learning rates are variables of the optimizer.

    Args:
        model: A compiled Keras model.
        values: What `adjusted` returned.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
        >>> model.compile("sgd")
        >>> adjust(model, adjusted(model))
    """
    for key, owner, name in _places(model):
        if key in values and float(getattr(owner, name)) != values[key]:
            setattr(owner, name, values[key])


def _places(model: keras.Model) -> Iterator[tuple[str, Any, str]]:
    """Yield a name of each such number, who has it, and as which attribute."""
    owners = {id(m): (path, m) for path, m in _models(model) if _names(m)}
    seen: Counter = Counter()
    for path, owner in owners.values():
        number = f"_{seen[path]}" if seen[path] else ""
        seen[path] += 1
        for name in _names(owner):
            yield f"{path}{number}/{name}".lstrip("/"), owner, name


def _models(model: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield a model and all layers in it, with the names that lead to them."""
    yield path, model
    for layer in getattr(model, "layers", ()):
        yield from _models(layer, f"{path}/{stem(layer.name)}".lstrip("/"))


def _names(owner: Any) -> tuple[str, ...]:
    return tuple(getattr(owner, "adjustable", ()))


def _rates(tree: Any, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(tree, list):
        tree = dict(enumerate(tree))
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == RATE and isinstance(value, float):
                yield f"{path}/{key}", value
            else:
                yield from _rates(value, f"{path}/{key}")


def _without(tree: Any, names_in: Any) -> Any:
    """Return a description without the keys that `names_in` gives for each dict."""
    if isinstance(tree, list):
        return [_without(part, names_in) for part in tree]
    if not isinstance(tree, dict):
        return tree
    names = names_in(tree)
    return {k: _without(v, names_in) for k, v in tree.items() if k not in names}


# --- data


def digest(data: Any) -> Any:
    """Sum up data in few numbers, to know it again.

    Args:
        data: An array, `Batches`, or any data set.

    Returns:
        A text: type, shape and a checksum of all values of an array; of `Batches`, of
        their first and last rows only, since reading all would take as long as an
        epoch, and the name of their `transform`; the class of anything else.

    Example:
        >>> import numpy as np
        >>> digest(np.arange(3)) == digest(np.array([0, 1, 2]))
        True
        >>> digest(np.arange(3)) == digest(np.array([0, 1, 9]))
        False
    """
    if isinstance(data, Batches):
        ends = [checksum(part[k:][:32]) for part in data.parts for k in (0, -32)]
        shapes = [tuple(part.shape) for part in data.parts]
        order = (data.batch_size, data.block_size, data.shuffle)
        mapped = f", {describe(data.transform)}" if data.transform else ""
        return f"Batches of {shapes}, {order}{mapped}, {ends}"
    if isinstance(data, list | tuple):
        return f"({', '.join(str(digest(part)) for part in data)})"
    if isinstance(data, dict):
        return {str(key): digest(part) for key, part in data.items()}
    if data is None or isinstance(data, bool | int | float | str):
        return data
    return checksum(data) if hasattr(data, "__array__") else class_name(type(data))
