"""`fit`: the one way from a call to a `History`, whichever loop runs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import functools
import os
from typing import Any

from aebook.checks import check_between, check_choice, check_count
from aebook.keras_internals import check_trainable, forget_restored_epoch
from aebook.training.batches import Batches, Rewind, is_mapped
from aebook.training.callback_checks import check_rate_setters
from aebook.training.checkpoint.callback import Resume
from aebook.training.checkpoint.fingerprint import settings_of
from aebook.training.checkpoint.snapshot import build
from aebook.training.compiled_epochs import CompiledFit
from aebook.training.loop_choice import (
    KERAS_ONLY,
    check_data,
    is_array,
    uses_xla,
    why_keras_loop,
)
from aebook.training.nonfinite import FiniteLoss
from aebook.training.retracing import many_models
from aebook.training.streams import first_batch, is_stream
import keras
import numpy as np

__all__ = ["checked", "fit"]


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
    sample_weight: Any = None,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_every: int = 1,
    **keras_only: Any,
) -> keras.callbacks.History:
    """Train a Keras model, in compiled epochs where that is possible.

    Batches are made as in `keras.Model.fit`: a new order each epoch, the last batch
    smaller. The order comes from `keras.utils.set_random_seed`. Given the same
    batches, the weights are those that Keras reaches with the same `jit_compile`. An
    autoencoder compiled with `"auto"` uses XLA from 1,000 steps on.

    Ctrl-C ends training within about a second. The weights are then those of the
    last finished step, and `model.history` holds the finished epochs.

    With a `checkpoint`, a run that was stopped or killed goes on where the file left
    it when the same call is made again, in a new process too, and ends at the same
    bits as if it was never stopped. Weights, optimizer, learning rate, history,
    random numbers and the progress of callbacks come from the file; what a callback
    was built with, such as its `patience`, comes from the call. A run that had ended,
    by its epochs or by a callback, returns at once. This holds for arrays and
    `Batches`; another dataset goes on with a new pass, the same only if each of its
    passes is the same.

    What determines the run must be the same: data, weights and batches, validation,
    backend, dtype policy, and the configs of model, optimizer and loss; only `epochs`
    may grow. What differs is named. Compiled metrics only watch, and may
    differ. The learning rate, if it is a number, and the numbers that a model names
    in `adjustable` may change while the run trains; a call must find them as the run
    began, or as it left them. Of a model without a config its class, layers and
    variables are known, of a function its name, of another dataset its class.

    A callback of your own that has attributes needs two methods beside a checkpoint:
    `get_state()` returns a dict of plain values, `set_state(state)` takes it back
    when all else is in place. Callbacks that keep nothing, and `CSVLogger` and
    `TensorBoard`, may come and go. `CSVLogger` needs `append=True`; epochs that are
    trained again stand in its file again.

    Data larger than memory: give `Batches`, or an `np.memmap`, which is read in
    batches and never copied as a whole. So are `tf.data`, generators and any
    `keras.utils.PyDataset`.

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
        validation_data: `x`, `(x, y)` or `(x, y, sample_weight)`, or a dataset;
            evaluated after each epoch. A `y` of `None` is as above.
        shuffle: Whether each epoch has its own order. Defaults to `True`.
        initial_epoch: Where to start counting epochs. Defaults to 0.
        validation_batch_size: Defaults to `batch_size`.
        validation_freq: Evaluate every so many epochs, or after the epochs listed.
        checkpoint: File to keep the state of the run in. Defaults to none.
        checkpoint_every: Epochs from one writing to the next. Defaults to 1.
        sample_weight: One number ≥ 0 a sample, shape `(n_samples,)`. Each loss of a
            sample is multiplied by it, and the mean is over the samples.
        **keras_only: What only Keras' loop knows: `class_weight`, `steps_per_epoch`,
            `validation_steps`.

    Returns:
        Keras' `History`; its `.history` maps each loss and metric to one value an
        epoch, averaged over the samples of the epoch.

    Raises:
        TypeError: If a count is not a whole number, an array holds no numbers, or a
            checkpoint cannot keep the state of a callback.
        ValueError: If a count is below its minimum, an argument is unknown, an array
            is empty, not finite or of another shape than the model takes, `x` and
            `y` differ in length, or the checkpoint is damaged or of another run.
        OSError: If the checkpoint cannot be read, or not be written; the one before
            is kept.
        NonFiniteLossError: If the loss becomes NaN or infinite. Compiled epochs give
            the model the weights of shortly before again.

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
    options = _checked_options(
        {
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
            "sample_weight": sample_weight,
            **keras_only,
        }
    )
    x, y, options = _checked_data(model, x, y, options)
    check_rate_setters(model, callbacks_of(options))
    check_trainable(model)
    forget_restored_epoch(model)
    resume = None
    if checkpoint is not None:
        resume = _resume(model, x, y, options, checkpoint, checkpoint_every)
        if resume.finished:
            return resume.finish(model)
    if not why_keras_loop(model, x, y, **options):
        compiled = _compiled(model, x, y, options, resume)
        if not compiled.loses_logs():
            return _run_compiled(compiled, options, resume)
    return _run_keras(model, x, y, options, resume)


# --- the two loops


def _compiled(
    model: keras.Model, x: Any, y: Any, options: dict[str, Any], resume: Resume | None
) -> CompiledFit:
    train, validation = _split(x, y, options)
    batch_size = options["batch_size"] or 32
    # Of the whole run, not of what is left of it: XLA's bits are other bits.
    epochs = max(options["epochs"] - options["initial_epoch"], 0)
    xla = uses_xla(model, epochs * -(-len(train[0]) // batch_size))
    if resume and resume.xla is not None:
        xla = resume.xla
    validation_batch_size = options["validation_batch_size"] or batch_size
    return CompiledFit(
        model, train, validation, batch_size, validation_batch_size, xla, resume
    )


def _run_compiled(
    compiled: CompiledFit, options: dict[str, Any], resume: Resume | None
) -> keras.callbacks.History:
    freq = options["validation_freq"]
    return compiled.run(
        range(_first_epoch(options, resume), options["epochs"]),
        [*resume.callbacks, resume] if resume else options["callbacks"],
        options["verbose"],
        bool(options["shuffle"]),
        lambda epoch: (
            (epoch + 1) % freq == 0 if isinstance(freq, int) else epoch + 1 in freq
        ),
    )


def _run_keras(
    model: keras.Model, x: Any, y: Any, options: dict[str, Any], resume: Resume | None
) -> keras.callbacks.History:
    callbacks = resume.callbacks if resume else callbacks_of(options)
    if not any(isinstance(c, keras.callbacks.TerminateOnNaN) for c in callbacks):
        where = "The weights are not put back; a checkpoint keeps those of each epoch."
        if resume:
            where = f"{resume.path} holds the state after the last whole epoch."
        callbacks = [FiniteLoss(where), *callbacks]
    if resume:
        callbacks = [*callbacks, resume]
    # Keras' own order of an array cannot be taken up again, that of `Batches` can.
    if is_array(x) and (resume or is_mapped(x) or is_mapped(y)):
        x, y, options = _in_batches(x, y, options)
        if resume:
            resume.batches.append(x)
    if isinstance(x, Batches):
        callbacks = [Rewind(x), *callbacks]
    options = options | {
        "callbacks": callbacks,
        "initial_epoch": _first_epoch(options, resume),
        "validation_data": _unmapped(options),
    }
    if options["shuffle"] is True and not is_array(x):  # orders its own batches
        options["shuffle"] = isinstance(x, keras.utils.PyDataset) and not isinstance(
            x, Batches
        )
    with many_models():
        return keras.Model.fit(model, x, y, **options)


def _first_epoch(options: dict[str, Any], resume: Resume | None) -> int:
    if resume is None or resume.epochs_done is None:
        return options["initial_epoch"]
    return options["epochs"] if resume.ended else resume.epochs_done


# --- data


def _split(x: Any, y: Any, options: dict[str, Any]) -> tuple[tuple, Any]:
    """Return the parts to train on, `(x,)`, `(x, y)` or `(x, y, weight)`, and others.

    The second value is the same to validate on, or whatever stands for it.
    """
    train = tuple(p for p in (x, y, options.get("sample_weight")) if p is not None)
    split, validation = options["validation_split"], options["validation_data"]
    if not split or validation is not None:
        return train, validation
    last = _last_to_train(len(x), split)
    return tuple(p[:last] for p in train), tuple(p[last:] for p in train)


def _in_batches(x: Any, y: Any, options: dict[str, Any]) -> tuple:
    """Return `Batches` of the arrays in their place, and the options that remain."""
    train, validation = _split(x, y, options)
    batch_size = options["batch_size"] or 32
    batches = Batches(
        *(p if is_mapped(p) else np.asarray(p) for p in train[:2]),
        batch_size=batch_size,
        shuffle=bool(options["shuffle"]),
        block_size=batch_size if options["shuffle"] == "batch" else None,
    )
    batches.parts = (*batches.parts, *map(np.asarray, train[2:]))
    changed = {
        "batch_size": None,
        "validation_batch_size": options["validation_batch_size"] or batch_size,
        "sample_weight": None,
        "validation_split": 0.0,
        "validation_data": validation,
    }
    return batches, None, options | changed


def _unmapped(options: dict[str, Any]) -> Any:
    """Return the validation data, in batches if it is mapped from a file."""
    data = options["validation_data"]
    if not isinstance(data, tuple) or not any(map(is_mapped, data)):
        return data
    batch_size = options["validation_batch_size"] or options["batch_size"] or 32
    batches = Batches(*data[:2], batch_size=batch_size, shuffle=False)
    batches.parts = (*batches.parts, *data[2:])
    return batches


# --- the checkpoint


def _resume(
    model: keras.Model,
    x: Any,
    y: Any,
    options: dict[str, Any],
    path: str | os.PathLike,
    every: int,
) -> Resume:
    """Return what keeps the state of this run, after it was found to be this run."""
    if not model.compiled:
        raise ValueError("the model must be compiled; call compile before fit")
    callbacks = callbacks_of(options)
    if not any(type(c) is keras.callbacks.History for c in callbacks):
        callbacks.append(keras.callbacks.History())
    validation = options["validation_data"]
    settings = settings_of(model, x, y, options)
    sets = [x, *(validation if isinstance(validation, tuple) else (validation,))]
    batches = [data for data in sets if isinstance(data, Batches)]
    epochs = options["epochs"]
    resume = Resume(path, every, epochs, model, settings, callbacks, batches)
    build(model, x)  # Keras may wait for the first batch
    resume.check_model(model)
    return resume


def callbacks_of(options: dict[str, Any]) -> list:
    """Return the callbacks of a run, in one list."""
    callbacks = options["callbacks"]
    if isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks = callbacks.callbacks
    return [c for c in keras.tree.flatten(callbacks) if c is not None]


# --- checks


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
    check: Callable[..., tuple] = getattr(
        model, "check_data", functools.partial(check_data, model)
    )
    x, y, sample_weight = check(x, y, sample_weight, class_weight, of)
    if is_mapped(x) or is_mapped(y):
        rows = (None if part is None else np.array(part[:32]) for part in (x, y))
        check(*rows, None if sample_weight is None else sample_weight[:32], of=of)
    elif is_stream(x) and hasattr(model, "check_data"):
        batch, x = first_batch(x)
        parts = keras.utils.unpack_x_y_sample_weight(batch)
        check(*parts, of=f"in the first {of}batch, ")
    return x, y, sample_weight


def _checked_data(model: keras.Model, x: Any, y: Any, options: dict[str, Any]) -> tuple:
    """Return the data and the options, with the data among these, as they are used."""
    weights = options.get("sample_weight"), options.get("class_weight")
    x, y, weight = checked(model, x, y, *weights)
    validation, split = options["validation_data"], options["validation_split"]
    parts = validation if isinstance(validation, tuple | list) else (validation,)
    if len(parts) > 3:
        raise ValueError(
            "validation_data must be x, (x, y) or (x, y, sample_weight), "
            f"got {len(parts)} parts"
        )
    if validation is not None:
        x_val, y_val, w_val = (*parts, None, None)[:3]
        parts = checked(model, x_val, y_val, w_val, of="validation ")
        arrays = tuple(part for part in parts if part is not None)
        validation = parts[0] if is_stream(parts[0]) else arrays
    elif split and is_array(x):
        _check_split(len(x), split)
    changed = {"validation_data": validation}
    if weight is not None:
        changed["sample_weight"] = weight
    return x, y, options | changed


def _checked_options(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options, every count as Python's own whole number."""
    counts = {
        "batch_size": 1,
        "validation_batch_size": 1,
        "epochs": 0,
        "initial_epoch": 0,
        "steps_per_epoch": 1,
        "validation_steps": 1,
    }
    checked = {
        name: check_count(options[name], name, least)
        for name, least in counts.items()
        if options.get(name) is not None
    }
    frequency = options["validation_freq"]
    if isinstance(frequency, Sequence | set) or np.ndim(frequency):
        frequency = [check_count(epoch, "validation_freq") for epoch in frequency]
    else:
        frequency = check_count(frequency, "validation_freq")
    split = check_between(options["validation_split"], "validation_split")
    if not 0 <= split < 1:
        raise ValueError(f"validation_split must be in [0, 1), got {split}")
    return options | checked | {"validation_freq": frequency, "validation_split": split}


def _last_to_train(n_samples: int, validation_split: float) -> int:
    return int(n_samples * (1 - validation_split))  # rounded down, as Keras does


def _check_split(n_samples: int, validation_split: float) -> None:
    if _last_to_train(n_samples, validation_split) in (0, n_samples):
        raise ValueError(
            f"validation_split={validation_split} of {n_samples} samples leaves one "
            "side empty; use another fraction or validation_data"
        )
