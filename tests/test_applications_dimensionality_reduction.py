"""Maps are judged by measures that give known answers on known surfaces."""

import pickle

from aebook.applications import (
    compare_maps,
    map_autoencoder,
    picture_grid,
    quantize,
    swiss_roll,
    turned,
)
import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, Isomap
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(0)
PLANE = rng.random((300, 2))
IN_SPACE = PLANE @ rng.normal(size=(2, 7))
CLASSES = (PLANE[:, 0] > 0.5).astype(int)


class Given(TransformerMixin, BaseEstimator):
    """Puts out codes that were made by hand."""

    def __init__(self, codes):
        self.codes = codes

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return self.codes


# --- comparing maps


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    return (x / 16)[:600], y[:600], (x / 16)[600:800], y[600:800]


def test_a_plane_in_space_is_mapped_without_a_fault():
    found = compare_maps({"PCA": PCA(2)}, IN_SPACE, CLASSES)["PCA"]
    assert found.trustworthiness == found.continuity == 1
    assert found.accuracy > 0.97


def test_a_fold_costs_trust_and_a_tear_costs_continuity():
    away = 9.0 * (PLANE[:, :1] > 0.5) * [1, 0]
    folded, torn = np.abs(PLANE - [0.5, 0]), PLANE + away
    fold, tear = (compare_maps({"m": Given(z)}, PLANE)["m"] for z in (folded, torn))
    assert fold.continuity > 0.99 > 0.8 > fold.trustworthiness
    assert tear.trustworthiness > 0.999 > tear.continuity


def test_the_vote_without_oneself_is_that_of_scikit_learn(digits):
    x, y = digits[0][:100], digits[1][:100]
    votes = cross_val_score(KNeighborsClassifier(5), x, y, cv=LeaveOneOut())
    assert compare_maps({"all": Given(x)}, x, y)["all"].accuracy == votes.mean()


def test_new_points_are_voted_on_by_those_known(digits):
    x, y, new, new_y = digits
    names = {"PCA": PCA(10), "scaled": make_pipeline(StandardScaler(), PCA(10))}
    found = compare_maps(names, x, y, new=new, new_labels=new_y)
    for name, method in names.items():  # fitted in place
        probe = KNeighborsClassifier(5).fit(method.transform(x), y)
        score = probe.score(method.transform(new), new_y)
        assert found[name].new_accuracy == pytest.approx(score, abs=0.006)
        assert found[name].new_codes.shape == (200, 10)
        assert 0 < found[name].new_seconds < 60


def test_what_cannot_map_new_points_has_none():
    method = TSNE(max_iter=250, perplexity=5)
    found = compare_maps({"t-SNE": method}, PLANE[:60], CLASSES[:60], new=PLANE)
    assert found["t-SNE"].new_codes is None
    assert np.isnan([found["t-SNE"].new_accuracy, found["t-SNE"].new_seconds]).all()


def test_without_labels_there_is_no_accuracy():
    found = compare_maps({"PCA": PCA(2)}, IN_SPACE, new=IN_SPACE)["PCA"]
    assert np.isnan([found.accuracy, found.new_accuracy]).all()
    assert found.new_codes.shape == (300, 2)


@pytest.mark.slow
def test_an_autoencoder_maps_digits_better_than_their_principal_components(digits):
    x, y, new, new_y = digits
    coder = map_autoencoder(hidden=(128, 64), epochs=100, batch_size=20)
    methods = {"PCA": PCA(2), "coder": coder}
    found = compare_maps(methods, 4 * x, y, new=4 * new, new_labels=new_y)
    assert found["coder"].accuracy > found["PCA"].accuracy + 0.1
    assert found["coder"].new_accuracy > found["PCA"].new_accuracy
    assert found["coder"].trustworthiness > found["PCA"].trustworthiness


@pytest.mark.slow
def test_the_autoencoder_repeats_and_goes_into_pipelines_and_pickles():
    coder = map_autoencoder(hidden=(8,), epochs=2)
    line = make_pipeline(StandardScaler(), coder)
    codes = line.fit_transform(IN_SPACE)
    np.testing.assert_array_equal(clone(line).fit_transform(IN_SPACE), codes)
    other = map_autoencoder(hidden=(8,), epochs=2, random_state=1)
    assert not np.allclose(other.fit_transform(IN_SPACE), codes)
    again = pickle.loads(pickle.dumps(map_autoencoder(hidden=(8,), epochs=2)))
    np.testing.assert_array_equal(
        again.fit_transform(StandardScaler().fit_transform(IN_SPACE)), codes
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"latent_dim": 0}, ValueError, "latent_dim must be at least 1"),
        ({"hidden": (0,)}, ValueError, "hidden must be at least 1"),
        ({"epochs": 1.5}, TypeError, "epochs must be a whole number"),
        ({"learning_rate": 0}, ValueError, "learning_rate must be"),
        ({"weight_decay": -1}, ValueError, "weight_decay must be"),
    ],
)
def test_an_impossible_network_is_refused_before_it_sees_data(
    arguments, error, message
):
    with pytest.raises(error, match=message):
        map_autoencoder(**arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([PCA(2)], PLANE), TypeError, "methods must be"),
        (({}, PLANE), TypeError, "at least one"),
        (({"PCA": PCA}, PLANE), TypeError, "give an instance"),
        (({"KNN": KNeighborsClassifier()}, PLANE), TypeError, "'KNN' must have fit_tr"),
        (({"PCA": PCA(2)}, PLANE * np.nan), ValueError, "x must be finite"),
        (({"PCA": PCA(2)}, PLANE[:0]), ValueError, "x is empty"),
        (({"PCA": PCA(2)}, PLANE[:9]), ValueError, "below half of the 9 samples"),
        (({"PCA": PCA(2)}, PLANE, [0, 1]), ValueError, "labels must have one entry"),
        (({"PCA": PCA(2)}, PLANE, CLASSES / 2), TypeError, "integers or strings"),
        (({"PCA": PCA(2)}, "names"), TypeError, "x must hold real numbers"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(arguments, error, message):
    with pytest.raises(error, match=message):
        compare_maps(*arguments)


def test_new_samples_of_other_columns_are_refused_before_anything_is_fitted():
    method = PCA(2)
    with pytest.raises(ValueError, match="new must have the 7 columns of x, got 2"):
        compare_maps({"PCA": method}, IN_SPACE, new=PLANE)
    assert not hasattr(method, "components_")


# --- known surfaces


def test_on_the_roll_near_points_are_as_far_apart_as_on_the_sheet():
    points, sheet = swiss_roll(1500)
    space, flat = cdist(points, points), cdist(sheet, sheet)
    near = (flat > 0) & (flat < 1)
    np.testing.assert_allclose(space[near], flat[near], rtol=0.02)
    assert (space <= flat + 1e-3).all()  # a chord is the shortest way


def test_isomap_unrolls_the_roll_and_pca_does_not():
    points, sheet = swiss_roll(1000)
    unrolled = Isomap(n_neighbors=8).fit_transform(points)
    along = [
        abs(np.corrcoef(sheet[:, 0], codes[:, 0])[0, 1])
        for codes in (unrolled, PCA(2).fit_transform(points))
    ]
    assert along[0] > 0.99 > 0.7 > along[1]


def test_noise_leaves_the_roll_by_as_much_as_was_asked():
    clean, noisy = swiss_roll(2000).points, swiss_roll(2000, noise=0.3).points
    assert (noisy - clean).std() == pytest.approx(0.3, rel=0.05)


PICTURE = rng.random((40, 60, 3))


def test_a_quarter_turn_is_that_of_numpy():
    start, quarter, back = turned(PICTURE, [0, 90, 360], 16)
    np.testing.assert_allclose(quarter, np.rot90(start), atol=1e-5)
    np.testing.assert_allclose(back, start, atol=1e-5)


def test_corners_are_black_and_grey_stays_grey():
    images = turned(np.ones((20, 20)), [0, 30], 16)
    assert images.shape == (2, 16, 16)
    assert (images[:, 0, 0] == 0).all()
    assert (images[:, 8, 8] == 1).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: swiss_roll(0), ValueError, "n must be at least 1"),
        (lambda: swiss_roll(10, noise=-1), ValueError, "noise must be"),
        (lambda: swiss_roll(10, random_state=-1), ValueError, "random_state"),
        (lambda: turned(PICTURE[None], [0]), ValueError, "picture must be one image"),
        (lambda: turned(PICTURE[:4], [0]), ValueError, "at least 8 × 8 pixels"),
        (lambda: turned(PICTURE[..., :2], [0]), ValueError, "picture must be one"),
        (lambda: turned(PICTURE * np.nan, [0]), ValueError, "must be finite"),
        (
            lambda: turned((255 * PICTURE).astype("uint8"), [0]),
            ValueError,
            "divide by 255",
        ),
        (
            lambda: turned((65535 * PICTURE).astype("uint16"), [0]),
            ValueError,
            r"expected \[0, 1\]",
        ),
        (lambda: turned(PICTURE, []), ValueError, "angles is empty"),
        (lambda: turned(PICTURE, 90), ValueError, "angles must have 1 dimension"),
        (lambda: turned(PICTURE, [np.inf]), ValueError, "angles must be finite"),
        (lambda: turned(PICTURE, [0], size=2), ValueError, "size must be at least 4"),
    ],
)
def test_what_is_no_surface_is_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()


# --- codes in few bits, pictures by their codes


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_evenly_spread_numbers_lose_a_twelfth_of_the_squared_step(bits):
    codes = rng.random((20_000, 2)).astype(np.float32)
    rounded = quantize(codes, bits, codes)
    assert len(np.unique(rounded[:, 0])) == 2**bits
    expected = 4.0**-bits / 12  # of a uniform quantiser
    assert np.mean((rounded - codes) ** 2) == pytest.approx(expected, rel=0.05)


def test_each_number_may_have_bits_of_its_own_and_none_is_the_middle():
    codes = rng.random((500, 3)).astype(np.float32)
    rounded = quantize(codes, [0, 2, 4], codes)
    assert [len(np.unique(column)) for column in rounded.T] == [1, 4, 16]
    assert rounded[0, 0] == pytest.approx(0.5, abs=0.02)


def test_what_lies_outside_goes_to_the_outermost_level():
    known = np.linspace(0, 1, 1001)[:, None]
    assert quantize([[-9.0], [9.0]], 2, known).ravel() == pytest.approx(
        [0.126, 0.874], abs=0.002
    )


def test_a_constant_number_comes_back():
    assert quantize([[3.0]], 4, [[3.0], [3.0]])[0, 0] == pytest.approx(3, abs=1)


def test_the_grid_shows_pictures_where_their_codes_lie():
    codes = np.array([[x, y] for y in range(4) for x in range(4)], float)
    images = np.arange(16).reshape(16, 1, 1) / 16
    grid = picture_grid(codes, images, columns=4).reshape(4, 4)
    np.testing.assert_array_equal(grid, images.reshape(4, 4)[::-1])


def test_cells_without_a_code_are_white():
    grid = picture_grid([[0, 0], [9, 9]], np.zeros((2, 3, 3, 3)), columns=6)
    assert grid.shape == (36, 3, 3, 3)
    assert (grid.min(axis=(1, 2, 3)) == 0).sum() == 2


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: quantize(PLANE, 17, PLANE), ValueError, "at most 16, got 17"),
        (lambda: quantize(PLANE, -1, PLANE), ValueError, "bits must be at least 0"),
        (lambda: quantize(PLANE, 2.5, PLANE), TypeError, "bits must be a whole"),
        (lambda: quantize(PLANE, [1] * 3, PLANE), ValueError, "each of the 2 numbers"),
        (lambda: quantize(PLANE, 2, IN_SPACE), ValueError, "known must have"),
        (lambda: quantize(PLANE * np.nan, 2, PLANE), ValueError, "codes must be fin"),
        (lambda: quantize(PLANE[0], 2, PLANE), ValueError, "codes must have 2 dim"),
        (
            lambda: picture_grid(IN_SPACE, np.zeros((300, 2, 2))),
            ValueError,
            "codes must have",
        ),
        (
            lambda: picture_grid(PLANE, np.zeros((2, 2, 2))),
            ValueError,
            "must be 300, one",
        ),
        (lambda: picture_grid(PLANE, PLANE), ValueError, "images must be 300"),
    ],
)
def test_what_is_no_code_is_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()
