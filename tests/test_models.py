from aebook.models import Autoencoder, UndercompleteAutoencoder, dense
import keras
import numpy as np
import pytest


def small(loss="mse", **architecture):
    keras.utils.set_random_seed(1)
    model = UndercompleteAutoencoder(*dense(784, 8, hidden=(32,), **architecture))
    model.compile("adam", loss)
    return model


# --- architecture


def test_the_decoder_mirrors_the_encoder():
    encoder, decoder = dense(784, latent_dim=32, hidden=(128, 64))
    down = [layer.units for layer in encoder.layers]
    up = [layer.units for layer in decoder.layers]
    assert down == [128, 64, 32]
    assert up == [64, 128, 784]


@pytest.mark.slow
def test_images_go_in_and_come_out_as_images(digits):
    encoder, decoder = dense((28, 28), latent_dim=8)
    model = Autoencoder(encoder, decoder)
    images = digits[:5].reshape(-1, 28, 28)
    assert model.encode(images).shape == (5, 8)
    assert model.reconstruct(images).shape == (5, 28, 28)


def test_no_hidden_layer_is_one_layer_each_way():
    encoder, decoder = dense(10, latent_dim=3, hidden=())
    assert encoder.count_params() == 10 * 3 + 3
    assert decoder.count_params() == 3 * 10 + 10


def test_the_seed_before_building_decides_the_weights():
    weights = []
    for seed in (0, 0, 1):
        keras.utils.set_random_seed(seed)
        weights.append(dense(20, latent_dim=4)[0].get_weights()[0])
    np.testing.assert_array_equal(weights[0], weights[1])
    assert np.abs(weights[0] - weights[2]).max() > 0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((784, 0), ValueError, "latent_dim must be at least 1, got 0"),
        ((784, -2), ValueError, "latent_dim must be at least 1, got -2"),
        ((784, 2.5), TypeError, r"latent_dim must be a whole number, got 2.5"),
        ((-784, 2), ValueError, "input_shape must be at least 1, got -784"),
        (((), 2), ValueError, "input_shape is empty"),
        (("ab", 2), TypeError, "input_shape must be a whole number, got 'a'"),
        ((784, 2, (128, 0)), ValueError, "hidden must be at least 1, got 0"),
    ],
)
def test_a_bad_size_is_named(arguments, error, message):
    with pytest.raises(error, match=message):
        dense(*arguments)


def test_an_unknown_activation_is_named():
    with pytest.raises(ValueError, match="unknown activation 'rleu'"):
        dense(784, 2, activation="rleu")


# --- the family's base


@pytest.mark.slow
def test_reconstruct_is_decode_of_encode_is_the_call(digits):
    model = small()
    expected = keras.ops.convert_to_numpy(model(digits[:300]))
    np.testing.assert_allclose(model.reconstruct(digits[:300]), expected, atol=1e-6)
    codes = model.encode(digits[:300])
    np.testing.assert_allclose(model.decode(codes), expected, atol=1e-6)
    np.testing.assert_allclose(
        model.predict(digits[:300], verbose=0), expected, atol=1e-6
    )


@pytest.mark.slow
def test_it_learns_to_redraw_digits_better_than_the_mean_image(digits):
    model = small()
    train, test = digits[:1500], digits[1500:]
    model.fit(train, batch_size=32, epochs=15, verbose=0)
    mean_image = np.mean((test - train.mean(axis=0)) ** 2)
    assert np.mean((test - model.reconstruct(test)) ** 2) < 0.6 * mean_image


@pytest.mark.slow
def test_the_target_defaults_to_the_input(digits):
    x = digits[:200]
    alone, paired = small(), small()
    a = alone.fit(x, shuffle=False, verbose=0).history["loss"]
    b = paired.fit(x, x, shuffle=False, verbose=0).history["loss"]
    assert a == b
    assert alone.evaluate(x, verbose=0) == paired.evaluate(x, x, verbose=0)


def test_a_target_that_is_the_input_is_looked_at_once(digits):
    model = Autoencoder(*dense(784, latent_dim=4))
    x, y, _ = model.check_data(digits[:8].astype("float64"), None)
    assert y is None
    wide = digits[:8].astype("float64")
    x, y, _ = model.check_data(wide, wide)
    assert x is y is not wide
    x, y, _ = model.check_data(wide, wide.copy())
    assert x is not y


@pytest.mark.slow
def test_the_loss_is_the_mean_per_pixel(digits):
    model = small()
    loss, reconstruction = model.evaluate(digits[:200], verbose=0)
    expected = np.mean((digits[:200] - model.reconstruct(digits[:200])) ** 2)
    assert loss == pytest.approx(expected, rel=1e-5)
    assert reconstruction == loss


@pytest.mark.slow
def test_weight_decay_is_in_the_loss_and_not_in_the_reconstruction(digits):
    encoder, decoder = dense(784, latent_dim=4)
    weighty = keras.layers.Dense(4, kernel_regularizer=keras.regularizers.L2(0.1))
    encoder = keras.Sequential([keras.Input((784,)), weighty], name="encoder")
    model = Autoencoder(encoder, decoder)
    model.compile("sgd", "mse")
    loss, reconstruction = model.evaluate(digits[:100], verbose=0)
    penalty = 0.1 * np.sum(weighty.get_weights()[0] ** 2)
    assert loss - reconstruction == pytest.approx(penalty, rel=1e-4)


@pytest.mark.slow
def test_metrics_are_measured_against_the_input(digits):
    model = small()
    model.compile("adam", "mse", metrics=["mae"])
    measured = model.evaluate(digits[:100], return_dict=True, verbose=0)
    expected = np.mean(np.abs(digits[:100] - model.reconstruct(digits[:100])))
    assert measured["mae"] == pytest.approx(expected, rel=1e-5)


def test_the_undercomplete_code_is_narrower_than_the_input():
    with pytest.raises(ValueError, match=r"narrower than its 16 inputs, got .*=16"):
        UndercompleteAutoencoder(*dense((4, 4), latent_dim=16))
    assert UndercompleteAutoencoder(*dense((4, 4), latent_dim=15)).latent_dim == 15


# --- saving


@pytest.mark.slow
def test_a_saved_model_comes_back_whole(digits, tmp_path):
    model = small()
    model.fit(digits[:300], verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is UndercompleteAutoencoder
    np.testing.assert_array_equal(
        loaded.reconstruct(digits[:50]), model.reconstruct(digits[:50])
    )
    for twin in (model, loaded):  # the optimizer's memory came along
        twin.fit(digits[:300], shuffle=False, verbose=0)
    np.testing.assert_array_equal(
        loaded.reconstruct(digits[:50]), model.reconstruct(digits[:50])
    )


@pytest.mark.slow
def test_a_model_saved_before_training_comes_back(digits, tmp_path):
    keras.utils.set_random_seed(1)
    model = Autoencoder(*dense((28, 28), latent_dim=8))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    images = digits[:5].reshape(-1, 28, 28)
    np.testing.assert_array_equal(loaded.encode(images), model.encode(images))


@pytest.mark.parametrize("jit_compile", ["auto", True, False])
@pytest.mark.slow
def test_a_saved_model_is_compiled_as_it_was(tmp_path, jit_compile):
    model = small()
    model.compile("sgd", "mae", jit_compile=jit_compile)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_compile_config() == model.get_compile_config()
    assert loaded.jit_request == jit_compile


def test_the_config_round_trips():
    model = small(code_activation="relu")
    twin = UndercompleteAutoencoder.from_config(model.get_config())
    assert twin.get_config() == model.get_config()


@pytest.mark.slow
def test_weights_go_from_one_model_to_another(digits, tmp_path):
    first, second = small(), small()
    first.fit(digits[:100], verbose=0)
    first.save_weights(tmp_path / "only.weights.h5")
    second.load_weights(tmp_path / "only.weights.h5")
    np.testing.assert_array_equal(first.encode(digits[:9]), second.encode(digits[:9]))


# --- a user's mistakes


@pytest.mark.parametrize(
    "method", ["fit", "evaluate", "predict", "encode", "reconstruct"]
)
@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (np.zeros((3, 28, 28)), ValueError, r"got shape \(3, 28, 28\); flatten it"),
        (np.zeros((3, 5)), ValueError, r"\(n_samples, 784\), got shape \(3, 5\)"),
        (np.zeros(784), ValueError, r"one sample needs a first axis"),
        (np.zeros((0, 784)), ValueError, "x is empty"),
        (np.full((3, 784), np.nan), ValueError, "3 of 3 samples hold NaN"),
        (np.full((3, 784), 255.0), ValueError, "divide by 255"),
        (np.full((3, 784), 255, np.uint8), ValueError, "divide by 255"),
        (np.full((3, 784), "a"), TypeError, "real numbers, got dtype"),
        ("digits", TypeError, "real numbers, got dtype"),
        (None, TypeError, "real numbers, got dtype object"),
        ([[1.0], [1.0, 2.0]], ValueError, "one array of numbers"),
    ],
)
@pytest.mark.slow
def test_bad_input_is_named_before_anything_is_lost(method, bad, error, message):
    model = small()
    before = model.get_weights()
    with pytest.raises(error, match=message):
        getattr(model, method)(bad)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_bad_validation_set_is_named(digits):
    with pytest.raises(ValueError, match="validation x has values from 0 to 255"):
        small().fit(digits[:9], validation_data=255 * digits[:9])


@pytest.mark.slow
def test_noise_may_leave_the_range_of_the_target(digits):
    noisy = digits[:64] + np.random.default_rng(0).normal(size=(64, 784))
    small().fit(noisy, digits[:64], verbose=0)
    with pytest.raises(ValueError, match=r"y has values from .*, expected \[0, 1\]"):
        small().fit(digits[:64], noisy, verbose=0)


@pytest.mark.slow
def test_a_linear_output_allows_any_finite_target(digits):
    model = small(output_activation="linear")
    model.fit(5 * digits[:64] - 2, verbose=0)


def test_cross_entropy_needs_an_output_between_0_and_1():
    with pytest.raises(ValueError, match="ends in 'linear'; use a sigmoid"):
        small("binary_crossentropy", output_activation="linear")
    logits = keras.losses.BinaryCrossentropy(from_logits=True)
    small(logits, output_activation="linear")


def test_cross_entropy_needs_targets_between_0_and_1(digits):
    logits = keras.losses.BinaryCrossentropy(from_logits=True)
    model = small(logits, output_activation="linear")
    with pytest.raises(ValueError, match=r"expected \[0, 1\]"):
        model.fit(digits[:64] - 0.5)


@pytest.mark.parametrize(
    ("optimizer", "loss", "message"),
    [
        ("adma", "mse", "unknown optimizer 'adma'; did you mean 'adam'?"),
        ("adam", "mean_square", "unknown loss 'mean_square'; did you mean"),
        ("adam", "zzz", "unknown loss 'zzz'; keras.*losses lists the known ones"),
    ],
)
def test_an_unknown_name_gets_a_suggestion(optimizer, loss, message):
    model = Autoencoder(*dense(784, latent_dim=8))
    with pytest.raises(ValueError, match=message):
        model.compile(optimizer, loss)


def test_decode_asks_for_codes():
    with pytest.raises(ValueError, match=r"z must have 2 dimensions \(n_samples, 8\)"):
        small().decode(np.zeros((3, 9)))


@pytest.mark.parametrize("batch_size", [0, -1])
def test_encode_asks_for_a_batch_size(digits, batch_size):
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        small().encode(digits[:3], batch_size=batch_size)


def test_parts_that_do_not_fit_are_refused():
    encoder, _ = dense(784, latent_dim=8)
    _, decoder = dense(784, latent_dim=9)
    with pytest.raises(ValueError, match=r"encoder puts out \(8,\), but decoder takes"):
        Autoencoder(encoder, decoder)
    with pytest.raises(TypeError, match="decoder must be a Keras model, got str"):
        Autoencoder(encoder, "decoder")
    with pytest.raises(ValueError, match="encoder has no shapes yet"):
        Autoencoder(keras.Sequential([keras.layers.Dense(3)]), decoder)
