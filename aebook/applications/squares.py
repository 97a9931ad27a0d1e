"""Images of any size as squares of one size, for networks that want them alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aebook.applications.pictures import as_pictures
from aebook.checks import check_count
import numpy as np
from PIL import Image

__all__ = ["cut_squares"]


def cut_squares(
    images: Mapping[str, Any] | Iterable[Any], size: int = 32
) -> np.ndarray:
    """Cut the middle square out of each image, and make it `size` × `size`.

    Args:
        images: Of shape `(height, width)` or `(height, width, 3)`, a mapping from
            their names or just the images, such as `aebook.data.read_images` returns.
        size: Side of a square in pixels. Defaults to 32.

    Returns:
        Squares, float32 in [0, 1], shape `(n, size, size, ...)`, in the order of the
        images.

    Raises:
        TypeError: If the images do not hold numbers, or `size` is not whole.
        ValueError: If there is none, or one has other channels than the first, or
            values outside [0, 1].

    Example:
        >>> cut_squares([np.zeros((30, 40)), np.ones((16, 16))], 8).shape
        (2, 8, 8)
    """
    size = check_count(size, "size")
    return np.stack([_square(each, size) for each in as_pictures(images).values()])


def _square(picture: np.ndarray, size: int) -> np.ndarray:
    side = min(picture.shape[:2])
    top, left = ((extent - side) // 2 for extent in picture.shape[:2])
    middle = picture[top : top + side, left : left + side].reshape(side, side, -1)
    channels = [
        Image.fromarray(middle[..., c]).resize((size, size), Image.Resampling.LANCZOS)
        for c in range(middle.shape[-1])
    ]
    square = np.stack([np.asarray(c) for c in channels], axis=-1).clip(0, 1)
    return square.reshape(size, size, *picture.shape[2:])
