"""One test for each correction that the appendix lists and no other test shows."""

import importlib.util
import os
from pathlib import Path
import re
import subprocess
import sys
import warnings

from aebook import data, losses, models, optim, problems, results
from aebook.models import Autoencoder, dense
from aebook.optim import minimize
from formulas.pages import displayed, pages
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


def first_program(code_activation="relu"):
    """The first article's program, up to `fit`: input, code and model."""
    inputs = keras.Input(shape=(784,))
    h = layers.Dense(128, activation="relu")(inputs)
    z = layers.Dense(32, activation=code_activation)(h)
    h = layers.Dense(128, activation="relu")(z)
    x_hat = layers.Dense(784, activation="sigmoid")(h)
    model = keras.Model(inputs=inputs, outputs=x_hat)
    optimizer = keras.optimizers.Adam(learning_rate=0.001)
    model.compile(optimizer=optimizer, loss=keras.losses.MeanSquaredError())
    return inputs, z, model


def second_program(shape=(28, 1, 1)):
    """The second article's: input, code and model."""
    inputs = keras.Input(shape=shape)
    h = layers.Dense(128, activation="relu")(inputs)
    z = layers.Dense(32, activation="relu")(h)
    h = layers.Dense(128, activation="relu")(z)
    model = keras.Model(inputs, layers.Dense(28, activation="sigmoid")(h))
    model.compile(optimizer="adadelta", loss="binary_crossentropy")
    return inputs, z, model


def evaluated(formula, values):
    """The value of a formula as a page prints it: fractions, products, sums."""
    part = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
    code = re.sub(r"\\frac" + part + part, r"((\1) / (\2))", formula)
    for tex, python in (
        (r"\hat x", "x_hat"),
        ("_{ij}", ""),
        (r"n\,d", "(n * d)"),
        (r"\cdot", "*"),
    ):
        code = code.replace(tex, python)
    code = re.sub(r"(?<=[\w)]) +(?=[\w(])", " * ", code.strip(" ,.\n"))
    return eval(code, {}, values)


# the first article


@pytest.mark.slow
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

    valley = problems.quadratic(condition_number=1000)

    def best(momentum):
        rates = np.linspace(0.3, 0.99, 12) * 2 * (1 + momentum) / 1000  # all stable
        hyper = {"momentum": momentum, "may_diverge": True}
        runs = [
            minimize(valley, valley.start, "heavy_ball", 200, learning_rate=r, **hyper)
            for r in rates
        ]
        return min(run.losses[-1] for run in runs)

    assert best(0.9) < 1e-3 * best(0.0)  # what it does do: long valleys


@pytest.mark.slow
def test_two_readings_of_n_differ_by_the_number_of_pixels(digits):
    """One step of the first program, by Keras' loss and by the formula as it stands."""

    def sum_over_pixels(x, x_hat):
        return ops.sum(ops.square(x - x_hat), axis=-1)  # Keras takes the mean over n

    def step(loss, rate):
        keras.utils.set_random_seed(0)
        _, _, model = first_program()
        before = model.get_weights()
        model.compile(keras.optimizers.SGD(rate), loss)
        value = model.train_on_batch(digits[:100], digits[:100])
        after = model.get_weights()
        return value, [b - a for a, b in zip(before, after, strict=True)]

    mean, short = step(keras.losses.MeanSquaredError(), 1.0)
    total, as_short = step(sum_over_pixels, 1.0 / 784)
    _, long = step(sum_over_pixels, 1.0)
    assert total / mean == pytest.approx(784, rel=1e-5)
    for a, b, c in zip(short, as_short, long, strict=True):
        size = np.abs(a).max()
        assert size > 0
        np.testing.assert_allclose(b, a, atol=1e-3 * size)
        np.testing.assert_allclose(c, 784 * a, atol=1e-3 * 784 * size)


@pytest.mark.parametrize(
    ("chapter", "label", "answers"),
    [
        ("mse_and_gradient_descent", "eq-mse-gradient", 2),
        ("losses", "eq-losses-bce-gradient", 1),
    ],
)
def test_the_printed_slope_is_the_slope_of_the_loss(chapter, label, answers):
    """Every right-hand side without a ∂ is evaluated as it is printed."""
    n, d = 3, 4
    x, x_hat = np.random.default_rng(0).uniform(0.1, 0.9, size=(2, n, d))
    if label == "eq-mse-gradient":
        keras_loss = keras.losses.MeanSquaredError()

        def loss(x_hat):
            return np.mean((x - x_hat) ** 2)

    else:
        keras_loss = keras.losses.BinaryCrossentropy(reduction="sum")

        def loss(x_hat):  # Keras takes the mean over the last axis
            return -np.sum(x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat)) / d

    as_float32 = [a.astype("float32") for a in (x, x_hat)]
    assert float(keras_loss(*as_float32)) == pytest.approx(loss(x_hat), rel=1e-5)
    slopes, width = np.empty((n, d)), 1e-6
    for index in np.ndindex(n, d):
        step = np.zeros((n, d))
        step[index] = width
        slopes[index] = (loss(x_hat + step) - loss(x_hat - step)) / (2 * width)
    if label == "eq-losses-bce-gradient":
        slopes = slopes * d  # the page has one pixel
    (text,) = (text for found, text in displayed(pages()[chapter]) if found == label)
    sides = [side for side in text.split("=") if r"\partial" not in side]
    assert len(sides) == answers
    values = {"x": x, "x_hat": x_hat, "n": n, "d": d}
    for side in sides:
        np.testing.assert_allclose(evaluated(side, values), slopes, rtol=1e-6)


@pytest.mark.slow
def test_adam_without_momentum_is_rmsprop_corrected():
    rng, w = np.random.default_rng(0), np.zeros(5)
    adam, rmsprop = optim.adam.init(w), optim.rmsprop.init(w)
    for t in range(1, 50):
        g = rng.normal(size=5)
        a, adam = optim.adam.update(g, adam, w, beta_1=0.0, beta_2=0.9, epsilon=1e-15)
        r, rmsprop = optim.rmsprop.update(g, rmsprop, w, rho=0.9, epsilon=1e-15)
        np.testing.assert_allclose(a, np.sqrt(1 - 0.9**t) * r, rtol=1e-9)

    def left(course):
        """How far from the minimum of a bowl Adam ends, of slopes with noise."""
        rng, w = np.random.default_rng(0), np.ones(200)
        state = optim.adam.init(w)
        for t in range(1000):
            g = w + rng.normal(size=w.size)
            step, state = optim.adam.update(g, state, w, learning_rate=course(t))
            w = w + step
        return np.mean(w**2)

    rates = [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    ends = [left(lambda t, rate=rate: rate) for rate in rates]
    assert ends[2] == min(ends)
    assert min(ends[0], ends[-1]) > 20 * ends[2]  # so it had to be chosen
    falling = left(lambda t: 0.01 * (1 + np.cos(np.pi * t / 1000)) / 2)
    assert falling < 0.5 * ends[2]


@pytest.mark.slow
def test_on_small_data_adam_and_lbfgs_go_further_than_descent(small_digits):
    leads = []
    for seed in range(4):
        sizes = {"latent_dim": 8, "hidden": (16,), "seed": seed}
        small = problems.dense_autoencoder(small_digits[:100], **sizes)
        curvature = optim.lbfgs(small, small.start, 200)
        gradients = curvature.evaluations  # as many for the others

        def best(rule, rates, start=(small, small.start), gradients=gradients):
            ends = []
            for rate in rates:
                hyper = {"learning_rate": rate, "may_diverge": True}
                ends.append(minimize(*start, rule, gradients, **hyper).losses[-1])
            assert 0 < np.argmin(ends) < len(rates) - 1  # none beyond would do better
            return min(ends)

        descent = best("sgd", [3, 10, 30, 100])
        adam = best("adam", [0.003, 0.01, 0.03, 0.05, 0.1])
        assert adam < 0.85 * descent
        assert curvature.losses[-1] < descent
        leads.append(curvature.losses[-1] < adam)
    assert any(leads)
    assert not all(leads)


@pytest.mark.slow
def test_the_first_program_needs_flat_images_between_0_and_1(digits):
    """In plain Keras, on what `keras.datasets.mnist.load_data` returns."""
    raw = np.rint(digits * 255).astype("uint8").reshape(-1, 28, 28)
    _, _, model = first_program()
    with pytest.raises(ValueError, match="784"):
        model.fit(raw, raw, epochs=10, verbose=0)
    with pytest.raises(ValueError, match="784"):  # and not for the sake of the target
        model.predict(raw, verbose=0)

    flat = raw.reshape(-1, 784)
    levels = flat.astype(float)
    floor = np.mean((levels - np.minimum(levels, 1)) ** 2)  # a sigmoid ends at 1
    _, _, model = first_program()
    losses_of = model.fit(flat, flat, batch_size=20, epochs=3, verbose=0).history
    assert min(losses_of["loss"]) > floor > 1.5 * levels.var(axis=0).mean()

    _, _, model = first_program()
    losses_of = model.fit(digits, digits, batch_size=20, epochs=3, verbose=0).history
    assert losses_of["loss"][-1] < 0.9 * digits.var(axis=0).mean()


@pytest.mark.slow
def test_part_of_a_relu_code_dies(digits):
    silent, x = {}, digits[:1000]
    for activation in ("relu", "linear"):
        keras.utils.set_random_seed(0)
        inputs, z, model = first_program(activation)
        model.fit(x, x, epochs=10, batch_size=50, verbose=0)
        encoder = keras.Model(inputs, z)
        code = encoder.predict(x, verbose=0)
        silent[activation] = (code == 0).all(axis=0)
        before, _ = encoder.layers[-1].get_weights()
        model.compile(keras.optimizers.SGD(1.0), "mse")
        model.train_on_batch(x, x)
        after, _ = encoder.layers[-1].get_weights()
        moved = (after != before).any(axis=0)
        np.testing.assert_array_equal(moved, ~silent[activation])  # none comes back
    assert 1 <= silent["relu"].sum() < 32
    assert not silent["linear"].any()


@pytest.mark.slow
def test_keras_no_longer_runs_on_theano(tmp_path):
    """Also where a Theano is installed; of the three it lacks the library at most."""
    (tmp_path / "theano.py").touch()

    def chosen(backend):
        return subprocess.run(
            [sys.executable, "-c", "import keras; print(keras.backend.backend())"],
            env=os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    refused = chosen("theano")
    assert refused.returncode != 0
    assert "Unable to import backend : theano" in refused.stderr
    for backend in {"tensorflow", "jax", "torch"} - {keras.backend.backend()}:
        run = chosen(backend)
        if importlib.util.find_spec(backend):
            assert run.stdout.split()[-1:] == [backend], run.stderr
        else:
            assert f"No module named '{backend}'" in run.stderr


@pytest.mark.slow
def test_members_of_the_family_do_not_differ_in_structure(digits):
    encoder, decoder = dense(784, 16, code_activation="sigmoid")
    x = digits[:64]
    code = ops.convert_to_numpy(encoder(x))
    redrawn = ops.convert_to_numpy(decoder(code))
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
        assert member.encoder is encoder and member.decoder is decoder
        np.testing.assert_allclose(member.reconstruct(x), redrawn, atol=1e-6)
    assert len(losses_of) == 4  # of the clean input the denoiser's is the plain one

    # between encoder and decoder: of the sixteen numbers the largest four pass
    member = models.KSparseAutoencoder(encoder, decoder, k=4)
    passed = np.where(code >= np.sort(code)[:, [-4]], code, 0)
    expected = ops.convert_to_numpy(decoder(passed))
    np.testing.assert_allclose(member.reconstruct(x), expected, atol=1e-6)

    # variational: each number of the code has a mean and a variance, all else is there
    plain, decoder = dense(784, 16)
    gaussian, same_decoder = dense(784, 16, gaussian=True)
    assert [w.shape for w in decoder.weights] == [w.shape for w in same_decoder.weights]
    kernel, bias = plain.layers[-1].get_weights()
    *shapes, of_kernel, of_bias = [w.shape for w in gaussian.weights]
    assert shapes == [w.shape for w in plain.weights[:-2]]
    assert (of_kernel, of_bias) == ((kernel.shape[0], 32), (32,))
    variances = np.zeros_like(kernel), np.full_like(bias, -30)  # logarithms
    gaussian.set_weights(
        plain.get_weights()[:-2]
        + [np.concatenate(p, -1) for p in zip((kernel, bias), variances, strict=True)]
    )
    cousin = Autoencoder(plain, decoder)
    member = models.VariationalAutoencoder(gaussian, decoder)
    np.testing.assert_allclose(member.reconstruct(x), cousin.reconstruct(x), atol=1e-6)
    found = {}
    for model in (cousin, member):
        model.compile("adam", losses.squared_error_per_image)
        found[model] = model.evaluate(x, verbose=0, return_dict=True)
    assert found[member]["loss"] - found[member]["kl"] == pytest.approx(
        found[cousin]["loss"], rel=1e-4
    )
    assert found[member]["kl"] > found[cousin]["loss"] / 100  # the term is there


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
def test_a_narrow_code_overfits_few_digits():
    """And ten times the digits do more than early stopping, L1, L2 or noise."""
    mnist = data.load_mnist(validation=5000, seed=0)
    train, unseen = data.flatten(mnist.x_train[:5000]), data.flatten(mnist.x_val[:500])
    few = train[:500]

    def course(x, epochs, penalty=None, noise=None):
        """The error on unseen digits after each fifth of the run, and on `few`."""
        keras.utils.set_random_seed(0)
        pair = dense(784, latent_dim=8, hidden=(256,))
        for part in pair:
            for layer in part.layers:
                layer.kernel_regularizer = layer.kernel.regularizer = penalty
        model = models.DenoisingAutoencoder(*pair, noise) if noise else None
        model = model or Autoencoder(*pair)
        model.compile(keras.optimizers.Adam(1e-3), losses.squared_error_per_image)
        errors = []
        for _ in range(5):
            model.fit(x, batch_size=50, epochs=epochs // 5, verbose=0)
            errors.append(np.sum((unseen - model.reconstruct(unseen)) ** 2, 1).mean())
        return errors, np.sum((few - model.reconstruct(few)) ** 2, 1).mean()

    nothing, known = course(few, 90)
    assert nothing[-1] > 1.02 * min(nothing)  # it turned, with 8 numbers
    assert nothing[-1] > 2 * known
    cures = [
        course(few, 50, penalty=keras.regularizers.L1(3e-3)),
        course(few, 50, penalty=keras.regularizers.L2(3e-2)),
        course(few, 50, noise=keras.layers.GaussianNoise(0.3)),
    ]
    more, _ = course(train, 5)  # as many steps
    assert more[-1] < 0.9 * min(*nothing, *(min(errors) for errors, _ in cures))


def test_the_printed_divergence_is_maximum_likelihood():
    """By numbers: the mean of the divergence over x, as printed, in two families."""
    rng = np.random.default_rng(0)
    images = np.indices((2, 2, 2)).reshape(3, -1).T
    p = rng.dirichlet(np.ones(8))
    drawn = rng.choice(8, size=200_000, p=p)

    def q(theta):
        return np.prod(np.where(images == 1, theta, 1 - theta), axis=1)

    thetas = rng.uniform(0.05, 0.95, size=(50, 3))
    divergences, likelihoods = [], []
    for theta in thetas:
        kl = np.sum(p * np.log(p / q(theta)))
        likelihood = np.mean(np.log(q(theta))[drawn])  # of images, with no code
        assert np.mean(np.full(len(drawn), kl)) == pytest.approx(kl)
        assert kl == pytest.approx(np.sum(p * np.log(p)) - likelihood, abs=0.02)
        divergences.append(kl)
        likelihoods.append(likelihood)
    assert np.argmin(divergences) == np.argmax(likelihoods)
    # its best theta is the mean image of the data, whatever an autoencoder redraws
    best = minimum(
        lambda t: np.sum(p * np.log(p / q(1 / (1 + np.exp(-t))))), np.zeros(3)
    )
    np.testing.assert_allclose(1 / (1 + np.exp(-best.x)), p @ images, atol=1e-4)


@pytest.mark.slow
def test_a_threshold_below_the_floor_is_never_reached(linear, small_digits):
    pca = PCA(8).fit(small_digits)
    lost = small_digits - pca.inverse_transform(pca.transform(small_digits))
    floor = np.sum(lost**2, axis=1).mean()
    assert floor > 1  # the threshold
    run = minimize(linear, linear.start, "heavy_ball", 1500, learning_rate=0.05)
    assert floor * (1 - 1e-9) < run.losses.min() < 1.01 * floor
    furthest = optim.lbfgs(linear, linear.start, 400).losses[-1]
    assert furthest == pytest.approx(floor, rel=1e-4)
    assert furthest > floor * (1 - 1e-9)


@pytest.mark.slow
def test_the_second_program_cannot_take_mnist(digits):
    images = np.expand_dims(digits[:256].reshape(-1, 28, 28), -1)
    for x in (images, images[..., 0]):  # as it has them, and as Keras loads them
        _, _, model = second_program()
        with pytest.raises(ValueError, match="28, 1, 1"):
            model.fit(x, x, batch_size=256, verbose=0)
    _, _, model = second_program(shape=(28, 28))  # so it was the shape of the input
    model.fit(images[..., 0], images[..., 0], batch_size=256, verbose=0)


def test_a_dense_layer_on_a_channel_axis_never_mixes_pixels():
    layer = layers.Dense(8, activation="relu")
    image = np.random.default_rng(0).random((1, 28, 28, 1)).astype("float32")
    before = keras.ops.convert_to_numpy(layer(image))
    image[0, 3, 5] += 0.5
    changed = (keras.ops.convert_to_numpy(layer(image)) != before).any(axis=-1)[0]
    assert layer.count_params() == 16
    assert np.argwhere(changed).tolist() == [[3, 5]]


@pytest.mark.slow
def test_adadelta_by_name_is_a_thousand_times_slower_than_published(digits):
    """It alone: by name, Adam and RMSprop have the rate of their authors."""

    def steps(optimizer):
        optimizer = keras.optimizers.get(optimizer)
        w = keras.Variable(np.zeros(50, "float32"))
        places = [np.zeros(50)]
        for g in np.random.default_rng(0).normal(size=(5, 50)).astype("float32"):
            optimizer.apply([ops.convert_to_tensor(g)], [w])
            places.append(np.array(ops.convert_to_numpy(w.value)))
        return np.diff(places, axis=0)

    published = {
        "adadelta": keras.optimizers.Adadelta(1.0),
        "adam": keras.optimizers.Adam(0.001),
        "rmsprop": keras.optimizers.RMSprop(0.001),
    }
    ratios = {name: steps(of) / steps(name) for name, of in published.items()}
    np.testing.assert_allclose(ratios["adadelta"], 1000, rtol=2e-3)  # in float32
    np.testing.assert_allclose(ratios["adam"], 1, rtol=1e-5)
    np.testing.assert_allclose(ratios["rmsprop"], 1, rtol=1e-5)

    def last_loss(optimizer):
        keras.utils.set_random_seed(0)
        _, _, model = first_program()
        model.compile(optimizer, "binary_crossentropy")
        run = model.fit(digits[:500], digits[:500], batch_size=25, epochs=5, verbose=0)
        return run.history["loss"][-1]

    assert last_loss("adadelta") == pytest.approx(np.log(2), rel=0.01)  # one half is
    assert last_loss(keras.optimizers.Adadelta(1.0)) < 0.3
    assert last_loss("rmsprop") < 0.3


@pytest.mark.slow
def test_predict_returns_reconstructions_and_not_codes(digits):
    images = digits[:200].reshape(-1, 28, 28)
    inputs, z, autoencoder = second_program(shape=(28, 28))  # the mended one
    autoencoder.compile("adam", "binary_crossentropy")
    autoencoder.fit(images, images, epochs=20, verbose=0)
    encoded_imgs = autoencoder.predict(images, verbose=0)
    assert np.mean((encoded_imgs - images) ** 2) < 0.5 * images.var(axis=0).mean()
    codes = keras.Model(inputs, z).predict(images, verbose=0)
    assert codes.shape == (200, 28, 32) != encoded_imgs.shape

    inputs, z, autoencoder = first_program()
    assert autoencoder.predict(digits[:5], verbose=0).shape == (5, 784)
    assert keras.Model(inputs, z).predict(digits[:5], verbose=0).shape == (5, 32)

    model = Autoencoder(*dense(784, latent_dim=32))
    redrawn = model.predict(digits[:5], verbose=0)
    np.testing.assert_allclose(
        redrawn, model.decode(model.encode(digits[:5])), atol=1e-6
    )


@pytest.mark.slow
def test_no_drawing_of_mnist_pays_less_than_the_floor():
    """Each of the 256 levels of grey against all of them drawn, by Keras' own loss."""
    levels = np.arange(256, dtype="float32") / 255
    x, x_hat = (a.reshape(-1, 1) for a in np.meshgrid(levels, levels, indexing="ij"))
    loss = keras.losses.BinaryCrossentropy(reduction=None)
    paid = ops.convert_to_numpy(loss(x, x_hat)).reshape(256, 256)
    np.testing.assert_array_equal(paid.argmin(axis=1), np.arange(256))  # x itself

    test = np.rint(data.load_mnist().x_test * 255).astype(int)
    share = np.bincount(test.ravel(), minlength=256) / test.size
    assert share @ paid.min(axis=1) == pytest.approx(0.0581, abs=5e-5)  # nats per pixel
    assert share @ np.diag(paid) == pytest.approx(0.0581, abs=5e-5)


@pytest.mark.slow
def test_a_choice_by_the_test_images_flatters_itself(small_digits):
    """The best of fifty by 40 images, on these 40, and on images that chose nothing."""
    rng = np.random.default_rng(0)
    known, others = small_digits, load_digits().data[300:] / 16
    errors = []
    for _ in range(50):  # all of one kind: PCA of other digits each time
        pca = PCA(8).fit(known[rng.integers(len(known), size=100)])
        redrawn = pca.inverse_transform(pca.transform(others))
        errors.append(np.sum((others - redrawn) ** 2, axis=1))
    errors = np.array(errors)  # (model, image)

    flattery = {"test": [], "validation": [], "nothing": []}
    for _ in range(400):
        order = rng.permutation(errors.shape[1])
        test, validation, fresh = np.split(order, [40, 80])
        chosen = {
            "test": errors[:, test].mean(axis=1).argmin(),
            "validation": errors[:, validation].mean(axis=1).argmin(),
            "nothing": 0,
        }
        for how, which in chosen.items():
            gap = errors[which, fresh].mean() - errors[which, test].mean()
            flattery[how].append(gap)
    mean = {how: np.mean(gaps) for how, gaps in flattery.items()}
    doubt = {how: np.std(gaps) / np.sqrt(400) for how, gaps in flattery.items()}
    assert mean["test"] > 5 * doubt["test"]
    for honest in ("validation", "nothing"):
        assert abs(mean[honest]) < 3 * doubt[honest]


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
    above = run.losses - linear.minimum
    there = int(np.argmax(above < 0.1))  # near the bottom, at last
    assert there > 0
    calm = int(np.argmin(run.gradient_norms[:there]))
    assert run.gradient_norms[calm] < 1e-3
    assert above[calm] > 0.3
    assert (np.delete(run.gradient_norms[: there + 1], calm) > 1e-3).sum() > 100
    steep = run.gradient_norms[calm:there].max()
    assert steep > 100 * run.gradient_norms[calm]


@pytest.mark.slow
def test_above_the_edge_the_loss_falls_before_it_rises(small_digits):
    bowl = problems.quadratic(condition_number=100)
    start = np.array([1.0, 1e-6])  # nothing to be seen along the steep axis yet
    run = minimize(bowl, start, "sgd", 60, learning_rate=1.5 * 2 / 100)
    assert (np.diff(run.losses[:10]) < 0).all()
    assert run.losses[-1] > 1e6 * run.losses[0]  # and never comes back

    def sharpness(w):
        u = np.random.default_rng(0).normal(size=w.size)
        for _ in range(20):
            u /= np.linalg.norm(u)
            u = (net.gradient(w + 1e-4 * u) - net.gradient(w - 1e-4 * u)) / 2e-4
        return np.linalg.norm(u)

    net = problems.dense_autoencoder(small_digits[:100], latent_dim=8, hidden=(16,))
    trained = minimize(net, net.start, "sgd", 600, learning_rate=5).points[-1]
    edge = 2 / sharpness(trained)

    def descend(share):
        return minimize(net, trained, "sgd", 1000, learning_rate=share * edge)

    below = descend(0.9).losses
    assert (np.diff(below[:100]) < 0).all()
    for share in (2, 3, 4):
        run = descend(share)
        assert (np.diff(run.losses[:5]) < 0).all()  # it looks well
        assert run.losses[:30].max() > 1.2 * run.losses[0]  # jumps
        assert run.losses[-1] < 0.9 * below[-1]  # and comes back, to a lower place
        assert sharpness(run.points[-1]) < 0.7 * 2 / edge  # that is less steep


@pytest.mark.slow
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


def test_libraries_part_in_some_twenty_places():
    """By the stored walks, which `test_optim_parity.py` takes again."""
    stored = results.load("parity")
    agreeing = [d for row in stored["parity"].values() for d in row.values() if d]
    places = [max(row["apart"].values()) for row in stored["disagreements"].values()]
    assert 18 <= len(places) <= 24
    assert min(places) > 5e-4 > 10 * np.median(agreeing)


@pytest.mark.skipif(
    not hasattr(keras.optimizers, "Muon"), reason="this Keras has no Muon"
)
def test_muon_of_keras_gives_convolution_kernels_to_adamw_without_a_word():
    rate, rng = 0.05, np.random.default_rng(0)
    shapes = {"kernel": (3, 3, 2, 4), "matrix": (18, 4), "bias": (4,)}
    start = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    slopes = [{name: rng.normal(size=w.shape) for name, w in start.items()}] * 3

    def ends(optimizer):
        variables = {
            name: keras.Variable(w.astype("float32"), name=name)
            for name, w in start.items()
        }
        for slope in slopes:
            gradients = [
                ops.convert_to_tensor(g.astype("float32")) for g in slope.values()
            ]
            optimizer.apply(gradients, [*variables.values()])
        return {name: ops.convert_to_numpy(w.value) for name, w in variables.items()}

    none = {"weight_decay": 0.0}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # without a word
        muon = ends(keras.optimizers.Muon(rate, adam_weight_decay=0.0, **none))
    adamw = ends(keras.optimizers.AdamW(rate, **none))
    for name in ("kernel", "bias"):
        np.testing.assert_allclose(muon[name], adamw[name], atol=1e-6)
    assert np.abs(muon["matrix"] - adamw["matrix"]).max() > 0.01  # it is another rule


@pytest.mark.slow
def test_with_a_kink_two_runs_part_in_jumps(small_digits):
    """From starts a rounding apart; a jump is where a unit is on in one run only."""

    def on(w):
        """Of each hidden unit and digit, whether a ReLU is on."""
        parts = np.split(w, np.cumsum([64 * 32, 32, 32 * 8, 8, 8 * 32, 32]))
        h = np.maximum(x @ parts[0].reshape(64, 32) + parts[1], 0)
        z = h @ parts[2].reshape(32, 8) + parts[3]
        return np.hstack([h > 0, z @ parts[4].reshape(8, 32) + parts[5] > 0])

    x, growth = small_digits[:100], {}
    for activation in ("tanh", "relu"):
        sizes = {"latent_dim": 8, "hidden": (32,), "activation": activation}
        net = problems.dense_autoencoder(x, **sizes)

        def walk(start, net=net):
            return minimize(net, start, "sgd", 300, learning_rate=2.0).points

        one, growth[activation], at_jumps = walk(net.start), [], []
        for rng in map(np.random.default_rng, range(4)):
            other = walk(net.start * (1 + 1e-7 * rng.normal(size=net.start.size)))
            apart = np.linalg.norm(one - other, axis=1)
            growth[activation].append(apart[1:] / apart[:-1])
            for step in np.flatnonzero(growth[activation][-1] > 2):
                at_jumps.append((on(one[step]) != on(other[step])).any())
    assert np.max(growth["tanh"]) < 1.1
    assert len(at_jumps) > 0  # of the ReLU
    assert all(at_jumps)
