"""The embedded data are the genuine ones, split and handed out safely."""

import dataclasses
import hashlib
import shutil
import struct
import subprocess
import sys

from aebook import data
from aebook.data import (
    DATASETS,
    DatasetError,
    entry,
    flatten,
    load,
    load_fashion_mnist,
    load_mnist,
    reading,
)
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest


@pytest.fixture(scope="module")
def digits():
    return load_mnist()


def levels(images):
    """Back from [0, 1] to the bytes of the original file."""
    return np.rint(images * 255).astype(np.uint8)


def idx_digest(array):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return hashlib.sha256(header + array.astype(np.uint8).tobytes()).hexdigest()


@pytest.mark.slow
def test_mnist_is_the_published_one_to_the_byte():
    whole = load_mnist(validation=0)
    assert [
        idx_digest(levels(whole.x_train)),
        idx_digest(whole.y_train),
        idx_digest(levels(whole.x_test)),
        idx_digest(whole.y_test),
    ] == [
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ]


def test_mnist_begins_with_the_known_labels_and_has_the_known_class_counts():
    labels = load_mnist(validation=0).y_train
    assert labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(labels).tolist() == counts


def test_the_fashion_subset_is_the_first_rows_of_the_genuine_files():
    clothes = load("fashion_mnist", validation=0)
    parts = (levels(clothes.x_train), clothes.y_train, levels(clothes.x_test))
    digests = [
        hashlib.sha256(part.astype(np.uint8).tobytes()).hexdigest()
        for part in (*parts, clothes.y_test)
    ]
    assert digests == [  # of 10,000 and 2,000 items, without the IDX header
        "2929ae1c7b89e0ee6587bbe4911fd5f0a5dafe21ae6ed9b737173cbfe20c12c9",
        "1022e4632874e71bb84d924c475e6a3428a2deeb8c5a0f612a015c97e4fce7f0",
        "09bbac78738f0229a68f7ca74e62665d7fb34f45ea7a3509ab5c4a202c1370de",
        "a86243d2b2400909bc0a82f5fd5c9df83bf827852a1543e3dc70af890035a9d4",
    ]


EMBEDDED = [name for name, known in DATASETS.items() if known.embedded]


@pytest.mark.parametrize("name", EMBEDDED)
def test_a_loaded_set_of_images_is_in_the_unit_range_with_every_class(name):
    known, splits = DATASETS[name], load(name)
    for x, y in zip(splits[::2], splits[1::2], strict=True):
        assert x.dtype == np.float32
        assert x.min() == 0
        assert x.max() == 1
        assert y.dtype == np.int64
        assert set(y) == set(range(len(known.classes)))
        assert len(x) == len(y)


@settings(max_examples=25, deadline=None)
@given(validation=st.integers(0, 9_999), seed=st.integers(0, 2**40))
@pytest.mark.slow
def test_training_and_validation_together_are_the_training_set(validation, seed):
    whole = load("fashion_mnist", validation=0)
    splits = load("fashion_mnist", validation=validation, seed=seed)
    assert len(splits.x_val) == len(splits.y_val) == validation

    def keys(x, y):
        return [
            (int(label), image.tobytes()) for image, label in zip(x, y, strict=True)
        ]

    parts = keys(splits.x_train, splits.y_train) + keys(splits.x_val, splits.y_val)
    assert sorted(parts) == sorted(keys(whole.x_train, whole.y_train))
    np.testing.assert_array_equal(splits.x_test, whole.x_test)


@pytest.mark.slow
def test_no_image_is_in_training_and_validation(digits):
    pixels = np.concatenate([digits.x_train, digits.x_val])
    assert len(np.unique(levels(flatten(pixels)), axis=0)) == 60_000


def test_a_seed_draws_the_same_validation_images_and_another_draws_others(digits):
    np.testing.assert_array_equal(load_mnist().x_val, digits.x_val)
    assert (load_mnist(seed=1).y_val != digits.y_val).mean() > 0.5


def test_the_split_is_the_same_on_every_machine(digits):
    first = digits.y_val[:12].tolist()
    assert first == [5, 3, 8, 4, 9, 1, 3, 2, 9, 3, 7, 2]


def test_a_file_is_decoded_once_a_process(digits, monkeypatch, tmp_path):
    monkeypatch.setattr(reading, "FOLDER", tmp_path)  # nothing there any more
    np.testing.assert_array_equal(load_mnist().x_test, digits.x_test)


@pytest.fixture
def copied_folder(monkeypatch, tmp_path):
    source = reading.FOLDER / "fashion_mnist.xz"
    monkeypatch.setattr(reading, "FOLDER", tmp_path)
    entry.read_once.cache_clear()
    shutil.copy(source, tmp_path)
    return tmp_path


def flip_a_bit(content):
    return content[:1000] + bytes([content[1000] ^ 1]) + content[1001:]


@pytest.mark.parametrize(
    "damage",
    [flip_a_bit, lambda c: c[: len(c) // 2], lambda c: c + b"\0", lambda c: b""],
    ids=["one bit", "truncated", "too long", "empty"],
)
def test_a_damaged_file_is_named_with_both_digests(copied_folder, damage):
    path = copied_folder / "fashion_mnist.xz"
    content = damage(path.read_bytes())
    path.write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        load("fashion_mnist")
    message = str(caught.value)
    for part in (
        str(path),
        DATASETS["fashion_mnist"].sha256,
        hashlib.sha256(content).hexdigest(),
        "reinstall",
    ):
        assert part in message


def test_a_missing_file_is_named_and_says_what_to_do(copied_folder):
    (copied_folder / "fashion_mnist.xz").unlink()
    with pytest.raises(DatasetError, match=r"fashion_mnist\.xz: No such.*reinstall"):
        load("fashion_mnist")


@pytest.fixture
def keras_returns(monkeypatch):
    """Let Keras' download give what a test wants, and forget it afterwards."""
    from keras.datasets import fashion_mnist

    def replace(result):
        def load_data():
            if isinstance(result, Exception):
                raise result
            return result

        monkeypatch.setattr(fashion_mnist, "load_data", load_data)

    entry.read_once.cache_clear()
    yield replace
    entry.read_once.cache_clear()


def test_full_fashion_without_a_network_says_what_to_do(keras_returns):
    keras_returns(Exception("URL fetch failure on https://example.org"))
    with pytest.raises(DatasetError, match=r"URL fetch failure.*full=False"):
        load_fashion_mnist(full=True)


def test_a_download_that_is_not_the_published_one_is_refused(keras_returns):
    small = np.zeros((20, 28, 28), np.uint8), np.zeros(20, np.uint8)
    keras_returns((small, small))
    with pytest.raises(DatasetError, match=r"sha256.*delete the folder"):
        load("fashion_mnist_full")


def test_a_good_download_is_split_like_the_rest(keras_returns, monkeypatch):
    rng = np.random.default_rng(0)
    parts = [
        (rng.integers(0, 256, (n, 28, 28), np.uint8), rng.integers(0, 10, n, np.uint8))
        for n in (50, 20)
    ]
    content = b"".join(array.tobytes() for part in parts for array in part)
    known = DATASETS["fashion_mnist_full"]
    digest = hashlib.sha256(content).hexdigest()
    small = dataclasses.replace(known, sha256=digest, n_train=50, n_test=20)
    monkeypatch.setitem(DATASETS, known.name, small)
    keras_returns(tuple(parts))
    splits = load(known.name, validation=10)
    assert [len(part) for part in splits] == [40, 40, 10, 10, 20, 20]
    np.testing.assert_array_equal(levels(splits.x_test), parts[1][0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: load("cifar"), ValueError, "'cifar'; known: mnist, fashion_mnist"),
        (lambda: load(["mnist"]), ValueError, "known: mnist"),
        (lambda: load_mnist(validation=60_000), ValueError, "60000 training samples"),
        (lambda: load_mnist(validation=-1), ValueError, "validation must be at least"),
        (lambda: load_mnist(validation=0.1), TypeError, "whole number, got 0.1"),
        (lambda: load_mnist(seed=-1), ValueError, "seed must be at least 0"),
        (lambda: load_mnist(seed="a"), TypeError, "seed must be a whole number"),
        (lambda: load("mnist", full=True), TypeError, "full"),
        (lambda: flatten(np.zeros(784)), ValueError, r"x\[None\]"),
        (lambda: flatten(0.5), ValueError, "at least 2 dimensions"),
        (lambda: flatten([["a", "b"]]), TypeError, "real numbers, got dtype <U1"),
    ],
)
def test_bad_arguments_are_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_flatten_keeps_every_value_in_reading_order():
    x = np.arange(24).reshape(2, 3, 4)
    assert flatten(x).tolist() == [list(range(12)), list(range(12, 24))]
    assert flatten(flatten(x)).shape == (2, 12)
    assert flatten(np.zeros((0, 28, 28), np.float32)).shape == (0, 784)


def test_splits_and_catalog_print_what_they_hold_not_the_pixels(digits):
    assert "x_train: float32 (55000, 28, 28)" in repr(digits)
    table, html = repr(data.catalog()), data.catalog()._repr_html_()
    for known in DATASETS.values():
        for text in (table, html):
            assert known.name in text
            assert known.kind.__name__ in text
            assert f"{known.n_train:,}" in text
            assert known.licence in text
            assert known.where in text
    assert html.count("<tr>") == 1 + len(DATASETS)


def test_every_entry_says_whom_to_thank():
    for name, known in DATASETS.items():
        assert known.name == name
        assert known.licence
        assert len(known.citation) > 30
        assert known.source.startswith("http")
        assert len(known.sha256) == 64


@pytest.mark.slow
def test_loading_imports_nothing_but_what_ships_the_data():
    others = ("tensorflow", "keras", "matplotlib", "sklearn", "scipy")
    code = (
        "import sys, aebook.data; aebook.data.load('fashion_mnist');"
        f"print([m for m in {others} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"
