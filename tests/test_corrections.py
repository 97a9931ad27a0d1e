"""One test for each correction that the appendix lists and no other test shows."""

import os
from pathlib import Path
import re
import subprocess
import sys

from aebook import data, losses, models, optim, problems
from aebook.models import Autoencoder, dense
from aebook.optim import minimize
import keras
from keras import layers, ops
import numpy as np
import pytest
from scipy.linalg import subspace_angles
from scipy.optimize import minimize as minimum
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA


@pytest.fixture(scope="module")
def small_digits():
    return load_digits().data[:300] / 16


@pytest.fixture(scope="module")
def linear(small_digits):
    return problems.linear_autoencoder(small_digits, latent_dim=8)


def saddle_of(linear, x, k=8):
    """The components 2 to k + 1, without the first."""
    wrong = PCA().fit(x).components_[1 : k + 1]
    return np.concatenate([wrong.T, wrong], axis=None)


# the first article


def test_momentum_leaves_good_minima_as_well_as_bad_ones():
    def hollows(w):
        return np.sum(w**4 / 4 - w**2 / 2 + 0.1 * w), w**3 - w + 0.1

    summit = np.sort(np.roots([1, 0, -1, 0.1]))[1]
    starts = np.linspace(-2, 2, 401)
    moved = {}
    for momentum in (0.0, 0.9):
        hyper = {"learning_rate": 0.05, "momentum": momentum}
        ends = minimize(hollows, starts, "heavy_ball", 400, **hyper).points[-1]
        to_deep = np.sum((starts > summit) & (ends < summit))
        to_shallow = np.sum((starts < summit) & (ends > summit))
        moved[momentum] = (to_deep, to_shallow)
    assert moved[0.0] == (0, 0)
    assert min(moved[0.9]) > 20


def test_two_readings_of_n_differ_by_the_number_of_pixels():
    x, x_hat = np.random.default_rng(0).random((2, 5, 784)).astype("float32")
    per_pixel = np.mean(losses.mse_per_pixel(x, x_hat))
    per_image = np.mean(losses.squared_error_per_image(x, x_hat))
    assert per_image / per_pixel == pytest.approx(784, rel=1e-5)


def test_adam_without_momentum_is_rmsprop_corrected():
    rng, w = np.random.default_rng(0), np.zeros(5)
    adam, rmsprop = optim.adam.init(w), optim.rmsprop.init(w)
    for t in range(1, 50):
        g = rng.normal(size=5)
        a, adam = optim.adam.update(g, adam, w, beta_1=0.0, beta_2=0.9, epsilon=1e-15)
        r, rmsprop = optim.rmsprop.update(g, rmsprop, w, rho=0.9, epsilon=1e-15)
        np.testing.assert_allclose(a, np.sqrt(1 - 0.9**t) * r, rtol=1e-9)


def test_on_small_data_lbfgs_beats_adam_and_adam_beats_descent(small_digits):
    small = problems.dense_autoencoder(small_digits[:100], latent_dim=8, hidden=(16,))

    def best(rule, rates):
        runs = [
            minimize(small, small.start, rule, 200, learning_rate=r, may_diverge=True)
            for r in rates
        ]
        return min(run.losses[-1] for run in runs)

    descent = best("sgd", [1, 3, 10, 30])
    adam = best("adam", [0.001, 0.003, 0.01, 0.03])
    assert optim.lbfgs(small, small.start, 200).losses[-1] < 0.9 * adam
    assert adam < 0.9 * descent


def test_the_first_program_refuses_images_that_are_not_flat(digits):
    model = Autoencoder(*dense(784, latent_dim=2))
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match="flatten"):
        model.fit(digits.reshape(-1, 28, 28), verbose=0)


def test_part_of_a_relu_code_dies(digits):
    model = Autoencoder(*dense(784, 32, (128,), code_activation="relu"))
    model.compile("adam", "mse")
    model.fit(digits, epochs=10, batch_size=100, verbose=0)
    silent = (model.encode(digits) == 0).all(axis=0)
    assert 1 <= silent.sum() < 32


def test_keras_no_longer_runs_on_theano():
    environment = {**os.environ, "KERAS_BACKEND": "theano"}
    run = subprocess.run(
        [sys.executable, "-c", "import keras"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert "theano" in run.stderr.lower()


def test_members_of_the_family_do_not_differ_in_structure(digits):
    encoder, decoder = dense(784, 16, code_activation="sigmoid")
    x = digits[:64]
    losses_of = set()
    for member in (
        models.UndercompleteAutoencoder(encoder, decoder),
        models.L1SparseAutoencoder(encoder, decoder),
        models.KLSparseAutoencoder(encoder, decoder),
        models.DenoisingAutoencoder(encoder, decoder, keras.layers.GaussianNoise(0.1)),
        models.ContractiveAutoencoder(encoder, decoder),
    ):
        member.compile("adam", "mse")
        losses_of.add(member.evaluate(x, verbose=0)[0])
        expected = ops.convert_to_numpy(decoder(encoder(x)))
        np.testing.assert_allclose(member.reconstruct(x), expected, atol=1e-6)
    assert len(losses_of) == 4  # of the clean input the denoiser's is the plain one


# the second article


@pytest.mark.slow
def test_a_wide_code_copies_what_it_never_saw(digits):
    clothes = data.flatten(data.load_fashion_mnist().x_test[:200])
    errors = []
    for latent_dim in (32, 1024):
        keras.utils.set_random_seed(0)
        pair = dense(784, latent_dim, hidden=(), output_activation="linear")
        model = Autoencoder(*pair)
        model.compile(keras.optimizers.Adam(1e-3), "mse")
        model.fit(digits, batch_size=50, epochs=10, verbose=0)
        errors.append(np.mean((clothes - model.reconstruct(clothes)) ** 2))
    assert errors[1] < 0.4 * errors[0]


@pytest.mark.slow
def test_a_narrow_code_overfits_few_digits(digits):
    few, unseen = digits[:500], digits[500:]
    lowest, last = {}, {}
    for name, x, epochs in (("few", few, 100), ("more", digits[500:1750], 40)):
        keras.utils.set_random_seed(0)
        model = Autoencoder(*dense(784, latent_dim=8, hidden=(512,)))
        model.compile(keras.optimizers.Adam(1e-3), losses.squared_error_per_image)
        held_out = unseen[1250:]
        run = model.fit(
            x, batch_size=50, epochs=epochs, verbose=0, validation_data=held_out
        )
        lowest[name] = min(run.history["val_loss"])
        last[name] = run.history["val_loss"][-1]
    assert last["few"] > 1.05 * lowest["few"]  # it turned, with 8 numbers
    assert last["more"] < lowest["few"]


def test_the_printed_divergence_is_maximum_likelihood():
    rng = np.random.default_rng(0)
    images = np.indices((2, 2, 2)).reshape(3, -1).T
    p = rng.dirichlet(np.ones(8))

    def q(theta):
        return np.prod(np.where(images == 1, theta, 1 - theta), axis=1)

    for theta in rng.uniform(0.05, 0.95, size=(50, 3)):
        kl = np.sum(p * np.log(p / q(theta)))
        likelihood = np.sum(p * np.log(q(theta)))
        assert kl == pytest.approx(np.sum(p * np.log(p)) - likelihood)


def test_a_threshold_below_the_floor_is_never_reached(linear):
    assert linear.minimum > 1
    run = minimize(linear, linear.start, "heavy_ball", 1500, learning_rate=0.05)
    assert run.losses[-1] / linear.minimum < 1.01
    assert run.losses.min() >= linear.minimum > 1


def test_the_second_program_cannot_take_mnist():
    x = keras.Input((28, 1, 1))
    model = keras.Model(x, layers.Dense(28)(layers.Dense(32)(x)))
    model.compile("adadelta", "binary_crossentropy")
    images = np.zeros((4, 28, 28, 1), "float32")
    with pytest.raises(ValueError, match="shape"):
        model.fit(images, images, verbose=0)


def test_a_dense_layer_on_a_channel_axis_never_mixes_pixels():
    layer = layers.Dense(8, activation="relu")
    image = np.random.default_rng(0).random((1, 28, 28, 1)).astype("float32")
    before = keras.ops.convert_to_numpy(layer(image))
    image[0, 3, 5] += 0.5
    changed = (keras.ops.convert_to_numpy(layer(image)) != before).any(axis=-1)[0]
    assert layer.count_params() == 16
    assert np.argwhere(changed).tolist() == [[3, 5]]


def test_adadelta_by_name_is_a_thousand_times_slower_than_published():
    assert float(keras.optimizers.get("adadelta").learning_rate) == pytest.approx(1e-3)
    g, w = np.ones(3), np.zeros(3)
    state = optim.adadelta.init(w)
    by_name, _ = optim.adadelta.update(g, state, w)
    published, _ = optim.adadelta.update(g, state, w, learning_rate=1.0)
    np.testing.assert_allclose(published, 1000 * by_name)


def test_predict_returns_reconstructions_and_not_codes(digits):
    model = Autoencoder(*dense(784, latent_dim=32))
    assert model.predict(digits[:5], verbose=0).shape == (5, 784)
    assert model.encode(digits[:5]).shape == (5, 32)


def test_no_page_links_to_the_folder_that_is_not_there():
    chapters = Path(__file__).parent.parent / "chapters"
    pages = [*chapters.rglob("*.md"), *chapters.rglob("*.ipynb")]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    assert any("advanced_routines" in text for text in texts)  # named, and not linked
    assert not any(re.search(r"https?://\S*advanced_routines", text) for text in texts)


# often said elsewhere


def test_a_linear_autoencoder_finds_the_subspace_and_not_the_axes(linear, small_digits):
    end = optim.lbfgs(linear, linear.start, 400).points[-1]
    _, decoder = problems.encoder_and_decoder(end, 8)
    components = PCA(8).fit(small_digits).components_
    assert np.rad2deg(subspace_angles(decoder.T, components.T)).max() < 1
    rows = decoder / np.linalg.norm(decoder, axis=1, keepdims=True)
    assert np.abs(rows @ components.T).max() < 0.95


def test_a_small_gradient_is_found_on_a_saddle_first(linear, small_digits):
    saddle = saddle_of(linear, small_digits)
    nudge = 1e-4 * np.random.default_rng(0).normal(size=saddle.size)
    run = minimize(linear, saddle + nudge, "sgd", 800, learning_rate=0.05)
    calm = int(np.argmax(run.gradient_norms < 1e-3))
    assert run.gradient_norms[calm] < 1e-3
    assert run.losses[calm] - linear.minimum > 0.3
    assert run.losses[-1] - linear.minimum < 0.1


def test_above_the_edge_the_loss_falls_before_it_rises():
    bowl = problems.quadratic(condition_number=100)
    start = np.array([1.0, 1e-6])  # nothing to be seen along the steep axis yet
    run = minimize(bowl, start, "sgd", 60, learning_rate=1.5 * 2 / 100)
    assert (np.diff(run.losses[:10]) < 0).all()
    assert run.losses[-1] > 1e6 * run.losses[0]


def test_a_mean_beside_a_kl_term_is_worth_no_code_at_all():
    """The best linear variational autoencoder of one direction, found by BFGS."""

    def best_kl(variance, scale):
        def parts(w):
            decoder, encoder, log_variance = w
            noise = np.exp(log_variance)
            error = variance * (1 - decoder * encoder) ** 2 + decoder**2 * noise
            kl = (encoder**2 * variance + noise - 1 - log_variance) / 2
            return scale * error, kl

        return parts(minimum(lambda w: sum(parts(w)), [0.5, 0.5, -1.0]).x)[1]

    train = data.flatten(data.load_mnist(validation=5000, seed=0).x_train)
    spread = PCA(32, svd_solver="covariance_eigh").fit(train).explained_variance_
    for variance in spread[::6]:
        expected = max(0, np.log(variance / 0.5) / 2)  # noise of variance 1/2
        assert best_kl(variance, 1) == pytest.approx(expected, abs=1e-3)
        assert best_kl(variance, 1 / 784) == pytest.approx(0, abs=1e-3)
    assert spread[0] > 0.5 > spread[31]  # both sides were tried


def test_the_two_forms_of_adam_differ_by_a_root():
    rng, w, epsilon = np.random.default_rng(0), np.zeros(5), 1e-3
    state, m, v = optim.adam.init(w), np.zeros(5), np.zeros(5)
    for t in range(1, 30):
        g = 1e-3 * rng.normal(size=5)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
        first_form = -0.001 * m_hat / (np.sqrt(v_hat) + epsilon)
        root = np.sqrt(1 - 0.999**t) * epsilon
        step, next_state = optim.adam.update(g, state, w, epsilon=root)
        np.testing.assert_allclose(step, first_form, rtol=1e-9)
        wrong, _ = optim.adam.update(g, state, w, epsilon=(1 - 0.999**t) * epsilon)
        assert np.abs(wrong / first_form - 1).max() > 0.05
        state = next_state
