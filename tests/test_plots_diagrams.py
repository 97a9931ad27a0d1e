"""Boxes stand where they were put, and each arrow leads from one to another."""

from aebook.plots import diagram
import numpy as np
import pytest

PLACES = {"x": (0, 0), "a": (0, 1), "z": (1.5, 0)}
ARROWS = [("x", "z", "times a"), ("a", "z")]


def texts(figure):
    return {text.get_text(): text for text in figure.axes[0].texts if text.get_text()}


def ways(figure):
    """Start and end of each arrow."""
    arrows = [t for t in figure.axes[0].texts if t.arrow_patch is not None]
    return [(*arrow.xyann, *arrow.xy) for arrow in arrows]


def test_boxes_arrows_and_their_texts_are_drawn_in_their_places():
    figure = diagram(PLACES, ARROWS, notes={"x": "0.8"})
    found = {name: text.xy for name, text in texts(figure).items()}
    assert found == {
        "x\n0.8": (0, 0),
        "a": (0, 1),
        "z": (1.5, 0),
        "times a": (0.75, 0),
    }
    assert ways(figure) == [(0, 0, 1.5, 0), (0, 1, 1.5, 0)]


def test_rows_go_down_and_columns_to_the_right():
    figure = diagram(PLACES, ARROWS)
    figure.draw_without_rendering()
    box = {name: text.get_window_extent() for name, text in texts(figure).items()}
    assert box["a"].y1 < box["x"].y0
    assert box["x"].x1 < box["z"].x0


def test_arrows_end_at_the_edges_of_boxes():
    figure = diagram(PLACES, ARROWS[:1])
    figure.draw_without_rendering()
    x, z = (texts(figure)[name].get_bbox_patch().get_window_extent() for name in "xz")
    (arrow,) = [t.arrow_patch for t in figure.axes[0].texts if t.arrow_patch]
    extent = arrow.get_path().transformed(arrow.get_transform()).get_extents()
    assert x.x1 <= extent.x0 < x.x1 + 5
    assert z.x0 - 5 < extent.x1 <= z.x0


def test_the_shaded_boxes_are_darker():
    faces = {
        name: np.mean(text.get_bbox_patch().get_facecolor()[:3])
        for name, text in texts(diagram(PLACES, [], shaded=["a"])).items()
    }
    assert faces["a"] < faces["x"] == faces["z"] == 1


def test_the_alt_text_lists_boxes_and_ways():
    assert diagram(PLACES, ARROWS, notes={"x": "0.8"}, title="Forward").alt == (
        "Forward. Diagram. Boxes: x (0.8), a, z. Arrows: x to z (times a); a to z."
    )
    assert diagram({"x": (0, 0)}, []).alt == "Diagram. Boxes: x."


def test_nothing_is_cut_off():
    wide = {"a very long name of a box": (0, 0), "another of them": (2, 2)}
    figure = diagram(wide, [])
    figure.draw_without_rendering()
    for text in texts(figure).values():
        box = text.get_bbox_patch().get_window_extent()
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: diagram(["x"], []), TypeError, "boxes must be .*got list; give each"),
        (lambda: diagram({}, []), ValueError, "boxes is empty"),
        (
            lambda: diagram({"x": (0,)}, []),
            ValueError,
            r"place of 'x' must be \(column, row\), got \[0.0\]",
        ),
        (lambda: diagram({"x": (0, np.nan)}, []), ValueError, "must be .column, row"),
        (lambda: diagram({"x": "ab"}, []), TypeError, "place of 'x' must hold real"),
        (
            lambda: diagram(PLACES, [("x", "y")]),
            ValueError,
            "unknown box 'y'; known: x, a, z",
        ),
        (lambda: diagram(PLACES, [("x",)]), ValueError, "an arrow must be .*got"),
        (lambda: diagram(PLACES, [], notes={"y": "1"}), ValueError, "unknown box 'y'"),
        (lambda: diagram(PLACES, [], notes=["x"]), TypeError, "notes must be .*list"),
        (lambda: diagram(PLACES, [], shaded=["y"]), ValueError, "unknown box 'y'"),
    ],
)
def test_bad_boxes_are_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()
