"""What the architecture builders share: how they read and check their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aebook.checks import check_count
import keras

__all__ = ["as_shape", "as_widths", "check_activations", "code_width"]


def as_shape(input_shape: int | Sequence[int], axes: tuple[int, ...] = ()) -> tuple:
    """Return the shape of one sample as a tuple of sizes, or say what is wrong.

    Args:
        input_shape: One size or several.
        axes: How many axes are allowed; empty for any number.

    Returns:
        The sizes, each at least 1.

    Raises:
        TypeError: If a size is not a whole number.
        ValueError: If a size is below 1, or there are none or too many.

    Example:
        >>> as_shape(784), as_shape([28, 28])
        ((784,), (28, 28))
    """
    sizes = _as_list(input_shape)
    if not sizes:
        raise ValueError("input_shape is empty; give the shape of one sample")
    shape = tuple(check_count(size, "input_shape") for size in sizes)
    if axes and len(shape) not in axes:
        raise ValueError(
            f"input_shape must have {' or '.join(map(str, axes))} axes, got {shape}; "
            "it is the shape of one sample, without the axis of the samples"
        )
    return shape


def as_widths(widths: int | Sequence[int], name: str, minimum: int = 0) -> list[int]:
    """Return the widths of the layers as a list, or say what is wrong.

    Args:
        widths: One width a layer, or one number for a single layer.
        name: What to call them in a message.
        minimum: How many layers there have to be. Defaults to 0.

    Returns:
        The widths, each at least 1.

    Raises:
        TypeError: If a width is not a whole number.
        ValueError: If a width is below 1, or there are too few.

    Example:
        >>> as_widths((128, 64), "hidden"), as_widths(16, "filters")
        ([128, 64], [16])
    """
    checked = [check_count(width, name) for width in _as_list(widths)]
    if len(checked) < minimum:
        raise ValueError(
            f"{name} must name at least {minimum} layer, got {widths!r}; "
            "aebook.models.dense does without hidden layers"
        )
    return checked


def check_activations(*names: Any) -> None:
    """Raise a `ValueError` unless Keras knows all these activations.

    Args:
        *names: Names, functions, or `None` for a linear layer.

    Raises:
        ValueError: If one is unknown.

    Example:
        >>> check_activations("relu", "linear")
    """
    for name in names:
        try:
            keras.activations.get(name)
        except (ValueError, TypeError):
            raise ValueError(
                f"unknown activation {name!r}; Keras knows, among others, "
                "'relu', 'gelu', 'tanh', 'sigmoid' and 'linear'"
            ) from None


def code_width(latent_dim: int, gaussian: bool, code_activation: Any) -> int:
    """Return how many numbers the encoder puts out for a code of `latent_dim`.

    Twice as many for a Gaussian code: the means, then the log-variances.

    Args:
        latent_dim: Numbers in the code.
        gaussian: Whether the encoder describes a Gaussian.
        code_activation: Activation of the code; a Gaussian's must be linear.

    Returns:
        `latent_dim`, or `2 * latent_dim`.

    Raises:
        TypeError: If `latent_dim` is not a whole number.
        ValueError: If it is below 1, or a Gaussian's code is not linear.

    Example:
        >>> code_width(32, gaussian=True, code_activation="linear")
        64
    """
    latent_dim = check_count(latent_dim, "latent_dim")
    if not gaussian:
        return latent_dim
    if keras.activations.get(code_activation) is not keras.activations.linear:
        raise ValueError(
            "gaussian=True needs code_activation='linear', because a mean and a "
            f"log-variance can be any number; got {code_activation!r}"
        )
    return 2 * latent_dim


def _as_list(sizes: Any) -> list:
    return list(sizes) if hasattr(sizes, "__iter__") else [sizes]
