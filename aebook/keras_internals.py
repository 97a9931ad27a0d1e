"""Every touch of a private part of Keras, each with what holds where it is missing.

Another version of Keras may move any of them. Then the function here falls back on
what is public, or says what is missing; nothing else in the package notices.
"""

from __future__ import annotations

from typing import Any

import keras

try:
    from keras.src.backend import compute_output_spec
except ImportError:
    compute_output_spec = None
try:
    from keras.src.backend.common.global_state import (
        get_global_attribute,
        set_global_attribute,
    )
except ImportError:
    get_global_attribute = set_global_attribute = None
try:
    from keras.src.trainers.trainer import model_supports_jit
except ImportError:
    model_supports_jit = None

__all__ = [
    "averages_of",
    "build_by_shape",
    "check_trainable",
    "compilation_of",
    "decays",
    "forget_restored_epoch",
    "global_seeds",
    "index_of",
    "is_called_by_fit",
    "layers_of",
    "loss_weights_of",
    "model_of",
    "new_global_seeds",
    "restored_epoch",
    "supports_xla",
]

SEEDS = "global_seed_generator"


# --- models


def layers_of(model: keras.Model) -> list:
    """Return a model and all layers in it, at any depth.

    Args:
        model: A Keras model.

    Returns:
        The model, then its layers. Without Keras' own list of them, those that
        `layers` shows.

    Example:
        >>> model = keras.Sequential([keras.Sequential([keras.layers.ReLU()])])
        >>> [type(layer).__name__ for layer in layers_of(model)]
        ['Sequential', 'Sequential', 'ReLU']
    """
    if hasattr(model, "_flatten_layers"):
        return list(model._flatten_layers())
    inner = getattr(model, "layers", ())
    return [model, *(layer for part in inner for layer in layers_of(part))]


def compilation_of(model: keras.Model) -> Any:
    """Return an object that is another one after each `compile` of the model.

    Args:
        model: A compiled Keras model.

    Returns:
        An object to compare by `is`; the optimizer, where Keras keeps none.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> before = compilation_of(model)
        >>> model.compile("sgd", "mse")
        >>> compilation_of(model) is before
        False
    """
    return getattr(model, "_compile_config", model.optimizer)


def loss_weights_of(model: keras.Model) -> Any:
    """Return the `loss_weights` that a model was compiled with.

    Args:
        model: A compiled Keras model.

    Returns:
        As given to `compile`; `None` where there are none, or Keras does not say.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse", loss_weights=[0.5])
        >>> loss_weights_of(model)
        [0.5]
    """
    compiled = getattr(model, "_compile_config", None)
    return getattr(compiled, "config", {}).get("loss_weights")


def check_trainable(model: keras.Model) -> None:
    """Raise if a layer was frozen or thawed after `compile`.

    Where Keras does not remember how it was, nothing is checked.

    Args:
        model: A Keras model.

    Raises:
        ValueError: If the optimizer was set up for other weights.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> check_trainable(model)
    """
    compiled = getattr(model, "_compiled_trainable_state", {})
    layers = {layer: layer.trainable for layer in layers_of(model)}
    changed = [
        layer.name for layer, was in compiled.items() if layers.get(layer, was) != was
    ]
    if changed:
        raise ValueError(
            f"`trainable` of {', '.join(changed)} was changed after compile(), whose "
            "optimizer still has the weights of before; call compile() again"
        )


def supports_xla(model: keras.Model) -> bool:
    """Whether XLA can compile every layer of a model.

    Args:
        model: A Keras model.

    Returns:
        What Keras says of it; `False`, which is only slower, where it says nothing.

    Example:
        >>> supports_xla(keras.Sequential([keras.layers.Dense(1)]))
        True
    """
    return model_supports_jit is not None and bool(model_supports_jit(model))


def build_by_shape(model: keras.Model, symbols: Any) -> None:
    """Give a model its variables without computing anything.

    Args:
        model: A Keras model that is not built.
        symbols: `keras.KerasTensor`s in the structure of its inputs.

    Example:
        >>> model = keras.Sequential([keras.layers.Dense(3)])
        >>> build_by_shape(model, keras.KerasTensor((None, 2)))
        >>> model.built
        True
    """
    if compute_output_spec is None:
        model(symbols, training=False)  # the model then remembers these inputs
    else:
        compute_output_spec(model, symbols, training=False)


# --- training


def restored_epoch(model: keras.Model) -> int | None:
    """Return the epoch that `keras.callbacks.BackupAndRestore` says to go on with.

    Args:
        model: The model, after `on_train_begin` of its callbacks.

    Returns:
        The epoch, counted from 0, or `None` if nothing was restored.

    Example:
        >>> restored_epoch(keras.Sequential()) is None
        True
    """
    return getattr(model, "_initial_epoch", None)


def model_of(callback: keras.callbacks.Callback) -> keras.Model:
    """Return the model of a callback, its variables as they are.

    On JAX, Keras' `callback.model` brings the state of the steps into them first,
    which ends the step under way.

    Args:
        callback: One that has a model.

    Returns:
        The model.

    Example:
        >>> callback, model = keras.callbacks.Callback(), keras.Sequential()
        >>> callback.set_model(model)
        >>> model_of(callback) is model
        True
    """
    return callback._model if hasattr(callback, "_model") else callback.model


def forget_restored_epoch(model: keras.Model) -> None:
    """Let a run begin where it is told to; Keras keeps what an earlier one restored.

    Args:
        model: The model, before a run.
    """
    if restored_epoch(model) is not None:
        model._initial_epoch = None


def is_called_by_fit(options: dict[str, Any]) -> bool:
    """Whether `evaluate` gets its validation data from Keras' own `fit`.

    Args:
        options: The keyword arguments of `evaluate`.

    Returns:
        `False` where Keras does not say; the data is then checked once more.

    Example:
        >>> is_called_by_fit({"verbose": 0})
        False
    """
    return bool(options.get("_use_cached_eval_dataset"))


# --- optimizers


def decays(optimizer: Any, variable: Any) -> bool:
    """Whether the weight decay of an optimizer is for this variable.

    Args:
        optimizer: A Keras optimizer.
        variable: One that it trains.

    Returns:
        `False` if `exclude_from_weight_decay` took it out; `True` where Keras does
        not say.

    Example:
        >>> optimizer = keras.optimizers.AdamW(weight_decay=0.1)
        >>> w = keras.Variable([1.0])
        >>> optimizer.exclude_from_weight_decay(var_list=[w])
        >>> decays(optimizer, w)
        False
    """
    asked = getattr(optimizer, "_use_weight_decay", None)
    return True if asked is None else bool(asked(variable))


def index_of(optimizer: Any, variable: Any) -> int:
    """Return which of the variables that an optimizer trains this one is.

    Args:
        optimizer: A Keras optimizer that is built.
        variable: One that it trains.

    Returns:
        Its place, from 0.

    Raises:
        AttributeError: If this version of Keras numbers them otherwise.

    Example:
        >>> optimizer, w = keras.optimizers.SGD(), keras.Variable([1.0])
        >>> optimizer.build([w])
        >>> index_of(optimizer, w)
        0
    """
    return _part(optimizer, "_get_variable_index")(variable)


def averages_of(optimizer: Any) -> tuple[list, list]:
    """Return what an optimizer trains, and the `momentum` it keeps of each.

    Args:
        optimizer: A Keras optimizer that is built and keeps one.

    Returns:
        Two lists of variables in the same order.

    Raises:
        AttributeError: If this version of Keras keeps them elsewhere.

    Example:
        >>> optimizer, w = keras.optimizers.Adam(), keras.Variable([1.0])
        >>> optimizer.build([w])
        >>> [len(part) for part in averages_of(optimizer)]
        [1, 1]
    """
    weights = _part(optimizer, "_trainable_variables")
    return list(weights), list(_part(optimizer, "_momentums"))


# --- random numbers


def global_seeds() -> Any:
    """Return the generator that layers without one draw from; `None` if none did yet.

    Returns:
        A `keras.random.SeedGenerator`, whose `state` is a variable.

    Raises:
        AttributeError: If this version of Keras keeps it elsewhere.

    Example:
        >>> keras.utils.set_random_seed(0)
        >>> noise = keras.random.normal((2,))
        >>> type(global_seeds()).__name__
        'SeedGenerator'
    """
    _check_seeds()
    return get_global_attribute(SEEDS)


def new_global_seeds() -> Any:
    """Make that generator, which draws its first seed from Python's, and return it.

    Returns:
        A `keras.random.SeedGenerator`.

    Raises:
        AttributeError: If this version of Keras keeps it elsewhere.

    Example:
        >>> new_global_seeds() is global_seeds()
        True
    """
    _check_seeds()
    seeds = keras.random.SeedGenerator()
    set_global_attribute(SEEDS, seeds)
    return seeds


def _check_seeds() -> None:
    if get_global_attribute is None:
        raise AttributeError(_missing("its global seed"))


def _part(optimizer: Any, name: str) -> Any:
    try:
        return getattr(optimizer, name)
    except AttributeError:
        raise AttributeError(
            _missing(f"{name} of {type(optimizer).__name__}")
        ) from None


def _missing(what: str) -> str:
    return (
        f"Keras must keep {what} where Keras 3.15 does, and Keras {keras.__version__} "
        "does not; install that version"
    )
