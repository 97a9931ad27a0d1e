"""Walking downhill: with every rule, with SciPy's L-BFGS, and off the map."""

import subprocess
import sys

from aebook.optim import RULES, Trajectory, adam, lbfgs, minimize
from aebook.optim.trajectory import as_start, value_and_gradient
import numpy as np
import pytest
import scipy.optimize

A = np.geomspace(1, 10, 6).reshape(2, 3)
# Rates found by trying 13 from 0.0003 to 5 on each ground; they fall to 0 in a line.
# Adadelta begins with steps of √ε, whatever the rate, and has gone half of the way.
BOWL = {
    "sgd": 0.1,
    "heavy_ball": 0.05,
    "nesterov": 0.1,
    "adagrad": 2.0,
    "rmsprop": 0.05,
    "adadelta": 5.0,
    "adam": 0.2,
    "amsgrad": 0.2,
    "adamax": 0.5,
    "nadam": 0.2,
    "adamw": 0.2,
    "lion": 0.05,
    "muon": 0.2,
    "schedule_free_adamw": 0.5,
}
VALLEY = {
    "sgd": 0.002,
    "heavy_ball": 0.001,
    "nesterov": 0.001,
    "adagrad": 1.0,
    "rmsprop": 0.01,
    "adadelta": 5.0,
    "adam": 0.1,
    "amsgrad": 0.1,
    "adamax": 0.2,
    "nadam": 0.1,
    "adamw": 0.1,
    "lion": 0.005,
    "muon": 0.1,
    "schedule_free_adamw": 0.2,
}


def bowl(w):
    return 0.5 * np.sum(A * w**2), A * w


def rosenbrock(w):
    return scipy.optimize.rosen(w), scipy.optimize.rosen_der(w)


class Problem:
    """What `aebook.problems` hands out."""

    def value(self, w):
        return bowl(w)[0]

    def gradient(self, w):
        return bowl(w)[1]


def falling(rate, steps):
    return lambda step: rate * (1 - step / steps)


@pytest.mark.parametrize("name", RULES)
def test_every_rule_goes_down_the_bowl(name):
    start = np.full((2, 3), 2.0)
    path = minimize(bowl, start, name, 500, falling(BOWL[name], 500))
    bound = 0.5 if name == "adadelta" else 1e-5
    assert bowl(path.evaluation_points[-1])[0] < bound * bowl(start)[0]


@pytest.mark.parametrize("name", RULES)
@pytest.mark.slow
def test_every_rule_goes_along_the_valley_of_rosenbrock(name):
    path = minimize(rosenbrock, [-1.2, 1.0], name, 2000, falling(VALLEY[name], 2000))
    assert path.losses[0] == pytest.approx(24.2)
    assert rosenbrock(path.evaluation_points[-1])[0] < 0.5  # its entrance is at 4.1


@pytest.mark.parametrize("rule", ["adam", adam])
def test_a_path_is_what_a_loop_by_hand_walks(rule):
    w = np.full((2, 3), 2.0)
    path = minimize(Problem(), w, rule, 30, learning_rate=0.1, beta_1=0.5)
    state = adam.init(w)
    for i in range(31):
        value, g = bowl(w)
        np.testing.assert_array_equal(path.points[i], w)
        assert path.losses[i] == value
        assert path.gradient_norms[i] == pytest.approx(np.linalg.norm(g), rel=1e-12)
        step, state = adam.update(g, state, w, learning_rate=0.1, beta_1=0.5)
        w = w + step
    assert path.points.shape == (31, 2, 3)
    assert (path.evaluations, path.diverged) == (31, False)
    np.testing.assert_array_equal(path.evaluation_points, path.points)


def test_a_schedule_gives_each_step_its_rate():
    path = minimize(lambda w: (w @ w, np.ones(1)), [0.0], "sgd", 4, lambda step: step)
    assert path.points.ravel().tolist() == [0, 0, -1, -3, -6]


def test_schedule_free_is_judged_at_its_average():
    path = minimize(bowl, np.full((2, 3), 2.0), "schedule_free_adamw", 20, beta_1=0.8)
    y, x = path.points, path.evaluation_points
    z = (y - 0.8 * x) / 0.2
    means = np.cumsum(z[1:], axis=0) / np.arange(1, 21).reshape(-1, 1, 1)
    np.testing.assert_allclose(x[1:], means, atol=1e-12)
    assert not np.allclose(x[-1], y[-1])


def test_float32_walks_in_float32_and_whole_numbers_in_float64():
    path = minimize(bowl, np.ones((2, 3), np.float32), "adam", 3)
    assert path.points.dtype == np.float32
    assert minimize(lambda w: (w * w, 2 * w), 3, "adam", 3).points.dtype == np.float64


def test_no_step_leaves_the_start():
    for path in (minimize(bowl, np.ones((2, 3)), "sgd", 0), lbfgs(bowl, A, 0)):
        assert len(path.points) == len(path.evaluation_points) == 1


def test_adagrad_starts_where_it_is_told():
    def start(value):
        path = minimize(
            lambda w: (w @ w, 2 * w),
            [1.0],
            "adagrad",
            1,
            learning_rate=1.0,
            initial_accumulator_value=value,
        )
        return path.points[1, 0]

    assert start(0.0) == pytest.approx(0.0, abs=1e-7)
    assert start(12.0) == pytest.approx(0.5)


# --- off the map


def test_a_diverging_path_names_step_and_rate():
    # Descent with the rate 1 multiplies the steepest weight by −9 in every step.
    with pytest.raises(ValueError, match=r"step \d+ at learning_rate=1; lower the rat"):
        minimize(bowl, np.ones((2, 3)), "sgd", 1000, learning_rate=1)


def test_a_path_may_show_how_it_diverges():
    start = np.ones((2, 3))
    path = minimize(bowl, start, "sgd", 1000, learning_rate=1, may_diverge=True)
    assert path.diverged
    assert 100 < len(path.points) < 200  # 9**(2 · 161) is the last float64
    assert len(path.points) == len(path.losses) == len(path.evaluation_points)
    assert np.isfinite(path.losses).all()
    ratios = path.losses[51:100] / path.losses[50:99]
    np.testing.assert_allclose(ratios, 81, rtol=1e-6)


def test_a_start_off_the_map_is_an_error_even_then():
    with pytest.raises(ValueError, match="loss nan and gradient norm 1 after step 0"):
        minimize(lambda w: (np.nan, w), [1.0], "sgd", 3, may_diverge=True)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: minimize(bowl, A, "adam", -1), ValueError, "steps must be at least 0"),
        (lambda: minimize(bowl, A, "Adam", 1), ValueError, "unknown rule 'Adam'"),
        (
            lambda: minimize(bowl, A, "sgd", 1, momentum=0.9),
            ValueError,
            "'momentum'",
        ),
        (lambda: minimize(bowl, "a", "sgd", 1), TypeError, "w0 must hold real numbers"),
        (lambda: minimize(bowl, [np.nan], "sgd", 1), ValueError, "w0 must be finite"),
        (lambda: minimize(3, [1.0], "sgd", 1), TypeError, "fun must return"),
        (
            lambda: minimize(bowl, A, "sgd", 1, abs, learning_rate=1),
            ValueError,
            "learning_rate or a schedule, not both",
        ),
        (
            lambda: minimize(bowl, A, "sgd", 1, lambda step: -1),
            ValueError,
            r"learning_rate must be in \[0, inf\), got -1",
        ),
        (
            lambda: minimize(lambda w: (w, w), [1.0, 2.0], "sgd", 1),
            ValueError,
            r"one number and a gradient of shape \(2,\), got shapes \(2,\)",
        ),
    ],
)
def test_bad_arguments_are_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_start_is_copied():
    w = np.ones(2)
    assert not np.shares_memory(as_start(w), w)


def test_an_object_of_values_and_gradients_is_a_function():
    value, gradient = value_and_gradient(Problem())(np.ones((2, 3)))
    assert value == A.sum() / 2
    np.testing.assert_array_equal(gradient, A)


# --- L-BFGS


def test_lbfgs_ends_where_scipy_ends():
    path = lbfgs(rosenbrock, [-1.2, 1.0], 100)
    expected = scipy.optimize.minimize(
        scipy.optimize.rosen,
        [-1.2, 1.0],
        jac=scipy.optimize.rosen_der,
        method="L-BFGS-B",
    )
    assert isinstance(path, Trajectory)
    np.testing.assert_allclose(path.points[-1], [1, 1], atol=1e-6)
    np.testing.assert_allclose(path.points[-1], expected.x, atol=1e-4)
    assert (np.diff(path.losses) <= 0).all()
    assert len(path.points) - 1 <= path.evaluations < 100


def test_lbfgs_stops_after_its_steps_and_keeps_the_shape():
    path = lbfgs(Problem(), np.full((2, 3), 2.0), 5)
    assert path.points.shape == (6, 2, 3)
    assert lbfgs(Problem(), np.full((2, 3), 2.0), 50).losses[-1] < 1e-20


def test_on_a_bowl_lbfgs_needs_far_fewer_gradients_than_descent():
    start = np.full((2, 3), 2.0)
    path = lbfgs(bowl, start, 100)
    enough = int(np.argmax(path.losses < 1e-8))
    descent = minimize(bowl, start, "sgd", 200, learning_rate=2 / 11)  # its best rate
    assert enough < int(np.argmax(descent.losses < 1e-8)) / 3


# --- who imports what


def test_importing_the_rules_imports_numpy_alone():
    code = "import sys, aebook.optim; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "numpy" in modules
    heavy = {"tensorflow", "keras", "jax", "optax", "matplotlib", "scipy.optimize"}
    assert not heavy & set(modules)
