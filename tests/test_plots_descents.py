"""The paths drawn are the paths walked, over the heights of the function."""

from aebook.optim import minimize
from aebook.plots import contours, descent
from aebook.plots.figure import COLORS, CYCLE
from aebook.problems import Problem, linear_autoencoder, quadratic, rosenbrock, saddle
from book_rules import MAX_IMAGE_BYTES, SVG, image_size
from matplotlib.contour import ContourSet
import numpy as np
import pytest

BOWL = quadratic(4)
STRAIGHT = [[1.0, 1.0], [0.5, 0.5], [0.0, 0.0]]
AROUND = [[1.0, 1.0], [1.0, 0.0], [0.25, 0.0]]


def drawn(figure):
    """Every path by its name: points and colour."""
    return {
        line.get_label(): (line.get_xydata().tolist(), line.get_color())
        for line in figure.axes[0].lines
        if not line.get_label().startswith("_") and len(line.get_xdata()) > 1
    }


def heights(figure):
    (filled,) = (
        c for c in figure.axes[0].collections if isinstance(c, ContourSet) and c.filled
    )
    return filled


@pytest.mark.slow
def test_each_path_is_drawn_in_its_colour_through_its_points():
    figure = contours(BOWL, {"Adam": STRAIGHT, "other": np.array(AROUND)})
    assert drawn(figure) == {
        "Adam": (STRAIGHT, COLORS["Adam"]),
        "other": (AROUND, CYCLE[1]),
    }


def test_start_and_minimum_are_marked_and_everything_is_named_in_the_legend():
    (axes,) = contours(rosenbrock(), {"a": STRAIGHT, "b": AROUND}).axes
    marks = {
        line.get_marker(): line.get_xydata().tolist()
        for line in axes.lines
        if line.get_markersize() > 7
    }
    assert marks == {"o": [[1.0, 1.0]], "*": [[1.0, 1.0]]}
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["a", "b", "start", "minimum"]


@pytest.mark.slow
def test_a_start_that_two_paths_share_is_marked_once():
    def starts(paths):
        lines = contours(BOWL, paths).axes[0].lines
        return [line for line in lines if line.get_markersize() == 8]

    assert len(starts({"a": STRAIGHT, "b": AROUND})) == 1
    assert len(starts({"a": STRAIGHT, "b": AROUND[1:]})) == 2


@pytest.mark.slow
def test_the_heights_are_those_of_the_problem():
    # along x alone the value is x²/2: each level is met where that says
    filled = heights(contours(BOWL, {"a": STRAIGHT}))
    (axes,) = (filled.axes,)
    lines = next(
        c for c in axes.collections if isinstance(c, ContourSet) and not c.filled
    )
    found = 0
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):
        on_axis = path.vertices[np.abs(path.vertices[:, 1]) < 0.01]
        for x, y in on_axis:
            assert (x**2 + 4 * y**2) / 2 == pytest.approx(level, rel=0.05)
            found += 1
    assert found > 5
    ratios = lines.levels[1:] / lines.levels[:-1]
    np.testing.assert_allclose(ratios, ratios[0])


def test_a_path_of_minimize_is_drawn_as_it_is():
    path = minimize(saddle(), saddle().start, "sgd", 20, learning_rate=0.1)
    points, _ = drawn(contours(saddle(), {"gradient descent": path}))[
        "gradient descent"
    ]
    np.testing.assert_array_equal(points, path.points)


def test_the_alt_text_gives_ends_steps_and_whether_a_path_leaves():
    out = [[1.0, 1.0], [2.0, 0.0], [0.0, 0.0]]
    gone = [[1.0, 1.0], [0.0, 1.0], [-9.0, 0.0]]
    alt = contours(BOWL, {"a": STRAIGHT, "b": out, "c": gone}, title="Who leaves").alt
    assert alt == (
        "Who leaves. Contours of quadratic, condition number 4, minimum at (0, 0), "
        "grey is high, and 3 paths. a: from 2.5 at (1, 1) to 0 at (0, 0) in 2 steps; "
        "b: from 2.5 at (1, 1) to 0 at (0, 0) in 2 steps, leaves the window in step 1 "
        "and comes back; c: from 2.5 at (1, 1) to 40.5 at (-9, 0) in 2 steps, leaves "
        "the window in step 2 and ends outside."
    )


@pytest.mark.slow
def test_a_path_that_diverges_is_drawn_until_it_leaves_for_good():
    far = [[1.0, 1.0], [-1.2, -1.2], [3.0, 3.0], [-1e30, -1e30], [1e80, 1e80]]
    figure = contours(BOWL, {"gradient descent": far})
    points, _ = drawn(figure)["gradient descent"]
    assert points == far[:3]
    assert "1e+80, 1e+80) in 4 steps" in figure.alt
    assert image_size(SVG, figure._repr_svg_()[0]) < MAX_IMAGE_BYTES


@pytest.mark.slow
def test_a_window_of_ones_own_is_drawn():
    (axes,) = contours(BOWL, {"a": STRAIGHT}, window=(-2, 3, -1, 2)).axes
    assert axes.get_xlim() == (-2, 3)
    assert axes.get_ylim() == (-1, 2)


def test_a_problem_with_no_known_minimum_is_drawn_without_a_star():
    wave = Problem(
        "wave",
        lambda w: (np.sin(w).sum(), np.cos(w)),
        np.zeros(2),
        window=(-3, 3, -3, 3),
    )
    figure = contours(wave, {"a": STRAIGHT})
    names = [t.get_text() for t in figure.axes[0].get_legend().get_texts()]
    assert names == ["a", "start"]
    assert "minimum" not in figure.alt


@pytest.mark.parametrize("problem", [BOWL, rosenbrock(), saddle()])
@pytest.mark.slow
def test_the_picture_is_small_and_holds_its_legend(problem):
    rates = {"gradient descent": 1e-3, "Adam": 0.05, "Adadelta": 0.1, "momentum": 0.01}
    rules = ("sgd", "adam", "adagrad", "rmsprop")
    paths = {
        name: minimize(problem, problem.start, rule, 100, learning_rate=rate)
        for (name, rate), rule in zip(rates.items(), rules, strict=True)
    }
    figure = contours(problem, paths, title="Which rule gets there?")
    assert image_size(SVG, figure._repr_svg_()[0]) < MAX_IMAGE_BYTES
    box = figure.axes[0].get_legend().get_window_extent()
    assert box.x1 <= figure.bbox.x1
    assert box.x0 >= figure.axes[0].bbox.x1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: contours(BOWL, STRAIGHT),
            TypeError,
            "trajectories must be .*got list",
        ),
        (lambda: contours(BOWL, {}), ValueError, "trajectories is empty"),
        (
            lambda: contours(BOWL, {"a": [[1.0, 2.0, 3.0]]}),
            ValueError,
            r"path 'a' must have shape \(steps \+ 1, 2\), got \(1, 3\)",
        ),
        (lambda: contours(BOWL, {"a": [["x", "y"]]}), TypeError, "path 'a' must hold"),
        (
            lambda: contours(BOWL, {"a": [[np.nan, 1]]}),
            ValueError,
            "path 'a' holds NaN",
        ),
        (
            lambda: contours(linear_autoencoder(np.eye(3), 1), {"a": STRAIGHT}),
            ValueError,
            r"function of two numbers .* linear autoencoder 3-1-3 has shape \(6,\)",
        ),
        (
            lambda: contours(
                Problem("p", lambda w: (0, w), np.ones(2)), {"a": STRAIGHT}
            ),
            ValueError,
            "p has no window; pass",
        ),
        (
            lambda: contours(BOWL, {"a": STRAIGHT}, window=(1, -1, 0, 1)),
            ValueError,
            r"in this order, got \(1, -1, 0, 1\)",
        ),
    ],
)
def test_bad_paths_are_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()


# --- the loss against the step


@pytest.mark.slow
def test_losses_are_drawn_against_the_step_from_zero():
    (axes,) = descent({"Adam": [4.0, 2.0, 1.0]}, ylabel="squared error").axes
    line = axes.lines[0]
    assert line.get_xydata().tolist() == [[0, 4], [1, 2], [2, 1]]
    assert line.get_color() == COLORS["Adam"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "squared error")
    assert axes.get_yscale() == "log"
    plain = descent({"Adam": [4.0, 0.0]}, log=False, xlabel="gradient").axes[0]
    assert (plain.get_yscale(), plain.get_xlabel()) == ("linear", "gradient")


@pytest.mark.slow
def test_runs_of_minimize_and_of_different_length_share_a_figure():
    path = minimize(BOWL, BOWL.start, "sgd", 30, learning_rate=0.1)
    figure = descent({"gradient descent": path, "short": [3.0, 1.0]})
    first = figure.axes[0].lines[0]
    np.testing.assert_array_equal(first.get_ydata(), path.losses)
    assert "short: from 3 at 0 to 1 at 1" in figure.alt


def test_floors_are_drawn_and_named():
    figure = descent({"a": [1.0, 0.5]}, floors={"PCA": 0.25})
    assert [0.25, 0.25] in [list(line.get_ydata()) for line in figure.axes[0].lines]
    assert figure.alt.endswith("Horizontal line: PCA at 0.25.")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: descent([1.0, 2.0]), TypeError, "losses must be .* got list"),
        (lambda: descent({}), ValueError, "losses is empty"),
        (lambda: descent({"a": [[1.0]]}), ValueError, r"list of numbers.*\(1, 1\)"),
        (lambda: descent({"a": ["x"]}), TypeError, "must hold real numbers"),
        (lambda: descent({"a": []}), ValueError, "'a'"),
        (
            lambda: descent({"a": [1.0, 0.0]}),
            ValueError,
            "> 0 on a logarithmic axis, but step 1 has 0; .*log=False",
        ),
        (lambda: descent({"a": [1.0]}, floors={"b": "low"}), ValueError, "floor 'b'"),
    ],
)
def test_bad_losses_are_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call()
