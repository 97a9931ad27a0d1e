"""The learning-rate range test: raise the rate step by step and watch the loss."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aebook.checks import check_count, check_positive
from aebook.training.data_checks import checked, is_array
from aebook.training.loop_choice import uses_xla
import keras
import numpy as np
from scipy.ndimage import gaussian_filter1d

__all__ = ["RangeTest", "find_learning_rate"]

DIVERGED = 3.0  # times the first loss, above the lowest so far
SAFETY = 10.0  # from the rate of the lowest loss down to the suggestion
SMOOTHING = 0.025  # width of the smoothing, as a part of all steps
MEMORY = 0.9  # of the moving average that stops the test
# What a step of Keras compiles, how, and what it leaves behind when interrupted.
HIDDEN = (
    "train_function",
    "_jit_compile",
    "steps_per_execution",
    "_jax_state",
    "_jax_state_synced",
)


@dataclass(frozen=True)
class RangeTest:
    """What `find_learning_rate` measured.

    Attributes:
        rates: Learning rates, rising, shape `(steps,)`.
        losses: Loss of each batch just before the step with that rate, same shape.
        smoothed: The losses, smoothed after their bursts were cut, same shape.
        suggestion: A rate to start with, a tenth of the rate where the smoothed loss
            is lowest; `None` if the loss never fell.
        diverged_at: The rate at which the test was stopped because the loss grew or
            was not finite; `None` if it never did.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggestion: float | None
    diverged_at: float | None


def find_learning_rate(
    model: keras.Model,
    x: Any,
    y: Any = None,
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 100,
    batch_size: int = 64,
    seed: int = 0,
) -> RangeTest:
    r"""Train for a few steps with ever higher rates, and put the model back.

    $$ \eta_i = \eta_{\text{low}}
       \left( \frac{\eta_{\text{high}}}{\eta_{\text{low}}} \right)^{i / (n - 1)},
       \qquad \eta^\star = \tfrac1{10} \, \eta_{\arg\min_i \tilde L_i} $$

    Where the smoothed loss $\tilde L$ is lowest, learning and bursting are in balance:
    that rate is already too high to stay at. A tenth of it is a safe start, and often
    3 to 10 times below the best rate, so try higher ones too. The steepest point of
    the curve, the other usual suggestion, lies closer to the best rate, but sometimes
    beyond the minimum, on the way back from a burst.

    The test stops early where a moving average of the loss has risen from its lowest
    value by three times the first loss, or a loss is not finite. Afterwards weights,
    optimizer, metrics and compiled functions are what they were, after an error or
    Ctrl-C too. With a schedule instead of a number there is nothing to raise: compile
    with a number for the test.

    Args:
        model: A compiled Keras model whose optimizer has a number as learning rate.
        x: Inputs, shape `(n_samples, ...)`.
        y: Targets, first axis as in `x`. A model such as
            `aebook.models.Autoencoder` reads `None` as "the target is the input".
        lowest: First learning rate, > 0. Defaults to 1e-6.
        highest: Last learning rate, above `lowest`. Defaults to 10.
        steps: How many rates to try, at least 10. Defaults to 100.
        batch_size: Samples a step; all of them if there are fewer. Defaults to 64.
        seed: Of the order of the samples. Defaults to 0.

    Returns:
        Rates, losses, the suggestion and where the loss diverged.

    Raises:
        TypeError: If an argument is no number or no array, or the optimizer follows
            a schedule.
        ValueError: If an argument is out of its range, the model is not compiled, an
            array does not fit it, or the first loss is not finite.

    Example:
        >>> import keras, numpy as np
        >>> keras.utils.set_random_seed(0)
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> x = np.random.default_rng(0).normal(size=(256, 2))
        >>> result = find_learning_rate(model, x, x[:, :1] + 1)
        >>> 0.001 < result.suggestion < result.diverged_at
        True

    References:
        Smith, "Cyclical Learning Rates for Training Neural Networks", 2017.
    """
    _check_model(model)
    lowest, highest = (
        check_positive(lowest, "lowest"),
        check_positive(highest, "highest"),
    )
    if lowest >= highest:
        raise ValueError(f"lowest must be below highest, got {lowest} and {highest}")
    check_count(steps, "steps", minimum=10)
    batch_size = check_count(batch_size, "batch_size")
    rng = np.random.default_rng(check_count(seed, "seed", minimum=0))
    x, y = _checked_arrays(model, x, y)
    rates = np.geomspace(lowest, highest, steps)
    batches = _batches(len(x), min(batch_size, len(x)), rng)
    with _put_back(model, x[:1], steps):
        losses, diverged_at = _climb(model, x, y, rates, batches)
    return _judge(rates[: len(losses)], np.asarray(losses), diverged_at)


def _climb(
    model: keras.Model, x: Any, y: Any, rates: np.ndarray, batches: Iterator[np.ndarray]
) -> tuple[list[float], float | None]:
    """Train with one rate a step; return the finite losses and where it diverged."""
    losses: list[float] = []
    mean, lowest = 0.0, np.inf
    for i, (rate, rows) in enumerate(zip(rates, batches, strict=False)):
        model.optimizer.learning_rate = rate
        batch = x[rows], None if y is None else y[rows]
        model.reset_metrics()  # or Keras 3.12 returns the mean of all losses
        loss = model.train_on_batch(*batch, return_dict=True)["loss"]
        if not np.isfinite(loss):
            return losses, float(rate)
        losses.append(float(loss))
        mean = MEMORY * mean + (1 - MEMORY) * loss
        unbiased = mean / (1 - MEMORY ** (i + 1))
        lowest = min(lowest, unbiased)
        if unbiased - lowest > DIVERGED * abs(losses[0]):  # a loss may be negative
            return losses, float(rate)
    return losses, None


def _judge(
    rates: np.ndarray, losses: np.ndarray, diverged_at: float | None
) -> RangeTest:
    if not losses.size:
        raise ValueError(
            "the first loss is not finite; check the data and the loss of the model"
        )
    # However high a burst, it counts as a rise by as much as the loss fell.
    cut = np.minimum(losses, 2 * losses[0] - losses.min())
    # Centred on each step: a moving average lags, and would suggest too high a rate.
    smoothed = gaussian_filter1d(cut, SMOOTHING * len(cut), mode="nearest")
    best = int(np.argmin(smoothed))
    suggestion = float(rates[best]) / SAFETY if best else None
    return RangeTest(rates, losses, smoothed, suggestion, diverged_at)


def _batches(
    n_samples: int, batch_size: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield the rows of full batches for ever, in a new order each epoch."""
    while True:
        order = rng.permutation(n_samples)
        for start in range(0, n_samples - batch_size + 1, batch_size):
            yield order[start : start + batch_size]


@contextmanager
def _put_back(model: keras.Model, sample: Any, steps: int) -> Iterator[None]:
    """Leave the model afterwards as it is now, whatever happens in between."""
    if not model.built:
        model(sample)  # makes the weights
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    values = [np.array(keras.ops.convert_to_numpy(v)) for v in variables]
    hidden = {name: vars(model)[name] for name in HIDDEN if name in vars(model)}
    try:
        model.train_function, model.steps_per_execution = None, 1
        model.jit_compile = uses_xla(model, steps)
        yield
    finally:
        for name, value in hidden.items():
            setattr(model, name, value)
        model.reset_metrics()  # those that the first step made
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def _check_model(model: Any) -> None:
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a Keras model, got {type(model).__name__}")
    if not model.compiled:
        raise ValueError("model is not compiled; call compile(optimizer, loss) first")
    if not isinstance(model.optimizer.learning_rate, keras.Variable):
        raise TypeError(
            "the optimizer must have a number as learning rate, got a schedule; "
            "compile with a number for the test, and give the schedule its suggestion"
        )


def _checked_arrays(model: keras.Model, x: Any, y: Any) -> tuple[Any, Any]:
    for name, part in (("x", x), ("y", y)):
        if not (is_array(part) or (name == "y" and part is None)):
            raise TypeError(f"{name} must be an array, got {type(part).__name__}")
    x, y, _ = checked(model, x, y)
    return np.asarray(x), y if y is None else np.asarray(y)
