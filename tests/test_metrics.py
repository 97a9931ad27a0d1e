"""The metrics agree with hand counts, with scikit-learn and with scikit-image."""

from aebook.metrics import (
    error_by_class,
    mse_per_pixel,
    psnr,
    squared_error_per_image,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio
import sklearn.metrics

shapes = hnp.array_shapes(min_dims=2, max_dims=4, max_side=6)
unit = st.floats(0, 1, width=32)
pairs = shapes.flatmap(
    lambda shape: st.tuples(*[hnp.arrays(np.float32, shape, elements=unit)] * 2)
)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    x = rng.random((50, 28, 28), np.float32)
    return x, np.clip(x + rng.normal(0, 0.1, x.shape), 0, 1).astype(np.float32)


def test_the_two_units_differ_by_the_number_of_pixels(images):
    per_image = squared_error_per_image(*images)
    assert per_image.shape == (50,)
    assert per_image.mean() / mse_per_pixel(*images) == pytest.approx(784, rel=1e-12)


def test_one_wrong_pixel_counts_as_one_however_large_the_image():
    x = np.zeros((2, 28, 28))
    x_hat = x.copy()
    x_hat[1, 3, 4] = 1
    assert squared_error_per_image(x, x_hat).tolist() == [0, 1]
    assert mse_per_pixel(x, x_hat) == 1 / (2 * 784)


@given(pairs)
@pytest.mark.slow
def test_mse_is_the_one_of_scikit_learn(pair):
    x, x_hat = (a.reshape(len(a), -1).astype(np.float64) for a in pair)
    expected = sklearn.metrics.mean_squared_error(x, x_hat)
    assert mse_per_pixel(*pair) == pytest.approx(expected, rel=1e-6, abs=1e-16)


@given(pairs)
def test_errors_are_symmetric_and_do_not_mind_flattening(pair):
    x, x_hat = pair
    errors = squared_error_per_image(x, x_hat)
    assert (errors >= 0).all()
    np.testing.assert_array_equal(squared_error_per_image(x_hat, x), errors)
    flat = (a.reshape(len(a), -1) for a in pair)
    np.testing.assert_array_equal(squared_error_per_image(*flat), errors)
    assert (squared_error_per_image(x, x) == 0).all()


@given(pairs, st.randoms(use_true_random=False))
@pytest.mark.slow
def test_errors_follow_their_images_when_the_order_changes(pair, random):
    x, x_hat = pair
    order = list(range(len(x)))
    random.shuffle(order)
    np.testing.assert_array_equal(
        squared_error_per_image(x[order], x_hat[order]),
        squared_error_per_image(x, x_hat)[order],
    )


def test_many_small_errors_are_added_without_loss():
    x = np.zeros((1, 20_000_000), np.float32)  # float32 sums would stop growing
    x_hat = np.full_like(x, 0.1)
    expected = 20_000_000 * float(np.float32(0.1)) ** 2
    assert squared_error_per_image(x, x_hat)[0] == pytest.approx(expected, rel=1e-12)


def test_psnr_is_the_one_of_scikit_image_for_each_image(images):
    pairs = zip(*images, strict=True)
    expected = [peak_signal_noise_ratio(*pair, data_range=1) for pair in pairs]
    np.testing.assert_allclose(psnr(*images), expected, rtol=1e-12)


def test_psnr_of_a_tenth_of_the_range_is_twenty_decibels():
    x = np.zeros((3, 5))
    np.testing.assert_allclose(psnr(x, x + 0.1), 20, rtol=1e-6)
    np.testing.assert_allclose(psnr(x, x + 25.5, data_range=255), 20, rtol=1e-6)


def test_psnr_does_not_depend_on_the_scale(images):
    x, x_hat = images
    scaled = psnr(255 * x, 255 * x_hat, data_range=255)
    np.testing.assert_allclose(scaled, psnr(x, x_hat), rtol=1e-6)


def test_an_exact_copy_has_infinite_psnr_and_warns_of_nothing(images):
    x, _ = images
    assert np.isposinf(psnr(x, x)).all()


def test_errors_by_class_by_hand():
    x = np.array([[1, 1], [0, 1], [0, 0], [1, 0]])
    x_hat = np.zeros((4, 2))
    result = error_by_class(x, x_hat, ["b", "a", "a", "c"])
    assert list(result) == ["a", "b", "c"]
    assert [tuple(v) for v in result.values()] == [(0.5, 2), (2.0, 1), (1.0, 1)]


@given(pairs, st.data())
@pytest.mark.slow
def test_class_errors_average_to_the_error_of_the_whole(pair, data):
    labels = data.draw(hnp.arrays(np.uint8, len(pair[0]), elements=st.integers(0, 9)))
    result = error_by_class(*pair, labels)
    assert set(result) == set(labels.tolist())
    assert sum(c.n for c in result.values()) == len(labels)
    total = sum(c.error * c.n for c in result.values())
    expected = squared_error_per_image(*pair).sum()
    assert total == pytest.approx(expected, rel=1e-9, abs=1e-30)


ok = np.zeros((3, 4))
nan = np.where(np.eye(3, 4), np.nan, 0)


@pytest.mark.parametrize(
    "metric",
    [
        mse_per_pixel,
        squared_error_per_image,
        psnr,
        lambda x, x_hat: error_by_class(x, x_hat, [0, 1, 2]),
    ],
    ids=["mse_per_pixel", "squared_error_per_image", "psnr", "error_by_class"],
)
@pytest.mark.parametrize(
    ("x", "x_hat", "error", "message"),
    [
        (ok, ok[:2], ValueError, r"same shape, got \(3, 4\) and \(2, 4\)"),
        (ok, ok.reshape(3, 2, 2), ValueError, r"got \(3, 4\) and \(3, 2, 2\)"),
        (ok[0], ok[0], ValueError, r"at least 2 dimensions.*x\[None\]"),
        (nan, ok, ValueError, "3 of 3 samples hold NaN"),
        (ok, nan, ValueError, "x_hat must be finite"),
        (ok[:0], ok[:0], ValueError, "x is empty"),
        ([["a"]], [["b"]], TypeError, "real numbers"),
        (ok, None, TypeError, "x_hat must hold real numbers"),
    ],
)
def test_bad_images_are_refused_in_words(metric, x, x_hat, error, message):
    with pytest.raises(error, match=message):
        metric(x, x_hat)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: psnr(255 * np.eye(3), np.eye(3)), ValueError, "x spans 255, more"),
        (lambda: psnr(ok, ok, data_range=0), ValueError, "data_range must be"),
        (lambda: psnr(ok, ok, data_range="1"), TypeError, "data_range must be a num"),
        (lambda: error_by_class(ok, ok, [0, 1]), ValueError, r"\(3,\), got shape \(2,"),
        (lambda: error_by_class(ok, ok, np.eye(3, dtype=int)), ValueError, "one entry"),
        (lambda: error_by_class(ok, ok, [0.5, 1, 2]), TypeError, "integers or strings"),
        (lambda: error_by_class(ok, ok, None), TypeError, "integers or strings"),
    ],
)
def test_bad_options_are_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()
