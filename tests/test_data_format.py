"""Where channels stand is said by each layer, not by the settings of the reader.

The book has them last, as `(height, width, channels)`. A reader may have asked Keras
for the other order, for models of their own; ours are the same under both.
"""

from aebook import metrics, models
from aebook.data import load_mnist
from aebook.metrics import samples
import keras
from keras import layers
import numpy as np
import pytest

ORDERS = ["channels_last", "channels_first"]
PAIRS = {
    "dense": lambda: models.dense((9, 7, 3), 4, hidden=(8,)),
    "convolutional": lambda: models.convolutional((9, 7, 3), 4, (4, 6)),
    "grey": lambda: models.convolutional((9, 7), 4, (4, 6)),
    "map": lambda: models.convolutional((9, 7, 3), 3, (4, 6), flat=False),
    "recurrent": lambda: models.recurrent((9, 7), 4, (5,)),
}
BUILDERS = {
    **{n: lambda p=p: models.Autoencoder(*p()) for n, p in PAIRS.items()},
    "tied dense": lambda: models.TiedAutoencoder(PAIRS["dense"]()[0]),
    "tied convolutional": lambda: models.TiedAutoencoder(PAIRS["convolutional"]()[0]),
    "masked": lambda: models.MaskedAutoencoder(
        *models.convolutional((8, 12, 3), 4, (4, 6)), patch_size=4
    ),
    "quantized": lambda: models.VectorQuantizedAutoencoder(*PAIRS["map"](), codes=4),
    "contractive": lambda: models.ContractiveAutoencoder(*PAIRS["dense"]()),
    "variational": lambda: models.VariationalAutoencoder(
        *models.convolutional((9, 7), 4, (4, 6), gaussian=True)
    ),
}


@pytest.fixture
def order():
    """A function that sets the order of the reader's Keras, for one test."""
    before = keras.config.image_data_format()
    yield keras.config.set_image_data_format
    keras.config.set_image_data_format(before)


def a_model(build):
    keras.utils.set_random_seed(0)
    return build()


def without_names(model):
    """What a model is, but for the numbers that Keras counts its objects by."""
    return [
        (type(layer).__name__, getattr(layer, "data_format", None), layer.output.shape)
        for part in (model.encoder, model.decoder)
        for layer in part.layers
    ]


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.slow
def test_a_model_is_the_same_under_both_orders(name, order, tmp_path):
    x, outputs, layouts = None, [], []
    for setting in ORDERS:
        order(setting)
        model = a_model(BUILDERS[name])
        if x is None:
            x = np.random.default_rng(0).random((5, *model.encoder.input_shape[1:]))
        outputs.append(model.reconstruct(x))
        layouts.append(without_names(model))
        model.compile("sgd")
        model.save(tmp_path / f"{setting}.keras")
    assert layouts[0] == layouts[1]
    np.testing.assert_array_equal(*outputs)
    for setting in ORDERS:  # under the last one, and then under the other
        order("channels_last" if setting == "channels_first" else "channels_first")
        loaded = keras.saving.load_model(tmp_path / f"{setting}.keras")
        np.testing.assert_array_equal(loaded.reconstruct(x), outputs[0])


@pytest.mark.parametrize("name", ["dense", "convolutional", "tied convolutional"])
@pytest.mark.slow
def test_a_model_learns_the_same_under_both_orders(name, order):
    x = np.random.default_rng(0).random((8, 9, 7, 3)).astype("float32")
    trained = []
    for setting in ORDERS:
        order(setting)
        model = a_model(BUILDERS[name])
        model.compile("sgd", "mse")
        trained.append(model.fit(x, epochs=2, batch_size=4, verbose=0).history["loss"])
    np.testing.assert_allclose(*trained, rtol=1e-6)


IMAGE_METRICS = {
    "mse_per_pixel": metrics.mse_per_pixel,
    "psnr": metrics.psnr,
    "squared_error_per_image": metrics.squared_error_per_image,
    "ssim": metrics.ssim,
    "ssim in colour": lambda a, b: metrics.ssim(
        *(np.stack([x] * 3, -1) for x in (a, b))
    ),
    "sample_distance": metrics.sample_distance,
    "jacobian_norm": lambda a, b: metrics.jacobian_norm(
        a_model(lambda: models.dense((28, 28), 4, hidden=()))[0], a[:3]
    ),
}


@pytest.mark.parametrize("name", IMAGE_METRICS)
@pytest.mark.slow
def test_a_metric_of_images_is_the_same_under_both_orders(name, order):
    real = load_mnist().x_test[:60]
    fake = np.clip(real + np.random.default_rng(0).normal(0, 0.1, real.shape), 0, 1)
    values = []
    for setting in ORDERS:
        order(setting)
        samples._extractor.cache_clear()
        samples._train.cache_clear()
        values.append(IMAGE_METRICS[name](real, fake))
    assert str(values[0]) == str(values[1])


@pytest.mark.skipif(
    keras.backend.backend() == "tensorflow",
    reason="TensorFlow convolves with channels first on graphics cards alone",
)
@pytest.mark.parametrize("size", [(8, 12), (9, 7)])
def test_an_encoder_with_the_channels_first_is_read_backwards_too(size):
    """The reader's own encoder: its transposed layers are its adjoints."""
    options = {"padding": "same", "use_bias": False, "data_format": "channels_first"}
    keras.utils.set_random_seed(0)
    encoder = keras.Sequential(
        [
            keras.Input((3, *size)),
            layers.Conv2D(4, 3, 2, **options),
            layers.Conv2D(5, 3, **options),
            layers.Flatten(data_format="channels_first"),
            layers.Dense(6, use_bias=False),
        ]
    )
    x = keras.random.normal((2, 3, *size), seed=0)
    y = encoder(x)
    tied = models.TiedAutoencoder(encoder, "linear")
    z = keras.random.normal((2, 6), seed=1)
    back = keras.ops.sum(x * tied.decoder(z)), keras.ops.sum(y * z)
    np.testing.assert_allclose(*map(keras.ops.convert_to_numpy, back), rtol=1e-4)
