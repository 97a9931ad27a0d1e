"""A number may be finite and still too large; none is taken for a normal one."""

import functools

from aebook.estimators import AnomalyDetector, AutoencoderTransformer
import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler

both = pytest.mark.parametrize("estimator", [AutoencoderTransformer, AnomalyDetector])
scaled_or_not = pytest.mark.parametrize("scale", [True, False])
LARGE = [1e40, -1e40, 1e200, 1.7e308, -1.7e308]


@pytest.fixture(scope="module")
def wine():
    return load_wine().data


def quick(estimator, **changes):
    sizes = {"latent_dim": 2, "hidden": (4,), "epochs": 2, "batch_size": 1000}
    return estimator(**{**sizes, "random_state": 0, **changes})


@functools.cache
def fitted_to_wine(estimator, scale=True):
    """No test changes it."""
    return quick(estimator, scale=scale).fit(load_wine().data)


def with_value(x, value, row=1, column=3):
    changed = np.array(x, dtype=float)
    changed[row, column] = value
    return changed


@both
@scaled_or_not
@pytest.mark.parametrize("value", LARGE)
@pytest.mark.slow
def test_a_row_beyond_all_measure_scores_lowest(estimator, scale, value, wine):
    fitted = fitted_to_wine(estimator, scale)
    rows = with_value(wine[:5], value)
    rows[3] *= 1000  # an outlier of the usual kind
    scores = fitted.score_samples(rows)
    assert np.isfinite(scores).all()
    assert scores.argsort()[:2].tolist() == [1, 3]
    others = [0, 2, 3, 4]
    np.testing.assert_array_equal(scores[others], fitted.score_samples(rows[others]))


@scaled_or_not
@pytest.mark.parametrize("value", LARGE)
def test_a_row_beyond_all_measure_is_an_outlier(scale, value, wine):
    fitted = fitted_to_wine(AnomalyDetector, scale)
    rows = with_value(wine[:5], value)
    decisions = fitted.decision_function(rows)
    assert np.isfinite(decisions).all()
    assert decisions.argmin() == 1
    assert fitted.predict(rows)[1] == -1


@pytest.mark.slow
def test_the_mean_score_of_many_such_rows_is_finite(wine):
    fitted = quick(AutoencoderTransformer).fit(wine)
    score = fitted.score(np.full_like(wine, 1e300))
    assert -np.inf < score < -1e70


@both
@scaled_or_not
def test_the_largest_numbers_that_the_network_can_take_in_score_low(
    estimator, scale, wine
):
    """Their products inside the network may overflow, and inf - inf is NaN."""
    fitted = fitted_to_wine(estimator, scale)
    rows = np.repeat(wine[:1], 4, axis=0)
    rows[1], rows[2], rows[3] = 3e38, -3e38, [3e38, -3e38, *[3e38] * 11]
    scores = fitted.score_samples(rows)
    assert np.isfinite(scores).all()
    assert scores.argmax() == 0


@both
@scaled_or_not
@pytest.mark.parametrize("value", LARGE)
def test_fit_names_row_and_column_of_what_is_too_large(estimator, scale, value, wine):
    with pytest.raises(ValueError, match=r"row 7 of X holds .* in column 2"):
        quick(estimator, scale=scale).fit(with_value(wine, value, 7, 2))


@both
def test_two_such_rows_do_not_hide_each_other(estimator, wine):
    rows = with_value(with_value(wine, 1e40, 7, 2), -1e40, 9, 2)
    with pytest.raises(ValueError, match=r"row 7 of X holds 1e\+40 in column 2"):
        quick(estimator).fit(rows)


@both
@pytest.mark.slow
def test_a_column_of_large_numbers_alone_is_a_column_like_others(estimator, wine):
    """Units are the reader's own: what counts is what remains after scaling."""
    plain = fitted_to_wine(estimator)
    stretched = wine * 2.0 ** np.array([400, -400, *[0] * 11])  # exact in binary
    large = quick(estimator).fit(stretched)
    np.testing.assert_allclose(
        large.score_samples(stretched), plain.score_samples(wine), rtol=1e-4
    )


@both
@pytest.mark.slow
def test_a_rare_value_in_a_constant_column_is_no_fault(estimator, wine):
    rows = np.c_[wine, np.zeros(len(wine))]
    rows[4, -1] = 1e6
    assert np.isfinite(quick(estimator).fit(rows).score_samples(rows)).all()


@both
@pytest.mark.parametrize("constant", [0.0, 5.0, 1e40, 1e300, -1e300])
@pytest.mark.slow
def test_a_constant_column_of_any_size_becomes_zero(estimator, constant, wine):
    rows = np.c_[wine, np.full(len(wine), constant)]
    fitted = quick(estimator).fit(rows)
    scores = fitted.score_samples(rows)
    assert np.isfinite(scores).all()
    changed = with_value(rows, 0 if constant else 1e300, 2, -1)
    assert fitted.score_samples(changed)[2] < scores[2]


@both
@pytest.mark.slow
def test_a_column_that_differs_by_rounding_alone_does_no_harm(estimator, wine):
    rows = np.c_[wine, np.where(np.arange(len(wine)) % 2, 0.1 + 0.2, 0.3)]
    assert np.isfinite(quick(estimator).fit(rows).score_samples(rows)).all()


@both
@pytest.mark.parametrize("spread", [1e-150, 1e-160, 1e-200, 1e-300])
@pytest.mark.slow
def test_a_column_of_hardly_any_variance_does_no_harm(estimator, spread, wine):
    tiny = spread * np.random.default_rng(0).normal(size=len(wine))
    rows = np.c_[wine, tiny]
    fitted = quick(estimator).fit(rows)
    scores = fitted.score_samples(rows)
    assert np.isfinite(scores).all()
    changed = with_value(rows, 1e6, 2, -1)  # in a unit far from the column's own
    assert np.isfinite(fitted.score_samples(changed)).all()
    assert fitted.score_samples(changed).argmin() == 2


@scaled_or_not
@pytest.mark.parametrize("value", LARGE)
def test_no_code_is_given_for_such_a_row(scale, value, wine):
    fitted = fitted_to_wine(AutoencoderTransformer, scale)
    with pytest.raises(ValueError, match=r"row 1 of X holds .* in column 3"):
        fitted.transform(with_value(wine, value))


@pytest.mark.slow
def test_a_row_whose_code_overflows_is_named(wine):
    fitted = quick(AutoencoderTransformer, scale=False, activation="relu").fit(wine)
    rows = wine.copy()
    rows[6] = 3e38
    for layer in fitted.model_.encoder.layers:
        layer.set_weights([np.ones_like(w) for w in layer.get_weights()])
    with pytest.raises(ValueError, match=r"row 6 of X"):
        fitted.transform(rows)


@scaled_or_not
@pytest.mark.parametrize("value", LARGE)
def test_no_row_is_made_of_a_code_that_is_too_large(scale, value, wine):
    fitted = fitted_to_wine(AutoencoderTransformer, scale)
    codes = with_value(fitted.transform(wine), value, 5, 1)
    with pytest.raises(ValueError, match=r"row 5 of X holds .* in column 1"):
        fitted.inverse_transform(codes)


@pytest.mark.slow
def test_a_row_that_overflows_on_its_way_back_is_named(wine):
    """The last step of all: from scaled columns to their own, large, unit."""
    stretched = wine.copy()
    stretched[:, 0] *= 2.0**480
    fitted = quick(AutoencoderTransformer).fit(stretched)
    codes = fitted.transform(stretched).astype(float)
    codes[4] *= 1e38
    for value in np.unique(np.abs(codes[4])):
        assert value < 3e38
    fitted.scaler_.scale_[0] = 1e300
    with pytest.raises(ValueError, match=r"row 4 of X"):
        fitted.inverse_transform(codes)


@pytest.mark.slow
def test_what_is_computed_for_usual_rows_has_not_changed(wine):
    fitted = quick(AutoencoderTransformer).fit(wine)
    x = StandardScaler().fit_transform(wine).astype("float32")
    error = np.mean((x - fitted.model_.reconstruct(x)) ** 2, axis=1)
    np.testing.assert_allclose(fitted.score_samples(wine), -error, rtol=1e-5)
