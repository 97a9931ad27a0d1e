"""Training: whole epochs in compiled loops, behind Keras' own `fit`.

`fit` takes the arguments of `keras.Model.fit` and returns its `History`. Arrays in
memory train in compiled loops, several times faster than batch by batch. What such
a loop cannot honour takes Keras' own loop; `why_keras_loop` says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aebook.checks import check_choice, check_count
from aebook.choice import (
    KERAS_ONLY,
    check_data,
    is_array,
    is_pair,
    uses_xla,
    why_keras_loop,
)
from aebook.epochs import CompiledFit
import keras

__all__ = ["fit", "why_keras_loop"]


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
        TypeError: If a count is not a whole number, or an array holds no numbers.
        ValueError: If a count is below its minimum, an argument is unknown, an array
            is empty, not finite or of another shape than the model takes, or `x` and
            `y` differ in length.

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
    train = (x,) if y is None else (x, y)
    if is_array(validation_data):
        validation_data = (validation_data,)
    elif is_pair(validation_data):
        validation_data = tuple(part for part in validation_data if part is not None)
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
    check_data(model, train)
    if is_pair(validation_data):
        check_data(model, validation_data, of="validation ")
    if validation_split and validation_data is None and is_array(x):
        _check_split(len(x), validation_split)
    if not why_keras_loop(model, x, y, **options):
        validation = validation_data
        if validation_split and validation is None:
            last = _last_to_train(len(x), validation_split)
            validation = tuple(part[last:] for part in train)
            train = tuple(part[:last] for part in train)
        batch_size = batch_size or 32
        steps = max(epochs - initial_epoch, 0) * -(-len(train[0]) // batch_size)
        compiled = CompiledFit(
            model,
            train,
            validation,
            batch_size,
            validation_batch_size or batch_size,
            uses_xla(model, steps),
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
    if shuffle is True and not is_array(x):  # a dataset orders its own batches
        options["shuffle"] = isinstance(x, keras.utils.PyDataset)
    return keras.Model.fit(model, x, y, **options)


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


def _last_to_train(n_samples: int, validation_split: float) -> int:
    return int(n_samples * (1 - validation_split))  # rounded down, as Keras does


def _check_split(n_samples: int, validation_split: float) -> None:
    if _last_to_train(n_samples, validation_split) in (0, n_samples):
        raise ValueError(
            f"validation_split={validation_split} of {n_samples} samples leaves one "
            "side empty; use another fraction or validation_data"
        )
