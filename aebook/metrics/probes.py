"""What a code knows about classes that it was never told: probes."""

from __future__ import annotations

from typing import Any

from aebook.checks import as_labels, as_samples, check_count
import numpy as np

__all__ = ["knn_probe", "linear_probe"]


def linear_probe(codes_train: Any, y_train: Any, codes_test: Any, y_test: Any) -> float:
    """Accuracy of logistic regression from codes to classes.

    It asks whether the classes lie apart by planes. Each number of the code is first
    brought to mean 0 and variance 1 over the training codes, so that its scale does
    not matter. scikit-learn fits the probe, with its usual L2 penalty; nothing in it
    is random.

    Args:
        codes_train: Codes to fit the probe to, shape `(n, ...)`, flattened.
        y_train: Class of each, integers or strings, shape `(n,)`; at least 2 classes.
        codes_test: Codes to judge it on, shape `(m, ...)`.
        y_test: Class of each, shape `(m,)`.

    Returns:
        Share of the test codes whose class is right, in [0, 1].

    Raises:
        TypeError: If codes do not hold numbers, or labels are neither integers nor
            strings.
        ValueError: If codes are empty, hold NaN or infinity or differ in width, if
            there is not one label per code, or only one class to learn.

    Example:
        >>> codes = [[0.0, 5.0], [1.0, 5.0], [8.0, 5.0], [9.0, 5.0]]
        >>> linear_probe(codes, [0, 0, 1, 1], [[2.0, 5.0], [7.0, 5.0]], [0, 1])
        1.0

    Source: Alain & Bengio, "Understanding Intermediate Layers Using Linear Classifier
    Probes", 2016.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    z, y, z_test, y_test = _checked(codes_train, y_train, codes_test, y_test)
    if len(np.unique(y)) < 2:
        raise ValueError(
            f"y_train must name at least 2 classes to tell apart, got only {y[0]}"
        )
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return float(probe.fit(z, y).score(z_test, y_test))


def knn_probe(
    codes_train: Any,
    y_train: Any,
    codes_test: Any,
    y_test: Any,
    n_neighbors: int = 5,
) -> float:
    """Accuracy of a vote among the nearest training codes.

    It asks whether codes that lie close belong together, whatever the shape of the
    classes. The distance is Euclidean on the codes as they are: unlike in
    `linear_probe`, a number with a larger spread counts for more.

    Args:
        codes_train: Codes that vote, shape `(n, ...)`, flattened.
        y_train: Class of each, integers or strings, shape `(n,)`.
        codes_test: Codes to judge by the vote, shape `(m, ...)`.
        y_test: Class of each, shape `(m,)`.
        n_neighbors: How many vote, at most `n`. Defaults to 5.

    Returns:
        Share of the test codes whose class wins the vote, in [0, 1].

    Raises:
        TypeError: If codes do not hold numbers, or labels are neither integers nor
            strings.
        ValueError: If codes are empty, hold NaN or infinity or differ in width, if
            there is not one label per code, or fewer codes than neighbours.

    Example:
        >>> ring, middle = [[0, 9], [9, 0], [0, -9], [-9, 0]], [[1, 0], [0, 1]]
        >>> knn_probe([*ring, *middle], list("oooomm"), [[8, 0], [0, 0]], ["o", "m"], 1)
        1.0
    """
    from sklearn.neighbors import KNeighborsClassifier

    z, y, z_test, y_test = _checked(codes_train, y_train, codes_test, y_test)
    if check_count(n_neighbors, "n_neighbors") > len(z):
        raise ValueError(
            f"n_neighbors must be at most the {len(z)} training codes, "
            f"got {n_neighbors}"
        )
    probe = KNeighborsClassifier(n_neighbors)
    return float(probe.fit(z, y).score(z_test, y_test))


def _checked(
    codes_train: Any, y_train: Any, codes_test: Any, y_test: Any
) -> tuple[np.ndarray, ...]:
    """Return both sets of codes, flat, each with its labels."""
    parts: list[np.ndarray] = []
    sets = {"train": (codes_train, y_train), "test": (codes_test, y_test)}
    for name, (codes, y) in sets.items():
        codes = as_samples(codes, name=f"codes_{name}")
        if codes.ndim < 2:
            raise ValueError(
                f"codes_{name} must have at least 2 dimensions (n_samples, ...), "
                f"got shape {codes.shape}"
            )
        labels = as_labels(y, len(codes), name=f"y_{name}")
        parts += [codes.reshape(len(codes), -1), labels]
    if parts[0].shape[1] != parts[2].shape[1]:
        raise ValueError(
            "codes_train and codes_test must have as many numbers a code, "
            f"got {parts[0].shape[1]} and {parts[2].shape[1]}"
        )
    return tuple(parts)
