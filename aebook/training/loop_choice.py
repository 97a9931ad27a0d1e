"""Which loop `aebook.training.fit` takes: a compiled one or that of Keras."""

from __future__ import annotations

from typing import Any

from aebook.keras_internals import supports_xla
from aebook.training.batches import is_mapped
from aebook.training.compiled_steps import xla_works
from aebook.training.data_checks import is_array
from aebook.training.request import FitRequest, Samples
import keras

__all__ = ["reason_for_keras_loop", "uses_xla", "why_keras_loop"]

# XLA takes about a second to compile and saves about half a millisecond a step.
XLA_STEPS = 1000
KERAS_ONLY = ("class_weight", "steps_per_epoch", "validation_steps")
BATCH_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
)
# The batch hooks of these do nothing that matters, unless `save_freq` counts batches.
EPOCH_CALLBACKS = (
    keras.callbacks.Callback,
    keras.callbacks.ProgbarLogger,
    keras.callbacks.ModelCheckpoint,
    keras.callbacks.BackupAndRestore,
)


def why_keras_loop(model: keras.Model, x: Any, y: Any = None, **options: Any) -> str:
    """Say why `fit` with these arguments takes Keras' loop.

    Args:
        model: A compiled Keras model.
        x: Inputs, as for `fit`.
        y: Targets, as for `fit`.
        **options: Further arguments of `fit`.

    Returns:
        The reason in a few words; empty when the epochs will be compiled.

    Example:
        >>> import keras, numpy as np
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
        >>> model.compile("sgd", "mse")
        >>> why_keras_loop(model, np.ones((8, 2)), np.ones((8, 2)))
        ''
        >>> why_keras_loop(model, ([0.0, 0.0] for _ in range(8)))
        'the data is not an array in memory'
    """
    return reason_for_keras_loop(model, FitRequest.of(x, y, **options))


def reason_for_keras_loop(model: keras.Model, request: FitRequest) -> str:
    """Say why a run takes Keras' loop, as `why_keras_loop` does of a call."""
    if not model.compiled:
        return "the model is not compiled yet"
    backend = keras.backend.backend()
    data = (*request.train.parts, *(request.validation or Samples(None)).parts)
    reasons = {
        "the PyTorch backend has no compiled loop": backend == "torch",
        "run_eagerly asks for single steps": model.run_eagerly,
        "without jit_compile JAX runs single steps": backend == "jax"
        and not model.jit_compile,
        "steps_per_execution is set": model.steps_per_execution != 1,
        "the model is distributed": _is_distributed(model),
        "the data is not an array in memory": not all(map(is_array, data)),
        "the data is mapped from a file": any(map(is_mapped, data)),
        "the batches keep their order": request.shuffle == "batch",
        "keras.config caps the length of runs": bool(
            keras.config.max_epochs() or keras.config.max_steps_per_epoch()
        ),
        **{f"{name} is set": getattr(request, name) is not None for name in KERAS_ONLY},
        "a callback acts on batches": any(map(_acts_on_batches, request.callbacks)),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def uses_xla(model: keras.Model, steps: int) -> bool:
    """Whether XLA compiles so many steps; decided here where the model leaves it."""
    if getattr(model, "jit_request", None) != "auto":
        return model.jit_compile
    if keras.backend.backend() != "tensorflow":
        return True
    return (
        steps >= XLA_STEPS and supports_xla(model) and _xla_pays(model) and xla_works()
    )


def _xla_pays(model: keras.Model) -> bool:
    """Whether XLA is known to be fast at what the model does, on the device at hand.

    On a CPU it takes 40 times as long as TensorFlow for a convolution, and 15 times
    for the random numbers of a noise layer over 784 pixels.
    """
    import tensorflow as tf

    convolves = any(len(weight.shape) > 2 for weight in model.weights)
    draws = any("seed_generator" in v.path for v in model.non_trainable_variables)
    return not (convolves or draws) or bool(tf.config.list_physical_devices("GPU"))


def _is_distributed(model: keras.Model) -> bool:
    if keras.backend.backend() == "tensorflow":
        return model.distribute_strategy.num_replicas_in_sync > 1
    return keras.distribution.distribution() is not None


def _acts_on_batches(callback: Any) -> bool:
    if getattr(callback, "save_freq", "epoch") != "epoch":
        return True
    idle = {getattr(cls, hook) for cls in EPOCH_CALLBACKS for hook in BATCH_HOOKS}
    return any(
        getattr(getattr(callback, hook), "__func__", None) not in idle
        for hook in BATCH_HOOKS
    )
