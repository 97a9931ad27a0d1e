"""What the helpers for images take: pictures of any size, or arrays of equal ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aebook.checks import as_samples
import numpy as np

__all__ = ["as_images", "as_pictures"]

SHAPES = {1: "(n, height, width)", 3: "(n, height, width, 3)"}


def as_images(
    x: Any,
    name: str = "images",
    channels: int = 0,
    *,
    low: float | None = None,
    high: float | None = None,
) -> np.ndarray:
    """Return images of one size with an axis of channels, or say what is wrong.

    Three columns are three channels: an array `(height, width, 3)` is one image, which
    needs a first axis.

    Args:
        x: Shape `(n, height, width)` or `(n, height, width, 3)`.
        name: What an error calls them.
        channels: 1 for grey only, 3 for colour only; 0 for either.
        low: Lowest value, if there is one.
        high: Highest value, if there is one.

    Returns:
        The images, float32, shape `(n, height, width, channels)`.

    Raises:
        TypeError: If they do not hold numbers.
        ValueError: If they are empty, of another shape, not finite, or out of range.

    Example:
        >>> as_images(np.zeros((2, 8, 8))).shape
        (2, 8, 8, 1)
    """
    images = as_samples(x, name=name, low=low, high=high)
    if images.ndim == 3 and images.shape[-1] != 3:
        images = images[..., None]
    known = (channels,) if channels else (1, 3)
    if images.ndim != 4 or images.shape[-1] not in known:
        raise ValueError(
            f"{name} must have the shape {' or '.join(SHAPES[c] for c in known)}, got "
            f"{np.shape(x)}; one image needs a first axis too: x[None], and "
            "aebook.data.read_image(file, grey=True) makes grey of colour"
        )
    return images


def as_pictures(images: Mapping[Any, Any] | Iterable[Any]) -> dict[Any, np.ndarray]:
    """Return images of any size by name, all grey or all in colour, as float32.

    Args:
        images: Of shape `(height, width)` or `(height, width, 3)`, a mapping from
            their names or just the images.

    Returns:
        The images by their names, or by their numbers.

    Raises:
        TypeError: If one does not hold numbers.
        ValueError: If there is none, or one has another shape, other channels than
            the first, or values outside [0, 1].

    Example:
        >>> {name: x.shape for name, x in as_pictures([np.zeros((3, 4))]).items()}
        {0: (3, 4)}
    """
    given = images if isinstance(images, Mapping) else dict(enumerate(images))
    pictures = {
        name: as_samples(np.asarray(x)[None], name=f"image {name!r}", low=0, high=1)[0]
        for name, x in given.items()
    }
    if not pictures:
        raise ValueError("images is empty; give at least one image")
    first = next(iter(pictures.values()))
    for name, picture in pictures.items():
        if picture.ndim not in (2, 3) or picture.shape[2:] not in ((), (3,)):
            raise ValueError(
                f"image {name!r} must have the shape (height, width) or "
                f"(height, width, 3), got {picture.shape}; read your own with "
                "aebook.data.read_images"
            )
        if picture.shape[2:] != first.shape[2:]:
            raise ValueError(
                f"image {name!r} has the shape {picture.shape}, the first has "
                f"{first.shape}; give all in grey or all in colour"
            )
    return pictures
