"""The codec of `aebook.applications`: bytes that come back, or say why they do not."""

import importlib
import io
import os
from pathlib import Path
import subprocess
import sys

from aebook import results
from aebook.applications import (
    Codec,
    Reader,
    Tables,
    Writer,
    count_tables,
    cut_patches,
)
from aebook.applications.blocks import Blocks
from aebook.applications.compression.code_stream import Envelope, pack, unpack
from aebook.applications.compression.networks import (
    SCALES,
    RateDistortion,
    build_networks,
    start_from_pca,
)
from aebook.applications.compression.priors import integer_network
from hypothesis import given, settings
from hypothesis import strategies as st
import keras
import numpy as np
from PIL import Image
import pytest
from scipy import stats
from sklearn.decomposition import PCA

ROOT = Path(__file__).parent.parent
GOLDEN = "8cfeff5b0a77017d00f67f7d"


def smooth(n, height, width, seed=0, channels=()):
    """Return images of a few soft waves, which a small codec can learn."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width] / 8
    images = np.empty((n, height, width, *channels), np.float32)
    for image in images.reshape(n, height, width, -1):
        for c in range(image.shape[-1]):
            a, b, phase = rng.uniform(0, 2, 3)
            image[..., c] = 0.5 + 0.4 * np.sin(a * rows + b * columns + 3 * phase)
    return images


@pytest.fixture(scope="module", params=[False, True], ids=["factorised", "hyperprior"])
def codec(request):
    fitted = Codec(
        strides=(4, 2),
        latent=6,
        width=8,
        distortion_weight=0.02,
        hyperprior=request.param,
    )
    return fitted.fit(smooth(32, 16, 16), epochs=2)


@pytest.fixture(scope="module")
def pictures():
    return smooth(3, 16, 24, seed=1)


@pytest.fixture(scope="module")
def stream(codec, pictures):
    return codec.compress(pictures)


# --- whole numbers to bytes


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(-(2**31) + 1, 2**31 - 1), min_size=1, max_size=40),
    st.integers(1, 4),
)
def test_any_whole_numbers_come_back(numbers, tables):
    numbers = np.array(numbers)
    index = np.arange(len(numbers)) % tables
    known = count_tables(numbers // 7, index, tables)
    content = Writer().add(numbers, index, known).finish()
    np.testing.assert_array_equal(
        Reader(content).take(numbers.shape, index, known), numbers
    )


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-400, 400), min_size=1, max_size=60))
def test_a_table_is_whole_numbers_that_fill_the_interval(numbers):
    frequencies = count_tables(numbers, 0, 1).frequencies
    assert frequencies.dtype == np.uint32
    assert frequencies.min() >= 1
    assert frequencies.sum(axis=1, dtype=np.int64) == 2**24


def test_the_bytes_are_as_many_as_the_entropy_asks():
    rng = np.random.default_rng(0)
    numbers = rng.poisson(3, 50_000)
    known = count_tables(numbers, 0, 1)
    length = 8 * len(Writer().add(numbers, 0, known).finish())
    entropy = stats.poisson(3).entropy() / np.log(2)
    assert length / len(numbers) == pytest.approx(entropy, rel=0.01)
    assert known.bits(numbers, np.array(0)) == pytest.approx(length, abs=100)


def test_a_wrong_table_costs_the_divergence():
    rng = np.random.default_rng(0)
    ours, theirs = rng.binomial(9, 0.3, 40_000), rng.binomial(9, 0.6, 40_000)
    lengths = [
        8 * len(Writer().add(ours, 0, count_tables(seen, 0, 1)).finish())
        for seen in (ours, theirs)
    ]
    p, q = (stats.binom(9, share).pmf(range(10)) for share in (0.3, 0.6))
    divergence = stats.entropy(p, q, base=2)  # bits a number
    assert (lengths[1] - lengths[0]) / len(ours) == pytest.approx(divergence, rel=0.03)


def test_the_bytes_of_an_old_stream_stay_readable():
    known = Tables(-1, np.array([[2**23, 2**22, 2**22 - 1, 1]], np.uint32))
    content = Writer().add([-1, 0, 1, -1, 5, 0, -1], 0, known).finish()
    assert content.hex() == GOLDEN
    read = Reader(bytes.fromhex(GOLDEN)).take((7,), 0, known)
    assert read.tolist() == [-1, 0, 1, -1, 5, 0, -1]


def test_one_part_in_sixteen_million_is_enough_to_lose_the_rest():
    numbers = np.random.default_rng(0).poisson(4, 2_000)
    known = count_tables(numbers, 0, 1)
    content = Writer().add(numbers, 0, known).finish()
    other = known.frequencies.copy()
    other[0, 3] += 1
    other[0, 4] -= 1
    read = Reader(content).take(numbers.shape, 0, Tables(known.low, other))
    assert 0.1 < np.mean(read == numbers) < 0.9


@pytest.mark.parametrize(
    ("numbers", "error", "words"),
    [([0.5], TypeError, "whole numbers"), (np.zeros(0, int), ValueError, "empty")],
)
def test_what_are_no_whole_numbers_is_refused(numbers, error, words):
    with pytest.raises(error, match=words):
        count_tables(numbers, 0, 1)


# --- the envelope


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: b"", "empty"),
        (lambda s: s[:1], "cut short: 1 bytes"),
        (lambda s: s[:9], "cut short: 9 bytes"),
        (lambda s: s[:-1], f"cut short: {17 + 8 + 4 - 1} bytes of {17 + 8 + 4}"),
        (lambda s: s + b"x", "damaged"),
        (lambda s: b"\xff\xd8" + s[2:], "no stream of a Codec"),
        (lambda s: s[:-6] + b"!" + s[-5:], "damaged"),
    ],
)
def test_a_stream_that_did_not_arrive_says_how(change, words):
    stream = pack(Envelope(b"abcd", (2, 3, 4), b"12345678"))
    with pytest.raises(ValueError, match=words):
        unpack(change(stream))


def test_a_stream_of_a_later_version_is_not_called_damaged(monkeypatch):
    monkeypatch.setattr("aebook.applications.compression.code_stream.VERSION", 2)
    stream = pack(Envelope(b"abcd", (2, 3, 4), b"1234"))
    monkeypatch.undo()
    with pytest.raises(ValueError, match="version 2, this package reads 1"):
        unpack(stream)


def test_a_stream_is_bytes():
    with pytest.raises(TypeError, match=r"bytes, got str; read a file with Path"):
        unpack("AE")


def test_more_rows_than_a_header_can_name_are_refused():
    with pytest.raises(ValueError, match="65,535"):
        pack(Envelope(b"abcd", (1, 70_000, 4), b""))


# --- the networks


def test_before_training_it_is_pca():
    x = smooth(40, 8, 8)[..., None]
    keras.utils.set_random_seed(0)
    network = RateDistortion(*build_networks(1, (4, 2), 5, 8, 0), pixels=64)
    start_from_pca(network, x, 0.01)
    by_network = keras.ops.convert_to_numpy(network.decoder(network.encoder(x)))
    flat = x.reshape(40, 64)
    pca = PCA(5, svd_solver="full").fit(flat)
    by_pca = pca.inverse_transform(pca.transform(flat))
    np.testing.assert_allclose(by_network.reshape(40, 64), by_pca, atol=1e-4)


def test_blocks_are_parted_as_they_were_joined():
    x = np.arange(2 * 6 * 4 * 3.0).reshape(2, 6, 4, 3)
    joined = keras.ops.convert_to_numpy(Blocks(2)(x))
    np.testing.assert_array_equal(joined[1, 2, 1].reshape(2, 2, 3), x[1, 4:6, 2:4])
    np.testing.assert_array_equal(Blocks(2, part=True)(joined), x)


def test_the_network_of_whole_numbers_says_what_that_of_floats_says(codec):
    if not codec.hyperprior:
        pytest.skip("it has none")
    z = np.random.default_rng(0).integers(-20, 20, (500, 8))
    by_floats = codec.network.hyper_decoder(z[:, None, None].astype("float32"))
    expected = np.clip(
        keras.ops.convert_to_numpy(by_floats)[:, 0, 0], 0, len(SCALES) - 1
    )
    index = integer_network(z, codec.priors.weights)
    assert np.abs(index - expected).max() < 0.6
    turned = [w[::-1] if i == 0 else w for i, w in enumerate(codec.priors.weights)]
    np.testing.assert_array_equal(integer_network(z[:, ::-1], turned), index)


@pytest.mark.slow
def test_the_rate_that_it_trains_for_is_that_of_the_bytes(codec):
    x = smooth(64, 16, 16, seed=2)
    said = codec.network.evaluate(x[..., None], verbose=0, return_dict=True)["rate"]
    written = 8 * (len(codec.compress(x)) - 21) / x.size
    assert 0.6 * said < written < 1.1 * said  # counts fit better than bells


# --- the codec


def test_the_code_comes_back_exactly(codec, pictures, stream):
    written, _ = codec._codes(pictures[..., None])
    read, shape = codec.read_code(stream)
    np.testing.assert_array_equal(read, written)
    assert shape == (3, 16, 24)


def test_the_images_come_back_closer_than_their_mean(codec, pictures, stream):
    x_hat = codec.decompress(stream)
    assert x_hat.shape == pictures.shape
    assert x_hat.dtype == np.float32
    assert len(stream) < pictures.size
    assert np.mean((x_hat - pictures) ** 2) < 0.5 * pictures.var()
    np.testing.assert_allclose(255 * x_hat, np.rint(255 * x_hat), atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1), (7, 30), (8, 8)])
def test_an_image_of_any_size_comes_back_in_its_size(codec, shape):
    image = smooth(1, *shape)
    assert codec.decompress(codec.compress(image)).shape == image.shape


def test_a_codec_in_a_file_is_the_same_codec(codec, pictures, stream, tmp_path):
    codec.save(tmp_path / "codec.npz")
    again = Codec.load(tmp_path / "codec.npz")
    assert again.compress(pictures) == stream
    np.testing.assert_array_equal(again.decompress(stream), codec.decompress(stream))
    with np.load(tmp_path / "codec.npz", allow_pickle=False) as file:
        assert file["code_frequencies"].dtype == np.uint32


def test_a_file_that_is_no_codec_is_named(tmp_path):
    path = tmp_path / "codec.npz"
    for content in (b"", b"PK\x03\x04 damaged", b"\x80\x04."):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"codec\.npz is no file of a Codec"):
            Codec.load(path)
    np.savez(path, a=np.zeros(2))
    with pytest.raises(ValueError, match="no file of a Codec"):
        Codec.load(path)
    with pytest.raises(FileNotFoundError):
        Codec.load(tmp_path / "none.npz")


def test_a_stream_of_another_codec_is_refused(codec, stream, tmp_path):
    codec.save(tmp_path / "codec.npz")
    other = Codec.load(tmp_path / "codec.npz")
    weights = other.network.get_weights()
    other.network.set_weights([weights[0] + 1e-6, *weights[1:]])
    with pytest.raises(ValueError, match="of another codec"):
        other.decompress(stream)


def test_no_damaged_stream_is_taken_for_a_picture(codec, stream):
    rng, refused = np.random.default_rng(0), 0
    for i in range(1_000):
        damaged = bytearray(stream)
        if i % 4 == 0:  # a bit
            damaged[rng.integers(len(damaged))] ^= 1 << int(rng.integers(8))
        elif i % 4 == 1:  # a cut
            damaged = damaged[: rng.integers(len(damaged))]
        elif i % 4 == 2:  # two bytes change places
            a, b = rng.choice(len(damaged), 2, replace=False)
            damaged[a], damaged[b] = damaged[b], damaged[a]
        else:
            damaged = rng.bytes(rng.integers(1, 200))
        if bytes(damaged) == stream:  # two equal bytes
            continue
        with pytest.raises(ValueError, match=r"stream"):
            codec.read_code(bytes(damaged))
        refused += 1
    assert refused > 950


def test_a_well_formed_lie_about_the_size_is_refused(codec, stream):
    model, _, code = unpack(stream)
    for shape in [(0, 8, 8), (60_000, 60_000, 60_000)]:
        with pytest.raises(ValueError, match="a shape that cannot be"):
            codec.decompress(pack(Envelope(model, shape, code)))


@pytest.mark.slow
def test_one_seed_gives_one_codec():
    x = smooth(8, 8, 8)
    made = [
        Codec(strides=(8,), latent=2, width=4, random_state=s).fit(x, epochs=1)
        for s in (0, 0, 1)
    ]
    names = [codec.fingerprint() for codec in made]
    assert names[0] == names[1] != names[2]


def test_what_has_learnt_nothing_says_so(tmp_path):
    codec = Codec()
    for call in (
        lambda: codec.compress(np.zeros((1, 16, 16, 3))),
        lambda: codec.decompress(b"AE"),
        lambda: codec.save(tmp_path / "none.npz"),
    ):
        with pytest.raises(ValueError, match=r"call fit\(images\) or Codec\.load"):
            call()
    assert not any(tmp_path.iterdir())


GREY = np.full((2, 16, 16), 0.5, np.float32)


@pytest.mark.parametrize(
    ("images", "error", "words"),
    [
        (GREY[:0], ValueError, "empty"),
        (GREY[0], ValueError, r"one image needs a first axis too: x\[None\]"),
        (np.stack([GREY] * 3, -1), ValueError, r"\(n, height, width\), got"),
        (GREY * np.nan, ValueError, "finite"),
        ((255 * GREY).astype(np.uint8), ValueError, "divide by 255"),
        ((65535 * GREY).astype(np.uint16), ValueError, r"expected \[0, 1\]"),
        (GREY - 1, ValueError, r"expected \[0, 1\]"),
        (GREY.astype(str), TypeError, "real numbers"),
    ],
    ids="empty one colour nan uint8 uint16 negative text".split(),
)
def test_bad_images_are_refused_in_words(codec, images, error, words):
    for take in (codec.compress, codec.fit):
        if take == codec.fit and np.ndim(images) == 4:
            continue
        with pytest.raises(error, match=words):
            take(images)


def test_images_to_fit_are_whole_blocks():
    with pytest.raises(ValueError, match=r"multiples of 16, got shape .*cut_patches"):
        Codec().fit(np.zeros((2, 20, 32, 3)))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"strides": (0,)}, ValueError, "strides must be at least 1"),
        ({"strides": ()}, ValueError, "strides"),
        ({"latent": 1.5}, TypeError, "latent must be a whole number"),
        ({"distortion_weight": 0}, ValueError, "distortion_weight"),
        ({"random_state": -1}, ValueError, "random_state"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_built(options, error, words):
    with pytest.raises(error, match=words):
        Codec(**options)


DECODE = """
import sys, numpy as np
from aebook.applications import Codec
codec = Codec.load(sys.argv[1])
stream = open(sys.argv[2], "rb").read()
np.savez(sys.argv[3], code=codec.read_code(stream)[0], images=codec.decompress(stream))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {"KERAS_BACKEND": "jax"},
        {"TF_NUM_INTRAOP_THREADS": "1", "TF_ENABLE_ONEDNN_OPTS": "1"},
    ],
    ids=["JAX", "other threads and kernels"],
)
def test_another_machine_reads_the_same_code(codec, pictures, tmp_path, environment):
    stream = codec.compress(pictures)
    codec.save(tmp_path / "codec.npz")
    (tmp_path / "stream").write_bytes(stream)
    names = ["codec.npz", "stream", "read.npz"]
    subprocess.run(
        [sys.executable, "-c", DECODE, *(str(tmp_path / name) for name in names)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=True,
    )
    with np.load(tmp_path / "read.npz") as read:
        np.testing.assert_array_equal(read["code"], codec.read_code(stream)[0])
        off = 255 * np.abs(read["images"] - codec.decompress(stream))
    assert off.max() < 1.01


# --- patches


def test_a_patch_is_a_part_of_a_picture_or_its_mirror_image():
    picture = np.random.default_rng(0).random((20, 30, 3)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(picture, (8, 8), axis=(0, 1))
    known = {w.transpose(1, 2, 0).tobytes() for row in windows for w in row}
    mirrored = 0
    for patch in cut_patches({"a": picture}, 8, 40):
        straight = patch.tobytes() in known
        mirrored += not straight
        assert straight or patch[:, ::-1].tobytes() in known
    assert 10 < mirrored < 30


def test_a_large_picture_gives_more_patches_than_a_small_one():
    patches = cut_patches([np.zeros((8, 8)), np.ones((16, 16))], 8, 500)
    assert patches.mean() == pytest.approx(81 / 82, abs=0.02)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ({}, "empty"),
        ({"tiny": np.zeros((4, 90))}, r"'tiny' has 4 × 90 pixels, a patch 8 × 8"),
        ([np.zeros((9, 9)), np.zeros((9, 9, 3))], "all in grey or all in colour"),
        ([np.full((9, 9), 7.0)], r"image 0 has values .*expected \[0, 1\]"),
        ([np.full((9, 9), np.nan)], "finite"),
    ],
)
def test_pictures_without_patches_are_named(images, words):
    with pytest.raises(ValueError, match=words):
        cut_patches(images, 8)


# --- the benchmark


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "applications"))
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("compression")


def test_the_head_of_a_jpeg_is_what_all_pictures_of_a_size_share(benchmark):
    pictures = smooth(2, 64, 64, seed=3)
    files = [benchmark.in_file(p, "JPEG", 50)[0] for p in pictures]
    head = benchmark.jpeg_head(files[0])
    assert files[0][:head] == files[1][:head]
    assert 300 < head < len(files[0])
    Image.open(io.BytesIO(files[0][:head])).verify()  # it names size and tables


def test_between_two_files_a_score_follows_the_logarithm_of_the_bytes(benchmark):
    points = [
        {"bytes": [100, 100], "psnr": [20.0, 30.0]},
        {"bytes": [400, 400], "psnr": [26.0, 36.0]},
    ]
    assert benchmark.at_bytes(points, "psnr", [200, 200]) == pytest.approx(28.0)
    assert benchmark.at_bytes(points, "psnr", [50, 900]) == pytest.approx(28.0)


def test_pca_with_a_fine_step_gives_back_every_level(benchmark):
    train = smooth(200, 8, 8, channels=(3,))
    coder = benchmark.by_pca(train, 4)
    picture = smooth(1, 10, 13, seed=5, channels=(3,))[0]
    size, back = coder(picture, 0.002)
    assert size > 8
    assert back.shape == picture.shape
    np.testing.assert_allclose(back, np.rint(255 * picture) / 255, atol=1.1 / 255)


@pytest.mark.slow
def test_a_try_of_the_benchmark_compares_every_method(benchmark, monkeypatch, capsys):
    few = {
        name: ((5, 50), [settings[0]])
        for name, (_, settings) in benchmark.FORMATS.items()
    }
    monkeypatch.setattr(benchmark, "FORMATS", few)
    benchmark.main(["--quick"])
    printed = capsys.readouterr().out
    for method in ("JPEG", "WebP", "AVIF", "PCA", "codec,"):
        assert f"PSNR at equal bytes {method}" in printed


def test_the_stored_rows_follow_from_the_stored_runs(benchmark):
    stored = results.load("applications/compression")
    assert stored["rows"] == benchmark.rows(
        stored["runs"], stored["settings"]["validation_pixels"]
    )
    assert all(len(row["values"]) >= 5 for row in stored["rows"])
