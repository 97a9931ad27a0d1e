"""How far generated digits are from real ones, in what a small classifier sees."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from aebook.checks import as_samples
from aebook.metrics.mmd import Discrepancy, squared_mmd
import numpy as np

__all__ = ["digit_features", "sample_distance"]

SIZE = 28  # pixels a side
PATCH = 4
IMAGES, EPOCHS, BATCH, RATE = 55_000, 3, 128, 3e-3


def sample_distance(real: Any, generated: Any) -> Discrepancy:
    """How far a set of generated digits is from a set of real ones.

    The squared maximum mean discrepancy of `squared_mmd`, between what a small network
    sees in the two sets: the 64 numbers before its last layer. The network learns to
    tell the classes of MNIST from its training digits when it is first needed, in about
    5 seconds, and is kept until Python ends. It gets more than 97 % of the test digits
    right.

    It is built as the kernel inception distance, with a network for digits in place
    of Inception: unbiased at any number of images, blind to what the network does not
    look at. It judges the set, not its images: many copies of one perfect digit are
    far from real. **Compare values only within this book**, and only between sets that
    were measured against the same real images: another network gives other numbers.

    Args:
        real: Digits in [0, 1] that the generator was not trained on, shape
            `(m, 28, 28)`, `(m, 28, 28, 1)` or `(m, 784)`, $m ≥ 3$; 2,000 or more to
            tell good generators apart. Draw them at random: the two halves of MNIST's
            test set come from different writers, and lie apart.
        generated: Generated digits in [0, 1], shape as above, $n ≥ 3$.

    Returns:
        The estimate and its standard error, without a unit. About 0, negative as
        often as positive, where nothing tells the two sets apart.

    Raises:
        TypeError: If an argument does not hold numbers.
        ValueError: If the arrays are no images of 28 × 28 pixels in [0, 1], or fewer
            than 3.

    Example:
        >>> from aebook.data import load_mnist
        >>> x = load_mnist().x_test[:400]
        >>> alike = sample_distance(x[:200], x[200:])
        >>> abs(alike.value) < 3 * alike.standard_error
        True
        >>> sample_distance(x[:200], 1 - x[200:]).value > 1  # black on white
        True

    Source: Bińkowski, Sutherland, Arbel & Gretton, "Demystifying MMD GANs", 2018.
    """
    sets = {"real": real, "generated": generated}
    images = [_as_digits(x, name, 3) for name, x in sets.items()]
    return squared_mmd(*(_features(x) for x in images))


def digit_features(x: Any) -> np.ndarray:
    """Return what the network of `sample_distance` sees in digits.

    Args:
        x: Digits in [0, 1], shape `(n, 28, 28)`, `(n, 28, 28, 1)` or `(n, 784)`.

    Returns:
        64 numbers ≥ 0 for each, shape `(n, 64)`, with mean square 1 over the training
        digits.

    Raises:
        TypeError: If `x` does not hold numbers.
        ValueError: If `x` is empty, not finite, or no digits of 28 × 28 in [0, 1].

    Example:
        >>> from aebook.data import load_mnist
        >>> digit_features(load_mnist().x_test[:5]).shape
        (5, 64)
    """
    return _features(_as_digits(x, "x", 1))


def _as_digits(x: Any, name: str, least: int) -> np.ndarray:
    x = as_samples(x, name=name, low=0, high=1)
    if x.shape[1:] not in ((SIZE, SIZE), (SIZE, SIZE, 1), (SIZE**2,)):
        raise ValueError(
            f"{name} must be digits, shape (n, 28, 28), (n, 28, 28, 1) or (n, 784), "
            f"got {x.shape}; the network knows MNIST only"
        )
    if len(x) < least:  # the pairs of a set, each without one of its own
        raise ValueError(f"{name} must be at least {least} digits, got {len(x)}")
    return x.reshape(-1, SIZE, SIZE)


def _features(x: np.ndarray) -> np.ndarray:
    """Return what the network sees in digits: (n, 28, 28) to (n, 64)."""
    from aebook.training.retracing import many_models

    extractor, scale = _extractor()
    with many_models():
        return extractor.predict(x, batch_size=500, verbose=0) / scale


@lru_cache
def _extractor() -> tuple[Any, float]:
    """Return the network without its last layer, and the size of what it puts out.

    Divided by that size a number has mean square 1 over real digits, so that the 1
    in the kernel weighs as much as the product.
    """
    from aebook.training.retracing import many_models
    import keras

    network = _train()
    features = keras.Model(network.inputs, network.get_layer("features").output)
    with many_models():
        seen = features.predict(_training_digits()[0], batch_size=500, verbose=0)
    return features, float(np.sqrt(np.mean(np.square(seen))))


@lru_cache
def _train() -> Any:
    """Train the classifier; own seeds and a fixed order leave the caller's alone."""
    from aebook import training
    import keras
    from keras import layers

    side = SIZE // PATCH
    weights = {"kernel_initializer": "zeros"}  # a random one would draw a global seed
    network = keras.Sequential(
        [
            keras.Input((SIZE, SIZE), name="digit"),
            # 4 × 4 windows side by side: a convolution, as one product of matrices
            layers.Reshape((side, PATCH, side, PATCH), name="rows_and_columns"),
            layers.Permute((1, 3, 2, 4), name="windows"),
            layers.Reshape((side**2, PATCH**2), name="patches"),
            layers.Dense(32, activation="relu", name="strokes", **weights),
            layers.Flatten("channels_last", name="flat"),
            layers.Dense(64, activation="relu", name="features", **weights),
            layers.Dense(10, name="logits", **weights),
        ],
        name="digit_classifier",
    )
    network.set_weights(_first_weights([w.shape for w in network.weights]))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(RATE), loss, metrics=["accuracy"])
    x, y = _training_digits()
    training.fit(
        network, x, y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0
    )
    return network


def _first_weights(shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Return uniform weights as Glorot's, the same on every backend; biases are 0."""
    rng = np.random.default_rng(0)
    limits = [np.sqrt(6 / sum(s)) if len(s) == 2 else 0.0 for s in shapes]
    return [rng.uniform(-a, a, s) for a, s in zip(limits, shapes, strict=True)]


def _training_digits() -> tuple[np.ndarray, np.ndarray]:
    from aebook.data import load_mnist

    digits = load_mnist()
    return digits.x_train[:IMAGES], digits.y_train[:IMAGES]
