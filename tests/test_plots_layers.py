from aebook import plots
from aebook.models import Autoencoder, convolutional, dense
import numpy as np
import pytest


@pytest.mark.slow
def test_each_layer_is_drawn_between_the_image_and_its_drawing(digits):
    model = Autoencoder(*dense(784, latent_dim=32, hidden=(128, 64)))
    figure = plots.anatomy(model, digits[0], title="a digit")
    assert "layers of 128, 64, 32 (the code), 64, 128 numbers" in figure.alt
    names = [axis.get_xlabel().split("\n") for axis in figure.axes]
    assert [name[0] for name in names] == [
        *("input", "encoder", "encoder", "code", "decoder", "decoder", "output")
    ]
    shown = [axis.images[0].get_array() for axis in figure.axes]
    np.testing.assert_array_equal(shown[0].ravel(), digits[0])
    drawn = model.reconstruct(digits[:1])
    np.testing.assert_allclose(shown[-1].ravel(), drawn[0], atol=1e-6)
    code = model.encode(digits[:1])
    np.testing.assert_allclose(shown[3].compressed(), code[0], atol=1e-5)


@pytest.mark.slow
def test_units_at_zero_are_counted():
    model = Autoencoder(*dense((4, 4), latent_dim=2, hidden=(8,)))
    assert "0: 8 of 8, 2 of 2, 8 of 8." in plots.anatomy(model, np.zeros((4, 4))).alt


@pytest.mark.slow
def test_what_cannot_be_drawn_is_named(digits):
    model = Autoencoder(*convolutional((28, 28), latent_dim=4))
    with pytest.raises(ValueError, match=r"Conv2D .* has no row of units to draw"):
        plots.anatomy(model, digits[0].reshape(28, 28))
    flat = Autoencoder(*dense(10, latent_dim=2))
    with pytest.raises(ValueError, match="x must be a square image, got 10 pixels"):
        plots.anatomy(flat, np.zeros(10))
    with pytest.raises(ValueError, match=r"x must have 2 dimensions \(n_samples, 10\)"):
        plots.anatomy(flat, np.zeros((10, 10)))
