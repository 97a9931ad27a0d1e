"""Scatter and bars show the numbers they were given."""

from aebook import plots
from aebook.metrics import ClassError
from aebook.plots import codes, errors_by_class
from aebook.plots.figure import COLORS, CYCLE
from book_rules import MAX_IMAGE_BYTES, SVG, image_size
from matplotlib.colors import to_hex
import numpy as np
import pytest
from sklearn.decomposition import PCA

rng = np.random.default_rng(0)
LABELS = np.repeat([4, 7, 9], 20)
FLAT = (rng.normal(size=(60, 2)) + LABELS[:, None]).astype(np.float32)
WIDE = (rng.normal(size=(60, 16)) * np.linspace(1, 3, 16) + LABELS[:, None]).astype("f")
COLOR = {label: CYCLE[i].lower() for i, label in enumerate((4, 7, 9))}


def points(figure):
    (scatter,) = figure.axes[0].collections
    colors = [to_hex(c) for c in scatter.get_facecolors()]
    return np.asarray(scatter.get_offsets()), colors


@pytest.mark.slow
def test_codes_of_two_numbers_are_drawn_as_they_are():
    figure = codes(FLAT, LABELS, title="Where?")
    offsets, colors = points(figure)
    np.testing.assert_allclose(offsets, FLAT)
    assert colors == [COLOR[label] for label in LABELS.tolist()]
    assert figure.axes[0].get_xlabel() == "first number of the code"


def test_wider_codes_are_drawn_in_the_plane_of_their_principal_components():
    figure = codes(WIDE, LABELS)
    expected = PCA(2, svd_solver="full").fit(WIDE)
    offsets, _ = points(figure)
    np.testing.assert_allclose(offsets, expected.transform(WIDE), atol=1e-3)
    first, second = expected.explained_variance_ratio_
    axes = figure.axes[0]
    assert (
        axes.get_xlabel() == f"first principal component ({first:.0%} of the variance)"
    )
    assert f"second principal component ({second:.0%}" in axes.get_ylabel()
    assert axes.get_ylabel() in figure.alt


@pytest.mark.slow
def test_code_maps_are_laid_out_flat():
    maps, _ = points(codes(WIDE.reshape(60, 4, 2, 2), LABELS))
    np.testing.assert_array_equal(maps, points(codes(WIDE, LABELS))[0])


def test_class_names_stand_at_the_class_centres():
    names = [f"class {i}" for i in range(10)]
    figure = codes(FLAT, LABELS, names=names)
    for text, label in zip(figure.axes[0].texts, (4, 7, 9), strict=True):
        assert text.get_text() == f"class {label}"
        centre = FLAT[label == LABELS].mean(axis=0)
        np.testing.assert_allclose(text.get_position(), centre, atol=1e-5)


@pytest.mark.slow
def test_names_on_one_spot_are_moved_apart_and_stay_readable():
    figure = codes(np.tile(FLAT[:2], (5, 1)), np.arange(10) // 2)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])


@pytest.mark.slow
def test_the_alt_text_names_the_closest_and_farthest_classes():
    z = np.array([[0, 0], [0, 2], [3, 1], [10, 1]], float)
    assert codes(z, ["a", "a", "b", "c"]).alt == (
        "Scatter of 4 codes in 3 classes. Class centres closest together: a and b "
        "(3 apart); farthest: a and c (10 apart)."
    )
    assert codes(z, [1, 1, 1, 1]).alt == "Scatter of 4 codes in 1 class."


@pytest.mark.slow
def test_of_many_codes_a_part_is_drawn_and_the_figure_says_so(monkeypatch):
    monkeypatch.setattr("aebook.plots.code_maps.MOST_POINTS", 25)
    figure = codes(FLAT, LABELS)
    offsets, colors = points(figure)
    rows = [FLAT.tolist().index(offset) for offset in offsets.tolist()]
    assert rows == sorted(set(rows))
    assert colors == [COLOR[label] for label in LABELS[rows].tolist()]
    assert figure.alt.startswith("Scatter of 25 of the 60 codes in 3 classes.")
    assert "25 of the 60 codes drawn" in figure.axes[0].get_title(loc="right")
    centre = FLAT[LABELS == 4].mean(axis=0)  # of all
    np.testing.assert_allclose(figure.axes[0].texts[0].get_position(), centre, atol=0.3)


def test_the_part_drawn_holds_every_class_of_codes_that_take_turns():
    z = np.tile(FLAT[::20], (1000, 1))
    figure, again = (codes(z, np.tile([4, 7, 9], 1000)) for _ in range(2))
    drawn = [points(figure)[1].count(color) for color in COLOR.values()]
    assert sum(drawn) == 1000
    assert min(drawn) > 250
    np.testing.assert_array_equal(points(figure)[0], points(again)[0])


@pytest.mark.slow
def test_the_largest_scatter_is_a_small_file():
    z, labels = rng.random((60_000, 2)), rng.integers(0, 10, 60_000)
    assert image_size(SVG, codes(z, labels)._repr_svg_()[0]) < MAX_IMAGE_BYTES


RESULT = {0: ClassError(9.0, 2), 1: ClassError(3.0, 4), 5: ClassError(12.0, 2)}


def test_bars_are_as_long_as_the_errors_hardest_class_on_top():
    axes = errors_by_class(RESULT).axes[0]
    assert [bar.get_width() for bar in axes.patches] == [12, 9, 3]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["5", "0", "1"]
    assert axes.yaxis_inverted()
    assert "summed over its pixels" in axes.get_xlabel()


def test_the_line_stands_at_the_mean_of_all_images():
    figure = errors_by_class(RESULT)
    (line,) = figure.axes[0].lines
    mean = (2 * 9 + 4 * 3 + 2 * 12) / 8
    assert list(line.get_xdata()) == [mean, mean]
    assert line.get_color() == COLORS["reference"]
    assert figure.alt == (
        "Bar chart of the squared error per image in each class, largest first: "
        "5: 12.0; 0: 9.0; 1: 3.0. Mean of all 8 images: 6.8."
    )


def test_bars_can_have_names():
    named = errors_by_class(RESULT, names=["zero", "one", "", "", "", "five"])
    labels = [t.get_text() for t in named.axes[0].get_yticklabels()]
    assert labels == ["five", "zero", "one"]


@pytest.mark.slow
def test_every_public_plot_returns_our_figure_with_alt_text():
    run = {"loss": [2, 1]}
    for figure in (
        plots.images(np.eye(4)[None]),
        plots.reconstructions(np.eye(4)[None], np.eye(4)[None]),
        plots.history(run),
        plots.codes(FLAT, LABELS),
        plots.errors_by_class(RESULT),
    ):
        assert isinstance(figure, plots.Figure)
        assert len(figure.alt) > 5
        assert image_size(SVG, figure._repr_svg_()[0]) < MAX_IMAGE_BYTES


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: codes(FLAT, LABELS[:3]), ValueError, "labels must have one entry per"),
        (lambda: codes(FLAT, LABELS / 2), TypeError, "integers or strings"),
        (
            lambda: codes(FLAT[:, :1], LABELS),
            ValueError,
            r"at least two numbers.*60, 1",
        ),
        (lambda: codes(FLAT[:, 0], LABELS), ValueError, "at least two numbers"),
        (lambda: codes(WIDE[:1], [3]), ValueError, "at least two"),
        (lambda: codes(FLAT * np.nan, LABELS), ValueError, "codes must be finite"),
        (lambda: codes(FLAT[:0], []), ValueError, "codes is empty"),
        (lambda: codes("abc", LABELS), TypeError, "codes must hold real numbers"),
        (lambda: codes(FLAT, LABELS, names=["a"]), ValueError, "label 4 has no name"),
        (lambda: codes(FLAT, LABELS - 9, names="ab"), ValueError, "label -5 has no"),
        (
            lambda: codes(FLAT, LABELS.astype(str), names=["a"]),
            ValueError,
            "label '4' has no name",
        ),
        (lambda: errors_by_class({}), ValueError, "result is empty"),
        (
            lambda: errors_by_class({0: 1.5}),
            TypeError,
            "result of 0 must be a ClassError, got float; .*metrics.error_by_class",
        ),
        (
            lambda: errors_by_class([1, 2]),
            TypeError,
            "got list; pass what aebook.metrics.error_by_class returns",
        ),
        (lambda: errors_by_class(RESULT, names=["a"]), ValueError, "label 1 has no"),
    ],
)
def test_bad_input_is_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()
