from aebook.plots.figure import COLORS
from aebook.plots.line_charts import lines
import numpy as np
import pytest

STEPS = ([0, 1, 2, 3], [8.0, 2.0, 1.0, 4.0])
LABELS = {"xlabel": "step", "ylabel": "loss"}


def drawn(figure):
    return figure.axes[0].get_lines()


def test_each_line_holds_the_numbers_given_and_its_name():
    figure = lines({"Adam": STEPS, "other": ([0, 3], [5, 6])}, **LABELS)
    np.testing.assert_array_equal(drawn(figure)[0].get_xydata(), np.transpose(STEPS))
    assert drawn(figure)[0].get_color() == COLORS["Adam"]
    names = [text.get_text() for text in figure.axes[0].texts]
    assert sorted(names) == ["Adam", "other"]


@pytest.mark.slow
def test_lines_that_end_early_are_named_in_a_legend():
    early = {"a": ([0, 1], [1, 2]), "b": ([0, 1], [2, 1]), "c": ([0, 9], [1, 1])}
    legend = lines(early, **LABELS).axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b", "c"]
    assert lines({"a": STEPS, "b": STEPS}, **LABELS).axes[0].get_legend() is None


@pytest.mark.slow
def test_the_alt_text_names_ends_extremes_dots_and_floors():
    figure = lines(
        {"fall": STEPS}, floors={"PCA": 0.5}, points={"best": (2, 1)}, **LABELS
    )
    for part in ("from 8 at 0 to 4 at 3", "lowest 1 at 2", "best at (2, 1)", "PCA at"):
        assert part in figure.alt
    assert "highest" not in figure.alt  # it is an end


@pytest.mark.slow
def test_a_value_that_is_not_finite_leaves_a_gap_and_is_counted():
    figure = lines({"a": ([1, 2, 3], [1, np.nan, np.inf])}, **LABELS)
    assert "2 not finite" in figure.alt
    nothing = lines({"a": ([1, 2], [np.nan, np.nan])}, **LABELS)
    assert "no finite value" in nothing.alt


@pytest.mark.slow
def test_one_measurement_is_seen_as_a_dot():
    assert drawn(lines({"a": ([1], [2])}, **LABELS))[0].get_marker() == "o"
    assert drawn(lines({"a": STEPS}, **LABELS))[0].get_marker() == "None"
    assert drawn(lines({"a": STEPS}, dots=True, **LABELS))[0].get_marker() == "o"


def test_loose_pairs_are_dots_without_a_line():
    figure = lines({"seen": STEPS, "a": STEPS}, loose=["seen"], **LABELS)
    seen, joined = drawn(figure)
    assert (seen.get_linestyle(), seen.get_marker()) == ("None", "o")
    assert (joined.get_linestyle(), joined.get_marker()) == ("-", "None")
    assert "seen: 4 dots, from 0 to 3 across and from 1 to 8 upwards" in figure.alt
    with pytest.raises(ValueError, match=r"some of \['a'\], got \['b'\]"):
        lines({"a": STEPS}, loose=["b"], **LABELS)


@pytest.mark.parametrize("axis", ["x", "y"])
def test_a_logarithmic_axis_refuses_zero(axis):
    bad = {"x": ([0, 1], [1, 1]), "y": ([1, 1], [0, 1])}[axis]
    with pytest.raises(ValueError, match=f"draw it with log_{axis}=False"):
        lines({"a": bad}, **{f"log_{axis}": True}, **LABELS)


@pytest.mark.slow
def test_a_logarithmic_axis_is_labelled_in_plain_numbers_or_in_powers_of_ten():
    near = lines({"a": ([1, 10], [0.02, 0.07])}, log_y=True, log_x=True, **LABELS)
    near.draw_without_rendering()
    ticks = [t.get_text() for t in near.axes[0].get_yticklabels()]
    assert "0.05" in ticks
    far = lines({"a": ([1, 2], [1e-9, 1])}, log_y=True, **LABELS)
    far.draw_without_rendering()
    assert any("10^" in t.get_text() for t in far.axes[0].get_yticklabels())


@pytest.mark.parametrize(
    ("bad", "error", "match"),
    [
        ([STEPS], TypeError, "got list"),
        ({}, ValueError, "empty"),
        ({"a": 3}, TypeError, "pair of lists"),
        ({"a": ([1, 2], [1])}, ValueError, "one length"),
        ({"a": (["x"], [1])}, TypeError, "real numbers"),
        ({"a": ([np.nan], [1])}, ValueError, "x of 'a' must be finite"),
    ],
)
def test_bad_lines_are_refused_by_name(bad, error, match):
    with pytest.raises(error, match=match):
        lines(bad, **LABELS)


def test_dots_at_the_edge_of_the_axes_are_drawn_whole():
    pairs = {"a": ([1, 2], [1, 2]), "b": ([2], [1])}
    figure = lines(pairs, xlabel="x", ylabel="y", dots=True, points={"a": (1, 1)})
    assert [line.get_clip_on() for line in figure.axes[0].lines] == [False] * 3
    figure = lines({"a": ([1, 2], [1, 2])}, xlabel="x", ylabel="y")
    assert figure.axes[0].lines[0].get_clip_on()
