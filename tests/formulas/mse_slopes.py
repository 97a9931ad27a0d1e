"""The formulas of `mse_and_gradient_descent` on the loss and its slopes."""

from aebook import problems
from aebook.scratch import Layer, backward, forward
import numpy as np
from sklearn.metrics import mean_squared_error

from formulas.background import mean_per_pixel
from formulas.entry import formula, slope


def mean_over_numbers(rng):
    x, x_hat = rng.normal(size=(2, 5))
    return (x, x_hat, 5), mean_squared_error(x, x_hat)


@formula(
    "eq-mse-printed",
    r"""
\mathrm{MSE} = \frac1n \sum_{i=1}^{n} (x_i - \hat x_i)^2 ,
""",
    mean_over_numbers,
)
def printed(x, x_hat, n):
    return 1 / n * sum((x[i] - x_hat[i]) ** 2 for i in range(n))


@formula(
    "eq-mse-loss",
    r"""
L = \frac{1}{n\,d} \sum_{i=1}^{n} \sum_{j=1}^{d} (x_{ij} - \hat x_{ij})^2 .
""",
    mean_per_pixel,
)
def loss(x, x_hat, n, d):
    return 1 / (n * d) * sum(
        sum((x[i, j] - x_hat[i, j]) ** 2 for j in range(d)) for i in range(n)
    )  # fmt: skip


def slope_of_one_pixel(rng):
    (x, x_hat, n, d), _ = mean_per_pixel(rng)
    i, j = int(rng.integers(n)), int(rng.integers(d))
    whole = slope(lambda x_hat: mean_squared_error(x, x_hat), x_hat)

    def d_dx_hat(function):
        return slope(function, x_hat)[i, j]

    return (x, x_hat, n, d, i, j, d_dx_hat), (whole[i, j],) * 3


@formula(
    "eq-mse-gradient",
    r"""
\frac{\partial L}{\partial \hat x_{ij}}
= \frac{1}{n\,d} \frac{\partial}{\partial \hat x_{ij}} (x_{ij} - \hat x_{ij})^2
= \frac{1}{n\,d} \cdot 2 (x_{ij} - \hat x_{ij}) \cdot (-1)
= \frac{2}{n\,d} (\hat x_{ij} - x_{ij}) .
""",
    slope_of_one_pixel,
)
def gradient(x, x_hat, n, d, i, j, d_dx_hat):
    return (
        1 / (n * d) * d_dx_hat(lambda x_hat: (x[i, j] - x_hat[i, j]) ** 2),
        1 / (n * d) * 2 * (x[i, j] - x_hat[i, j]) * (-1),
        2 / (n * d) * (x_hat[i, j] - x[i, j]),
    )


def linear(*weights):
    """Return layers of one unit each, without a bias."""
    return [Layer(np.array([[w]]), np.zeros(1), "linear") for w in weights]


def smallest_autoencoder(rng):
    x, a, b = rng.normal(size=3)
    _, z, x_hat = forward(linear(a, b), np.array([[x]]))
    loss = mean_squared_error([[x]], x_hat)
    return (x, a, b), (z.item(), x_hat.item(), loss)


@formula(
    "eq-mse-tiny",
    r"""
z = a x, \qquad \hat x = b z, \qquad L = (\hat x - x)^2 .
""",
    smallest_autoencoder,
)
def tiny(x, a, b):
    z = a * x
    x_hat = b * z
    L = (x_hat - x) ** 2
    return z, x_hat, L


def slopes_of_the_smallest(rng):
    (x, a, b), (z, x_hat, _) = smallest_autoencoder(rng)
    layers, x = linear(a, b), np.array([[x]])
    dL_da, _, dL_db, _ = backward(layers, forward(layers, x), x)
    dL_dx_hat = slope(lambda x_hat: mean_squared_error(x, x_hat), [[x_hat]])
    dL_dz = slope(lambda z: mean_squared_error(x, forward(layers[1:], z)[-1]), [[z]])
    slopes = dL_dx_hat, dL_db, dL_dz, dL_da
    return (x.item(), z, x_hat, b), tuple(each.item() for each in slopes)


@formula(
    "eq-mse-chain",
    r"""
\frac{\partial L}{\partial \hat x} = 2(\hat x - x), \qquad
\frac{\partial L}{\partial b} = \frac{\partial L}{\partial \hat x}\, z, \qquad
\frac{\partial L}{\partial z} = \frac{\partial L}{\partial \hat x}\, b, \qquad
\frac{\partial L}{\partial a} = \frac{\partial L}{\partial z}\, x .
""",
    slopes_of_the_smallest,
)
def chain(x, z, x_hat, b):
    dL_dx_hat = 2 * (x_hat - x)
    dL_db = dL_dx_hat * z
    dL_dz = dL_dx_hat * b
    dL_da = dL_dz * x
    return dL_dx_hat, dL_db, dL_dz, dL_da


def slopes_of_one_layer(rng):
    h, W, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
    x = rng.uniform(size=(5, 3))

    def loss(h, W, b):
        return mean_squared_error(x, forward([Layer(W, b, "tanh")], h)[-1])

    a = h @ W + b
    dL_dh = slope(lambda h_out: mean_squared_error(x, h_out), np.tanh(a))
    slopes = (
        slope(lambda a: mean_squared_error(x, np.tanh(a)), a),
        slope(lambda W: loss(h, W, b), W),
        slope(lambda h: loss(h, W, b), h),
        slope(lambda b: loss(h, W, b), b),
    )
    return (dL_dh, lambda a: 1 / np.cosh(a) ** 2, a, h, W), slopes


@formula(
    "eq-mse-backprop",
    r"""
\begin{aligned}
\delta_l &= \frac{\partial L}{\partial h_l} \odot f_l'(a_l), &
\frac{\partial L}{\partial W_l} &= h_{l-1}^\top\, \delta_l, \\
\frac{\partial L}{\partial h_{l-1}} &= \delta_l\, W_l^\top, &
\frac{\partial L}{\partial b_l} &= \sum_{i} \delta_{l,i} ,
\end{aligned}
""",
    slopes_of_one_layer,
)
def backprop(dL_dh, f_prime, a, h, W):
    delta = dL_dh * f_prime(a)
    dL_dW = h.T @ delta
    dL_dh_before = delta @ W.T
    dL_db = sum(delta[i] for i in range(len(delta)))
    return delta, dL_dW, dL_dh_before, dL_db


def slope_along_a_direction(rng):
    problem = problems.dense_autoencoder(np.eye(4), latent_dim=2)
    w, u = problem.start, rng.normal(size=problem.start.size)
    return (problem.value, w, u, rng.uniform(1e-5, 1e-4)), u @ problem.gradient(w)


@formula(
    "eq-mse-differences",
    r"""
u^\top \nabla L(w) \approx \frac{L(w + \epsilon u) - L(w - \epsilon u)}{2\epsilon} .
""",
    slope_along_a_direction,
)
def differences(L, w, u, epsilon):
    return (L(w + epsilon * u) - L(w - epsilon * u)) / (2 * epsilon)


def linear_autoencoder(rng):
    x, k = rng.normal(size=(20, 5)), 2
    problem = problems.linear_autoencoder(x, k)
    w = rng.normal(size=problem.start.size)
    E, D = problems.encoder_and_decoder(w, k)
    return problem, w, E, D, np.cov(x.T, bias=True)


def loss_and_what_is_left(rng):
    problem, w, E, D, C = linear_autoencoder(rng)
    lambda_ = np.linalg.eigvalsh(C)[::-1]  # the largest first
    left = problem.value(problem.minimizer)
    return (E, D, C, np.eye(5), lambda_, 2, 5), (problem.value(w), left)


@formula(
    "eq-mse-linear",
    r"""
L(E, D) = \operatorname{tr}\bigl( (I - ED)^\top\, C\, (I - ED) \bigr), \qquad
\min_{E, D} L = \sum_{j > k} \lambda_j .
""",
    loss_and_what_is_left,
)
def linear_loss(E, D, C, identity, lambda_, k, d):
    L = np.trace((identity - E @ D).T @ C @ (identity - E @ D))
    min_L = sum(lambda_[j] for j in range(k, d))  # counted from 0 here
    return L, min_L


def slopes_by_matrix(rng):
    problem, w, E, D, C = linear_autoencoder(rng)
    slopes = slope(problem.value, w)
    return (E, D, C, np.eye(5)), problems.encoder_and_decoder(slopes, 2)


@formula(
    "eq-mse-linear-gradient",
    r"""
\frac{\partial L}{\partial E} = -2\, C (I - ED)\, D^\top, \qquad
\frac{\partial L}{\partial D} = -2\, E^\top C\, (I - ED) .
""",
    slopes_by_matrix,
)
def linear_gradient(E, D, C, identity):
    return (
        -2 * C @ (identity - E @ D) @ D.T,
        -2 * E.T @ C @ (identity - E @ D),
    )
