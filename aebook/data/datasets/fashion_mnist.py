"""Fashion-MNIST: clothing, a subset that comes with the package, and the whole."""

from __future__ import annotations

from dataclasses import replace

from aebook.data.entry import Dataset, DatasetError
from aebook.data.kinds import Images
from aebook.data.reading import check_arrays, read_embedded
import numpy as np

__all__ = ["FASHION_MNIST", "FASHION_MNIST_FULL", "load_fashion_mnist"]


def _fetch(entry: Dataset) -> tuple[np.ndarray, ...]:
    """Let Keras download the data, or find what it downloaded before."""
    from keras.datasets import fashion_mnist

    hint = (
        "go online once, or use the subset that comes with aebook: "
        "load_fashion_mnist(full=False)"
    )
    try:
        (x, y), (x_test, y_test) = fashion_mnist.load_data()
    except Exception as error:  # Keras raises a bare Exception when it is offline
        raise DatasetError(
            f"{entry.name} could not be downloaded ({error}); {hint}"
        ) from error
    arrays = x, y, x_test, y_test
    hint = "delete the folder datasets/fashion-mnist of Keras (~/.keras) and try again"
    check_arrays(arrays, entry, f"{entry.name} is not what was published", hint)
    return arrays


FASHION_MNIST = Dataset(
    name="fashion_mnist",
    title="Fashion-MNIST, articles of clothing (subset)",
    kind=Images,
    n_train=10_000,
    n_test=2_000,
    shape=(28, 28),
    classes=(
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
    ),
    licence="MIT",
    citation='Xiao, Rasul, Vollgraf: "Fashion-MNIST: a Novel Image Dataset for '
    'Benchmarking Machine Learning Algorithms", 2017, arXiv:1708.07747',
    source="https://github.com/zalandoresearch/fashion-mnist, "
    "the first 10,000 training and 2,000 test images",
    sha256="ca566f5acc675641d9ac1c7611cbed4b41ad082b830bd50dd911cf775d63f9a0",
    validation=1000,
    read=read_embedded,
)
FASHION_MNIST_FULL = replace(
    FASHION_MNIST,
    name="fashion_mnist_full",
    title="Fashion-MNIST, articles of clothing (complete)",
    n_train=60_000,
    n_test=10_000,
    source="https://github.com/zalandoresearch/fashion-mnist, "
    "complete, fetched by keras.datasets.fashion_mnist",
    sha256="ca3ab2a37f845e1b8ae23cab1b51749a3011ba3bf1d9016176d75cbaabac376f",
    read=_fetch,
    download=True,
)


def load_fashion_mnist(
    validation: int = FASHION_MNIST.validation, seed: int = 0, full: bool = False
) -> Images:
    """Load Fashion-MNIST: 28 × 28 photographs of clothing in ten classes.

    Args:
        validation: How many training images to set aside; 0 for none.
        seed: Which ones; the same seed draws the same images everywhere.
        full: False for the first 10,000 training and 2,000 test images, which come
            with the package; True for all 60,000 and 10,000, which Keras downloads
            once (31 MB) and keeps.

    Returns:
        Images in [0, 1], shape `(n, 28, 28)`, and labels 0 to 9. What remains for
        training keeps its original order.

    Raises:
        ValueError: If `validation` is negative or leaves nothing to train on.
        DatasetError: If the embedded file is missing or damaged, or the download
            fails or is not what was published.

    Example:
        >>> clothes = load_fashion_mnist()
        >>> clothes.x_train.shape, clothes.x_test.shape
        ((9000, 28, 28), (2000, 28, 28))
        >>> FASHION_MNIST.classes[clothes.y_test[0]]
        'ankle boot'
    """
    entry = FASHION_MNIST_FULL if full else FASHION_MNIST
    return entry.load(validation, seed)
