"""`fit`: the one way from a call to a `History`, whichever loop runs it.

A call is read from top to bottom: `prepare` checks and splits, a checkpoint compares
its fingerprint, a loop is chosen, and runs.
"""

from __future__ import annotations

from collections.abc import Sequence
import os
from typing import Any

from aebook.checks import check_choice
from aebook.keras_internals import check_trainable, forget_restored_epoch
from aebook.training.checkpoint.callback import Resume
from aebook.training.compiled_epochs import CompiledFit
from aebook.training.keras_loop import run_keras_loop
from aebook.training.loop_choice import KERAS_ONLY, reason_for_keras_loop, uses_xla
from aebook.training.request import FitRequest, prepare
import keras

__all__ = ["fit"]


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
    asked = FitRequest.of(
        x,
        y,
        sample_weight=sample_weight,
        batch_size=batch_size,
        epochs=epochs,
        initial_epoch=initial_epoch,
        verbose=verbose,
        callbacks=callbacks,
        validation_split=validation_split,
        validation_data=validation_data,
        validation_batch_size=validation_batch_size,
        validation_freq=validation_freq,
        shuffle=shuffle,
        **keras_only,
    )
    request = prepare(model, asked)
    check_trainable(model)
    forget_restored_epoch(model)
    resume = None
    if checkpoint is not None:
        resume = Resume(checkpoint, checkpoint_every, model, request)
        if resume.finished:
            return resume.finish(model)
    if not reason_for_keras_loop(model, request):
        xla = resume.xla if resume else None
        xla = uses_xla(model, request.steps) if xla is None else xla
        compiled = CompiledFit(model, request, xla, resume)
        if not compiled.loses_logs():
            return compiled.run()
    return run_keras_loop(model, request, resume)
