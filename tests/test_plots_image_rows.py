"""The pictures drawn are the images given, and the numbers are their errors."""

from aebook.metrics import squared_error_per_image
from aebook.plots import images, reconstructions, sheet
from book_rules import MAX_IMAGE_BYTES, SVG, image_size
import numpy as np
import pytest

rng = np.random.default_rng(0)
X = rng.random((12, 8, 8), np.float32)
Y = np.clip(X + rng.normal(0, 0.2, X.shape), -0.5, 1.5).astype(np.float32)


def pixels(figure):
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes]


def test_images_are_drawn_in_order_with_their_titles():
    figure = images(X, list("abcdefghijkl"), n=12, title="Noise")
    np.testing.assert_array_equal(pixels(figure), X)
    assert [a.get_title() for a in figure.axes] == list("abcdefghijkl")
    assert figure.texts[0].get_text() == "Noise"
    assert figure.alt == (
        "Noise. 12 images in 2 rows, titled a, b, c, d, e, f, g, h, i, j, k, l."
    )


def test_black_is_0_and_white_is_1_whatever_the_image_holds():
    for axes in images(X * 0.1 + 0.4, n=3).axes:
        assert axes.images[0].get_clim() == (0, 1)
        assert axes.images[0].get_cmap().name == "gray"
    assert pixels(images(Y, n=5))[0].max() <= 1
    assert pixels(images(Y, n=5))[0].min() >= 0


@pytest.mark.parametrize(
    "shape", [(3, 64), (3, 8, 8, 1)], ids=["flat", "with a channel axis"]
)
def test_other_layouts_of_grey_images_look_the_same(shape):
    np.testing.assert_array_equal(pixels(images(X[:3].reshape(shape))), X[:3])


def test_colour_and_oblong_images_keep_their_shape():
    colour = rng.random((2, 6, 12, 3))
    figure = images(colour)
    np.testing.assert_allclose(pixels(figure), colour, atol=1e-6)
    box = figure.axes[0].get_window_extent()
    assert box.width / box.height == pytest.approx(2, rel=0.01)


def test_reconstructions_stand_below_their_originals():
    figure = reconstructions(X, Y, titles=range(12), n=5)
    drawn = pixels(figure)
    np.testing.assert_array_equal(drawn[:5], X[:5])
    np.testing.assert_array_equal(drawn[5:], np.clip(Y[:5], 0, 1))
    for above, below in zip(figure.axes[:5], figure.axes[5:], strict=True):
        assert above.get_position().x0 == below.get_position().x0
        assert above.get_position().y0 > below.get_position().y1
    assert [a.get_title() for a in figure.axes[:5]] == ["0", "1", "2", "3", "4"]


@pytest.mark.slow
def test_the_number_under_a_reconstruction_is_its_squared_error():
    figure = reconstructions(X, Y, n=5)
    errors = squared_error_per_image(X, Y)[:5]  # before clipping
    assert [a.get_xlabel() for a in figure.axes[5:]] == [f"{e:.1f}" for e in errors]
    assert figure.alt == (
        "5 originals, and below each its reconstruction. Squared error per image: "
        f"mean {errors.mean():.1f}, from {errors.min():.1f} to {errors.max():.1f}."
    )
    assert "squared error, summed over its pixels" in figure.texts[-1].get_text()


@pytest.mark.slow
def test_several_models_become_rows_with_their_names():
    figure = reconstructions(X, {"PCA": X * 0, "copy": X.reshape(12, 64)}, n=4)
    assert [a.get_ylabel() for a in figure.axes[::4]] == ["original", "PCA", "copy"]
    np.testing.assert_array_equal(pixels(figure)[8:], X[:4])
    assert [a.get_xlabel() for a in figure.axes[8:]] == ["0.0"] * 4
    energy = (X[:4] ** 2).sum((1, 2))
    assert f"PCA: mean {energy.mean():.1f}, from {energy.min():.1f}" in figure.alt
    assert "copy: mean 0.0, from 0.0 to 0.0." in figure.alt


def test_each_set_of_images_is_a_row_with_its_name():
    figure = sheet({"drawn": X[:4], "nearest": Y}, n=3, title="Copies?")
    np.testing.assert_array_equal(pixels(figure)[:3], X[:3])
    np.testing.assert_allclose(pixels(figure)[3:], np.clip(Y[:3], 0, 1))
    assert [a.get_ylabel() for a in figure.axes if a.get_ylabel()] == [
        "drawn",
        "nearest",
    ]
    assert figure.alt == "Copies?. 6 images in 2 rows: drawn, nearest."


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({}, "give at least one row"),
        ({"a": X, "b": X[:, :4]}, r"a and b must have the same shape, got \(8, 8\)"),
        ({"a": X[:0]}, "a is empty"),
        ({"a": 255 * np.ones((2, 8, 8), int)}, "divide by 255"),
    ],
)
def test_rows_that_do_not_fit_are_named(rows, message):
    with pytest.raises(ValueError, match=message):
        sheet(rows)


def test_fewer_images_than_asked_for_are_all_drawn():
    assert len(images(X[:2], n=10).axes) == 2
    assert len(reconstructions(X[:1], Y[:1]).axes) == 2
    assert images(X[:1]).alt == "1 image."


@pytest.mark.slow
def test_nothing_is_cut_off_and_no_texts_overlap():
    row = {"a convolutional autoencoder with a long name": Y, "PCA, 8 numbers": Y}
    figure = reconstructions(X, row, titles=["ankle boot"] * 12, n=12, title="t " * 60)
    figure.draw_without_rendering()
    texts = list(figure.texts)
    for axes in figure.axes:
        texts += [axes.title, axes.xaxis.label, axes.yaxis.label]
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    for i, box in enumerate(boxes):
        assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(other) for other in boxes[:i])


@pytest.mark.slow
def test_the_largest_picture_is_a_small_file():
    noise = rng.random((16, 28, 28))
    figure = reconstructions(noise, {"a": noise, "b": noise, "c": noise}, n=16)
    assert image_size(SVG, figure._repr_svg_()[0]) < MAX_IMAGE_BYTES


bad_values = [
    (X[0], ValueError, r"x must be images.*got \(8, 8\); one image: x\[None\]"),
    (X[:, None], ValueError, r"got \(12, 1, 8, 8\)"),
    (np.zeros((3, 65)), ValueError, r"square and flat \(n, pixels\), got \(3, 65\)"),
    (np.zeros((0, 8, 8)), ValueError, "x is empty"),
    (X * np.nan, ValueError, "NaN"),
    ([["a"]], TypeError, "real numbers"),
    (1.0, ValueError, "got one number"),
    ((255 * X).astype(np.uint8), ValueError, "divide by 255"),
]


@pytest.mark.parametrize("draw", [images, lambda x: reconstructions(x, x)])
@pytest.mark.parametrize(("x", "error", "message"), bad_values)
def test_bad_images_are_refused_in_words(draw, x, error, message):
    with pytest.raises(error, match=message):
        draw(x)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: images(X, n=0), ValueError, "n must be at least 1"),
        (lambda: images(X, n=2.5), TypeError, "n must be a whole number"),
        (lambda: images(X, ["a"]), ValueError, "titles must be 10 texts"),
        (lambda: images(X, "abcdefghijkl"), ValueError, "titles must be 10 texts"),
        (lambda: reconstructions(X * 255, Y), ValueError, "divide by 255"),
        (lambda: reconstructions(X - 1, Y), ValueError, r"expected \[0, 1\]"),
        (lambda: reconstructions(X, Y[:3]), ValueError, "x and reconstruction must"),
        (lambda: reconstructions(X, {"PCA": Y[:3]}), ValueError, "x and PCA must"),
        (lambda: reconstructions(X, {"PCA": Y * np.nan}), ValueError, "PCA must be fi"),
        (lambda: reconstructions(X, {}), ValueError, "x_hat is empty"),
        (lambda: reconstructions(X, None), TypeError, "reconstruction must hold real"),
        (lambda: reconstructions(X, Y, n=17), ValueError, "n must be at most 16"),
        (lambda: reconstructions(X, Y, ["7"]), ValueError, "titles must be 10 texts"),
    ],
)
def test_bad_options_are_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()
