"""Whether samples are good, and whether they are varied: two questions, two numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

from aebook.checks import as_samples, check_count
from aebook.metrics.neighbours import nearest_neighbours
import numpy as np

__all__ = ["PrecisionRecall", "precision_and_recall"]

ROWS = 1000  # of a distance matrix at a time


class PrecisionRecall(NamedTuple):
    """How two sets of vectors cover each other.

    Attributes:
        precision: Share of the generated ones that lie among the real: quality.
        recall: Share of the real ones that lie among the generated: variety.
    """

    precision: float
    recall: float


def precision_and_recall(
    real: Any, generated: Any, n_neighbors: int = 3
) -> PrecisionRecall:
    r"""How much of what is generated is real, and how much of the real is generated.

    $$ P = \frac1n \left| \{ j : \exists i,\ \lVert g_j - r_i \rVert \le
       \rho_k(r_i) \} \right| $$

    Around each real vector lies a ball that reaches to its $k$-th nearest real
    neighbour, of radius $\rho_k$; together they stand for all that is real. Precision
    is the share of generated vectors within, recall the same with the sets exchanged.
    Copies of one perfect image have precision 1 and recall about 0; the whole
    training set and as much noise have recall 1 and a precision of a half.

    **Compare values only at the same sizes of both sets and the same $k$**: fewer
    vectors have wider balls. Two sets from one distribution do not reach 1: two
    thousand digits beside two thousand others come to about 0.9.

    Args:
        real: Vectors, shape `(m, ...)`, flattened, $m > k$; of digits take
            `digit_features`, in which distances mean more than in pixels.
        generated: Vectors, shape `(n, ...)`, flattened, $n > k$.
        n_neighbors: The $k$. Defaults to 3, as in the paper.

    Returns:
        Precision and recall, in [0, 1].

    Raises:
        TypeError: If an argument does not hold numbers, or `n_neighbors` is not whole.
        ValueError: If a set has no more than $k$ vectors, holds NaN or infinity, or
            the widths differ.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(200, 2))
        >>> precision_and_recall(x, x)
        PrecisionRecall(precision=1.0, recall=1.0)
        >>> precision_and_recall(x, x + 100)
        PrecisionRecall(precision=0.0, recall=0.0)

    Source: Kynkäänniemi, Karras, Laine, Lehtinen & Aila, "Improved Precision and
    Recall Metric for Assessing Generative Models", 2019.
    """
    k = check_count(n_neighbors, "n_neighbors")
    r, g = as_samples(real, name="real"), as_samples(generated, name="generated")
    r, g = (x.reshape(len(x), -1).astype(np.float64) for x in (r, g))
    if r.shape[1] != g.shape[1] or min(len(r), len(g)) <= k:
        raise ValueError(
            f"real and generated must be more than {k} vectors each, of the same "
            f"width, got shapes {r.shape} and {g.shape}"
        )
    return PrecisionRecall(_share_within(r, g, k), _share_within(g, r, k))


def _share_within(known: np.ndarray, asked: np.ndarray, k: int) -> float:
    """Return the share of `asked` that lie in a ball of one of `known`."""
    radii = nearest_neighbours(known, known, k + 1).distances[:, -1]  # itself is first
    within = []
    for start in range(0, len(asked), ROWS):
        part = asked[start : start + ROWS]
        squares = (part**2).sum(axis=1)[:, None] + (known**2).sum(axis=1)
        distances = np.sqrt(np.maximum(squares - 2 * part @ known.T, 0))
        # the rounding of the sum above, or a vector would lie out of its own ball
        within.append((distances <= radii + 1e-6 * (1 + radii)).any(axis=1))
    return float(np.concatenate(within).mean())
