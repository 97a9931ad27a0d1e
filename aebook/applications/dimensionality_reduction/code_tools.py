"""What one does with codes: store them in few bits, lay pictures out by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from aebook.checks import as_samples, check_count
import numpy as np

__all__ = ["picture_grid", "quantize"]

EDGE = 0.001  # share of the known codes left outside at either end
MOST_BITS = 16


def quantize(codes: Any, bits: int | Sequence[int], known: Any) -> np.ndarray:
    r"""Round each number of a code to one of $2^b$ levels, as a file would store it.

    Levels lie evenly between the lowest and the highest known value, apart from one in
    a thousand at either end; each stands for the middle of its interval. What lies
    outside goes to the outermost level.

    Args:
        codes: Codes to round, shape `(n, d)`.
        bits: Bits a number, 0 to 16, or one for each of the `d` numbers. 0 stores
            nothing: the middle of the range comes back.
        known: Codes that show the range, such as those of training, shape `(m, d)`.

    Returns:
        What the levels stand for, float32, shape `(n, d)`.

    Raises:
        TypeError: If the codes do not hold numbers, or bits are not whole.
        ValueError: If codes are empty, hold NaN or differ in width, or bits are out of
            range or not as many as numbers.

    Example:
        >>> quantize([[0.1], [0.9]], 1, [[0.0], [1.0]]).round(2).ravel()
        array([0.25, 0.75], dtype=float32)
    """
    codes = as_samples(codes, (None,), name="codes")
    known = as_samples(known, (codes.shape[1],), name="known")
    given = [bits] * codes.shape[1] if np.ndim(bits) == 0 else cast(Sequence, bits)
    each = [check_count(b, "bits", minimum=0) for b in given]
    if len(each) != codes.shape[1]:
        raise ValueError(
            f"bits must be one number, or one for each of the {codes.shape[1]} "
            f"numbers of a code, got {len(each)}"
        )
    if max(each) > MOST_BITS:
        raise ValueError(f"bits must be at most {MOST_BITS}, got {max(each)}")
    low, high = np.quantile(known.astype(np.float64), (EDGE, 1 - EDGE), axis=0)
    levels = 2.0 ** np.array(each)
    step = np.where(high > low, high - low, 1) / levels
    index = np.clip(np.floor((codes - low) / step), 0, levels - 1)
    return (low + (index + 0.5) * step).astype(np.float32)


def picture_grid(codes: Any, images: Any, columns: int = 12) -> np.ndarray:
    """Lay pictures out as a map: in each cell the one whose code is nearest to it.

    The cells cover the map from its lowest to its highest code, and are white where
    no code lies within a cell's width.

    Args:
        codes: Where the pictures lie, shape `(n, 2)`, x to the right, y upwards.
        images: The pictures, shape `(n, height, width)`, or `(n, height, width, 3)`.
        columns: Cells along each side. Defaults to 12.

    Returns:
        Pictures, float32, shape `(columns², height, width, ...)`, row by row from the
        top left: `plots.images(grid, n=columns**2, columns=columns)` draws them.

    Raises:
        TypeError: If an argument does not hold numbers.
        ValueError: If codes are not two numbers each, or not as many as pictures, or
            an array is empty or holds NaN.

    Example:
        >>> grid = picture_grid([[0, 0], [1, 1]], [[[0.2]], [[0.8]]], columns=2)
        >>> grid.reshape(2, 2)  # the second picture is at the top right
        array([[1. , 0.8],
               [0.2, 1. ]], dtype=float32)
    """
    codes = as_samples(codes, (2,), name="codes").astype(np.float64)
    images = as_samples(images, name="images", low=0, high=1)
    if len(codes) != len(images) or images.ndim not in (3, 4):
        raise ValueError(
            f"images must be {len(codes)}, one for each code, shape (n, height, width) "
            f"or (n, height, width, 3), got {images.shape}"
        )
    columns = check_count(columns, "columns")
    low, high = codes.min(axis=0), codes.max(axis=0)
    places = (codes - low) / np.where(high > low, high - low, 1) * columns  # in cells
    middles = np.arange(columns) + 0.5
    grid = np.ones((columns**2, *images.shape[1:]), np.float32)
    for cell in range(columns**2):
        row, column = divmod(cell, columns)
        away = np.abs(places - (middles[column], middles[columns - 1 - row])).max(
            axis=1
        )
        if away[nearest := int(away.argmin())] <= 0.5:
            grid[cell] = images[nearest]
    return grid
