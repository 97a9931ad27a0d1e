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


if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    # TensorFlow rewrites one graph in several ways, by how busy the machine is: sums
    # in another order, a bit of difference, which a game such as the adversarial
    # member's makes visible. Runs that are compared have to be of the same graph.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
