"""The Jacobian's norm agrees with closed forms and finite differences."""

from aebook.metrics import jacobian_norm
from aebook.models import Autoencoder, VariationalAutoencoder, dense
import keras
import numpy as np
import pytest


def test_of_a_linear_encoder_it_is_the_norm_of_the_weights():
    model = Autoencoder(*dense(10, 3, hidden=()))
    weights = model.encoder.get_weights()[0]
    x = np.random.default_rng(0).normal(size=(5, 10))
    np.testing.assert_allclose(jacobian_norm(model, x), np.linalg.norm(weights), 1e-5)
    np.testing.assert_array_equal(
        jacobian_norm(model.encoder, x), jacobian_norm(model, x)
    )


def test_of_a_sigmoid_layer_it_is_the_closed_form_of_the_contractive_paper():
    encoder, _ = dense(10, 4, hidden=(), code_activation="sigmoid")
    w, b = encoder.get_weights()
    x = np.random.default_rng(0).normal(size=(7, 10)).astype(np.float32)
    h = 1 / (1 + np.exp(-(x @ w + b)))
    expected = np.sqrt((h * (1 - h)) ** 2 @ (w**2).sum(axis=0))
    np.testing.assert_allclose(jacobian_norm(encoder, x), expected, rtol=1e-5)


@pytest.mark.slow
def test_of_a_deep_encoder_it_is_what_finite_differences_give():
    model = Autoencoder(*dense((3, 4), 5, hidden=(16,), activation="tanh"))
    x = np.random.default_rng(0).random((2, 3, 4))
    step = 1e-2 * np.eye(12).reshape(12, 3, 4)
    for sample, norm in zip(x, jacobian_norm(model, x), strict=True):
        change = model.encode(sample + step) - model.encode(sample - step)
        # float32 and the third derivative leave 1e-4 at this step
        assert norm == pytest.approx(np.linalg.norm(change / 2e-2), rel=1e-3)


def test_of_a_variational_encoder_the_means_count_alone():
    model = VariationalAutoencoder(*dense(10, 3, hidden=(), gaussian=True))
    weights = model.encoder.get_weights()[0]
    expected = np.linalg.norm(weights[:, :3])
    norms = jacobian_norm(model, np.zeros((2, 10)))
    np.testing.assert_allclose(norms, expected, rtol=1e-5)


def test_a_random_small_change_moves_the_code_by_the_norm_over_the_root_of_d():
    model = Autoencoder(*dense(50, 8, hidden=()))
    change = np.random.default_rng(0).normal(size=(20_000, 50))
    change /= np.linalg.norm(change, axis=1, keepdims=True)
    weights = model.encoder.get_weights()[0]
    moved = np.sqrt(np.mean(np.sum((change @ weights) ** 2, axis=1)))
    norm = jacobian_norm(model, np.zeros((1, 50)))[0]
    assert moved == pytest.approx(norm / np.sqrt(50), rel=0.02)


def test_the_batch_size_changes_nothing():
    model = Autoencoder(*dense(6, 2))
    x = np.random.default_rng(0).random((9, 6))
    np.testing.assert_allclose(
        jacobian_norm(model, x, batch_size=4), jacobian_norm(model, x), rtol=1e-6
    )


def test_a_code_with_more_axes_is_taken():
    x = np.random.default_rng(0).random((3, 4, 2)).astype(np.float32)
    norms = jacobian_norm(keras.ops.square, x)  # diagonal: 2x
    np.testing.assert_allclose(norms, np.sqrt((4 * x**2).sum(axis=(1, 2))), rtol=1e-6)


@pytest.mark.parametrize(
    ("model", "x", "error", "message"),
    [
        (
            np.eye(3),
            np.eye(3),
            TypeError,
            "an encoder or a function of tensors, got nda",
        ),
        (keras.ops.square, [[np.nan]], ValueError, "x must be finite"),
        (keras.ops.square, np.zeros((0, 3)), ValueError, "x is empty"),
    ],
)
def test_what_has_no_jacobian_is_refused(model, x, error, message):
    with pytest.raises(error, match=message):
        jacobian_norm(model, x)
