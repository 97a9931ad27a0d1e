"""Every architecture fits every size it claims, saves, learns, and runs everywhere."""

import importlib.util
import json
import os
import subprocess
import sys

from aebook import losses
from aebook.models.architectures.convolutional import convolutional
from aebook.models.architectures.dense import dense
from aebook.models.architectures.recurrent import recurrent
from aebook.models.autoencoder import Autoencoder
import keras
import numpy as np
import pytest

BUILDERS = {
    "dense": lambda **more: dense((6, 5), 3, hidden=(8,), **more),
    "convolutional": lambda **more: convolutional((6, 5), 3, filters=(2, 4), **more),
    "map": lambda **more: convolutional((6, 5), 3, (2, 4), flat=False, **more),
    "recurrent": lambda **more: recurrent((6, 5), 3, units=(7, 4), **more),
}


@pytest.fixture(params=BUILDERS)
def build(request):
    return BUILDERS[request.param]


def layers_of(part, *kinds):
    return [layer for layer in part.layers if type(layer).__name__ in kinds]


# --- what all builders promise


def test_what_goes_in_comes_out_in_the_same_shape(build):
    encoder, decoder = build()
    x = np.random.default_rng(0).random((4, 6, 5), np.float32)
    z = keras.ops.convert_to_numpy(encoder(x))
    assert z.shape == (4, *encoder.output_shape[1:]) == (4, *decoder.input_shape[1:])
    assert z.shape[-1] == 3
    assert tuple(decoder(z).shape) == x.shape


def test_a_gaussian_code_is_twice_as_wide_and_the_decoder_the_same(build):
    plain, decoder = build()
    gaussian, its_decoder = build(gaussian=True)
    *places, width = plain.output_shape[1:]
    assert gaussian.output_shape[1:] == (*places, 2 * width)
    assert its_decoder.input_shape == decoder.input_shape
    assert its_decoder.count_params() == decoder.count_params()


def test_the_seed_before_building_decides_every_weight(build):
    weights = []
    for seed in (0, 0, 1):
        keras.utils.set_random_seed(seed)
        weights.append([w for part in build() for w in part.get_weights()])
    for a, b in zip(weights[0], weights[1], strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(np.any(a != b) for a, b in zip(weights[0], weights[2], strict=True))


@pytest.mark.slow
def test_a_saved_autoencoder_gives_the_same_output(build, tmp_path):
    x = np.random.default_rng(0).random((9, 6, 5), np.float32)
    model = Autoencoder(*build())
    model.compile("adam", "mse")
    model.fit(x, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.reconstruct(x), model.reconstruct(x))


@pytest.mark.parametrize(
    "builder", [dense, convolutional, recurrent], ids=lambda b: b.__name__
)
@pytest.mark.parametrize(
    ("shape", "latent_dim", "error", "message"),
    [
        ((8, 8), 0, ValueError, "latent_dim must be at least 1, got 0"),
        ((8, 8), 2.5, TypeError, "latent_dim must be a whole number, got 2.5"),
        ((8, 0), 2, ValueError, "input_shape must be at least 1, got 0"),
        (("a", 8), 2, TypeError, "input_shape must be a whole number, got 'a'"),
        ((), 2, ValueError, "input_shape is empty"),
    ],
)
def test_a_bad_size_is_named(builder, shape, latent_dim, error, message):
    with pytest.raises(error, match=message):
        builder(shape, latent_dim)


def test_other_mistakes_are_named():
    with pytest.raises(ValueError, match="unknown activation 'rleu'"):
        convolutional((8, 8), 2, activation="rleu")
    with pytest.raises(ValueError, match="unknown activation 3"):
        dense(8, 2, output_activation=3)
    with pytest.raises(ValueError, match="unknown activation 'sigmod'"):
        recurrent((8, 8), 2, output_activation="sigmod")
    with pytest.raises(ValueError, match="input_shape must have 2 or 3 axes"):
        convolutional(64, 2)
    with pytest.raises(ValueError, match="input_shape must have 2 axes"):
        recurrent((4, 8, 8), 2)
    with pytest.raises(ValueError, match="at least 8 pixels, got 28x7; use fewer"):
        convolutional((28, 7), 2, filters=(4, 4, 4))
    with pytest.raises(ValueError, match=r"filters must name at least 1 layer, got \("):
        convolutional((8, 8), 2, filters=())
    with pytest.raises(ValueError, match="units must name at least 1 layer"):
        recurrent((8, 8), 2, units=())
    with pytest.raises(ValueError, match="filters must be at least 1, got 0"):
        convolutional((8, 8), 2, filters=(4, 0))
    with pytest.raises(ValueError, match="kernel_size must be at least 1"):
        convolutional((8, 8), 2, kernel_size=0)
    with pytest.raises(ValueError, match="unknown cell 'rnn'; known: gru, lstm"):
        recurrent((8, 8), 2, cell="rnn")
    with pytest.raises(TypeError, match="mask_value must be a number, got 'pad'"):
        recurrent((8, 8), 2, mask_value="pad")


@pytest.mark.parametrize("builder", [dense, convolutional])
def test_a_gaussian_code_has_to_be_linear(builder):
    with pytest.raises(ValueError, match="a log-variance can be any number; got 'tanh"):
        builder((8, 8), 2, code_activation="tanh", gaussian=True)


# --- convolutional


@pytest.mark.parametrize("height", [4, 5, 7, 8, 28])
@pytest.mark.parametrize("width", [4, 6, 9])
@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.slow
def test_images_of_any_size_come_back_in_their_size(height, width, flat):
    shape = (height, width, 3)
    encoder, decoder = convolutional(shape, 2, filters=(3, 4), flat=flat)
    assert decoder.output_shape == (None, *shape)
    if not flat:
        assert encoder.output_shape[1:3] == (-(-height // 4), -(-width // 4))


def test_every_layer_halves_and_every_layer_of_the_decoder_doubles():
    encoder, decoder = convolutional((28, 28), 8, filters=(16, 32, 64))
    down = [layer.output.shape[1:] for layer in layers_of(encoder, "Conv2D")]
    assert down == [(14, 14, 16), (7, 7, 32), (4, 4, 64)]
    up = [layer.output.shape[3] for layer in layers_of(decoder, "Conv2DTranspose")]
    assert up == [64, 32, 16]
    crops = [layer.output.shape[1:3] for layer in layers_of(decoder, "Cropping2D")]
    assert crops == [(7, 7)]  # 8 cut to the 7 that the encoder had; no other is odd


def test_a_map_keeps_places_apart():
    encoder, _ = convolutional((16, 16), 2, filters=(3, 3), flat=False)
    x = np.zeros((2, 16, 16), np.float32)
    x[1, :4, :4] = 1.0
    z = keras.ops.convert_to_numpy(encoder(x))
    moved = np.abs(z[1] - z[0]).sum(axis=-1) > 0
    assert moved[0, 0] and not moved[2:].any() and not moved[:, 2:].any()


@pytest.mark.slow
def test_a_convolutional_autoencoder_beats_the_mean_image(digits):
    images = digits.reshape(-1, 28, 28)
    train, test = images[:1500], images[1500:]
    model = Autoencoder(*convolutional((28, 28), 16, filters=(8, 16)))
    model.compile(keras.optimizers.Adam(1e-2), "mse")
    model.fit(train, batch_size=25, epochs=6, verbose=0)
    mean_image = np.mean((test - train.mean(axis=0)) ** 2)
    error = np.mean((test - model.reconstruct(test)) ** 2)
    assert error < 0.4 * mean_image  # measured: 0.29


def test_the_range_of_the_data_is_known_through_the_last_layers():
    model = Autoencoder(*convolutional((5, 5), 2, filters=(3,)))  # crops and reshapes
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match="divide by 255"):
        model.fit(np.full((3, 5, 5), 255.0))


# --- recurrent


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("mask_value", [0.0, -1.0])
@pytest.mark.slow
def test_padding_a_sequence_does_not_change_its_code(cell, mask_value):
    x = np.random.default_rng(0).normal(size=(5, 4, 3)).astype(np.float32)
    short, _ = recurrent((4, 3), 2, (6, 5), cell=cell, mask_value=mask_value)
    long, _ = recurrent((9, 3), 2, (6, 5), cell=cell, mask_value=mask_value)
    long.set_weights(short.get_weights())
    expected = keras.ops.convert_to_numpy(short(x))
    for steps in ([0, 1, 2, 3], [5, 6, 7, 8], [0, 3, 4, 8]):  # after, before, between
        padded = np.full((5, 9, 3), mask_value, np.float32)
        padded[:, steps] = x
        ours = keras.ops.convert_to_numpy(long(padded))
        np.testing.assert_allclose(ours, expected, atol=1e-6)
    unmasked, _ = recurrent((9, 3), 2, (6, 5), cell=cell)
    unmasked.set_weights(short.get_weights())
    other = keras.ops.convert_to_numpy(unmasked(padded))
    assert np.abs(other - expected).max() > 1e-3  # without the mask it does change


@pytest.mark.slow
def test_padding_has_no_part_in_training():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 6, 2)).astype(np.float32)
    padded = np.concatenate([x, np.zeros((40, 3, 2), np.float32)], axis=1)
    errors = []
    for data in (x, padded):
        keras.utils.set_random_seed(3)
        model = Autoencoder(*recurrent(data.shape[1:], 2, units=(8,), mask_value=0.0))
        model.compile("sgd", losses.MaskedMeanSquaredError())
        run = model.fit(data, epochs=2, shuffle=False, verbose=0)
        errors.append(run.history["loss"])
    np.testing.assert_allclose(errors[0], errors[1], rtol=1e-5)


@pytest.mark.slow
def test_a_recurrent_autoencoder_redraws_digits_row_by_row(digits):
    rows = digits.reshape(-1, 28, 28)  # 28 steps of 28 pixels
    train, test = rows[:1500], rows[1500:]
    model = Autoencoder(*recurrent((28, 28), 16, units=(48,)))
    model.compile(keras.optimizers.Adam(1e-2), "mse")
    model.fit(train, batch_size=25, epochs=10, verbose=0)
    mean_image = np.mean((test - train.mean(axis=0)) ** 2)
    error = np.mean((test - model.reconstruct(test)) ** 2)
    assert error < 0.65 * mean_image  # measured: 0.46


# --- other backends

SCRIPT = """
import json, keras, numpy as np
from aebook.losses import MaskedMeanSquaredError
from aebook.models.autoencoder import Autoencoder
from aebook.models.architectures.convolutional import convolutional
from aebook.models.architectures.recurrent import recurrent
x = np.random.default_rng(0).random((8, 7, 5)).astype("float32")
x[:, 5:] = 0
values = []
for parts in (
    convolutional((7, 5), 3, filters=(2, 4)),
    recurrent((7, 5), 3, units=(4,), mask_value=0.0),
):
    rng = np.random.default_rng(1)
    for part in parts:
        part.set_weights([0.3 * rng.normal(size=w.shape) for w in part.get_weights()])
    model = Autoencoder(*parts)
    model.compile(keras.optimizers.SGD(0.1), MaskedMeanSquaredError())
    run = model.fit(x, epochs=2, batch_size=4, shuffle=False, verbose=0)
    x_hat = keras.ops.convert_to_numpy(model(x))
    values.append([*run.history["loss"], float(x_hat.sum())])
print(json.dumps([keras.backend.backend(), values]))
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
@pytest.mark.slow
def test_training_gives_the_same_numbers_on_other_backends(backend, capsys):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    scope = {}
    exec(SCRIPT, scope)
    here = json.loads(capsys.readouterr().out)[1]
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    name, there = json.loads(run.stdout.splitlines()[-1])
    assert name == backend
    # float32 sums in another order: measured below 2e-6
    np.testing.assert_allclose(there, here, rtol=1e-4)
