"""Every refusal says what was expected, what came, and what to do."""

from aebook.checks import (
    as_labels,
    as_samples,
    check_between,
    check_choice,
    check_count,
    check_positive,
    check_same_shape,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
import numpy as np
import pytest

ok = np.array([[0.0, 1.0], [0.5, 0.25]], np.float32)


@pytest.mark.parametrize(
    ("x", "options", "error", "message"),
    [
        (np.zeros((3, 28, 28)), {"feature_shape": (784,)}, ValueError,
         r"x must have 2 dimensions \(n_samples, 784\), got shape \(3, 28, 28\); "
         r"flatten it with aebook\.data\.flatten"),
        (np.zeros((3, 700)), {"feature_shape": (784,)}, ValueError,
         r"\(n_samples, 784\), got shape \(3, 700\)$"),
        (np.zeros((28, 28)), {"feature_shape": (28, 28)}, ValueError,
         r"one sample needs a first axis too: x\[None\]"),
        (np.zeros((3, 4, 5)), {"feature_shape": (None, 6)}, ValueError,
         r"3 dimensions \(n_samples, any, 6\), got shape \(3, 4, 5\)"),
        (np.zeros(3), {"feature_shape": (3,), "name": "codes"}, ValueError,
         r"codes must have 2 dimensions"),
        (1.0, {}, ValueError, "x must be an array of samples, got one number"),
        (np.zeros((0, 784)), {}, ValueError, r"x is empty, got shape \(0, 784\)"),
        ([], {}, ValueError, "x is empty"),
        ([["a"]], {}, TypeError, "x must hold real numbers, got dtype <U1"),
        ("abc", {}, TypeError, "real numbers"),
        (None, {}, TypeError, "real numbers, got dtype object"),
        (np.ones((2, 2), complex), {}, TypeError, "got dtype complex128"),
        ([[1, 2], [3]], {}, ValueError, "x must be one array of numbers"),
        ([[0.0], [np.nan], [np.inf]], {}, ValueError,
         "2 of 3 samples hold NaN or infinity, the first is sample 1; remove"),
        ([[1e300]], {}, ValueError, "1 of 1 samples hold NaN or infinity"),
        (np.array([[0, 255]], np.uint8), {"low": 0, "high": 1}, ValueError,
         r"values from 0 to 255, expected \[0, 1\]; divide by 255"),
        ([[-1.5, 0.5]], {"low": 0, "high": 1}, ValueError,
         r"values from -1\.5 to 0\.5, expected \[0, 1\]; scale it"),
        ([[-1.0]], {"low": 0}, ValueError, r"expected \[0, inf\]"),
        ([[2.0]], {"high": 1.5}, ValueError, r"expected \[-inf, 1\.5\]"),
    ],
)  # fmt: skip
def test_bad_samples_are_refused_in_words(x, options, error, message):
    with pytest.raises(error, match=message):
        as_samples(x, **options)


def test_good_float32_samples_pass_without_a_copy():
    assert as_samples(ok, (2,), low=0, high=1) is ok


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.int32, np.float64, np.bool_]),
        hnp.array_shapes(min_dims=1, max_dims=4),
        elements=st.integers(0, 1),
    )
)
@pytest.mark.slow
def test_numbers_of_any_type_keep_value_and_shape(x):
    result = as_samples(x, (None,) * (x.ndim - 1))
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, x)


def test_shapes_are_compared_and_both_named():
    check_same_shape(ok, ok, ("x", "x_hat"))
    message = r"x and x_hat must have the same shape, got \(2, 2\) and \(2, 1\)"
    with pytest.raises(ValueError, match=message):
        check_same_shape(ok, ok[:, :1], ("x", "x_hat"))


@pytest.mark.parametrize("value", [1, np.int64(7), np.uint8(3)])
def test_whole_numbers_become_int(value):
    result = check_count(value, "n")
    assert type(result) is int
    assert result == value


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, ValueError, "batch_size must be at least 1, got 0"),
        (-3, ValueError, "got -3"),
        (2.0, TypeError, r"batch_size must be a whole number, got 2\.0"),
        ("8", TypeError, "got '8'"),
        (True, TypeError, "got True"),
        (None, TypeError, "got None"),
    ],
)
def test_anything_but_a_count_is_refused(value, error, message):
    with pytest.raises(error, match=message):
        check_count(value, "batch_size")


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, ValueError, "data_range must be a finite number > 0, got 0"),
        (-1.0, ValueError, r"got -1\.0"),
        (float("nan"), ValueError, "got nan"),
        (float("inf"), ValueError, "got inf"),
        ("1", TypeError, "data_range must be a number, got '1'"),
        (True, TypeError, "got True"),
    ],
)
def test_anything_but_a_positive_number_is_refused(value, error, message):
    with pytest.raises(error, match=message):
        check_positive(value, "data_range")


def test_positive_numbers_become_float():
    assert check_positive(np.float32(0.5), "data_range") == 0.5


@pytest.mark.parametrize("value", ["MNIST", "", None, ["mnist"], 3])
def test_an_unknown_name_lists_the_known_ones(value):
    with pytest.raises(ValueError, match=r"unknown data set .*; known: mnist, digits"):
        check_choice(value, ["mnist", "digits"], "data set")


@pytest.mark.parametrize("labels", [[3, 1], ["a", "b"], (True, False)])
def test_labels_keep_their_values(labels):
    assert as_labels(labels, 2).tolist() == list(labels)


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (
            [1, 2, 3],
            ValueError,
            r"one entry per sample, shape \(2,\), got shape \(3,\)",
        ),
        ([[1], [2]], ValueError, r"got shape \(2, 1\)"),
        ("ab", ValueError, r"got shape \(\)"),
        ([0.5, 1.0], TypeError, "integers or strings, got dtype float64; convert"),
        ([None, "a"], TypeError, "got dtype object"),
    ],
)
def test_bad_labels_are_refused_in_words(labels, error, message):
    with pytest.raises(error, match=message):
        as_labels(labels, 2)


@pytest.mark.parametrize(
    ("value", "limits", "error", "message"),
    [
        (1.1, {"low": 0, "high": 1}, ValueError, r"finite number in \[0, 1\], got 1.1"),
        (-1, {"low": 0}, ValueError, "finite number ≥ 0, got -1"),
        (3, {"high": 2}, ValueError, "finite number ≤ 2, got 3"),
        (np.nan, {"low": 0}, ValueError, "got nan"),
        (np.inf, {"low": 0}, ValueError, "got inf"),
        (True, {}, TypeError, "alpha must be a number, got True"),
        ("1", {}, TypeError, "alpha must be a number, got '1'"),
    ],
)
def test_a_number_out_of_its_limits_is_refused(value, limits, error, message):
    with pytest.raises(error, match=message):
        check_between(value, "alpha", **limits)


def test_a_limit_itself_is_within():
    assert check_between(np.float32(1), "alpha", 0, 1) == 1.0
    assert type(check_between(0, "alpha", 0, 1)) is float
