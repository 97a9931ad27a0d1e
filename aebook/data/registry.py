"""The registry: every data set of the book, with licence, citation and digest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

__all__ = ["DATASETS", "Catalog", "Dataset", "catalog"]


@dataclass(frozen=True)
class Dataset:
    """What is known about one data set before it is loaded.

    Attributes:
        name: What `load` calls it.
        title: What people call it.
        n_train: Number of training images, validation included.
        n_test: Number of test images.
        shape: Shape of one image.
        classes: Name of each class, in the order of the labels.
        licence: Licence of the data, not of this package.
        citation: Whom to cite.
        source: Where the data come from, and what was left out.
        sha256: Digest of the embedded file; of all pixels and labels, in the order
            training images, training labels, test images, test labels, where Keras
            fetches the data.
        embedded: Whether it comes with the package and needs no network.
    """

    name: str
    title: str
    n_train: int
    n_test: int
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    licence: str
    citation: str
    source: str
    sha256: str
    embedded: bool = True


_CLOTHES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
_FASHION = (
    'Xiao, Rasul, Vollgraf: "Fashion-MNIST: a Novel Image Dataset for Benchmarking '
    'Machine Learning Algorithms", 2017, arXiv:1708.07747'
)

#: Every data set by name.
DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            name="mnist",
            title="MNIST, handwritten digits",
            n_train=60_000,
            n_test=10_000,
            shape=(28, 28),
            classes=tuple("0123456789"),
            licence="CC BY-SA 3.0",
            citation="LeCun, Bottou, Bengio, Haffner: "
            '"Gradient-Based Learning Applied to Document Recognition", 1998',
            source="http://yann.lecun.com/exdb/mnist/, complete",
            sha256="3f7cce83a0d959f2cecc82ed8d90ad436ce8c787693c74e34d12291b12ce2148",
        ),
        Dataset(
            name="fashion_mnist",
            title="Fashion-MNIST, articles of clothing (subset)",
            n_train=10_000,
            n_test=2_000,
            shape=(28, 28),
            classes=_CLOTHES,
            licence="MIT",
            citation=_FASHION,
            source="https://github.com/zalandoresearch/fashion-mnist, "
            "the first 10,000 training and 2,000 test images",
            sha256="ca566f5acc675641d9ac1c7611cbed4b41ad082b830bd50dd911cf775d63f9a0",
        ),
        Dataset(
            name="fashion_mnist_full",
            title="Fashion-MNIST, articles of clothing (complete)",
            n_train=60_000,
            n_test=10_000,
            shape=(28, 28),
            classes=_CLOTHES,
            licence="MIT",
            citation=_FASHION,
            source="https://github.com/zalandoresearch/fashion-mnist, "
            "complete, fetched by keras.datasets.fashion_mnist",
            sha256="ca3ab2a37f845e1b8ae23cab1b51749a3011ba3bf1d9016176d75cbaabac376f",
            embedded=False,
        ),
    )
}


_COLUMNS: dict[str, Callable[[Dataset], str]] = {
    "name": lambda d: d.name,
    "training": lambda d: f"{d.n_train:,}",
    "test": lambda d: f"{d.n_test:,}",
    "shape": lambda d: " × ".join(map(str, d.shape)),
    "classes": lambda d: str(len(d.classes)),
    "licence": lambda d: d.licence,
    "where": lambda d: "embedded" if d.embedded else "download",
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
        The `Dataset` entries; each holds citation, source and digest as well.

    Example:
        >>> catalog()
        name                training  test    shape    classes  licence       where
        mnist               60,000    10,000  28 × 28  10       CC BY-SA 3.0  embedded
        fashion_mnist       10,000    2,000   28 × 28  10       MIT           embedded
        fashion_mnist_full  60,000    10,000  28 × 28  10       MIT           download
    """
    return Catalog(DATASETS.values())
