"""The problems have the slopes and the minima that they claim."""

import subprocess
import sys

from aebook import problems
from aebook.optim import minimize
from aebook.problems import Problem
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
from sklearn.decomposition import PCA


def some_data(d=6):
    """Samples with well separated variances, in [0, 1]."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
    x = rng.normal(size=(200, d)) * np.geomspace(1, 0.1, d) @ turn
    return (x - x.min()) / (x.max() - x.min())


SMALL = {
    "quadratic": problems.quadratic(30.0),
    "quadratic in 5 dimensions, turned": problems.quadratic(50.0, 5, angle=30),
    "rosenbrock": problems.rosenbrock(),
    "saddle": problems.saddle(),
    "plateau": problems.plateau(),
    "linear autoencoder": problems.linear_autoencoder(some_data(), 2),
    "dense autoencoder": problems.dense_autoencoder(some_data(), 2, (4,)),
}
KNOWN = [name for name, problem in SMALL.items() if problem.minimum is not None]


# --- all of them


@pytest.mark.parametrize("name", SMALL)
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_the_gradient_is_that_of_central_differences(name, seed):
    problem = SMALL[name]
    w = np.random.default_rng(seed).uniform(-2, 2, problem.start.shape)
    numeric = [
        (problem.value(w + step) - problem.value(w - step)) / 2e-5
        for step in 1e-5 * np.eye(w.size)
    ]
    gradient = problem.gradient(w)
    scale = max(np.abs(gradient).max(), 0.1)
    np.testing.assert_allclose(gradient, numeric, rtol=0, atol=1e-6 * scale)


@pytest.mark.parametrize("name", KNOWN)
def test_the_minimum_is_taken_at_the_minimizer_without_slope(name):
    problem = SMALL[name]
    value, gradient = problem(problem.minimizer)
    assert value == pytest.approx(problem.minimum, rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(gradient, 0, atol=1e-12)


@pytest.mark.parametrize("name", KNOWN)
def test_bfgs_goes_to_the_minimum_and_not_below(name):
    problem = SMALL[name]
    found = scipy.optimize.minimize(
        problem, problem.start, jac=True, method="BFGS", options={"gtol": 1e-8}
    )
    assert found.fun == pytest.approx(problem.minimum, rel=1e-8, abs=1e-10)
    assert found.fun >= problem.minimum - 1e-10


@pytest.mark.parametrize("name", ["quadratic", "rosenbrock", "saddle", "plateau"])
def test_the_eigenvalues_are_those_of_the_hessian_at_the_minimizer(name):
    problem = SMALL[name]
    hessian = numeric_hessian(problem, problem.minimizer)
    np.testing.assert_allclose(
        np.linalg.eigvalsh(hessian), problem.eigenvalues, rtol=1e-6
    )


@pytest.mark.parametrize("name", ["quadratic", "rosenbrock", "saddle", "plateau"])
def test_start_and_minimizer_are_in_the_window(name):
    left, right, bottom, top = SMALL[name].window
    for x, y in (SMALL[name].start, SMALL[name].minimizer):
        assert left < x < right
        assert bottom < y < top


@pytest.mark.parametrize("name", SMALL)
def test_calling_a_problem_gives_value_and_gradient(name):
    problem = SMALL[name]
    value, gradient = problem(problem.start)
    assert value == problem.value(problem.start)
    np.testing.assert_array_equal(gradient, problem.gradient(problem.start))
    assert gradient.dtype == np.float64
    assert problem.gradient(problem.start.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("name", SMALL)
def test_rules_of_the_package_go_down_on_it(name):
    path = minimize(SMALL[name], SMALL[name].start, "adam", 50, learning_rate=0.01)
    assert path.losses[-1] < path.losses[0]


def numeric_hessian(problem, w):
    h = [
        (problem.gradient(w + step) - problem.gradient(w - step)) / 2e-5
        for step in 1e-5 * np.eye(w.size)
    ]
    return (np.array(h) + np.transpose(h)) / 2


# --- landscapes


def test_plain_descent_on_a_quadratic_needs_a_rate_below_two_over_the_steepest():
    problem = problems.quadratic(25.0)
    limit = 2 / problem.eigenvalues[-1]
    below, above = (
        minimize(problem, problem.start, "sgd", 200, learning_rate=factor * limit)
        for factor in (0.99, 1.01)
    )
    assert below.losses[-1] < 0.1 * below.losses[0]
    assert above.losses[-1] > 10 * above.losses[0]


def test_turning_a_quadratic_leaves_plain_descent_as_it_was_but_not_adam():
    paths = {
        (rule, angle): minimize(
            problem := problems.quadratic(50.0, angle=angle),
            problem.start,
            rule,
            40,
            learning_rate=0.02,
        ).losses
        for rule in ("sgd", "adam")
        for angle in (0, 40)
    }
    np.testing.assert_allclose(paths["sgd", 0], paths["sgd", 40], rtol=1e-8)
    assert not np.allclose(paths["adam", 0], paths["adam", 40], rtol=0.1)


@pytest.mark.parametrize("turned", [False, True])
def test_the_bowl_over_a_matrix_has_the_curvatures_it_says(turned):
    problem = problems.matrix_quadratic(50.0, 3, turned=turned, seed=4)
    rows = np.eye(9).reshape(9, 3, 3)
    hessian = np.stack([problem.gradient(row).ravel() for row in rows])  # linear in w
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12)
    np.testing.assert_allclose(np.linalg.eigvalsh(hessian), problem.eigenvalues)
    assert problem.eigenvalues[[0, -1]] == pytest.approx([1, 50])
    w = problem.start.ravel()
    assert problem.value(problem.start) == pytest.approx(w @ hessian @ w / 2)
    assert problem.value(problem.minimizer) == 0 == problem.minimum


def test_turning_rows_and_columns_leaves_muon_as_it_was_but_not_adam():
    def losses(rule, **hyper):
        plain, turned = (
            minimize(bowl, bowl.start, rule, 20, **hyper).losses
            for bowl in (problems.matrix_quadratic(turned=t) for t in (0, 1))
        )
        return np.abs(turned / plain - 1).max()

    assert losses("muon", learning_rate=0.1) < 1e-9
    assert losses("sgd", learning_rate=1e-3) < 1e-9
    assert losses("adam", learning_rate=0.1) > 0.1
    assert losses("lion", learning_rate=0.1) > 0.1


def test_rosenbrock_is_the_one_of_scipy():
    for w in np.random.default_rng(0).uniform(-2, 2, (20, 2)):
        value, gradient = SMALL["rosenbrock"](w)
        assert value == pytest.approx(scipy.optimize.rosen(w))
        np.testing.assert_allclose(gradient, scipy.optimize.rosen_der(w))


def test_descent_slows_down_at_the_saddle_and_then_leaves_it():
    problem = problems.saddle()
    path = minimize(problem, problem.start, "sgd", 300, learning_rate=0.1)
    nearest = np.linalg.norm(path.points, axis=1).min()
    assert nearest < 0.05
    assert path.losses[-1] < 1e-6
    stuck = minimize(problem, [1.5, 0.0], "sgd", 300, learning_rate=0.1)
    assert stuck.losses[-1] == pytest.approx(0.25)
    curvature = np.linalg.eigvalsh(numeric_hessian(problem, np.zeros(2)))
    np.testing.assert_allclose(curvature, [-1, 1], atol=1e-8)


def test_the_plateau_is_forty_times_flatter_than_the_drop():
    problem = problems.plateau()
    slopes = [problem.gradient([x, 0.0])[0] for x in np.linspace(0, 6, 601)]
    assert max(slopes) / slopes[-1] == pytest.approx(39.4, abs=0.5)


# --- the linear autoencoder


def test_the_minimum_of_the_linear_autoencoder_is_the_error_of_pca(digits):
    x = digits[:500, 300:400]
    pca = PCA(5).fit(x)
    left = x - pca.inverse_transform(pca.transform(x))
    problem = problems.linear_autoencoder(x, 5)
    assert problem.minimum == pytest.approx(np.sum(left**2) / 500, rel=1e-5)
    value = problem.value(problem.start)
    E, D = problems.encoder_and_decoder(problem.start, 5)
    centred = x - x.mean(axis=0)
    by_hand = np.sum((centred - centred @ E @ D) ** 2) / 500
    assert value == pytest.approx(by_hand, rel=1e-5)


def test_at_the_optimum_the_decoder_spans_the_principal_components():
    x = some_data()
    problem = problems.linear_autoencoder(x, 2)
    components = PCA(2).fit(x).components_

    def angle(w):
        _, decoder = problems.encoder_and_decoder(w, 2)
        return np.rad2deg(scipy.linalg.subspace_angles(decoder.T, components.T).max())

    found = scipy.optimize.minimize(
        problem, problem.start, jac=True, method="BFGS", options={"gtol": 1e-10}
    )
    assert angle(problem.start) > 10
    assert angle(problem.minimizer) < 1e-4
    assert angle(found.x) < 1e-3  # degrees; measured 1e-6
    encoder, decoder = problems.encoder_and_decoder(found.x, 2)
    assert not np.allclose(decoder @ decoder.T, np.eye(2), atol=0.01)  # not PCA's axes
    np.testing.assert_allclose(decoder @ encoder, np.eye(2), atol=1e-3)  # a projection


@pytest.mark.parametrize("kept", [(0, 2), (1, 2), (4, 5)])
def test_other_principal_subspaces_are_saddles(kept):
    # Baldi & Hornik 1989: no slope at any set of components, a minimum at the first
    x = some_data()
    problem = problems.linear_autoencoder(x, 2)
    v = PCA().fit(x).components_[list(kept)].T  # (d, 2)
    w = np.concatenate([v.ravel(), v.T.ravel()])
    np.testing.assert_allclose(problem.gradient(w), 0, atol=1e-6)
    assert problem.value(w) > 1.05 * problem.minimum
    lowest = np.linalg.eigvalsh(numeric_hessian(problem, w))[0]
    assert lowest < -1e-3
    best = np.linalg.eigvalsh(numeric_hessian(problem, problem.minimizer))[0]
    assert best > -1e-8


def test_a_code_as_wide_as_the_data_loses_nothing():
    assert problems.linear_autoencoder(some_data(), 6).minimum == 0


# --- the dense autoencoder


def test_the_dense_autoencoder_is_the_one_from_scratch():
    from aebook.scratch import DenseAutoencoder

    x = some_data()
    problem = problems.dense_autoencoder(x, 2, (4,), activation="relu", seed=3)
    model = DenseAutoencoder((6, 4, 2, 4, 6), seed=3, dtype="float64")
    expected = np.mean((model.reconstruct(x) - x) ** 2)
    assert problem.value(problem.start) == pytest.approx(expected, rel=1e-6)
    assert problem.start.size == sum(p.size for p in model.parameters)
    assert problem.minimum is None


def test_importing_it_brings_no_tensorflow():
    code = "import sys, aebook.problems; print(sorted(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "'numpy'" in run.stdout
    for heavy in ("tensorflow", "keras", "matplotlib"):
        assert f"'{heavy}'" not in run.stdout


# --- a user's mistakes


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: SMALL["saddle"]([1.0]), ValueError, r"shape \(2,\), .* got \(1,\)"),
        (lambda: SMALL["saddle"](["a", "b"]), TypeError, "w must hold real numbers"),
        (lambda: problems.quadratic(0.5), ValueError, "condition_number must be .*≥ 1"),
        (lambda: problems.quadratic("9"), TypeError, "condition_number must be a num"),
        (
            lambda: problems.matrix_quadratic(0.5),
            ValueError,
            "condition_number must be",
        ),
        (
            lambda: problems.matrix_quadratic(9, 1),
            ValueError,
            "size must be at least 2",
        ),
        (lambda: problems.matrix_quadratic(9, seed=-1), ValueError, "seed must be"),
        (lambda: problems.quadratic(dim=1), ValueError, "dim must be at least 2"),
        (
            lambda: problems.linear_autoencoder(some_data(), 7),
            ValueError,
            "latent_dim must be at most 6, the features, got 7",
        ),
        (
            lambda: problems.linear_autoencoder(np.zeros((3, 2, 2)), 1),
            ValueError,
            "flatten it",
        ),
        (
            lambda: problems.dense_autoencoder(255 * some_data(), 2),
            ValueError,
            "divide by 255",
        ),
        (
            lambda: problems.dense_autoencoder(some_data(), 2, (4,), activation="x"),
            ValueError,
            "unknown activation 'x'",
        ),
        (
            lambda: problems.encoder_and_decoder(np.zeros(7), 2),
            ValueError,
            r"two matrices of 2 rows or columns, got shape \(7,\)",
        ),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_problem_of_ones_own_needs_little():
    problem = Problem("cube", lambda w: (np.sum(w**4), 4 * w**3), np.ones((2, 2)))
    assert problem.value(2 * np.ones((2, 2))) == 64
    assert problem.gradient(np.ones((2, 2), int)).tolist() == [[4.0, 4.0], [4.0, 4.0]]
