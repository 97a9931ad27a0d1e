"""Which test proves which displayed formula, and which shows which correction.

A formula of these chapters without an entry here fails, and so does an entry
whose test is gone.
"""

import ast
from pathlib import Path
import re

from aebook import losses, problems
from aebook.optim import minimize
import nbformat
import numpy as np
import pytest
from scipy.stats import norm

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ("concepts", "losses", "optimizers", "mse_and_gradient_descent")
BLOCK = re.compile(
    r"^\$\$\n(.*?)\n\$\$(?: \((eq-[\w-]+)\))?$", re.MULTILINE | re.DOTALL
)
NODE = re.compile(r"`(tests/\w+\.py)(?:::(\w+))?`")

KERAS_TWIN = "test_optim_parity.py::test_a_rule_is_its_keras_twin_in_float32"
LOSS_GRADIENT = "test_losses.py::test_the_gradient_is_that_of_central_differences"
LINEAR = (
    "test_problems.py::test_the_minimum_of_the_linear_autoencoder_is_the_error_of_pca"
)

#: Label of a displayed formula: the test that fails if the formula is wrong.
PROOFS = {
    # concepts
    "eq-concepts-family": "test_families.py::"
    "test_the_history_holds_every_term_and_they_add_up",
    "eq-concepts-k": "test_families.py::"
    "test_k_numbers_of_a_code_pass_and_they_are_the_largest",
    "eq-concepts-vae": "test_families.py::"
    "test_the_closed_form_of_kl_is_its_monte_carlo_mean",
    # losses
    "eq-losses-gaussian": "test_losses.py::"
    "test_the_squared_error_is_a_gaussian_nll_up_to_scale_and_constant",
    "eq-losses-bce": "test_losses.py::"
    "test_the_mean_over_the_batch_is_the_loss_of_keras",
    "eq-losses-bce-gradient": LOSS_GRADIENT,
    "eq-losses-logit": "test_formulas.py::test_slopes_before_the_sigmoid",
    "eq-losses-kl": "test_losses.py::"
    "test_gaussian_kl_is_the_mean_log_ratio_of_the_densities",
    "eq-losses-printed": "test_corrections.py::"
    "test_the_printed_divergence_is_maximum_likelihood",
    "eq-losses-divergence": "test_corrections.py::"
    "test_the_printed_divergence_is_maximum_likelihood",
    "eq-losses-elbo": "test_formulas.py::"
    "test_the_bound_and_its_gap_make_the_likelihood",
    "eq-losses-nll": "test_losses.py::test_gaussian_nll_is_the_log_density_of_scipy",
    "eq-losses-sparsity": "test_losses.py::"
    "test_bernoulli_kl_is_the_relative_entropy_of_scipy",
    # optimizers: the code printed under each formula is the twin of Keras' class
    "eq-opt-sgd": KERAS_TWIN,
    "eq-opt-momentum": KERAS_TWIN,
    "eq-opt-nesterov": KERAS_TWIN,
    "eq-opt-adagrad": KERAS_TWIN,
    "eq-opt-rmsprop": KERAS_TWIN,
    "eq-opt-adadelta": KERAS_TWIN,
    "eq-opt-adam": KERAS_TWIN,
    "eq-opt-adamw": KERAS_TWIN,
    "eq-opt-lion": KERAS_TWIN,
    "eq-opt-muon": KERAS_TWIN,
    "eq-opt-schedule-free": "test_optim_rules.py::"
    "test_schedule_free_is_judged_at_the_plain_mean_of_its_fast_points",
    # mse_and_gradient_descent
    "eq-mse-printed": "test_corrections.py::"
    "test_two_readings_of_n_differ_by_the_number_of_pixels",
    "eq-mse-loss": "test_losses.py::test_the_mean_over_the_batch_is_the_loss_of_keras",
    "eq-mse-gradient": LOSS_GRADIENT,
    "eq-mse-tiny": "test_scratch.py::test_one_weight_by_hand",
    "eq-mse-chain": "test_scratch.py::test_one_weight_by_hand",
    "eq-mse-descent": KERAS_TWIN,
    "eq-mse-direction": "test_formulas.py::"
    "test_no_direction_is_steeper_than_the_gradient",
    "eq-mse-factor": "test_formulas.py::"
    "test_descent_multiplies_each_error_by_its_factor",
    "eq-mse-limit": "test_problems.py::"
    "test_plain_descent_on_a_quadratic_needs_a_rate_below_two_over_the_steepest",
    "eq-mse-rate": "test_formulas.py::test_descent_converges_as_the_theory_says",
    "eq-mse-momentum": KERAS_TWIN,
    "eq-mse-momentum-rate": "test_formulas.py::"
    "test_momentum_converges_as_the_theory_says",
    "eq-mse-backprop": "test_scratch.py::"
    "test_backpropagation_gives_the_gradient_of_central_differences",
    "eq-mse-differences": "test_scratch.py::"
    "test_backpropagation_gives_the_gradient_of_central_differences",
    "eq-mse-linear": LINEAR,
    "eq-mse-linear-gradient": "test_problems.py::"
    "test_the_gradient_is_that_of_central_differences",
}


def formulas(chapter):
    """Return the label of each displayed formula, None for one without."""
    path = ROOT / "chapters" / f"{chapter}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return BLOCK.findall(text)


def exists(node):
    """Whether the test file has a test of that name."""
    file, _, name = node.partition("::")
    tree = ast.parse((ROOT / "tests" / Path(file).name).read_text(encoding="utf-8"))
    tests = {part.name for part in tree.body if isinstance(part, ast.FunctionDef)}
    return not name or name in tests


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_displayed_formula_has_a_proof(chapter):
    found = formulas(chapter)
    assert len(found) >= 3  # the pattern still finds them
    assert [text for text, label in found if not label] == []
    assert [label for _, label in found if label not in PROOFS] == []


def test_every_proof_exists_and_belongs_to_a_formula():
    assert [node for node in PROOFS.values() if not exists(node)] == []
    shown = {label for chapter in CHAPTERS for _, label in formulas(chapter)}
    assert set(PROOFS) == shown


def test_every_correction_names_a_test_that_exists():
    page = (ROOT / "chapters/appendix/corrections.md").read_text(encoding="utf-8")
    entries = page.count("\n: ")
    nodes = ["::".join(filter(None, found)) for found in NODE.findall(page)]
    assert len(nodes) == entries >= 20
    assert [node for node in nodes if not exists(node)] == []


def test_a_proof_that_is_gone_is_noticed():
    assert not exists("test_formulas.py::test_that_nobody_wrote")


# --- proofs that belong to no module


def test_slopes_before_the_sigmoid():
    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    def cross_entropy(a, x):
        return -x * np.log(sigmoid(a)) - (1 - x) * np.log(1 - sigmoid(a))

    def squared_error(a, x):
        return (x - sigmoid(a)) ** 2

    a, h = np.linspace(-4, 4, 9), 1e-5
    for x in (0, 0.3, 1):
        x_hat = sigmoid(a)
        for loss, slope in (
            (cross_entropy, x_hat - x),
            (squared_error, 2 * (x_hat - x) * x_hat * (1 - x_hat)),
        ):
            difference = (loss(a + h, x) - loss(a - h, x)) / (2 * h)
            np.testing.assert_allclose(difference, slope, atol=1e-9)


@pytest.mark.parametrize(("mu", "sigma"), [(0.7, 0.3), (0.0, 1.0), (-0.5, 0.1)])
def test_the_bound_and_its_gap_make_the_likelihood(mu, sigma):
    w, noise, x = 1.5, 0.25, 1.2
    z = np.linspace(-12, 12, 20001)
    dz = z[1] - z[0]
    q, prior = norm.pdf(z, mu, sigma), norm.pdf(z)
    likelihood = norm.pdf(x, w * z, np.sqrt(noise))
    p_x = np.sum(likelihood * prior) * dz
    redraw = np.sum(q * norm.logpdf(x, w * z, np.sqrt(noise))) * dz
    kl = float(losses.gaussian_kl([[mu]], [[2 * np.log(sigma)]])[0])
    mean, deviation = w * x / (w**2 + noise), np.sqrt(noise / (w**2 + noise))
    log_ratio = norm.logpdf(z, mu, sigma) - norm.logpdf(z, mean, deviation)
    gap = np.sum(q * log_ratio) * dz
    assert gap >= 0
    assert redraw - kl + gap == pytest.approx(np.log(p_x), abs=1e-5)


def test_no_direction_is_steeper_than_the_gradient():
    problem = problems.dense_autoencoder(np.eye(6), latent_dim=2, hidden=(4,))
    w, epsilon = problem.start, 1e-6
    g = problem.gradient(w)

    def slope(u):
        return (problem.value(w + epsilon * u) - problem.value(w)) / epsilon

    steepest = slope(-g / np.linalg.norm(g))
    assert steepest == pytest.approx(-np.linalg.norm(g), rel=1e-3)
    for u in np.random.default_rng(0).normal(size=(100, w.size)):
        u /= np.linalg.norm(u)
        cosine = u @ g / np.linalg.norm(g)
        assert slope(u) == pytest.approx(np.linalg.norm(g) * cosine, abs=1e-5)
        assert slope(u) > steepest


def test_descent_multiplies_each_error_by_its_factor():
    bowl = problems.quadratic(condition_number=50, dim=4)
    path = minimize(bowl, bowl.start, "sgd", 30, learning_rate=0.03)
    factors = path.points[1:] / path.points[:-1]
    np.testing.assert_allclose(factors, [1 - 0.03 * bowl.eigenvalues] * 30)


def factor(path, start=200, stop=400):
    return (path.losses[stop] / path.losses[start]) ** (0.5 / (stop - start))


@pytest.mark.parametrize("kappa", [10, 100, 1000])
def test_descent_converges_as_the_theory_says(kappa):
    bowl = problems.quadratic(condition_number=kappa)
    path = minimize(bowl, bowl.start, "sgd", 400, learning_rate=2 / (kappa + 1))
    assert factor(path) == pytest.approx((kappa - 1) / (kappa + 1), rel=0.02)


@pytest.mark.parametrize("kappa", [10, 100, 1000])
def test_momentum_converges_as_the_theory_says(kappa):
    bowl, root = problems.quadratic(condition_number=kappa), np.sqrt(kappa)
    rho = (root - 1) / (root + 1)
    best = {"learning_rate": 4 / (root + 1) ** 2, "momentum": rho**2}
    path = minimize(bowl, bowl.start, "heavy_ball", 400, **best)
    assert factor(path) == pytest.approx(rho, rel=0.02)
