"""Whether neighbours in the code were neighbours in the data."""

from __future__ import annotations

from typing import Any

from aebook.checks import as_samples, check_count
import numpy as np

__all__ = ["trustworthiness"]


def trustworthiness(
    x: Any,
    codes: Any,
    n_neighbors: int = 5,
    *,
    max_samples: int = 2000,
    seed: int = 0,
) -> float:
    r"""How far the neighbours that a code shows can be trusted, at most 1.

    $$ T = 1 - \frac{2}{nk(2n - 3k - 1)} \sum_i \sum_{j \in N_i}
       \max(0, r(i, j) - k) $$

    $N_i$ are the $k$ nearest neighbours of sample $i$ by their codes, and $r(i, j)$
    says as which neighbour of $i$ the sample $j$ comes in the data: one that is close
    in the code and 500th in the data costs $500 - k$. Computed by scikit-learn. It
    asks nothing of neighbours that the code tears apart: that is the same measure
    with `x` and `codes` exchanged, also known as continuity.

    Args:
        x: Data, shape `(n, ...)`, flattened.
        codes: Their codes, shape `(n, ...)`, flattened.
        n_neighbors: Number of neighbours $k$, below half the samples. Defaults to 5.
        max_samples: Time and memory grow as the square: of more samples, so many
            are drawn at random. The value depends on the number: quote it.
            Defaults to 2000, about a second and 100 MB.
        seed: Which ones are drawn. Defaults to 0.

    Returns:
        A number in [0, 1]; about 0.5 for codes that have nothing to do with `x`.

    Raises:
        TypeError: If an argument does not hold numbers.
        ValueError: If the arrays are empty, hold NaN or infinity or differ in
            length, or `n_neighbors` is not below half the samples.

    Example:
        >>> x = np.random.default_rng(0).random((100, 3))
        >>> trustworthiness(x, 2 - 3 * x)  # every distance is three times as large
        1.0
        >>> round(trustworthiness(x, x[:, :1]), 2)  # one coordinate of three
        0.69

    Source: Venna & Kaski, "Neighborhood Preservation in Nonlinear Projection Methods",
    2001.
    """
    from sklearn.manifold import trustworthiness as of_scikit_learn

    x, codes = as_samples(x), as_samples(codes, name="codes")
    if len(x) != len(codes):
        raise ValueError(
            f"x and codes must have one row per sample, got {len(x)} and {len(codes)}"
        )
    check_count(n_neighbors, "n_neighbors")
    seed = check_count(seed, "seed", minimum=0)
    if len(x) > check_count(max_samples, "max_samples"):
        rng = np.random.default_rng(seed)
        rows = rng.choice(len(x), max_samples, replace=False)
        x, codes = x[rows], codes[rows]
    if 2 * n_neighbors >= len(x):
        raise ValueError(
            f"n_neighbors must be below half of the {len(x)} samples, "
            f"got {n_neighbors}; take fewer neighbours or more samples"
        )
    n = len(x)
    flat = (x.reshape(n, -1), codes.reshape(n, -1))
    return float(of_scikit_learn(*flat, n_neighbors=n_neighbors))
