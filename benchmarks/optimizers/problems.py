"""The autoencoders to train: widths, loss, batch, budget of steps, target."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from aebook import data, losses
from aebook.models import Autoencoder, dense
import keras
from keras import layers, ops

__all__ = ["LONG", "PROBLEMS", "Digits", "Problem", "build", "digits"]

VALIDATION = 5_000  # the same images for every seed: rates are compared on them


class Problem(NamedTuple):
    """One network, its loss and the budget that every optimizer gets.

    `target` is a validation loss: the steps until it is reached are counted.
    """

    label: str
    hidden: tuple[int, ...]
    latent: int
    activation: str
    code_activation: str
    gaussian: bool  # a Gaussian code and its KL term, or a plain code
    loss: str  # "mse" is the mean per pixel, "sse" the sum per image
    batch_size: int
    steps: int
    points: int  # how many points the learning curve has
    target: float


PROBLEMS = {
    "source": Problem(
        label="784-128-32-128-784, relu",
        hidden=(128,),
        latent=32,
        activation="relu",
        code_activation="relu",
        gaussian=False,
        loss="mse",
        batch_size=250,
        steps=1100,
        points=44,
        target=0.015,
    ),
    "source_sum": Problem(
        label="784-128-32-128-784, relu, its loss a sum",
        hidden=(128,),
        latent=32,
        activation="relu",
        code_activation="relu",
        gaussian=False,
        loss="sse",
        batch_size=250,
        steps=1100,
        points=44,
        target=11.76,  # 784 times the one above
    ),
    "vae": Problem(
        label="784-256-8-256-784, relu, Gaussian code",
        hidden=(256,),
        latent=8,
        activation="relu",
        code_activation="linear",
        gaussian=True,
        loss="sse",
        batch_size=250,
        steps=1100,
        points=44,
        target=36.0,
    ),
    "deep": Problem(
        label="784-500-250-125-30 and back, logistic",
        hidden=(500, 250, 125),
        latent=30,
        activation="sigmoid",
        code_activation="linear",
        gaussian=False,
        loss="sse",
        batch_size=250,
        steps=880,
        points=22,
        target=40.0,
    ),
}


class LongRun(NamedTuple):
    """One optimizer on the whole classic network, for many epochs."""

    problem: Problem
    optimizer: str
    rate: float
    seeds: tuple[int, ...]


CLASSIC = Problem(
    label="784-1000-500-250-30 and back, relu",
    hidden=(1000, 500, 250),
    latent=30,
    activation="relu",
    code_activation="linear",
    gaussian=False,
    loss="sse",
    batch_size=250,
    steps=8_800,
    points=40,
    target=5.0,
)
LOGISTIC = CLASSIC._replace(
    label="784-1000-500-250-30 and back, logistic", activation="sigmoid"
)
# The logistic network is that of Hinton & Salakhutdinov, from random weights. Muon
# gets larger batches, for most of its time goes into the step and not the images.
LARGE_BATCHES = {"batch_size": 500, "steps": 2_200, "points": 20}
LONG = {
    "long_adam": LongRun(CLASSIC, "adam", 1e-3, (1, 2, 3)),
    "long_muon_relu": LongRun(
        CLASSIC._replace(**LARGE_BATCHES), "muon", 0.01, (1, 2, 3)
    ),
    "long_adam_logistic": LongRun(LOGISTIC, "adam", 3e-3, (1, 2, 3)),
    "long_muon": LongRun(LOGISTIC._replace(**LARGE_BATCHES), "muon", 0.02, (1, 2, 3)),
}


class GaussianCode(layers.Layer):
    """Draws a code from the mean and the logarithm of the variance before it.

    Its loss is the KL divergence to the standard normal, in nats per image. It draws
    when it is evaluated too: the loss reported is the one that is trained.
    """

    def __init__(self) -> None:
        super().__init__(name="code")
        self.noise = keras.random.SeedGenerator(0)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Return half of the width: mean and variance go in, a code comes out."""
        return (*input_shape[:-1], input_shape[-1] // 2)

    def call(self, x):
        """Return `mean + deviation · noise`, shape `(batch, latent)`."""
        mean, log_variance = ops.split(x, 2, axis=-1)
        self.add_loss(ops.mean(losses.gaussian_kl(mean, log_variance)))
        noise = keras.random.normal(ops.shape(mean), seed=self.noise)
        return mean + ops.exp(0.5 * log_variance) * noise


LOSSES = {"mse": "mse", "sse": losses.squared_error_per_image}


def build(problem: Problem, seed: int) -> Autoencoder:
    """Return the network, its weights and its noise drawn from the seed."""
    keras.utils.set_random_seed(seed)
    width = 2 * problem.latent if problem.gaussian else problem.latent
    encoder, decoder = dense(
        784,
        latent_dim=width,
        hidden=problem.hidden,
        activation=problem.activation,
        code_activation=problem.code_activation,
    )
    if problem.gaussian:
        code = GaussianCode()
        code.noise = keras.random.SeedGenerator(seed)
        encoder = keras.Sequential([*encoder.layers[:-1], layers.Dense(width), code])
        encoder.build((None, 784))
        _, decoder = dense(
            784,
            latent_dim=problem.latent,
            hidden=problem.hidden,
            activation=problem.activation,
        )
    return Autoencoder(encoder, decoder)


class Digits(NamedTuple):
    """MNIST, flattened, in [0, 1]: 55,000 to train, 5,000 to choose, 10,000 to test."""

    train: Any
    validation: Any
    test: Any


@cache
def digits() -> Digits:
    """Return the images; the split is the same for every seed."""
    splits = data.load_mnist(validation=VALIDATION, seed=0)
    parts = map(data.flatten, (splits.x_train, splits.x_val, splits.x_test))
    return Digits(*map(ops.convert_to_tensor, parts))  # one copy for all models
