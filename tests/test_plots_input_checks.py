"""Whatever is drawn by name is refused in one form where it has no names."""

from aebook import plots
from aebook.plots.input_checks import as_numbers, check_log, check_named
from aebook.problems import quadratic
import numpy as np
import pytest

TAKES_NAMES = {
    "named of lines": lambda d: plots.lines(d, xlabel="x", ylabel="y"),
    "named of schedules": lambda d: plots.schedules(d, 9),
    "losses": plots.descent,
    "trajectories": lambda d: plots.contours(quadratic(4), d),
    "results": lambda d: plots.seeds(d, xlabel="x"),
    "result": plots.errors_by_class,
    "history": plots.history,
}
FORM = r"(\{\S+: .*, \.\.\.\}|what fit returns, .*)"


@pytest.mark.parametrize("argument", TAKES_NAMES)
def test_what_has_no_names_is_refused_in_one_form(argument):
    name = argument.split()[0]
    with pytest.raises(TypeError, match=f"^{name} must be {FORM}, got list; [a-z]"):
        TAKES_NAMES[argument]([1, 2])


@pytest.mark.parametrize("argument", TAKES_NAMES)
def test_nothing_is_refused_in_one_form(argument):
    name = argument.split()[0]
    with pytest.raises(ValueError, match=f"^{name} is empty, expected {FORM}; [a-z]"):
        TAKES_NAMES[argument]({})


def test_names_and_values_stay_as_they_are():
    assert check_named({1: "a"}, "runs", "{...}", "name it") == {1: "a"}
    assert check_named({}, "runs", "{...}", "name it", may_be_empty=True) == {}


def test_only_real_numbers_pass():
    assert as_numbers([True, 2], "x").dtype == float
    for bad in (["a"], [1j], [None]):
        with pytest.raises(TypeError, match="x must hold real numbers, got dtype"):
            as_numbers(bad, "x")
    with pytest.raises(ValueError, match="x must be one array of numbers"):
        as_numbers([[1], [1, 2]], "x")


def test_a_gap_is_no_reason_to_refuse_a_logarithmic_axis():
    check_log([np.nan, 1.0], True, "log")
    check_log([-1.0], False, "log")
    with pytest.raises(ValueError, match=r"got -2; draw it with log=False"):
        check_log([np.nan, -1.0, -2.0], True, "log")
