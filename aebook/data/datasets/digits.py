"""The 1,797 small digits that scikit-learn ships."""

from __future__ import annotations

from aebook.data.entry import Dataset
from aebook.data.kinds import Images
from aebook.data.reading import check_shipped, import_shipping
import numpy as np

__all__ = ["DIGITS"]


def _read(entry: Dataset) -> tuple[np.ndarray, ...]:
    """Split at a row: in this file the digit most like another is often close to it.

    Half of them are within 85 rows; by chance it would be 526. A test drawn at random
    would have such neighbours in training.
    """
    digits = import_shipping(entry, "sklearn.datasets").load_digits()
    levels, labels = digits.images.astype(np.uint8), digits.target.astype(np.uint8)
    check_shipped((levels, labels), entry)
    x, n = levels / 16, entry.n_train  # a pixel counts the ink in 4 × 4 finer ones
    return x[:n], labels[:n], x[n:], labels[n:]


DIGITS = Dataset(
    name="digits",
    title="Optical recognition of handwritten digits",
    kind=Images,
    n_train=1_500,
    n_test=297,
    shape=(8, 8),
    classes=tuple("0123456789"),
    licence="CC BY 4.0",
    citation='Alpaydin, Kaynak: "Optical Recognition of Handwritten Digits", UCI '
    "Machine Learning Repository, 1998, doi:10.24432/C50P49",
    source="https://archive.ics.uci.edu/dataset/80, its test set alone, as "
    "scikit-learn ships it; the last 297 rows are the test set here",
    sha256="87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826",
    validation=300,
    read=_read,
    package="scikit-learn",
)
