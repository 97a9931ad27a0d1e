"""Data sets, offline: loaders that split them, and one for the reader's own digit.

This room imports `aebook.checks` alone, and no TensorFlow.
"""

from aebook.data.images import (
    DatasetError,
    Splits,
    flatten,
    load,
    load_fashion_mnist,
    load_mnist,
)
from aebook.data.own_digit import read_digit
from aebook.data.registry import DATASETS, Catalog, Dataset, catalog

__all__ = [
    "DATASETS",
    "Catalog",
    "Dataset",
    "DatasetError",
    "Splits",
    "catalog",
    "flatten",
    "load",
    "load_fashion_mnist",
    "load_mnist",
    "read_digit",
]
