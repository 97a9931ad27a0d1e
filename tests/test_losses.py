"""The losses agree with hand counts, Keras, SciPy, and one another."""

import json
import os
import subprocess
import sys

from aebook import data, losses, metrics
from aebook.models import UndercompleteAutoencoder, dense
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
import keras
import numpy as np
import pytest
import scipy.special
import scipy.stats

PER_PIXEL = ("mse_per_pixel", "mae_per_pixel", "bce_per_pixel")
OF_PAIRS = (*PER_PIXEL, "squared_error_per_image", "bce_per_image")
on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="written for TensorFlow's tensors"
)

shapes = hnp.array_shapes(min_dims=2, max_dims=4, max_side=5)
unit = st.floats(0.015625, 0.984375, width=32)
pairs = shapes.flatmap(
    lambda shape: st.tuples(*[hnp.arrays(np.float32, shape, elements=unit)] * 2)
)


def value(name, *arrays):
    return keras.ops.convert_to_numpy(getattr(losses, name)(*arrays))


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.random((2, 20, 28, 28), np.float32)


# --- by hand


X, X_HAT = [[0.0, 1.0], [1.0, 0.0]], [[0.5, 0.5], [0.75, 0.0]]


NORMAL = np.log(2 * np.pi)  # twice the constant of a Gaussian: two pixels


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mse_per_pixel", [0.25, 0.03125]),
        ("squared_error_per_image", [0.5, 0.0625]),
        ("mae_per_pixel", [0.5, 0.125]),
        ("bce_per_pixel", [np.log(2), -np.log(0.75) / 2]),
        ("bce_per_image", [2 * np.log(2), -np.log(0.75)]),
        ("gaussian_nll_per_image", [NORMAL + 0.25, NORMAL + 0.03125]),
    ],
)
def test_two_images_by_hand(name, expected):
    np.testing.assert_allclose(value(name, X, X_HAT), expected, rtol=1e-6)


def test_two_codes_by_hand():
    mean, log_variance = [[3.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [1.0, 0.0]]
    kl = value("gaussian_kl", mean, log_variance)
    np.testing.assert_allclose(kl, [9 / 2, (np.e - 2) / 2], rtol=1e-6)


def test_a_unit_twice_as_busy_as_wanted_by_hand():
    expected = 0.25 * np.log(1 / 2) + 0.75 * np.log(3 / 2)
    kl = value("bernoulli_sparsity_kl", 0.25, [0.5, 0.25, 0.5])
    assert kl == pytest.approx(2 * expected, rel=1e-5)


def test_a_wrong_certain_pixel_costs_sixteen_nats():
    worst = value("bce_per_image", [[1.0]], [[0.0]])[0]
    assert worst == pytest.approx(-np.log(keras.config.epsilon()), rel=1e-6)
    assert worst == pytest.approx(16.118, abs=1e-3)


# --- against others


@given(pairs)
@settings(max_examples=30, deadline=None)
@pytest.mark.slow
def test_the_mean_over_the_batch_is_the_loss_of_keras(pair):
    for ours, theirs in (
        ("mse_per_pixel", keras.losses.MeanSquaredError),
        ("mae_per_pixel", keras.losses.MeanAbsoluteError),
        ("bce_per_pixel", keras.losses.BinaryCrossentropy),
    ):
        expected = float(theirs()(*pair))
        assert value(ours, *pair).mean() == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_on_arrays_they_are_the_metrics_of_the_same_name(images):
    np.testing.assert_allclose(
        value("squared_error_per_image", *images),
        metrics.squared_error_per_image(*images),
        rtol=1e-5,
    )
    expected = metrics.mse_per_pixel(*images)
    assert value("mse_per_pixel", *images).mean() == pytest.approx(expected, rel=1e-6)


def test_gaussian_nll_is_the_log_density_of_scipy():
    rng = np.random.default_rng(0)
    x, mean, log_variance = rng.normal(size=(3, 6, 4, 5))
    normal = scipy.stats.norm(mean, np.exp(log_variance / 2))
    expected = -normal.logpdf(x).sum(axis=(1, 2))
    ours = value("gaussian_nll_per_image", x, mean, log_variance)
    np.testing.assert_allclose(ours, expected, rtol=1e-5)


@pytest.mark.parametrize("shape", [(), (5,), (4, 1), (6, 1, 1), (6, 4, 5)])
def test_one_variance_serves_many_pixels(shape):
    rng = np.random.default_rng(0)
    x, mean = rng.normal(size=(2, 6, 4, 5))
    log_variance = rng.normal(size=shape)
    whole = np.broadcast_to(log_variance, x.shape)
    np.testing.assert_allclose(
        value("gaussian_nll_per_image", x, mean, log_variance),
        value("gaussian_nll_per_image", x, mean, whole),
        rtol=1e-5,
    )


def test_bernoulli_kl_is_the_relative_entropy_of_scipy():
    rho, rho_hat = 0.05, np.random.default_rng(0).uniform(0.01, 0.99, 64)
    expected = scipy.special.rel_entr(rho, rho_hat) + scipy.special.rel_entr(
        1 - rho, 1 - rho_hat
    )
    ours = value("bernoulli_sparsity_kl", rho, rho_hat)
    assert ours.shape == ()
    assert ours == pytest.approx(expected.sum(), rel=1e-5)


def test_gaussian_kl_is_the_mean_log_ratio_of_the_densities():
    rng = np.random.default_rng(0)
    mean, log_variance = rng.normal(size=(2, 4, 3))
    ours = value("gaussian_kl", mean, log_variance)
    sd = np.exp(log_variance / 2)
    z = mean + sd * rng.normal(size=(200_000, 4, 3))
    ratio = scipy.stats.norm(mean, sd).logpdf(z) - scipy.stats.norm.logpdf(z)
    ratio = ratio.sum(axis=-1)
    error = ratio.std(axis=0) / np.sqrt(len(z))
    assert (error < 0.02).all()  # so the next line says something
    assert (np.abs(ours - ratio.mean(axis=0)) < 4 * error).all()


# --- sequences


def test_padded_steps_cost_nothing_by_hand():
    x = np.array([[[1.0, 0.0], [2.0, 2.0], [0.0, 0.0]], np.zeros((3, 2))])
    x_hat = np.array([[[0.0, 0.0], [2.0, 0.0], [9.0, 9.0]], np.full((3, 2), 7.0)])
    per_sequence = losses.MaskedMeanSquaredError(reduction=None)(x, x_hat)
    # (1 + 4) over the 4 values of two real steps; a wholly padded sequence: 0
    assert keras.ops.convert_to_numpy(per_sequence).tolist() == [1.25, 0.0]
    assert float(losses.MaskedMeanSquaredError()(x, x_hat)) == 0.625


@pytest.mark.parametrize("mask_value", [0.0, -1.0, 255.0])
def test_each_sequence_costs_the_mean_squared_error_of_its_own_length(mask_value):
    rng = np.random.default_rng(0)
    x, x_hat = rng.normal(size=(2, 7, 9, 3)).astype(np.float32)
    lengths = rng.integers(1, 10, 7)
    for sequence, length in zip(x, lengths, strict=True):
        sequence[length:] = mask_value
    ours = losses.MaskedMeanSquaredError(mask_value, reduction=None)(x, x_hat)
    expected = [
        np.mean((a[:n] - b[:n]) ** 2) for a, b, n in zip(x, x_hat, lengths, strict=True)
    ]
    np.testing.assert_allclose(keras.ops.convert_to_numpy(ours), expected, rtol=1e-5)


def test_a_step_with_one_zero_feature_is_real():
    x, x_hat = np.array([[[0.0, 1.0]]]), np.array([[[1.0, 1.0]]])
    assert float(losses.MaskedMeanSquaredError()(x, x_hat)) == 0.5


@on_tensorflow
def test_nothing_put_out_at_a_padded_step_has_a_gradient():
    import tensorflow as tf

    x = np.zeros((2, 3, 2), np.float32)
    x[0, :2] = 1.0
    x_hat = tf.constant(np.full(x.shape, 1e30, np.float32))  # squared: infinite
    with tf.GradientTape() as tape:
        tape.watch(x_hat)
        loss = losses.MaskedMeanSquaredError(reduction=None)(x, x_hat)
    gradient = tape.gradient(loss, x_hat).numpy()
    assert loss.numpy()[1] == 0
    assert (gradient[0, 2] == 0).all() and (gradient[1] == 0).all()
    assert (gradient[0, :2] > 0).all()


def test_the_masked_loss_round_trips_its_config():
    loss = losses.MaskedMeanSquaredError(-1.0, name="mine")
    twin = keras.losses.deserialize(keras.losses.serialize(loss))
    assert type(twin) is losses.MaskedMeanSquaredError
    assert twin.get_config() == loss.get_config()
    assert (twin.mask_value, twin.name) == (-1.0, "mine")


def test_the_masked_loss_wants_sequences():
    with pytest.raises(ValueError, match=r"at least 3 dimensions .*got shape \(2, 3\)"):
        losses.MaskedMeanSquaredError()(np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(TypeError, match="mask_value must be a number, got '0'"):
        losses.MaskedMeanSquaredError("0")
    with pytest.raises(ValueError, match="mask_value must be a finite number"):
        losses.MaskedMeanSquaredError(np.nan)


# --- theorems


@given(pairs)
@settings(max_examples=30, deadline=None)
@pytest.mark.slow
def test_an_image_costs_its_pixels_together(pair):
    pixels = pair[0][0].size
    for image, pixel in (
        ("squared_error_per_image", "mse_per_pixel"),
        ("bce_per_image", "bce_per_pixel"),
    ):
        expected = pixels * value(pixel, *pair)
        np.testing.assert_allclose(value(image, *pair), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", OF_PAIRS)
def test_flat_images_cost_the_same(images, name):
    flat = images.reshape(2, 20, 784)
    np.testing.assert_allclose(value(name, *images), value(name, *flat), rtol=1e-5)
    assert value(name, *images).shape == (20,)


def test_the_squared_error_is_a_gaussian_nll_up_to_scale_and_constant(images):
    log_variance = -2.0
    nll = value("gaussian_nll_per_image", *images, log_variance)
    error = value("squared_error_per_image", *images)
    constant = 784 / 2 * (np.log(2 * np.pi) + log_variance)
    np.testing.assert_allclose(nll, error / (2 * np.exp(-2)) + constant, rtol=1e-5)


def test_the_best_variance_is_the_mean_squared_error(images):
    mse = value("mse_per_pixel", *images).mean()
    at = [
        value("gaussian_nll_per_image", *images, np.log(mse) + shift).mean()
        for shift in (-0.1, 0.0, 0.1)
    ]
    assert at[1] < min(at[0], at[2])


def test_cross_entropy_of_grey_pixels_is_lowest_at_their_entropy(images):
    x, other = images
    entropy = scipy.stats.entropy([x, 1 - x], axis=0)  # of each pixel, nats
    floor = value("bce_per_image", x, x)
    np.testing.assert_allclose(floor, entropy.sum(axis=(1, 2)), rtol=1e-5)
    for step in (-0.01, 0.01):
        near = np.clip(x + step, 0, 1)
        assert (value("bce_per_image", x, near) > floor).all()
    assert (value("bce_per_image", x, other) > floor).all()


@pytest.mark.slow
def test_no_decoder_brings_the_cross_entropy_of_mnist_below_its_floor():
    x = data.load_mnist().x_test
    entropy = (scipy.special.entr(x) + scipy.special.entr(1 - x)).mean(dtype=np.float64)
    floor = value("bce_per_pixel", x, x).mean(dtype=np.float64)
    assert floor == pytest.approx(entropy, rel=1e-4)
    assert floor == pytest.approx(0.0581, abs=5e-5)  # nats per pixel


@given(
    hnp.arrays(np.float32, (2, 3, 4), elements=st.floats(-4, 4, width=32)),
    st.floats(0.01, 0.99),
)
@settings(max_examples=50, deadline=None)
@pytest.mark.slow
def test_divergences_are_never_negative(codes, rho):
    assert (value("gaussian_kl", *codes) >= 0).all()
    rates = 1 / (1 + np.exp(-codes[0, 0]))
    # float32 rounds the logarithms: measured above -3e-7 on 12,000 units
    assert value("bernoulli_sparsity_kl", rho, rates) >= -2e-6


def test_divergences_are_zero_where_the_distributions_agree():
    assert value("gaussian_kl", np.zeros((2, 3)), np.zeros((2, 3))).tolist() == [0, 0]
    same = value("bernoulli_sparsity_kl", 0.3, np.full(10, 0.3))
    assert same == pytest.approx(0, abs=1e-6)


def test_a_tiny_divergence_keeps_its_digits():
    tiny = value("gaussian_kl", np.zeros((1, 1), "float32"), [[1e-3]])[0]
    exact = (np.expm1(1e-3) - 1e-3) / 2
    assert tiny == pytest.approx(exact, rel=1e-3)  # with exp in its place: off by 5 %


# --- gradients


GRADIENT_POINTS = {
    **dict.fromkeys(OF_PAIRS, ((4, 3, 2), (4, 3, 2))),
    "gaussian_kl": ((4, 5), (4, 5)),
    "gaussian_nll_per_image": ((4, 5), (4, 5), (4, 5)),
}


@on_tensorflow
@pytest.mark.parametrize("name", [*GRADIENT_POINTS, "bernoulli_sparsity_kl"])
def test_the_gradient_is_that_of_central_differences(name):
    import tensorflow as tf

    rng = np.random.default_rng(0)
    shapes = GRADIENT_POINTS.get(name, ((6,),))
    points = [rng.uniform(0.1, 0.9, shape) for shape in shapes]
    first = (0.2,) if name == "bernoulli_sparsity_kl" else ()

    def total(*arrays):
        return tf.reduce_sum(getattr(losses, name)(*first, *arrays))

    for which, point in enumerate(points):
        tensors = [tf.constant(p) for p in points]
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            loss = total(*tensors)
        assert loss.dtype == tf.float64  # nothing fell back to float32 on the way
        ours = tape.gradient(loss, tensors[which]).numpy()
        numeric = np.empty_like(point)
        for index in np.ndindex(point.shape):
            ends = []
            for step in (1e-5, -1e-5):
                moved = [p.copy() for p in points]
                moved[which][index] += step
                ends.append(float(total(*moved)))
            numeric[index] = (ends[0] - ends[1]) / 2e-5
        np.testing.assert_allclose(ours, numeric, rtol=1e-6, atol=1e-8)


# --- in Keras


def small(loss, activation="sigmoid"):
    keras.utils.set_random_seed(1)
    parts = dense(784, 8, hidden=(32,), output_activation=activation)
    model = UndercompleteAutoencoder(*parts)
    model.compile("adam", loss)
    return model


@pytest.mark.slow
def test_training_on_the_mean_per_pixel_is_training_on_mse(digits):
    ours, theirs = small(losses.mse_per_pixel), small("mse")
    for model in (ours, theirs):
        model.fit(digits[:512], epochs=2, shuffle=False, verbose=0)
    a, b = (m.reconstruct(digits[:50]) for m in (ours, theirs))
    np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("name", [*OF_PAIRS, "gaussian_nll_per_image"])
@pytest.mark.slow
def test_the_loss_reported_is_the_mean_over_the_images(digits, name):
    model = small(getattr(losses, name))
    loss, reconstruction = model.evaluate(digits[:100], verbose=0)
    expected = value(name, digits[:100], model.reconstruct(digits[:100])).mean()
    assert loss == reconstruction == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", [*OF_PAIRS, "gaussian_nll_per_image"])
@pytest.mark.slow
def test_a_model_saved_with_the_loss_trains_on(digits, name, tmp_path):
    model = small(getattr(losses, name))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.loss is getattr(losses, name)
    a, b = (
        m.fit(digits[:64], shuffle=False, verbose=0).history["loss"]
        for m in (model, loaded)
    )
    assert a == b


@pytest.mark.slow
def test_a_loss_serves_as_a_metric_too(digits):
    model = small("mse")
    model.compile("adam", "mse", metrics=[losses.squared_error_per_image])
    seen = model.evaluate(digits[:100], return_dict=True, verbose=0)
    assert seen["squared_error_per_image"] == pytest.approx(
        784 * seen["loss"], rel=1e-5
    )


@pytest.mark.parametrize("name", ["bce_per_pixel", "bce_per_image"])
@pytest.mark.slow
def test_cross_entropy_needs_probabilities_and_targets_between_0_and_1(name, digits):
    with pytest.raises(ValueError, match="ends in 'linear'; use a sigmoid"):
        small(getattr(losses, name), activation="linear")
    with pytest.raises(ValueError, match=r"expected \[0, 1\]"):
        small(getattr(losses, name)).fit(digits[:10] - 0.5)


@on_tensorflow
@pytest.mark.slow
def test_sizes_not_known_while_tracing_are_no_mismatch():
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((None, None, 3))] * 2)
    def traced(x, x_hat):
        return losses.squared_error_per_image(x, x_hat)

    assert traced(np.zeros((2, 4, 3)), np.ones((2, 4, 3))).numpy().tolist() == [12, 12]
    with pytest.raises(
        ValueError, match=r"same shape, got \(None, 3\) and \(None, 4\)"
    ):
        tf.function(losses.mse_per_pixel).get_concrete_function(
            tf.TensorSpec((None, 3)), tf.TensorSpec((None, 4))
        )


def test_integers_and_half_precision_are_read_as_float32():
    bits = np.array([[0, 255]], np.uint8)
    assert value("squared_error_per_image", bits, 0 * bits).tolist() == [65025]
    half = np.array([[0.0, 1.0]], np.float16)
    worst = value("bce_per_image", half, 1 - half)
    assert np.isfinite(worst).all()
    assert worst.dtype == np.float32


@pytest.mark.slow
def test_the_losses_are_the_same_on_jax(tmp_path):
    pytest.importorskip("jax")
    script = tmp_path / "on_jax.py"
    script.write_text("""
import json
import jax, keras, numpy as np
from aebook import losses
a, b = np.random.default_rng(0).uniform(0.1, 0.9, (2, 3, 4)).astype("float32")
values = {}
for name in losses.__all__:
    if name in ("MaskedMeanSquaredError", "over_features"):
        continue
    first, second = (0.2, b[0]) if name == "bernoulli_sparsity_kl" else (a, b)
    loss = lambda second: getattr(losses, name)(first, second).sum()
    value, gradient = jax.jit(jax.value_and_grad(loss))(second)
    values[name] = [float(value), np.asarray(gradient).tolist()]
print(json.dumps([keras.backend.backend(), values]))
""")
    run = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    backend, values = json.loads(run.stdout.splitlines()[-1])
    assert backend == "jax"
    others = {"MaskedMeanSquaredError", "over_features"}
    assert set(values) == set(losses.__all__) - others
    a, b = np.random.default_rng(0).uniform(0.1, 0.9, (2, 3, 4)).astype("float32")
    for name, (total, gradient) in values.items():
        code = name == "bernoulli_sparsity_kl"
        first, second = (0.2, b[0]) if code else (a, b)
        assert total == pytest.approx(value(name, first, second).sum(), rel=1e-5)
        assert np.shape(gradient) == second.shape
        assert np.isfinite(gradient).all()


# --- a user's mistakes


OK = np.full((3, 4), 0.5, np.float32)


@pytest.mark.parametrize("name", [*OF_PAIRS, "gaussian_nll_per_image", "gaussian_kl"])
@pytest.mark.parametrize(
    ("x", "x_hat", "message"),
    [
        (OK, OK[:2], r"same shape, got \(3, 4\) and \(2, 4\)"),
        (OK, OK[:, :1], r"same shape, got \(3, 4\) and \(3, 1\)"),
        (OK, OK.reshape(3, 2, 2), r"got \(3, 4\) and \(3, 2, 2\)"),
        (OK[0], OK[0], r"at least 2 dimensions \(batch, ...\), got shape \(4,\)"),
        (0.5, 0.5, r"at least 2 dimensions \(batch, ...\), got shape \(\)"),
    ],
)
def test_shapes_that_do_not_match_are_named(name, x, x_hat, message):
    with pytest.raises(ValueError, match=message):
        getattr(losses, name)(x, x_hat)


@pytest.mark.parametrize("shape", [(5,), (3, 3), (2, 3, 4), (2, 4)])
def test_a_variance_of_another_shape_is_named(shape):
    with pytest.raises(ValueError, match=r"broadcast to the shape of x, \(3, 4\), got"):
        losses.gaussian_nll_per_image(OK, OK, np.zeros(shape))


@pytest.mark.parametrize(
    ("rho", "error", "message"),
    [
        (0, ValueError, "rho must be a finite number > 0, got 0"),
        (1, ValueError, r"rho must be in \(0, 1\), got 1; try 0.05"),
        (5, ValueError, r"rho must be in \(0, 1\), got 5"),
        (np.nan, ValueError, "rho must be a finite number"),
        ("0.05", TypeError, "rho must be a number, got '0.05'"),
    ],
)
def test_a_bad_rate_is_named(rho, error, message):
    with pytest.raises(error, match=message):
        losses.bernoulli_sparsity_kl(rho, [0.5])


def test_the_mean_activations_need_an_axis():
    with pytest.raises(ValueError, match="rho_hat must have an axis of units"):
        losses.bernoulli_sparsity_kl(0.05, 0.1)


# --- what a loss says of itself


LOSSES = {
    "mse_per_pixel": losses.mse_per_pixel,
    "mae_per_pixel": losses.mae_per_pixel,
    "bce_per_pixel": losses.bce_per_pixel,
    "bce_per_image": losses.bce_per_image,
    "squared_error_per_image": losses.squared_error_per_image,
    "gaussian_nll_per_image": losses.gaussian_nll_per_image,
    "gaussian_kl": losses.gaussian_kl,
    "bernoulli_sparsity_kl": lambda a, _: losses.bernoulli_sparsity_kl(0.3, a),
    "MaskedMeanSquaredError": losses.MaskedMeanSquaredError(reduction=None),
}


def test_every_loss_says_its_unit():
    assert set(losses.__all__) - {"over_features"} == set(LOSSES)
    assert all(isinstance(getattr(losses, name).unit, str) for name in LOSSES)


@pytest.mark.parametrize("name", LOSSES)
def test_a_sum_doubles_with_the_features_and_a_mean_stays(name):
    shape = (3, 4, 5) if name == "MaskedMeanSquaredError" else (3, 5)
    a, b = np.random.default_rng(0).uniform(0.2, 0.8, (2, *shape)).astype("float32")
    twice = (np.concatenate([part, part], axis=-1) for part in (a, b))
    once, twice = LOSSES[name](a, b), LOSSES[name](*twice)
    times = {"sum": 2, "mean": 1}[losses.over_features(getattr(losses, name))]
    np.testing.assert_allclose(twice, times * once, rtol=1e-5)


def test_the_losses_of_keras_are_means_and_of_others_nothing_is_known():
    squared = keras.losses.mean_squared_error
    keras_losses = ("mse", keras.losses.MeanSquaredError(), squared)
    assert [losses.over_features(loss) for loss in keras_losses] == ["mean"] * 3
    assert losses.over_features(lambda x, x_hat: x) is None
