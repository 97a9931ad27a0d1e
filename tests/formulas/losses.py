"""The formulas of `losses`."""

from aebook import losses
import keras
import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import rel_entr
from scipy.stats import entropy, norm

from formulas.entry import formula, slope
from formulas.keras_implementation import one_pixel

to_numpy = keras.ops.convert_to_numpy


def log_density_of_one_variance(rng):
    (x, x_hat), sigma = rng.normal(size=(2, 5)), rng.uniform(0.3, 2)
    return (x, x_hat, sigma, 5), -norm.logpdf(x, x_hat, sigma).sum()


@formula(
    "eq-losses-gaussian",
    r"""
-\ln p(x \mid \hat x) = \frac{1}{2\sigma^2} \sum_{j=1}^{d} (x_j - \hat x_j)^2 + \frac d2 \ln \left( 2\pi\sigma^2 \right) .
""",  # noqa: E501
    log_density_of_one_variance,
)
def gaussian(x, x_hat, sigma, d):
    return 1 / (2 * sigma**2) * sum(
        (x[j] - x_hat[j]) ** 2 for j in range(d)
    ) + d / 2 * np.log(2 * np.pi * sigma**2)


@formula(
    "eq-losses-bce",
    r"""
\ell(x, \hat x) = -x \ln \hat x - (1 - x) \ln (1 - \hat x) .
""",
    one_pixel,
)
def bce(x, x_hat):
    return -x * np.log(x_hat) - (1 - x) * np.log(1 - x_hat)


def cross_entropy_of(x, x_hat):
    """Return the cross-entropy of the package, for one pixel."""
    return to_numpy(losses.bce_per_pixel([[x]], np.reshape(x_hat, (1, 1))))[0]


def slope_of_cross_entropy(rng):
    x, x_hat = rng.uniform(0.1, 0.9, size=2)
    return (x, x_hat), slope(lambda x_hat: cross_entropy_of(x, x_hat), x_hat)


@formula(
    "eq-losses-bce-gradient",
    r"""
\frac{\partial \ell}{\partial \hat x} = \frac{\hat x - x}{\hat x (1 - \hat x)} ,
""",
    slope_of_cross_entropy,
)
def bce_gradient(x, x_hat):
    return (x_hat - x) / (x_hat * (1 - x_hat))


def slopes_before_the_sigmoid(rng):
    x, a = rng.uniform(0.1, 0.9), rng.normal()

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    squared_error = slope(lambda a: (x - sigmoid(a)) ** 2, a)
    cross_entropy = slope(lambda a: cross_entropy_of(x, sigmoid(a)), a)
    return (x, sigmoid(a)), (squared_error, cross_entropy)


@formula(
    "eq-losses-logit",
    r"""
\frac{\partial}{\partial a} (x - \hat x)^2 = 2 (\hat x - x)\, \hat x (1 - \hat x),
\qquad
\frac{\partial \ell}{\partial a} = \hat x - x .
""",
    slopes_before_the_sigmoid,
)
def logit(x, x_hat):
    return 2 * (x_hat - x) * x_hat * (1 - x_hat), x_hat - x


def divergence_by_quadrature(rng):
    mu, sigma = rng.normal(size=4), rng.uniform(0.3, 2, size=4)
    node, weight = np.polynomial.hermite_e.hermegauss(20)
    z = mu + sigma * node[:, None]  # drawn from N(mu, sigma²)
    log_ratio = norm.logpdf(z, mu, sigma) - norm.logpdf(z)
    return (mu, sigma, 4), np.sum(weight @ log_ratio) / np.sqrt(2 * np.pi)


@formula(
    "eq-losses-kl",
    r"""
\mathrm{KL} = \tfrac12 \sum_{j=1}^{k} \left( \mu_j^2 + \sigma_j^2 - 1 - \ln \sigma_j^2 \right) ,
""",  # noqa: E501
    divergence_by_quadrature,
)
def kl(mu, sigma, k):
    return 1 / 2 * sum(
        mu[j] ** 2 + sigma[j] ** 2 - 1 - np.log(sigma[j] ** 2) for j in range(k)
    )  # fmt: skip


def divergence_of_one_number(rng):
    mu, sigma = rng.normal(), rng.uniform(0.3, 2)
    node, weight = np.polynomial.hermite_e.hermegauss(20)
    weight, z = weight / np.sqrt(2 * np.pi), mu + sigma * node
    kl = to_numpy(losses.gaussian_kl([[mu]], [[np.log(sigma**2)]]))[0]
    ratio = norm.pdf(z, mu, sigma) / norm.pdf(z)
    assert weight @ np.log(ratio) == pytest.approx(kl, rel=1e-6, abs=1e-6)
    return (mu, sigma, list(zip(weight, z, strict=True))), (kl, kl)


@formula(
    "eq-losses-kl-steps",
    r"""
\begin{aligned}
\mathbb{E}_q \ln \frac{q(z)}{p(z)}
&= \mathbb{E}_q \Bigl[ -\tfrac12 \ln \sigma^2 - \frac{(z - \mu)^2}{2 \sigma^2} + \frac{z^2}{2} \Bigr] \\
&= -\tfrac12 \ln \sigma^2 - \tfrac12 + \tfrac12 \bigl( \mu^2 + \sigma^2 \bigr) ,
\end{aligned}
""",  # noqa: E501
    divergence_of_one_number,
    rtol=1e-5,
)
def kl_steps(mu, sigma, q):
    mean_over_q = sum(
        weight
        * (
            -1 / 2 * np.log(sigma**2)
            - (z - mu) ** 2 / (2 * sigma**2)
            + z**2 / 2
        )
        for weight, z in q
    )  # fmt: skip
    return mean_over_q, -1 / 2 * np.log(sigma**2) - 1 / 2 + 1 / 2 * (mu**2 + sigma**2)


def two_parts_of_the_package(rng):
    (x, x_hat), (sigma, beta) = rng.normal(size=(2, 5)), rng.uniform(0.3, 2, size=2)
    codes = rng.normal(size=(2, 1, 3))
    divergence = to_numpy(losses.gaussian_kl(*codes))[0]
    log_variance = np.full(5, np.log(sigma**2))
    nll = to_numpy(losses.gaussian_nll_per_image([x], x_hat[None], log_variance))[0]
    first = nll - 5 / 2 * np.log(2 * np.pi * sigma**2)
    return (x, x_hat, sigma, beta, divergence), first + beta * divergence


@formula(
    "eq-losses-beta",
    r"""
\frac{1}{2\sigma^2} \lVert x - \hat x \rVert^2 + \beta\, \mathrm{KL}
= \frac{1}{2\sigma^2} \Bigl( \lVert x - \hat x \rVert^2 + 2 \beta \sigma^2\, \mathrm{KL} \Bigr) .
""",  # noqa: E501
    two_parts_of_the_package,
    rtol=1e-5,
)
def beta(x, x_hat, sigma, beta, divergence):
    return 1 / (2 * sigma**2) * (
        np.linalg.norm(x - x_hat) ** 2 + 2 * beta * sigma**2 * divergence
    )  # fmt: skip


def best_variance_of_the_density(rng):
    errors = rng.normal(size=5)
    MSE, sigma = np.mean(errors**2), rng.uniform(0.3, 2)

    def nll(variance):
        return -norm.logpdf(errors, 0, np.sqrt(variance)).sum()

    best = minimize_scalar(nll, bounds=(MSE / 4, 4 * MSE), method="bounded").fun
    return (MSE, sigma, 5), (nll(sigma**2), slope(nll, sigma**2), best)


@formula(
    "eq-losses-variance",
    r"""
\begin{aligned}
L &= \frac d2 \Bigl( \frac{\mathrm{MSE}}{\sigma^2} + \ln \left( 2\pi\sigma^2 \right) \Bigr) , \\
\frac{\partial L}{\partial \sigma^2} &= \frac d2 \cdot \frac{\sigma^2 - \mathrm{MSE}}{\sigma^4} , \\
\min_{\sigma^2} L &= \frac d2 \bigl( 1 + \ln 2\pi + \ln \mathrm{MSE} \bigr) .
\end{aligned}
""",  # noqa: E501
    best_variance_of_the_density,
)
def variance(MSE, sigma, d):
    return (
        d / 2 * (MSE / sigma**2 + np.log(2 * np.pi * sigma**2)),
        d / 2 * ((sigma**2 - MSE) / sigma**4),
        d / 2 * (1 + np.log(2 * np.pi) + np.log(MSE)),
    )


def two_distributions(rng):
    p, q = rng.dirichlet(np.ones(8), size=2)
    return p, q


def divergence_itself(rng):
    p_data, p_model = two_distributions(rng)
    # the outer mean is one over equal numbers
    return (p_data, p_model, range(8)), rel_entr(p_data, p_model).sum()


@formula(
    "eq-losses-printed",
    r"""
\min_\theta \; \mathbb{E}_{x \sim p_\text{data}} \bigl[ D_\text{KL}\bigl( p_\text{data}(x) \,\Vert\, p_\text{model}(x; \theta) \bigr) \bigr] .
""",  # noqa: E501
    divergence_itself,
)
def printed(p_data, p_model, world):  # what is to be made small
    D_KL = sum(p_data[y] * np.log(p_data[y] / p_model[y]) for y in world)
    return sum(p_data[x] * D_KL for x in world)


def divergence_twice(rng):
    p, q = two_distributions(rng)
    whole = entropy(p, q)
    return (p.__getitem__, q.__getitem__, range(8)), (whole, whole)


@formula(
    "eq-losses-divergence",
    r"""
D_\text{KL}(p \,\Vert\, q) = \sum_x p(x) \ln \frac{p(x)}{q(x)} = \underbrace{\sum_x p(x) \ln p(x)}_{\text{does not depend on } \theta} - \; \mathbb{E}_{x \sim p} \ln q(x; \theta) .
""",  # noqa: E501
    divergence_twice,
)
def divergence(p, q, world):
    return (
        sum(p(x) * np.log(p(x) / q(x)) for x in world),
        sum(p(x) * np.log(p(x)) for x in world)
        - sum(p(x) * np.log(q(x)) for x in world),
    )


def evidence_of_five_codes(rng):
    q, prior = rng.dirichlet(np.ones(5), size=2)
    likelihood = rng.uniform(0.1, 1, size=5)  # p(x | z) of one x, for each z
    p_x = likelihood @ prior
    gap = entropy(q, likelihood * prior / p_x)  # never below 0
    arguments = (q, prior, likelihood, likelihood * prior / p_x, range(5))
    return arguments, (np.log(p_x), np.log(p_x) - gap, gap)


@formula(
    "eq-losses-elbo",
    r"""
\ln p(x) = \underbrace{\mathbb{E}_{z \sim q} \ln p(x \mid z) - D_\text{KL}\bigl(q(z) \,\Vert\, p(z)\bigr)}_{\text{the evidence lower bound}} + \underbrace{D_\text{KL}\bigl(q(z) \,\Vert\, p(z \mid x)\bigr)}_{\ge\, 0} .
""",  # noqa: E501
    evidence_of_five_codes,
)
def elbo(q, prior, likelihood, posterior, codes):
    bound = sum(q[z] * np.log(likelihood[z]) for z in codes) - sum(
        q[z] * np.log(q[z] / prior[z]) for z in codes
    )
    gap = sum(q[z] * np.log(q[z] / posterior[z]) for z in codes)
    return bound + gap, bound, gap


def named_codes(rng):
    """Return the same as the page writes them: q(z), p(z), p(x | z), p(z | x).

    p(z) sums to 2, which changes none of the steps, so that a mean over p shows.
    """
    (q, *parts, codes), (log_p_x, bound, _) = evidence_of_five_codes(rng)
    prior, likelihood, posterior = parts
    tables = {("z",): 2 * prior, ("x", "z"): likelihood, ("z", "x"): posterior}

    def p(*letters):
        names = tuple("x" if letter == "x" else "z" for letter in letters)
        (code,) = (letter for letter in letters if letter != "x")
        return tables[names][code]

    return (q.__getitem__, p, "x", codes), log_p_x + np.log(2), bound + np.log(2)


def evidence_in_two_steps(rng):
    arguments, log_p_x, _ = named_codes(rng)
    return arguments, (log_p_x, log_p_x)


@formula(
    "eq-losses-elbo-steps",
    r"""
\begin{aligned}
\ln p(x)
&= \mathbb{E}_{z \sim q} \bigl[ \ln p(x \mid z) + \ln p(z) - \ln p(z \mid x) \bigr] \\
&= \mathbb{E}_{z \sim q} \Bigl[ \ln p(x \mid z) - \ln \frac{q(z)}{p(z)} + \ln \frac{q(z)}{p(z \mid x)} \Bigr] .
\end{aligned}
""",  # noqa: E501
    evidence_in_two_steps,
)
def elbo_steps(q, p, x, codes):
    return (
        sum(q(z) * (np.log(p(x, z)) + np.log(p(z)) - np.log(p(z, x))) for z in codes),
        sum(
            q(z) * (np.log(p(x, z)) - np.log(q(z) / p(z)) + np.log(q(z) / p(z, x)))
            for z in codes
        ),
    )


def evidence_and_bound(rng):
    arguments, log_p_x, bound = named_codes(rng)
    assert log_p_x >= bound
    return arguments, (log_p_x, bound)


@formula(
    "eq-losses-draws",
    r"""
\ln p(x) = \ln \mathbb{E}_{z \sim q} \frac{p(x \mid z)\, p(z)}{q(z)} \ge \mathbb{E}_{z \sim q} \ln \frac{p(x \mid z)\, p(z)}{q(z)} .
""",  # noqa: E501
    evidence_and_bound,
)
def draws(q, p, x, codes):
    return (
        np.log(sum(q(z) * (p(x, z) * p(z) / q(z)) for z in codes)),
        sum(q(z) * np.log(p(x, z) * p(z) / q(z)) for z in codes),
    )


def log_density_of_the_package(rng):
    (x, x_hat), sigma = rng.normal(size=(2, 5)), rng.uniform(0.3, 2, size=5)
    nll = losses.gaussian_nll_per_image([x], x_hat[None], np.log(sigma**2))
    np.testing.assert_allclose(to_numpy(nll)[0], -norm.logpdf(x, x_hat, sigma).sum())
    return (x, x_hat, sigma, 5), to_numpy(nll)[0]


@formula(
    "eq-losses-nll",
    r"""
-\ln p(x) = \tfrac12 \sum_{j=1}^{d} \left( \ln 2\pi + \ln \sigma_j^2 + \frac{(x_j - \hat x_j)^2}{\sigma_j^2} \right) .
""",  # noqa: E501
    log_density_of_the_package,
)
def nll(x, x_hat, sigma, d):
    return 1 / 2 * sum(
        np.log(2 * np.pi) + np.log(sigma[j] ** 2)
        + (x[j] - x_hat[j]) ** 2 / sigma[j] ** 2
        for j in range(d)
    )  # fmt: skip


def divergence_of_coins(rng):
    rho, rho_hat = rng.uniform(0.05, 0.95), rng.uniform(0.05, 0.95, size=4)
    kl = to_numpy(losses.bernoulli_sparsity_kl(rho, rho_hat))
    coins = rel_entr(rho, rho_hat) + rel_entr(1 - rho, 1 - rho_hat)
    np.testing.assert_allclose(kl, coins.sum())
    return (rho, rho_hat, 4), kl


@formula(
    "eq-losses-sparsity",
    r"""
\mathrm{KL}(\rho \,\Vert\, \hat\rho) = \sum_{j=1}^{k} \left( \rho \ln \frac{\rho}{\hat\rho_j} + (1 - \rho) \ln \frac{1 - \rho}{1 - \hat\rho_j} \right) ,
""",  # noqa: E501
    divergence_of_coins,
)
def sparsity(rho, rho_hat, k):
    return sum(
        rho * np.log(rho / rho_hat[j])
        + (1 - rho) * np.log((1 - rho) / (1 - rho_hat[j]))
        for j in range(k)
    )
