"""How many numbers the data themselves need: their intrinsic dimension."""

from __future__ import annotations

from typing import Any

from aebook.checks import as_samples, check_count, check_positive
import numpy as np

__all__ = ["intrinsic_dimension"]

FEWEST = 10  # samples: below, the line is fitted to next to nothing


def intrinsic_dimension(
    x: Any, *, discard: float = 0.1, max_samples: int = 10_000, seed: int = 0
) -> float:
    r"""In how many directions data spread around a sample, by its two neighbours.

    $$ -\log(1 - F(\mu)) = d \, \log \mu, \qquad \mu = \frac{r_2}{r_1} $$

    $r_1$ and $r_2$ are the distances of a sample to its nearest and to its second
    neighbour. Where samples lie evenly within both, their ratio follows this
    distribution, whatever the density. $d$ is the slope of the line through 0 that
    fits the ratios, with the share of ranks as $F$. It is the dimension at the scale
    of these distances: more samples look closer, and closer there may be noise, which
    spreads in all directions. Samples at even distances, as on a grid, mislead it.

    Args:
        x: Data, shape `(n, ...)`, flattened. A sample that repeats another counts
            once.
        discard: Share of the largest ratios left out, where few samples say much, in
            (0, 1). Defaults to 0.1.
        max_samples: Time grows as the square: of more samples, so many are drawn at
            random. The value depends on the number: quote it. Defaults to 10,000,
            some ten seconds for digits of 784 pixels.
        seed: Which ones are drawn. Defaults to 0.

    Returns:
        The dimension, > 0, seldom whole. Beyond about 10 it tends to be too low, as
        so many samples as would be needed nobody has.

    Raises:
        TypeError: If `x` does not hold numbers.
        ValueError: If it is empty, holds NaN or infinity, or fewer than 10 samples
            that differ, or `discard` is out of its range.

    Example:
        >>> plane = np.random.default_rng(0).random((1000, 2)) @ np.ones((2, 50))
        >>> round(intrinsic_dimension(plane), 1)  # all on one line of the 50 axes
        1.0

    Source: Facco, d'Errico, Rodriguez & Laio, "Estimating the Intrinsic Dimension of
    Datasets by a Minimal Neighborhood Information", 2017.
    """
    from sklearn.neighbors import NearestNeighbors

    x = as_samples(x)
    if check_positive(discard, "discard") >= 1:
        raise ValueError(f"discard must be in (0, 1), got {discard}")
    seed = check_count(seed, "seed", minimum=0)
    x = np.unique(x.reshape(len(x), -1), axis=0)
    if len(x) > check_count(max_samples, "max_samples", minimum=FEWEST):
        rng = np.random.default_rng(seed)
        x = x[rng.choice(len(x), max_samples, replace=False)]
    if len(x) < FEWEST:
        raise ValueError(
            f"x must hold at least {FEWEST} samples that differ, got {len(x)}; "
            "a dimension is read off many neighbours"
        )
    x = x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)
    near, _ = NearestNeighbors(n_neighbors=2).fit(x).kneighbors()
    ratios = np.sort(np.log(near[:, 1] / near[:, 0]))
    kept = ratios[: max(1, int((1 - discard) * len(ratios)))]
    ranks = -np.log1p(-np.arange(1, len(kept) + 1) / len(ratios))
    return float(ranks @ kept / (kept @ kept))
