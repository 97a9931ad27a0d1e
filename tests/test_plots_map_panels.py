"""Maps side by side show each point where its codes say, in the colour of its label."""

from aebook.plots import map_panels, maps
from aebook.plots.figure import CYCLE
from book_rules import MAX_IMAGE_BYTES, SVG, image_size
from matplotlib.colors import to_hex
import numpy as np
import pytest

rng = np.random.default_rng(0)
LABELS = np.repeat([4, 7, 9], 20)
FLAT = (rng.normal(size=(60, 2)) + 4 * LABELS[:, None]).astype(np.float32)
MIXED = rng.normal(size=(60, 2)).astype(np.float32)


def drawn(axes):
    (scatter,) = axes.collections
    order = np.lexsort(np.asarray(scatter.get_offsets()).T)
    colors = [to_hex(c) for c in scatter.get_facecolors()]
    return np.asarray(scatter.get_offsets())[order], [colors[i] for i in order]


def test_each_map_has_its_points_and_all_have_the_same_colours():
    figure = maps({"apart": FLAT, "mixed": MIXED}, LABELS)
    for axes, name, codes in zip(
        figure.axes, ("apart", "mixed"), (FLAT, MIXED), strict=True
    ):
        order = np.lexsort(codes.T)
        points, colors = drawn(axes)
        np.testing.assert_array_equal(points, codes[order])
        of = {label: CYCLE[i].lower() for i, label in enumerate((4, 7, 9))}
        assert colors == [of[label] for label in LABELS[order].tolist()]
        assert axes.get_title() == name
    (key,) = figure.legends
    assert [text.get_text() for text in key.get_texts()] == ["4", "7", "9"]


def test_the_alt_text_says_how_often_the_nearest_is_of_the_same_class():
    alt = maps({"apart": FLAT, "mixed": MIXED}, LABELS, title="Which?").alt
    distance = np.linalg.norm(MIXED[:, None] - MIXED, axis=2) + 9 * np.eye(60)
    share = np.mean(LABELS == LABELS[distance.argmin(axis=1)])
    assert alt == (
        "Which?. Maps of 60 samples in 3 classes. Nearest point of the same class, "
        f"apart: 100%, mixed: {share:.0%}."
    )


def test_numbers_are_shades_with_a_key():
    figure = maps({"a": FLAT}, np.linspace(0, 59, 60), scale="position in cm")
    assert len(set(drawn(figure.axes[0])[1])) > 40
    assert figure.axes[-1].get_xlabel() == "position in cm"
    assert "shaded by position in cm. Median difference" in figure.alt


def test_four_maps_stand_in_two_rows_and_the_empty_places_are_bare():
    figure = maps(dict.fromkeys("abcd", FLAT), LABELS, names=["x"] * 10)
    assert len(figure.axes) == 6
    assert not figure.axes[5].axison


def test_a_point_far_off_is_drawn_at_the_edge_and_leaves_the_others_in_place():
    z = np.concatenate([rng.random((299, 2)), [[1000, 0.5]]]).astype(np.float32)
    points, _ = drawn(maps({"a": z}, np.zeros(300, int)).axes[0])
    inside = z[:299][np.lexsort(z[:299].T)]
    kept = points[points[:, 0] <= 1]
    np.testing.assert_array_equal(kept, inside)
    assert points[:, 0].max() == pytest.approx(1.25, abs=0.05)


@pytest.mark.slow
def test_many_points_are_a_small_file(monkeypatch):
    z, labels = rng.random((60_000, 2)), rng.integers(0, 10, 60_000)
    figure = maps({"a": z, "b": z, "c": z}, labels)
    assert image_size(SVG, figure._repr_svg_()[0]) < MAX_IMAGE_BYTES
    shown = sum(len(drawn(axes)[0]) for axes in figure.axes)
    assert map_panels.MOST_POINTS - 3 <= shown <= map_panels.MOST_POINTS


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: maps([FLAT], LABELS), TypeError, "named must be"),
        (lambda: maps({}, LABELS), ValueError, "named is empty"),
        (lambda: maps({"a": FLAT[:, :1]}, LABELS), ValueError, "a must have 2 dim"),
        (lambda: maps({"a": FLAT * np.nan}, LABELS), ValueError, "a must be finite"),
        (
            lambda: maps({"a": FLAT, "b": FLAT[:9]}, LABELS),
            ValueError,
            "'b' has 9",
        ),
        (lambda: maps({"a": FLAT}, LABELS[:9]), ValueError, "one entry per sample"),
        (lambda: maps({"a": FLAT}, LABELS / 2), TypeError, "integers or strings"),
        (lambda: maps({"a": FLAT}, [1.0], scale="x"), ValueError, "number per sample"),
        (lambda: maps({"a": FLAT}, LABELS, names="ab"), ValueError, "has no name"),
    ],
)
def test_what_is_no_map_is_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()
