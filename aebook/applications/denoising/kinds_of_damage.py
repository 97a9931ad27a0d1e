"""What spoils images: noise, specks, lost pixels, blur."""

from __future__ import annotations

from typing import Any

from aebook.applications.pictures import as_images
from aebook.checks import check_between, check_choice, check_count
from aebook.corruption import MaskingNoise, SaltAndPepper
from keras import ops
import numpy as np

__all__ = ["KINDS", "check_damage", "damage", "damaged"]

#: The kinds of damage, and the largest amount of each.
KINDS = {"gaussian": 4.0, "salt-and-pepper": 1.0, "masking": 1.0, "blur": 20.0}
LAYERS = {"salt-and-pepper": SaltAndPepper, "masking": MaskingNoise}


def damage(
    images: Any,
    kind: str = "gaussian",
    amount: float | tuple[float, float] = 25 / 255,
    *,
    random_state: int = 0,
) -> np.ndarray:
    r"""Return a damaged copy of images.

    $$ \tilde x_j = x_j + \sigma \, \varepsilon_j, \qquad
       \varepsilon_j \sim \mathcal N(0, 1) $$

    is `"gaussian"`, and is not clipped: values leave [0, 1]. `"salt-and-pepper"` and
    `"masking"` are those of `aebook.corruption`, each channel on its own. `"blur"`
    is a Gaussian filter, and has no chance in it.

    Args:
        images: In [0, 1], shape `(n, height, width)` or `(n, height, width, 3)`.
        kind: One of the four. Defaults to `"gaussian"`.
        amount: The standard deviation of the noise, where white is 1; the share of
            values that are replaced; or the standard deviation of the blur in pixels.
            A pair is a range, from which each image gets its own. Defaults to 25/255.
        random_state: Seed of the draws, in [0, 2³²). Defaults to 0.

    Returns:
        float32, shape of `images`.

    Raises:
        TypeError: If `images` hold no numbers, or the amount is none.
        ValueError: If they are empty, of another shape, not finite or outside [0, 1],
            or if the kind is unknown or the amount out of its range.

    Example:
        >>> noisy = damage(np.full((1, 100, 100), 0.5), amount=0.1)
        >>> round(float(noisy.std()), 2)
        0.1
    """
    amounts = check_damage(kind, amount)
    seed = check_count(random_state, "random_state", minimum=0)
    x = as_images(images, low=0, high=1).reshape(np.shape(images))
    return damaged(x, kind, amounts, np.random.default_rng(seed))


def check_damage(kind: str, amount: Any) -> tuple[float, float]:
    """Return the least and the largest amount, or say what is wrong with them."""
    high = KINDS[check_choice(kind, KINDS, "kind")]
    pair = amount if isinstance(amount, (tuple, list)) else (amount, amount)
    if len(pair) != 2:
        raise ValueError(f"amount must be a number or a pair, got {amount!r}")
    first, last = (check_between(a, "amount", low=0, high=high) for a in pair)
    if first > last:
        raise ValueError(f"amount must rise from low to high, got {amount!r}")
    return first, last


def damaged(
    x: np.ndarray, kind: str, amounts: tuple[float, float], rng: np.random.Generator
) -> np.ndarray:
    """Return what `damage` does, of images that are known to be some."""
    low, high = amounts
    each = rng.uniform(low, high, len(x))
    if kind == "gaussian":
        noise = rng.standard_normal(x.shape, np.float32)
        return x + each.astype(np.float32).reshape(-1, *[1] * (x.ndim - 1)) * noise
    if kind == "blur":
        from scipy.ndimage import gaussian_filter

        return np.stack(
            [gaussian_filter(i, s, axes=(0, 1)) for i, s in zip(x, each, strict=True)]
        )
    layer = LAYERS[kind](low, seed=int(rng.integers(2**31)))
    if low == high:
        return ops.convert_to_numpy(layer(x, training=True))
    parts = np.empty_like(x)
    for i, layer.rate in enumerate(each.tolist()):
        parts[i] = ops.convert_to_numpy(layer(x[i : i + 1], training=True))[0]
    return parts
