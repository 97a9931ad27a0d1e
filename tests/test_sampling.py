"""Draws follow the density they are drawn from, and paths are what they are called."""

import itertools
from types import SimpleNamespace

from aebook.models import Autoencoder, dense
from aebook.sampling import (
    fit_code_mixture,
    interpolate,
    linear,
    sample_mixture,
    sample_prior,
    spherical,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
import numpy as np
import pytest
import scipy.spatial
import scipy.stats


class Codes:
    """A model that shows its codes: it decodes a code to itself."""

    def __init__(self, *shape):
        self.encoder = self.decoder = SimpleNamespace(input_shape=(None, *shape))

    def encode(self, x):
        return np.asarray(x, np.float64)

    def decode(self, z):
        return z


numbers = st.floats(-10, 10).filter(lambda v: v == 0 or abs(v) > 1e-3)
vectors = hnp.arrays(np.float64, st.integers(2, 6), elements=numbers)
codes = vectors.flatmap(
    lambda v: st.tuples(st.just(v), hnp.arrays(np.float64, v.shape, elements=numbers))
)


def angle(a, b):
    u, v = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return 2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))


# --- draws


def test_draws_from_the_prior_are_standard_normal():
    z = sample_prior(Codes(5), 4000)
    assert z.shape == (4000, 5)
    assert scipy.stats.kstest(z.ravel(), "norm").pvalue > 0.01
    correlation = np.corrcoef(z.T) - np.eye(5)
    assert abs(correlation).max() < 0.06  # 1/√4000 is 0.016


def test_codes_of_any_shape_are_drawn():
    assert sample_prior(Codes(2, 3), 4).shape == (4, 2, 3)


def test_the_same_seed_draws_the_same_images_and_more_of_them():
    model = Codes(3)
    np.testing.assert_array_equal(sample_prior(model, 9)[:4], sample_prior(model, 4))
    assert (sample_prior(model, 4, seed=1) != sample_prior(model, 4, seed=2)).all()


def test_images_are_decoded_codes():
    model = Autoencoder(*dense((4, 4), latent_dim=3))
    z = np.random.default_rng(7).standard_normal((6, 3))
    np.testing.assert_array_equal(sample_prior(model, 6, seed=7), model.decode(z))


@pytest.fixture(scope="module")
def clusters():
    """Three Gaussian clusters of known shares, means and covariances."""
    rng = np.random.default_rng(0)
    means = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    parts = [
        rng.normal(size=(n, 2)) + m
        for n, m in zip((300, 900, 1800), means, strict=True)
    ]
    parts[1][:, 1] += 0.8 * (parts[1][:, 0] - 10)  # correlated
    return np.concatenate(parts)


def test_the_mixture_finds_clusters_and_draws_them_again(clusters):
    mixture = fit_code_mixture(clusters, n_components=3)
    assert sorted(mixture.weights_.round(2).tolist()) == [0.1, 0.3, 0.6]
    drawn = sample_mixture(Codes(2), mixture, 4000)
    assert drawn.shape == (4000, 2)
    for axis in (0, 1):
        test = scipy.stats.ks_2samp(drawn[:, axis], clusters[:, axis])
        assert test.pvalue > 0.01
    in_second = drawn[drawn[:, 0] > 5]
    correlation = np.corrcoef(in_second.T)[0, 1]
    assert correlation == pytest.approx(0.8 / np.sqrt(1.64), abs=0.05)


def test_draws_of_a_mixture_come_in_random_order(clusters):
    mixture = fit_code_mixture(clusters, n_components=3)
    first, last = np.split(sample_mixture(Codes(2), mixture, 2000), 2)
    assert scipy.stats.ks_2samp(first[:, 0], last[:, 0]).pvalue > 0.01


def test_a_mixture_is_drawn_from_by_seed_and_stays_as_it_is(clusters):
    mixture = fit_code_mixture(clusters, n_components=3, seed=5)
    a, b, c = (sample_mixture(Codes(2), mixture, 50, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert (a != c).all()
    assert mixture.random_state == 5


def test_codes_with_more_axes_are_fitted_flat_and_drawn_in_shape():
    z = np.random.default_rng(0).normal(size=(200, 2, 3))
    mixture = fit_code_mixture(z, n_components=1)
    np.testing.assert_allclose(mixture.means_[0], z.reshape(200, 6).mean(0), atol=1e-6)
    assert sample_mixture(Codes(2, 3), mixture, 4).shape == (4, 2, 3)


# --- paths


@given(codes, st.sampled_from([linear, spherical]))
@pytest.mark.slow
def test_a_path_starts_and_ends_at_its_codes(pair, path):
    a, b = pair
    start, end = path(a, b, [0, 1])
    np.testing.assert_allclose(start, a, atol=1e-9)
    # beyond the line itself, an angle below 1e-7 is drawn straight
    np.testing.assert_allclose(end, b, atol=1e-5)


@given(codes)
@pytest.mark.slow
def test_an_arc_turns_by_equal_angles_and_changes_its_length_evenly(pair):
    a, b = pair
    assume(np.linalg.norm(a) > 0.1 and np.linalg.norm(b) > 0.1)
    points = spherical(a, b, np.linspace(0, 1, 5))
    lengths = np.linalg.norm(points, axis=1)
    expected = np.linspace(np.linalg.norm(a), np.linalg.norm(b), 5)
    np.testing.assert_allclose(lengths, expected, rtol=1e-6)
    steps = [angle(p, q) for p, q in itertools.pairwise(points)]
    np.testing.assert_allclose(steps, angle(a, b) / 4, atol=2e-7)


def test_the_arc_is_the_one_of_scipy():
    rng = np.random.default_rng(0)
    a, b = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 7)))
    t = np.linspace(0, 1, 9)
    expected = scipy.spatial.geometric_slerp(a, b, t)
    np.testing.assert_allclose(spherical(a, b, t), expected, atol=1e-12)
    np.testing.assert_allclose(spherical(3 * a, 3 * b, t), 3 * expected, atol=1e-12)


def test_the_line_cuts_through_the_shell_where_draws_lie_and_the_arc_does_not():
    a, b = np.random.default_rng(0).standard_normal((2, 1000))
    assert np.linalg.norm(linear(a, b, 0.5)) / np.sqrt(1000) == pytest.approx(
        np.sqrt(0.5), abs=0.05
    )
    assert np.linalg.norm(spherical(a, b, 0.5)) / np.sqrt(1000) == pytest.approx(
        1, abs=0.05
    )


def test_codes_in_one_direction_and_zero_are_joined_by_the_line():
    a, t = np.array([1.0, 2.0]), np.linspace(0, 1, 4)
    for b in (3 * a, a, 0 * a):
        np.testing.assert_allclose(spherical(a, b, t), linear(a, b, t), atol=1e-12)
        np.testing.assert_allclose(spherical(b, a, t), linear(b, a, t), atol=1e-12)
    assert (spherical(0 * a, 0 * a, t) == 0).all()


def test_opposite_codes_are_joined_by_a_half_circle():
    a = np.array([2.0, 0.0, 1.0])
    points = spherical(a, -3 * a, np.linspace(0, 1, 5))
    np.testing.assert_allclose(points[-1], -3 * a, atol=1e-12)
    np.testing.assert_allclose(points[2], [0, 2 * np.sqrt(5), 0], atol=1e-12)
    lengths = np.linalg.norm(points, axis=1)
    np.testing.assert_allclose(lengths, np.sqrt(5) * np.linspace(1, 3, 5))


def test_an_almost_opposite_pair_has_no_jump():
    a, b = np.array([1.0, 0.0]), np.array([-1.0, 1e-5])
    points = spherical(a, b, np.linspace(0, 1, 101))
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    np.testing.assert_allclose(steps, np.pi / 100, rtol=1e-3)


def test_where_on_the_path_may_be_a_number_or_an_array():
    a, b = np.zeros((2, 3)), np.ones((2, 3))
    for path in (linear, spherical):
        assert path(a, b, 0.3).shape == (2, 3)
        assert path(a, b, [0.1, 0.3, 0.5, 0.7]).shape == (4, 2, 3)
        np.testing.assert_allclose(path(a, b, 0.3), path(a, b, [0.1, 0.3])[1])


@pytest.mark.slow
def test_an_interpolation_runs_from_one_reconstruction_to_the_other(digits):
    model = Autoencoder(*dense(784, latent_dim=8, hidden=(16,)))
    x = digits[:2]
    for how in ("linear", "spherical"):
        images = interpolate(model, *x, steps=7, how=how)
        assert images.shape == (7, 784)
        ends = model.reconstruct(x)
        np.testing.assert_allclose(images[[0, -1]], ends, atol=1e-6)
    path = interpolate(Codes(2), [1.0, 0.0], [0.0, 1.0], 3, how="spherical")
    np.testing.assert_allclose(path[1], np.sqrt([0.5, 0.5]))


# --- what is refused


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: sample_prior(Codes(2), 0), ValueError, "n must be at least 1"),
        (
            lambda: sample_prior(Codes(2), 3, seed=-1),
            ValueError,
            "seed must be at leas",
        ),
        (
            lambda: fit_code_mixture(np.eye(4)),
            ValueError,
            "at most the 4 codes, got 10",
        ),
        (
            lambda: fit_code_mixture(np.eye(4) * np.nan, 2),
            ValueError,
            "codes must be fi",
        ),
        (
            lambda: sample_mixture(Codes(3), fit_code_mixture(np.eye(2), 1), 5),
            ValueError,
            "codes of 2 numbers, but the decoder takes 3; fit it to",
        ),
        (
            lambda: interpolate(Codes(2), [1, 2], [3, 4], how="round"),
            ValueError,
            "unknown path 'round'; known: linear, spherical",
        ),
        (
            lambda: interpolate(Codes(2), [[1, 2]], [3, 4]),
            ValueError,
            r"a must be one sample of shape \(2,\), got \(1, 2\); of several",
        ),
        (
            lambda: interpolate(Codes(2), [1, 2], [3, 4], steps=1),
            ValueError,
            "steps must be at least 2",
        ),
        (lambda: linear([1.0], [1.0, 2.0], 0), ValueError, "z_a and z_b must have the"),
        (lambda: linear([1.0], [np.inf], 0), ValueError, "z_b must be finite"),
        (lambda: linear([1.0], ["a"], 0), TypeError, "z_b must hold real numbers"),
        (lambda: spherical([1.0], [-2.0], 0.5), ValueError, "no arc between them; use"),
    ],
)
def test_bad_arguments_are_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()
