"""The autoencoder from scratch is the one of Keras, and its gradients are right."""

import subprocess
import sys
from types import SimpleNamespace

from aebook.models import Autoencoder, dense
from aebook.scratch import (
    ACTIVATIONS,
    DenseAutoencoder,
    Layer,
    backward,
    forward,
    train,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st
import keras
import numpy as np
import pytest

# gradient descent in two lines: what `train` asks of a rule
DESCENT = SimpleNamespace(
    init=lambda w: (),
    update=lambda g, state, w, learning_rate=0.1: (-learning_rate * g, state),
)
SIZES = (784, 32, 8, 32, 784)


def loss_of(model, x):
    return np.mean((model.reconstruct(x) - x) ** 2)


def gradients_of(model, x):
    return backward(model.layers, forward(model.layers, x), x)


def keras_twin(model, optimizer):
    """Keras' model with the same weights."""
    twin = Autoencoder(*dense(784, latent_dim=8, hidden=(32,)))
    twin.encoder.set_weights(
        [p for layer in model.encoder for p in (layer.weights, layer.bias)]
    )
    twin.decoder.set_weights(
        [p for layer in model.decoder for p in (layer.weights, layer.bias)]
    )
    twin.compile(optimizer, "mse")
    return twin


# --- gradients


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(ACTIVATIONS)), min_size=4, max_size=4),
    st.integers(0, 1000),
)
def test_backpropagation_gives_the_gradient_of_central_differences(activations, seed):
    rng = np.random.default_rng(seed)
    model = DenseAutoencoder((5, 4, 2, 3, 5), activations, seed=seed, dtype="float64")
    for p in model.parameters:
        p += rng.normal(0, 0.3, p.shape)  # biases too
    x = rng.uniform(0, 1, (6, 5))
    for layer, h in zip(model.layers, forward(model.layers, x), strict=False):
        if layer.activation == "relu":  # its bend further off than the step reaches
            assume(np.abs(h @ layer.weights + layer.bias).min() > 1e-3)
    step = 1e-5
    for p, g in zip(model.parameters, gradients_of(model, x), strict=True):
        numeric = np.empty_like(p)
        for i in np.ndindex(p.shape):
            kept = p[i]
            p[i] = kept + step
            above = loss_of(model, x)
            p[i] = kept - step
            numeric[i] = (above - loss_of(model, x)) / (2 * step)
            p[i] = kept
        scale = max(np.abs(g).max(), 1e-3)  # below, the differences are rounding
        np.testing.assert_allclose(g, numeric, rtol=0, atol=1e-6 * scale)


def test_one_weight_by_hand():
    # x̂ = 3 · 2 · 1 = 6, so L = (6 - 1)² = 25 and dL/dx̂ = 10
    layers = [
        Layer(np.array([[2.0]]), np.zeros(1), "linear"),
        Layer(np.array([[3.0]]), np.zeros(1), "linear"),
    ]
    x = np.array([[1.0]])
    w1, b1, w2, b2 = backward(layers, forward(layers, x), x)
    assert (w1.item(), b1.item(), w2.item(), b2.item()) == (30, 30, 20, 10)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's tape")
def test_the_gradients_are_those_of_keras(digits):
    import tensorflow as tf

    model, x = DenseAutoencoder(SIZES), digits[:64]
    twin = keras_twin(model, "sgd")
    with tf.GradientTape() as tape:
        loss = keras.losses.MeanSquaredError()(x, twin(x))
    theirs = tape.gradient(loss, [v.value for v in twin.trainable_variables])
    assert loss_of(model, x) == pytest.approx(float(loss), rel=1e-6)
    for ours, other in zip(gradients_of(model, x), theirs, strict=True):
        np.testing.assert_allclose(ours, other, rtol=0, atol=1e-5 * np.abs(other).max())


# --- training


@pytest.mark.slow
def test_it_trains_to_the_weights_of_keras(digits):
    model = DenseAutoencoder(SIZES)
    twin = keras_twin(model, keras.optimizers.Adam())
    options = {"epochs": 3, "batch_size": 96, "shuffle": False}
    ours = train(model, digits, rule="adam", **options)
    theirs = twin.fit(digits, verbose=0, **options).history["loss"]
    # the same batches in the same order, 63 steps: measured 5e-6 and 8e-6 in float32
    np.testing.assert_allclose(ours, theirs, rtol=2e-5)
    np.testing.assert_allclose(
        model.reconstruct(digits[:50]), twin.reconstruct(digits[:50]), atol=1e-4
    )


@pytest.mark.slow
def test_it_learns_to_redraw_digits_better_than_the_mean_image(digits):
    model = DenseAutoencoder(SIZES)
    train(model, digits[:1500], batch_size=32, epochs=8, learning_rate=0.003)
    held_out = digits[1500:]
    mean_image = np.mean((held_out - digits[:1500].mean(axis=0)) ** 2)
    assert loss_of(model, held_out) < 0.6 * mean_image


def test_double_precision_is_kept():
    for dtype in ("float32", "float64"):
        model = DenseAutoencoder((6, 2, 6), dtype=dtype)
        x = np.random.default_rng(0).random((8, 6))
        train(model, x, rule=DESCENT, epochs=2)
        assert {p.dtype for p in model.parameters} == {np.dtype(dtype)}
        assert {g.dtype for g in gradients_of(model, x.astype(dtype))} == {
            np.dtype(dtype)
        }
        assert model.reconstruct(x).dtype == dtype


def test_it_stops_when_the_loss_is_below_the_tolerance(digits):
    losses = train(DenseAutoencoder(SIZES), digits[:500], epochs=50, tolerance=0.08)
    assert 1 < len(losses) < 50
    assert losses[-1] <= 0.08 < losses[-2]


def test_one_step_with_all_samples_is_one_step_down_the_gradient():
    x = np.random.default_rng(0).random((8, 6))
    model, before = (DenseAutoencoder((6, 2, 6), dtype="float64") for _ in range(2))
    (loss,) = train(model, x, rule=DESCENT, epochs=1, batch_size=8, learning_rate=0.5)
    assert loss == pytest.approx(loss_of(before, x))
    for new, old, g in zip(
        model.parameters, before.parameters, gradients_of(before, x), strict=True
    ):
        np.testing.assert_allclose(new, old - 0.5 * g, atol=1e-12)


def test_each_epoch_meets_every_sample_once_in_a_new_order():
    x = np.eye(8)
    model = DenseAutoencoder((8, 2, 8), ("linear", "linear"), dtype="float64")
    for p in model.parameters:
        p[...] = 0
    met = []

    def update(g, state, w, **hyper):
        if g.shape == (8,):  # of x̂ = 0 the last bias' gradient is -2x/8
            met.append(int(np.argmin(g)))
        return np.zeros_like(w), state

    watching = SimpleNamespace(init=lambda w: (), update=update)
    train(model, x, rule=watching, epochs=2, batch_size=1)
    first, second = met[:8], met[8:]
    assert sorted(first) == sorted(second) == list(range(8))
    assert first != second
    met.clear()
    train(model, x, rule=watching, epochs=1, batch_size=1, shuffle=False)
    assert met == list(range(8))


def test_the_loss_of_an_epoch_counts_every_sample_the_same():
    x = np.random.default_rng(0).random((10, 3))
    frozen = {"rule": DESCENT, "learning_rate": 0.0, "epochs": 1}
    model = DenseAutoencoder((3, 2, 3), dtype="float64")
    whole = train(model, x, batch_size=10, **frozen)
    assert train(model, x, batch_size=4, **frozen) == pytest.approx(whole)


def test_the_seed_decides_weights_and_order():
    x = np.random.default_rng(0).random((20, 6))
    runs = [
        train(DenseAutoencoder((6, 2, 6), seed=a), x, batch_size=4, epochs=2, seed=b)
        for a, b in ((0, 0), (0, 0), (1, 0), (0, 1))
    ]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert runs[0] != runs[3]


# --- architecture


def test_the_narrowest_layer_is_the_code():
    model = DenseAutoencoder()
    assert [w.weights.shape for w in model.encoder] == [(784, 128), (128, 32)]
    assert [w.weights.shape for w in model.decoder] == [(32, 128), (128, 784)]
    names = [layer.activation for layer in model.layers]
    assert names == ["relu", "linear", "relu", "sigmoid"]
    wide = DenseAutoencoder((4, 9, 4))  # an overcomplete code
    assert wide.encode(np.eye(4)).shape == (4, 9)


def test_weights_start_as_wide_as_those_of_keras():
    first = DenseAutoencoder().layers[0]
    theirs = keras.initializers.GlorotUniform(seed=0)((784, 128))
    theirs = keras.ops.convert_to_numpy(theirs)
    assert np.abs(first.weights).max() == pytest.approx(np.abs(theirs).max(), rel=1e-3)
    assert first.weights.std() == pytest.approx(theirs.std(), rel=0.01)
    assert not first.bias.any()


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_activations_are_those_of_keras_and_do_not_overflow(name):
    a = np.array([-1e4, -20, -1, 0, 0.5, 3, 1e4], np.float32)
    theirs = keras.ops.convert_to_numpy(keras.activations.get(name)(a))
    ours = ACTIVATIONS[name].value(a)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)


def test_importing_it_brings_no_tensorflow():
    code = "import sys, aebook.scratch; print(sorted(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "'numpy'" in run.stdout
    for heavy in ("tensorflow", "keras", "matplotlib"):
        assert f"'{heavy}'" not in run.stdout


# --- a user's mistakes


def test_a_loss_that_explodes_stops_in_words():
    x = np.random.default_rng(0).random((32, 6))
    model = DenseAutoencoder((6, 3, 6), ("linear", "linear"))
    with pytest.raises(FloatingPointError, match=r"epoch \d+: the steps are too long"):
        train(model, x, rule=DESCENT, epochs=100, learning_rate=1e4)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (((784, 32),), ValueError, r"sizes must go from the input .* got \(784, 32\)"),
        (((784, 32, 700),), ValueError, r"as wide as the input.* got \(784, 32, 700\)"),
        (((784, 0, 784),), ValueError, "sizes must be at least 1, got 0"),
        (((784, 2.5, 784),), TypeError, "sizes must be a whole number, got 2.5"),
        (((4, 2, 4), ("relu",)), ValueError, "one name per layer after the input, 2"),
        (((4, 2, 4), "relu"), ValueError, "activations must be one name per layer"),
        (((4, 2, 4), ("relu", "sigmod")), ValueError, "unknown activation 'sigmod'"),
    ],
)
def test_a_bad_architecture_is_named(arguments, error, message):
    with pytest.raises(error, match=message):
        DenseAutoencoder(*arguments)


def test_a_bad_precision_is_named():
    with pytest.raises(ValueError, match="unknown dtype 'int8'; known: float32, float"):
        DenseAutoencoder((4, 2, 4), dtype="int8")


OK = np.full((3, 4), 0.5)


@pytest.mark.parametrize(
    ("x", "options", "error", "message"),
    [
        (np.zeros((3, 5)), {}, ValueError, r"\(n_samples, 4\), got shape \(3, 5\)"),
        (np.zeros((3, 2, 2)), {}, ValueError, "flatten it"),
        (255 * OK, {}, ValueError, "divide by 255"),
        (np.nan * OK, {}, ValueError, "3 of 3 samples hold NaN"),
        (OK[:0], {}, ValueError, "x is empty"),
        (OK, {"epochs": 0}, ValueError, "epochs must be at least 1, got 0"),
        (OK, {"batch_size": 2.5}, TypeError, "batch_size must be a whole number"),
        (OK, {"tolerance": -1}, ValueError, "tolerance must be a finite number ≥ 0"),
        (OK, {"rule": "adma"}, ValueError, "unknown rule 'adma'; known: .*adam"),
    ],
)
def test_bad_input_is_named_before_anything_is_lost(x, options, error, message):
    model = DenseAutoencoder((4, 2, 4))
    before = [p.copy() for p in model.parameters]
    with pytest.raises(error, match=message):
        train(model, x, **{"rule": DESCENT, **options})
    for a, b in zip(before, model.parameters, strict=True):
        np.testing.assert_array_equal(a, b)
