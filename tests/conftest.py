"""What the tests share: a few real digits, and the same seed before each test."""

import os

# One thread a process: two processes share the cores better than their threads do.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

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
    from tensorflow.python.framework.ops import gradient_registry

    # TensorFlow rewrites one graph in several ways, by how busy the machine is: sums
    # in another order, a bit of difference, which a game such as the adversarial
    # member's makes visible. Runs that are compared have to be of the same graph.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})

    @pytest.fixture(autouse=True)
    def _forget_graphs():
        """Let go of traced steps, which TensorFlow keeps for ever (13 MiB each).

        Keras sums gradients over devices by a function with a gradient of its own,
        and TensorFlow registers each one, with the graph around it, by a new name.
        """
        yield
        for name in [*gradient_registry.list()]:
            if name.startswith("CustomGradient"):
                del gradient_registry._registry[name]
