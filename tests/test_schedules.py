"""Every schedule is its formula, and equal to its twins in PyTorch and optax.

Those that Keras has are Keras' own classes; why ours are here is shown too.
"""

import importlib.util
import inspect
import json
import os
import subprocess
import sys
import textwrap

from aebook import schedules as s
from aebook import training
from aebook.optim import minimize
import keras
import numpy as np
import pytest
import pytorch_schedules

theirs = keras.optimizers.schedules
needs_optax = pytest.mark.skipif(
    importlib.util.find_spec("optax") is None, reason="optax has no Windows builds"
)
GOLDENS = json.loads(pytorch_schedules.GOLDENS.read_text(encoding="utf-8"))

EVERY = {
    "step": s.StepDecay(0.1, 10, 0.5),
    "restarts": s.CosineRestarts(0.1, 7, t_mul=1.5, m_mul=0.8, alpha=0.1),
    "equal restarts": s.CosineRestarts(0.1, 7, t_mul=1.0),
    "warm-up": s.LinearWarmup(0.1, 10),
    "warm-up and steps": s.LinearWarmup(s.StepDecay(0.1, 10), 10, 0.01),
    "warm-up and Keras": s.LinearWarmup(s.ExponentialDecay(0.1, 10, 0.5), 10),
    "one-cycle": s.OneCycle(0.1, 40),
    "three phases": s.OneCycle(0.1, 40, final_fraction=0.2, shape="linear"),
    "plateau": s.WarmupStableDecay(0.1, 10, 20, 10),
    "plateau, sqrt": s.WarmupStableDecay(0.1, 10, 20, 10, alpha=0.1, shape="sqrt"),
}
#: Keras' own, of a float: it counts in the type of the first rate.
OF_KERAS = {
    "exponential": s.ExponentialDecay(0.1, 10, 0.5),
    "staircase": s.ExponentialDecay(0.1, 10, 0.5, staircase=True),
    "inverse time": s.InverseTimeDecay(0.1, 10, 2.0),
    "polynomial": s.PolynomialDecay(0.1, 40, 0.01, power=2.0),
    "cosine": s.CosineDecay(0.1, 40, alpha=0.1),
    "warm cosine": s.CosineDecay(0.01, 30, 0.1, warmup_target=0.1, warmup_steps=10),
}
STEPS = np.arange(120)
every = pytest.mark.parametrize("schedule", EVERY.values(), ids=EVERY.keys())


every_and_of_keras = pytest.mark.parametrize(
    "schedule", [*EVERY.values(), *OF_KERAS.values()], ids=[*EVERY, *OF_KERAS]
)


def rates_of(schedule, steps):
    """The rate at each step, as floats."""
    return np.array([float(schedule(int(t))) for t in steps])


# --- the contract of all


@every
def test_a_number_an_array_and_a_tensor_give_the_same_rates_in_kind(schedule):
    numbers = [schedule(int(t)) for t in STEPS]
    assert {type(rate) for rate in numbers} == {float}
    assert type(schedule(3.0)) is type(schedule(np.int64(3))) is float
    array = schedule(STEPS)
    assert array.dtype == np.float64
    np.testing.assert_allclose(array, numbers, rtol=1e-14)  # powers differ by rounding
    assert schedule(STEPS.reshape(2, 60)).shape == (2, 60)
    for t in (0, 5, 10, 39, 119):
        tensor = schedule(keras.ops.convert_to_tensor(t, dtype="int64"))
        assert keras.ops.is_tensor(tensor)
        assert keras.backend.standardize_dtype(tensor.dtype) == "float32"
        assert float(tensor) == pytest.approx(numbers[t], rel=1e-4, abs=1e-8)


@every_and_of_keras
@pytest.mark.slow
def test_a_compiled_optimizer_takes_the_rate_of_each_step(schedule):
    # The slope is 1 wherever the weight is: it falls by one learning rate a step.
    model = keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros"),
        ]
    )
    model.compile(keras.optimizers.SGD(schedule), lambda y, y_hat: y_hat)
    training.fit(model, np.ones((23, 1)), np.ones((23, 1)), batch_size=1, verbose=0)
    fallen = -model.get_weights()[0].item()
    assert fallen == pytest.approx(rates_of(schedule, range(23)).sum(), rel=1e-5)


@every_and_of_keras
def test_minimize_takes_the_rate_of_each_step(schedule):
    path = minimize(lambda w: (w.sum(), np.ones_like(w)), [0.0], "sgd", 23, schedule)
    expected = -np.cumsum(rates_of(schedule, range(23)))
    np.testing.assert_allclose(np.ravel(path.points)[1:], expected, rtol=1e-12)


@every
def test_a_saved_model_comes_back_with_its_schedule(schedule, tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(schedule), "mse")
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras").optimizer
    twin = keras.optimizers.Adam.from_config(loaded.get_config())._learning_rate
    assert type(twin) is type(schedule)
    assert twin.get_config() == schedule.get_config()
    np.testing.assert_array_equal(twin(STEPS), schedule(STEPS))


@every
def test_a_schedule_is_equal_to_one_of_the_same_arguments_only(schedule):
    config = schedule.get_config()
    if schedule is not EVERY["warm-up and Keras"]:  # Keras' own have no repr
        twin = eval(repr(schedule), vars(s))
        assert twin == schedule
        assert hash(twin) == hash(schedule)
    assert schedule != s.LinearWarmup(0.123, 5)
    assert json.loads(json.dumps(config)) == config  # plain numbers only


@every
def test_no_schedule_ever_leaves_zero_to_its_peak(schedule):
    rates = schedule(np.arange(0, 10_000, 97))
    assert (rates >= 0).all()
    assert (rates <= 0.1 * (1 + 1e-6)).all()


@every
@pytest.mark.parametrize(
    ("step", "error"),
    [
        (-1, ValueError),
        (np.array([0, -3]), ValueError),
        (np.nan, ValueError),
        ("1", TypeError),
        (True, TypeError),
        (None, TypeError),
    ],
)
def test_a_bad_step_is_refused(schedule, step, error):
    with pytest.raises(error, match="step must be"):
        schedule(step)


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("warm-up", 0.1),
        ("one-cycle", 0.1 / 25 / 1e4),
        ("three phases", 0.1 / 25 / 1e4),
        ("plateau", 0.0),
        ("plateau, sqrt", 0.01),
    ],
)
def test_after_its_last_step_a_schedule_stays_at_its_end(name, last):
    ends = EVERY[name](np.array([40, 41, 1000, 10**9]))
    np.testing.assert_allclose(ends, last, rtol=1e-12)
    if name != "warm-up":
        assert EVERY[name](39) > last


def test_half_precision_does_not_stop_the_count():
    keras.config.set_floatx("float16")
    try:
        rate = s.LinearWarmup(0.1, 10_000)(keras.ops.convert_to_tensor(9_999))
    finally:
        keras.config.set_floatx("float32")
    assert float(rate) == pytest.approx(0.09999, rel=1e-6)


def test_a_schedule_of_ones_own_needs_only_a_formula():
    class Forgotten(s.Schedule):
        pass

    with pytest.raises(NotImplementedError, match=r"Forgotten must define rate"):
        Forgotten()(1)


# --- numbers by hand


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (s.ExponentialDecay(1.0, 2, 0.25), {0: 1, 1: 0.5, 2: 0.25, 4: 0.0625}),
        (s.StepDecay(1.0, 3, 0.5), {2: 1, 3: 0.5, 5: 0.5, 6: 0.25}),
        (s.InverseTimeDecay(1.0, 4, 1.0), {4: 1 / 2, 8: 1 / 3, 12: 1 / 4}),
        (s.InverseTimeDecay(1.0, 4, 1.0, staircase=True), {7: 1 / 2, 8: 1 / 3}),
        (s.PolynomialDecay(1.0, 10, 0.0, power=2), {5: 0.25, 9: 0.01, 11: 0}),
        (s.CosineDecay(1.0, 60), {20: 0.75, 30: 0.5, 40: 0.25, 60: 0, 99: 0}),
        (
            s.CosineDecay(0.0, 60, 0.1, warmup_target=1.0, warmup_steps=10),
            {0: 0, 5: 0.5, 10: 1, 40: 0.55, 70: 0.1, 99: 0.1},
        ),
        (s.CosineRestarts(1.0, 4, m_mul=0.5), {2: 0.5, 4: 0.5, 8: 0.25, 12: 0.25}),
        (s.LinearWarmup(1.0, 4, 0.2), {0: 0.2, 1: 0.4, 3: 0.8, 4: 1}),
        (s.LinearWarmup(s.StepDecay(1.0, 3, 0.5), 4), {2: 0.5, 6: 1, 7: 0.5}),
        (s.OneCycle(1.0, 10, 0.5, 10, shape="linear"), {0: 0.1, 2.5: 0.55, 5: 1}),
        (s.WarmupStableDecay(1.0, 2, 3, 4, shape="sqrt"), {1: 0.5, 5: 1, 6: 0.5}),
        (s.WarmupStableDecay(1.0, 2, 3, 4, shape="cosine"), {4: 1, 7: 0.5, 9: 0}),
        (s.WarmupStableDecay(1.0, 1, 0, 4, alpha=0.2), {0: 0, 1: 1, 3: 0.6, 5: 0.2}),
    ],
    ids=lambda of: type(of).__name__,
)
def test_the_rates_are_those_worked_out_by_hand(schedule, expected):
    for step, rate in expected.items():
        tolerance = 1e-12 if isinstance(schedule, s.Schedule) else 1e-6
        assert float(schedule(step)) == pytest.approx(rate, abs=tolerance)


# --- why those of ours that resemble one of Keras are here


def test_what_keras_has_is_keras_own():
    names = ("CosineDecay", "ExponentialDecay", "InverseTimeDecay", "PolynomialDecay")
    for name in names:
        assert getattr(s, name) is getattr(theirs, name)
    ours = {name for name in s.__all__ if isinstance(getattr(s, name), type)}
    ours = {name for name in ours if issubclass(getattr(s, name), s.Schedule)}
    assert not ours - {"Schedule"} & set(vars(theirs))


def test_stairs_of_keras_are_exponential_or_come_a_step_late():
    ours = s.StepDecay(0.1, 40, 0.5)
    stairs = s.ExponentialDecay(0.1, 40, 0.5, staircase=True)
    np.testing.assert_allclose(ours(STEPS), rates_of(stairs, STEPS), rtol=1e-6)
    late = theirs.PiecewiseConstantDecay([40, 80], [0.1, 0.05, 0.025])
    wrong = np.flatnonzero(np.abs(rates_of(late, STEPS) / ours(STEPS) - 1) > 0.5)
    assert wrong.tolist() == [40, 80]
    listed = theirs.PiecewiseConstantDecay([39, 79], [0.1, 0.05, 0.025])
    np.testing.assert_allclose(ours(STEPS), rates_of(listed, STEPS), rtol=1e-6)


def test_the_warm_up_of_keras_leads_to_a_cosine_only():
    warm = s.LinearWarmup(s.CosineDecay(0.1, 70, 0.2), 13, 0.01)
    keras_own = s.CosineDecay(0.01, 70, 0.2, warmup_target=0.1, warmup_steps=13)
    np.testing.assert_allclose(
        rates_of(warm, STEPS), rates_of(keras_own, STEPS), rtol=5e-6
    )
    takers = [
        name
        for name, schedule in vars(theirs).items()
        if isinstance(schedule, type)
        and "warmup_steps" in inspect.signature(schedule).parameters
    ]
    assert takers == ["CosineDecay"]


@pytest.mark.parametrize(
    ("ours", "keras_own"),
    [
        (
            s.CosineRestarts(0.1, 9, 2.0, 0.9, 0.1),
            theirs.CosineDecayRestarts(0.1, 9, 2.0, 0.9, 0.1),
        ),
        (s.CosineRestarts(0.1, 16, 1.0), theirs.CosineDecayRestarts(0.1, 16, 1.0)),
    ],
)
def test_restarts_are_those_of_keras_where_these_are_in_time(ours, keras_own):
    expected = rates_of(keras_own, STEPS)
    np.testing.assert_allclose(ours(STEPS), expected, rtol=5e-6)  # measured 1.9e-6


def test_every_restart_comes_at_its_step_in_float32_too():
    schedule = s.CosineRestarts(1.0, 10, t_mul=2.0)
    starts = [10 * (2**i - 1) for i in range(1, 18)]
    for start in starts:
        for step in (start, keras.ops.convert_to_tensor(start)):
            assert float(schedule(step)) == pytest.approx(1, abs=1e-6)
        before = keras.ops.convert_to_tensor(start - 1)
        assert float(schedule(before)) < 0.03


def test_some_restarts_of_keras_come_late():
    late = []
    for length in (10, 100, 1000):
        keras_own = theirs.CosineDecayRestarts(1.0, length)
        starts = [length * (2**i - 1) for i in range(1, 18)]
        late += [start for start in starts if float(keras_own(start)) < 0.5]
    assert late  # 81,910 and 327,670 steps with cycles from 10 on


# --- PyTorch

TWINS = {
    "step": s.StepDecay(0.1, 10, 0.5),
    "exponential": s.ExponentialDecay(0.1, 1, 0.9),
    "cosine": s.CosineDecay(0.1, 50, alpha=0.1),
    "restarts": s.CosineRestarts(0.1, 7),
    "equal restarts": s.CosineRestarts(0.1, 10, t_mul=1.0, alpha=0.2),
    "warm-up": s.LinearWarmup(0.1, 20, 0.025),
    "polynomial": s.PolynomialDecay(0.1, 40, 0.0, power=2.0),
    # PyTorch's 51 steps end at the lowest rate, where ours end one step after 50.
    "one-cycle": s.OneCycle(0.5, 50),
    "one-cycle, lines": s.OneCycle(0.5, 50, 0.2, 10, 100, shape="linear"),
    "one-cycle, three phases": s.OneCycle(0.5, 50, final_fraction=0.4),
}


@pytest.mark.parametrize("name", pytorch_schedules.CASES)
def test_the_rates_are_those_of_pytorch(name):
    twin = TWINS[name]
    rates = rates_of(twin, range(pytorch_schedules.STEPS))
    rtol, atol = (1e-9, 1e-15) if isinstance(twin, s.Schedule) else (5e-6, 1e-9)
    np.testing.assert_allclose(rates, GOLDENS["rates"][name], rtol=rtol, atol=atol)


def test_the_stored_rates_are_those_that_pytorch_gives_now():
    pytest.importorskip("torch")
    for name, rates in pytorch_schedules.measure()["rates"].items():
        np.testing.assert_allclose(rates, GOLDENS["rates"][name], rtol=1e-12)


# --- optax


@needs_optax
@pytest.mark.slow
def test_the_rates_are_those_of_optax():
    import jax
    import optax

    plateau = optax.join_schedules(
        [
            optax.linear_schedule(0.0, 0.1, 10),
            optax.constant_schedule(0.1),
            optax.linear_schedule(0.1, 0.02, 20),
        ],
        [10, 70],
    )
    three = {"warmup_fraction": 0.3, "final_fraction": 0.15, "shape": "linear"}
    pairs = [
        (s.OneCycle(0.1, 100), optax.cosine_onecycle_schedule(100, 0.1)),
        (s.OneCycle(0.1, 100, **three), optax.linear_onecycle_schedule(100, 0.1)),
        (
            # The warm-up is among the 100 steps of optax.
            s.CosineDecay(0.01, 80, 0.1, warmup_target=0.1, warmup_steps=20),
            optax.warmup_cosine_decay_schedule(0.01, 0.1, 20, 100, 0.01),
        ),
        (
            s.LinearWarmup(s.ExponentialDecay(0.1, 10, 0.5), 20),
            optax.warmup_exponential_decay_schedule(0.0, 0.1, 20, 10, 0.5),
        ),
        (
            s.PolynomialDecay(0.1, 80, 0.01, 2.0),
            optax.polynomial_schedule(0.1, 0.01, 2.0, 80),
        ),
        (s.WarmupStableDecay(0.1, 10, 60, 20, alpha=0.2), plateau),
    ]
    for ours, optax_own in pairs:
        expected = jax.vmap(optax_own)(STEPS)
        np.testing.assert_allclose(
            rates_of(ours, STEPS), expected, rtol=1e-5, atol=2e-8, err_msg=repr(ours)
        )


# --- the loss decides instead of the step


def test_on_a_plateau_the_rate_falls_in_compiled_epochs():
    x = np.ones((64, 9))
    model = keras.Sequential([keras.Input((9,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.0), "mse")  # never gets better
    model.optimizer.learning_rate = 1e-20
    wait = s.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=2)
    assert wait.__class__ is keras.callbacks.ReduceLROnPlateau
    options = {"callbacks": [wait], "verbose": 0}
    assert training.why_keras_loop(model, x, x[:, :1], **options) == ""
    history = training.fit(model, x, x[:, :1], epochs=6, **options)
    rates = np.array(history.history["learning_rate"]) / 1e-20
    np.testing.assert_allclose(rates, [1, 1, 1, 0.5, 0.5, 0.25], rtol=1e-6)


# --- bad arguments


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: s.StepDecay("fast", 5), TypeError, "learning_rate must be a number"),
        (lambda: s.StepDecay(-0.1, 5), ValueError, "_rate must be .* ≥ 0, got -0.1"),
        (lambda: s.StepDecay(np.nan, 5), ValueError, "must be a finite number ≥ 0"),
        (lambda: s.StepDecay(0.1, 0), ValueError, "decay_steps must be at"),
        (lambda: s.StepDecay(0.1, 1.5), TypeError, "whole number, got 1.5"),
        (lambda: s.StepDecay(0.1, 5, -1), ValueError, "decay_rate must be"),
        (lambda: s.CosineRestarts(0.1, 5, alpha=2), ValueError, r"in \[0, 1\]"),
        (lambda: s.CosineRestarts(0.1, 5, t_mul=0.5), ValueError, "1 or at least 1.01"),
        (lambda: s.CosineRestarts(0.1, 5, m_mul=0), ValueError, "m_mul must be"),
        (
            lambda: s.LinearWarmup("cosine", 5),
            TypeError,
            "learning_rate must be a numb",
        ),
        (lambda: s.LinearWarmup(0.1, 0), ValueError, "warmup_steps must be at least 1"),
        (lambda: s.OneCycle(0.1, 0), ValueError, "total_steps must be at least 1"),
        (lambda: s.OneCycle(0.1, 9, 0), ValueError, "warmup_fraction must be > 0"),
        (lambda: s.OneCycle(0.1, 9, 0.5, final_fraction=0.5), ValueError, "below 1"),
        (lambda: s.OneCycle(0.1, 9, div_factor=0.5), ValueError, "div_factor must be"),
        (lambda: s.OneCycle(0.1, 9, shape="cos"), ValueError, "known: cosine, linear"),
        (
            lambda: s.WarmupStableDecay(0.1, 1, -1, 1),
            ValueError,
            "stable_steps must be",
        ),
        (
            lambda: s.WarmupStableDecay(0.1, 1, 1, 1, shape="x"),
            ValueError,
            "unknown sha",
        ),
    ],
)
def test_a_bad_argument_is_named_at_once(call, error, message):
    with pytest.raises(error, match=message):
        call()


# --- the second backend


@pytest.mark.slow
def test_jax_takes_the_same_rates(tmp_path):
    pytest.importorskip("jax")
    script = tmp_path / "on_jax.py"
    script.write_text(
        textwrap.dedent("""
        import json
        import keras, numpy as np
        from aebook import schedules as s
        from aebook import training

        result = {"backend": keras.backend.backend()}
        for schedule in (
            s.LinearWarmup(s.CosineRestarts(0.1, 7, 1.5, 0.8), 5),
            s.OneCycle(0.1, 20, final_fraction=0.2),
            s.StepDecay(0.1, 6),
        ):
            zeros = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
            model = keras.Sequential([keras.Input((1,)), zeros])
            model.compile(keras.optimizers.SGD(schedule), lambda y, y_hat: y_hat)
            ones = np.ones((23, 1))
            training.fit(model, ones, ones, batch_size=1, verbose=0)
            fallen = -model.get_weights()[0].item()
            expected = schedule(np.arange(23)).sum()
            result[type(schedule).__name__] = abs(fallen / expected - 1)
            model.compile(keras.optimizers.SGD(schedule), "mse")
            model.optimizer.build(model.trainable_variables)
            model.save("model.keras")
            loaded = keras.saving.load_model("model.keras").optimizer._learning_rate
            assert loaded == schedule
        print(json.dumps(result))
        """)
    )
    run = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout.splitlines()[-1])
    assert result.pop("backend") == "jax"
    assert max(result.values()) < 1e-5
