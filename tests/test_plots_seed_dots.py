import itertools

from aebook.plots import seed_panels, seeds
import numpy as np
import pytest

RUNS = {"Adam": [3.0, 1.0, 2.0], "SGD": [9.0, None, np.nan]}


def dots(figure):
    lines = figure.axes[0].get_lines()
    return [line.get_xydata() for line in lines if line.get_marker() == "o"]


def test_every_seed_is_a_dot_in_the_row_of_its_method():
    adam, sgd = dots(seeds(RUNS, xlabel="loss"))
    np.testing.assert_array_equal(adam, [[3, 0], [1, 0], [2, 0]])
    np.testing.assert_array_equal(sgd, [[9, 1]])
    labels = [
        t.get_text() for t in seeds(RUNS, xlabel="loss").axes[0].get_yticklabels()
    ]
    assert labels == ["Adam", "SGD"]


def test_the_bar_is_the_median():
    bars = [
        line.get_xydata()[0, 0]
        for line in seeds(RUNS, xlabel="loss").axes[0].get_lines()
        if line.get_marker() == "|"
    ]
    assert bars == [2, 9]


def test_a_diverged_seed_is_counted_and_not_hidden():
    figure = seeds(RUNS, xlabel="loss", floors={"mean image": 5})
    assert "1 seed at 9, 2 diverged" in figure.alt
    assert "mean image at 5" in figure.alt
    assert " 2 diverged" in [text.get_text() for text in figure.axes[0].texts]
    nothing = seeds({"SGD": [None]}, xlabel="loss")
    assert "0 seeds, 1 diverged" in nothing.alt


def test_the_first_row_is_on_top():
    bottom, top = seeds(RUNS, xlabel="loss").axes[0].get_ylim()
    assert bottom > top


@pytest.mark.parametrize(
    ("bad", "options", "error", "match"),
    [
        ([1, 2], {}, TypeError, "got list"),
        ({}, {}, ValueError, "empty"),
        ({"a": []}, {}, ValueError, "'a' must be a list of numbers"),
        ({"a": ["x"]}, {}, TypeError, "'a' must be a list of numbers"),
        ({"a": 3}, {}, TypeError, "'a' must be a list of numbers"),
        ({"a": [0.0, 1.0]}, {"log_x": True}, ValueError, "log_x=False"),
    ],
)
def test_bad_results_are_refused_by_name(bad, options, error, match):
    with pytest.raises(error, match=match):
        seeds(bad, xlabel="loss", **options)


def test_a_dot_may_be_something_else_than_a_seed():
    alt = seeds({"a": [1, 2]}, xlabel="time", each="round").alt
    assert alt == "Dots, one a round, of time. a: 2 rounds from 1 to 2, median 1.5."


# --- several experiments side by side

PANELS = {"sum": {"Adam": [3, 1], "SGD": [9]}, "mean": {"SGD": [0.2], "Adam": [0.1]}}


def test_a_panel_is_drawn_as_its_results_alone_in_the_order_of_the_first():
    figure = seed_panels(PANELS, xlabel="loss")
    assert [axes.get_title() for axes in figure.axes] == ["sum", "mean"]
    names = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert names == ["Adam", "SGD"]
    points = [
        [line.get_xydata().tolist() for line in axes.lines if line.get_marker() == "o"]
        for axes in figure.axes
    ]
    assert points == [[[[3, 0], [1, 0]], [[9, 1]]], [[[0.1, 0]], [[0.2, 1]]]]


def test_floors_stand_in_their_panels_and_once_in_the_legend():
    floors = {"sum": {"PCA": 5.0, "mean image": 9.0}, "mean": {"PCA": 0.5}}
    figure = seed_panels(PANELS, xlabel="loss", floors=floors)
    (legend,) = figure.legends
    assert [t.get_text() for t in legend.get_texts()] == ["PCA", "mean image"]
    (pca,) = [line for line in figure.axes[1].lines if line.get_label() == "PCA"]
    assert pca.get_xdata() == [0.5, 0.5]
    assert "Vertical lines: PCA at 5, mean image at 9." in figure.alt
    assert figure.alt.index("mean: Dots") < figure.alt.index("PCA at 0.5")


@pytest.mark.parametrize(
    ("bad", "options", "error", "match"),
    [
        ([1], {}, TypeError, "got list"),
        ({}, {}, ValueError, "empty"),
        ({"a": {"x": [1]}, "b": {"y": [1]}}, {}, ValueError, "the same rows"),
        ({"a": {"x": []}}, {}, ValueError, "'x' must be a list of numbers"),
        (PANELS, {"floors": {"max": {"PCA": 1.0}}}, ValueError, "'max', which is no"),
        (PANELS, {"floors": {"sum": {"PCA": 0.0}}, "log_x": True}, ValueError, "log_x"),
    ],
)
def test_bad_panels_are_refused_by_name(bad, options, error, match):
    with pytest.raises(error, match=match):
        seed_panels(bad, xlabel="loss", **options)


def test_panels_share_an_axis_if_asked():
    figure = seed_panels(
        {"a": {"x": [1]}, "b": {"x": [9]}}, xlabel="loss", share_x=True
    )
    first, second = figure.axes
    assert first.get_xlim() == second.get_xlim()


def test_the_numbers_under_narrow_panels_do_not_touch():
    rows = {"Schedule-Free, as Keras has it": [0.006, 0.3], "Adam": [0.01, 0.02]}
    panels = dict.fromkeys(("first", "second", "third"), rows)
    figure = seed_panels(panels, xlabel="loss", log_x=True)
    figure.draw_without_rendering()
    for axes in figure.axes:
        shown = [t for t in axes.get_xticklabels() if t.get_text()]
        boxes = [t.get_window_extent() for t in shown]
        inside = [b for b in boxes if axes.bbox.x0 <= (b.x0 + b.x1) / 2 <= axes.bbox.x1]
        assert len(inside) >= 2
        assert min(b.x0 - a.x1 for a, b in itertools.pairwise(inside)) > 3  # pixels
