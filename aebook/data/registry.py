"""The registry: every data set of the book by name, and as a table to look at."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from aebook.checks import check_choice
from aebook.data.datasets.breast_cancer import BREAST_CANCER
from aebook.data.datasets.digits import DIGITS
from aebook.data.datasets.emoji import EMOJI
from aebook.data.datasets.fashion_mnist import FASHION_MNIST, FASHION_MNIST_FULL
from aebook.data.datasets.mnist import MNIST
from aebook.data.datasets.photographs import PHOTOGRAPHS
from aebook.data.entry import Dataset
from aebook.data.kinds import Splits

__all__ = ["DATASETS", "Catalog", "catalog", "load"]

#: Every data set by name.
DATASETS: dict[str, Dataset[Any]] = {
    entry.name: entry
    for entry in (
        MNIST,
        FASHION_MNIST,
        FASHION_MNIST_FULL,
        DIGITS,
        PHOTOGRAPHS,
        EMOJI,
        BREAST_CANCER,
    )
}


def load(name: str, validation: int | None = None, seed: int = 0) -> Splits:
    """Load a data set by its name in the registry.

    Args:
        name: A key of `DATASETS`.
        validation: How many samples of the training set to set aside; 0 for none,
            None for as many as the entry says.
        seed: Which ones; the same seed sets the same samples aside everywhere.

    Returns:
        `Images`, `Photographs` or `Table`, as the entry says: training, validation,
        test.

    Raises:
        ValueError: If the name is unknown; the message lists the known ones. If
            `validation` is negative or leaves nothing to train on.
        DatasetError: If the data are damaged or cannot be fetched, or the package that
            ships them is missing; the message says what to install.

    Example:
        >>> load("fashion_mnist", validation=500).x_val.shape
        (500, 28, 28)
        >>> load("breast_cancer").features[:3]
        ('mean radius', 'mean texture', 'mean perimeter')
    """
    return DATASETS[check_choice(name, DATASETS, "data set")].load(validation, seed)


_COLUMNS: dict[str, Callable[[Dataset], str]] = {
    "name": lambda d: d.name,
    "kind": lambda d: d.kind.__name__,
    "train": lambda d: f"{d.n_train:,}",
    "test": lambda d: f"{d.n_test:,}",
    "shape": lambda d: " × ".join(str(n or "any") for n in d.shape),
    "licence": lambda d: d.licence,
    "where": lambda d: d.where,
}


class Catalog(tuple[Dataset, ...]):
    """Entries of the registry, which print as a table."""

    def _rows(self) -> list[list[str]]:
        return [list(_COLUMNS)] + [[f(d) for f in _COLUMNS.values()] for d in self]

    def __repr__(self) -> str:
        rows = self._rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ("  ".join(map(str.ljust, row, widths)) for row in rows)
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        head, *rows = ([escape(cell) for cell in row] for row in self._rows())
        body = "".join(f"<tr><td>{'</td><td>'.join(row)}</td></tr>" for row in rows)
        return (
            f"<table><thead><tr><th>{'</th><th>'.join(head)}</th></tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )


def catalog() -> Catalog:
    """Return every data set of the registry, as a table to look at.

    Returns:
        The `Dataset` entries; each holds classes, citation, source and digest
        as well.

    Example:
        >>> for entry in catalog():
        ...     print(entry.name, entry.n_train, entry.where, sep=", ")
        mnist, 60000, embedded
        fashion_mnist, 10000, embedded
        fashion_mnist_full, 60000, download
        digits, 1500, scikit-learn
        photographs, 13, scikit-image
        emoji, 401, embedded
        breast_cancer, 456, scikit-learn
    """
    return Catalog(DATASETS.values())
