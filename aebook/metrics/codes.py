"""How much of a code is used: units that vary, entries of a codebook that occur."""

from __future__ import annotations

from typing import Any

from aebook.checks import as_samples, check_between, check_count
import numpy as np

__all__ = ["active_units", "code_usage", "perplexity"]


def active_units(means: Any, threshold: float = 0.01) -> int:
    r"""Number of units of a variational code that say anything about the input.

    $$ \#\left\{ j : \operatorname{Var}_x\!\left( \mu_j(x) \right) > \theta \right\} $$

    A unit whose posterior has collapsed to the prior has the same mean for every
    input. The measure is for codes whose scale is set by a prior N(0, 1): elsewhere a
    unit can be scaled down and still carry the whole input. (The history of a
    `VariationalAutoencoder` counts units by their divergence from the prior instead.)

    Args:
        means: Posterior means, one row per sample, shape `(n, latent)`; more axes
            count as more units.
        threshold: Variance θ from which on a unit counts. Defaults to 0.01.

    Returns:
        The number of active units, from 0 to `latent`.

    Raises:
        TypeError: If an argument does not hold numbers.
        ValueError: If the means are empty, hold NaN or infinity, or are fewer than
            2 samples, or the threshold is negative.

    Example:
        >>> active_units([[1.0, 0.01, 5.0], [-1.0, -0.01, 5.0]])  # 2nd, 3rd: constant
        1

    Source: Burda, Grosse & Salakhutdinov, "Importance Weighted Autoencoders", 2016,
    section 5.2.
    """
    means = as_samples(means, name="means")
    threshold = check_between(threshold, "threshold", low=0)
    if len(means) < 2 or means.ndim < 2:
        raise ValueError(
            "means must have one row for each of at least 2 samples, shape "
            f"(n, latent), got shape {means.shape}"
        )
    return int((means.var(axis=0, dtype=np.float64) > threshold).sum())


def code_usage(indices: Any, codes: int) -> float:
    r"""Share of a codebook that occurs at all.

    Args:
        indices: Indices into the codebook, whole numbers in [0, `codes`), any shape.
        codes: Number of entries of the codebook.

    Returns:
        Entries that occur, divided by `codes`: in (0, 1].

    Raises:
        TypeError: If the indices or `codes` are not whole numbers.
        ValueError: If there are no indices, or one is outside the codebook.

    Example:
        >>> code_usage([[0, 0, 1], [1, 0, 1]], codes=4)
        0.5
    """
    return float((_frequencies(indices, codes) > 0).mean())


def perplexity(indices: Any, codes: int) -> float:
    r"""How many entries of a codebook are in use, counted by how often they occur.

    $$ \exp\left( -\sum_k p_k \log p_k \right) $$

    Here $p_k$ is the share of the indices that equal $k$. It is the size of a
    codebook, all entries equally frequent, of the same entropy: an entry used once in
    a thousand adds almost nothing, though `code_usage` counts it in full.

    Args:
        indices: Indices into the codebook, whole numbers in [0, `codes`), any shape.
        codes: Number of entries of the codebook.

    Returns:
        A number in [1, `codes`]: 1 if one entry does it all, `codes` if all occur
        equally often.

    Raises:
        TypeError: If the indices or `codes` are not whole numbers.
        ValueError: If there are no indices, or one is outside the codebook.

    Example:
        >>> round(perplexity([0, 1, 2, 3], codes=4), 6)
        4.0
        >>> round(perplexity([0, 0, 0, 1], codes=4), 3)
        1.755
    """
    p = _frequencies(indices, codes)
    p = p[p > 0]  # 0 log 0 counts as 0
    return float(np.exp(-(p * np.log(p)).sum()))


def _frequencies(indices: Any, codes: int) -> np.ndarray:
    """Return the share of the indices that each entry has, shape (codes,)."""
    indices, codes = np.asarray(indices), check_count(codes, "codes")
    if not indices.size:
        raise ValueError("indices is empty; quantize some samples first")
    if indices.dtype.kind not in "iu":
        raise TypeError(f"indices must be whole numbers, got dtype {indices.dtype}")
    low, high = int(indices.min()), int(indices.max())
    if low < 0 or high >= codes:
        raise ValueError(
            f"indices go from {low} to {high}, expected [0, {codes - 1}]; "
            "codes must be the size of the whole codebook"
        )
    return np.bincount(indices.ravel(), minlength=codes) / indices.size
