"""Snapshot of a run: weights, optimizer and random states, taken out and put back."""

from __future__ import annotations

from collections import Counter
import random
import re
from typing import Any

from aebook.keras_internals import build_by_shape, global_seeds, new_global_seeds
import keras
import numpy as np

__all__ = [
    "assign",
    "build",
    "names_of",
    "random_state",
    "set_random_state",
    "values_of",
]


# --- variables


def names_of(variables: list) -> dict[str, str]:
    """Name each variable, without the numbers that Keras gives out in a process.

    Args:
        variables: Keras variables.

    Returns:
        Shape and dtype by path; of equal paths, the second and later are numbered.

    Example:
        >>> layer = keras.layers.Dense(2, name="dense_7")
        >>> layer.build((None, 3))
        >>> names_of(layer.variables)
        {'dense/kernel': '(3, 2) float32', 'dense/bias': '(2,) float32'}
    """
    names: dict[str, str] = {}
    seen: Counter = Counter()
    for v in variables:
        path = re.sub(r"_[0-9]+(?=[/_]|$)", "", v.path)
        seen[path] += 1
        number = f" {seen[path]}" if seen[path] > 1 else ""
        names[path + number] = f"{tuple(v.shape)} {v.dtype}"
    return names


def build(model: keras.Model, x: Any) -> None:
    """Give a model its variables before it trains, by the shape of what it takes.

    Args:
        model: A compiled Keras model; one that has no variables yet gets them.
        x: Inputs, as for `fit`.

    Raises:
        ValueError: If the shape cannot be known without taking data away.

    Example:
        >>> model = keras.Sequential([keras.layers.Dense(3)])
        >>> model.compile("sgd", "mse")
        >>> build(model, np.ones((8, 2)))
        >>> model.input_shape
        (None, 2)
    """
    if not model.built:
        first = keras.tree.map_structure(_symbol, _first(x))
        build_by_shape(model, first)
    model.optimizer.build(model.trainable_variables)


def _first(x: Any) -> Any:
    """Return some inputs: a batch, or an array as it is."""
    if isinstance(x, keras.utils.PyDataset):
        batch = x[0]
    elif hasattr(x, "element_spec"):  # of tf.data: begins anew each time
        batch = next(iter(x))
    elif all(hasattr(part, "shape") for part in keras.tree.flatten(x)):
        return x
    else:
        raise ValueError(
            "a checkpoint needs a model that is built, and this one would be by the "
            "first batch; begin it with keras.Input, or call it on some data before"
        )
    return batch[0] if isinstance(batch, tuple) else batch


def _symbol(part: Any) -> keras.KerasTensor:
    dtype = keras.backend.standardize_dtype(part.dtype)
    dtype = keras.config.floatx() if "float" in dtype else dtype
    return keras.KerasTensor((None, *part.shape[1:]), dtype)


def values_of(variables: list) -> list[np.ndarray]:
    """Copy the values of variables.

    Args:
        variables: Keras variables.

    Returns:
        An array each.

    Example:
        >>> values_of([keras.Variable([1.0, 2.0])])
        [array([1., 2.], dtype=float32)]
    """
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def assign(variables: list, values: list[np.ndarray]) -> None:
    """Give variables their values back.

    Args:
        variables: Keras variables; changed in place.
        values: What `values_of` returned, maybe by way of a file.

    Example:
        >>> variable = keras.Variable([1.0, 2.0])
        >>> assign([variable], [np.array([3.0, 4.0], "float32")])
        >>> values_of([variable])
        [array([3., 4.], dtype=float32)]
    """
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


# --- random numbers


def random_state(rng: np.random.Generator | None) -> dict[str, Any]:
    """Take the state of all generators that a run may draw from.

    Args:
        rng: What shuffles the samples, if there is such a generator.

    Returns:
        Plain values: of `rng`, Python, NumPy, Keras, and PyTorch where it trains.

    Example:
        >>> state = random_state(None)
        >>> first = random.random()
        >>> set_random_state(state, None)
        >>> random.random() == first
        True
    """
    seeds = global_seeds()
    state = {
        "shuffling": None if rng is None else rng.bit_generator.state,
        "python": random.getstate(),
        "numpy": np.random.get_state(legacy=False),  # noqa: NPY002 (others draw of it)
        "keras": None if seeds is None else values_of([seeds.state]),
    }
    if keras.backend.backend() == "torch":
        import torch

        state["torch"] = torch.get_rng_state().numpy()
        if torch.cuda.is_available():
            state["cuda"] = [s.numpy() for s in torch.cuda.get_rng_state_all()]
    return state


def set_random_state(state: dict[str, Any], rng: np.random.Generator | None) -> None:
    """Put back what `random_state` took.

    Args:
        state: What it returned.
        rng: What shuffles the samples, if there is such a generator.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> state = random_state(rng)
        >>> first = rng.random()
        >>> set_random_state(state, rng)
        >>> rng.random() == first
        True
    """
    if rng is not None and state["shuffling"] is not None:
        rng.bit_generator.state = state["shuffling"]
    if state["keras"] is not None:
        seeds = global_seeds()
        if seeds is None:
            seeds = new_global_seeds()  # Python's generator is set below
        assign([seeds.state], state["keras"])
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])  # noqa: NPY002
    if "torch" in state:
        import torch

        torch.set_rng_state(torch.from_numpy(state["torch"]))
        if "cuda" in state:
            torch.cuda.set_rng_state_all([torch.from_numpy(s) for s in state["cuda"]])
