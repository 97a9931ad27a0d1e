"""One autoencoder, 784-128-32-128-784, in three engines: the code that is compared.

Each function takes first weights, images in the order of their use, a rule and the
activation of the hidden layers. It returns `train(first, last)`, which takes the steps
first + 1 to last and returns the weights: kernels of shape (inputs, outputs) and
biases, one after the other. Every step sees `BATCH` images, and after the last image
comes the first one again.
"""

from __future__ import annotations

from collections.abc import Callable
import math

import numpy as np

__all__ = [
    "BATCH",
    "RATES",
    "WIDTHS",
    "keras_model",
    "plain_jax",
    "plain_torch",
    "rows_of",
]

WIDTHS = (784, 128, 32, 128, 784)
BATCH = 250
RATES = {"sgd": 10.0, "adam": 0.001, "adam_of_torch": 0.001}

Weights = list[np.ndarray]
Train = Callable[[int, int], Weights]


def keras_model(
    weights: Weights, images: np.ndarray, rule: str, activation: str = "relu"
) -> Train:
    """Keras, on the engine that the variable KERAS_BACKEND names."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(128, activation),
            layers.Dense(32, activation),
            layers.Dense(128, activation),
            layers.Dense(784, "sigmoid"),
        ]
    )
    model.set_weights(weights)
    optimizers = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}
    model.compile(optimizers[rule](learning_rate=RATES[rule]), loss="mse")

    def train(first: int, last: int) -> Weights:
        x = images[rows_of(first, last, len(images))]
        model.fit(x, x, batch_size=BATCH, shuffle=False, verbose=0)
        return model.get_weights()

    return train


def plain_torch(
    weights: Weights, images: np.ndarray, rule: str, activation: str = "relu"
) -> Train:
    """PyTorch by hand: a module, and a loop over the batches."""
    import torch
    from torch import nn

    act = {"relu": nn.ReLU, "tanh": nn.Tanh}[activation]
    model = nn.Sequential(
        *(nn.Linear(784, 128), act(), nn.Linear(128, 32), act()),
        *(nn.Linear(32, 128), act(), nn.Linear(128, 784), nn.Sigmoid()),
    )
    with torch.no_grad():  # a kernel lies the other way round: (outputs, inputs)
        for w, first in zip(model.parameters(), weights, strict=True):
            w.copy_(torch.from_numpy(first.T))
    kind = torch.optim.SGD if rule == "sgd" else torch.optim.Adam
    optimizer = kind(model.parameters(), lr=RATES[rule])
    data = torch.from_numpy(images)

    def train(first: int, last: int) -> Weights:
        for step in range(first, last):
            x = data[rows_of(step, step + 1, len(data))]
            if rule == "adam":
                # Keras divides sqrt(s) + 1e-7 by this root, PyTorch only sqrt(s)
                epsilon = 1e-7 / math.sqrt(1 - 0.999 ** (step + 1))
                optimizer.param_groups[0]["eps"] = epsilon
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), x)
            loss.backward()
            optimizer.step()
        return [w.detach().numpy().T.copy() for w in model.parameters()]

    return train


def plain_jax(
    weights: Weights, images: np.ndarray, rule: str, activation: str = "relu"
) -> Train:
    """JAX by hand: the loss is a function, its gradient another, both compiled."""
    import jax
    import jax.numpy as jnp

    act = {"relu": jax.nn.relu, "tanh": jnp.tanh}[activation]

    def loss(w: list, x: jax.Array) -> jax.Array:
        h = x
        for kernel, bias in zip(w[:-2:2], w[1:-2:2], strict=True):
            h = act(h @ kernel + bias)
        x_hat = jax.nn.sigmoid(h @ w[-2] + w[-1])
        return jnp.mean((x - x_hat) ** 2)

    rate, beta_1, beta_2, epsilon = RATES[rule], 0.9, 0.999, 1e-7

    @jax.jit
    def step(w: list, m: list, s: list, t: int, x: jax.Array) -> tuple:
        g = jax.grad(loss)(w, x)
        if rule == "sgd":
            return [a - rate * b for a, b in zip(w, g, strict=True)], m, s
        m = [beta_1 * a + (1 - beta_1) * b for a, b in zip(m, g, strict=True)]
        s = [beta_2 * a + (1 - beta_2) * b**2 for a, b in zip(s, g, strict=True)]
        alpha = rate * jnp.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        steps = [alpha * a / (jnp.sqrt(b) + epsilon) for a, b in zip(m, s, strict=True)]
        return [a - b for a, b in zip(w, steps, strict=True)], m, s

    w, data = [jnp.asarray(a) for a in weights], jnp.asarray(images)
    m = s = [jnp.zeros_like(a) for a in w]

    def train(first: int, last: int) -> Weights:
        nonlocal w, m, s
        for t in range(first, last):
            x = data[rows_of(t, t + 1, len(data))]
            w, m, s = step(w, m, s, t + 1, x)
        return [np.asarray(a) for a in w]

    return train


def rows_of(first: int, last: int, n: int) -> slice | np.ndarray:
    """Return which images the steps first + 1 to last see, in order."""
    start, stop = first * BATCH % n, first * BATCH % n + (last - first) * BATCH
    return slice(start, stop) if stop <= n else np.arange(start, stop) % n
