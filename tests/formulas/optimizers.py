"""The formulas of `optimizers`: one step of the twin is one step of the rule."""

from unittest import mock

from aebook.optim import RULES
from aebook.optim.average import evaluation_weights
import numpy as np
from scipy.linalg import polar

from formulas.entry import formula

#: Letters of the page, and what Keras and the package call them.
KERAS = {
    "eta": "learning_rate",
    "mu": "momentum",
    "lambda_": "weight_decay",
    "rho": "rho",
    "beta_1": "beta_1",
    "beta_2": "beta_2",
    "epsilon": "epsilon",
}


def drawn(rng, letters, shape=(4,)):
    """Draw what a rule takes; epsilon is large, so that its place matters."""
    point = {}
    for letter in letters:
        if letter == "t":
            point[letter] = int(rng.integers(2, 6))
        elif letter in KERAS:
            point[letter] = rng.uniform(0.1, 0.9)
        elif letter in "su":  # squares
            point[letter] = rng.uniform(0.1, 2, shape)
        else:
            point[letter] = rng.normal(size=shape)
    return point


def step_of(name, point, g, **state):
    """Return what a rule makes of a point: its next state, and the next weights."""
    rule = RULES[name]
    hyper = {KERAS[letter]: point[letter] for letter in KERAS if letter in point}
    step, state = rule.update(g, rule.State(**state), point["w"], **hyper)
    return {**state._asdict(), "w": point["w"] + step}


def one_step(name, letters, returns, state=""):
    """Return a case: a twin with these arguments takes one step of the rule."""

    def case(rng):
        point = drawn(rng, letters.split())
        before = {
            letter: point[letter] - (letter == "t")  # the count of the steps before
            for letter in state.split()
        }
        after = step_of(name, point, point["g"], **before)
        return tuple(point.values()), tuple(after[part] for part in returns.split())

    return case


@formula(
    "eq-opt-sgd",
    r"""
w \leftarrow w - \eta\, g
""",
    one_step("sgd", "w g eta", "w"),
)
def sgd(w, g, eta):
    w = w - eta * g
    return (w,)


@formula(
    "eq-opt-momentum",
    r"""
v \leftarrow \mu v - \eta\, g, \qquad w \leftarrow w + v
""",
    one_step("heavy_ball", "w g v mu eta", "v w", state="v"),
)
def momentum(w, g, v, mu, eta):
    v = mu * v - eta * g
    w = w + v
    return v, w


@formula(
    "eq-opt-nesterov",
    r"""
v \leftarrow \mu v - \eta\, g, \qquad w \leftarrow w + \mu v - \eta\, g
""",
    one_step("nesterov", "w g v mu eta", "v w", state="v"),
)
def nesterov(w, g, v, mu, eta):
    v = mu * v - eta * g
    w = w + mu * v - eta * g
    return v, w


@formula(
    "eq-opt-adagrad",
    r"""
s \leftarrow s + g^2, \qquad w \leftarrow w - \eta\, \frac{g}{\sqrt{s + \varepsilon}}
""",
    one_step("adagrad", "w g s eta epsilon", "s w", state="s"),
)
def adagrad(w, g, s, eta, epsilon):
    s = s + g**2
    w = w - eta * (g / np.sqrt(s + epsilon))
    return s, w


@formula(
    "eq-opt-rmsprop",
    r"""
s \leftarrow \rho s + (1 - \rho)\, g^2, \qquad w \leftarrow w - \eta\, \frac{g}{\sqrt{s + \varepsilon}}
""",  # noqa: E501
    one_step("rmsprop", "w g s rho eta epsilon", "s w", state="s"),
)
def rmsprop(w, g, s, rho, eta, epsilon):
    s = rho * s + (1 - rho) * g**2
    w = w - eta * (g / np.sqrt(s + epsilon))
    return s, w


@formula(
    "eq-opt-adadelta",
    r"""
s \leftarrow \rho s + (1 - \rho)\, g^2, \quad
\Delta = \frac{\sqrt{u + \varepsilon}}{\sqrt{s + \varepsilon}}\, g, \quad
u \leftarrow \rho u + (1 - \rho)\, \Delta^2, \quad
w \leftarrow w - \eta\, \Delta
""",
    one_step("adadelta", "w g s u rho eta epsilon", "s u w", state="s u"),
)
def adadelta(w, g, s, u, rho, eta, epsilon):
    s = rho * s + (1 - rho) * g**2
    Delta = np.sqrt(u + epsilon) / np.sqrt(s + epsilon) * g
    u = rho * u + (1 - rho) * Delta**2
    w = w - eta * Delta
    return s, u, w


@formula(
    "eq-opt-adam",
    r"""
\begin{gathered}
m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
s \leftarrow \beta_2 s + (1 - \beta_2)\, g^2, \\
w \leftarrow w - \eta\, \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}\, \frac{m}{\sqrt{s} + \varepsilon}
\end{gathered}
""",  # noqa: E501
    one_step("adam", "w g t m s eta beta_1 beta_2 epsilon", "m s w", state="t m s"),
)
def adam(w, g, t, m, s, eta, beta_1, beta_2, epsilon):
    m = beta_1 * m + (1 - beta_1) * g
    s = beta_2 * s + (1 - beta_2) * g**2
    w = w - (
        eta * (np.sqrt(1 - beta_2**t) / (1 - beta_1**t)) * (m / (np.sqrt(s) + epsilon))
    )
    return m, s, w


def adamw_step(rng):
    letters = ("w", "m", "s", "t", "eta", "lambda_", "beta_1", "beta_2", "epsilon")
    point, g = drawn(rng, letters), rng.normal(size=4)
    before = {"t": point["t"] - 1, "m": point["m"], "s": point["s"]}
    after = step_of("adamw", point, g, **before)
    # the page shows the step only: m and s are those that Adam has made
    point.update(m=after["m"], s=after["s"])
    return tuple(point.values()), after["w"]


@formula(
    "eq-opt-adamw",
    r"""
w \leftarrow w - \eta\, \lambda\, w - \eta\, \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}\, \frac{m}{\sqrt{s} + \varepsilon}
""",  # noqa: E501
    adamw_step,
)
def adamw(w, m, s, t, eta, lambda_, beta_1, beta_2, epsilon):
    return (
        w
        - eta * lambda_ * w
        - eta
        * (np.sqrt(1 - beta_2**t) / (1 - beta_1**t))
        * (m / (np.sqrt(s) + epsilon))
    )


@formula(
    "eq-opt-lion",
    r"""
w \leftarrow w - \eta\, \bigl( \operatorname{sign}\bigl(\beta_1 m + (1 - \beta_1)\, g\bigr) + \lambda w \bigr), \qquad
m \leftarrow \beta_2 m + (1 - \beta_2)\, g
""",  # noqa: E501
    one_step("lion", "w g m eta lambda_ beta_1 beta_2", "w m", state="m"),
)
def lion(w, g, m, eta, lambda_, beta_1, beta_2):
    w = w - eta * (np.sign(beta_1 * m + (1 - beta_1) * g) + lambda_ * w)
    m = beta_2 * m + (1 - beta_2) * g
    return w, m


def muon_step(rng):
    n_in, n_out = shape = tuple(rng.permutation([3, 5]))
    point = drawn(rng, ("w", "g", "m", "mu", "eta", "lambda_"), shape)
    # what the polynomial comes near to has tests of its own
    with mock.patch("aebook.optim.muon.newton_schulz", lambda x, steps: polar(x)[0]):
        after = step_of("muon", point, point["g"], m=point["m"])
    return (*point.values(), n_in, n_out), (after["m"], after["w"])


def with_all_singular_values(matrix, value):
    U, _, V_T = np.linalg.svd(matrix, full_matrices=False)
    return value * U @ V_T


@formula(
    "eq-opt-muon",
    r"""
M \leftarrow \mu M + G, \qquad
O \approx (G + \mu M) \text{ with all singular values } 1, \qquad
W \leftarrow W - \eta\, \bigl( 0.2 \sqrt{\max(n_\text{in}, n_\text{out})}\; O + \lambda W \bigr)
""",  # noqa: E501
    muon_step,
)
def muon(W, G, M, mu, eta, lambda_, n_in, n_out):
    M = mu * M + G
    O = with_all_singular_values(G + mu * M, 1)  # noqa: E741
    W = W - eta * (0.2 * np.sqrt(max(n_in, n_out)) * O + lambda_ * W)
    return M, W


def schedule_free_step(rng):
    t, eta, beta_1 = int(rng.integers(2, 6)), *rng.uniform(0.1, 0.9, 2)
    beta_2, epsilon = rng.uniform(0.1, 0.9, 2)
    z, x = rng.normal(size=(2, 4))
    s = rng.uniform(0.1, 2, 4)
    y, g = (1 - beta_1) * z + beta_1 * x, np.cos  # any slope will do
    point = {"w": y, "eta": eta, "epsilon": epsilon, "beta_1": beta_1, "beta_2": beta_2}
    after = step_of("schedule_free_adamw", point, g(y), t=t - 1, s=s, z=z)
    state = RULES["schedule_free_adamw"].State(after["t"], after["s"], after["z"])
    s_hat = after["s"] / (1 - beta_2**t)
    mean = evaluation_weights(state, after["w"], beta_1)
    return (z, x, y, g, s_hat, t, eta, beta_1, epsilon), (after["z"], mean, after["w"])


@formula(
    "eq-opt-schedule-free",
    r"""
z \leftarrow z - \eta\, \frac{g(y)}{\sqrt{\hat s} + \varepsilon}, \qquad
x \leftarrow \Bigl(1 - \frac1t\Bigr) x + \frac1t\, z, \qquad
y \leftarrow (1 - \beta_1)\, z + \beta_1\, x
""",
    schedule_free_step,
)
def schedule_free(z, x, y, g, s_hat, t, eta, beta_1, epsilon):
    z = z - eta * (g(y) / (np.sqrt(s_hat) + epsilon))
    x = (1 - 1 / t) * x + 1 / t * z
    y = (1 - beta_1) * z + beta_1 * x
    return z, x, y
