"""Posterior collapse: a Gaussian code that says nothing about the input."""

from __future__ import annotations

from typing import Any
import warnings

from aebook.training.replicas import mean_of_all
import keras
from keras import ops

__all__ = ["PosteriorCollapseWarning", "units_in_use", "warn_if_collapsed"]

LEAST_NATS = 0.01  # a number of the code that carries less, on average, is not in use


class PosteriorCollapseWarning(UserWarning):
    """No number of the code carries information any more."""


def units_in_use(mean: Any, log_variance: Any) -> Any:
    """Return how many numbers of the code carry more than 0.01 nats in this batch."""
    nats = (ops.square(mean) + ops.expm1(log_variance) - log_variance) / 2
    active = mean_of_all(ops.mean(nats, axis=0)) > LEAST_NATS
    return ops.sum(ops.cast(active, mean.dtype))


def warn_if_collapsed(history: keras.callbacks.History) -> keras.callbacks.History:
    """Return the history; warn if in its last epoch no number of the code was used."""
    if history.history.get("units_in_use", [1])[-1] < 0.5:
        warnings.warn(
            "posterior collapse: each number of the code carries less than "
            f"{LEAST_NATS} nats, so the decoder ignores it; lower beta, set "
            "warmup_steps, or train longer",
            PosteriorCollapseWarning,
            stacklevel=3,
        )
    return history
