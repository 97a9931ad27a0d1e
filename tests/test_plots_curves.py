"""The curves drawn are the numbers of the history."""

from types import SimpleNamespace

from aebook.plots import history
from aebook.plots.figure import COLORS, CYCLE
from book_rules import MAX_IMAGE_BYTES, SVG, image_size
from matplotlib.text import Annotation, Text
import numpy as np
import pytest

RUN = {"loss": [0.05, 0.02, 0.01], "val_loss": [0.04, 0.02, 0.015]}
SLOW = {"loss": [0.69, 0.68], "val_loss": [0.70, 0.69]}


def lines(figure):
    """Every curve by its label: x, y, colour, line style."""
    (axes,) = figure.axes
    return {
        line.get_label(): (
            list(line.get_xdata()),
            list(line.get_ydata()),
            line.get_color(),
            line.get_linestyle(),
        )
        for line in axes.lines
        if not line.get_label().startswith("_")
    }


def names(figure):
    (axes,) = figure.axes
    notes = [t for t in axes.texts if isinstance(t, Annotation)]
    return {note.get_text(): note for note in notes}


def test_one_run_draws_training_and_validation_over_the_epochs():
    drawn = lines(history(RUN))
    assert drawn == {
        "training": ([1, 2, 3], RUN["loss"], COLORS["training"], "-"),
        "validation": ([1, 2, 3], RUN["val_loss"], COLORS["validation"], "-"),
    }


@pytest.mark.slow
def test_what_fit_returns_is_drawn_like_its_dict():
    fitted = SimpleNamespace(history=RUN, epoch=[0, 1, 2])
    assert lines(history(fitted)) == lines(history(RUN))
    assert lines(history({"a": fitted})) == lines(history({"a": RUN}))


def test_a_run_without_validation_draws_one_line():
    figure = history({"loss": [3, 2]}, ylabel="loss in nats")
    assert list(lines(figure)) == ["training"]
    assert figure.axes[0].get_ylabel() == "loss in nats"
    assert figure.axes[0].get_xlabel() == "epoch"


@pytest.mark.slow
def test_several_runs_have_a_colour_each_and_dashes_for_validation():
    drawn = lines(history({"Adam": RUN, "wide": SLOW}))
    assert [(k, v[2], v[3]) for k, v in drawn.items()] == [
        ("Adam, training", COLORS["Adam"], "-"),
        ("Adam, validation", COLORS["Adam"], "--"),
        ("wide, training", CYCLE[1], "-"),
        ("wide, validation", CYCLE[1], "--"),
    ]
    assert drawn["wide, validation"][:2] == ([1, 2], SLOW["val_loss"])


@pytest.mark.slow
def test_every_run_and_floor_is_named_once_and_no_names_overlap():
    close = {"loss": [0.05, 0.0101], "val_loss": [0.05, 0.0151]}
    figure = history({"a": RUN, "b": close, "c": SLOW}, floors={"PCA": 0.0168})
    notes = names(figure)
    assert sorted(notes) == ["PCA 0.0168", "a", "b", "c"]
    figure.draw_without_rendering()
    boxes = [Text.get_window_extent(note) for note in notes.values()]  # no lead
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
        assert box.x1 <= figure.bbox.x1
    order = sorted(notes, key=lambda name: notes[name].get_position()[1])
    assert order == ["a", "b", "PCA 0.0168", "c"]  # as the lines end


def test_floors_are_horizontal_lines_in_the_grey_of_references():
    drawn = lines(history(RUN, floors={"mean image": 0.2625}))
    _, y, color, _ = drawn["mean image 0.2625"]
    assert y == [0.2625, 0.2625]
    assert color == COLORS["reference"]


def test_another_metric_can_be_drawn():
    logs = {**RUN, "kl": [1, 2, 3], "val_kl": [2, 3, 4]}
    drawn = lines(history(logs, metric="kl"))
    assert drawn["training"][1] == [1, 2, 3]
    assert drawn["validation"][1] == [2, 3, 4]


@pytest.mark.slow
def test_a_logarithmic_axis_is_labelled_with_plain_numbers():
    figure = history(RUN, log=True)
    figure.draw_without_rendering()
    axis = figure.axes[0].yaxis
    assert figure.axes[0].get_yscale() == "log"
    assert {"0.01", "0.02", "0.05"} <= {t.get_text() for t in axis.get_ticklabels()}
    assert "logarithmic" in figure.alt


def test_the_alt_text_gives_first_last_and_lowest_value():
    logs = {"loss": [0.5, 0.125, 0.25]}
    alt = history(logs, floors={"PCA": 0.0168, "mean": 1}, ylabel="MSE").alt
    assert alt == (
        "Line chart of MSE over epochs 1 to 3. training: from 0.5 to 0.25, lowest "
        "0.125 in epoch 2. Horizontal lines: PCA at 0.0168, mean at 1."
    )


@pytest.mark.slow
def test_a_run_that_diverges_is_drawn_as_far_as_it_goes_and_said_to():
    figure = history({"bad": {"loss": [1.0, 9.0, np.nan, np.inf]}, "good": RUN})
    assert "bad, training: from 1 to 9, lowest 1 in epoch 1, 2 epochs not" in figure.alt
    assert image_size(SVG, figure._repr_svg_()[0]) < MAX_IMAGE_BYTES
    hopeless = history({"bad": {"loss": [np.nan]}, "good": RUN})
    assert "bad, training: no finite value" in hopeless.alt
    assert list(names(hopeless)) == ["good"]


def test_one_epoch_is_a_visible_point():
    figure = history({"loss": [0.3]})
    (line,) = (x for x in figure.axes[0].lines if x.get_label() == "training")
    assert line.get_marker() == "o"
    assert figure.alt.startswith("Line chart of loss over epoch 1. ")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: history({}), ValueError, "history is empty"),
        (lambda: history(None), TypeError, "what fit returns.*got NoneType"),
        (lambda: history([0.1, 0.2]), TypeError, "got list"),
        (lambda: history("loss"), TypeError, "got str"),
        (
            lambda: history({"a": RUN, "b": [1]}),
            TypeError,
            "history must be .* of which 'b' is none",
        ),
        (lambda: history(RUN, metric="kl"), ValueError, "known: loss, val_loss"),
        (lambda: history({"a": {}}), ValueError, "unknown metric of a 'loss'"),
        (lambda: history({"loss": []}), ValueError, r"one value per epoch.*\(0,\)"),
        (lambda: history({"loss": [[1], [2]]}), ValueError, r"shape \(2, 1\)"),
        (lambda: history({"loss": 0.3}), ValueError, r"shape \(\)"),
        (lambda: history({"loss": ["a"]}), TypeError, "loss must hold real numbers"),
        (
            lambda: history({"loss": [1, 2], "val_loss": [1]}),
            ValueError,
            r"val_loss must be .* one value per epoch, got shape \(1,\) beside \(2,\)",
        ),
        (
            lambda: history({"loss": [1, 0]}, log=True),
            ValueError,
            "got 0; .* log=False",
        ),
        (lambda: history(RUN, floors={"x": 0}, log=True), ValueError, "log=False"),
        (lambda: history(RUN, floors={"x": "low"}), ValueError, "floor 'x'"),
        (lambda: history(RUN, floors=[0.1]), TypeError, "floors must be"),
    ],
)
def test_bad_histories_are_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()
