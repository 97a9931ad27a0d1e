"""Labels as a generator takes them: rows with one 1, or none for "whichever"."""

from __future__ import annotations

from typing import Any

from aebook.checks import as_labels
import numpy as np

__all__ = ["Condition"]


class Condition:
    """The labels that a generator knows, and how often each came.

    Args:
        labels: One per training sample, integers or strings; `None` for no labels.
        count: How many samples there are.

    Raises:
        TypeError: If the labels are neither integers nor strings.
        ValueError: If there is not one per sample.

    Example:
        >>> known = Condition(["cat", "dog", "cat"], 3)
        >>> known.rows("dog", 2)
        array([[0., 1.],
               [0., 1.]], dtype=float32)
    """

    def __init__(self, labels: Any, count: int) -> None:
        given = np.zeros(0) if labels is None else as_labels(labels, count)
        self.classes, self._of, counts = np.unique(
            given, return_inverse=True, return_counts=True
        )
        self.shares = counts / max(1, counts.sum())
        self.count = count

    @classmethod
    def of(cls, classes: np.ndarray, shares: np.ndarray) -> Condition:
        """Return the labels that a file remembers, without those of the samples."""
        known = cls(None, 0)
        known.classes, known.shares = classes, shares
        return known

    @property
    def width(self) -> int:
        """How many classes there are; 0 without labels."""
        return len(self.classes)

    def training_rows(self) -> np.ndarray:
        """Return the rows of the training samples, shape `(count, width)`."""
        if not self.width:
            return np.zeros((self.count, 0), np.float32)
        return np.eye(self.width, dtype=np.float32)[self._of]

    def rows(self, label: Any, n: int) -> np.ndarray:
        """Return n rows for one label or for n, or of zeros for `None`."""
        if label is None:
            return np.zeros((n, self.width), np.float32)
        if not self.width:
            raise ValueError(
                "label was given, but fit(...) had no labels; leave it out"
            )
        wanted = as_labels(label if np.ndim(label) else [label] * n, n, "label")
        equal = wanted[:, None] == self.classes
        if not equal.any(axis=1).all():
            known = ", ".join(map(str, self.classes[:20].tolist()))
            raise ValueError(
                f"label must be among those of fit: {known}; got {label!r}"
            )
        return equal.astype(np.float32)

    def drawn(self, label: Any, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return `rows`; for `None` each label as often as it came in training."""
        if label is None and self.width:
            label = rng.choice(self.classes, n, p=self.shares)
        return self.rows(label, n)
