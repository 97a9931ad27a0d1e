"""Data on a surface that is known, so that a map of them can be judged by the truth."""

from __future__ import annotations

from typing import Any, NamedTuple

from aebook.checks import as_samples, check_between, check_count
import numpy as np

__all__ = ["SwissRoll", "swiss_roll", "turned"]


class SwissRoll(NamedTuple):
    """Points of a rolled sheet, and where they lie on it when it is flat.

    Attributes:
        points: As they lie in space, float32, shape `(n, 3)`.
        sheet: The answer: how far along the sheet, and how high, shape `(n, 2)`.
    """

    points: np.ndarray
    sheet: np.ndarray


def swiss_roll(
    n: int = 1500, *, noise: float = 0.0, random_state: int = 0
) -> SwissRoll:
    r"""Roll up a flat sheet, as a map of it should unroll it again.

    $$ x = (t \cos t, \; h, \; t \sin t), \qquad
       s = \tfrac12 \left( t \sqrt{1 + t^2} + \operatorname{arsinh} t \right) $$

    $s$ is the length of the spiral up to $t$. Rolling stretches nothing: along the
    sheet distances in space and on it are the same.

    Args:
        n: Number of points. Defaults to 1,500.
        noise: Standard deviation of what is added to each coordinate in space, where
            the turns are 6.3 apart. Defaults to 0.
        random_state: Seed of the points.

    Returns:
        Points and sheet, both in the same unit.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If one is out of its range.

    Example:
        >>> points, sheet = swiss_roll(4)
        >>> points.shape, sheet.shape
        ((4, 3), (4, 2))

    Source: Tenenbaum, de Silva & Langford, "A Global Geometric Framework for
    Nonlinear Dimensionality Reduction", 2000; points drawn by scikit-learn.
    """
    from sklearn.datasets import make_swiss_roll

    n, noise = check_count(n, "n"), check_between(noise, "noise", low=0)
    seed = check_count(random_state, "random_state", minimum=0)
    points, t = make_swiss_roll(n, noise=noise, random_state=seed)
    length = (t * np.sqrt(1 + t**2) + np.arcsinh(t)) / 2
    sheet = np.stack([length, points[:, 1]], axis=1)
    return SwissRoll(points.astype(np.float32), sheet.astype(np.float32))


def turned(picture: Any, angles: Any, size: int = 32) -> np.ndarray:
    """Turn the middle of a picture: images that differ by one number, the angle.

    The largest disc in the middle is cut out, so that no corner comes or goes, and
    lies on black.

    Args:
        picture: In [0, 1], shape `(height, width)` or `(height, width, 3)`.
        angles: By how much to turn it, in degrees, anticlockwise, shape `(n,)`.
        size: Side of the images in pixels. Defaults to 32.

    Returns:
        Images, float32 in [0, 1], shape `(n, size, size)` or `(n, size, size, 3)`.

    Raises:
        TypeError: If an argument does not hold numbers.
        ValueError: If the picture is smaller than 8 × 8, has another shape, holds NaN
            or values outside [0, 1], or if there are no angles.

    Example:
        >>> turned(np.ones((40, 60)), [0, 90], size=8).shape
        (2, 8, 8)
    """
    from skimage.transform import resize, rotate

    size = check_count(size, "size", minimum=4)
    x = as_samples(picture, name="picture", low=0, high=1)
    if x.ndim not in (2, 3) or min(x.shape[:2]) < 8 or x.shape[2:] not in ((), (3,)):
        raise ValueError(
            "picture must be one image of at least 8 × 8 pixels, shape (height, width) "
            f"or (height, width, 3), got {x.shape}; of several take one: images[0]"
        )
    angles = as_samples(angles, (), name="angles")
    side = min(x.shape[:2])
    top, left = ((length - side) // 2 for length in x.shape[:2])
    square = x[top : top + side, left : left + side]
    fine = resize(square, (2 * size, 2 * size), anti_aliasing=True)
    offsets = np.abs(np.arange(2 * size) - size + 0.5)
    disc = np.hypot(offsets[:, None], offsets) < size
    disc = disc if x.ndim == 2 else disc[..., None]
    large = [disc * rotate(fine, float(a), mode="edge", order=3) for a in angles]
    parts = np.reshape(large, (len(large), size, 2, size, 2, *x.shape[2:]))
    return parts.mean(axis=(2, 4)).clip(0, 1).astype(np.float32)
