"""Structural similarity is scikit-image's, image by image."""

from aebook.metrics import squared_error_per_image, ssim
import numpy as np
import pytest
import scipy.ndimage
from skimage.metrics import structural_similarity


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    x = rng.random((12, 20, 28), np.float32)
    return x, np.clip(x + rng.normal(0, 0.2, x.shape), 0, 1).astype(np.float32)


def test_ssim_is_the_one_of_scikit_image_for_each_image(images):
    pairs = zip(*(a.astype(float) for a in images), strict=True)
    expected = [structural_similarity(*pair, data_range=1) for pair in pairs]
    np.testing.assert_allclose(ssim(*images), expected, rtol=1e-12)
    assert 0.3 < min(expected) < max(expected) < 0.99


def test_ssim_by_hand_in_one_window():
    x = np.arange(9.0).reshape(1, 3, 3) / 8
    x_hat = 1 - x
    c1, c2 = 0.01**2, 0.03**2
    mean, variance = 0.5, x.var(ddof=1)
    same = (2 * mean**2 + c1) / (2 * mean**2 + c1)
    opposite = (-2 * variance + c2) / (2 * variance + c2)
    # with a window of all 9 pixels only the middle one is counted
    np.testing.assert_allclose(ssim(x, x_hat), [same * opposite], rtol=1e-6)


def test_flat_digits_and_a_channel_axis_change_nothing(digits):
    x = digits[:5]
    x_hat = np.roll(x, 1, axis=0)
    expected = ssim(x.reshape(5, 28, 28), x_hat.reshape(5, 28, 28))
    np.testing.assert_array_equal(ssim(x, x_hat), expected)
    channel = (5, 28, 28, 1)
    np.testing.assert_allclose(
        ssim(x.reshape(channel), x_hat.reshape(channel)), expected
    )


def test_colours_are_averaged(images):
    x, x_hat = images
    colours = [np.stack([a, a[::-1], a[:, ::-1]], axis=-1) for a in images]
    each = [
        ssim(x, x_hat),
        ssim(x[::-1], x_hat[::-1]),
        ssim(x[:, ::-1], x_hat[:, ::-1]),
    ]
    np.testing.assert_allclose(ssim(*colours), np.mean(each, axis=0), rtol=1e-6)


def test_an_exact_copy_scores_one_and_nothing_more(images):
    x, x_hat = images
    np.testing.assert_allclose(ssim(x, x), 1, rtol=1e-12)
    assert (ssim(x, x_hat) < 1).all()
    np.testing.assert_allclose(ssim(x, x_hat), ssim(x_hat, x), rtol=1e-9)


def test_ssim_does_not_depend_on_the_scale(images):
    scaled = ssim(*(255 * a for a in images), data_range=255)
    np.testing.assert_allclose(scaled, ssim(*images), rtol=1e-5)


def test_a_blur_scores_below_a_shift_of_the_same_squared_error(digits):
    x = digits[:20].reshape(-1, 28, 28) * 0.5 + 0.25
    blurred = scipy.ndimage.gaussian_filter(x, (0, 1.5, 1.5))
    error = squared_error_per_image(x, blurred)
    shifted = x + np.sqrt(error / 784)[:, None, None]
    np.testing.assert_allclose(squared_error_per_image(x, shifted), error, rtol=1e-4)
    assert (ssim(x, blurred) < ssim(x, shifted) - 0.05).all()


@pytest.mark.parametrize("side", [3, 4, 5, 6, 7])
def test_small_images_get_the_window_that_fits(side):
    rng = np.random.default_rng(side)
    x, x_hat = rng.random((2, 2, side, side + 3))
    window = side if side % 2 else side - 1
    expected = structural_similarity(x[0], x_hat[0], data_range=1, win_size=window)
    assert ssim(x, x_hat)[0] == pytest.approx(expected, rel=1e-5)


ok = np.zeros((3, 8, 8))


@pytest.mark.parametrize(
    ("x", "x_hat", "options", "error", "message"),
    [
        (ok, ok[:2], {}, ValueError, r"same shape, got \(3, 8, 8\) and \(2, 8, 8\)"),
        (ok[0, :, :7], ok[0, :, :7], {}, ValueError, r"x must be images.*x\[None\]"),
        (ok[..., None, None], ok[..., None, None], {}, ValueError, "x must be images"),
        (ok[:, :2], ok[:, :2], {}, ValueError, "at least 3 × 3 pixels, got shape"),
        (ok[:, :2, :2].reshape(3, 4),) * 2 + ({}, ValueError, "at least 3 × 3 pixels"),
        (255 * np.eye(8)[None],) * 2 + ({}, ValueError, "x spans 255, more than"),
        (ok, ok, {"data_range": 0}, ValueError, "data_range must be a finite number"),
        (ok, ok * np.nan, {}, ValueError, "x_hat must be finite"),
        (ok, None, {}, TypeError, "x_hat must hold real numbers"),
    ],
)
def test_what_is_no_image_is_refused_in_words(x, x_hat, options, error, message):
    with pytest.raises(error, match=message):
        ssim(x, x_hat, **options)
