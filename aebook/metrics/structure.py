"""How alike two images look to the eye: structural similarity."""

from __future__ import annotations

import math
from typing import Any

from aebook.checks import as_samples, check_positive, check_same_shape
import numpy as np

__all__ = ["ssim"]

WINDOW, SMALLEST = 7, 3  # pixels: scikit-image's usual window, and the least it allows


def ssim(x: Any, x_hat: Any, *, data_range: float = 1.0) -> np.ndarray:
    r"""Structural similarity of each image and its reconstruction, at most 1.

    $$ \mathrm{SSIM} = \frac{(2 \mu \hat\mu + c_1)(2 s + c_2)}
       {(\mu^2 + \hat\mu^2 + c_1)(\sigma^2 + \hat\sigma^2 + c_2)} $$

    Means $\mu$, variances $\sigma^2$ and covariance $s$ within a window of 7 × 7
    pixels, averaged over all places of the window; $c_1 = (0.01 \,\mathrm{range})^2$
    and $c_2 = (0.03 \,\mathrm{range})^2$. Computed by scikit-image. Of two changes
    with the same squared error, a blur costs much more than a shift of all grey
    levels.

    Args:
        x: Originals, shape `(n, height, width)`, the same with a last axis of 1 or 3
            channels, or square images laid out flat, `(n, pixels)`; at least 3 × 3
            pixels. The window of an image below 7 × 7 is the largest odd one that
            fits.
        x_hat: Their reconstructions, same shape.
        data_range: Distance from black to white: 1 for images in [0, 1], 255 for
            8-bit levels.

    Returns:
        One value per image, float64, shape `(n,)`, in [-1, 1]; 1 only for an exact
        copy. Channels are averaged.

    Raises:
        TypeError: If an argument does not hold numbers.
        ValueError: If the arrays are no images as above, are empty, hold NaN or
            infinity, differ in shape, or if `x` spans more than `data_range`.

    Example:
        >>> x = np.eye(8)[None]
        >>> ssim(x, x), ssim(x, 1 - x).round(2)
        (array([1.]), array([-0.3]))

    Source: Wang, Bovik, Sheikh & Simoncelli, "Image Quality Assessment: From Error
    Visibility to Structural Similarity", 2004.
    """
    from skimage.metrics import structural_similarity

    x, x_hat = as_samples(x), as_samples(x_hat, name="x_hat")
    check_same_shape(x, x_hat, ("x", "x_hat"))
    data_range = check_positive(data_range, "data_range")
    if (span := float(x.max() - x.min())) > data_range:
        raise ValueError(
            f"x spans {span:g}, more than data_range={data_range:g}; pass "
            "data_range=255 for 8-bit levels, or divide both arrays by 255"
        )
    x, x_hat = _as_images(x), _as_images(x_hat)
    side = min(*x.shape[1:3], WINDOW)
    options = {
        "win_size": side if side % 2 else side - 1,
        "data_range": data_range,
        "channel_axis": -1 if x.ndim == 4 else None,
    }
    pairs = zip(x.astype(np.float64), x_hat.astype(np.float64), strict=True)
    return np.array([structural_similarity(*pair, **options) for pair in pairs])


def _as_images(x: np.ndarray) -> np.ndarray:
    """Return images of shape (n, height, width) or (n, height, width, channels)."""
    side = math.isqrt(x.shape[-1])
    if x.ndim == 2 and side**2 == x.shape[1]:
        x = x.reshape(-1, side, side)
    if not (x.ndim == 3 or (x.ndim == 4 and x.shape[-1] in (1, 3))):
        raise ValueError(
            "x must be images, shape (n, height, width), (n, height, width, 1 or 3) "
            f"or square and flat (n, pixels), got {x.shape}; one image: x[None]"
        )
    if min(x.shape[1:3]) < SMALLEST:
        raise ValueError(
            f"x must be images of at least {SMALLEST} × {SMALLEST} pixels, "
            f"got shape {x.shape}; there is no structure in fewer"
        )
    return x
