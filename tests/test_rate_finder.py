"""The range test finds where descent bursts, and leaves no trace in the model."""

import json
import os
import subprocess
import sys
import textwrap

from aebook.models import Autoencoder, dense
from aebook.schedules import StepDecay, find_learning_rate
import keras
import numpy as np
import pytest


def line(scale=1.0, n=64, seed=0):
    """Inputs, targets and the largest curvature of the mean squared error."""
    x = scale * np.random.default_rng(seed).normal(size=(n, 1))
    curvature = 2 * np.mean(x**2)
    return x, 3 * x / scale + 1, curvature


def linear_model(optimizer="sgd", **options):
    weight = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((1,)), weight])
    model.compile(optimizer, "mse", **options)
    return model


def small(optimizer="adam", **options):
    keras.utils.set_random_seed(1)
    model = Autoencoder(*dense(784, latent_dim=8, hidden=(32,)))
    model.compile(optimizer, "mse", **options)
    return model


def state(model):
    """Return every number that training moves."""
    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    return [np.array(keras.ops.convert_to_numpy(v)) for v in variables]


def assert_same(before, after):
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)


# --- what it measures


def test_the_losses_are_those_of_gradient_descent_worked_out_in_numpy():
    x, y, _ = line()
    result = find_learning_rate(linear_model(), x, y, steps=40, batch_size=64)
    w, expected = 0.0, []
    for rate in np.geomspace(1e-6, 10, 40)[: len(result.losses)]:
        expected.append(np.mean((w * x - y) ** 2))
        w -= rate * np.mean(2 * x * (w * x - y))
    np.testing.assert_allclose(result.losses, expected, rtol=1e-4)
    np.testing.assert_allclose(
        result.rates, np.geomspace(1e-6, 10, 40)[: len(result.losses)]
    )


@pytest.mark.parametrize("scale", [0.3, 1.0, 10.0])
@pytest.mark.slow
def test_descent_bursts_above_two_over_the_curvature_and_not_below(scale):
    x, y, curvature = line(scale)
    result = find_learning_rate(
        linear_model(), x, y, lowest=1e-7, highest=1e3, steps=200, batch_size=64
    )
    limit = 2 / curvature  # a theorem for quadratic losses
    assert limit < result.diverged_at < 10 * limit
    assert limit / 1000 < result.suggestion < limit / 3
    assert result.rates[-1] == result.diverged_at


@pytest.mark.slow
def test_the_suggestion_is_a_tenth_of_where_the_smoothed_loss_is_lowest(digits):
    result = find_learning_rate(small(), digits)
    best = np.argmin(result.smoothed)
    assert result.suggestion == pytest.approx(result.rates[best] / 10)
    assert result.losses.shape == result.smoothed.shape == result.rates.shape
    # Smoothing moves no loss out of the range of the losses.
    assert result.losses.min() <= result.smoothed.min()
    assert result.smoothed.max() <= result.losses.max()


def test_training_works_at_the_suggestion_and_not_far_above_it(digits):
    momentum = keras.optimizers.SGD(momentum=0.9)
    result = find_learning_rate(small(momentum), digits, highest=1000)
    losses = []
    for rate in (result.suggestion / 30, result.suggestion, 30 * result.suggestion):
        model = small(keras.optimizers.SGD(rate, momentum=0.9))
        history = model.fit(digits, epochs=5, batch_size=64, verbose=0)
        losses.append(history.history["loss"][-1])
    assert losses[1] < 0.5 * losses[0]  # measured 0.058 and 0.183
    assert not losses[2] < 1.5 * losses[1]  # measured 0.132; NaN would do too


@pytest.mark.slow
def test_other_seeds_suggest_nearly_the_same(digits):
    rates = [find_learning_rate(small(), digits, seed=i).suggestion for i in range(3)]
    assert max(rates) / min(rates) < 1.5  # measured 1.0: the same step of the 100


def test_a_loss_that_never_falls_gives_no_suggestion():
    x, y, curvature = line()
    far = {"lowest": 10 / curvature, "highest": 1000 / curvature}
    result = find_learning_rate(linear_model(), x, y, batch_size=64, **far)
    assert result.suggestion is None
    assert result.diverged_at is not None


@pytest.mark.slow
def test_a_range_that_stays_calm_diverges_nowhere():
    x, y, curvature = line()
    result = find_learning_rate(linear_model(), x, y, highest=0.1 / curvature)
    assert result.diverged_at is None
    assert len(result.losses) == 100


def test_a_loss_below_zero_neither_diverges_by_that_nor_hides_a_burst():
    x, y, curvature = line()
    model = linear_model()
    model.compile("sgd", lambda y, y_hat: keras.ops.square(y - y_hat) - 1000.0)
    result = find_learning_rate(model, x, y, batch_size=64, highest=1e6)
    assert 2 / curvature < result.diverged_at < 200 / curvature
    assert result.losses.max() > 2000


def test_a_loss_that_overflows_ends_the_test():
    x, y, _ = line()
    model = linear_model()
    model.compile("sgd", lambda y, y_hat: keras.ops.exp(keras.ops.square(y - y_hat)))
    result = find_learning_rate(model, x, y, highest=1e6)
    assert np.isfinite(result.losses).all()
    assert result.diverged_at > result.rates[-1] * 0.999


# --- what it leaves behind


@pytest.mark.parametrize("jit_compile", [True, False, "auto"])
@pytest.mark.slow
def test_training_goes_on_as_if_nothing_had_been(digits, jit_compile):
    x, options = digits[:256], {"shuffle": False, "verbose": 0}
    tested, untouched = (small(jit_compile=jit_compile) for _ in range(2))
    for model in (tested, untouched):
        model.fit(x, **options)
    before = state(tested)
    function, loops = tested.train_function, tested._aebook_loops
    find_learning_rate(tested, x, steps=20)
    assert_same(before, state(tested))
    assert tested.train_function is function
    assert tested._aebook_loops is loops
    assert tested.jit_compile == untouched.jit_compile
    a, b = (model.fit(x, **options).history for model in (tested, untouched))
    assert a == b
    assert_same(state(tested), state(untouched))


@pytest.mark.slow
def test_a_model_before_its_first_step_is_left_before_it(digits):
    tested, untouched = small(), small()
    find_learning_rate(tested, digits, steps=20)
    assert tested.train_function is None
    assert int(tested.optimizer.iterations) == 0
    assert float(tested.optimizer.learning_rate) == pytest.approx(0.001)
    assert_same(untouched.get_weights(), tested.get_weights())
    options = {"shuffle": False, "verbose": 0}
    a, b = (model.fit(digits, **options).history for model in (tested, untouched))
    assert a == b


@pytest.mark.slow
def test_the_masks_of_dropout_are_drawn_as_if_nothing_had_been():
    x, y, _ = line()
    histories = []
    for tested in (True, False):
        keras.utils.set_random_seed(3)
        layers = [keras.Input((1,)), keras.layers.Dense(9), keras.layers.Dropout(0.5)]
        model = keras.Sequential([*layers, keras.layers.Dense(1)])
        model.compile("adam", "mse", metrics=["mae"])
        if tested:
            find_learning_rate(model, x, y, steps=20)
        history = model.fit(x, y, shuffle=False, verbose=0, epochs=2)
        histories.append(history.history)
    assert histories[0] == histories[1]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.slow
def test_an_interrupt_leaves_the_model_as_it_was(digits, error, monkeypatch):
    model = small()
    model.fit(digits[:64], verbose=0)
    before, function = state(model), model.train_function
    train_on_batch, calls = model.train_on_batch, []

    def failing(*args, **kwargs):
        calls.append(1)
        if len(calls) == 7:
            raise error
        return train_on_batch(*args, **kwargs)

    monkeypatch.setattr(model, "train_on_batch", failing)
    with pytest.raises(error):
        find_learning_rate(model, digits)
    assert len(calls) == 7
    assert_same(before, state(model))
    assert model.train_function is function


# --- any compiled model


@pytest.mark.slow
def test_classes_images_and_late_shapes_are_welcome():
    rng = np.random.default_rng(0)
    model = keras.Sequential(
        [
            keras.layers.Conv2D(2, 3),  # its shape comes with the data
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    x, y = rng.normal(size=(60, 8, 8, 1)), rng.integers(3, size=60)
    result = find_learning_rate(model, x, y, steps=20)
    assert result.losses[0] == pytest.approx(np.log(3), abs=1)


@pytest.mark.parametrize(
    "options",
    [
        {"run_eagerly": True},
        {"steps_per_execution": 4},
        {"optimizer": keras.optimizers.SGD(use_ema=True)},
        {"optimizer": keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())},
    ],
    ids=["eager", "several steps a call", "averaged weights", "scaled loss"],
)
@pytest.mark.slow
def test_settings_of_compile_are_honoured(options):
    x, y, curvature = line()
    options = {"optimizer": "sgd", **options}
    model = linear_model(**options)
    kept = model.steps_per_execution
    result = find_learning_rate(model, x, y, steps=60, batch_size=64)
    assert 2 / curvature < result.diverged_at < 20 / curvature
    assert model.steps_per_execution == kept
    assert model.get_weights()[0] == 0


@pytest.mark.slow
def test_a_model_that_defaults_its_target_and_one_told_it_agree(digits):
    alone = find_learning_rate(small(), digits, steps=20)
    told = find_learning_rate(small(), digits, digits, steps=20)
    np.testing.assert_array_equal(alone.losses, told.losses)


# --- bad arguments


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"lowest": 0}, ValueError, "lowest must be a finite number > 0, got 0"),
        ({"highest": "10"}, TypeError, "highest must be a number, got '10'"),
        ({"lowest": 1.0, "highest": 0.1}, ValueError, "lowest must be below highest"),
        ({"steps": 3}, ValueError, "steps must be at least 10, got 3"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"x": np.ones((3, 2))}, ValueError, r"\(n_samples, 1\), got shape \(3, 2\)"),
        ({"x": np.full((64, 1), np.nan)}, ValueError, "64 of 64 samples hold NaN"),
        ({"x": [[1.0]]}, TypeError, "x must be an array, got list"),
        ({"y": np.ones(3)}, ValueError, "as many samples as each other, got 64 and 3"),
        ({"y": np.full((64, 1), 1e30)}, ValueError, "the first loss is not finite"),
        ({"model": "sgd"}, TypeError, "model must be a Keras model, got str"),
        ({"model": keras.Sequential()}, ValueError, "model is not compiled"),
        (
            {"model": linear_model(keras.optimizers.SGD(StepDecay(0.1, 9)))},
            TypeError,
            "got a schedule; compile with a number",
        ),
    ],
)
def test_a_bad_argument_is_named(options, error, message):
    x, y, _ = line()
    with pytest.raises(error, match=message):
        find_learning_rate(**{"model": linear_model(), "x": x, "y": y, **options})


def test_an_autoencoder_says_which_values_it_takes(digits):
    with pytest.raises(ValueError, match="divide by 255"):
        find_learning_rate(small(), 255 * digits)


# --- the second backend


@pytest.mark.slow
def test_jax_finds_the_limit_too_and_leaves_no_trace_after_an_interrupt(tmp_path):
    pytest.importorskip("jax")
    script = tmp_path / "on_jax.py"
    script.write_text(
        textwrap.dedent("""
        import json
        import keras, numpy as np
        from aebook.schedules import find_learning_rate

        class Model(keras.Sequential):
            left = 10**9

            def jax_state_sync(self):  # the old values are gone, the new not stored
                Model.left -= 1
                if Model.left == 0:
                    raise KeyboardInterrupt
                super().jax_state_sync()

        x = np.random.default_rng(0).normal(size=(64, 1))
        model = Model([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(x, x, verbose=0)
        before = [np.array(v) for v in (*model.variables, *model.optimizer.variables)]
        function, interrupted = model.train_function, False
        Model.left = 5
        try:
            find_learning_rate(model, x, x)
        except KeyboardInterrupt:
            interrupted = True
        model.jax_state_sync()  # callbacks ask for it: it must bring nothing back
        after = [np.array(v) for v in (*model.variables, *model.optimizer.variables)]
        same = all(np.array_equal(a, b) for a, b in zip(before, after))
        same_function = model.train_function is function
        model.fit(x, x, verbose=0)
        zeros = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
        line = keras.Sequential([keras.Input((1,)), zeros])
        line.compile("sgd", "mse")
        result = find_learning_rate(line, x, x + 1, batch_size=64, highest=1000.0)
        print(json.dumps({
            "backend": keras.backend.backend(),
            "interrupted": interrupted,
            "same": same,
            "same_function": same_function,
            "of limit": result.diverged_at * np.mean(x**2),
        }))
        """)
    )
    run = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout.splitlines()[-1])
    assert result["backend"] == "jax"
    assert result["interrupted"] and result["same"] and result["same_function"]
    assert 1 < result["of limit"] < 10
