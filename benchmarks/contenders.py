"""What `training_speed.py` compares: seven ways to train one network, and the floor.

The network is 784-128-32-128-784 (relu, relu, relu, sigmoid), trained by Adam at its
default rate on the mean squared error. Each function here builds a model for the
images `x` and returns another, which trains it for a number of epochs and returns the
mean loss of the last one (`None` where only products are taken).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
import os
from typing import Any

from aebook.models import UndercompleteAutoencoder, dense
import keras
import numpy as np
import tensorflow as tf

WIDTHS = (784, 128, 32, 128, 784)

Train = Callable[[int], float | None]  # epochs to the mean loss of the last one


def ours(x: np.ndarray, batch_size: int) -> Train:
    """`fit` of this package."""
    model = UndercompleteAutoencoder(*fresh_parts())
    model.compile("adam", "mse")
    return partial(fit, model, (x,), batch_size)


def keras_fit(x: np.ndarray, batch_size: int, jit_compile: Any = "auto") -> Train:
    """`fit` of a plain Keras model."""
    encoder, decoder = fresh_parts()
    model = keras.Model(encoder.inputs, decoder(encoder.outputs[0]))
    model.compile("adam", "mse", jit_compile=jit_compile)
    return partial(fit, model, (x, x), batch_size)


def fresh_parts() -> tuple[keras.Model, keras.Model]:
    """Return encoder and decoder, always with the same first weights."""
    keras.utils.set_random_seed(0)
    return dense(784, latent_dim=32, hidden=(128,), code_activation="relu")


def fit(model: keras.Model, xy: tuple, batch_size: int, epochs: int) -> float:
    """Call `fit` of a Keras model."""
    history = model.fit(*xy, batch_size=batch_size, epochs=epochs, verbose=0)
    return history.history["loss"][-1]


def bare_loop(x: np.ndarray, batch_size: int) -> Train:
    """What an expert would write by hand: gradients and Adam in one compiled loop."""
    w = [tf.Variable(a) for part in fresh_parts() for a in part.get_weights()]
    m, v = ([tf.Variable(tf.zeros_like(a)) for a in w] for _ in range(2))
    t = tf.Variable(0.0)
    rng = np.random.default_rng(0)
    full = len(x) - len(x) % batch_size

    def step(images: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        batch = tf.gather(images, rows)
        with tf.GradientTape() as tape:
            h = batch
            for k in (0, 2, 4):
                h = tf.nn.relu(h @ w[k] + w[k + 1])
            x_hat = tf.sigmoid(h @ w[6] + w[7])
            loss = tf.reduce_mean(tf.square(x_hat - batch))
        t.assign_add(1.0)
        rate = 1e-3 * tf.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        for k, g in enumerate(tape.gradient(loss, w)):
            m[k].assign_add(0.1 * (g - m[k]))
            v[k].assign_add(0.001 * (g * g - v[k]))
            w[k].assign_sub(rate * m[k] / (tf.sqrt(v[k]) + 1e-7))
        return loss * rows.shape[0]

    @tf.function(jit_compile=True, autograph=False)
    def epoch(images: tf.Tensor, order: tf.Tensor, rest: tf.Tensor) -> tf.Tensor:
        _, total = tf.while_loop(
            lambda i, total: i < order.shape[0],
            lambda i, total: (i + 1, total + step(images, order[i])),
            (0, 0.0),
        )
        return total + step(images, rest) if rest.shape[0] else total

    def train(epochs: int) -> float:
        images = tf.constant(x)  # each turn begins with an array, as a `fit` does
        for _ in range(epochs):
            rows = rng.permutation(len(x)).astype(np.int32)
            order = tf.constant(rows[:full].reshape(-1, batch_size))
            total = epoch(images, order, rows[full:])
        return float(total) / len(x)

    return train


def sklearn_mlp(x: np.ndarray, batch_size: int) -> Train:
    """`MLPRegressor` of scikit-learn, whose last layer can only be linear."""
    from sklearn.neural_network import MLPRegressor

    model = MLPRegressor(
        hidden_layer_sizes=WIDTHS[1:-1], batch_size=batch_size, alpha=0, random_state=0
    )

    def train(epochs: int) -> float:
        for _ in range(epochs):
            model.partial_fit(x, x)  # one epoch
        return 2 * float(model.loss_)  # it halves the squared error

    return train


def torch_loop(x: np.ndarray, batch_size: int) -> Train:
    """A plain PyTorch loop: no DataLoader, and Adam in one fused call."""
    import torch
    from torch import nn

    torch.set_num_threads(os.cpu_count() or 1)
    torch.manual_seed(0)
    images = torch.from_numpy(x)
    layers = [part for ab in pairwise(WIDTHS) for part in (nn.Linear(*ab), nn.ReLU())]
    model = nn.Sequential(*layers[:-1], nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, fused=True)

    def train(epochs: int) -> float:
        for _ in range(epochs):
            total = torch.zeros(())
            for rows in torch.randperm(len(images)).split(batch_size):
                batch = images[rows]
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(model(batch), batch)
                loss.backward()
                optimizer.step()
                total += loss.detach() * len(rows)
        return float(total) / len(images)

    return train


def products(h: list, w: list, matmul: Callable) -> list:
    """Take a training step's products: forward, weight gradients, input gradients.

    Every other part is left out, the nonlinearities and the optimizer too.
    """
    for a in w:
        h = [*h, matmul(h[-1], a)]
    *h, d = h
    gradients = []
    for k in reversed(range(len(w))):
        gradients.append(matmul(h[k], d, transpose_a=True))
        if k:
            d = matmul(d, w[k], transpose_b=True)
    return gradients[::-1]


def some_weights() -> list[np.ndarray]:
    """Return kernels of the right shapes, with finite products."""
    return [np.full(shape, 1e-3, np.float32) for shape in pairwise(WIDTHS)]


def numpy_products(x: np.ndarray, batch_size: int) -> Train:
    """The matrix products of an epoch, by NumPy and its BLAS."""
    w = some_weights()

    def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False):
        return (a.T if transpose_a else a) @ (b.T if transpose_b else b)

    def train(epochs: int) -> None:
        for start in [*range(0, len(x), batch_size)] * epochs:
            products([x[start : start + batch_size]], w, matmul)

    return train


def xla_products(x: np.ndarray, batch_size: int) -> Train:
    """The matrix products of an epoch, in one loop compiled by XLA."""
    images, w = tf.constant(x), [tf.constant(a) for a in some_weights()]
    full = len(x) - len(x) % batch_size

    @tf.function(jit_compile=True, autograph=False)
    def epoch(images: tf.Tensor) -> list:
        def one(i: tf.Tensor, gradients: list) -> tuple:
            batch = tf.slice(images, (i, 0), (batch_size, WIDTHS[0]))
            return i + batch_size, products([batch], w, tf.matmul)

        return tf.while_loop(lambda i, _: i < full, one, (0, w))[1]

    def train(epochs: int) -> None:
        for _ in range(epochs):
            epoch(images)[0].numpy()

    return train


CONTENDERS: dict[str, tuple[str, Callable[..., Train]]] = {
    "ours": ("aebook `fit`", ours),
    "bare": ("a compiled loop by hand", bare_loop),
    "keras": ("`keras.Model.fit`", keras_fit),
    "keras_jit": ("the same, `jit_compile=True`", partial(keras_fit, jit_compile=True)),
    "torch": ("a plain PyTorch loop", torch_loop),
    "sklearn": ("scikit-learn's `MLPRegressor` (linear output)", sklearn_mlp),
    "numpy_products": ("the matrix products alone, NumPy", numpy_products),
    "xla_products": ("the matrix products alone, XLA", xla_products),
}
