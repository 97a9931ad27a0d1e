"""The request of a call of `fit`: its arguments in one form, checked and split."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
from typing import Any, NamedTuple

from aebook.checks import check_between, check_count
from aebook.training.callback_checks import check_rate_setters
from aebook.training.data_checks import checked, is_array
import keras
import numpy as np

__all__ = ["FitRequest", "Samples", "prepare"]

BATCH_SIZE = 32  # as in Keras
COUNTS = {
    "batch_size": 1,
    "validation_batch_size": 1,
    "epochs": 0,
    "initial_epoch": 0,
    "steps_per_epoch": 1,
    "validation_steps": 1,
}


class Samples(NamedTuple):
    """Inputs, and what comes with them; a dataset stands as `x` and holds the rest.

    Attributes:
        x: Arrays, or any dataset that Keras takes.
        y: Targets, or `None`.
        sample_weight: One number a sample, or `None`.

    Example:
        >>> Samples(np.zeros((3, 2)), None, np.ones(3)).rows(slice(2)).sample_weight
        array([1., 1.])
    """

    x: Any
    y: Any = None
    sample_weight: Any = None

    @property
    def parts(self) -> tuple:
        """Those that are given, in this order."""
        return tuple(part for part in self if part is not None)

    def rows(self, rows: slice) -> Samples:
        """Return some of the samples."""
        return Samples(*(part if part is None else part[rows] for part in self))


@dataclasses.dataclass(frozen=True)
class FitRequest:
    """The arguments of `fit`, each in one form.

    Attributes:
        train: What to train on.
        validation: What to evaluate after an epoch, or `None`.
        validation_split: As given; `prepare` has taken that share out of `train`.
        batch_size: As given; `samples_a_step` is what that means.
        validation_batch_size: As given.
        epochs: Where to stop counting epochs.
        initial_epoch: Where to start.
        validation_freq: Evaluate every so many epochs, or after those listed.
        shuffle: Whether each epoch has its own order; `"batch"` keeps the batches.
        callbacks: Keras callbacks.
        verbose: As Keras reads it.
        class_weight: As Keras reads it.
        steps_per_epoch: As Keras reads it.
        validation_steps: As Keras reads it.

    Example:
        >>> request = FitRequest.of(np.zeros((8, 2)), validation_data=np.zeros((4, 2)))
        >>> request.validation.x.shape, request.epochs
        ((4, 2), 1)
    """

    train: Samples
    validation: Samples | None = None
    validation_split: float = 0.0
    batch_size: int | None = None
    validation_batch_size: int | None = None
    epochs: int = 1
    initial_epoch: int = 0
    validation_freq: int | Sequence[int] = 1
    shuffle: bool | str = True
    callbacks: tuple = ()
    verbose: str | int = "auto"
    class_weight: Any = None
    steps_per_epoch: int | None = None
    validation_steps: int | None = None

    @classmethod
    def of(
        cls,
        x: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        validation_data: Any = None,
        callbacks: Any = None,
        **options: Any,
    ) -> FitRequest:
        """Return the request that a call with these arguments makes; checks nothing."""
        validation = None
        if validation_data is not None:
            is_tuple = isinstance(validation_data, tuple | list)
            parts = validation_data if is_tuple else (validation_data,)
            if len(parts) > 3:
                raise ValueError(
                    "validation_data must be x, (x, y) or (x, y, sample_weight), "
                    f"got {len(parts)} parts"
                )
            validation = Samples(*parts)
        if isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = callbacks.callbacks
        flat = (c for c in keras.tree.flatten(callbacks) if c is not None)
        train = Samples(x, y, sample_weight)
        return cls(train, validation, callbacks=tuple(flat), **options)

    def validates(self, epoch: int) -> bool:
        """Whether to evaluate after this epoch, counted from 0."""
        if self.validation is None:
            return False
        freq = self.validation_freq
        return (epoch + 1) % freq == 0 if isinstance(freq, int) else epoch + 1 in freq

    @property
    def samples_a_step(self) -> int:
        """The batch size of training, given or by default."""
        return self.batch_size or _batch_size(self.train, self.steps_per_epoch)

    @property
    def samples_a_validation_step(self) -> int:
        """The batch size of validation, given or by default."""
        given = self.validation_batch_size or self.batch_size
        return given or _batch_size(self.validation, self.validation_steps)

    @property
    def steps(self) -> int:
        """Steps of the whole run over an array, as if it was never stopped."""
        steps_an_epoch = -(-len(self.train.x) // self.samples_a_step)
        return max(self.epochs - self.initial_epoch, 0) * steps_an_epoch


def prepare(model: keras.Model, request: FitRequest) -> FitRequest:
    """Check all that a run depends on, before any of it is used, and split the data.

    Args:
        model: The model that will be trained.
        request: What `FitRequest.of` returned.

    Returns:
        The request with counts as Python's whole numbers, the data as the model takes
        it, and what `validation_split` holds out in `validation`. What is no array
        stays whole, for Keras to judge.

    Raises:
        TypeError: If a count is not a whole number, an array holds no numbers, or
            something among the callbacks is no callback.
        ValueError: If a count is below its minimum, or the data does not fit.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
        >>> model.compile("sgd", "mse")
        >>> x = np.zeros((8, 2))
        >>> request = prepare(model, FitRequest.of(x, x, validation_split=0.25))
        >>> request.train.x.shape, request.validation.x.shape, request.steps
        ((6, 2), (2, 2), 1)
    """
    request = _with_counts(request)
    train = Samples(*checked(model, *request.train, request.class_weight))
    validation = request.validation
    if validation is not None:
        validation = Samples(*checked(model, *validation, of="validation "))
    elif request.validation_split and is_array(train.x):
        train, validation = _split(train, request.validation_split)
    check_rate_setters(model, request.callbacks)
    return dataclasses.replace(request, train=train, validation=validation)


def _with_counts(request: FitRequest) -> FitRequest:
    """Return the request with every count as Python's own whole number."""
    counts: dict[str, Any] = {
        name: check_count(getattr(request, name), name, least)
        for name, least in COUNTS.items()
        if getattr(request, name) is not None
    }
    freq: Any = request.validation_freq
    if isinstance(freq, Sequence | set) or np.ndim(freq):
        freq = tuple(check_count(epoch, "validation_freq") for epoch in freq)
    else:
        freq = check_count(freq, "validation_freq")
    split = check_between(request.validation_split, "validation_split")
    if not 0 <= split < 1:
        raise ValueError(f"validation_split must be in [0, 1), got {split}")
    return dataclasses.replace(
        request, **counts, validation_freq=freq, validation_split=split
    )


def _batch_size(samples: Samples | None, steps: int | None) -> int:
    """Return what Keras takes where no size is given."""
    if samples is None or steps is None or not is_array(samples.x):
        return BATCH_SIZE
    return -(-len(samples.x) // steps)


def _split(samples: Samples, validation_split: float) -> tuple[Samples, Samples]:
    """Return the first samples, to train on, and the last."""
    n_samples = len(samples.x)
    last = int(n_samples * (1 - validation_split))  # rounded down, as Keras does
    if last in (0, n_samples):
        raise ValueError(
            f"validation_split={validation_split} of {n_samples} samples leaves one "
            "side empty; use another fraction or validation_data"
        )
    return samples.rows(slice(last)), samples.rows(slice(last, None))
