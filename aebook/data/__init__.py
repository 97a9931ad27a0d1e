"""Data sets, offline: loaders that split them, and readers of own pictures.

This room imports `aebook.checks` alone, and no TensorFlow. A package that ships data is
imported when these are loaded.
"""

from aebook.data.datasets.fashion_mnist import load_fashion_mnist
from aebook.data.datasets.mnist import load_mnist
from aebook.data.entry import Dataset, DatasetError
from aebook.data.image_files import read_image, read_images
from aebook.data.kinds import Images, Photographs, Splits, Table
from aebook.data.layout import flatten
from aebook.data.own_digit import DRAWN_DIGIT, read_digit
from aebook.data.registry import DATASETS, Catalog, catalog, load

__all__ = [
    "DATASETS",
    "DRAWN_DIGIT",
    "Catalog",
    "Dataset",
    "DatasetError",
    "Images",
    "Photographs",
    "Splits",
    "Table",
    "catalog",
    "flatten",
    "load",
    "load_fashion_mnist",
    "load_mnist",
    "read_digit",
    "read_image",
    "read_images",
]
