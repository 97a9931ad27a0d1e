"""The formulas of `keras_implementation`."""

from aebook import losses
import keras
import numpy as np

from formulas.entry import formula
from formulas.optimizers import drawn, step_of


def one_pixel(rng):
    x, x_hat = rng.uniform(0.05, 0.95, size=(2, 6, 1))
    expected = keras.ops.convert_to_numpy(losses.bce_per_pixel(x, x_hat))
    return (x[:, 0], x_hat[:, 0]), expected


@formula(
    "eq-keras-bce",
    r"""
\ell(x, \hat x) = -x \ln \hat x - (1 - x) \ln (1 - \hat x) \quad \text{(in nats)}.
""",
    one_pixel,
)
def cross_entropy(x, x_hat):
    return -x * np.log(x_hat) - (1 - x) * np.log(1 - x_hat)


def adadelta_step(rng):
    point = drawn(rng, ("w", "g", "s", "u", "eta", "rho", "epsilon"))
    after = step_of("adadelta", point, point["g"], s=point["s"], u=point["u"])
    arguments = (point["eta"], point["u"], after["s"], point["epsilon"], point["g"])
    return arguments, after["w"] - point["w"]


@formula(
    "eq-keras-adadelta",
    r"""
\Delta w = -\eta\, \frac{\sqrt{u + \varepsilon}}{\sqrt{s + \varepsilon}}\; g .
""",
    adadelta_step,
)
def adadelta(eta, u, s, epsilon, g):
    return -eta * (np.sqrt(u + epsilon) / np.sqrt(s + epsilon)) * g
