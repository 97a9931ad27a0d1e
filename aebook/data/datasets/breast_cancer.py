"""Thirty measurements of 569 tumours, which scikit-learn ships."""

from __future__ import annotations

from typing import Any

from aebook.data.entry import Dataset
from aebook.data.kinds import Table
from aebook.data.reading import check_shipped, import_shipping
import numpy as np

__all__ = ["BREAST_CANCER"]


def _read(entry: Dataset) -> tuple[Any, ...]:
    """Take every fifth row for test: the file is not in a random order.

    Of its first fifth 40 % are benign, of its last 77 %.
    """
    table = import_shipping(entry, "sklearn.datasets").load_breast_cancer()
    x, labels = table.data, table.target.astype(np.uint8)
    check_shipped((x, labels), entry)
    test = np.arange(len(x)) % 5 == 4
    features = tuple(map(str, table.feature_names))
    return x[~test], labels[~test], x[test], labels[test], features


BREAST_CANCER = Dataset(
    name="breast_cancer",
    title="Breast cancer Wisconsin (diagnostic)",
    kind=Table,
    n_train=456,
    n_test=113,
    shape=(30,),
    classes=("malignant", "benign"),
    licence="CC BY 4.0",
    citation='Wolberg, Mangasarian, Street, Street: "Breast Cancer Wisconsin '
    '(Diagnostic)", UCI Machine Learning Repository, 1995, doi:10.24432/C5DW2B',
    source="https://archive.ics.uci.edu/dataset/17, complete, as scikit-learn ships "
    "it; every fifth row is the test set here",
    sha256="3a54a12ffd3db348fbe319a9056329cde28da5b2e5ecc26ff7fb9f54aa7cc9f4",
    validation=90,
    read=_read,
    package="scikit-learn",
)
