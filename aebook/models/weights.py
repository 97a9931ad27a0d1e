"""Sample weights: one number a sample, and how it meets values of any rank."""

from __future__ import annotations

from typing import Any

from aebook.checks import as_samples
import keras
from keras import ops
import numpy as np

__all__ = ["as_column_of", "as_sample_weight", "check_no_class_weight", "one_a_sample"]


def as_sample_weight(weight: Any, n_samples: int, name: str) -> np.ndarray:
    """Return weights as a float32 array, or say what is wrong with them.

    Args:
        weight: One number ≥ 0 a sample, shape `(n,)` or `(n, 1)`. With more axes, one
            a part of the sample, such as a step of a sequence.
        n_samples: How many samples there are.
        name: What to call them in a message.

    Returns:
        The weights, shape `(n,)`, or as given where they have further axes.

    Raises:
        TypeError: If they are no numbers.
        ValueError: If there are more or fewer than samples, or one is negative or
            not finite.

    Example:
        >>> as_sample_weight([[1], [2]], 2, "sample_weight")
        array([1., 2.], dtype=float32)
    """
    weight = as_samples(weight, name=name)
    if len(weight) != n_samples:
        raise ValueError(
            f"{name} must hold one weight a sample, {n_samples}, got {len(weight)}"
        )
    if weight.min() < 0:
        raise ValueError(
            f"{name} must be ≥ 0, got {weight.min():g}; leave a sample out by a 0"
        )
    return weight.reshape(n_samples) if weight.size == n_samples else weight


def check_no_class_weight(class_weight: Any) -> None:
    """Raise a `ValueError` if there are class weights: an autoencoder has no classes.

    Args:
        class_weight: As for `keras.Model.fit`.
    """
    if class_weight is not None:
        raise ValueError(
            "class_weight weighs the classes of a target, but an autoencoder's target "
            "is its input; give one weight a sample instead: sample_weight="
            "np.array([class_weight[label] for label in labels])"
        )


def one_a_sample(weight: Any, terms: tuple[str, ...]) -> Any:
    """Return the weights of a batch as `(batch,)`, while the step is traced.

    Args:
        weight: A tensor, or `None`.
        terms: Names of the terms that they have to weigh beside the compiled loss.

    Returns:
        The weights, shape `(batch,)`; as given if they have further axes.

    Raises:
        ValueError: If they have further axes, and there are terms of a whole sample.
    """
    if weight is None or len(weight.shape) < 2:
        return weight
    if all(size == 1 for size in weight.shape[1:]):
        return ops.reshape(weight, (-1,))
    if terms:
        raise ValueError(
            f"sample_weight must have shape (n_samples,), got {tuple(weight.shape)}; "
            f"{', '.join(terms)} belong to whole samples"
        )
    return weight


def as_column_of(weight: Any, loss: Any, y: Any, y_pred: Any, copies: int = 1) -> Any:
    """Return the weights with as many axes as the values that a loss gives.

    Keras multiplies the values of a loss, `(batch, rows)` for an image, with weights
    of shape `(batch,)` along the *last* axis.

    Args:
        weight: Weights, shape `(batch,)`, or `None`.
        loss: The compiled loss: a name, a function or a Keras loss.
        y: Targets of the batch.
        y_pred: Reconstructions.
        copies: How often each sample stands in them. Defaults to 1.

    Returns:
        The weights, shape `(batch, 1, ...)`.
    """
    if weight is not None and copies > 1:
        weight = ops.repeat(weight, copies, axis=0)
    if weight is None or len(weight.shape) > 1 or len(y.shape) < 3:
        return weight
    loss = keras.losses.get(loss)
    values = (loss.call if isinstance(loss, keras.losses.Loss) else loss)(y, y_pred)
    return ops.reshape(weight, (-1, *[1] * (len(values.shape) - 1)))
