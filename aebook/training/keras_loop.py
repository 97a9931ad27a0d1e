"""Keras' own loop, for a run that compiled epochs cannot serve."""

from __future__ import annotations

import dataclasses
from typing import Any

from aebook.training.batches import Batches, Rewind, is_mapped
from aebook.training.checkpoint.callback import Resume
from aebook.training.data_checks import is_array
from aebook.training.nonfinite import FiniteLoss
from aebook.training.request import FitRequest, Samples
from aebook.training.retracing import many_models
from aebook.training.streams import is_stream
import keras
import numpy as np

__all__ = ["run_keras_loop"]


def run_keras_loop(
    model: keras.Model, request: FitRequest, resume: Resume | None = None
) -> keras.callbacks.History:
    """Train by `keras.Model.fit`.

    Args:
        model: A compiled Keras model.
        request: What a call of `aebook.training.fit` asks for, prepared.
        resume: Keeps the state of the run, if it is kept.

    Returns:
        Keras' history.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
        >>> model.compile("sgd", "mse")
        >>> x = np.zeros((8, 2))
        >>> request = FitRequest.of(x, x, epochs=2, verbose=0)
        >>> run_keras_loop(model, request).epoch
        [0, 1]
    """
    request = _in_batches(request, resume is not None)
    train, validation = request.train, _as_keras_takes(request.validation)
    if resume:
        resume.follow(request)
    with many_models():
        return keras.Model.fit(
            model,
            *train[:2],
            sample_weight=train.sample_weight,
            batch_size=request.samples_a_step,
            epochs=request.epochs,
            initial_epoch=resume.first_epoch if resume else request.initial_epoch,
            verbose=request.verbose,
            callbacks=_callbacks(request, resume),
            # What could not be split: Keras says so, or does it.
            validation_split=request.validation_split if validation is None else 0.0,
            validation_data=validation,
            validation_batch_size=request.samples_a_validation_step,
            validation_freq=request.validation_freq,
            validation_steps=request.validation_steps,
            shuffle=_shuffle(request),
            class_weight=request.class_weight,
            steps_per_epoch=request.steps_per_epoch,
        )


def _as_keras_takes(samples: Samples | None) -> Any:
    if samples is None or is_stream(samples.x):
        return samples and samples.x
    return samples.parts


def _callbacks(request: FitRequest, resume: Resume | None) -> list:
    callbacks = resume.callbacks if resume else [*request.callbacks]
    if not any(isinstance(c, keras.callbacks.TerminateOnNaN) for c in callbacks):
        where = "The weights are not put back; a checkpoint keeps those of each epoch."
        if resume:
            where = f"{resume.path} holds the state after the last whole epoch."
        callbacks = [FiniteLoss(where), *callbacks]
    if resume:
        callbacks = [*callbacks, resume]
    if isinstance(request.train.x, Batches):
        callbacks = [Rewind(request.train.x), *callbacks]
    return callbacks


def _shuffle(request: FitRequest) -> bool | str:
    """Return what Keras has to shuffle: not what orders its own batches."""
    x = request.train.x
    if request.shuffle is True and not is_array(x):
        return isinstance(x, keras.utils.PyDataset) and not isinstance(x, Batches)
    return request.shuffle


def _in_batches(request: FitRequest, is_kept: bool) -> FitRequest:
    """Return the request with `Batches` in the place of arrays that need them.

    Keras copies a mapped file into memory, and its own order of an array cannot be
    taken up again. That of `Batches` can.
    """
    train, validation = request.train, request.validation
    if is_array(train.x) and (is_kept or any(map(is_mapped, train.parts))):
        train = Samples(_batches(train, request.samples_a_step, request.shuffle))
    if validation is not None and any(map(is_mapped, validation.parts)):
        size = request.samples_a_validation_step
        validation = Samples(_batches(validation, size, shuffle=False))
    return dataclasses.replace(request, train=train, validation=validation)


def _batches(samples: Samples, batch_size: int, shuffle: bool | str) -> Batches:
    x, y, weight = (
        part if part is None or is_mapped(part) else np.asarray(part)
        for part in samples
    )
    return Batches(
        x,
        y,
        sample_weight=weight,
        batch_size=batch_size,
        shuffle=bool(shuffle),
        block_size=batch_size if shuffle == "batch" else None,
    )
