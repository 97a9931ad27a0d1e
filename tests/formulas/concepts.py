"""The formulas of `concepts`."""

from types import SimpleNamespace

from aebook import losses
from aebook.models import (
    KSparseAutoencoder,
    L1SparseAutoencoder,
    VariationalAutoencoder,
    dense,
)
import keras
import numpy as np

from formulas.entry import formula

to_numpy = keras.ops.convert_to_numpy


def loss_of_a_member(rng):
    x, weight = rng.uniform(size=(6, 5)).astype("float32"), rng.uniform(0.5, 2)
    model = L1SparseAutoencoder(*dense(5, latent_dim=3, hidden=()), weight=weight)
    model.compile(loss="mse")
    measured = model.evaluate(x, verbose=0, return_dict=True)

    def ell(x, x_hat):
        return np.mean((x - x_hat) ** 2)

    def Omega(x, z):
        return np.abs(z).sum() / len(x)

    z = model.encode(x)
    return (x, model.decode(z), z, ell, weight, Omega), measured["loss"]


@formula(
    "eq-concepts-family",
    r"""
L = \ell(x, \hat x) + \lambda \, \Omega(x, z) .
""",
    loss_of_a_member,
    rtol=1e-5,  # Keras computes in float32, here and below
    points=2,  # each compiles a model
)
def loss(x, x_hat, z, ell, lambda_, Omega):
    return ell(x, x_hat) + lambda_ * Omega(x, z)


def code_of_a_k_sparse_model(rng):
    k = int(rng.integers(1, 5))
    model = KSparseAutoencoder(*dense(6, latent_dim=5, hidden=()), k=k)
    x = rng.normal(size=(1, 6)).astype("float32")
    return (x, lambda x: to_numpy(model.encoder(x))[0], k), model.encode(x)[0]


@formula(
    "eq-concepts-k",
    r"""
z = \mathrm{top}_k\bigl(f(x)\bigr) .
""",
    code_of_a_k_sparse_model,
    rtol=1e-5,
)
def k_sparse(x, f, k):
    kth = np.sort(f(x))[-k]  # counted from the largest
    return np.where(f(x) >= kth, f(x), 0)


def draw_and_price(rng):
    mu, log_variance = rng.normal(size=(2, 1, 4)).astype("float32")
    draw = VariationalAutoencoder.draw
    same_noise = SimpleNamespace(noise=int(rng.integers(1000)))
    epsilon = to_numpy(draw(same_noise, np.zeros_like(mu), np.zeros_like(mu)))
    z = to_numpy(draw(same_noise, mu, log_variance))
    kl = to_numpy(losses.gaussian_kl(mu, log_variance))
    return (mu[0], np.exp(log_variance[0] / 2), epsilon[0], range(4)), (z[0], kl[0])


@formula(
    "eq-concepts-vae",
    r"""
z = \mu + \sigma \odot \epsilon, \quad \epsilon \sim N(0, I), \qquad
\Omega = \tfrac12 \sum_j \left( \mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2 \right) .
""",
    draw_and_price,
    rtol=1e-5,
)
def variational(mu, sigma, epsilon, numbers):
    z = mu + sigma * epsilon
    Omega = 1 / 2 * sum(
        mu[j] ** 2 + sigma[j] ** 2 - 1 - np.log(sigma[j] ** 2) for j in numbers
    )  # fmt: skip
    return z, Omega
