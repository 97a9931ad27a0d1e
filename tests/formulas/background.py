"""The formulas of `background`."""

from aebook import metrics, problems
from aebook.scratch import Layer, forward
import numpy as np

from formulas.entry import formula


def images(rng):
    """Draw images and reconstructions, and their numbers: n of them, d pixels."""
    x, x_hat = rng.uniform(size=(2, 3, 5))
    return x, x_hat, 3, 5


def mean_per_pixel(rng):
    x, x_hat, n, d = images(rng)
    return (x, x_hat, n, d), metrics.mse_per_pixel(x, x_hat)


@formula(
    "eq-background-mse",
    r"""
\mathrm{MSE} = \frac{1}{n\,d} \sum_{i=1}^{n} \sum_{j=1}^{d} \left( x_{ij} - \hat x_{ij} \right)^2 .
""",  # noqa: E501
    mean_per_pixel,
)
def mse(x, x_hat, n, d):
    return 1 / (n * d) * sum(
        sum((x[i, j] - x_hat[i, j]) ** 2 for j in range(d)) for i in range(n)
    )  # fmt: skip


def loss_of_an_autoencoder(rng):
    x = rng.uniform(size=(4, 3))
    problem = problems.dense_autoencoder(x, latent_dim=2)
    w = rng.normal(size=problem.start.size)
    # encoder 3-2 and decoder 2-3: weights, then biases
    theta, phi = w[:8], w[8:]

    def f(theta, x):
        layer = Layer(theta[:6].reshape(3, 2), theta[6:], "linear")
        return forward([layer], x)[-1]

    def g(phi, z):
        layer = Layer(phi[:6].reshape(2, 3), phi[6:], "sigmoid")
        return forward([layer], z)[-1]

    def ell(x, x_hat):
        return np.mean((x - x_hat) ** 2)

    return (x, ell, f, g, theta, phi, 4), problem.value(w)


@formula(
    "eq-background-objective",
    r"""
\min_{\theta, \phi} \; \frac{1}{n} \sum_{i=1}^{n} \ell\bigl(x_i,\; g_\phi(f_\theta(x_i))\bigr).
""",  # noqa: E501
    loss_of_an_autoencoder,
)
def objective(x, ell, f, g, theta, phi, n):  # what is to be made small
    return 1 / n * sum(ell(x[i], g(phi, f(theta, x[i]))) for i in range(n))
