"""An image that is too large for a network's memory, in tiles that overlap."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["in_tiles"]


def in_tiles(
    function: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    *,
    side: int,
    margin: int,
) -> np.ndarray:
    """Apply a function to images tile by tile, and put its results together.

    Each tile is seen with a margin of the image around it, of which nothing is kept.
    If the margin is as wide as the function reaches, no seam is left: the result is
    that of the whole image.

    Args:
        function: From `(n, height, width, channels)` to the same shape.
        x: Images of that shape.
        side: Side of a tile in pixels; a multiple of what the function asks of sides.
        margin: Pixels seen around it; a multiple of the same.

    Returns:
        The results, shape of `x`.

    Example:
        >>> x = np.arange(24.0).reshape(1, 4, 6, 1)
        >>> np.array_equal(in_tiles(np.sqrt, x, side=2, margin=1), np.sqrt(x))
        True
    """
    result = np.empty_like(x)
    for top in range(0, x.shape[1], side):
        for left in range(0, x.shape[2], side):
            above, before = min(top, margin), min(left, margin)
            seen = x[
                :,
                top - above : top + side + margin,
                left - before : left + side + margin,
            ]
            part = function(seen)[:, above : above + side, before : before + side]
            result[:, top : top + side, left : left + side] = part
    return result
