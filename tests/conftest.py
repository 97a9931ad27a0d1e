"""What the tests share: a few real digits, and the same seed before each test."""

from aebook import data
import keras
import numpy as np
import pytest


@pytest.fixture(scope="session")
def digits() -> np.ndarray:
    """2,000 flattened training digits of MNIST, float32 in [0, 1]."""
    return data.flatten(data.load_mnist().x_train[:2000])


@pytest.fixture(autouse=True)
def _seed() -> None:
    keras.utils.set_random_seed(0)
