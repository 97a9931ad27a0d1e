"""Who is near to whom: in the code as in the data, and samples to what was learnt."""

from __future__ import annotations

from typing import Any, NamedTuple

from aebook.checks import as_samples, check_count
import numpy as np

__all__ = ["Neighbours", "nearest_neighbours", "trustworthiness"]


class Neighbours(NamedTuple):
    """The nearest of some known samples, closest first.

    Attributes:
        distances: Euclidean, in the unit of the samples, shape `(n, n_neighbors)`.
        indices: Which of the known they are, int, same shape.
    """

    distances: np.ndarray
    indices: np.ndarray


def nearest_neighbours(x: Any, known: Any, n_neighbors: int = 1) -> Neighbours:
    r"""Return for each sample the nearest of those known.

    $$ i(x) = \arg\min_i \lVert x - k_i \rVert $$

    Whether a generator copies: look at the training image nearest to each drawn one,
    and compare the distances with those of test images, which were not copied. A
    small distance shows a copy. A large one does not show that there is none: a copy
    moved by a pixel is far away.

    Args:
        x: Samples, shape `(n, ...)`, flattened.
        known: Those among which to look, shape `(m, ...)`, flattened.
        n_neighbors: How many, at most $m$. Defaults to 1.

    Returns:
        Distances and indices. Of images in [0, 1] the distance is the root of the
        squared error summed over the pixels.

    Raises:
        TypeError: If an argument does not hold numbers, or `n_neighbors` is not whole.
        ValueError: If an array is empty, holds NaN or infinity, the widths differ, or
            there are fewer known than `n_neighbors`.

    Example:
        >>> near = nearest_neighbours([[0.0, 1.0]], [[9.0, 9.0], [0.0, 3.0]])
        >>> near.distances, near.indices
        (array([[2.]]), array([[1]]))
    """
    from sklearn.neighbors import NearestNeighbors

    x, known = as_samples(x), as_samples(known, name="known")
    x, known = (a.reshape(len(a), -1).astype(np.float64) for a in (x, known))
    if x.shape[1] != known.shape[1]:
        raise ValueError(
            "x and known must have as many numbers a sample, got "
            f"{x.shape[1]} and {known.shape[1]}"
        )
    if check_count(n_neighbors, "n_neighbors") > len(known):
        raise ValueError(
            f"n_neighbors must be at most the {len(known)} known, got {n_neighbors}"
        )
    search = NearestNeighbors(n_neighbors=n_neighbors, algorithm="brute").fit(known)
    return Neighbours(*search.kneighbors(x))


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
