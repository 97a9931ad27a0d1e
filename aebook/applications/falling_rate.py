"""Training with Adam, at a rate that falls to nothing along a cosine."""

from __future__ import annotations

import math
from typing import Any

from aebook import training
from aebook.checks import check_count, check_positive
import keras
import numpy as np

__all__ = ["fit_with_falling_rate"]


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
    rate = check_positive(learning_rate, "learning_rate")
    fall = keras.optimizers.schedules.CosineDecay(rate, steps)
    network.compile(keras.optimizers.Adam(fall))
    options: Any = {"batch_size": batch_size, "verbose": verbose}
    return training.fit(network, x, x, epochs=epochs, **options).history
