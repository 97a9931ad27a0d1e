"""Maps: many columns to a few numbers, by any method, judged by the same measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import math
import time
from typing import Any

from aebook.checks import as_labels, as_samples, check_count
from aebook.metrics import knn_probe, trustworthiness
from aebook.training.retracing import many_models
import numpy as np

__all__ = ["Map", "compare_maps"]


@dataclass(frozen=True)
class Map:
    """What one method made of the data, and how good that is.

    Attributes:
        codes: The numbers of each sample, shape `(n, latent_dim)`.
        new_codes: Those of the new samples; `None` if there are none, or if the
            method cannot map what it was not fitted to.
        trustworthiness: Whether neighbours on the map were neighbours in the data,
            in [0, 1]; see `aebook.metrics.trustworthiness`.
        continuity: Whether neighbours in the data are neighbours on the map: the same
            measure with both exchanged.
        accuracy: Share of the samples whose class wins the vote of their neighbours
            on the map, each left out in its own vote; NaN without labels.
        new_accuracy: Share of the new samples whose class wins the vote of the
            samples near them; NaN without labels or `new_codes`.
        seconds: What `fit_transform` took.
        new_seconds: What mapping all new samples took, the faster of two times; NaN
            without `new_codes`.
    """

    codes: np.ndarray = field(repr=False)
    new_codes: np.ndarray | None = field(repr=False)
    trustworthiness: float
    continuity: float
    accuracy: float
    new_accuracy: float
    seconds: float
    new_seconds: float


def compare_maps(
    methods: Mapping[str, Any],
    x: Any,
    labels: Any = None,
    *,
    new: Any = None,
    new_labels: Any = None,
    n_neighbors: int = 5,
    max_samples: int = 2000,
    seed: int = 0,
) -> dict[str, Map]:
    """Fit each method to the same samples and judge its map.

    Args:
        methods: Transformers of scikit-learn, pipelines among them,
            `{"PCA": PCA(2), ...}`; each is fitted in place, and is at hand afterwards.
        x: Samples, shape `(n, ...)`, flattened. A method sees them as they are: where
            columns differ in unit, begin its pipeline with `StandardScaler()`.
        labels: Class of each, integers or strings, shape `(n,)`. No method sees them.
        new: Samples that no method is fitted to, shape `(m, ...)`.
        new_labels: Class of each, shape `(m,)`.
        n_neighbors: Neighbours that are looked at, and that vote. Defaults to 5.
        max_samples: Trustworthiness and continuity look at so many samples, drawn at
            random, and depend on the number: quote it. Defaults to 2,000.
        seed: Which ones are drawn. Defaults to 0.

    Returns:
        For each method its `Map`.

    Raises:
        TypeError: If `methods` is no such mapping, or the samples hold no numbers.
        ValueError: If samples or labels do not fit together, are empty or hold NaN.

    Example:
        >>> from sklearn.decomposition import PCA
        >>> from sklearn.datasets import load_iris
        >>> x, y = load_iris(return_X_y=True)
        >>> found = compare_maps({"PCA": PCA(2)}, x[::2], y[::2], new=x[1::2])
        >>> round(found["PCA"].accuracy, 2), found["PCA"].new_codes.shape
        (0.93, (75, 2))
    """
    _check_methods(methods)
    x, y = _checked(x, labels, "")
    fresh, fresh_y = (None, None) if new is None else _checked(new, new_labels, "new_")
    if fresh is not None and fresh.shape[1] != x.shape[1]:
        raise ValueError(
            f"new must have the {x.shape[1]} columns of x, got {fresh.shape[1]}"
        )
    if 2 * check_count(n_neighbors, "n_neighbors") >= len(x):
        raise ValueError(
            f"n_neighbors must be below half of the {len(x)} samples, got {n_neighbors}"
        )
    near = {"n_neighbors": n_neighbors, "max_samples": max_samples, "seed": seed}
    maps = {}
    for name, method in methods.items():
        codes, seconds = _timed(method.fit_transform, x)
        fresh_codes, fresh_seconds = None, math.nan
        if fresh is not None and hasattr(method, "transform"):
            tries = [_timed(method.transform, fresh) for _ in range(2)]
            fresh_codes, fresh_seconds = min(tries, key=lambda each: each[1])
        probed = fresh_codes is not None and y is not None and fresh_y is not None
        maps[str(name)] = Map(
            codes,
            fresh_codes,
            trustworthiness(x, codes, **near),
            trustworthiness(codes, x, **near),
            math.nan if y is None else _left_out(codes, y, n_neighbors),
            knn_probe(codes, y, fresh_codes, fresh_y, n_neighbors)
            if probed
            else math.nan,
            seconds,
            fresh_seconds,
        )
    return maps


def _left_out(codes: np.ndarray, y: np.ndarray, n_neighbors: int) -> float:
    """Return the accuracy of the vote of the neighbours, without the sample itself."""
    from scipy.stats import mode
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=n_neighbors).fit(codes)
    classes, index = np.unique(y, return_inverse=True)
    votes = mode(index[near.kneighbors(return_distance=False)], axis=1).mode
    return float(np.mean(classes[votes] == y))


def _timed(call: Any, x: np.ndarray) -> tuple[np.ndarray, float]:
    start = time.perf_counter()
    with many_models():
        codes = np.asarray(call(x))
    return codes, time.perf_counter() - start


def _checked(x: Any, labels: Any, prefix: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Return samples as rows, and their labels."""
    x = as_samples(x, name=prefix.rstrip("_") or "x")
    x = x.reshape(len(x), -1)
    return x, labels if labels is None else as_labels(labels, len(x), f"{prefix}labels")


def _check_methods(methods: Any) -> None:
    if not isinstance(methods, Mapping) or not methods:
        raise TypeError(
            'methods must be {"name": transformer, ...} with at least one, '
            f"got {methods!r}"
        )
    for name, method in methods.items():
        if isinstance(method, type) or not hasattr(method, "fit_transform"):
            raise TypeError(
                f"{name!r} must have fit_transform, as scikit-learn's transformers "
                f"do, got {type(method).__name__}; give an instance, such as PCA(2)"
            )
