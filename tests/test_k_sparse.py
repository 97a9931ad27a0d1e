"""Exactly k numbers pass, whatever they are."""

from aebook.models import KSparseAutoencoder, convolutional, dense
import keras
from keras import ops
import numpy as np
import pytest


def passed(h, k, dtype="float32"):
    """What the bottleneck lets pass of codes `h`."""
    h = np.asarray(h, "float32")
    pair = dense(9, h.shape[-1], hidden=())
    if h.ndim == 4:
        pair = convolutional((8, 8), h.shape[-1], (2,), flat=False)
    z = KSparseAutoencoder(*pair, k=k).bottleneck(ops.convert_to_tensor(h, dtype))
    assert keras.backend.standardize_dtype(z.dtype) == dtype
    return ops.convert_to_numpy(ops.cast(z, "float32"))


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("k", [1, 3, 7, 8])
@pytest.mark.parametrize("shape", [(5, 8), (5, 4, 4, 8)])
@pytest.mark.parametrize("levels", [1, 2, 4])
@pytest.mark.slow
def test_exactly_k_numbers_pass_when_many_are_equal(shape, levels, k, dtype):
    h = 1.0 + np.random.default_rng(0).integers(levels, size=shape)
    z = passed(h, k, dtype)
    assert (np.count_nonzero(z, axis=-1) == k).all()
    kept = np.sort(z, axis=-1)[..., -k:]
    np.testing.assert_array_equal(kept, np.sort(h, axis=-1)[..., -k:])
    np.testing.assert_array_equal(z, np.where(z > 0, h, 0))


def test_of_equals_the_first_pass():
    z = passed([[2, 5, 2, 2, 1], [-1, -1, -1, -1, -1]], k=3)
    assert z.tolist() == [[2, 5, 2, 0, 0], [-1, -1, -1, 0, 0]]


def test_half_precision_makes_equals_of_numbers_that_differ():
    h = 1 + np.arange(8)[None] * 1e-5
    assert np.count_nonzero(passed(h, 2, "float16")) == 2


@pytest.mark.slow
def test_the_gradient_reaches_what_passed_and_nothing_else():
    keras.utils.set_random_seed(0)
    model = KSparseAutoencoder(*dense(4, 6, hidden=(), output_activation="linear"), k=2)
    code = model.encoder.get_layer("code")
    code.set_weights([np.ones((4, 6)), np.zeros(6)])  # all of a code are equal
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(np.eye(4, dtype="float32"), epochs=1, batch_size=4, verbose=0)
    changed = (code.get_weights()[0] != 1).any(axis=0)
    assert changed.tolist() == [True, True, False, False, False, False]
