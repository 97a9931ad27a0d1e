"""Photographs of many sizes: those that packages ship, and the reader's own."""

import io

from aebook.data import (
    DATASETS,
    DatasetError,
    Photographs,
    load,
    read_image,
    read_images,
)
from aebook.data.datasets import photographs
from aebook.data.entry import read_once
import numpy as np
from PIL import Image
import pytest
import skimage.data
from sklearn.datasets import load_sample_images


@pytest.fixture(scope="module")
def whole():
    return load("photographs", validation=0)


def test_the_entry_says_how_many_there_are():
    splits, known = load("photographs"), DATASETS["photographs"]
    assert type(splits) is known.kind is Photographs
    assert len(splits.x_val) == known.validation == 3
    assert len(splits.x_train) + len(splits.x_val) == known.n_train == 13
    assert len(splits.x_test) == known.n_test == 3
    for x in [x for part in splits for x in part.values()]:
        assert x.dtype == np.float32
        assert x.ndim == known.shape[-1] == x.shape[-1] == 3
        assert 0 <= x.min() < 0.3 < 0.7 < x.max() <= 1
    assert "x_test: astronaut, china, coffee" in repr(splits)


def test_validation_is_taken_from_training_and_test_never_changes(whole):
    for seed in range(3):
        splits = load("photographs", validation=4, seed=seed)
        assert len(splits.x_val) == 4
        together = {**splits.x_train, **splits.x_val}
        assert together.keys() == whole.x_train.keys()
        assert [*splits.x_test] == ["astronaut", "china", "coffee"]
        assert [*splits.x_train] == [n for n in whole.x_train if n in splits.x_train]
    assert [*load("photographs").x_val] == ["chelsea", "flower", "grass"]


def test_they_are_the_pictures_of_the_packages(whole):
    everything = {**whole.x_train, **whole.x_test}
    for name in ("astronaut", "chelsea", "coffee", "retina"):
        expected = getattr(skimage.data, name)()
        np.testing.assert_allclose(255 * everything[name], expected, atol=1.01)
    grey = 255 * everything["camera"]
    np.testing.assert_allclose(grey[..., 1], skimage.data.camera(), atol=1e-3)
    np.testing.assert_array_equal(grey[..., 0], grey[..., 2])
    two = load_sample_images()
    for path, image in zip(two.filenames, two.images, strict=True):
        name = "china" if "china" in path else "flower"
        np.testing.assert_allclose(255 * everything[name], image, atol=1.01)


def test_what_a_caller_changes_is_changed_for_that_caller_alone(whole):
    mine = load("photographs")
    mine.x_test["china"][...] = 0
    again = load("photographs").x_test["china"]
    np.testing.assert_array_equal(again, whole.x_test["china"])


def test_files_that_another_release_changed_are_refused(monkeypatch):
    read_once.cache_clear()
    monkeypatch.setattr(photographs, "TEST", ("china.jpg", "page.png"))
    with pytest.raises(DatasetError, match=r'scikit-image ships as "photographs".*got'):
        load("photographs")
    read_once.cache_clear()


# --- own files


@pytest.fixture
def folder(tmp_path):
    """What a reader's folder holds."""
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(colour).save(tmp_path / "b_colour.png")
    Image.fromarray(colour[..., 0]).save(tmp_path / "a_grey.jpg", quality=95)
    alpha = np.dstack([np.full((8, 9, 3), 10, np.uint8), np.zeros((8, 9), np.uint8)])
    Image.fromarray(alpha).save(tmp_path / "d_clear.PNG")
    deep = np.arange(0, 4096, 128, np.uint16).reshape(4, 8)
    Image.fromarray(deep).save(tmp_path / "e_deep.tif")
    whole = (tmp_path / "b_colour.png").read_bytes()
    (tmp_path / "c_broken.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "below.png").mkdir()
    return tmp_path


def test_a_broken_file_is_named_and_the_rest_goes_on(folder):
    with pytest.warns(UserWarning, match="left out") as caught:
        images = read_images(folder)
    said = sorted(str(warning.message) for warning in caught)
    assert [text.split()[0] for text in said] == ["below.png", "c_broken.png"]
    assert "c_broken.png is damaged" in said[1]
    shapes = {name: x.shape for name, x in images.items()}
    assert shapes == {
        "a_grey.jpg": (20, 30, 3),
        "b_colour.png": (20, 30, 3),
        "d_clear.PNG": (8, 9, 3),
        "e_deep.tif": (4, 8, 3),
    }
    assert all(x.dtype == np.float32 for x in images.values())


def test_each_is_what_its_file_shows(folder):
    colour = np.asarray(Image.open(folder / "b_colour.png"))
    np.testing.assert_allclose(255 * read_image(folder / "b_colour.png"), colour)
    assert (read_image(folder / "d_clear.PNG") == 1).all()  # nothing, on white
    deep = read_image(folder / "e_deep.tif", grey=True)
    np.testing.assert_allclose(4095 * deep.ravel(), np.arange(0, 4096, 128), rtol=1e-6)


def test_a_photograph_that_was_taken_upright_is_upright():
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (30, 20)).save(file, "JPEG", exif=exif)
    assert read_image(file).shape == (30, 20, 3)


def test_grey_is_the_luma_and_has_no_channels(folder):
    image = read_image(folder / "b_colour.png")
    grey = read_image(folder / "b_colour.png", grey=True)
    assert grey.shape == (20, 30)
    np.testing.assert_allclose(grey, image @ [0.299, 0.587, 0.114], atol=1 / 255)


def test_a_folder_without_pictures_is_said_to_be_one(tmp_path):
    with pytest.raises(ValueError, match=r"holds no picture that can be read.*\.png"):
        read_images(tmp_path)
    with pytest.raises(NotADirectoryError, match="folder must be one that exists"):
        read_images(tmp_path / "nowhere")
    (tmp_path / "a.png").write_bytes(b"hello")
    with (
        pytest.warns(UserWarning, match=r"a\.png is left out: .*not an image"),
        pytest.raises(ValueError, match="holds no picture"),
    ):
        read_images(tmp_path)
