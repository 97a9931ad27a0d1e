"""How samples are laid out in memory, as a layer takes them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["flatten"]


def flatten(x: Any) -> np.ndarray:
    """Lay the pixels of each image out in one row, as a dense layer takes them.

    Args:
        x: Images, shape `(n, ...)`, at least one axis beside the first.

    Returns:
        The same values, shape `(n, features)`; no copy where NumPy needs none.

    Raises:
        TypeError: If `x` does not hold numbers.
        ValueError: If `x` has no axis beside the first.

    Example:
        >>> flatten(np.zeros((5, 28, 28))).shape
        (5, 784)
    """
    x = np.asarray(x)
    if x.dtype.kind not in "biuf":
        raise TypeError(f"x must hold real numbers, got dtype {x.dtype}")
    if x.ndim < 2:
        raise ValueError(
            f"x must have at least 2 dimensions (n_samples, ...), got shape {x.shape}; "
            "one image needs a first axis too: x[None]"
        )
    return x.reshape(len(x), math.prod(x.shape[1:]))
