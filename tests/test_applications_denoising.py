"""The denoiser of `aebook.applications`: what it learns from, and what it cannot."""

import importlib
from pathlib import Path

from aebook import metrics, results
from aebook.applications import Denoiser, cut_patches, damage
from aebook.applications.denoising.network import build_network, reach
from aebook.applications.denoising.pairs import as_pairs, hide, padded, training_pairs
from aebook.applications.denoising.tiles import in_tiles
from aebook.data import read_images
from hypothesis import given, settings
from hypothesis import strategies as st
import keras
import numpy as np
from PIL import Image
import pytest
from scipy import ndimage
from test_applications_compression import smooth

ROOT = Path(__file__).parent.parent
SIGMA = 0.1
CLEAN = smooth(300, 16, 16)
TEST = smooth(40, 16, 16, seed=9)
NOISY = damage(TEST, amount=SIGMA, random_state=3)


def gain(denoiser, noisy=NOISY, clean=TEST):
    """Return by how many decibels it is closer than the noisy images, on average."""
    cleaned = denoiser.denoise(noisy)
    better = metrics.psnr(clean, cleaned) - metrics.psnr(clean, noisy)
    return float(np.mean(better))


def trained(images, targets=None, steps=300, **options):
    options = {"amount": SIGMA, "filters": 8, "depth": 1, **options}
    return Denoiser(**options).fit(images, targets, steps=steps, learning_rate=4e-3)


@pytest.fixture(scope="module")
def denoiser():
    return trained(CLEAN, steps=150)


# --- damage


def test_gaussian_noise_is_that_of_the_normal_distribution_and_is_not_clipped():
    noise = damage(np.zeros((4, 100, 100)), "gaussian", 0.2) / 0.2
    assert noise.min() < -3
    assert noise.mean() == pytest.approx(0, abs=0.02)
    assert noise.std() == pytest.approx(1, abs=0.02)
    assert np.mean(np.abs(noise) < 1) == pytest.approx(0.683, abs=0.01)


def test_each_image_gets_its_own_amount_of_a_range():
    noise = damage(np.zeros((400, 20, 20)), "gaussian", (0.1, 0.3))
    levels = noise.std(axis=(1, 2))
    assert levels.mean() == pytest.approx(0.2, abs=0.01)
    assert levels.std() == pytest.approx(0.2 / np.sqrt(12), abs=0.01)
    lost = damage(np.ones((200, 20, 20)), "masking", (0.2, 0.6))
    assert np.mean(lost == 0, axis=(1, 2)).std() == pytest.approx(0.115, abs=0.03)


def test_specks_are_black_or_white_and_lost_pixels_black():
    grey = np.full((1, 200, 200), 0.5)
    specks = damage(grey, "salt-and-pepper", 0.3)
    assert set(np.unique(specks)) == {0, 0.5, 1}
    assert np.mean(specks != 0.5) == pytest.approx(0.3, abs=0.01)
    assert specks.mean() == pytest.approx(0.5, abs=0.01)
    lost = damage(grey, "masking", 0.3)
    assert set(np.unique(lost)) == {0, 0.5}
    assert np.mean(lost == 0) == pytest.approx(0.3, abs=0.01)


def test_blur_keeps_each_channel_to_itself():
    x = np.random.default_rng(0).random((2, 12, 10, 3)).astype(np.float32)
    blurred = damage(x, "blur", 1.5)
    expected = ndimage.gaussian_filter(x[1, ..., 2], 1.5)
    np.testing.assert_allclose(blurred[1, ..., 2], expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["gaussian", "salt-and-pepper", "masking"])
def test_one_seed_gives_one_damage(kind):
    made = [damage(TEST, kind, 0.2, random_state=seed) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"kind": "rain"}, ValueError, "known: gaussian, salt-and-pepper, masking"),
        ({"amount": -0.1}, ValueError, r"amount must be .*\[0, 4\], got -0.1"),
        ({"kind": "masking", "amount": 1.5}, ValueError, r"in \[0, 1\]"),
        ({"amount": (0.3, 0.1)}, ValueError, "rise from low to high"),
        ({"amount": (0.1, 0.2, 0.3)}, ValueError, "a number or a pair"),
        ({"amount": "much"}, TypeError, "a number"),
        ({"random_state": -1}, ValueError, "random_state"),
    ],
)
def test_a_damage_that_is_none_is_refused(options, error, words):
    with pytest.raises(error, match=words):
        damage(TEST, **options)
    with pytest.raises(error, match=words):
        Denoiser(**options)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (TEST[0], r"\(n, height, width\).*x\[None\]"),
        (255 * TEST, "divide by 255"),
        (TEST[:0], "empty"),
        (np.zeros((2, 4, 4, 4)), r"\(n, height, width, 3\), got"),
    ],
)
def test_images_that_cannot_be_damaged_say_why(images, words):
    with pytest.raises(ValueError, match=words):
        damage(images)


# --- blind spots


@given(st.integers(0, 10**6), st.integers(5, 12), st.integers(5, 12))
@settings(deadline=None, max_examples=50)
def test_nothing_tells_what_a_hidden_pixel_was(seed, rows, columns):
    x = np.random.default_rng(0).random((4, rows, columns, 1)).astype(np.float32)
    seen, hidden = hide(x, np.random.default_rng(seed))
    other = np.where(hidden[..., None] == 1, 7, x).astype(np.float32)
    again, same = hide(other, np.random.default_rng(seed))
    np.testing.assert_array_equal(hidden, same)
    np.testing.assert_array_equal(seen, again)
    np.testing.assert_array_equal(seen[hidden == 0], x[hidden == 0])


def test_a_replacement_comes_from_two_pixels_away_at_most():
    places = np.arange(40 * 50.0).reshape(1, 40, 50, 1).repeat(8, axis=0)
    seen, hidden = hide(places, np.random.default_rng(0))
    which, rows, columns = np.nonzero(hidden)
    there = seen[which, rows, columns, 0].astype(int)
    down, right = there // 50 - rows, there % 50 - columns
    assert np.abs(down).max() == np.abs(right).max() == 2
    assert not np.any((down == 0) & (right == 0))
    assert hidden.mean() == pytest.approx(15 / 256, abs=0.005)  # 1/16, 15 of 16 kept


def test_only_hidden_pixels_count_and_the_edge_is_empty():
    noisy = NOISY[:4, :14, :13, None]
    pairs = training_pairs(noisy, "blind spots", None, 3, 8, np.random.default_rng(0))
    seen, asked, weight = next(pairs)
    assert seen.shape == asked.shape == (3, 16, 16, 1)
    assert not seen[:, 14:].any() and not seen[:, :, 13:].any()
    assert not weight[:, 14:].any() and not weight[:, :, 13:].any()
    np.testing.assert_array_equal(seen[weight == 0], asked[weight == 0])
    assert weight.mean() == pytest.approx(1)


# --- the network


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    made = build_network(1, 3, 1, True, True)
    kernel, bias = made.get_layer("noise").get_weights()
    draws = np.random.default_rng(0).normal(size=kernel.shape)
    made.get_layer("noise").set_weights([draws, bias])
    return lambda x: keras.ops.convert_to_numpy(made(x, training=False))


def test_before_training_it_takes_nothing_away():
    x = np.random.default_rng(0).random((2, 16, 24, 3)).astype(np.float32)
    np.testing.assert_array_equal(build_network(3, 4, 2, True, True)(x), x)
    assert not np.any(build_network(3, 4, 2, True, False)(x))


def test_a_pixel_changes_no_pixel_out_of_its_reach(network):
    x = np.random.default_rng(0).random((1, 96, 96, 1)).astype(np.float32)
    other = x.copy()
    other[0, 48, 48] += 1
    changed = np.abs(network(x) - network(other))[0, ..., 0] > 0
    rows, columns = np.nonzero(changed)
    far = max(np.abs(rows - 48).max(), np.abs(columns - 48).max())
    assert reach(1) - 8 <= far <= reach(1)


def test_tiles_with_a_wide_margin_leave_no_seam(network):
    x = np.random.default_rng(0).random((2, 60, 88, 1)).astype(np.float32)
    whole = network(x)
    tiled = in_tiles(network, x, side=16, margin=24)
    np.testing.assert_allclose(tiled, whole, atol=1e-5)
    seams = in_tiles(network, x, side=16, margin=4)
    assert np.abs(seams - whole).max() > 0.01


# --- what it learns


def first_step(seen, asked):
    """Return by how much one step of plain descent changes the last kernel."""
    keras.utils.set_random_seed(0)
    network = build_network(1, 8, 1, True, True)
    network.compile(keras.optimizers.SGD(1.0), "mse")
    network.train_on_batch(seen[..., None], asked[..., None])
    return network.get_layer("noise").get_weights()[0].ravel()


@pytest.mark.slow
def test_a_second_noisy_copy_asks_for_the_step_that_a_clean_one_asks_for():
    away = []
    for count in (300, 4800):  # by the law of large numbers: 16 times, a fourth
        clean = smooth(count, 16, 16)
        first, second = (damage(clean, amount=SIGMA, random_state=s) for s in (1, 2))
        by_clean, by_noise = first_step(first, clean), first_step(first, second)
        away.append(np.linalg.norm(by_noise - by_clean) / np.linalg.norm(by_clean))
    assert away[1] < 0.15
    assert away[0] / away[1] == pytest.approx(4, rel=0.25)
    assert not first_step(first, first).any()  # its own noise asks for nothing


@pytest.mark.slow
def test_pairs_of_noisy_images_are_enough():
    clean = smooth(3000, 16, 16, seed=4)
    first, second = (damage(clean, amount=SIGMA, random_state=s) for s in (1, 2))
    denoiser = trained(first, second, steps=600)
    assert gain(denoiser) > 4
    assert SIGMA**2 < denoiser.history[-1] < 1.5 * SIGMA**2  # the target's noise stays


@pytest.mark.slow
def test_blind_spots_learn_from_noisy_images_alone():
    noisy = damage(CLEAN, amount=SIGMA, random_state=1)
    blind = trained(noisy, "blind spots", 1000, depth=0, filters=16)
    assert gain(blind) > 5
    # Who has not seen a pixel cannot foresee its noise: the loss stays above its
    # variance, up to the scatter of 100 steps of about 240 hidden pixels each.
    assert 0.98 * SIGMA**2 < blind.history[-1] < 2 * SIGMA**2


@pytest.mark.slow
def test_without_blind_spots_noisy_images_teach_to_copy():
    noisy = damage(CLEAN, amount=SIGMA, random_state=1)
    copying = trained(noisy, noisy)
    assert copying.history[-1] < 0.01 * SIGMA**2
    np.testing.assert_allclose(copying.denoise(NOISY), NOISY.clip(0, 1), atol=0.05)


@pytest.mark.slow
def test_what_is_finer_than_the_narrow_place_is_lost_without_skips():
    # Sixty-four random pixels stand over eight numbers: 7/8 of them cannot pass.
    fine = np.random.default_rng(0).choice([0.25, 0.75], (300, 16, 16))
    noisy = damage(fine[:50], amount=0.05)
    options = {"steps": 100, "amount": 0.05, "depth": 2, "filters": 2}
    narrow = trained(fine, skips=False, residual=False, **options)
    best = 10 * np.log10(0.05**2 / (7 / 8 * 0.25**2))
    assert gain(narrow, noisy, fine[:50]) < best + 0.1
    assert gain(trained(fine, **options), noisy, fine[:50]) > -0.5


def test_it_cleans_what_it_has_not_seen(denoiser):
    assert gain(denoiser) > 2
    assert denoiser.history[-1] < SIGMA**2
    assert len(denoiser.history) == 2  # the mean of 100 steps, and of 50


def test_more_noise_than_it_learnt_is_cleaned_less(denoiser):
    loud = damage(TEST, amount=0.4)
    rest = denoiser.denoise(loud) - TEST
    assert np.std(rest) > 3 * np.std(denoiser.denoise(NOISY) - TEST)


@pytest.mark.slow
def test_one_seed_gives_one_denoiser():
    made = [trained(CLEAN, steps=3, random_state=s).denoise(NOISY) for s in (0, 0, 1)]
    np.testing.assert_array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


# --- images of any size, and files


@pytest.mark.parametrize("shape", [(1, 1), (3, 50), (16, 16), (29, 7)])
def test_an_image_comes_back_in_its_size_and_range(denoiser, shape):
    image = damage(smooth(1, *shape), amount=SIGMA)[0]
    cleaned = denoiser.denoise(image)
    assert cleaned.shape == shape
    assert cleaned.dtype == np.float32
    assert cleaned.min() >= 0 and cleaned.max() <= 1


def test_a_stack_is_its_images(denoiser):
    one_by_one = np.stack([denoiser.denoise(image) for image in NOISY[:3]])
    np.testing.assert_allclose(denoiser.denoise(NOISY[:3]), one_by_one, atol=1e-6)


def test_a_large_image_is_tiled_and_gives_the_same(denoiser, monkeypatch):
    image = damage(smooth(1, 150, 70), amount=SIGMA)[0]
    whole = denoiser.denoise(image)
    monkeypatch.setattr("aebook.applications.denoising.denoiser.TILE", 32)
    np.testing.assert_allclose(denoiser.denoise(image), whole, atol=1e-5)


@pytest.mark.slow
def test_a_folder_of_own_pictures_is_enough(tmp_path):
    pixels = np.rint(255 * smooth(1, 70, 90, channels=(4,))[0]).astype(np.uint8)
    Image.fromarray(pixels, "RGBA").save(tmp_path / "clear.png")
    Image.fromarray(pixels[:50, :60, :3]).save(tmp_path / "photo.jpg")
    Image.fromarray(pixels[..., 0]).save(tmp_path / "grey.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "grey.png").read_bytes()[:99])
    with pytest.warns(UserWarning, match=r"broken\.png is left out"):
        pictures = read_images(tmp_path)
    denoiser = Denoiser(filters=2, depth=1).fit(pictures, steps=2)
    for picture in pictures.values():
        assert denoiser.denoise(picture).shape == picture.shape
    noisy = {name: picture.clip(0.1, 1) for name, picture in pictures.items()}
    denoiser.fit(noisy, pictures, steps=1)
    swapped = dict(reversed(pictures.items()))
    with pytest.raises(ValueError, match="names, sizes and order"):
        denoiser.fit(noisy, swapped, steps=1)


@pytest.mark.slow
def test_pictures_and_their_targets_are_cut_in_the_same_places():
    pictures = {"a": smooth(1, 60, 70)[0], "b": smooth(1, 50, 90)[0]}
    halves = {name: picture / 2 for name, picture in pictures.items()}
    x, asked = as_pairs(pictures, halves, 3)
    np.testing.assert_allclose(asked, x / 2)
    np.testing.assert_array_equal(
        x[..., 0], cut_patches(pictures, 48, 4000, random_state=3)
    )


def test_a_denoiser_in_a_file_is_the_same(denoiser, tmp_path):
    denoiser.save(tmp_path / "denoiser.npz")
    again = Denoiser.load(tmp_path / "denoiser.npz")
    np.testing.assert_array_equal(again.denoise(NOISY), denoiser.denoise(NOISY))
    assert again.amounts == denoiser.amounts
    assert again.kind == denoiser.kind


def test_a_file_that_is_no_denoiser_is_named(tmp_path):
    path = tmp_path / "denoiser.npz"
    for content in (b"", b"PK\x03\x04 damaged", b"\x80\x04."):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"denoiser\.npz is no file of a Denoiser"):
            Denoiser.load(path)
    np.savez(path, a=np.zeros(2))
    with pytest.raises(ValueError, match="no file of a Denoiser"):
        Denoiser.load(path)
    with pytest.raises(FileNotFoundError):
        Denoiser.load(tmp_path / "none.npz")


# --- bad input


def test_what_has_learnt_nothing_says_so(tmp_path):
    with pytest.raises(ValueError, match=r"call fit\(images\) or Denoiser\.load"):
        Denoiser().denoise(TEST)
    with pytest.raises(ValueError, match="learnt nothing yet"):
        Denoiser().save(tmp_path / "none.npz")
    assert not any(tmp_path.iterdir())


LEVELS = (255 * TEST).astype(np.uint8)


@pytest.mark.parametrize(
    ("images", "error", "words"),
    [
        (TEST[:0], ValueError, "empty"),
        (TEST[0, 0], ValueError, r"\(n, height, width\)"),
        (TEST * np.nan, ValueError, "finite"),
        (LEVELS, ValueError, "of type uint8; expected floats.*divide by 255"),
        (LEVELS.astype(np.uint16) * 257, ValueError, "65,535 if there are 16 bits"),
        (255 * TEST, ValueError, "divide by 255"),
        (TEST.astype(str), TypeError, "real numbers"),
        (np.zeros((16, 16, 3)), ValueError, r"x\[None\].*grey=True"),
        (np.zeros((2, 16, 16, 2)), ValueError, r"got \(2, 16, 16, 2\)"),
    ],
    ids="empty row nan uint8 uint16 levels text colour channels".split(),
)
def test_bad_images_are_refused_in_words(denoiser, images, error, words):
    for take in (denoiser.denoise, Denoiser(filters=1).fit):
        with pytest.raises(error, match=words):
            take(images)


@pytest.mark.parametrize(
    ("images", "targets", "words"),
    [
        (NOISY, None, r"expected \[0, 1\]"),
        (TEST[0], None, r"x\[None\]"),
        (NOISY, TEST[:3], "same shape"),
        (NOISY, "blindspots", "known: blind spots"),
        (NOISY[:, :4], "blind spots", "sides of 5 pixels"),
        (NOISY, LEVELS, "divide by 255"),
        ({"small": TEST[0]}, None, r"'small' has 16 × 16 pixels, a patch 48 × 48"),
        ({}, None, "empty"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(images, targets, words):
    with pytest.raises(ValueError, match=words):
        Denoiser(filters=1).fit(images, targets)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_a_loss_that_is_not_finite_stops_the_training():
    with pytest.raises(FloatingPointError, match="smaller learning_rate"):
        Denoiser(filters=2).fit(CLEAN, steps=60, learning_rate=1e12)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"filters": 0}, ValueError, "filters must be at least 1"),
        ({"depth": 1.5}, TypeError, "depth must be a whole number"),
        ({"depth": -1}, ValueError, "depth"),
        ({"random_state": -1}, ValueError, "random_state"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_built(options, error, words):
    with pytest.raises(error, match=words):
        Denoiser(**options)


def test_the_edge_is_mirrored_to_a_multiple():
    x = np.arange(6.0).reshape(1, 2, 3, 1)
    assert padded(x, 4)[0, :, :, 0].tolist() == [
        [0, 1, 2, 2],
        [3, 4, 5, 5],
        [3, 4, 5, 5],
        [0, 1, 2, 2],
    ]


# --- the benchmark


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "applications"))
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("denoising")


def test_what_is_kept_of_noise_beyond_black_and_white_is_all_of_it(benchmark):
    picture = damage(smooth(1, 50, 60), amount=0.4)[0]
    assert picture.min() < -0.2
    windows = np.lib.stride_tricks.sliding_window_view(picture, (48, 48))
    known = windows.reshape(-1, 48 * 48)[:, 0]
    corners = benchmark.patches({"a": picture}, 0)[:, 0, [0, -1]]
    nearest = np.abs(corners[:40, :, None] - known).min(axis=-1)
    assert np.all(nearest.min(axis=-1) < 1e-5)  # straight or mirrored


def test_half_of_the_noise_is_six_decibels(benchmark):
    noisy = TEST + 0.1 * (NOISY - TEST)
    half = TEST + 0.05 * (NOISY - TEST)
    clean = np.clip(TEST, 0.2, 0.8)
    found = benchmark.gain(
        [*clean], [*(clean + noisy - TEST)], [*(clean + half - TEST)]
    )
    assert found == pytest.approx([20 * np.log10(2)] * len(TEST), abs=0.01)


def test_every_filter_is_given_its_best_parameters(benchmark, monkeypatch):
    monkeypatch.setattr(benchmark, "middle", lambda x: x)
    task = benchmark.Task("t", None, [*TEST[:3]], [], "gaussian", SIGMA, {}, {})
    monkeypatch.setitem(
        benchmark.FILTERS,
        "least",
        (lambda x, sigma, by: x * by, [{"by": b} for b in (0, 1, 2)]),
    )
    clean_one, tried = benchmark.chosen(task, "least")
    assert max(tried, key=tried.get) == "{'by': 1}"
    np.testing.assert_array_equal(clean_one(NOISY[0], SIGMA), NOISY[0])


@pytest.mark.slow
def test_a_try_of_the_benchmark_compares_every_method(benchmark, monkeypatch, capsys):
    few = {name: (f, settings[:1]) for name, (f, settings) in benchmark.FILTERS.items()}
    monkeypatch.setattr(benchmark, "FILTERS", few)
    benchmark.main(["--quick"])
    printed = capsys.readouterr().out
    for method in ("network", "PCA", *few):
        assert f" {method} " in printed


def test_the_stored_rows_follow_from_the_stored_runs(benchmark):
    stored = results.load("applications/denoising")
    assert stored["rows"] == benchmark.rows(
        stored["runs"], stored["settings"]["labels"]
    )
    ours = [row for row in stored["rows"] if row["ours"]]
    assert len({row["data"] for row in ours}) == 6
    assert len(ours) == 7  # in grey also with four times the steps
    assert all(len(row["values"]) == 5 for row in ours)
