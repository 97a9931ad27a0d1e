"""Schedule-Free: the class is the rule, and the model is judged at the average."""

import json
import os
from pathlib import Path
import subprocess
import sys

from aebook import training
from aebook.models import Autoencoder
from aebook.optim import schedule_free_adamw as rule
from aebook.schedule_free import (
    ScheduleFreeAdamW,
    ScheduleFreeEvaluation,
    evaluation_weights,
)
from aebook.training.checkpoint.file import pack, unpack
from interrupted import Stop, StopAfter
import keras
import numpy as np
import pytest

OPTIMIZERS = [ScheduleFreeAdamW]
if hasattr(keras.optimizers, "ScheduleFreeAdamW"):
    OPTIMIZERS.append(keras.optimizers.ScheduleFreeAdamW)

X = np.random.default_rng(0).normal(size=(96, 3)).astype(np.float32)
Y = X @ np.array([[1.0], [-2.0], [0.5]], np.float32)
FITS = {"keras": keras.Model.fit, "aebook": training.fit}
KERAS_CLASS = getattr(keras.optimizers, "ScheduleFreeAdamW", ScheduleFreeAdamW)
needs_keras_class = pytest.mark.skipif(
    len(OPTIMIZERS) == 1, reason="this Keras has no ScheduleFreeAdamW"
)
not_on_jax = pytest.mark.skipif(
    keras.backend.backend() == "jax", reason="an array of JAX is not overwritten"
)


def a_model(optimizer=None):
    keras.utils.set_random_seed(1)
    layers = [keras.Input((3,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.compile(optimizer or ScheduleFreeAdamW(0.05), "mse")
    return model


def fast_points(model):
    return [
        np.array(keras.ops.convert_to_numpy(z.value))
        for z in model.optimizer._momentums
    ]


def same(a, b, atol=0.0):
    for left, right in zip(a, b, strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=atol)


def built(model):
    """Give the optimizer its variables, as a run that begins again does."""
    model.optimizer.build(model.trainable_variables)
    return model


def far(a, b):
    return max(np.abs(left - right).max() for left, right in zip(a, b, strict=True))


def fit(name, model, epochs, **kwargs):
    return FITS[name](
        model, X, Y, epochs=epochs, shuffle=False, verbose=0, batch_size=32, **kwargs
    )


# --- the optimizer


@pytest.mark.parametrize(
    "settings",
    [{}, {"warmup_steps": 20}, {"weight_decay": 0.125}, {"beta_1": 0.75}],
    ids=str,
)
def test_the_class_is_the_rule(settings):
    rng = np.random.default_rng(0)
    optimizer = ScheduleFreeAdamW(2**-4, **settings)
    weights = [rng.normal(size=shape).astype("f4") for shape in [(), (5,), (4, 3)]]
    variables = [keras.Variable(w) for w in weights]
    states = [rule.init(w) for w in weights]
    for _ in range(100):
        gradients = [(w + rng.normal(size=w.shape)).astype("f4") for w in weights]
        optimizer.apply(list(map(keras.ops.convert_to_tensor, gradients)), variables)
        for i, g in enumerate(gradients):
            step, states[i] = rule.update(
                g, states[i], weights[i], learning_rate=2**-4, **settings
            )
            weights[i] = weights[i] + step
    # Measured: 2e-6; each step divides rounding by β₁ and multiplies it again.
    same([keras.ops.convert_to_numpy(v.value) for v in variables], weights, 1e-5)


@pytest.mark.slow
def test_the_average_is_that_of_optax():
    optax = pytest.importorskip("optax", reason="optax has no Windows builds")

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, use_bias=False)])
    model.compile(ScheduleFreeAdamW(0.05), "mse")
    (kernel,) = model.trainable_variables
    theirs = optax.contrib.schedule_free_adamw(0.05)
    w = keras.ops.convert_to_numpy(kernel.value)
    state = theirs.init(w)
    for g in np.random.default_rng(0).normal(size=(50, 3, 2)).astype(np.float32):
        model.optimizer.apply([keras.ops.convert_to_tensor(g)], [kernel])
        step, state = theirs.update(g, state, w)
        w = optax.apply_updates(w, step)
    same(model.get_weights(), [w], 1e-5)
    average = optax.contrib.schedule_free_eval_params(state, w)
    assert far([average], [w]) > 0.01
    with evaluation_weights(model):
        same(model.get_weights(), [average], 1e-5)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.__module__)
@pytest.mark.parametrize("beta_1", [0.9, 0.5])
@pytest.mark.slow
def test_a_model_is_judged_at_the_mean_of_its_fast_points(optimizer, beta_1):
    model = a_model(optimizer(0.05, beta_1=beta_1))
    fast = []
    for _ in range(30):
        model.train_on_batch(X, Y)
        fast.append(fast_points(model))
    means = [np.mean(points, axis=0) for points in zip(*fast, strict=True)]
    with evaluation_weights(model):
        same(model.get_weights(), means, 3e-6)  # measured: 3e-7, and 6e-7 on JAX


@not_on_jax
@needs_keras_class
@pytest.mark.slow
def test_keras_on_tensorflow_trains_at_the_average_and_needs_no_beta_1():
    """When this fails, Keras takes the old z at last: then our class can go."""
    ends = []
    for beta_1 in (0.5, 0.9):
        model = a_model(KERAS_CLASS(0.05, beta_1=beta_1))
        fit("keras", model, 10)
        at_y = model.get_weights()
        with evaluation_weights(model):
            same(model.get_weights(), at_y)
        ends.append(at_y)
    same(*ends, 1e-6)
    ours = a_model()
    fit("keras", ours, 10)
    with evaluation_weights(ours):
        assert far(ends[0], ours.get_weights()) > 0.01


@needs_keras_class
@pytest.mark.slow
def test_a_class_that_mends_keras_own_is_judged_by_its_formula():
    class Mended(KERAS_CLASS):
        def update_step(self, gradient, variable, learning_rate):
            ScheduleFreeAdamW.update_step(self, gradient, variable, learning_rate)

    model, ours = built(a_model(Mended(0.05))), a_model(ScheduleFreeAdamW(0.05))
    for either in (model, ours):
        fit("keras", either, 3)
    with evaluation_weights(model), evaluation_weights(ours):
        same(model.get_weights(), ours.get_weights(), 1e-6)


@pytest.mark.slow
def test_the_optimizer_survives_its_config_and_a_file(tmp_path):
    optimizer = ScheduleFreeAdamW(0.1, beta_1=0.8, warmup_steps=3, weight_decay=0.1)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config()
    model = a_model(optimizer)
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    same(fast_points(loaded), fast_points(model))
    with evaluation_weights(loaded), evaluation_weights(model):
        same(loaded.get_weights(), model.get_weights())


@pytest.mark.parametrize("name", FITS)
@pytest.mark.slow
def test_the_fast_point_begins_at_the_weights_also_where_fit_builds_it(name):
    model, ready = a_model(), built(a_model())
    for either in (model, ready):
        fit(name, either, 2)
    same(fast_points(model), fast_points(ready), 1e-6)
    same(model.get_weights(), ready.get_weights(), 1e-6)


@needs_keras_class
@pytest.mark.slow
def test_the_callback_lets_keras_own_class_begin_at_the_weights():
    def moved(*callbacks):
        model = a_model(KERAS_CLASS(2**-6))
        before = model.get_weights()
        fit("keras", model, 1, callbacks=callbacks)
        return far(fast_points(model), before)

    assert moved(ScheduleFreeEvaluation()) < 0.1
    if keras.backend.backend() == "tensorflow":  # when this fails, Keras has mended it
        assert moved() > 0.5


def test_beta_1_leaves_room_for_the_average():
    with pytest.raises(ValueError, match=r"beta_1 must be in \(0, 1\), got 0"):
        ScheduleFreeAdamW(beta_1=0)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"learning_rate": -1}, ValueError, r"learning_rate must be in \[0, inf\)"),
        (
            {"learning_rate": True},
            TypeError,
            "learning_rate must be a number, got True",
        ),
        ({"beta_1": 1}, ValueError, r"beta_1 must be in \[0, 1\), got 1"),
        ({"beta_1": "0.9"}, TypeError, "beta_1 must be a number, got '0.9'"),
        ({"beta_2": 0.0}, ValueError, r"beta_2 must be in \(0, 1\), got 0.0"),
        ({"beta_2": np.nan}, ValueError, r"beta_2 must be in \[0, 1\), got nan"),
        ({"epsilon": 0}, ValueError, r"epsilon must be in \(0, inf\), got 0"),
        ({"epsilon": None}, TypeError, "epsilon must be a number, got None"),
        ({"warmup_steps": 2.5}, TypeError, "warmup_steps must be a whole number"),
        ({"warmup_steps": -1}, ValueError, "warmup_steps must be at least 0, got -1"),
        ({"weight_decay": -0.1}, ValueError, r"weight_decay must be in \[0, inf\)"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_refused_by_name(wrong, error, words):
    with pytest.raises(error, match=words):
        ScheduleFreeAdamW(**wrong)


def test_numbers_of_numpy_are_settings_too():
    optimizer = ScheduleFreeAdamW(
        np.float32(0.5), np.float64(0.75), epsilon=np.float32(2**-20),
        warmup_steps=np.int64(3), weight_decay=np.float32(0.25),
    )  # fmt: skip
    plain = ScheduleFreeAdamW(
        0.5, 0.75, epsilon=2**-20, warmup_steps=3, weight_decay=0.25
    )
    theirs, ours = optimizer.get_config(), plain.get_config()
    assert theirs.pop("name") and ours.pop("name")
    assert json.dumps(theirs) == json.dumps(ours)


def test_a_rate_may_follow_a_schedule():
    rates = keras.optimizers.schedules.CosineDecay(0.1, 100)
    for rate in (rates, lambda: 0.1):
        assert float(ScheduleFreeAdamW(rate).learning_rate) == pytest.approx(0.1)


# --- evaluation


@pytest.mark.slow
def test_plain_keras_evaluates_where_it_trains():
    model = a_model()
    model.fit(X, Y, epochs=5, verbose=0)
    at_y = model.evaluate(X, Y, verbose=0)
    weights, z = model.get_weights(), fast_points(model)
    with evaluation_weights(model):
        at_x = model.evaluate(X, Y, verbose=0)
        expected = [(y - 0.1 * fast) / 0.9 for y, fast in zip(weights, z, strict=True)]
        same(model.get_weights(), expected, 1e-6)
    assert abs(at_y - at_x) > 0.01 * at_x
    assert model.evaluate(X, Y, verbose=0) == at_y


@pytest.mark.slow
def test_the_training_point_comes_back_exactly_also_after_an_error():
    model = a_model()
    model.fit(X, Y, epochs=2, verbose=0)
    before = model.get_weights()
    with pytest.raises(ZeroDivisionError), evaluation_weights(model):
        assert far(model.get_weights(), before) > 1e-3
        raise ZeroDivisionError
    same(model.get_weights(), before)


@pytest.mark.slow
def test_a_context_in_a_context_changes_nothing():
    model = a_model()
    model.fit(X, Y, epochs=2, verbose=0)
    with evaluation_weights(model):
        outer = model.get_weights()
        with evaluation_weights(model):
            same(model.get_weights(), outer)
        same(model.get_weights(), outer)


def test_before_the_first_step_there_is_nothing_to_average():
    model = a_model()
    before = model.get_weights()
    with evaluation_weights(model):
        same(model.get_weights(), before, 1e-6)
    same(model.get_weights(), before)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="its replicas")
@pytest.mark.slow
def test_the_average_of_replicas_is_that_of_one_model():
    import tensorflow as tf

    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        model = a_model()
    plain = a_model()
    for either in (model, plain):
        fit("keras", either, 2, callbacks=[ScheduleFreeEvaluation()])
    same(model.get_weights(), plain.get_weights(), 1e-6)


@pytest.mark.slow
def test_a_model_trained_on_without_the_callback_is_averaged_anew():
    model = a_model()
    fit("keras", model, 2, callbacks=[ScheduleFreeEvaluation()])
    fit("keras", model, 2)  # it begins at x, and ends at a y of its own
    y, z = model.get_weights(), fast_points(model)
    with evaluation_weights(model):
        expected = [(a - 0.1 * b) / 0.9 for a, b in zip(y, z, strict=True)]
        same(model.get_weights(), expected, 1e-6)
    same(model.get_weights(), y)


# --- the callback


@pytest.mark.parametrize("name", FITS)
@pytest.mark.slow
def test_validation_and_the_trained_model_have_the_average(name):
    model, plain = a_model(), a_model()
    history = fit(
        name,
        model,
        4,
        validation_data=(X, Y),
        callbacks=[ScheduleFreeEvaluation()],
    ).history
    losses = []
    for epoch in range(4):
        fit(name, plain, epoch + 1, initial_epoch=epoch)
        with evaluation_weights(plain):
            losses.append(plain.evaluate(X, Y, verbose=0))
            average = plain.get_weights()
    np.testing.assert_allclose(history["val_loss"], losses, rtol=1e-4)
    same(model.get_weights(), average, 1e-5)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(losses[-1], rel=1e-4)


@pytest.mark.parametrize("name", FITS)
@pytest.mark.slow
def test_training_goes_on_where_it_was(name):
    model, plain = a_model(), a_model()
    for epochs in (1, 2, 4):
        begin = epochs // 2
        fit(
            name,
            model,
            epochs,
            initial_epoch=begin,
            callbacks=[ScheduleFreeEvaluation()],
        )
    fit(name, plain, 4)
    same(fast_points(model), fast_points(plain), 1e-6)
    with evaluation_weights(plain):
        same(model.get_weights(), plain.get_weights(), 1e-6)


def test_the_callback_does_not_leave_the_compiled_loop():
    callbacks = [ScheduleFreeEvaluation()]
    assert not training.why_keras_loop(a_model(), X, Y, callbacks=callbacks)


@pytest.mark.slow
def test_callbacks_after_it_see_the_average(tmp_path):
    model = a_model()
    path = tmp_path / "best.weights.h5"
    keep = keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
    stop = keras.callbacks.EarlyStopping("loss", restore_best_weights=True)
    fit("aebook", model, 3, callbacks=[ScheduleFreeEvaluation(), keep, stop])
    average = model.get_weights()
    model.load_weights(path)
    same(model.get_weights(), average)


@pytest.mark.slow
def test_weights_put_in_by_hand_are_where_training_goes_on():
    model = a_model()
    callbacks = [ScheduleFreeEvaluation()]
    fit("keras", model, 2, callbacks=callbacks)
    zero = [np.zeros_like(w) for w in model.get_weights()]
    model.set_weights(zero)
    z = fast_points(model)
    seen = []

    class Look(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            seen.append(self.model.get_weights())

    fit("keras", model, 1, callbacks=[*callbacks, Look()])
    same(seen[0], [0.1 * fast for fast in z], 1e-6)


@pytest.mark.parametrize("name", FITS)
@pytest.mark.slow
def test_a_model_may_be_evaluated_with_the_callback_before_it_is_trained(name):
    model, plain = a_model(), a_model()
    callbacks = [ScheduleFreeEvaluation()]
    model.evaluate(X, Y, callbacks=callbacks, verbose=0)
    fit(name, model, 2, callbacks=callbacks)
    fit(name, plain, 2)
    with evaluation_weights(plain):
        same(model.get_weights(), plain.get_weights(), 1e-6)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.__module__)
@pytest.mark.parametrize("name", FITS)
@pytest.mark.slow
def test_the_state_of_the_callback_leads_from_the_average_back_to_y(name, optimizer):
    whole, first, second = (a_model(optimizer(0.05)) for _ in range(3))
    fit(name, whole, 4, callbacks=[ScheduleFreeEvaluation()])
    before, after = ScheduleFreeEvaluation(), ScheduleFreeEvaluation()
    fit(name, first, 2, callbacks=[before])
    after.set_model(built(second))
    second.set_weights(first.get_weights())
    for mine, theirs in zip(
        second.optimizer.variables, first.optimizer.variables, strict=True
    ):
        mine.assign(theirs.value)
    after.set_state(unpack(pack(before.get_state(), arrays := {}), arrays))
    fit(name, second, 4, initial_epoch=2, callbacks=[after])
    same(second.get_weights(), whole.get_weights())
    same(fast_points(second), fast_points(whole))


@pytest.mark.slow
def test_the_state_of_weights_put_in_by_hand_is_where_training_would_go_on():
    model, again = a_model(), a_model()
    before, after = ScheduleFreeEvaluation(), ScheduleFreeEvaluation()
    fit("keras", model, 1, callbacks=[before])
    after.set_model(built(again))
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    expected = [0.1 * z for z in fast_points(model)]
    same(before.get_state()["y"], expected, 1e-7)
    again.set_weights(model.get_weights())
    after.set_state(before.get_state())
    after.on_epoch_begin(0)
    same(again.get_weights(), expected, 1e-7)


@pytest.mark.slow
def test_a_state_from_the_training_point_leaves_the_weights_alone():
    model = a_model()
    callback = ScheduleFreeEvaluation()
    fit("keras", model, 1, callbacks=[callback])
    callback.on_epoch_begin(1)
    y, state = model.get_weights(), callback.get_state()
    assert state == {"y": None}
    callback.on_epoch_end(1)
    model.set_weights(y)
    callback.set_state(state)
    callback.on_epoch_begin(1)
    same(model.get_weights(), y)


@pytest.mark.slow
def test_a_state_of_another_model_is_refused():
    model, callback = a_model(), ScheduleFreeEvaluation()
    fit("keras", model, 1, callbacks=[callback])
    state = callback.get_state()
    with pytest.raises(ValueError, match=r"has 3 arrays.*4 weights.*same model"):
        callback.set_state({"y": state["y"][:3]})


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.__module__)
@pytest.mark.slow
def test_a_run_with_a_checkpoint_goes_on_from_y(tmp_path, optimizer):
    def run(model, path, *callbacks):
        best = keras.callbacks.EarlyStopping("val_loss", restore_best_weights=True)
        callbacks = [ScheduleFreeEvaluation(), best, *callbacks]
        kept = {"checkpoint": tmp_path / path, "validation_data": (X, Y)}
        return fit("aebook", model, 6, callbacks=callbacks, **kept).history

    whole = a_model(optimizer(0.05))
    expected = run(whole, "whole.ckpt")
    with pytest.raises(Stop):
        run(a_model(optimizer(0.05)), "stopped.ckpt", StopAfter(3))
    again, finished = (a_model(optimizer(0.05)) for _ in range(2))
    for model in (again, finished):  # the second finds the end of the run
        assert run(model, "stopped.ckpt") == expected
        same(model.get_weights(), whole.get_weights())
        same(fast_points(model), fast_points(whole))
    for model in (whole, finished):
        callbacks = [ScheduleFreeEvaluation()]
        fit("keras", model, 8, initial_epoch=6, callbacks=callbacks)
    same(finished.get_weights(), whole.get_weights())


@pytest.mark.slow
def test_an_autoencoder_is_trained_by_it(digits):
    keras.utils.set_random_seed(0)
    model = Autoencoder(
        keras.Sequential([keras.Input((784,)), keras.layers.Dense(8)]),
        keras.Sequential([keras.Input((8,)), keras.layers.Dense(784, "sigmoid")]),
    )
    model.compile(ScheduleFreeAdamW(0.01))
    callbacks = [ScheduleFreeEvaluation()]
    held_out = digits[1500:]
    losses = model.fit(
        digits[:1500],
        epochs=3,
        verbose=0,
        callbacks=callbacks,
        validation_data=held_out,
    ).history["val_loss"]
    assert losses[-1] < losses[0] < 0.1
    assert model.evaluate(held_out, verbose=0, return_dict=True)[
        "loss"
    ] == pytest.approx(losses[-1], rel=1e-4)


def test_another_optimizer_is_refused_in_words():
    model = a_model("adam")
    with pytest.raises(ValueError, match="must be ScheduleFreeAdamW, got Adam; others"):
        fit("keras", model, 1, callbacks=[ScheduleFreeEvaluation()])
    with pytest.raises(ValueError, match="must be ScheduleFreeAdamW, got Adam"):
        with evaluation_weights(model):
            pass


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="it runs on JAX")
@pytest.mark.slow
def test_all_of_this_holds_on_jax():
    tests = "have_the_average or goes_on or exactly_also or judged_at"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-W", "default"),
            *("-k", tests, str(Path(__file__))),
        ],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
