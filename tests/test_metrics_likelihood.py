"""The importance-sampled likelihood meets closed forms and quadrature."""

from functools import partial

from aebook import losses
from aebook.metrics import negative_log_likelihood
from aebook.models import Autoencoder, VariationalAutoencoder, dense
import keras
import numpy as np
import pytest
import scipy.integrate
import scipy.stats


class LinearGaussian:
    """p(z) = N(0, I), p(x|z) = N(Wz + b, σ²): x is N(b, WWᵀ + σ²I)."""

    def __init__(self, variance=0.3, wider=1.0, moved=0.0):
        rng = np.random.default_rng(0)
        columns, _ = np.linalg.qr(rng.normal(size=(6, 2)))
        self.w = columns * [1.5, 0.7]  # orthogonal: the posterior is diagonal
        self.b = rng.normal(size=6)
        self.variance, self.wider, self.moved = variance, wider, moved
        self.loss = partial(
            losses.gaussian_nll_per_image, log_variance=float(np.log(variance))
        )
        self.decoded = []

    def posterior(self, x):
        precision = 1 + (self.w**2).sum(axis=0) / self.variance
        mean = (x - self.b) @ self.w / self.variance / precision
        log_variance = np.broadcast_to(np.log(self.wider / precision), mean.shape)
        return mean + self.moved, log_variance

    def decode(self, z):
        self.decoded.append(len(z))
        return z @ self.w.T + self.b

    def exact(self, x):
        covariance = self.w @ self.w.T + self.variance * np.eye(6)
        return -scipy.stats.multivariate_normal(self.b, covariance).logpdf(x)


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(1).normal(0, 1.5, (40, 6)).astype(np.float32)


def test_under_the_exact_posterior_one_sample_is_enough(x):
    model = LinearGaussian()
    estimate = negative_log_likelihood(model, x, samples=1)
    np.testing.assert_allclose(estimate, model.exact(x), rtol=1e-5)


@pytest.mark.parametrize("wrong", [{"wider": 2.0}, {"moved": 0.3}])
def test_under_a_wrong_posterior_it_falls_to_the_closed_form_from_above(x, wrong):
    model = LinearGaussian(**wrong)
    gaps = np.array(
        [
            (negative_log_likelihood(model, x, samples=k) - model.exact(x)).mean()
            for k in (1, 10, 100, 10_000)
        ]
    )
    assert (gaps[:-1] > gaps[1:]).all()
    assert (gaps[:3] > 0).all()
    assert abs(gaps[-1]) < 0.01 < 0.1 < gaps[0]


def test_the_estimate_of_the_density_itself_is_unbiased(x):
    model = LinearGaussian(wider=1.5)
    one = np.repeat(x[:1], 4000, axis=0)
    ratio = np.exp(model.exact(one) - negative_log_likelihood(model, one, samples=2))
    error = ratio.std() / np.sqrt(len(ratio))
    assert ratio.mean() == pytest.approx(1, abs=3 * error)
    assert error < 0.02


def test_one_sample_is_minus_the_evidence_lower_bound(x):
    model = LinearGaussian(wider=2.0, moved=0.3)
    mean, log_variance = model.posterior(x)
    kl = keras.ops.convert_to_numpy(losses.gaussian_kl(mean, log_variance))
    # E ‖x − Wz − b‖² has a closed form too
    spread = (np.exp(log_variance) * (model.w**2).sum(axis=0)).sum(axis=1)
    error = ((x - mean @ model.w.T - model.b) ** 2).sum(axis=1) + spread
    bound = kl + error / (2 * 0.3) + 3 * np.log(2 * np.pi * 0.3)
    many = np.repeat(x[:1], 4000, axis=0)
    drawn = negative_log_likelihood(model, many, samples=1)
    error = drawn.std() / np.sqrt(len(drawn))
    assert drawn.mean() == pytest.approx(bound[0], abs=3 * error)
    assert error < 0.05


def test_the_squared_error_counts_as_a_gaussian_of_variance_one_half(x):
    model = LinearGaussian(variance=0.5)
    model.loss = losses.squared_error_per_image
    estimate = negative_log_likelihood(model, x, samples=1)
    np.testing.assert_allclose(estimate, model.exact(x), rtol=1e-5)


def test_a_model_of_black_and_white_pixels_agrees_with_quadrature():
    rng = np.random.default_rng(0)
    w, b = rng.normal(0, 2, 8), rng.normal(size=8)
    x = (rng.random((5, 8)) < 0.5).astype(float)

    class Model:
        loss = staticmethod(losses.bce_per_image)

        def posterior(self, x):
            return np.zeros((len(x), 1)), np.full((len(x), 1), 0.1)

        def decode(self, z):
            return 1 / (1 + np.exp(-z * w - b))

    def density(z, pixels):
        on = 1 / (1 + np.exp(-z * w - b))
        return np.prod(np.where(pixels, on, 1 - on)) * scipy.stats.norm.pdf(z)

    exact = [-np.log(scipy.integrate.quad(density, -9, 9, args=(row,))[0]) for row in x]
    estimate = negative_log_likelihood(Model(), x, samples=20_000)
    np.testing.assert_allclose(estimate, exact, atol=0.05)


def test_the_batch_size_bounds_the_codes_and_changes_nothing(x):
    model = LinearGaussian(wider=2.0)
    expected = negative_log_likelihood(model, x, samples=7)
    assert model.decoded == [280]
    model.decoded.clear()
    small = negative_log_likelihood(model, x, samples=7, batch_size=11)
    assert max(model.decoded) == 11 and sum(model.decoded) == 280
    np.testing.assert_allclose(small, expected, rtol=1e-6)


def test_the_seed_decides_the_draws(x):
    model = LinearGaussian(wider=2.0)
    a, b, c = (negative_log_likelihood(model, x, 3, seed=s) for s in (4, 4, 5))
    np.testing.assert_array_equal(a, b)
    assert (a != c).all()


def test_a_trained_variational_autoencoder_is_measured(digits):
    binary = (digits[:500] > 0.5).astype(np.float32)
    keras.utils.set_random_seed(0)
    model = VariationalAutoencoder(*dense(784, 2, hidden=(32,), gaussian=True))
    model.compile("adam", losses.bce_per_image)
    untrained = negative_log_likelihood(model, binary[:50], samples=20)
    assert untrained.mean() == pytest.approx(784 * np.log(2), rel=0.02)  # all grey
    model.fit(binary, epochs=15, verbose=0)
    bound, estimate = (
        negative_log_likelihood(model, binary[:50], samples=k) for k in (1, 200)
    )
    assert estimate.mean() < bound.mean() < 0.5 * untrained.mean()
    minus_elbo = np.mean(
        [
            model.evaluate(binary[:50], verbose=0, return_dict=True)["loss"]
            for _ in "123"
        ]
    )
    assert bound.mean() == pytest.approx(minus_elbo, rel=0.03)  # one draw each


def test_images_with_more_axes_and_codes_with_more_axes_are_taken(x):
    model, images = LinearGaussian(wider=2.0), LinearGaussian(wider=2.0)
    images.posterior = lambda x: [
        part[:, None] for part in LinearGaussian.posterior(images, x.reshape(-1, 6))
    ]
    images.decode = lambda z: LinearGaussian.decode(images, z[:, 0]).reshape(-1, 2, 3)
    np.testing.assert_allclose(
        negative_log_likelihood(images, x.reshape(-1, 2, 3), 5),
        negative_log_likelihood(model, x, 5),
        rtol=1e-6,
    )


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (losses.bce_per_pixel, "but bce_per_pixel is a mean over them; compile"),
        (losses.mse_per_pixel, "but mse_per_pixel is a mean over them"),
        ("mse", "must be a sum over the pixels, but mean_squared_error is a mean"),
        (keras.losses.BinaryCrossentropy(), "but binary_crossentropy is a mean"),
        (lambda x, x_hat: x[:, 0], "does not say what it does.*over_features"),
        (None, "model has no loss; compile it"),
    ],
)
def test_a_loss_that_is_no_likelihood_is_refused(x, loss, message):
    model = LinearGaussian()
    model.loss = loss
    with pytest.raises(ValueError, match=message):
        negative_log_likelihood(model, x)
    assert model.decoded == []


def test_a_model_without_a_posterior_is_refused():
    model = Autoencoder(*dense(6, 2))
    with pytest.raises(
        TypeError, match=r"must have a posterior.*; Autoencoder has none"
    ):
        negative_log_likelihood(model, np.zeros((2, 6)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 0}, "samples must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"seed": -1}, "seed must be at least 0"),
    ],
)
def test_bad_options_are_refused(x, options, message):
    with pytest.raises(ValueError, match=message):
        negative_log_likelihood(LinearGaussian(), x, **options)


def test_a_loss_of_ones_own_is_taken_when_it_says_that_it_is_a_sum(x):
    def own(x, x_hat):
        return losses.gaussian_nll_per_image(x, x_hat)

    model = LinearGaussian()
    model.loss = losses.gaussian_nll_per_image
    expected = negative_log_likelihood(model, x)
    own.over_features = "sum"
    model.loss = own
    np.testing.assert_array_equal(negative_log_likelihood(model, x), expected)


def test_a_sum_over_the_batch_too_is_refused(x):
    model = LinearGaussian()
    model.loss = lambda x, x_hat: keras.ops.sum(x)
    model.loss.over_features = "sum"
    with pytest.raises(ValueError, match=r"one value per image, got shape \(\) for"):
        negative_log_likelihood(model, x)
