"""The distance between sets of digits is unbiased and grows with what is wrong."""

import itertools
import random

from aebook import data
from aebook.metrics import sample_distance, samples, squared_mmd
import keras
import numpy as np
import pytest
import scipy.ndimage

# --- the estimate


def test_the_estimate_on_three_points_by_hand():
    # kernel of numbers: (ab + 1)³; a = 0, 1, 2 and b = 1, 1, -1
    within_a = 2 * (1 + 1 + 27) / 6
    within_b = 2 * (8 + 0 + 0) / 6
    between = (1 + 1 + 1 + 8 + 8 + 0 + 27 + 27 - 1) / 9
    value, _ = squared_mmd([[0.0], [1.0], [2.0]], [[1.0], [1.0], [-1.0]])
    assert value == pytest.approx(within_a + within_b - 2 * between, rel=1e-12)


def test_the_standard_error_is_the_jackknife_carried_out():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(7, 3)), rng.normal(0.5, 1, size=(5, 3))
    a, b = a.astype(np.float32), b.astype(np.float32)
    variance = 0
    for own, estimate in (
        (a, lambda rest: squared_mmd(rest, b).value),
        (b, lambda rest: squared_mmd(a, rest).value),
    ):
        n = len(own)
        left_out = [estimate(np.delete(own, i, axis=0)) for i in range(n)]
        variance += (n - 1) / n * np.sum((left_out - np.mean(left_out)) ** 2)
    error = squared_mmd(a, b).standard_error
    assert error == pytest.approx(np.sqrt(variance), rel=1e-9)


def test_large_sets_are_summed_in_pieces_to_the_same_value(monkeypatch):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(50, 4)), rng.normal(size=(37, 4))
    whole = squared_mmd(a, b)
    monkeypatch.setattr("aebook.metrics.mmd.ROWS", 8)
    assert squared_mmd(a, b) == pytest.approx(whole, rel=1e-9)


@pytest.mark.slow
def test_it_is_unbiased_for_gaussians_whose_distance_is_known():
    # E (ab + 1)³ over independent a, b: 1 + 3 E[a]E[b] + 3 E[a²]E[b²] + E[a³]E[b³]
    mean, deviation = 0.5, 1.5
    moments = np.array([[0, 1, 0], [mean, 2.5, mean**3 + 3 * mean * deviation**2]])
    exact = np.sum([3, 3, 1] * (moments[0] - moments[1]) ** 2)
    rng = np.random.default_rng(0)
    values = [
        squared_mmd(rng.normal(size=(8, 1)), rng.normal(mean, deviation, (12, 1))).value
        for _ in range(4000)
    ]
    error = np.std(values) / np.sqrt(len(values))
    assert np.mean(values) == pytest.approx(exact, abs=3 * error)
    assert error < 0.1 * exact  # or the line above could not fail


def test_exchanging_the_sets_changes_nothing():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(9, 2)), rng.normal(size=(6, 2))
    assert squared_mmd(a, b) == pytest.approx(squared_mmd(b, a), rel=1e-9)


@pytest.mark.parametrize(
    ("a", "b", "error", "message"),
    [
        (
            np.eye(3),
            np.eye(4),
            ValueError,
            r"same width, got shapes \(3, 3\) and \(4, 4",
        ),
        (np.eye(3), np.eye(3)[:2], ValueError, "at least 3 vectors each"),
        (np.zeros((3, 2, 2)), np.eye(3), ValueError, "a must have 2 dimensions"),
        (np.eye(3), np.full((3, 3), np.nan), ValueError, "b must be finite"),
    ],
)
def test_bad_sets_are_refused_in_words(a, b, error, message):
    with pytest.raises(error, match=message):
        squared_mmd(a, b)


# --- digits


@pytest.fixture(scope="module")
def test_set():
    """2,000 test digits in random order, and their classes."""
    mnist = data.load_mnist()
    rows = np.random.default_rng(0).permutation(10_000)[:2000]
    return mnist.x_test[rows], mnist.y_test[rows]


@pytest.mark.slow
def test_the_network_behind_the_distance_knows_its_digits():
    mnist = data.load_mnist()
    network = samples._train()
    _, accuracy = network.evaluate(
        mnist.x_test, mnist.y_test, batch_size=500, verbose=0
    )
    assert accuracy > 0.97  # 0.975 measured


@pytest.mark.slow
def test_two_random_halves_of_the_test_digits_are_alike(test_set):
    x, _ = test_set
    features = samples._features(x)
    rng = np.random.default_rng(0)
    estimates = []
    for _ in range(30):
        order = rng.permutation(len(x))[:600]
        estimates.append(squared_mmd(features[order[:300]], features[order[300:]]))
    value, error = np.array(estimates).T
    assert abs(value.mean()) < 3 * value.std() / np.sqrt(30)
    assert (value < 0).any() and (abs(value) < 3 * error).all()
    # the jackknife is on the safe side here, by at most √2 and what 30 draws leave
    assert 0.8 < error.mean() / value.std() < 1.8


@pytest.mark.slow
def test_the_standard_error_is_the_spread_over_other_samples(test_set):
    x, _ = test_set
    features = samples._features(x), samples._features(1 - x)
    rng = np.random.default_rng(0)
    estimates = []
    for _ in range(100):
        order = rng.permutation(len(x))[:200]
        estimates.append(
            squared_mmd(features[0][order[:100]], features[1][order[100:]])
        )
    value, error = np.array(estimates).T
    assert value.mean() > 10 * error.mean()  # the two are far apart
    assert error.mean() == pytest.approx(value.std(), rel=0.25)  # 100 draws leave 7 %


@pytest.mark.slow
def test_the_distance_grows_with_noise_and_with_blur(test_set):
    real, other = np.split(test_set[0], 2)
    noise = np.random.default_rng(0).normal(size=other.shape)
    noisy = [
        sample_distance(real, np.clip(other + s * noise, 0, 1))
        for s in (0, 0.2, 0.4, 0.8)
    ]
    blurred = [
        sample_distance(real, scipy.ndimage.gaussian_filter(other, (0, s, s)))
        for s in (0, 0.6, 1, 2)
    ]
    for steps in (noisy, blurred):
        assert abs(steps[0].value) < 3 * steps[0].standard_error
        for less, more in itertools.pairwise(steps):
            assert more.value - less.value > 2 * more.standard_error


@pytest.mark.slow
def test_many_copies_of_one_good_digit_are_far_from_real(test_set):
    real, other = np.split(test_set[0], 2)
    blurred = sample_distance(real, scipy.ndimage.gaussian_filter(other, (0, 1, 1)))
    for image in (other.mean(axis=0), other[0]):
        assert sample_distance(real, np.repeat(image[None], 200, 0)).value > 1
    one_class = sample_distance(real, test_set[0][test_set[1] == 1])
    assert one_class.value > blurred.value


@pytest.mark.slow
def test_the_shape_of_the_digits_does_not_matter(test_set):
    real, other = np.split(test_set[0][:200], 2)
    expected = sample_distance(real, other)
    assert sample_distance(data.flatten(real), other[..., None]) == expected


@pytest.mark.slow
def test_training_the_network_leaves_the_seeds_of_the_caller_alone(monkeypatch):
    monkeypatch.setattr(samples, "IMAGES", 500)
    monkeypatch.setattr(samples, "EPOCHS", 1)

    def next_draws(train):
        keras.utils.set_random_seed(3)
        if train:
            samples._train.__wrapped__()
        kernel = keras.layers.Dense(1)
        kernel.build((None, 1))
        return random.random(), float(kernel.get_weights()[0][0, 0])

    assert next_draws(train=True) == next_draws(train=False)


@pytest.mark.slow
def test_the_network_does_not_depend_on_the_seeds_of_the_caller(monkeypatch):
    monkeypatch.setattr(samples, "IMAGES", 500)
    monkeypatch.setattr(samples, "EPOCHS", 1)
    weights = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        weights.append(samples._train.__wrapped__().get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize(
    ("generated", "message"),
    [
        (np.zeros((5, 27, 28)), "generated must be digits.*knows MNIST only"),
        (np.full((5, 28, 28), 255.0), "generated has values from 255 to 255.*by 255"),
        (np.zeros((2, 28, 28)), "generated must be at least 3 digits, got 2"),
    ],
)
def test_what_is_no_set_of_digits_is_refused_before_any_work(
    generated, message, monkeypatch
):
    monkeypatch.setattr(samples, "_extractor", None)
    with pytest.raises(ValueError, match=message):
        sample_distance(np.zeros((3, 28, 28)), generated)
