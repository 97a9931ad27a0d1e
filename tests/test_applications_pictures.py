"""Every helper for images takes the same shapes, and refuses the same mistakes."""

from aebook.applications import (
    Codec,
    Denoiser,
    ImageGenerator,
    cut_patches,
    damage,
)
from aebook.applications.pictures import as_images, as_pictures
import numpy as np
import pytest

COLOUR = np.random.default_rng(0).random((16, 24, 3)).astype(np.float32)


@pytest.mark.parametrize("helper", [Codec, Denoiser, ImageGenerator])
def test_one_colour_image_is_not_taken_for_many_grey_ones(helper):
    with pytest.raises(ValueError, match=r"got \(16, 24, 3\); one image needs a first"):
        helper().fit(COLOUR)
    with pytest.raises(ValueError, match="one image needs a first"):
        damage(COLOUR)


@pytest.mark.parametrize(
    ("shape", "channels", "expected"),
    [
        ((2, 8, 9), 0, (2, 8, 9, 1)),
        ((2, 8, 9, 1), 0, (2, 8, 9, 1)),
        ((2, 8, 9, 3), 3, (2, 8, 9, 3)),
        ((2, 3, 3, 3), 0, (2, 3, 3, 3)),
    ],
)
def test_images_get_an_axis_of_channels(shape, channels, expected):
    assert as_images(np.zeros(shape), channels=channels).shape == expected


@pytest.mark.parametrize(
    ("shape", "channels", "words"),
    [
        ((8, 9), 0, r"\(n, height, width\) or \(n, height, width, 3\), got \(8, 9\)"),
        ((2, 8, 9, 4), 0, r"got \(2, 8, 9, 4\)"),
        ((2, 8, 9), 3, r"the shape \(n, height, width, 3\), got"),
        ((2, 8, 9, 3), 1, r"grey=True\) makes grey of colour"),
        ((0, 8, 9), 0, "empty"),
    ],
)
def test_other_shapes_are_refused(shape, channels, words):
    with pytest.raises(ValueError, match=words):
        as_images(np.zeros(shape), channels=channels)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (COLOUR[..., 0], r"image 0 must have the shape \(height, width\) or"),
        ({"a": np.zeros((4, 4, 4))}, r"'a' must .* got \(4, 4, 4\); read your own"),
        ([COLOUR, COLOUR[..., 0]], "all in grey or all in colour"),
        ([COLOUR + 1], r"image 0 has values .* expected \[0, 1\]"),
        ({}, "empty"),
    ],
    ids="one alpha mixed bright none".split(),
)
def test_pictures_that_cannot_be_used_are_named(images, words):
    with pytest.raises(ValueError, match=words):
        as_pictures(images)
    with pytest.raises(ValueError, match=words):
        cut_patches(images, 4, 2)
