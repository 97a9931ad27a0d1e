"""The estimators keep scikit-learn's rules, and do on real data what they say."""

import copy
import functools
import pickle
import random

from aebook import losses, models
from aebook.estimators import AnomalyDetector, AutoencoderTransformer
from family_rows import ROWS, every_member
import joblib
import keras
import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

ESTIMATORS = [AutoencoderTransformer, AnomalyDetector]
both = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: e.__name__)
on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="about TensorFlow's generators"
)


def quick(estimator, **changes):
    """Return a small estimator that compiles one step, of all samples, and runs two."""
    sizes = {"latent_dim": 2, "hidden": (4,), "epochs": 2, "batch_size": 1000}
    return estimator(**{**sizes, "random_state": 0, **changes})


def output(fitted, X):
    if isinstance(fitted, AnomalyDetector):
        return fitted.score_samples(X)
    return fitted.transform(X)


@pytest.fixture(scope="module")
def wine():
    return load_wine().data


# --- scikit-learn's own checks


def named_checks():
    for estimator in ESTIMATORS:
        # small for the sake of time: with the default arguments they pass as well
        small = estimator(hidden=(4,), epochs=2, batch_size=1000, optimizer="sgd")
        for instance, check in estimator_checks_generator(small):
            name = getattr(check, "func", check).__name__
            extra = "-".join(sorted(getattr(check, "keywords", {}).keys() - {"name"}))
            yield pytest.param(
                instance, check, id="-".join((estimator.__name__, name, extra))
            )


@pytest.mark.parametrize(("estimator", "check"), [*named_checks()])
@pytest.mark.slow
def test_scikit_learn_has_nothing_to_object(estimator, check):
    check(estimator)


# --- real data


@pytest.mark.parametrize("latent_dim", [1, 3])
@pytest.mark.slow
def test_without_hidden_layers_it_reaches_the_error_of_pca(wine, latent_dim):
    scaled = StandardScaler().fit_transform(wine)
    pca = PCA(latent_dim).fit(scaled)
    best = np.mean((scaled - pca.inverse_transform(pca.transform(scaled))) ** 2)
    coder = AutoencoderTransformer(latent_dim, (), learning_rate=1e-2, random_state=0)
    error = -coder.fit(wine).score(wine)
    assert best * (1 - 1e-5) < error  # no linear code is better, said Eckart and Young
    assert error < 1.01 * best  # measured: 1.0007 with 3 components


@pytest.mark.slow
def test_a_hidden_layer_goes_below_the_error_of_pca():
    X = load_digits().data[:800]
    flat = AutoencoderTransformer(2, (), learning_rate=1e-2, epochs=40, batch_size=50)
    flat.set_params(random_state=0)
    deep = clone(flat).set_params(hidden=(64,))
    assert deep.fit(X).score(X) > 0.9 * flat.fit(X).score(X)


@pytest.mark.slow
def test_malignant_tumours_are_harder_to_redraw_than_benign_ones():
    X, benign = load_breast_cancer(return_X_y=True)
    rows = np.random.default_rng(0).permutation(np.flatnonzero(benign))
    seen, unseen = rows[:250], np.r_[rows[250:], np.flatnonzero(benign == 0)]
    detector = AnomalyDetector(4, (16,), contamination=0.05, epochs=50, random_state=0)
    detector.fit(X[seen])
    area = roc_auc_score(benign[unseen], detector.score_samples(X[unseen]))
    assert area > 0.88  # measured: 0.916 and 0.926 with two seeds
    assert np.mean(detector.predict(X[rows[250:]]) == -1) < 0.15
    assert np.mean(detector.predict(X[benign == 0]) == -1) > 0.6


@pytest.mark.slow
def test_a_detector_of_zeros_knows_the_other_digits():
    X, y = load_digits(return_X_y=True)
    zeros = np.flatnonzero(y == 0)
    detector = AnomalyDetector(epochs=40, random_state=0).fit(X[zeros[:120]])
    unseen = np.r_[zeros[120:], np.flatnonzero(y)]
    area = roc_auc_score(y[unseen] == 0, detector.score_samples(X[unseen]))
    assert area > 0.99  # measured: 0.99998


@pytest.mark.slow
def test_a_grid_search_by_score_picks_the_larger_code(wine):
    coder = quick(AutoencoderTransformer, hidden=(), learning_rate=3e-2, epochs=60)
    cv = KFold(2, shuffle=True, random_state=0)
    search = GridSearchCV(coder, {"latent_dim": [1, 6]}, cv=cv).fit(wine)
    assert search.best_params_ == {"latent_dim": 6}
    assert search.best_estimator_.transform(wine).shape == (len(wine), 6)


def test_codes_are_features_for_a_classifier():
    X, y = load_digits(return_X_y=True)
    coder = AutoencoderTransformer(16, epochs=10, batch_size=50, random_state=0)
    model = make_pipeline(coder, StandardScaler(), LogisticRegression())
    assert model.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.8


# --- the transformer


@pytest.mark.slow
def test_it_comes_back_in_the_units_of_the_columns():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 1)) * [1.0, -20.0, 300.0] + [5.0, 0.0, 1e4]
    coder = AutoencoderTransformer(1, (), learning_rate=1e-2, random_state=0).fit(X)
    X_hat = coder.inverse_transform(coder.transform(X))
    assert X_hat.shape == X.shape
    assert (np.abs(X_hat - X).max(axis=0) < [0.1, 2.0, 30.0]).all()  # 0.1 deviations


@pytest.mark.slow
def test_the_score_is_minus_the_error_on_the_scaled_columns(wine):
    coder = quick(AutoencoderTransformer).fit(wine)
    X_hat = coder.inverse_transform(coder.transform(wine))
    expected = -np.mean(((wine - X_hat) / wine.std(axis=0)) ** 2, axis=1)
    np.testing.assert_allclose(coder.score_samples(wine), expected, rtol=1e-4)
    assert coder.score(wine) == pytest.approx(expected.mean(), rel=1e-4)


@pytest.mark.slow
def test_without_scaling_the_error_is_on_the_columns_themselves(wine):
    X = wine[:, :3]
    coder = quick(AutoencoderTransformer, scale=False).fit(X)
    X_hat = coder.inverse_transform(coder.transform(X))
    expected = -np.mean((X - X_hat) ** 2, axis=1)
    np.testing.assert_allclose(coder.score_samples(X), expected, rtol=1e-5)


@pytest.mark.slow
def test_the_code_of_a_sample_does_not_depend_on_its_company():
    X = np.random.default_rng(0).normal(size=(600, 200))
    coder = quick(AutoencoderTransformer, hidden=(150,)).fit(X)  # else off by 1e-6
    together = coder.transform(X)
    for rows in ([0], [599], [3, 2, 1], range(100, 400)):
        np.testing.assert_array_equal(coder.transform(X[rows]), together[rows])


@pytest.mark.slow
def test_names_go_in_and_come_out(wine):
    coder = quick(AutoencoderTransformer).fit(wine)
    names = ["autoencodertransformer0", "autoencodertransformer1"]
    assert coder.get_feature_names_out().tolist() == names
    assert coder.n_features_in_ == 13
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(wine, columns=load_wine().feature_names)
    Z = coder.set_output(transform="pandas").fit_transform(frame)
    assert Z.columns.tolist() == names
    assert coder.feature_names_in_.tolist() == load_wine().feature_names


@pytest.mark.slow
def test_a_code_of_another_width_is_named(wine):
    coder = quick(AutoencoderTransformer).fit(wine)
    with pytest.raises(ValueError, match=r"X must have 2 columns, .* got 3; transform"):
        coder.inverse_transform(np.zeros((4, 3)))


# --- the detector


def test_scores_and_threshold_are_errors_and_the_methods_have_the_other_sign(wine):
    detector = quick(AnomalyDetector, contamination=0.2).fit(wine)
    scores, decision = detector.score_samples(wine), detector.decision_function(wine)
    np.testing.assert_array_equal(detector.scores_, -scores)
    assert (detector.scores_ > 0).all()
    assert detector.threshold_ == np.quantile(detector.scores_, 0.8)
    assert detector.offset_ == -detector.threshold_
    np.testing.assert_array_equal(decision, scores - detector.offset_)
    labels = np.where(detector.scores_ > detector.threshold_, -1, 1)
    np.testing.assert_array_equal(detector.predict(wine), labels)
    assert np.mean(labels == -1) == pytest.approx(0.2, abs=1 / len(wine))
    np.testing.assert_array_equal(detector.fit_predict(wine), labels)


@pytest.mark.parametrize("contamination", [0, -0.1, 0.51, 2.0, np.nan])
def test_contamination_is_a_fraction_up_to_one_half(wine, contamination):
    with pytest.raises(ValueError, match="contamination must be"):
        quick(AnomalyDetector, contamination=contamination).fit(wine)


# --- other members of the family


def halves(n_features, latent_dim=2, **options):
    """Two halves over a table: its columns have no range that an output could keep."""
    return models.dense(
        n_features, latent_dim, hidden=(8,), output_activation="linear", **options
    )


def sparse(n_features, weight=0.01):
    return models.L1SparseAutoencoder(*halves(n_features), weight=weight)


def variational(n_features):
    return models.VariationalAutoencoder(*halves(n_features, gaussian=True))


@every_member
@pytest.mark.slow
def test_every_member_serves_as_transformer_and_as_detector(name, digits):
    X = digits[:60]
    options = {"build": lambda n: ROWS[name].model(), "scale": False}
    coder = quick(AutoencoderTransformer, **options).fit(X)
    model = coder.model_
    assert type(model) is type(ROWS[name].model())
    codes = model.encode(X).reshape(len(X), -1)
    np.testing.assert_allclose(coder.transform(X), codes, atol=1e-5)
    assert len(coder.get_feature_names_out()) == codes.shape[1]
    X_hat = coder.inverse_transform(coder.transform(X))
    np.testing.assert_allclose(X_hat, model.decode(model.encode(X)), atol=1e-5)
    errors = np.mean((X - X_hat) ** 2, axis=1)
    np.testing.assert_allclose(coder.score_samples(X), -errors, rtol=1e-4)
    detector = quick(AnomalyDetector, contamination=0.1, **options).fit(X)
    np.testing.assert_allclose(detector.scores_, errors, rtol=1e-4)  # the same seed
    assert (detector.predict(X) == -1).sum() == 6


@pytest.mark.slow
def test_a_model_that_is_compiled_keeps_its_loss_and_optimizer(wine):
    def build(n_features):
        model = sparse(n_features)
        model.compile(keras.optimizers.SGD(0.125), "mae")
        return model

    model = quick(AutoencoderTransformer, build=build).fit(wine).model_
    assert model.loss == "mae"
    assert float(model.optimizer.learning_rate) == 0.125


@pytest.mark.slow
def test_one_that_is_not_is_compiled_with_the_rate_and_the_error_that_it_takes(wine):
    options = {"optimizer": "rmsprop", "learning_rate": 0.25}
    for build, loss in (
        (sparse, "mse"),
        (variational, losses.squared_error_per_image),  # beside a KL in nats
    ):
        model = quick(AutoencoderTransformer, build=build, **options).fit(wine).model_
        assert model.loss == loss
        assert isinstance(model.optimizer, keras.optimizers.RMSprop)
        assert float(model.optimizer.learning_rate) == 0.25


@pytest.mark.slow
def test_codes_of_several_axes_are_columns_and_come_back(wine):
    def build(n_features):
        return models.VectorQuantizedAutoencoder(
            *halves(n_features, latent_dim=6), codes=8, code_dim=3
        )

    coder = quick(AutoencoderTransformer, build=build).fit(wine)
    assert coder.transform(wine).shape == (len(wine), 6)
    assert coder.inverse_transform(coder.transform(wine)).shape == wine.shape


@pytest.mark.slow
def test_a_grid_may_hold_models(wine):
    coder = quick(AutoencoderTransformer, build=sparse, epochs=20, learning_rate=0.03)
    builds = [functools.partial(sparse, weight=weight) for weight in (100.0, 0.0)]
    search = GridSearchCV(coder, {"build": builds}, cv=2).fit(wine)
    assert search.best_params_["build"] is builds[1]


@both
@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        ("sparse", TypeError, "build must be a function of the number of columns"),
        (lambda n: None, TypeError, "must return an aebook.models.Autoencoder"),
        (lambda n: sparse(5), ValueError, r"over 13 columns, got one over \(5,\)"),
    ],
)
def test_what_build_must_be_is_said(estimator, build, error, message, wine):
    with pytest.raises(error, match=message):
        quick(estimator, build=build).fit(wine)


@both
@pytest.mark.slow
def test_a_model_that_learnt_from_other_rows_is_refused(estimator, wine):
    model = sparse(13)
    quick(estimator, build=lambda n: model).fit(wine)
    with pytest.raises(ValueError, match="must return a new model at each call"):
        quick(estimator, build=lambda n: model).fit(wine)


# --- seeds


@both
@pytest.mark.slow
def test_one_seed_gives_the_same_numbers_and_another_seed_others(estimator, wine):
    first, again, other = (
        output(quick(estimator, random_state=seed).fit(wine), wine)
        for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


@pytest.mark.slow
def test_a_random_state_moves_on_with_every_fit(wine):
    def twice(random_state):
        coder = quick(AutoencoderTransformer, random_state=random_state)
        return [coder.fit_transform(wine) for _ in range(2)]

    first, second = twice(np.random.RandomState(3))
    again = twice(np.random.RandomState(3))
    np.testing.assert_array_equal([first, second], again)
    assert np.abs(first - second).max() > 1e-3
    np.random.seed(3)  # noqa: NPY002 (without a seed NumPy's own state moves on)
    np.testing.assert_array_equal(twice(None), again)


@pytest.mark.slow
def test_the_random_states_of_the_caller_are_left_alone(wine):
    def start():
        keras.utils.clear_session()  # Keras 3.12 goes on in its own generator else
        keras.utils.set_random_seed(5)

    def weights():
        return keras.layers.Dense(3)(np.ones((1, 2))), keras.random.normal((3,))

    start()
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    expected = [keras.ops.convert_to_numpy(part) for part in weights()]
    start()
    quick(AutoencoderTransformer, early_stopping=True).fit(wine)
    assert random.getstate() == python
    for a, b in zip(np.random.get_state(), numpy, strict=True):  # noqa: NPY002
        np.testing.assert_array_equal(a, b)
    for a, b in zip(weights(), expected, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(a), b)


@on_tensorflow
@pytest.mark.slow
def test_tensorflows_generator_is_left_alone(wine):
    import tensorflow as tf

    tf.random.set_seed(1)
    expected = [tf.random.normal((2,)).numpy() for _ in range(2)]
    tf.random.set_seed(1)
    first = tf.random.normal((2,)).numpy()
    quick(AutoencoderTransformer).fit(wine)
    np.testing.assert_array_equal([first, tf.random.normal((2,)).numpy()], expected)


def test_a_failed_fit_leaves_them_alone_too(wine):
    python = random.getstate()
    with pytest.raises(ValueError, match="unknown activation 'rleu'"):
        quick(AutoencoderTransformer, activation="rleu").fit(wine)
    assert random.getstate() == python


# --- copies


@both
@pytest.mark.parametrize("way", ["pickle", "joblib", "deepcopy"])
@pytest.mark.slow
def test_a_copy_gives_the_same_output(estimator, way, wine, tmp_path):
    fitted = quick(estimator).fit(wine)
    if way == "pickle":
        twin = pickle.loads(pickle.dumps(fitted))
    elif way == "joblib":
        joblib.dump(fitted, tmp_path / "fitted.joblib")
        twin = joblib.load(tmp_path / "fitted.joblib")
    else:
        twin = copy.deepcopy(fitted)
    assert twin.model_ is not fitted.model_
    np.testing.assert_array_equal(output(twin, wine), output(fitted, wine))


@both
@pytest.mark.slow
def test_a_clone_has_the_arguments_and_nothing_learnt(estimator, wine):
    fitted = quick(estimator, tol=0.5).fit(wine)
    twin = clone(fitted)
    assert twin.get_params() == fitted.get_params()
    assert not [name for name in vars(twin) if name.endswith("_")]


# --- training


@pytest.mark.slow
def test_the_history_has_one_value_an_epoch(wine):
    coder = quick(AutoencoderTransformer, epochs=5).fit(wine)
    assert coder.n_iter_ == len(coder.history_["loss"]) == 5
    assert coder.history_["loss"][-1] < coder.history_["loss"][0]


@pytest.mark.slow
def test_early_stopping_waits_and_keeps_the_best_weights(wine):
    coder = quick(
        AutoencoderTransformer,
        epochs=300,
        batch_size=25,
        learning_rate=0.05,
        early_stopping=True,
        validation_fraction=0.3,
        n_iter_no_change=5,
        tol=0.0,
    ).fit(wine)
    losses = coder.history_["val_loss"]
    assert coder.n_iter_ == len(losses) < 300
    assert coder.n_iter_ - 1 - int(np.argmin(losses)) == 5
    held_out = np.random.RandomState(0).randint(2**31 - 1)
    held_out = np.random.default_rng(held_out).permutation(len(wine))[:53]
    assert -coder.score(wine[held_out]) == pytest.approx(min(losses), rel=1e-4)


# --- odd tables


@both
@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.slow
def test_a_constant_column_does_no_harm(estimator, scale):
    X = np.c_[np.full(30, 7.0), np.random.default_rng(0).normal(size=(30, 2))]
    fitted = quick(estimator, scale=scale).fit(X)
    assert np.isfinite(output(fitted, X)).all()


@both
@pytest.mark.parametrize("shape", [(1, 3), (2, 1), (3, 50)])
@pytest.mark.slow
def test_tiny_tables_work(estimator, shape):
    X = np.random.default_rng(0).normal(size=shape)
    fitted = quick(estimator, latent_dim=60).fit(X)
    assert len(output(fitted, X)) == len(X)


@pytest.mark.slow
def test_columns_of_very_different_size_are_learnt_alike():
    X = np.random.default_rng(0).normal(size=(100, 1)) * [1e-8, 1.0, 1e12]
    coder = AutoencoderTransformer(1, (), learning_rate=1e-2, random_state=0).fit(X)
    X_hat = coder.inverse_transform(coder.transform(X))
    assert (((X - X_hat) ** 2).mean(axis=0) < 0.01 * X.var(axis=0)).all()


# --- a user's mistakes


@both
@pytest.mark.parametrize("make", [scipy.sparse.csr_matrix, scipy.sparse.csc_array])
@pytest.mark.slow
def test_sparse_data_is_refused_with_a_way_out(estimator, make, wine):
    with pytest.raises(TypeError, match=r"X.toarray\(\), or .*TruncatedSVD"):
        quick(estimator).fit(make(wine))
    with pytest.raises(TypeError, match="sparse data is not supported"):
        output(quick(estimator).fit(wine), make(wine))


@both
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_missing_values_are_refused(estimator, bad, wine):
    X = wine.copy()
    X[3, 4] = bad
    with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
        quick(estimator).fit(X)


@both
@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"latent_dim": 0}, ValueError, "latent_dim must be at least 1, got 0"),
        ({"latent_dim": 2.0}, TypeError, "latent_dim must be a whole number, got 2.0"),
        ({"hidden": (4, -1)}, ValueError, "hidden must be at least 1, got -1"),
        ({"activation": "rleu"}, ValueError, "unknown activation 'rleu'"),
        ({"optimizer": "adma"}, ValueError, "'adma'; did you mean"),
        ({"optimizer": 3}, TypeError, "optimizer must be the name of one, got 3"),
        ({"learning_rate": 0}, ValueError, "learning_rate must be a finite number > 0"),
        ({"epochs": 0}, ValueError, "epochs must be at least 1, got 0"),
        ({"batch_size": None}, TypeError, "batch_size must be a whole number"),
        (
            {"validation_fraction": 1.0},
            ValueError,
            r"validation_fraction must be in \(0",
        ),
        ({"tol": -1.0}, ValueError, "tol must be a finite number"),
        ({"n_iter_no_change": 0}, ValueError, "n_iter_no_change must be at least 1"),
        ({"random_state": "a"}, ValueError, "cannot be used to seed"),
    ],
)
def test_a_bad_argument_is_named_by_fit(estimator, changes, error, message, wine):
    with pytest.raises(error, match=message):
        quick(estimator, **changes).fit(wine)


def test_too_few_samples_to_hold_some_out_are_named():
    with pytest.raises(ValueError, match="n_samples = 1 leaves nothing to train on"):
        quick(AutoencoderTransformer, early_stopping=True).fit([[1.0, 2.0]])
