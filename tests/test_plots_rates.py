"""The rates drawn are those of the schedules, the losses those of the range test."""

import subprocess
import sys

from aebook.plots import learning_rate_range, schedules
from aebook.plots.figure import COLORS, CYCLE
from aebook.schedules import (
    CosineDecay,
    ExponentialDecay,
    OneCycle,
    RangeTest,
    StepDecay,
)
from book_rules import MAX_IMAGE_BYTES, SVG, image_size
from matplotlib.text import Annotation, Text
import numpy as np
import pytest

RATES = np.geomspace(1e-4, 10, 6)
LOSSES = np.array([2.0, 2.1, 1.0, 0.5, 1.5, 90.0])
SMOOTHED = np.array([2.0, 2.0, 1.1, 0.6, 1.4, 3.5])
RESULT = RangeTest(RATES, LOSSES, SMOOTHED, 0.01, 10.0)


def flat(rate):
    return lambda step: rate


def lines(figure):
    (axes,) = figure.axes
    return {
        line.get_label(): (np.array(line.get_xdata()), np.array(line.get_ydata()))
        for line in axes.lines
        if not line.get_label().startswith("_")
    }


def texts(figure):
    (axes,) = figure.axes
    legend = axes.get_legend()
    return {
        "notes": [t.get_text() for t in axes.texts if isinstance(t, Annotation)],
        "legend": [t.get_text() for t in legend.get_texts()] if legend else [],
    }


# --- schedules


def test_each_line_is_its_schedule_at_every_step():
    named = {"cosine": CosineDecay(0.1, 40), "step": StepDecay(0.1, 10)}
    drawn = lines(schedules(named, steps=50))
    assert list(drawn) == ["cosine", "step"]
    for name, (t, rates) in drawn.items():
        np.testing.assert_array_equal(t, np.arange(50))
        np.testing.assert_allclose(rates, named[name](t), rtol=1e-6)


def test_schedules_of_keras_and_functions_are_drawn_too():
    named = {
        "ours": StepDecay(0.1, 10, 0.5),
        "Keras": ExponentialDecay(0.1, 10, 0.5, staircase=True),
    }
    drawn = lines(schedules({**named, "twice": lambda step: 2 * step}, steps=9))
    np.testing.assert_allclose(drawn["Keras"][1], drawn["ours"][1], rtol=1e-6)
    np.testing.assert_array_equal(drawn["twice"][1], 2 * np.arange(9))


def test_long_runs_are_drawn_from_first_step_to_last_in_a_thousand_points():
    ((t, rates),) = lines(schedules({"a": OneCycle(0.1, 10**6)}, 10**6)).values()
    assert (len(t), t[0], t[-1]) == (1000, 0, 10**6 - 1)
    np.testing.assert_allclose(rates, OneCycle(0.1, 10**6)(t))


@pytest.mark.slow
def test_lines_that_end_apart_carry_their_names_and_others_stand_in_a_legend():
    apart = texts(schedules({"a": flat(0.1), "b": flat(0.05)}, 10))
    assert apart == {"notes": ["b", "a"], "legend": []}
    close = texts(schedules({"a": CosineDecay(0.1, 9), "b": CosineDecay(0.05, 9)}, 10))
    assert close == {"notes": [], "legend": ["a", "b"]}


def test_every_schedule_has_a_colour_of_its_own():
    figure = schedules({str(i): flat(i / 10) for i in range(1, 9)}, 10)
    colors = [line.get_color() for line in figure.axes[0].lines[:8]]
    assert colors == list(CYCLE[:8])


def test_on_a_logarithmic_axis_a_rate_of_zero_is_a_gap():
    figure = schedules({"a": CosineDecay(0.1, 5)}, 8, log=True)
    assert figure.axes[0].get_yscale() == "log"
    _, rates = lines(figure)["a"]
    assert np.isnan(rates[5:]).all() and (rates[:5] > 0).all()
    assert "learning rate, logarithmic, over" in figure.alt


def test_the_alt_text_of_schedules_gives_first_last_and_highest_rate():
    named = {"cycle": OneCycle(0.5, 10, shape="linear"), "flat": flat(0.1)}
    assert schedules(named, 11).alt == (
        "Line chart of the learning rate over steps 0 to 10. cycle: from 0.02 to "
        "2e-06, highest 0.5 at step 3; flat: from 0.1 to 0.1, highest 0.1 at step 0."
    )


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: schedules({}, 9), ValueError, "give at least one schedule"),
        (
            lambda: schedules(StepDecay(0.1, 5), 9),
            TypeError,
            r'named must be \{"name": schedule, \.\.\.\}, got StepDecay; give at',
        ),
        (lambda: schedules({"a": 0.1}, 9), TypeError, "'a' must be a sch.* got 0.1; "),
        (lambda: schedules({"a": flat(0.1)}, 1), ValueError, "steps must be at le"),
        (lambda: schedules({"a": flat(0.1)}, 9.5), TypeError, "steps must be a wh"),
        (
            lambda: learning_rate_range([1, 2]),
            TypeError,
            "find_learning_rate.*got list",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()


# --- the range test


def test_losses_and_their_smoothed_line_stand_over_the_rates():
    figure = learning_rate_range(RESULT, title="Where it bursts")
    drawn = lines(figure)
    np.testing.assert_array_equal(drawn["loss of one batch"], (RATES, LOSSES))
    np.testing.assert_array_equal(drawn["smoothed"], (RATES, SMOOTHED))
    assert figure.axes[0].get_xscale() == "log"


def test_suggestion_and_divergence_are_marked_where_they_are():
    figure = learning_rate_range(RESULT)
    drawn = lines(figure)
    assert list(drawn["suggestion 0.01"][0]) == [0.01, 0.01]
    assert list(drawn["diverged 10"][0]) == [10.0, 10.0]
    assert texts(figure)["notes"] == ["suggestion 0.01", "diverged 10"]
    assert texts(figure)["legend"] == ["loss of one batch", "smoothed"]


def test_marks_a_decade_apart_do_not_cover_each_other():
    near = RangeTest(RATES, LOSSES, SMOOTHED, 1.0, 10.0)
    figure = learning_rate_range(near)
    figure.draw_without_rendering()
    notes = [t for t in figure.axes[0].texts if isinstance(t, Annotation)]
    first, second = (Text.get_window_extent(note) for note in notes)
    assert not first.overlaps(second)
    assert second.x1 <= figure.bbox.x1


def test_a_burst_does_not_hide_the_fall():
    low, high = learning_rate_range(RESULT).axes[0].get_ylim()
    assert low < LOSSES.min()
    assert SMOOTHED.max() < high < 4  # far below the loss of 90


def test_without_suggestion_and_divergence_there_are_no_marks():
    figure = learning_rate_range(RangeTest(RATES, LOSSES, SMOOTHED, None, None))
    assert texts(figure)["notes"] == []
    assert "Vertical" not in figure.alt
    flat = np.ones(6)
    figure = learning_rate_range(RangeTest(RATES, flat, flat, None, None))
    assert image_size(SVG, figure._repr_svg_()[0]) < MAX_IMAGE_BYTES


def test_the_alt_text_of_a_range_test_gives_its_lowest_loss_and_its_marks():
    assert learning_rate_range(RESULT).alt == (
        "Line chart of the loss over learning rates from 0.0001 to 10, logarithmic. "
        "The smoothed loss starts at 2 and is lowest, 0.6, at 0.1. Vertical lines: "
        "suggestion at 0.01, diverged at 10."
    )


def test_the_suggestion_has_the_same_colour_everywhere():
    figure = learning_rate_range(RESULT)
    colors = {line.get_label(): line.get_color() for line in figure.axes[0].lines}
    assert colors["suggestion 0.01"] == COLORS["validation"]
    assert colors["diverged 10"] == colors["loss of one batch"] == COLORS["reference"]


@pytest.mark.slow
def test_figures_of_rates_do_without_keras():
    code = "import sys; from aebook.plots import rates; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert not {"tensorflow", "keras"} & set(run.stdout.split())
