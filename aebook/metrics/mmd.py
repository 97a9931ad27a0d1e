"""How far apart two sets of samples are: the squared maximum mean discrepancy."""

from __future__ import annotations

from typing import Any, NamedTuple

from aebook.checks import as_samples
import numpy as np

__all__ = ["Discrepancy", "squared_mmd"]

ROWS = 1000  # of a kernel matrix at a time


class Discrepancy(NamedTuple):
    """A squared maximum mean discrepancy, estimated.

    Attributes:
        value: The estimate; it can be negative.
        standard_error: How far it would typically move with other samples.
    """

    value: float
    standard_error: float


def squared_mmd(a: Any, b: Any) -> Discrepancy:
    r"""Squared maximum mean discrepancy between two sets of vectors, unbiased.

    $$ \frac{\sum_{i \ne j} k(a_i, a_j)}{m(m-1)}
       + \frac{\sum_{i \ne j} k(b_i, b_j)}{n(n-1)}
       - \frac{2 \sum_{i,j} k(a_i, b_j)}{mn},
       \qquad k(a, b) = \left( \frac{a^\top b}{d} + 1 \right)^3 $$

    With this kernel it compares all moments up to the third: the means, variances,
    covariances and skewness of both sets. For two sets from one distribution its mean
    is exactly 0 at any size, so a small negative value says "no difference seen".

    Args:
        a: Vectors, shape `(m, d)`, $m ≥ 3$.
        b: Vectors, shape `(n, d)`, $n ≥ 3$.

    Returns:
        The estimate, and its standard error by the jackknife: every vector left out
        once. Where the two distributions are the same the error is on the safe side,
        up to $\sqrt 2$ times too large.

    Raises:
        TypeError: If an argument does not hold numbers.
        ValueError: If a set has fewer than 3 vectors, holds NaN or infinity, or the
            widths differ.

    Example:
        >>> squared_mmd([[0.0], [0.0], [0.0]], [[1.0], [1.0], [1.0]])  # 1 + 8 - 2
        Discrepancy(value=7.0, standard_error=0.0)

    Source: Gretton et al., "A Kernel Two-Sample Test", 2012; the kernel: Bińkowski et
    al., "Demystifying MMD GANs", 2018.
    """
    a = as_samples(a, (None,), name="a").astype(np.float64)
    b = as_samples(b, (None,), name="b").astype(np.float64)
    if a.shape[1] != b.shape[1] or min(len(a), len(b)) < 3:
        raise ValueError(
            "a and b must be at least 3 vectors each, of the same width, "
            f"got shapes {a.shape} and {b.shape}"
        )
    m, n = len(a), len(b)
    aa = _kernel_sums(a, a) - _kernel(a, a)  # the pairs i = j do not count
    bb = _kernel_sums(b, b) - _kernel(b, b)
    ab, ba = _kernel_sums(a, b), _kernel_sums(b, a)
    sums = (aa.sum(), bb.sum(), ab.sum())
    value = _estimate(*sums, m, n)
    # without vector i its row and its column are gone: one estimate for each i
    without_a = _estimate(sums[0] - 2 * aa, sums[1], sums[2] - ab, m - 1, n)
    without_b = _estimate(sums[0], sums[1] - 2 * bb, sums[2] - ba, m, n - 1)
    variance = (m - 1) * without_a.var() + (n - 1) * without_b.var()
    return Discrepancy(float(value), float(np.sqrt(variance)))


def _estimate(aa: Any, bb: Any, ab: Any, m: int, n: int) -> Any:
    return aa / (m * (m - 1)) + bb / (n * (n - 1)) - 2 * ab / (m * n)


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return k(a_i, b_i) for each i."""
    k = np.einsum("ij,ij->i", a, b) / a.shape[1] + 1
    return k * k * k


def _kernel_sums(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return Σ_j k(a_i, b_j) for each i, some rows of the matrix at a time."""
    sums = []
    for start in range(0, len(a), ROWS):
        k = a[start : start + ROWS] @ b.T / a.shape[1] + 1
        sums.append((k * k * k).sum(axis=1))  # much faster than k**3
    return np.concatenate(sums)
