"""Encoder and decoder that do not belong together: the message says what to change."""

from aebook import models, sampling
from aebook.models import Autoencoder, VariationalAutoencoder, dense
import keras
from keras import layers
import numpy as np
import pytest


def plain(*shape, width=4):
    """A network from one shape to a row of numbers."""
    return keras.Sequential(
        [keras.Input(shape), layers.Flatten(), layers.Dense(width)], name="encoder"
    )


# --- which side differs


@pytest.mark.parametrize("family", [Autoencoder, VariationalAutoencoder])
@pytest.mark.parametrize(
    ("one", "other"),
    [((24, 24), (23, 23)), ((784,), (28, 28)), ((28, 28), (28, 28, 1))],
)
@pytest.mark.slow
def test_images_of_another_size_are_told_from_codes(family, one, other):
    gaussian = family is VariationalAutoencoder
    encoder, _ = dense(one, 4, gaussian=gaussian)
    _, decoder = dense(other, 4)
    with pytest.raises(ValueError, match="the reconstruction does not fit") as error:
        family(encoder, decoder)
    message = str(error.value)
    assert f"puts out {other}" in message and f"takes {one}" in message
    assert "one input_shape" in message and "latent_dim" not in message


def test_codes_of_another_width_are_told_from_images():
    with pytest.raises(
        ValueError,
        match=r"the code does not fit: encoder puts out \(5,\), but decoder takes "
        r"\(4,\); give both the same latent_dim",
    ):
        Autoencoder(dense(9, 5)[0], dense(9, 4)[1])


@pytest.mark.parametrize("width", [4, 6])
def test_a_gaussian_code_of_another_width_is_named(width):
    """The width of the code itself is what is given when gaussian=True is forgotten."""
    with pytest.raises(
        ValueError, match=r"the code does not fit.*one latent_dim and gaussian=True"
    ):
        VariationalAutoencoder(plain(9, width=width), dense(9, 4)[1])


def test_an_odd_number_of_means_and_variances_is_refused_in_words():
    with pytest.raises(ValueError, match=r"mean and log-variance.* got an odd 5"):
        VariationalAutoencoder(plain(9, width=5), dense(9, 2)[1])


def test_every_member_with_a_gaussian_code_says_the_same():
    with pytest.raises(ValueError, match="got an odd 5"):
        models.ImportanceWeightedAutoencoder(plain(9, width=5), dense(9, 2)[1])


# --- several inputs or outputs


def keras_io_encoder():
    """The encoder of keras.io's variational autoencoder, but for its size."""
    x = keras.Input((28, 28, 1))
    h = layers.Dense(16, activation="relu")(layers.Flatten()(x))
    mean, log_var = layers.Dense(2, name="z_mean")(h), layers.Dense(2)(h)
    return x, mean, log_var, layers.Add(name="z")([mean, log_var])


@pytest.mark.slow
def test_the_three_outputs_of_keras_ios_encoder_are_to_be_joined():
    x, *outputs = keras_io_encoder()
    decoder = dense((28, 28, 1), 2)[1]
    for family in (Autoencoder, VariationalAutoencoder, models.MaskedAutoencoder):
        with pytest.raises(
            ValueError,
            match=r"encoder must have one output, got 3 in a list; join .* last axis "
            r".*Concatenate; .*mean and log_var, and leave the drawn z out",
        ):
            family(keras.Model(x, outputs, name="encoder"), decoder)
    for some in ({"mean": outputs[0], "log_var": outputs[1]}, tuple(outputs[:2])):
        with pytest.raises(ValueError, match="must have one output, got 2 in a"):
            VariationalAutoencoder(keras.Model(x, some), decoder)


@pytest.mark.slow
def test_joined_as_the_message_says_it_trains():
    x, mean, log_var, _ = keras_io_encoder()
    encoder = keras.Model(x, layers.Concatenate(axis=-1)([mean, log_var]))
    model = VariationalAutoencoder(encoder, dense((28, 28, 1), 2)[1])
    model.compile("adam")
    images = np.random.default_rng(0).random((8, 28, 28, 1))
    assert np.isfinite(model.fit(images, verbose=0).history["loss"]).all()
    assert model.encode(images).shape == (8, 2)


def test_several_inputs_are_to_be_joined():
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    two = keras.Model([a, b], layers.Dense(2)(layers.Concatenate()([a, b])))
    encoder, decoder = dense(4, 2)
    with pytest.raises(ValueError, match=r"encoder must have one input, got 2.*join"):
        Autoencoder(two, decoder)
    with pytest.raises(ValueError, match=r"decoder must have one input, got 2.*join"):
        Autoencoder(encoder, two)
    with pytest.raises(ValueError, match=r"encoder must have one input, got 2.*join"):
        models.TiedAutoencoder(two)


@pytest.mark.slow
def test_a_list_of_one_is_one():
    x = keras.Input((4,))
    encoder = keras.Model([x], [layers.Dense(2)(x)])
    model = Autoencoder(encoder, dense(4, 2)[1])
    assert model.reconstruct(np.ones((3, 4))).shape == (3, 4)


def test_a_model_without_shapes_is_named():
    class Own(keras.Model):
        def call(self, x):
            return x

    own = Own()
    own(np.ones((1, 4)))
    with pytest.raises(ValueError, match="encoder has no shapes yet"):
        Autoencoder(own, dense(4, 4)[1])


# --- images of any size


def of_any_size():
    like = {"padding": "same", "data_format": "channels_last"}
    return (
        keras.Sequential(
            [keras.Input((None, None, 1)), layers.Conv2D(2, 3, 2, **like)],
            name="encoder",
        ),
        keras.Sequential(
            [keras.Input((None, None, 2)), layers.Conv2DTranspose(1, 3, 2, **like)]
        ),
    )


@pytest.mark.slow
def test_a_model_of_any_size_takes_images_of_equal_size(tmp_path):
    model = Autoencoder(*of_any_size())
    model.compile("adam", "mse")
    for size in ((8, 8), (4, 12)):
        x = np.random.default_rng(0).random((16, *size, 1))
        assert np.isfinite(model.fit(x, verbose=0).history["loss"]).all()
        assert model.encode(x).shape == (16, size[0] // 2, size[1] // 2, 2)
        assert model.reconstruct(x).shape == x.shape
    model.save(tmp_path / "any.keras")
    loaded = keras.saving.load_model(tmp_path / "any.keras")
    np.testing.assert_allclose(loaded.reconstruct(x), model.reconstruct(x), rtol=1e-6)


@pytest.mark.parametrize("use", ["fit", "evaluate"])
def test_images_that_come_back_in_another_size_are_refused(use):
    model = Autoencoder(*of_any_size())
    model.compile("adam", "mse")
    x = np.random.default_rng(0).random((16, 7, 8, 1))
    with pytest.raises(ValueError, match=r"got \(7, 8, 1\), .* as \(8, 8, 1\); pad or"):
        getattr(model, use)(x, verbose=0)


def test_its_latent_dim_is_not_known_and_that_is_said():
    model = Autoencoder(*of_any_size())
    with pytest.raises(ValueError, match=r"latent_dim of .* is not known.*\(None, Non"):
        model.latent_dim  # noqa: B018
    with pytest.raises(ValueError, match="the encoder takes any size"):
        models.UndercompleteAutoencoder(*of_any_size())
    with pytest.raises(ValueError, match="takes codes of any size"):
        sampling.sample_prior(model, 3)
