"""Each member of the family does what it is named for, on real digits."""

from __future__ import annotations

import warnings

from aebook import losses
from aebook.autodiff import vjp
from aebook.corruption import MaskingNoise, SaltAndPepper
from aebook.models import (
    AdversarialAutoencoder,
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    FiniteScalarAutoencoder,
    ImportanceWeightedAutoencoder,
    KLSparseAutoencoder,
    KSparseAutoencoder,
    L1SparseAutoencoder,
    MaskedAutoencoder,
    PosteriorCollapseWarning,
    TiedAutoencoder,
    VariationalAutoencoder,
    VectorQuantizedAutoencoder,
    convolutional,
    dense,
    recurrent,
)
from family_rows import member, pair, squared_error, trained
import keras
from keras import ops
import numpy as np
import pytest
from scipy.linalg import subspace_angles
from scipy.stats import norm
from sklearn.decomposition import PCA

# --- plain and linear


@pytest.mark.slow
def test_a_linear_autoencoder_reaches_the_error_of_pca(digits):
    keras.utils.set_random_seed(0)
    linear = dense(784, 4, hidden=(), output_activation="linear")
    model = trained(Autoencoder(*linear), digits, epochs=40, rate=3e-3)
    pca = PCA(4).fit(digits)
    best = squared_error(digits, pca.inverse_transform(pca.transform(digits)))
    error = squared_error(digits, model.reconstruct(digits))
    assert best * (1 - 1e-5) < error < 1.01 * best  # nothing linear is below


# --- sparse


@pytest.mark.slow
def test_l1_makes_codes_smaller_as_its_weight_grows(digits):
    sizes = []
    for weight in (0.0, 1e-4, 1e-3):
        keras.utils.set_random_seed(0)
        model = L1SparseAutoencoder(*pair(64, code_activation="relu"), weight=weight)
        codes = trained(model, digits).encode(digits)
        sizes.append(np.abs(codes).sum(axis=1).mean())
    assert sizes[0] > 2 * sizes[1] > 4 * sizes[2]


@pytest.mark.slow
def test_l1_without_weight_is_the_plain_autoencoder(digits):
    outputs = []
    for cls in (lambda *p: L1SparseAutoencoder(*p, weight=0.0), Autoencoder):
        keras.utils.set_random_seed(0)
        outputs.append(trained(cls(*pair()), digits[:500]).reconstruct(digits[:9]))
    np.testing.assert_allclose(*outputs, atol=1e-5)


@pytest.mark.slow
def test_the_kl_penalty_brings_each_unit_to_its_rate(digits):
    keras.utils.set_random_seed(0)
    architecture = pair(32, code_activation="sigmoid")
    model = KLSparseAutoencoder(*architecture, rho=0.1, weight=0.1)
    rates = trained(model, digits, epochs=20).encode(digits).mean(axis=0)
    np.testing.assert_allclose(rates, 0.1, atol=0.03)


def test_the_kl_penalty_needs_a_code_that_has_a_rate():
    with pytest.raises(ValueError, match=r"in \(0, 1\) to have a rate, .* 'relu'"):
        KLSparseAutoencoder(*pair(code_activation="relu"))
    with pytest.raises(ValueError, match=r"rho must be in \(0, 1\), got 2"):
        KLSparseAutoencoder(*pair(code_activation="sigmoid"), rho=2)


@pytest.mark.slow
def test_k_numbers_of_a_code_pass_and_they_are_the_largest(digits):
    model = KSparseAutoencoder(*pair(), k=3)
    h = model.encoder.predict(digits[:100], verbose=0)
    z = model.encode(digits[:100])
    assert (np.count_nonzero(z, axis=1) == 3).all()
    largest = np.sort(h)[:, -3:]
    np.testing.assert_allclose(np.sort(z[z != 0].reshape(100, 3)), largest, atol=1e-6)


@pytest.mark.slow
def test_k_sparse_with_all_numbers_is_the_plain_autoencoder(digits):
    outputs = []
    for cls in (lambda *p: KSparseAutoencoder(*p, k=16), Autoencoder):
        keras.utils.set_random_seed(0)
        outputs.append(trained(cls(*pair()), digits[:500]).reconstruct(digits[:9]))
    np.testing.assert_allclose(*outputs, atol=1e-5)


@pytest.mark.parametrize("k", [0, 17])
def test_k_fits_the_code(k):
    with pytest.raises(ValueError, match="k must be at"):
        KSparseAutoencoder(*pair(), k=k)


# --- denoising


@pytest.mark.slow
def test_a_denoiser_is_closer_to_the_clean_digit_than_its_input(digits):
    keras.utils.set_random_seed(0)
    model = DenoisingAutoencoder(*dense(784, 64), SaltAndPepper(0.3))
    train, test = digits[:1500], digits[1500:]
    trained(model, train, epochs=20)
    noisy = ops.convert_to_numpy(model.corruption(test, training=True))
    before, after = (
        squared_error(test, noisy),
        squared_error(test, model.reconstruct(noisy)),
    )
    decibels = 10 * np.log10(before / after)  # the gain in PSNR
    assert decibels > 4


@pytest.mark.slow
def test_corruption_is_for_training_only(digits):
    model = member("denoising")
    model.evaluate(digits[:50], verbose=0)
    a, b = (model.evaluate(digits[:50], verbose=0)[0] for _ in range(2))
    assert a == b


def test_masking_noise_loses_its_share_and_leaves_the_rest_as_it_is():
    x = np.full((100, 100), 0.5, np.float32)
    noisy = ops.convert_to_numpy(MaskingNoise(0.3, seed=0)(x, training=True))
    assert set(np.unique(noisy)) == {0.0, 0.5}
    # 10,000 coins: four standard deviations are 0.018
    assert np.mean(noisy == 0) == pytest.approx(0.3, abs=0.018)


def test_salt_and_pepper_are_equally_many():
    x = np.full((100, 100), 0.5, np.float32)
    noisy = ops.convert_to_numpy(SaltAndPepper(0.4, seed=0)(x, training=True))
    assert np.mean(noisy == 0) == pytest.approx(0.2, abs=0.016)
    assert np.mean(noisy == 1) == pytest.approx(0.2, abs=0.016)


def test_a_corruption_is_a_layer():
    with pytest.raises(TypeError, match="corruption must be a Keras layer, got float"):
        DenoisingAutoencoder(*pair(), 0.5)
    with pytest.raises(ValueError, match=r"rate must be .* in \[0, 1\], got 1.5"):
        MaskingNoise(1.5)


# --- contractive


def test_the_product_with_the_jacobian_is_exact():
    rng = np.random.default_rng(0)
    w = rng.normal(size=(5, 3)).astype("float32")
    x = ops.convert_to_tensor(rng.normal(size=(2, 5)).astype("float32"))
    v = rng.normal(size=(2, 3)).astype("float32")
    y, u = vjp(lambda x: ops.tanh(ops.matmul(x, w)), x, ops.convert_to_tensor(v))
    y, u = ops.convert_to_numpy(y), ops.convert_to_numpy(u)
    np.testing.assert_allclose(u, (v * (1 - y**2)) @ w.T, rtol=1e-5)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "linear"])
def test_the_closed_form_of_one_layer_is_the_jacobian(activation, digits):
    encoder, decoder = dense(784, 6, hidden=(), code_activation=activation)
    model = ContractiveAutoencoder(encoder, decoder)
    x = ops.convert_to_tensor(digits[:4])
    squares = 0.0
    for j in range(6):  # the Jacobian row by row
        unit = ops.one_hot(ops.full((4,), j, dtype="int32"), 6)
        _, row = vjp(encoder, x, unit)
        squares += np.sum(ops.convert_to_numpy(row) ** 2, axis=1)
    closed = ops.convert_to_numpy(model.squared_jacobian(x))
    np.testing.assert_allclose(closed, squares, rtol=1e-4)


def test_hutchinsons_estimate_is_right_on_average(digits):
    shallow = dense(784, 6, hidden=(), code_activation="tanh")
    exact = ContractiveAutoencoder(*shallow)
    estimate = ContractiveAutoencoder(*shallow)
    estimate._only_layer = lambda: None  # as if it were deeper
    x = ops.convert_to_tensor(np.repeat(digits[:1], 4000, axis=0))
    draws = ops.convert_to_numpy(estimate.squared_jacobian(x))
    expected = float(ops.convert_to_numpy(exact.squared_jacobian(x))[0])
    error = draws.std() / np.sqrt(len(draws))
    assert draws.mean() == pytest.approx(expected, abs=4 * error)
    assert error < 0.02 * expected


@pytest.mark.parametrize("hidden", [(), (32,)])
@pytest.mark.slow
def test_the_jacobian_shrinks_as_its_weight_grows(hidden, digits):
    norms = []
    for weight in (0.0, 1e-3, 1e-2):
        keras.utils.set_random_seed(0)
        architecture = dense(784, 16, hidden)
        model = trained(ContractiveAutoencoder(*architecture, weight=weight), digits)
        norms.append(model.evaluate(digits, return_dict=True, verbose=0)["jacobian"])
    assert norms[0] > 2 * norms[1] > 4 * norms[2], norms


# --- variational


def test_the_closed_form_of_kl_is_its_monte_carlo_mean():
    mean, log_variance = np.array([[0.5, -1.0]]), np.array([[0.3, -0.7]])
    deviation = np.exp(log_variance / 2)
    z = mean + deviation * np.random.default_rng(0).normal(size=(200_000, 2))
    draws = np.sum(norm.logpdf(z, mean, deviation) - norm.logpdf(z), axis=1)
    error = draws.std() / np.sqrt(len(draws))
    closed = float(losses.gaussian_kl(mean, log_variance)[0])
    assert closed == pytest.approx(draws.mean(), abs=4 * error)


@pytest.mark.slow
def test_without_beta_it_is_an_autoencoder_whose_noise_dies_out(digits):
    keras.utils.set_random_seed(0)
    free = VariationalAutoencoder(*pair(gaussian=True), beta=0.0)
    held = VariationalAutoencoder(*pair(gaussian=True), beta=1.0)
    for model in (free, held):
        trained(model, digits, losses.squared_error_per_image, epochs=10)
    deviation = {m: np.exp(m.posterior(digits)[1] / 2) for m in (free, held)}
    # noise beside the spread of the codes: next to none, if nothing is paid for it
    spread = {m: m.encode(digits).std(axis=0) for m in (free, held)}
    assert np.median(deviation[free].mean(axis=0) / spread[free]) < 0.15
    assert np.median(deviation[held].mean(axis=0) / spread[held]) > 0.3
    loss = free.evaluate(digits[:100], return_dict=True, verbose=0)
    assert loss["loss"] == loss["reconstruction"]


@pytest.mark.slow
def test_beta_trades_divergence_for_error(digits):
    results = []
    for beta in (0.2, 0.5, 1.0):
        keras.utils.set_random_seed(0)
        model = VariationalAutoencoder(*pair(gaussian=True), beta=beta)
        trained(model, digits, losses.squared_error_per_image, epochs=10)
        results.append(model.evaluate(digits, return_dict=True, verbose=0))
    kl = [result["kl"] for result in results]
    error = [result["reconstruction"] for result in results]
    assert kl == sorted(kl, reverse=True)
    assert error == sorted(error)


@pytest.mark.slow
def test_the_warm_up_raises_beta_in_a_straight_line(digits):
    model = VariationalAutoencoder(*pair(gaussian=True), beta=2.0, warmup_steps=8)
    model.compile("sgd", losses.bce_per_image)
    betas = []
    for _ in range(3):
        model.fit(digits[:128], batch_size=32, verbose=0)  # four steps
        betas.append(float(model._beta_now()))
    assert betas == [1.0, 2.0, 2.0]


@pytest.mark.slow
def test_posterior_collapse_is_reported(digits):
    keras.utils.set_random_seed(0)
    model = VariationalAutoencoder(*pair(4, gaussian=True), beta=100.0)
    model.compile(keras.optimizers.Adam(3e-3), losses.squared_error_per_image)
    with pytest.warns(PosteriorCollapseWarning, match="the decoder ignores it; lower"):
        history = model.fit(digits, batch_size=50, epochs=10, verbose=0).history
    assert history["units_in_use"][-1] < 0.5
    assert np.ptp(model.reconstruct(digits[:50]), axis=0).max() < 0.05  # all the same


@pytest.mark.slow
def test_a_code_in_use_is_not_reported(digits):
    keras.utils.set_random_seed(0)
    model = VariationalAutoencoder(*pair(4, gaussian=True))
    with warnings.catch_warnings():
        warnings.simplefilter("error", PosteriorCollapseWarning)
        trained(model, digits, losses.squared_error_per_image, epochs=3)


@pytest.mark.parametrize("loss", ["mse", losses.mse_per_pixel, "binary_crossentropy"])
def test_a_mean_per_pixel_is_no_log_likelihood(loss):
    model = VariationalAutoencoder(*pair(gaussian=True))
    with pytest.raises(ValueError, match=r"is a mean per pixel; use aebook\.losses"):
        model.compile("adam", loss)


def test_a_gaussian_code_needs_two_numbers_each():
    with pytest.raises(
        ValueError, match=r"puts out \(16,\), but decoder takes \(16,\)"
    ):
        VariationalAutoencoder(*pair(gaussian=False))
    with pytest.raises(ValueError, match="with one latent_dim and gaussian=True"):
        VariationalAutoencoder(*pair(gaussian=False))


@pytest.mark.slow
def test_the_importance_weighted_bound_falls_with_its_samples(digits):
    keras.utils.set_random_seed(0)
    model = VariationalAutoencoder(*pair(4, gaussian=True))
    trained(model, digits, losses.bce_per_image, epochs=5)
    x = np.repeat(digits[:200], 5, axis=0)
    bounds = []
    for samples in (1, 5, 50):
        tighter = ImportanceWeightedAutoencoder(
            model.encoder, model.decoder, samples=samples
        )
        tighter.compile("adam", losses.bce_per_image)
        bounds.append(tighter.evaluate(x, verbose=0)[0])
    model.compile("adam", losses.bce_per_image)
    elbo = model.evaluate(x, verbose=0)[0]
    # with one sample it is the bound of the variational autoencoder
    assert bounds[0] == pytest.approx(elbo, rel=5e-3)
    assert bounds[0] > bounds[1] + 0.5 > bounds[2] + 1


@pytest.mark.slow
def test_the_importance_weighted_bound_is_the_log_of_the_mean_weight(
    digits, monkeypatch
):
    x, samples, rng = digits[:4], 3, np.random.default_rng(0)
    model = member("importance", {"samples": samples, "beta": 1.0})
    noise = rng.normal(size=(len(x) * samples, 16)).astype("float32")
    monkeypatch.setattr(keras.random, "normal", lambda *_, **__: noise)
    mean, log_variance = (
        np.repeat(part, samples, axis=0)
        for part in np.split(ops.convert_to_numpy(model.encoder(x)), 2, axis=-1)
    )
    deviation = np.exp(log_variance / 2)
    z = mean + deviation * noise
    nats = norm.logpdf(z, mean, deviation) - norm.logpdf(z)  # log q(z|x) - log p(z)
    x_hat = ops.convert_to_numpy(model.decoder(z))
    log_pixels = losses.bce_per_image(np.repeat(x, samples, axis=0), x_hat)
    log_w = -ops.convert_to_numpy(log_pixels) - nats.sum(axis=1)
    weights = np.exp((log_w - log_w.max()).astype("float64")).reshape(-1, samples)
    expected = -(np.log(weights.mean(axis=1)) + log_w.max()).mean()
    got = model.evaluate(x, verbose=0, return_dict=True)
    assert got["loss"] == pytest.approx(expected, rel=1e-6)
    assert got["kl"] == pytest.approx(nats.sum(axis=1).mean(), rel=1e-4)
    assert got["gain"] > 0.01


# --- vector-quantised


@pytest.mark.slow
def test_the_codebook_is_used(digits):
    keras.utils.set_random_seed(0)
    model = VectorQuantizedAutoencoder(*pair(), codes=64, code_dim=4)
    model.compile(keras.optimizers.Adam(2e-3), "mse")
    model.fit(digits, batch_size=50, epochs=15, verbose=0)
    indices = model.quantized(digits).indices
    assert indices.shape == (2000, 4)
    assert len(np.unique(indices)) > 32  # more than half of it


@pytest.mark.slow
def test_each_vector_gives_way_to_the_nearest_entry(digits):
    model = member("quantized")
    model.fit(digits[:256], verbose=0)
    codes, indices, commitment = model.quantized(digits[:10])
    h = model.encoder.predict(digits[:10], verbose=0).reshape(-1, 4)
    codebook = ops.convert_to_numpy(model.quantizer.codebook.value)
    distances = np.sum((h[:, None] - codebook) ** 2, axis=-1)
    np.testing.assert_array_equal(indices.ravel(), distances.argmin(axis=1))
    np.testing.assert_array_equal(codes.reshape(-1, 4), codebook[indices.ravel()])
    expected = distances.min(axis=1).reshape(10, 4).mean(axis=1) / 4
    np.testing.assert_allclose(commitment, expected, rtol=1e-3)
    np.testing.assert_allclose(model.encode(digits[:10]), codes, atol=1e-6)


@pytest.mark.slow
def test_entries_move_to_the_mean_of_what_chooses_them():
    quantizer = VectorQuantizedAutoencoder(*pair(4), codes=2, decay=0.9).quantizer
    h = np.array([[0.0] * 4, [1.0] * 4, [9.0] * 4, [11.0] * 4], "float32")
    for _ in range(150):  # the running means forget their start
        quantizer(ops.convert_to_tensor(h), training=True)
    entries = np.sort(ops.convert_to_numpy(quantizer.codebook.value)[:, 0])
    np.testing.assert_allclose(entries, [0.5, 10.0], atol=1e-3)


@pytest.mark.slow
def test_a_dead_entry_is_revived():
    quantizer = VectorQuantizedAutoencoder(*pair(4), codes=2, decay=0.9).quantizer
    near = ops.convert_to_tensor(np.zeros((8, 4), "float32"))
    quantizer(near, training=True)
    quantizer.codebook.assign(np.array([[0.0] * 4, [1e3] * 4], "float32"))
    for _ in range(40):  # nobody chooses the second; 0.9 ** 30 is 0.04
        quantizer(near, training=True)
    assert np.abs(ops.convert_to_numpy(quantizer.codebook.value)).max() < 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"codes": 1}, "codes must be at least 2"),
        ({"code_dim": 5}, "code_dim must divide 16, the code; got 5"),
        ({"commitment": -1}, "commitment must be"),
        ({"decay": 2}, "decay must be"),
    ],
)
def test_a_bad_codebook_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        VectorQuantizedAutoencoder(*pair(), **options)


# --- adversarial


@pytest.mark.slow
def test_the_critic_brings_the_codes_to_the_standard_normal(digits):
    spreads = []
    for weight in (0.0, 0.03):  # under 0.1 the game is livelier, and not as sure
        keras.utils.set_random_seed(0)
        model = AdversarialAutoencoder(*pair(2), weight=weight)
        model.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), "mse")
        model.fit(digits, batch_size=50, epochs=20, verbose=0)
        codes = model.encode(digits)
        spreads.append(np.abs(np.log(codes.std(axis=0))).max())
        centre = np.abs(codes.mean(axis=0)).max()
    # measured over six seeds: at most 0.11 each
    assert spreads[1] < 0.25 < 0.4 < spreads[0]  # a quarter off is 0.25
    assert centre < 0.25


@pytest.mark.slow
def test_each_side_of_the_game_moves_its_own_weights_alone(digits):
    keras.utils.set_random_seed(0)
    model = AdversarialAutoencoder(*pair(2), weight=0.0)
    model.compile(keras.optimizers.SGD(0.1), lambda y, y_pred: 0 * y_pred[:, 0])
    before = [model.encoder.get_weights(), model.discriminator.get_weights()]
    model.fit(digits[:64], verbose=0)
    after = [model.encoder.get_weights(), model.discriminator.get_weights()]
    for old, new in zip(before[0], after[0], strict=True):
        np.testing.assert_array_equal(old, new)  # the critic's loss stops at the code
    assert np.abs(before[1][0] - after[1][0]).max() > 0


def test_a_critic_takes_the_codes():
    critic = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match=r"shape \(16,\), but it takes \(3,\)"):
        AdversarialAutoencoder(*pair(), discriminator=critic)


# --- masked


def test_the_masked_autoencoder_hides_whole_patches(digits):
    model = MaskedAutoencoder(*dense((28, 28), 16), patch_size=7, rate=0.25)
    model.token.assign(-1.0)
    images = np.ones((50, 28, 28), "float32")
    seen = ops.convert_to_numpy(model._masked(ops.convert_to_tensor(images)))
    patches = seen.reshape(50, 4, 7, 4, 7).mean(axis=(2, 4))
    assert set(np.unique(patches)) == {-1.0, 1.0}
    np.testing.assert_array_equal((patches == -1).sum(axis=(1, 2)), 4)  # of 16
    assert len(np.unique(patches.reshape(50, 16), axis=0)) > 30  # each its own


def test_the_hidden_patches_are_picked():
    model = MaskedAutoencoder(*dense((8, 8, 2), 4), patch_size=4, rate=0.5)
    x = np.random.default_rng(0).random((5, 8, 8, 2), dtype=np.float32)
    shown = ops.convert_to_numpy(model._masked(ops.convert_to_tensor(x + 1)))
    hidden = shown == 0  # the token starts at 0, and no value of x + 1 is
    picked = ops.convert_to_numpy(model._hidden(ops.convert_to_tensor(x)))
    assert picked.shape == (5, 2, 32)
    for image, mask, values in zip(x, hidden, picked, strict=True):
        np.testing.assert_array_equal(np.sort(image[mask]), np.sort(values.ravel()))


@pytest.mark.slow
def test_the_loss_is_that_of_the_hidden_patches(monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.random((5, 8, 8, 2), dtype=np.float32)
    order = rng.random((5, 4), dtype=np.float32)
    monkeypatch.setattr(keras.random, "uniform", lambda *_, **__: order)
    model = MaskedAutoencoder(*dense((8, 8, 2), 4), patch_size=4, rate=0.5)
    model.compile(keras.optimizers.SGD(0.0), "mse")
    hidden = ops.convert_to_numpy(model._masked(ops.convert_to_tensor(x + 1))) == 0
    x_hat = model.decode(model.encode(np.where(hidden, 0, x)))
    expected = np.mean((x - x_hat)[hidden] ** 2)
    assert np.mean((x - x_hat) ** 2) != pytest.approx(expected, rel=1e-2)
    history = model.fit(x, shuffle=False, verbose=0).history
    assert history["loss"][0] == pytest.approx(expected, rel=1e-5)
    assert model.evaluate(x, verbose=0)[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_it_fills_in_better_than_the_mean_of_the_place(digits):
    keras.utils.set_random_seed(0)
    images = digits.reshape(-1, 28, 28)
    model = MaskedAutoencoder(*dense((28, 28), 32, hidden=(256,)), patch_size=7)
    trained(model, images[:1500], epochs=40)
    guess = squared_error(images[1500:], images[:1500].mean(axis=0))
    assert model.evaluate(images[1500:], verbose=0)[0] < 0.85 * guess


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patch_size": 5}, r"patch_size must divide \(28, 28\), got 5"),
        ({"rate": 0.0}, "hides 0 of 49 patches"),
        ({"rate": 1.0}, "hides 49 of 49 patches"),
    ],
)
def test_a_bad_mask_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        MaskedAutoencoder(*dense((28, 28), 4), **options)


# --- tied


@pytest.mark.slow
def test_tied_weights_are_one_matrix_and_its_transpose(digits):
    keras.utils.set_random_seed(0)
    model = TiedAutoencoder(dense(784, 4, hidden=())[0], "linear")
    trained(model, digits[:200], epochs=1)
    kernel, bias = model.encoder.layers[-1].get_weights()
    z = digits[:5] @ kernel + bias
    expected = z @ kernel.T + ops.convert_to_numpy(model.decoder.layers[-1].bias.value)
    np.testing.assert_allclose(model.reconstruct(digits[:5]), expected, atol=1e-4)
    assert model.count_params() == 784 * 4 + 4 + 784


@pytest.mark.slow
def test_a_tied_linear_autoencoder_finds_the_principal_subspace(digits):
    keras.utils.set_random_seed(0)
    x = digits - digits.mean(axis=0)
    model = TiedAutoencoder(dense(784, 4, hidden=())[0], "linear")
    trained(model, x, epochs=30, rate=2e-3)
    kernel = model.encoder.layers[-1].get_weights()[0]
    components = PCA(4).fit(x).components_.T
    assert np.rad2deg(subspace_angles(kernel, components).max()) < 5
    # here the directions are orthonormal too: the transpose has to undo the matrix
    np.testing.assert_allclose(kernel.T @ kernel, np.eye(4), atol=0.02)


def test_a_convolution_read_backwards_is_its_transpose():
    encoder = convolutional((9, 7, 2), 3, filters=(4,), flat=False)[0]
    model = TiedAutoencoder(encoder, "linear")
    first = encoder.layers[0]
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(1, 9, 7, 2)), rng.normal(size=(1, 5, 4, 4))
    linear = ops.conv(x.astype("float32"), first.kernel, 2, "same")
    back = model.decoder.layers[-1]
    transposed = ops.convert_to_numpy(back(y.astype("float32")))
    # <A x, y> = <x, A' y> is what makes A' the transpose
    left = np.sum(ops.convert_to_numpy(linear) * y)
    assert left == pytest.approx(np.sum(x * transposed), rel=1e-4)


def test_what_cannot_be_read_backwards_is_named():
    with pytest.raises(ValueError, match=r"GRU .* cannot be read backwards"):
        TiedAutoencoder(recurrent((28, 28), 4)[0])


# --- the size of the code of this book


def test_a_family_module_can_be_read_in_one_sitting():
    from pathlib import Path

    import aebook.models

    folder = Path(aebook.models.__file__).parent
    families = [
        path for path in folder.glob("*.py") if "Autoencoder" in path.read_text()
    ]
    lengths = {p.name: len(p.read_text().splitlines()) for p in families}
    del lengths["autoencoder.py"]  # the base
    assert len(lengths) >= 12
    assert max(lengths.values()) <= 120, lengths


# --- finite scalar


def test_a_number_goes_to_the_nearest_of_its_levels(digits):
    keras.utils.set_random_seed(0)
    model = FiniteScalarAutoencoder(*pair(), levels=(8, 5))
    codes, indices, commitment = model.quantized(digits[:20])
    h = model.encoder.predict(digits[:20], verbose=0)
    h = (h - h.mean(axis=1, keepdims=True)) / np.sqrt(h.var(axis=1)[:, None] + 1e-3)
    squashed, rounded = np.tanh(h).reshape(-1, 2), codes.reshape(-1, 2)
    for i, n in enumerate((8, 5)):
        levels = np.linspace(-1, 1, n)
        nearest = levels[np.abs(squashed[:, i, None] - levels).argmin(axis=1)]
        np.testing.assert_allclose(rounded[:, i], nearest, atol=1e-6)
    far = ((squashed - rounded) ** 2).reshape(20, 16).mean(axis=1)
    np.testing.assert_allclose(commitment, far, rtol=1e-4)
    np.testing.assert_allclose(model.encode(digits[:20]), codes, atol=1e-6)
    assert indices.shape == (20, 8)


def test_each_entry_of_the_finite_codebook_has_a_number_of_its_own():
    model = FiniteScalarAutoencoder(*pair(3), levels=(4, 3, 2))
    codes = model.dequantized(np.arange(24)[:, None])
    assert model.codes == len(np.unique(codes, axis=0)) == 24
    expected = {(a, b, c) for a in (0, 1, 2, 3) for b in (0, 1, 2) for c in (0, 1)}
    places = np.rint((codes + 1) / 2 * [3, 2, 1]).astype(int)
    assert set(map(tuple, places.tolist())) == expected


def test_what_is_rounded_has_the_gradient_of_what_was_not(digits):
    """The straight-through estimator: as if the code were the squashed numbers."""
    model = FiniteScalarAutoencoder(*pair(), levels=(2, 2))
    h = model.encoder.predict(digits[:4], verbose=0)
    weights = np.random.default_rng(0).normal(size=h.shape).astype("float32")

    def smooth(h):
        centred = h - h.mean(axis=1, keepdims=True)
        return np.tanh(centred / np.sqrt(np.square(centred).mean(1)[:, None] + 1e-3))

    _, got = vjp(model.bottleneck, ops.convert_to_tensor(h), ops.array(weights))
    h, tiny, expected = h.astype(np.float64), 1e-4, np.empty(h.shape)
    for place in np.ndindex(*h.shape):
        step = np.zeros(h.shape)
        step[place] = tiny
        ahead, behind = smooth(h + step), smooth(h - step)
        expected[place] = np.sum((ahead - behind) * weights) / (2 * tiny)
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_its_codebook_does_not_fall_out_of_use(digits):
    keras.utils.set_random_seed(0)
    model = FiniteScalarAutoencoder(*pair(), levels=(8, 8))
    model.compile(keras.optimizers.Adam(2e-3), "mse")
    model.fit(digits, batch_size=50, epochs=15, verbose=0)
    indices = model.quantized(digits).indices
    assert indices.shape == (2000, 8)
    assert len(np.unique(indices)) == 64


@pytest.mark.parametrize("name", ["quantized", "finite scalar"])
def test_codes_come_back_from_the_numbers_of_their_entries(name, digits):
    model = member(name)
    if name == "quantized":
        model.fit(digits[:64], verbose=0)
    codes, indices, _ = model.quantized(digits[:20])
    np.testing.assert_allclose(model.dequantized(indices), codes, atol=1e-6)


def test_so_do_maps_of_vectors(digits):
    keras.utils.set_random_seed(0)
    maps = convolutional((28, 28), 4, (4,), flat=False)
    images = digits[:5].reshape(-1, 28, 28)
    for model in (
        FiniteScalarAutoencoder(*maps, levels=(3, 3, 3, 3)),
        VectorQuantizedAutoencoder(*maps, codes=4),
    ):
        codes, indices, _ = model.quantized(images)
        assert codes.shape == (5, 14, 14, 4)
        np.testing.assert_allclose(model.dequantized(indices), codes, atol=1e-6)


@pytest.mark.parametrize("name", ["quantized", "finite scalar"])
@pytest.mark.parametrize(
    ("indices", "error", "message"),
    [
        ([[0.5] * 4], TypeError, "indices must be whole numbers, got dtype float64"),
        ([0] * 4, ValueError, r"indices must have shape \(n, \d\), got \(4,\)"),
        (np.zeros((0, 4), int), ValueError, r"indices must have shape"),
        ([[0]], ValueError, r"got \(1, 1\); model\.quantized\(x\)\.indices has it"),
        ([[99] * 4, [0] * 4], ValueError, r"in \[0, \d+\], the entries, got 0 to 99"),
        ([[-1] * 4], ValueError, r"the entries, got -1"),
    ],
)
def test_numbers_of_no_entries_are_refused(name, indices, error, message):
    positions = 4 if name == "quantized" else 8
    if np.ndim(indices) == 2 and len(indices) and len(indices[0]) == 4:
        indices = np.repeat(indices, positions // 4, axis=1)
    with pytest.raises(error, match=message):
        member(name).dequantized(indices)


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ((1, 5), "levels must be at least 2, got 1"),
        ((5, 5, 5), "as many levels must be given as divide 16, the code; got 3"),
        ((), "as many levels must be given"),
    ],
)
def test_bad_levels_are_named(levels, message):
    with pytest.raises(ValueError, match=message):
        FiniteScalarAutoencoder(*pair(), levels=levels)
