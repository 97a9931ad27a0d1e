"""Schedule-Free: the class is the rule, and the model is judged at the average."""

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
import keras
import numpy as np
import pytest

OPTIMIZERS = [ScheduleFreeAdamW]
if hasattr(keras.optimizers, "ScheduleFreeAdamW"):
    OPTIMIZERS.append(keras.optimizers.ScheduleFreeAdamW)

X = np.random.default_rng(0).normal(size=(96, 3)).astype(np.float32)
Y = X @ np.array([[1.0], [-2.0], [0.5]], np.float32)
FITS = {"keras": keras.Model.fit, "aebook": training.fit}


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


def far(a, b):
    return max(np.abs(left - right).max() for left, right in zip(a, b, strict=True))


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


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="what goes wrong")
@pytest.mark.skipif(len(OPTIMIZERS) == 1, reason="this Keras has no ScheduleFreeAdamW")
def test_the_average_of_keras_on_tensorflow_is_no_mean_of_its_fast_points():
    far_off = {}
    for optimizer in OPTIMIZERS:
        model = a_model(optimizer(0.05))
        fast = []
        for _ in range(30):
            model.train_on_batch(X, Y)
            fast.append(fast_points(model))
        means = [np.mean(points, axis=0) for points in zip(*fast, strict=True)]
        with evaluation_weights(model):
            far_off[optimizer] = far(model.get_weights(), means)
    assert far_off[ScheduleFreeAdamW] < 1e-5
    # When this fails, Keras averages at last: then our class can go.
    assert far_off[keras.optimizers.ScheduleFreeAdamW] > 0.01


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


def test_beta_1_leaves_room_for_the_average():
    with pytest.raises(ValueError, match=r"beta_1 must be in \(0, 1\), got 0"):
        ScheduleFreeAdamW(beta_1=0)


# --- evaluation


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.__module__)
def test_plain_keras_evaluates_where_it_trains(optimizer):
    model = a_model(optimizer(0.05))
    model.fit(X, Y, epochs=5, verbose=0)
    at_y = model.evaluate(X, Y, verbose=0)
    weights, z = model.get_weights(), fast_points(model)
    with evaluation_weights(model):
        at_x = model.evaluate(X, Y, verbose=0)
        expected = [(y - 0.1 * fast) / 0.9 for y, fast in zip(weights, z, strict=True)]
        same(model.get_weights(), expected, 1e-6)
    assert abs(at_y - at_x) > 0.01 * at_x
    assert model.evaluate(X, Y, verbose=0) == at_y


def test_the_training_point_comes_back_exactly_also_after_an_error():
    model = a_model()
    model.fit(X, Y, epochs=2, verbose=0)
    before = model.get_weights()
    with pytest.raises(ZeroDivisionError), evaluation_weights(model):
        assert far(model.get_weights(), before) > 1e-3
        raise ZeroDivisionError
    same(model.get_weights(), before)


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


# --- the callback


def fit(name, model, epochs, **kwargs):
    return FITS[name](
        model, X, Y, epochs=epochs, shuffle=False, verbose=0, batch_size=32, **kwargs
    )


@pytest.mark.parametrize("name", FITS)
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


def test_callbacks_after_it_see_the_average(tmp_path):
    model = a_model()
    path = tmp_path / "best.weights.h5"
    keep = keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
    stop = keras.callbacks.EarlyStopping("loss", restore_best_weights=True)
    fit("aebook", model, 3, callbacks=[ScheduleFreeEvaluation(), keep, stop])
    average = model.get_weights()
    model.load_weights(path)
    same(model.get_weights(), average)


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
def test_all_of_this_holds_on_jax():
    tests = "have_the_average or goes_on_where or exactly_also"
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
