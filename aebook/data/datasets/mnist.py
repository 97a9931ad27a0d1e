"""MNIST: 70,000 handwritten digits, which come with the package."""

from __future__ import annotations

from aebook.data.entry import Dataset
from aebook.data.kinds import Images
from aebook.data.reading import read_embedded

__all__ = ["MNIST", "load_mnist"]

MNIST = Dataset(
    name="mnist",
    title="MNIST, handwritten digits",
    kind=Images,
    n_train=60_000,
    n_test=10_000,
    shape=(28, 28),
    classes=tuple("0123456789"),
    licence="CC BY-SA 3.0",
    citation="LeCun, Bottou, Bengio, Haffner: "
    '"Gradient-Based Learning Applied to Document Recognition", 1998',
    source="http://yann.lecun.com/exdb/mnist/, complete",
    sha256="3f7cce83a0d959f2cecc82ed8d90ad436ce8c787693c74e34d12291b12ce2148",
    validation=5000,
    read=read_embedded,
)


def load_mnist(validation: int = MNIST.validation, seed: int = 0) -> Images:
    """Load the 70,000 handwritten digits of MNIST, which come with the package.

    Args:
        validation: How many of the 60,000 training images to set aside; 0 for none.
        seed: Which ones; the same seed draws the same images everywhere.

    Returns:
        Images in [0, 1], shape `(n, 28, 28)`, and labels 0 to 9. What remains for
        training keeps its original order. The test images are never touched.

    Raises:
        ValueError: If `validation` is negative or leaves nothing to train on.
        DatasetError: If the embedded file is missing or damaged.

    Example:
        >>> digits = load_mnist()
        >>> len(digits.x_train), len(digits.x_val), len(digits.x_test)
        (55000, 5000, 10000)
        >>> float(digits.x_train.min()), float(digits.x_train.max())
        (0.0, 1.0)
    """
    return MNIST.load(validation, seed)
