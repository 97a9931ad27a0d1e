"""Columns on one scale, and numbers that are finite and still too large for it.

The network computes in float32, which ends at 3.4e38. What lies beyond it becomes
infinite there, then NaN, and NaN sorts anywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler

__all__ = ["FARTHEST", "fit_scaler", "refuse_rows", "scaled"]

FLOAT32 = np.finfo(np.float32)
# No error of a finite row is larger: both it and what the network makes are float32.
FARTHEST = float(2 * np.float64(FLOAT32.max)) ** 2
TRAINABLE = 1e15  # far beyond any measure, far below where a square overflows, 1.8e19


def fit_scaler(x: np.ndarray, scale: bool) -> StandardScaler | None:
    """Return the scaler of the columns, or say which row makes it useless.

    Args:
        x: Samples, finite, float32 or float64, shape `(n_samples, n_features)`.
        scale: Whether the columns are to be standardised at all.

    Returns:
        The fitted scaler; `None` with `scale=False`.

    Raises:
        ValueError: If a value is too large to train on, or so large that beside it
            the other values of its column become one number.

    Example:
        >>> fit_scaler(np.array([[1e300, 0.0], [1e300, 2.0]]), scale=True).scale_
        array([1., 1.])
        >>> fit_scaler(np.array([[0.0], [1.0], [2.0], [3.0], [1e40]]), scale=True)
        Traceback (most recent call last):
        ValueError: row 4 of X holds 1e+40 in column 0, beside which the others are one
        number; remove the row, or clip the column
    """
    scaler = None
    if scale:
        with np.errstate(all="ignore"):  # what overflows is looked for below
            scaler = StandardScaler().fit(x)
        constant = x.min(axis=0) == x.max(axis=0)
        # The mean of a constant is rounded, and with it the 0 that it should become.
        scaler.mean_[constant] = x[0, constant]
        scaler.var_[constant], scaler.scale_[constant] = 0.0, 1.0
        _check_spread(x, scaler)
    too_large = ~(np.abs(scaled(x, scaler)) <= TRAINABLE)
    refuse_rows(x, too_large, "which is too large to train on")
    return scaler


def scaled(x: np.ndarray, scaler: StandardScaler | None) -> np.ndarray:
    """Return the columns as the network sees them, float32; infinite what is too large.

    Args:
        x: Samples, shape `(n_samples, n_features)`.
        scaler: What `fit_scaler` returned.

    Returns:
        The same shape, float32.

    Example:
        >>> scaled(np.array([[0.5, -1e40]]), None)
        array([[ 0.5, -inf]], dtype=float32)
    """
    with np.errstate(over="ignore"):
        if scaler is not None:
            x = scaler.transform(x)
        return x.astype(np.float32, copy=False)


def refuse_rows(x: np.ndarray, bad: Any, reason: str) -> None:
    """Raise a `ValueError` that names the first bad entry, if there is one.

    Args:
        x: What the caller gave as `X`, shape `(n_samples, n_features)`.
        bad: Which entries are wrong, the same shape, or which rows, `(n_samples,)`.
        reason: What is wrong with the entry; of a row, with its largest.

    Raises:
        ValueError: If an entry of `bad` is true.

    Example:
        >>> refuse_rows(np.eye(2), np.array([False, True]), "which is too bright")
        Traceback (most recent call last):
        ValueError: row 1 of X holds 1 in column 1, which is too bright; remove the row,
        or clip the column
    """
    if not bad.any():
        return
    row = int(np.argmax(bad if bad.ndim == 1 else bad.any(axis=1)))
    column = int(np.argmax(bad[row] if bad.ndim == 2 else np.abs(x[row])))
    raise ValueError(
        f"row {row} of X holds {x[row, column]:.6g} in column {column}, {reason}; "
        "remove the row, or clip the column"
    )


def _check_spread(x: np.ndarray, scaler: StandardScaler) -> None:
    """Refuse a value that leaves float32 no difference in the middle of its column."""
    with np.errstate(all="ignore"):
        low, high = np.percentile(x, (25, 75), axis=0)
        middle = (high - low) / scaler.scale_
    # Where the scale is no deviation, the column is constant but for rounding.
    deviates = scaler.scale_ == np.sqrt(scaler.var_)
    lost = deviates & (high > low) & (middle < FLOAT32.eps)
    lost |= ~np.isfinite(scaler.var_)
    bad = np.zeros(x.shape, bool)
    for column in np.flatnonzero(lost):
        half = x[:, column] / 2  # so that no difference overflows
        bad[np.argmax(np.abs(half - np.median(half))), column] = True
    refuse_rows(x, bad, "beside which the others are one number")
