"""What a run depends on beside its data, as plain values: taken out and put back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
import random
import re
from typing import Any

from aebook.checkpoint import NotPlainError, pack
import keras
from keras.src.backend.common import global_state  # Keras has no public twin
import numpy as np

__all__ = [
    "assign",
    "matched",
    "names_of",
    "random_state",
    "set_random_state",
    "states_of",
    "values_of",
]


# --- variables


def names_of(variables: list) -> list[str]:
    """Name each variable, without the numbers that Keras gives out in a process.

    Args:
        variables: Keras variables.

    Returns:
        Path, shape and dtype of each.

    Example:
        >>> layer = keras.layers.Dense(2, name="dense_7")
        >>> layer.build((None, 3))
        >>> names_of(layer.variables)
        ['dense/kernel (3, 2) float32', 'dense/bias (2,) float32']
    """
    return [
        f"{re.sub(r'_[0-9]+(?=[/_]|$)', '', v.path)} {tuple(v.shape)} {v.dtype}"
        for v in variables
    ]


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
        dtype = np.asarray(keras.ops.convert_to_numpy(variable)).dtype
        # NumPy's files keep the bits of bfloat16, not its name.
        variable.assign(value.view(dtype) if value.dtype.kind == "V" else value)


# --- callbacks


def states_of(callbacks: list) -> list[tuple[str, dict]]:
    """Take the state of callbacks, such as counters and best weights.

    It is what `get_state` of the callback returns, or else its plain attributes.

    Args:
        callbacks: Keras callbacks.

    Returns:
        The name of its class and its state, names and plain values, for each.

    Example:
        >>> ((name, state),) = states_of([keras.callbacks.EarlyStopping(patience=3)])
        >>> name, state["patience"], state["wait"]
        ('EarlyStopping', 3, 0)
    """
    return [
        (
            type(c).__name__,
            c.get_state() if hasattr(c, "get_state") else dict(_plain_attributes(c)),
        )
        for c in callbacks
    ]


def _plain_attributes(callback: Any) -> Iterator[tuple[str, Any]]:
    for name, value in vars(callback).items():
        if name in ("params", "_model", "model"):
            continue
        try:
            pack(value, {})
        except NotPlainError:  # a function, a file, the model
            continue
        yield name, value


def matched(callbacks: list, states: list) -> Iterator[tuple[Any, dict]]:
    """Pair the first, second … callback of a class with the state of the same.

    Args:
        callbacks: Keras callbacks.
        states: What `states_of` returned for as many of them or others.

    Yields:
        A callback and its state, where there is one.

    Example:
        >>> history = keras.callbacks.History()
        >>> [state for _, state in matched([history], [("History", {"epoch": [0]})])]
        [{'epoch': [0]}]
    """
    seen: Counter = Counter()
    by_place = {}
    for name, state in states:
        by_place[name, seen[name]] = state
        seen[name] += 1
    seen.clear()
    for callback in callbacks:
        name = type(callback).__name__
        if (name, seen[name]) in by_place:
            yield callback, by_place[name, seen[name]]
        seen[name] += 1


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
    seeds = global_state.get_global_attribute("global_seed_generator")
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
        seeds = global_state.get_global_attribute("global_seed_generator")
        if seeds is None:  # draws its first seed from Python's generator, set below
            seeds = keras.random.SeedGenerator()
            global_state.set_global_attribute("global_seed_generator", seeds)
        assign([seeds.state], state["keras"])
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])  # noqa: NPY002
    if "torch" in state:
        import torch

        torch.set_rng_state(torch.from_numpy(state["torch"]))
        if "cuda" in state:
            torch.cuda.set_rng_state_all([torch.from_numpy(s) for s in state["cuda"]])
