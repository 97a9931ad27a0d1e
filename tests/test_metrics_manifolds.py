"""Precision and recall of samples, and the nearest neighbour of each."""

from aebook import data
from aebook.metrics import (
    digit_features,
    manifolds,
    nearest_neighbours,
    precision_and_recall,
)
import numpy as np
import pytest
from scipy.spatial.distance import cdist


def clouds(*centres, n=200, seed=0):
    """Return n draws around each centre in the plane."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(c, 0.1, (n, 2)) for c in centres])


def share_by_loops(known, asked, k):
    """The definition, point by point."""
    radii = [np.sort(np.linalg.norm(known - r, axis=1))[k] for r in known]
    inside = [
        any(
            np.linalg.norm(a - r) <= radius
            for r, radius in zip(known, radii, strict=True)
        )
        for a in asked
    ]
    return np.mean(inside)


def test_it_is_the_definition_carried_out_point_by_point(monkeypatch):
    monkeypatch.setattr(manifolds, "ROWS", 8)
    rng = np.random.default_rng(0)
    real, generated = rng.normal(size=(40, 3)), rng.normal(0.7, 1, (30, 3))
    real, generated = real.astype(np.float32), generated.astype(np.float32)
    for k in (1, 3):
        got = precision_and_recall(real, generated, k)
        assert got.precision == share_by_loops(real, generated, k)
        assert got.recall == share_by_loops(generated, real, k)
        assert 0 < got.recall < 1 and 0 < got.precision < 1


def test_a_generator_of_half_of_the_kinds_is_precise_and_recalls_a_half():
    real = clouds((0, 0), (5, 5))
    got = precision_and_recall(real, clouds((0, 0), n=400, seed=1))
    assert got.precision > 0.9
    assert got.recall == pytest.approx(0.5, abs=0.05)


def test_half_noise_costs_precision_and_no_recall():
    real = clouds((0, 0))
    got = precision_and_recall(real, np.concatenate([real, clouds((9, 9), (-9, 5))]))
    assert got.precision == pytest.approx(1 / 3)
    assert got.recall == 1


def test_copies_of_one_good_sample_have_no_recall():
    real = clouds((0, 0))
    got = precision_and_recall(real, np.repeat(real[:1], 50, axis=0))
    assert got.precision == 1
    assert got.recall == 1 / 200


def test_exchanging_the_sets_exchanges_the_numbers_and_units_do_not_matter():
    a, b = clouds((0, 0)), clouds((0.1, 0), seed=1)
    got = precision_and_recall(a, b)
    assert precision_and_recall(b, a) == got[::-1]
    assert precision_and_recall(1000 * a, 1000 * b) == got


@pytest.mark.parametrize("function", [precision_and_recall, nearest_neighbours])
@pytest.mark.parametrize(
    ("first", "error", "message"),
    [
        (np.zeros((0, 2)), ValueError, "is empty"),
        (np.full((9, 2), np.nan), ValueError, "must be finite"),
        (np.zeros((9, 3)), ValueError, "width|as many numbers"),
        (np.full((9, 2), "a"), TypeError, "real numbers"),
    ],
    ids="empty nan width text".split(),
)
def test_bad_sets_are_refused_in_words(function, first, error, message):
    with pytest.raises(error, match=message):
        function(first, np.eye(9)[:, :2])


def test_more_neighbours_than_there_are_is_refused():
    with pytest.raises(ValueError, match=r"more than 3 vectors each.*\(3, 2\)"):
        precision_and_recall(np.zeros((3, 2)), np.zeros((9, 2)))
    with pytest.raises(ValueError, match="at most the 2 known, got 3"):
        nearest_neighbours(np.zeros((3, 2)), np.zeros((2, 2)), 3)


def test_the_nearest_are_those_of_all_distances():
    rng = np.random.default_rng(0)
    x, known = rng.random((7, 4, 4)), rng.random((20, 4, 4))
    got = nearest_neighbours(x, known, 3)
    distances = cdist(x.reshape(7, -1), known.reshape(20, -1))
    np.testing.assert_array_equal(got.indices, distances.argsort(axis=1)[:, :3])
    np.testing.assert_allclose(
        got.distances, np.sort(distances, axis=1)[:, :3], rtol=1e-5
    )


@pytest.mark.slow
def test_digits_of_one_class_recall_less_than_those_of_all():
    mnist = data.load_mnist()
    rows = np.random.default_rng(0).permutation(10_000)
    real, other = digit_features(mnist.x_test[rows[:1000]]), rows[1000:]
    ones = other[mnist.y_test[other] == 1][:900]
    all_kinds = precision_and_recall(real, digit_features(mnist.x_test[other[:900]]))
    one_kind = precision_and_recall(real, digit_features(mnist.x_test[ones]))
    assert all_kinds.precision > 0.8 and all_kinds.recall > 0.8
    assert one_kind.precision > 0.8 and one_kind.recall < 0.3


def test_features_are_asked_of_digits_only():
    with pytest.raises(ValueError, match=r"x must be digits.*knows MNIST only"):
        digit_features(np.zeros((5, 32, 32)))
