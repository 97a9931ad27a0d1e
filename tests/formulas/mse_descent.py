"""The formulas of `mse_and_gradient_descent` on the way down, and how fast it is."""

from aebook import problems
from aebook.optim import RULES, minimize
import numpy as np
from scipy.optimize import differential_evolution

from formulas.entry import formula


def step_in_a_valley(rng):
    valley, w, eta = problems.rosenbrock(), rng.normal(size=2), rng.uniform(1e-4, 1e-3)
    path = minimize(valley, w, "sgd", 1, learning_rate=eta)
    return (w, eta, valley.gradient), path.points[1]


@formula(
    "eq-mse-descent",
    r"""
w_{t+1} = w_t - \eta\, \nabla L(w_t) .
""",
    step_in_a_valley,
)
def descent(w, eta, nabla_L):
    return w - eta * nabla_L(w)


def change_along_a_direction(rng):
    problem = problems.dense_autoencoder(np.eye(4), latent_dim=2)
    w = problem.start + rng.normal(size=problem.start.size)
    u, epsilon = rng.normal(size=w.size), 1e-6
    u /= np.linalg.norm(u)
    nabla_L = problem.gradient(w)
    alpha = np.arccos(u @ nabla_L / np.linalg.norm(nabla_L))
    change = problem.value(w + epsilon * u) - problem.value(w)
    return (w, epsilon, u, problem.gradient, alpha), (change, change)


@formula(
    "eq-mse-direction",
    r"""
L(w + \epsilon u) - L(w) \approx \epsilon\, u^\top \nabla L(w) = \epsilon\, \lVert \nabla L(w) \rVert \cos\alpha ,
""",  # noqa: E501
    change_along_a_direction,
    rtol=1e-3,  # the formula is one of first order
)
def direction(w, epsilon, u, nabla_L, alpha):
    return (
        epsilon * u.T @ nabla_L(w),
        epsilon * np.linalg.norm(nabla_L(w)) * np.cos(alpha),
    )


def step_on_a_parabola(rng):
    bowl = problems.quadratic(condition_number=rng.uniform(2, 20))
    lambda_, e, eta = bowl.eigenvalues[1], rng.normal(), rng.uniform(0.01, 0.2)
    path = minimize(bowl, [0.0, e], "sgd", 1, learning_rate=eta)
    return (e, eta, lambda_), (path.points[1, 1],) * 2


@formula(
    "eq-mse-factor",
    r"""
e_{t+1} = e_t - \eta \lambda e_t = (1 - \eta\lambda)\, e_t .
""",
    step_on_a_parabola,
)
def factor(e, eta, lambda_):
    return e - eta * lambda_ * e, (1 - eta * lambda_) * e


def descents_that_end_lower(rng):
    bowl = problems.quadratic(condition_number=rng.uniform(5, 50))
    lambda_max = bowl.eigenvalues[-1]
    rates = rng.uniform(0.1, 6, size=40) / lambda_max

    def ends_lower(rate):
        path = minimize(bowl, [0.0, 1.0], "sgd", 5, learning_rate=rate)
        return path.losses[-1] < path.losses[0]

    return (rates, lambda_max), np.array([ends_lower(rate) for rate in rates])


@formula(
    "eq-mse-limit",
    r"""
\eta < \frac{2}{\lambda_{\max}} .
""",
    descents_that_end_lower,
)
def limit(eta, lambda_max):
    return eta < 2 / lambda_max


def best_descent(rng):
    lambda_max, lambda_min = rng.uniform(20, 50), rng.uniform(0.5, 5)
    # equal where the lines 1 - eta lambda_min and eta lambda_max - 1 cross
    _, r = np.linalg.solve([[lambda_min, 1], [-lambda_max, 1]], [1, -1])
    kappa = np.linalg.cond(np.diag([lambda_max, lambda_min]))
    return (kappa, lambda_max, lambda_min), (r, kappa)


@formula(
    "eq-mse-rate",
    r"""
r_\text{descent} = \frac{\kappa - 1}{\kappa + 1}, \qquad \kappa = \frac{\lambda_{\max}}{\lambda_{\min}} .
""",  # noqa: E501
    best_descent,
)
def rate(kappa, lambda_max, lambda_min):
    return (kappa - 1) / (kappa + 1), lambda_max / lambda_min


def step_of_a_ball(rng):
    valley, (w, v) = problems.rosenbrock(), rng.normal(size=(2, 2))
    eta, mu = rng.uniform(1e-3, 1e-2), rng.uniform(0.1, 0.9)
    rule = RULES["heavy_ball"]
    settings = {"learning_rate": eta, "momentum": mu}
    step, state = rule.update(valley.gradient(w), rule.State(v), w, **settings)
    return (w, v, mu, eta, valley.gradient), (state.v, w + step)


@formula(
    "eq-mse-momentum",
    r"""
v_{t+1} = \mu v_t - \eta\, \nabla L(w_t), \qquad w_{t+1} = w_t + v_{t+1} ,
""",
    step_of_a_ball,
)
def momentum(w, v, mu, eta, nabla_L):
    v = mu * v - eta * nabla_L(w)
    w = w + v
    return v, w


def best_momentum(rng):
    kappa = rng.uniform(3, 50)

    def slowest(settings):
        """Largest factor of momentum on the flattest and the steepest axis."""
        eta, beta = settings
        steps = [[[1 + beta - eta * curve, -beta], [1, 0]] for curve in (1, kappa)]
        return np.abs(np.linalg.eigvals(steps)).max()

    within = [(0, 4 / kappa), (0, 1)]
    best = differential_evolution(slowest, within, rng=0, tol=1e-10, polish=False)
    return (kappa,), best.fun


@formula(
    "eq-mse-momentum-rate",
    r"""
r_\text{momentum} = \frac{\sqrt\kappa - 1}{\sqrt\kappa + 1} .
""",
    best_momentum,
    rtol=1e-4,  # found by search
    points=3,
)
def momentum_rate(kappa):
    return (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)
