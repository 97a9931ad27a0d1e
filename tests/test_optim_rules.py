"""Each rule by hand, and what all rules have in common.

Which test proves the rule that a module displays:

| rule                | by hand           | against Keras, PyTorch, optax          |
|---------------------|-------------------|----------------------------------------|
| all rules           | `FIRST_STEPS`     | test_optim_parity.py, in their order   |
| heavy_ball, nesterov| `SECOND_STEPS`    |                                        |
| adadelta, adam, ... | `SECOND_STEPS`    |                                        |
| muon                | Newton–Schulz     | and the singular vectors of its step   |
| schedule_free_adamw | the mean of z     | test_schedule_free.py                  |
"""

import inspect
import math

from aebook import scratch
from aebook.optim import RULES, muon, nadam, schedule_free_adamw, source
from aebook.optim.contract import checked
from aebook.optim.newton_schulz import COEFFICIENTS, newton_schulz
from aebook.optim.rules import as_rule, default_rate, memory
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy.stats import ortho_group

SHAPES = [(), (1,), (5,), (4, 3), (3, 3, 1, 8)]
ROOT = math.sqrt

# One weight at 1, a first gradient of 2, rate 0.1: the step by hand.
FIRST_STEPS = {
    "sgd": ({}, -0.2),
    "heavy_ball": ({}, -0.2),
    "nesterov": ({}, 0.9 * -0.2 - 0.2),
    "adagrad": ({}, -0.2 / ROOT(0.1 + 4)),
    "rmsprop": ({}, -0.2 / ROOT(0.1 * 4)),
    "adadelta": ({}, -0.1 * ROOT(1e-7 / (0.05 * 4)) * 2),
    "adam": ({}, -0.1),
    "amsgrad": ({}, -0.1),
    "adamax": ({}, -0.1),
    # μ₁ = 0.468, μ₂ = 0.48528, m = 0.2, both roots 2
    "nadam": ({}, -0.05 * (0.48528 * 0.2 / (1 - 0.468 * 0.48528) + 2)),
    "adamw": ({"weight_decay": 0.5}, -0.1 - 0.1 * 0.5),
    "lion": ({"weight_decay": 0.5}, -0.1 * (1 + 0.5)),
    "muon": ({"adam_weight_decay": 0.5}, -0.1 - 0.1 * 0.5),  # one weight: AdamW
    "schedule_free_adamw": ({"weight_decay": 0.5}, -0.1 * (1 + 0.5)),
}

# The step after it, with a gradient of -1.
M, V = 0.9 * 0.2 - 0.1, 0.999 * 0.004 + 0.001  # means of g and g² after both
SECOND_STEPS = {
    "sgd": 0.1,
    "heavy_ball": 0.9 * -0.2 + 0.1,
    "nesterov": 0.9 * (0.9 * -0.2 + 0.1) + 0.1,
    "adagrad": 0.1 / ROOT(0.1 + 4 + 1),
    "rmsprop": 0.1 / ROOT(0.9 * 0.4 + 0.1),
    # The first step was 2 √(1e-7 / 0.2), its mean square 0.05 · 4 · 1e-7 / 0.2.
    "adadelta": 0.1 * ROOT((1e-7 + 1e-7) / (0.95 * 0.2 + 0.05)),
    "adam": -0.1 * (M / 0.19) / ROOT(V / 0.001999),
    "amsgrad": -0.1 * (M / 0.19) / ROOT(V / 0.001999),
    "adamax": -0.1 * (M / 0.19) / (0.999 * 2),
    "lion": -0.1,  # 0.9 · 0.02 − 0.1 < 0: up, against the memory
}
SECOND_STEPS["lion"] = 0.1


def first_steps(name, gradients, **hyper):
    """Return the steps for these gradients of one weight that begins at 1."""
    rule, w, steps = RULES[name], np.ones(1), []
    state = rule.init(w)
    for g in gradients:
        step, state = rule.update(np.array([g]), state, w, learning_rate=0.1, **hyper)
        steps.append(step.item())
        w = w + step
    return steps


@pytest.mark.parametrize("name", RULES)
def test_the_first_step_is_the_one_by_hand(name):
    hyper, expected = FIRST_STEPS[name]
    # ε beside a root of √0.004 · 2 is worth 2e-6.
    assert first_steps(name, [2.0], **hyper) == [pytest.approx(expected, rel=3e-6)]


@pytest.mark.parametrize("name", SECOND_STEPS)
def test_the_second_step_is_the_one_by_hand(name):
    expected = SECOND_STEPS[name]
    assert first_steps(name, [2.0, -1.0])[1] == pytest.approx(expected, rel=3e-6)


def test_amsgrad_remembers_the_largest_gradient_where_adam_forgets():
    gradients = [100.0] + [1.0] * 300
    adam, amsgrad = (
        first_steps(name, gradients, beta_2=0.9) for name in ("adam", "amsgrad")
    )
    assert adam[-1] == pytest.approx(-0.1, rel=1e-3)
    assert amsgrad[-1] == pytest.approx(-0.1 / ROOT(0.1 * 100**2), rel=1e-3)


def test_the_momentum_of_nadam_grows_to_beta_1():
    w = np.ones(1)
    state, pi = nadam.init(w), []
    for _ in range(200):
        _, state = nadam.update(w, state, w)
        pi.append(state.pi)
    assert pi[1] / pi[0] == pytest.approx(0.9 * (1 - 0.5 * 0.96**2))
    assert pi[-1] / pi[-2] == pytest.approx(0.9, rel=2e-4)


# --- Muon and Schedule-Free, whose idea no single number shows


@pytest.mark.parametrize("shape", [(2, 5), (5, 2), (4, 4)])
def test_newton_schulz_keeps_singular_vectors_and_maps_values_by_its_polynomial(shape):
    matrix = np.random.default_rng(0).normal(size=shape)
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    a, b, c = COEFFICIENTS
    s = s / np.linalg.norm(s)
    for _ in range(5):
        s = a * s + b * s**3 + c * s**5
    np.testing.assert_allclose(newton_schulz(matrix), (u * s) @ vt, atol=1e-5)


def test_newton_schulz_sends_singular_values_near_1_and_never_to_it():
    a, b, c = COEFFICIENTS
    s = np.linspace(0.01, 1, 100_000)
    for _ in range(5):
        s = a * s + b * s**3 + c * s**5
    assert 0.68 < s.min() < 0.69
    assert 1.13 < s.max() < 1.14


def test_muon_turns_with_its_matrix():
    rng = np.random.default_rng(0)
    g, w = rng.normal(size=(2, 5, 3))
    left, right = ortho_group(5, seed=1).rvs(), ortho_group(3, seed=2).rvs()
    step, _ = muon.update(g, muon.init(w), w)
    turned = (left @ array @ right for array in (g, w))
    g, w = turned
    step_turned, _ = muon.update(g, muon.init(w), w)
    np.testing.assert_allclose(step_turned, left @ step @ right, atol=1e-12)


def test_a_step_of_muon_is_as_large_as_one_of_adam():
    g = np.random.default_rng(0).normal(size=(64, 256))
    step, _ = muon.update(g, muon.init(g), g, learning_rate=1.0, weight_decay=0.0)
    # singular values near 1 instead of exactly 1
    assert np.sqrt(np.mean(step**2)) == pytest.approx(0.2, rel=0.2)


def test_schedule_free_is_judged_at_the_plain_mean_of_its_fast_points():
    rng = np.random.default_rng(0)
    y = rng.normal(size=5)
    state, fast = schedule_free_adamw.init(y), []
    for _ in range(50):
        step, state = schedule_free_adamw.update(y, state, y, learning_rate=0.1)
        y = y + step
        fast.append(state.z)
    x = schedule_free_adamw.evaluation_weights(state, y)
    np.testing.assert_allclose(x, np.mean(fast, axis=0), atol=1e-13)
    np.testing.assert_allclose(y, 0.1 * state.z + 0.9 * x, atol=1e-13)


def test_schedule_free_warms_up_in_equal_parts():
    y = np.ones(1)
    state, fast = schedule_free_adamw.init(y), [y]
    for _ in range(4):
        step, state = schedule_free_adamw.update(
            y / y, state, y, learning_rate=0.1, warmup_steps=4
        )
        y = y + step
        fast.append(state.z)
    np.testing.assert_allclose(-np.diff(fast, axis=0).T[0], [0.025, 0.05, 0.075, 0.1])


def as_printed(
    w, gradient, steps, rate, *, in_rate=False, power=2, largest=True, decay=0.0,
    rate_of_c=None, beta_1=0.9, beta_2=0.999, epsilon=1e-8,
):  # fmt: skip
    """Schedule-Free AdamW as the paper prints it, and as others have changed it.

    `in_rate`: Adam's correction is in the rate, as in Algorithm 1 and in the authors'
    code before version 1.3; else in the mean square. `power`: of the rate in c.
    `largest`: c takes the largest rate so far, as their code does. Returns y and x.
    """
    x, z, v, total, most, path = w, w, np.zeros_like(w), 0.0, 0.0, []
    for t in range(1, steps + 1):
        y = (1 - beta_1) * z + beta_1 * x
        g, correction = gradient(y, t), 1 - beta_2**t
        v = beta_2 * v + (1 - beta_2) * g**2
        eta = rate(t) * np.sqrt(correction) if in_rate else rate(t)
        root = np.sqrt(v) if in_rate else np.sqrt(v / correction)
        z = z - eta * (g / (root + epsilon) + decay * y)
        weighed = rate_of_c(t) if rate_of_c else eta
        most = max(most, weighed) if largest else weighed
        total += most**power
        c = most**power / total
        x = (1 - c) * x + c * z
        path.append(((1 - beta_1) * z + beta_1 * x, x))
    return [np.array(points) for points in zip(*path, strict=True)]


def our_points(w, gradient, steps, rate, warmup_steps=0, **settings):
    """The path of our rule: y and x after each step."""
    rule, y, path = schedule_free_adamw, w, []
    state = rule.init(w)
    for t in range(1, steps + 1):
        step, state = rule.update(
            gradient(y, t), state, y, learning_rate=rate, warmup_steps=warmup_steps,
            **settings,
        )  # fmt: skip
        y = y + step
        path.append((y, rule.evaluation_weights(state, y)))
    return [np.array(points) for points in zip(*path, strict=True)]


def tilted(w, t):
    """The gradient of a bowl, with a wind that turns from step to step."""
    return np.array([0.2, 1.0, 3.0]) * w + np.sin(t + np.arange(3))


WEIGHTS = np.array([1.0, -2.0, 0.5])


def apart(ours, theirs):
    return max(np.abs(a - b).max() for a, b in zip(ours, theirs, strict=True))


def test_schedule_free_is_the_code_of_its_authors_while_the_rate_is_constant():
    ours = our_points(WEIGHTS, tilted, 100, 0.1, weight_decay=0.5)
    theirs = as_printed(WEIGHTS, tilted, 100, lambda t: 0.1, decay=0.5)
    assert apart(ours, theirs) < 1e-12


def test_schedule_free_averages_plainly_where_its_authors_weigh_by_the_squared_rate():
    def rising(t):
        return 0.1 * min(1, t / 20)

    ours = our_points(WEIGHTS, tilted, 40, 0.1, warmup_steps=20, weight_decay=0.5)
    assert apart(ours, as_printed(WEIGHTS, tilted, 40, rising, decay=0.5)) > 0.01
    plain = as_printed(WEIGHTS, tilted, 40, rising, decay=0.5, power=0)
    assert apart(ours, plain) < 1e-12


def test_the_code_of_schedule_free_weighs_by_the_largest_rate_so_far():
    def falling(t):
        return 0.1 / t

    code = as_printed(WEIGHTS, tilted, 40, falling)
    paper = as_printed(WEIGHTS, tilted, 40, falling, largest=False)
    plain = as_printed(WEIGHTS, tilted, 40, falling, power=0)
    assert apart(code, plain) < 1e-12  # the first is the largest: all count the same
    assert apart(code, paper) > 0.01


def test_algorithm_1_of_schedule_free_has_the_correction_of_adam_in_the_rate():
    """So the early points count less in x; z moves alike, but for ε."""
    steps, eta, t = 50, 0.1, np.arange(1, 51)

    def wind(y, t):  # gradients that do not depend on where they are taken
        return 0.5 + np.sin(t + np.arange(3))

    tiny = {"epsilon": 1e-300}
    y, x = as_printed(WEIGHTS, wind, steps, lambda t: eta, in_rate=True, **tiny)
    our_y, our_x = our_points(WEIGHTS, wind, steps, eta, **tiny)
    z, our_z = (y - 0.9 * x) / 0.1, (our_y - 0.9 * our_x) / 0.1
    np.testing.assert_allclose(z, our_z, atol=1e-12)
    weights = 1 - 0.999**t  # γ² without the constant
    np.testing.assert_allclose(x[-1], weights @ z / weights.sum(), atol=1e-12)
    np.testing.assert_allclose(our_x[-1], z.mean(axis=0), atol=1e-12)
    assert np.abs(x[-1] - our_x[-1]).max() > 0.01


def test_the_early_decay_of_algorithm_1_of_schedule_free_is_weak():
    def flat(y, t):
        return np.zeros(3)

    settings = {"decay": 0.5, "power": 0}
    y, _ = as_printed(WEIGHTS, flat, 1, lambda t: 0.1, in_rate=True, **settings)
    ours, _ = our_points(WEIGHTS, flat, 1, 0.1, weight_decay=0.5)
    np.testing.assert_allclose(ours[0], WEIGHTS * (1 - 0.1 * 0.5))
    np.testing.assert_allclose(y[0], WEIGHTS * (1 - np.sqrt(0.001) * 0.1 * 0.5))


def test_the_start_is_no_part_of_the_mean_as_in_algorithm_1():
    """The equations before it, with c = 1/(t + 1), count the start too."""
    _, x = our_points(WEIGHTS, tilted, 1, 0.1)
    _, printed = as_printed(WEIGHTS, tilted, 1, lambda t: 0.1, in_rate=True)
    z = WEIGHTS - 0.1 * np.sign(tilted(WEIGHTS, 1))
    np.testing.assert_allclose(x[0], z, atol=1e-7)
    np.testing.assert_allclose(printed[0], z, atol=1e-7)
    assert np.abs(x[0] - (WEIGHTS + z) / 2).max() > 0.04


@pytest.mark.slow
def test_optax_is_the_code_of_the_authors_but_warms_up_from_zero():
    optax = pytest.importorskip("optax", reason="optax has no Windows builds")
    theirs = optax.contrib.schedule_free_adamw(0.1, warmup_steps=10, weight_decay=0.5)
    w = WEIGHTS.astype(np.float32)
    state, path = theirs.init(w), []
    for t in range(1, 31):
        step, state = theirs.update(tilted(w, t).astype(np.float32), state, w)
        w = np.asarray(optax.apply_updates(w, step))
        path.append(w)

    def rate(t):
        return 0.1 * min(1, t / 10)

    code, _ = as_printed(
        WEIGHTS, tilted, 30, lambda t: rate(t - 1), rate_of_c=rate, decay=0.5
    )
    np.testing.assert_allclose(path, code, atol=1e-5)


# --- the contract of all rules


def a_state(rule, w):
    """Return the state after three random gradients, nothing in it zero."""
    rng, state = np.random.default_rng(1), rule.init(w)
    for _ in range(3):
        g = rng.normal(size=w.shape).astype(w.dtype)
        _, state = rule.update(g, state, w)
    return state


def arrays(state):
    return [part for part in state if isinstance(part, np.ndarray)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_shape_and_dtype_of_the_weights_stay(rule, shape, dtype):
    w = np.random.default_rng(0).normal(size=shape).astype(dtype)
    state = rule.init(w)
    for _ in range(2):
        step, state = rule.update(w, state, w, learning_rate=np.float64(0.1))
        for array in (step, *arrays(state)):
            assert isinstance(array, np.ndarray)
            assert (array.shape, array.dtype) == (shape, dtype)
        assert np.isfinite(step).all()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_nothing_given_is_changed_and_nothing_is_remembered(rule, shape):
    w = np.random.default_rng(0).normal(size=shape)
    g, state = w + 1, a_state(rule, w)
    given = (g, w, *arrays(state))
    before = [array.copy() for array in given]
    step, after = rule.update(g, state, w)
    for array, copy in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, copy)
    again, after_again = rule.update(g, state, w)
    np.testing.assert_array_equal(again, step)
    for a, b in zip(arrays(after), arrays(after_again), strict=True):
        np.testing.assert_array_equal(a, b)
    for array in (step, *arrays(rule.init(w))):  # no view of what was given
        assert not any(np.shares_memory(array, other) for other in given)


DECAYS = {"adamw": 0.004, "muon": 0.004}  # Keras' defaults


@pytest.mark.parametrize("shape", [(5,), (4, 3)])
@pytest.mark.parametrize("name", RULES)
def test_without_a_gradient_only_decay_moves_the_weights(name, shape):
    w = np.random.default_rng(0).normal(size=shape)
    step, _ = RULES[name].update(
        np.zeros(shape), RULES[name].init(w), w, learning_rate=0.1
    )
    expected = -0.1 * DECAYS.get(name, 0) * w
    np.testing.assert_allclose(step, expected, atol=1e-16)


@pytest.mark.parametrize("size", [1e18, 1e-18, 1e-30])
@pytest.mark.parametrize("shape", [(5,), (4, 3)])
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_huge_and_tiny_gradients_give_finite_steps(rule, shape, size):
    # Squares of float32 overflow from 1.8e19 on and vanish below 1e-23.
    w = np.ones(shape, np.float32)
    g = np.full_like(w, size)
    state = rule.init(w)
    for _ in range(3):
        step, state = rule.update(g, state, w)
        assert np.isfinite(step).all()
        assert all(np.isfinite(array).all() for array in arrays(state))


def test_beyond_what_float32_can_square_adam_stands_still():
    w = np.ones(2, np.float32)
    with pytest.warns(RuntimeWarning, match="overflow"):
        step, _ = RULES["adam"].update(w * np.float32(1e20), RULES["adam"].init(w), w)
    assert (step == 0).all()


ELEMENTWISE = [name for name in RULES if name != "muon"]
vectors = st.lists(
    st.floats(-1e3, 1e3).filter(lambda x: x == 0 or abs(x) > 1e-3),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("name", ELEMENTWISE)
@given(vectors, st.randoms(use_true_random=False))
@pytest.mark.slow
def test_the_order_of_the_weights_does_not_matter(name, values, random):
    rule, g = RULES[name], np.array(values)
    w, order = np.cos(g), list(range(len(g)))
    random.shuffle(order)
    step, _ = rule.update(g, rule.init(w), w)
    shuffled, _ = rule.update(g[order], rule.init(w[order]), w[order])
    np.testing.assert_array_equal(shuffled, step[order])


@pytest.mark.parametrize(
    "name", ["adam", "amsgrad", "adamax", "nadam", "adamw", "lion"]
)
@given(vectors, st.floats(0.1, 1e4))
@pytest.mark.slow
def test_the_size_of_the_gradient_does_not_matter(name, values, factor):
    rule, g = RULES[name], np.array(values)
    w = np.cos(g)
    tiny = {} if name == "lion" else {"epsilon": 1e-14}
    steps = []
    for size in (1, factor):
        state = rule.init(w)
        for sign in (1, -1, 1):
            step, state = rule.update(size * sign * g, state, w, **tiny)
        steps.append(step)
    np.testing.assert_allclose(*steps, rtol=1e-6)


@given(vectors)
@pytest.mark.slow
def test_lion_moves_every_weight_by_the_rate(values):
    g = np.array(values)
    step, _ = RULES["lion"].update(g, RULES["lion"].init(g), g, learning_rate=0.25)
    np.testing.assert_array_equal(np.abs(step), 0.25 * (g != 0))


# --- bad arguments


one, three = np.ones(1), np.ones(3)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize(
    ("g", "w", "hyper", "error", "message"),
    [
        ([1, np.nan, 1.0], three, {}, ValueError, r"1 of 3 entries.*first at \[1\]"),
        ([1, 1, np.inf], three, {}, ValueError, r"g must be finite.*lower the rate"),
        (np.ones(2), three, {}, ValueError, r"same shape, got \(2,\) and \(3,\)"),
        (np.ones(3, "f4"), three, {}, TypeError, "one dtype, got float32 and float64"),
        ([1, 1, 1], three, {}, TypeError, "g must be float32 or float64, got int64"),
        (three, np.ones(3, "f2"), {}, TypeError, r"got float16; convert it"),
        (three, three, {"learning_rate": -0.1}, ValueError, r"in \[0, inf\), got -0.1"),
        (three, three, {"learning_rate": np.nan}, ValueError, "learning_rate must be"),
        (three, three, {"learning_rate": "0.1"}, TypeError, "must be a number, got '0"),
        (three, three, {"lr": 0.1}, ValueError, "'lr'; known: learning_rate"),
    ],
)
def test_bad_arguments_are_refused_in_words(rule, g, w, hyper, error, message):
    state = rule.init(three)
    with pytest.raises(error, match=message):
        rule.update(np.asarray(g), state, w, **hyper)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_hyper_parameter_has_a_range(rule):
    parameters = inspect.signature(rule.update).parameters
    for name in set(parameters) - {"g", "state", "w"}:
        with pytest.raises(ValueError, match=f"{name} must be "):
            rule.update(one, rule.init(one), one, **{name: -1})
        if name.startswith(("beta", "adam_beta", "rho", "momentum")):
            with pytest.raises(ValueError, match=rf"{name} must be in \[0, 1\), got 1"):
                rule.update(one, rule.init(one), one, **{name: 1})
        if name == "epsilon":
            with pytest.raises(ValueError, match=r"epsilon must be in \(0, inf\)"):
                rule.update(one, rule.init(one), one, epsilon=0)


def test_a_state_of_other_weights_is_refused():
    adam = RULES["adam"]
    with pytest.raises(ValueError, match=r"shape \(1,\) and float64.*begin with init"):
        adam.update(three, adam.init(one), three)


def test_the_average_of_schedule_free_needs_beta_1():
    rule = schedule_free_adamw
    with pytest.raises(ValueError, match="beta_1 must be a finite number > 0"):
        rule.update(one, rule.init(one), one, beta_1=0.0)


def test_a_count_of_steps_is_whole():
    with pytest.raises(TypeError, match="ns_steps must be a whole number"):
        muon.update(np.eye(2), muon.init(np.eye(2)), np.eye(2), ns_steps=5.0)


# --- names, memory, printed code


@pytest.mark.parametrize("name", RULES)
def test_a_rule_fits_on_a_page(name):
    code = inspect.getsource(RULES[name])
    assert len(code.splitlines()) <= 60
    assert "$$" in RULES[name].__doc__
    assert "Source: " in RULES[name].__doc__


@pytest.mark.parametrize("function", ["init", "update"])
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_argument_is_described(rule, function):
    function = getattr(rule, function)
    for section in ("Args:", "Returns:", "Raises:", "Example:"):
        assert f"\n{section}\n" in function.__doc__
    for name, parameter in inspect.signature(function).parameters.items():
        assert f"    {name}: " in function.__doc__
        if parameter.default is not parameter.empty:
            assert repr(parameter.default) in function.__doc__


def test_memory_by_hand():
    expected = dict.fromkeys(RULES, 2) | {"sgd": 0, "amsgrad": 3}
    single = ("heavy_ball", "nesterov", "adagrad", "rmsprop", "lion", "muon")
    expected |= dict.fromkeys(single, 1)
    assert {name: memory(name) for name in RULES} == expected
    assert memory("muon", shape=(3, 3, 1, 8)) == 2


@pytest.mark.parametrize("name", RULES)
def test_the_printed_code_does_what_the_rule_does(name):
    rule = RULES[name]
    code = source(name)
    assert '"""' not in code
    assert "@" not in code.replace(" @ ", "")
    assert max(map(len, code.splitlines())) <= 80
    printed = dict(vars(rule))
    exec(code, printed)
    assert printed["update"] is not rule.update
    w = np.random.default_rng(0).normal(size=(4, 3))
    states = [rule.init(w), printed["init"](w)]
    for g in np.random.default_rng(1).normal(size=(5, 4, 3)):
        step, states[0] = rule.update(g, states[0], w)
        step_printed, states[1] = printed["update"](g, states[1], w)
        np.testing.assert_array_equal(step_printed, step)


def test_source_prints_what_is_asked_for():
    code = source("schedule_free_adamw", ["evaluation_weights"])
    assert code.startswith("def evaluation_weights(state, w, beta_1=0.9):\n")
    assert source("sgd").startswith("def init(w):\n    return State()\n\n\ndef update")
    assert source(scratch.backward).startswith("def backward(layers, h, x):\n")
    method = source(scratch.DenseAutoencoder.__init__)
    assert method.startswith("def __init__(self, sizes=(784, 128, 32, 128, 784),")
    assert "\n    self." in method


def test_source_prints_every_argument():
    def every(a, b=(1, 2), *rest, key, other=3, **options):
        return a

    def keys(a, *, key=None):
        return a

    header = "def every(a, b=(1, 2), *rest, key, other=3, **options):\n"
    assert source(every).startswith(header)
    assert source(keys).startswith("def keys(a, *, key=None):\n")


def test_unknown_rules_are_refused_in_words():
    with pytest.raises(ValueError, match="unknown rule 'Adam'; known: sgd, heavy_ball"):
        as_rule("Adam")
    with pytest.raises(TypeError, match="rule must be a name or have init and update"):
        as_rule(3)
    assert as_rule(RULES["adam"]) is RULES["adam"]


def test_default_rates_are_those_of_the_signature():
    assert default_rate("schedule_free_adamw") == 0.0025


def test_a_checked_function_keeps_its_name():
    @checked
    def update(g, state, w, learning_rate=0.01):
        """Step."""
        return -learning_rate * g, state

    assert update.__name__ == "update"
    step, _ = update(np.float32(2), (), np.float32(0), learning_rate=1)
    assert (step.shape, step.dtype) == ((), np.float32)
