"""Training: whole epochs in compiled loops, behind Keras' own `fit`.

`fit` takes the arguments of `keras.Model.fit` and returns its `History`. Arrays in
memory train in compiled loops, several times faster than batch by batch. What such
a loop cannot honour takes Keras' own loop; `why_keras_loop` says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard

from aebook.checks import check_choice, check_count
from aebook.epochs import CompiledFit
from aebook.loops import xla_works
import keras
from keras.src.trainers.trainer import model_supports_jit  # Keras has no public twin
import numpy as np

__all__ = ["fit", "why_keras_loop"]

# XLA takes about a second to compile and saves about half a millisecond a step.
XLA_STEPS = 1000
KERAS_ONLY = ("class_weight", "sample_weight", "steps_per_epoch", "validation_steps")
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


def fit(
    model: keras.Model,
    x: Any,
    y: Any = None,
    *,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: str | int = "auto",
    callbacks: Any = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: bool | str = True,
    initial_epoch: int = 0,
    validation_batch_size: int | None = None,
    validation_freq: int | Sequence[int] = 1,
    **keras_only: Any,
) -> keras.callbacks.History:
    """Train a Keras model, in compiled epochs where that is possible.

    Batches are made as in `keras.Model.fit`: a new order each epoch, the last batch
    smaller. The order comes from `keras.utils.set_random_seed`. Given the same
    batches, the weights are those that Keras reaches with the same `jit_compile`. An
    autoencoder compiled with `"auto"` uses XLA from 1,000 steps on.

    Ctrl-C ends training within about a second. The weights are then those of the
    last finished step, and `model.history` holds the finished epochs.

    Args:
        model: A compiled Keras model.
        x: Inputs, shape `(n_samples, ...)`, or any dataset that Keras takes.
        y: Targets, first axis as in `x`. A model such as
            `aebook.models.Autoencoder` reads `None` as "the target is the input".
        batch_size: Samples a step. Defaults to 32.
        epochs: Where to stop counting epochs. Defaults to 1.
        verbose: 0 silent, 1 a progress bar, 2 a line an epoch. Defaults to a bar.
        callbacks: Keras callbacks. Those that act on batches choose Keras' loop.
        validation_split: Fraction in [0, 1) of the last samples to hold out.
        validation_data: `(x, y)`, `(x,)` or `x`, evaluated after each epoch.
        shuffle: Whether each epoch has its own order. Defaults to `True`.
        initial_epoch: Where to start counting epochs. Defaults to 0.
        validation_batch_size: Defaults to `batch_size`.
        validation_freq: Evaluate every so many epochs, or after the epochs listed.
        **keras_only: What only Keras' loop knows: `class_weight`, `sample_weight`,
            `steps_per_epoch`, `validation_steps`.

    Returns:
        Keras' `History`; its `.history` maps each loss and metric to one value an
        epoch, averaged over the samples of the epoch.

    Raises:
        TypeError: If a count is not a whole number.
        ValueError: If a count is below its minimum, `x` and `y` differ in length, or
            an argument is unknown.

    Example:
        >>> import keras, numpy as np
        >>> keras.utils.set_random_seed(0)
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> x = np.ones((64, 2), "float32")
        >>> history = fit(model, x, x[:, :1], epochs=3, verbose=0)
        >>> len(history.history["loss"])
        3
    """
    for name in keras_only:
        check_choice(name, KERAS_ONLY, "argument of fit")
    options = {
        "batch_size": batch_size,
        "epochs": epochs,
        "verbose": verbose,
        "callbacks": callbacks,
        "validation_split": validation_split,
        "validation_data": validation_data,
        "shuffle": shuffle,
        "initial_epoch": initial_epoch,
        "validation_batch_size": validation_batch_size,
        "validation_freq": validation_freq,
        **keras_only,
    }
    _check_options(options)
    train = (x,) if y is None else (x, y)
    _check_lengths(train)
    if not why_keras_loop(model, x, y, **options):
        train, validation = _split(train, validation_data, validation_split)
        batch_size = batch_size or 32
        steps = max(epochs - initial_epoch, 0) * -(-len(train[0]) // batch_size)
        compiled = CompiledFit(
            model,
            train,
            validation,
            batch_size,
            validation_batch_size or batch_size,
            _uses_xla(model, steps),
        )
        if not compiled.loses_logs():
            return compiled.run(
                range(initial_epoch, epochs),
                callbacks,
                verbose,
                bool(shuffle),
                lambda epoch: (
                    (epoch + 1) % validation_freq == 0
                    if isinstance(validation_freq, int)
                    else epoch + 1 in validation_freq
                ),
            )
    if _is_array(validation_data):
        options["validation_data"] = (validation_data,)
    if shuffle is True and not _is_array(x):  # a dataset orders its own batches
        options["shuffle"] = isinstance(x, keras.utils.PyDataset)
    return keras.Model.fit(model, x, y, **options)


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
    if not model.compiled:
        return "the model is not compiled yet"
    backend = keras.backend.backend()
    validation = options.get("validation_data")
    others = (y, *validation) if _is_pair(validation) else (y, validation)
    callbacks = keras.tree.flatten(options.get("callbacks"))
    reasons = {
        "the PyTorch backend has no compiled loop": backend == "torch",
        "run_eagerly asks for single steps": model.run_eagerly,
        "without jit_compile JAX runs single steps": backend == "jax"
        and not model.jit_compile,
        "steps_per_execution is set": model.steps_per_execution != 1,
        "the model is distributed": _is_distributed(model),
        "the data is not an array in memory": not _is_array(x)
        or not all(part is None or _is_array(part) for part in others),
        "the batches keep their order": options.get("shuffle") == "batch",
        "keras.config caps the length of runs": bool(
            keras.config.max_epochs() or keras.config.max_steps_per_epoch()
        ),
        **{f"{name} is set": options.get(name) is not None for name in KERAS_ONLY},
        "a callback acts on batches": any(map(_acts_on_batches, callbacks)),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _check_options(options: dict[str, Any]) -> None:
    for name, least in (
        ("batch_size", 1),
        ("validation_batch_size", 1),
        ("epochs", 0),
        ("initial_epoch", 0),
    ):
        if options[name] is not None:
            check_count(options[name], name, least)
    split = options["validation_split"]
    if not 0 <= split < 1:
        raise ValueError(f"validation_split must be in [0, 1), got {split}")


def _check_lengths(data: tuple) -> None:
    lengths = [len(part) for part in data if _is_array(part)]
    if len(set(lengths)) > 1:
        raise ValueError(
            "x and y must have as many samples as each other, "
            f"got {' and '.join(map(str, lengths))}"
        )


def _split(train: tuple, validation: Any, fraction: float) -> tuple:
    """Return training and validation data, the latter `None` if there is none."""
    if _is_pair(validation):
        validation = tuple(part for part in validation if part is not None)
        _check_lengths(validation)
    elif validation is not None:
        validation = (validation,)
    elif fraction:
        last = int(len(train[0]) * (1 - fraction))  # rounded down, as Keras does
        if last in (0, len(train[0])):
            raise ValueError(
                f"validation_split={fraction} of {len(train[0])} samples leaves one "
                "side empty; use another fraction or validation_data"
            )
        validation = tuple(part[last:] for part in train)
        train = tuple(part[:last] for part in train)
    return train, validation


def _uses_xla(model: keras.Model, steps: int) -> bool:
    """Decide for models that leave it open; others say it in `jit_compile`."""
    if getattr(model, "jit_request", None) != "auto":
        return model.jit_compile
    if keras.backend.backend() != "tensorflow":
        return True
    return steps >= XLA_STEPS and model_supports_jit(model) and xla_works()


def _is_array(data: Any) -> bool:
    return isinstance(data, np.ndarray) or keras.ops.is_tensor(data)


def _is_pair(data: Any) -> TypeGuard[Sequence]:
    return isinstance(data, tuple | list) and len(data) in (1, 2)


def _is_distributed(model: keras.Model) -> bool:
    if keras.backend.backend() == "tensorflow":
        return model.distribute_strategy.num_replicas_in_sync > 1
    return keras.distribution.distribution() is not None


def _acts_on_batches(callback: Any) -> bool:
    if callback is None:
        return False
    if getattr(callback, "save_freq", "epoch") != "epoch":
        return True
    idle = {getattr(cls, hook) for cls in EPOCH_CALLBACKS for hook in BATCH_HOOKS}
    return any(
        getattr(getattr(callback, hook), "__func__", None) not in idle
        for hook in BATCH_HOOKS
    )
