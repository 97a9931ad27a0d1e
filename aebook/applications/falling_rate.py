"""Training with Adam, at a rate that falls to nothing along a cosine."""

from __future__ import annotations

import math
from typing import Any

from aebook import training
from aebook.checks import check_count, check_positive
import keras
import numpy as np

__all__ = ["falling_adam", "fit_with_falling_rate"]


def falling_adam(learning_rate: float, steps: int) -> keras.optimizers.Adam:
    """Return Adam whose rate falls from `learning_rate` to 0 in `steps` steps.

    Raises:
        ValueError: If the rate is not positive and finite.
    """
    rate = check_positive(learning_rate, "learning_rate")
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps))


def fit_with_falling_rate(
    network: keras.Model,
    x: np.ndarray,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    verbose: int = 0,
) -> dict[str, list[float]]:
    """Train a network whose `compute_loss` needs no target; return its history.

    Args:
        network: What is trained; compiled here.
        x: Samples, first axis.
        epochs: Passes over them.
        batch_size: Samples a step.
        learning_rate: At the start.
        verbose: As in Keras. Defaults to 0.

    Returns:
        One value an epoch for `loss`.

    Raises:
        TypeError: If a count is not whole.
        ValueError: If a count or the rate is not positive.
    """
    batch_size = check_count(batch_size, "batch_size")
    steps = check_count(epochs, "epochs") * math.ceil(len(x) / batch_size)
    network.compile(falling_adam(learning_rate, steps))
    options: Any = {"batch_size": batch_size, "verbose": verbose}
    return training.fit(network, x, x, epochs=epochs, **options).history
