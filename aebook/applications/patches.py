"""Square patches out of images of any size, to train on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aebook.applications.pictures import as_pictures
from aebook.checks import check_count
import numpy as np

__all__ = ["cut_patches"]


def cut_patches(
    images: Mapping[str, Any] | Iterable[Any],
    size: int = 64,
    count: int = 2000,
    *,
    random_state: int = 0,
) -> np.ndarray:
    """Cut square patches out of images of any size, half of them mirrored.

    Each pixel that a patch can begin at has the same chance, whatever image it is in.

    Args:
        images: Of shape `(height, width)` or `(height, width, 3)`, a mapping from
            their names or just the images, such as `aebook.data.read_images` returns.
        size: Side of a patch in pixels. Defaults to 64.
        count: How many patches. Defaults to 2,000.
        random_state: Seed of the places. Defaults to 0.

    Returns:
        Patches, float32, shape `(count, size, size, ...)`.

    Raises:
        TypeError: If the images do not hold numbers, or a count is not whole.
        ValueError: If there is none, or one is smaller than a patch, has other
            channels than the first, or values outside [0, 1].

    Example:
        >>> cut_patches([np.zeros((30, 40)), np.ones((16, 16))], 16, 5).shape
        (5, 16, 16)
    """
    size, count = check_count(size, "size"), check_count(count, "count")
    pictures = as_pictures(images)
    first = next(iter(pictures.values()))
    for name, picture in pictures.items():
        if min(picture.shape[:2]) < size:
            raise ValueError(
                f"image {name!r} has {picture.shape[0]} × {picture.shape[1]} pixels, "
                f"a patch {size} × {size}; leave it out, or take a smaller size"
            )
    rng = np.random.default_rng(check_count(random_state, "random_state", minimum=0))
    places = {k: np.array(p.shape[:2]) - size + 1 for k, p in pictures.items()}
    chance = np.array([np.prod(room) for room in places.values()], float)
    patches = np.empty((count, size, size, *first.shape[2:]), np.float32)
    names = list(pictures)
    for i, k in enumerate(rng.choice(len(names), count, p=chance / chance.sum())):
        top, left = (int(rng.integers(room)) for room in places[names[k]])
        patch = pictures[names[k]][top : top + size, left : left + size]
        patches[i] = patch[:, ::-1] if rng.random() < 0.5 else patch
    return patches
