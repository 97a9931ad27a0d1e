"""The measures of a code agree with hand counts, SciPy and scikit-learn."""

from aebook.metrics import (
    active_units,
    code_usage,
    intrinsic_dimension,
    knn_probe,
    linear_probe,
    perplexity,
    trustworthiness,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
import numpy as np
import pytest
import scipy.spatial
import scipy.stats
import sklearn.datasets
from sklearn.decomposition import PCA
import sklearn.manifold
from sklearn.svm import LinearSVC

indices = hnp.arrays(
    np.int64, hnp.array_shapes(max_dims=2, max_side=20), elements=st.integers(0, 7)
)


# --- units and codebooks


def test_a_unit_counts_from_the_threshold_on():
    # ±a has variance a²
    means = np.array([[1, 1], [-1, -1]]) * np.sqrt([0.009, 0.011])
    assert active_units(means) == 1
    assert active_units(means, threshold=0.001) == 2
    assert active_units(means, threshold=0.02) == 0


def test_a_constant_unit_is_not_active_however_large():
    means = np.random.default_rng(0).normal(0, 1, (1000, 5))
    means[:, 1] = 1e4  # float32 sums of squares would show a variance
    means[:, 3] = -7
    assert active_units(means) == 3


def test_units_on_more_axes_are_all_counted():
    means = np.random.default_rng(0).normal(0, 1, (100, 2, 3, 4))
    assert active_units(means) == 24


@given(indices)
def test_usage_is_the_share_of_distinct_codes(k):
    assert code_usage(k, 8) == len(set(k.ravel().tolist())) / 8


@given(indices)
def test_perplexity_is_the_exponential_of_scipys_entropy(k):
    counts = np.bincount(k.ravel())
    expected = np.exp(scipy.stats.entropy(counts))
    assert perplexity(k, 8) == pytest.approx(expected, rel=1e-12)
    assert 1 - 1e-12 <= perplexity(k, 8) <= 8 * code_usage(k, 8) + 1e-9


def test_perplexity_does_not_depend_on_codes_that_never_occur():
    k = np.array([[3, 1, 1], [0, 3, 3]])
    assert perplexity(k, 4) == perplexity(k, 1000)
    assert code_usage(k, 4) == 250 * code_usage(k, 1000)


@pytest.mark.parametrize("measure", [code_usage, perplexity])
@pytest.mark.parametrize(
    ("k", "codes", "error", "message"),
    [
        ([0, 4], 4, ValueError, r"indices go from 0 to 4, expected \[0, 3\]"),
        ([-1, 2], 4, ValueError, "indices go from -1 to 2"),
        ([], 4, ValueError, "indices is empty"),
        ([0.0, 1.0], 4, TypeError, "indices must be whole numbers, got dtype float64"),
        ([0, 1], 0, ValueError, "codes must be at least 1"),
        ([0, 1], 2.0, TypeError, "codes must be a whole number"),
    ],
)
def test_indices_outside_the_codebook_are_refused(measure, k, codes, error, message):
    with pytest.raises(error, match=message):
        measure(k, codes)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([[1.0, 2.0]],), ValueError, r"at least 2 samples.*got shape \(1, 2\)"),
        (([1.0, 2.0],), ValueError, r"\(n, latent\), got shape \(2,\)"),
        (([[np.nan], [1.0]],), ValueError, "means must be finite"),
        (([[0.0], [1.0]], -1), ValueError, "threshold must be a finite number ≥ 0"),
    ],
)
def test_bad_means_are_refused_in_words(arguments, error, message):
    with pytest.raises(error, match=message):
        active_units(*arguments)


# --- probes


@pytest.fixture(scope="module")
def written():
    """Small scanned digits of scikit-learn, 8 × 8 pixels, in two halves."""
    x, y = sklearn.datasets.load_digits(return_X_y=True)
    return x[:900], y[:900], x[900:], y[900:]


def test_the_linear_probe_reads_digits_as_well_as_a_linear_svm(written):
    x, y, x_test, y_test = written
    svm = LinearSVC(random_state=0).fit(x / 16, y).score(x_test / 16, y_test)
    assert linear_probe(*written) == pytest.approx(svm, abs=0.03)  # 0.92 both


def test_the_linear_probe_does_not_mind_scale_and_shift(written):
    x, y, x_test, y_test = written
    rng = np.random.default_rng(0)
    scale, shift = np.exp(rng.normal(0, 3, 64)), rng.normal(0, 5, 64)
    moved = linear_probe(x * scale + shift, y, x_test * scale + shift, y_test)
    assert moved == pytest.approx(linear_probe(*written), abs=0.003)  # float32 rounding


def test_the_linear_probe_sees_planes_and_the_vote_sees_rings():
    rng = np.random.default_rng(0)
    radius = np.repeat([1.0, 3.0], 200)
    angle = rng.random(400) * 2 * np.pi
    codes = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    codes, y = codes + rng.normal(0, 0.1, codes.shape), np.repeat(["in", "out"], 200)
    train, test = slice(0, None, 2), slice(1, None, 2)
    rings = (codes[train], y[train], codes[test], y[test])
    assert linear_probe(*rings) < 0.65
    assert knn_probe(*rings) == 1


def test_codes_without_the_class_give_chance(written):
    _, y, _, y_test = written
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(900, 8)), y, rng.normal(size=(897, 8)), y_test
    # a tenth, within three standard errors of 897 guesses
    assert linear_probe(*noise) == pytest.approx(0.1, abs=0.03)
    assert knn_probe(*noise) == pytest.approx(0.1, abs=0.03)


@pytest.mark.slow
def test_the_nearest_neighbour_alone_is_a_lookup(written):
    x, y, x_test, y_test = written
    distances = ((x_test[:, None].astype(int) - x[None]) ** 2).sum(axis=2)
    expected = (y[distances.argmin(axis=1)] == y_test).mean()
    assert knn_probe(*written, n_neighbors=1) == pytest.approx(expected, abs=0.003)


def test_codes_with_more_axes_are_laid_out_flat(written):
    x, y, x_test, y_test = written
    images = x.reshape(-1, 8, 8), y, x_test.reshape(-1, 8, 8), y_test
    assert knn_probe(*images) == knn_probe(*written)


codes, y = np.eye(4), [0, 0, 1, 1]


@pytest.mark.parametrize("probe", [linear_probe, knn_probe])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (codes, y, codes[:, :3], y),
            ValueError,
            "as many numbers a code, got 4 and 3",
        ),
        (
            (codes, y[:3], codes, y),
            ValueError,
            "y_train must have one entry per sample",
        ),
        ((codes, y, codes, y[:3]), ValueError, "y_test must have one entry per sample"),
        ((codes[0], y, codes, y), ValueError, "codes_train must have at least 2 dim"),
        (
            (codes, y, np.full((4, 4), np.inf), y),
            ValueError,
            "codes_test must be finite",
        ),
        ((codes, [0.5] * 4, codes, y), TypeError, "y_train must be integers or str"),
    ],
)
def test_bad_probes_are_refused_in_words(probe, arguments, error, message):
    with pytest.raises(error, match=message):
        probe(*arguments)


def test_one_class_and_too_few_voters_are_refused():
    with pytest.raises(
        ValueError, match="at least 2 classes to tell apart, got only 7"
    ):
        linear_probe(codes, [7] * 4, codes, y)
    with pytest.raises(ValueError, match="at most the 4 training codes, got 5"):
        knn_probe(codes, y, codes, y)


# --- neighbours


def test_trustworthiness_by_its_definition():
    rng = np.random.default_rng(0)
    x, z = rng.random((30, 4), np.float32), rng.random((30, 2), np.float32)
    n, k, penalty = 30, 3, 0
    for i in range(n):
        rank = np.argsort(np.argsort(((x - x[i]) ** 2).sum(axis=1)))  # itself: 0
        near = np.argsort(((z - z[i]) ** 2).sum(axis=1))[1 : k + 1]
        penalty += np.maximum(0, rank[near] - k).sum()
    expected = 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * penalty
    assert trustworthiness(x, z, n_neighbors=k) == pytest.approx(expected, rel=1e-12)


@pytest.mark.slow
def test_principal_components_are_trusted_more_with_each_and_noise_is_not(digits):
    x = digits[:500]
    z = PCA(32, random_state=0).fit_transform(x)
    trust = [trustworthiness(x, z[:, :k]) for k in (1, 2, 8, 32)]
    assert trust == sorted(trust)
    assert trust[-1] > 0.98
    noise = np.random.default_rng(0).normal(size=(500, 8))
    assert trustworthiness(x, noise) == pytest.approx(0.5, abs=0.03)


def test_of_many_samples_some_are_drawn_by_the_seed(digits):
    x, z = digits[:300], digits[:300, 300:330]
    draw = [trustworthiness(x, z, max_samples=200, seed=s) for s in (0, 0, 1)]
    assert draw[0] == draw[1] != draw[2]
    rows = np.random.default_rng(0).choice(300, 200, replace=False)
    assert draw[0] == sklearn.manifold.trustworthiness(x[rows], z[rows], n_neighbors=5)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((np.eye(9), np.eye(8)), ValueError, "one row per sample, got 9 and 8"),
        (
            (np.eye(10), np.eye(10), 5),
            ValueError,
            "below half of the 10 samples, got 5",
        ),
        ((np.eye(10), np.eye(10), 0), ValueError, "n_neighbors must be at least 1"),
        ((np.eye(10), np.full((10, 1), np.inf)), ValueError, "codes must be finite"),
    ],
)
def test_bad_neighbours_are_refused_in_words(arguments, error, message):
    with pytest.raises(error, match=message):
        trustworthiness(*arguments)


# --- the dimension of the data themselves


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_a_curved_surface_has_the_dimension_of_its_coordinates(dimension):
    flat = np.random.default_rng(0).random((3000, dimension))
    turn = scipy.stats.ortho_group.rvs(20, random_state=0)[: 2 * dimension]
    curved = np.hstack([np.sin(flat), np.cos(flat)]) @ turn
    assert intrinsic_dimension(curved) == pytest.approx(dimension, rel=0.06)


def test_the_dimension_is_that_of_the_maximum_of_the_likelihood():
    x = np.random.default_rng(1).random((2000, 3))
    near = np.sort(scipy.spatial.distance.cdist(x, x), axis=1)
    likely = len(x) / np.log(near[:, 2] / near[:, 1]).sum()
    assert intrinsic_dimension(x) == pytest.approx(likely, rel=0.05)


def test_density_scale_and_repeats_change_no_dimension():
    x = np.random.default_rng(0).random((1000, 2)).astype(np.float32)
    dimension = intrinsic_dimension(x)
    assert intrinsic_dimension(8 * x - 16) == pytest.approx(dimension, abs=1e-3)
    assert intrinsic_dimension(np.tile(x, (3, 1))) == dimension
    denser = x**2 + [3, 0]
    assert intrinsic_dimension(denser) == pytest.approx(2, abs=0.15)


def test_noise_shows_its_own_dimensions_to_who_looks_closely():
    rng = np.random.default_rng(0)
    line = rng.random((4000, 1)) * np.ones(10)
    noisy = line + rng.normal(0, 0.002, line.shape)
    far, close = intrinsic_dimension(noisy[::80]), intrinsic_dimension(noisy)
    assert far < 1.5 < 4 < close


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: intrinsic_dimension(np.eye(9)), ValueError, "at least 10 .* got 9"),
        (lambda: intrinsic_dimension(np.ones((50, 2))), ValueError, "that differ, got"),
        (lambda: intrinsic_dimension([]), ValueError, "x is empty"),
        (lambda: intrinsic_dimension([[np.nan]] * 20), ValueError, "must be finite"),
        (lambda: intrinsic_dimension(["a"] * 20), TypeError, "real numbers"),
        (lambda: intrinsic_dimension(np.eye(20), discard=1), ValueError, "in .0, 1."),
        (
            lambda: intrinsic_dimension(np.eye(20), max_samples=5),
            ValueError,
            "least 10",
        ),
    ],
)
def test_what_has_no_dimension_is_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()
