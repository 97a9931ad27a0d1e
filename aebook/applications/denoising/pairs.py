"""What a denoiser sees in a step, and what it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aebook.applications.patches import cut_patches
from aebook.applications.pictures import as_images
from aebook.checks import as_samples, check_choice, check_same_shape
import numpy as np

__all__ = ["as_noisy", "as_pairs", "hide", "padded", "training_pairs"]

BLIND_SPOTS = "blind spots"
PATCH, PATCHES = 48, 4000  # cut from pictures of any size
LOUDEST = 25.0  # values beyond are levels, not images with noise
SHARE = 1 / 16  # of the pixels that are hidden in a step
FAR = 2  # pixels from which the replacement may come

Batch = tuple[np.ndarray, np.ndarray, np.ndarray]


def training_pairs(
    x: np.ndarray,
    targets: np.ndarray | str | None,
    damage: Callable[[np.ndarray, np.random.Generator], np.ndarray],
    size: int,
    step: int,
    rng: np.random.Generator,
) -> Iterator[Batch]:
    """Yield input, target and the weight of each pixel, without end.

    The mean of the weights is 1, so that the loss is a mean over the pixels that count.

    Args:
        x: Images, shape `(n, height, width, channels)`.
        targets: `None` where `x` is clean, and is damaged anew each time; the images
            to be put out, shape of `x`; or `"blind spots"`, where `x` is all there is.
        damage: From clean images to damaged ones.
        size: Images in a step.
        step: Of what the sides must be multiples.
        rng: Where chance comes from.

    Yields:
        Two arrays `(size, height, width, channels)` with sides made multiples of
        `step`, and one `(size, height, width)`.
    """
    while True:
        chosen = rng.integers(len(x), size=size)
        seen, weight = x[chosen], np.ones((size, *x.shape[1:3]), np.float32)
        if targets is None:  # the edge is mirrored before there is noise
            clean = padded(seen, step)
            yield damage(clean, rng), clean, padded(weight, step)
            continue
        asked = seen if isinstance(targets, str) else targets[chosen]
        if isinstance(targets, str):
            seen, weight = hide(seen, rng)
        # Noise must not be mirrored: a pixel would find its own beyond the edge.
        seen, asked, weight = (
            padded(p, step, "constant") for p in (seen, asked, weight)
        )
        yield seen, asked, weight / max(weight.mean(), 1 / weight.size)


def hide(x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Replace about one pixel in sixteen by a neighbour at most two pixels away.

    The neighbour is never hidden itself, and where it would lie outside, that on the
    other side is taken. So nothing in the result depends on what a hidden pixel was:
    if the noise of its neighbours says nothing about its own, the mean of what it may
    have been is the best guess, and that is the clean pixel.

    Args:
        x: Noisy images, shape `(n, height, width, channels)`, sides 5 or more.
        rng: Where chance comes from.

    Returns:
        The images with hidden pixels, and 1 where one is hidden, else 0, float32,
        shape `(n, height, width)`.

    Source: Krull, Buchholz & Jug, "Noise2Void: Learning Denoising from Single Noisy
    Images", 2019.
    """
    wanted = rng.random(x.shape[:3]) < SHARE
    which, rows, columns = np.nonzero(wanted)
    steps = [(i, j) for i in range(-FAR, FAR + 1) for j in range(-FAR, FAR + 1)]
    steps.remove((0, 0))
    down, right = np.array(steps)[rng.integers(len(steps), size=len(which))].T
    there = (
        which,
        _inside(rows, down, x.shape[1]),
        _inside(columns, right, x.shape[2]),
    )
    kept = ~wanted[there]
    here = (which[kept], rows[kept], columns[kept])
    result, hidden = x.copy(), np.zeros(x.shape[:3], np.float32)
    result[here], hidden[here] = x[there][kept], 1
    return result, hidden


def padded(x: np.ndarray, step: int, mode: str = "symmetric") -> np.ndarray:
    """Return images `(n, height, width, ...)` with sides that are multiples of step."""
    after = [(0, -side % step) for side in x.shape[1:3]]
    around = [(0, 0), *after, *[(0, 0)] * (x.ndim - 3)]
    return np.pad(x, around, mode)  # type: ignore[call-overload]


def _inside(place: np.ndarray, step: np.ndarray, side: int) -> np.ndarray:
    there = place + step
    return np.where((there < 0) | (there >= side), place - step, there)


def as_pairs(images: Any, targets: Any, random_state: int) -> tuple[np.ndarray, Any]:
    """Return what `Denoiser.fit` takes, as arrays of equal shape, or say what is wrong.

    Of pictures of any size patches are cut; one seed cuts in the same places of both.
    """
    if isinstance(targets, str):
        check_choice(targets, [BLIND_SPOTS], "targets")
    if isinstance(images, Mapping):
        cut = {"size": PATCH, "count": PATCHES, "random_state": random_state}
        sizes = [(name, np.shape(image)) for name, image in images.items()]
        images = cut_patches(images, **cut)
        if isinstance(targets, Mapping):
            theirs = [(name, np.shape(image)) for name, image in targets.items()]
            if theirs != sizes:
                raise ValueError(
                    "targets must have the names, sizes and order of the images, "
                    f"{sizes}, got {theirs}"
                )
            targets = cut_patches(targets, **cut)
    x = as_noisy(images, "images")
    if targets is None:
        return as_samples(x, name="images", low=0, high=1), None
    if isinstance(targets, str):
        if min(x.shape[1:3]) <= 2 * FAR:
            raise ValueError(
                f"images with blind spots must have sides of {2 * FAR + 1} pixels at "
                f"least, got shape {x.shape}"
            )
        return x, targets
    targets = as_noisy(targets, "targets", x.shape[-1])
    check_same_shape(x, targets, ("images", "targets"))
    return x, targets


def as_noisy(x: Any, name: str, channels: int = 0) -> np.ndarray:
    """Return images that noise may have led out of [0, 1], or say what is wrong."""
    images = as_images(x, name, channels)
    highest = float(np.abs(images).max())
    if highest > LOUDEST or np.asarray(x).dtype.kind in "iu":
        raise ValueError(
            f"{name} has values up to {highest:g} of type {np.asarray(x).dtype}; "
            "expected floats, white at 1: divide by 255, or 65,535 if there are 16 "
            "bits; aebook.data.read_image does"
        )
    return images
