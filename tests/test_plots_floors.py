"""Lines to compare with have one look and one wording in every figure."""

from aebook import plots
from aebook.plots.figure import COLORS
from aebook.plots.floors import as_floors
from matplotlib.text import Annotation
import numpy as np
import pytest

FLOORS = {"PCA": 0.5, "mean": 2}
ACROSS = {
    "lines": lambda: plots.lines(
        {"a": ([0, 1], [3, 1])}, xlabel="step", ylabel="loss", floors=FLOORS
    ),
    "history": lambda: plots.history({"loss": [3, 1]}, floors=FLOORS),
    "descent": lambda: plots.descent({"a": [3, 1]}, floors=FLOORS),
}
EVERY = {
    **ACROSS,
    "seeds": lambda: plots.seeds({"a": [3, 1]}, xlabel="loss", floors=FLOORS),
}


@pytest.mark.parametrize("name", EVERY)
def test_floors_are_dotted_grey_lines_with_name_and_value(name):
    (axes,) = EVERY[name]().axes
    lines = {line.get_label(): line for line in axes.lines}
    for label, value in (("PCA 0.5", 0.5), ("mean 2", 2)):
        line = lines[label]
        place = line.get_ydata() if name in ACROSS else line.get_xdata()
        assert list(place) == [value, value]
        assert (line.get_color(), line.get_linestyle()) == (COLORS["reference"], ":")
        notes = [t.get_text() for t in axes.texts if isinstance(t, Annotation)]
        assert label in notes


@pytest.mark.parametrize("name", EVERY)
def test_the_alt_text_ends_with_the_floors(name):
    direction = "Horizontal" if name in ACROSS else "Vertical"
    end = f". {direction} lines: PCA at 0.5, mean at 2."
    assert EVERY[name]().alt.endswith(end)


def test_floors_are_finite_numbers_by_name():
    assert as_floors(None) == as_floors({}) == {}
    with pytest.raises(TypeError, match=r"floors must be \{.*got list; name each line"):
        as_floors([1])
    with pytest.raises(ValueError, match="'PCA' must be a finite number"):
        as_floors({"PCA": np.inf})
