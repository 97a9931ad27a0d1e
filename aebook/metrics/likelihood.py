"""The likelihood of data under a variational autoencoder, by importance sampling."""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import Any

from aebook.checks import as_samples, check_count, check_same_shape
import numpy as np

__all__ = ["negative_log_likelihood"]


def negative_log_likelihood(
    model: Any,
    x: Any,
    samples: int = 100,
    *,
    seed: int = 0,
    batch_size: int = 5000,
) -> np.ndarray:
    r"""Estimate of $-\log p(x)$ for each image under a variational autoencoder.

    $$ -\log \frac1K \sum_{k=1}^K \frac{p(x \mid z_k)\, p(z_k)}{q(z_k \mid x)},
       \qquad z_k \sim q(z \mid x) $$

    The fraction is an unbiased estimate of $p(x)$; its logarithm is not one of
    $\log p(x)$. The mean of the result over draws is an upper bound of
    $-\log p(x)$ that falls as $K$ grows, towards it: say $K$ beside the number. With
    $K = 1$ it is minus the evidence lower bound, the loss of a variational
    autoencoder with $\beta = 1$.

    What $p(x \mid z)$ is, the compiled loss says: $-\log p(x \mid z)$ as a sum over
    the pixels. `losses.squared_error_per_image` lacks the constant of a density; it is
    read as a Gaussian of variance ½, and $\tfrac d2 \log \pi$ is added. For grey
    pixels `losses.bce_per_image` is no likelihood: compare values on binary images.

    Args:
        model: A compiled `aebook.models.VariationalAutoencoder`, or anything with
            `posterior(x)` to means and log-variances, `decode(z)` and `loss`.
        x: Images, shape `(n, ...)`, as the model takes them.
        samples: Number $K$ of codes drawn for each image. Defaults to 100; published
            numbers take 1,000 to 5,000.
        seed: Of the draws; one seed gives the same draws at any `batch_size`.
            Defaults to 0.
        batch_size: Codes decoded at a time, which bounds the memory. Defaults to
            5000.

    Returns:
        One value per image, float64, shape `(n,)`, in nats.

    Raises:
        TypeError: If `model` has no posterior, or an argument does not hold numbers.
        ValueError: If the model is not compiled, if its loss does not say that it is
            a sum over the pixels or is not one value per image, or if `x` is empty
            or not finite.

    Example:
        >>> from aebook.losses import gaussian_nll_per_image
        >>> class Coin:  # a code that the decoder ignores: p(x) = N(0, 1)
        ...     loss = staticmethod(gaussian_nll_per_image)
        ...     def posterior(self, x):
        ...         return np.zeros((len(x), 1)), np.zeros((len(x), 1))
        ...     def decode(self, z):
        ...         return 0 * z
        >>> negative_log_likelihood(Coin(), [[0.0], [1.0]]).round(4)
        array([0.9189, 1.4189])

    Source: Burda, Grosse & Salakhutdinov, "Importance Weighted Autoencoders", 2016.
    """
    check_count(samples, "samples")
    check_count(batch_size, "batch_size")
    rng = np.random.default_rng(check_count(seed, "seed", minimum=0))
    if not callable(getattr(model, "posterior", None)):
        raise TypeError(
            "model must have a posterior over codes, as a VariationalAutoencoder has; "
            f"{type(model).__name__} has none"
        )
    x = as_samples(x)
    minus_log_p = _decoder_nll(model, x.shape[1:])
    mean, log_variance = _posterior(model, x)
    log_w = np.full(len(x), -np.inf)  # log of the sum of the weights so far
    # all n K draws are one long row, image after image, cut into equal pieces
    for start in range(0, len(x) * samples, batch_size):
        i = np.arange(start, min(start + batch_size, len(x) * samples)) // samples
        epsilon = rng.standard_normal((len(i), *mean.shape[1:]))
        z = mean[i] + np.exp(0.5 * log_variance[i]) * epsilon
        # log p(z) − log q(z|x): 2π cancels
        log_ratio = 0.5 * _sum(epsilon**2 + log_variance[i] - z**2)
        log_p = -minus_log_p(x[i], model.decode(z))
        np.logaddexp.at(log_w, i, log_p + log_ratio)
    return math.log(samples) - log_w


def _sum(values: np.ndarray) -> np.ndarray:
    return values.reshape(len(values), -1).sum(axis=1)


def _posterior(model: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    names = ("posterior mean", "posterior log_variance")
    mean, log_variance = (
        as_samples(part, name=name).astype(np.float64)
        for part, name in zip(model.posterior(x), names, strict=True)
    )
    check_same_shape(mean, log_variance, names)
    return mean, log_variance


def _decoder_nll(model: Any, shape: tuple[int, ...]) -> Callable[..., np.ndarray]:
    """Return −log p(x|z) as a function of images and reconstructions."""
    from aebook import losses
    import keras

    loss = getattr(model, "loss", None)
    if loss is None:
        raise ValueError("model has no loss; compile it with losses.bce_per_image")
    loss = keras.losses.get(loss)
    _check_sum(loss)
    constant = 0.0
    if losses.said_of(loss, "unit") == losses.SQUARED:
        constant = 0.5 * math.prod(shape) * math.log(math.pi)

    def of_images(x: np.ndarray, x_hat: Any) -> np.ndarray:
        values = loss(x, np.asarray(x_hat, np.float32))
        values = keras.ops.convert_to_numpy(values).astype(np.float64)
        if values.shape != (len(x),):
            raise ValueError(
                "the model's loss must give one value per image, got shape "
                f"{values.shape} for {len(x)} images; take no mean over the batch"
            )
        return values + constant

    return of_images


def _check_sum(loss: Any) -> None:
    from aebook import losses

    done = losses.over_features(loss)
    if done != "sum":
        name = getattr(loss, "__name__", getattr(loss, "name", type(loss).__name__))
        is_what = "is a mean" if done else "does not say what it does"
        raise ValueError(
            f"the model's loss must be a sum over the pixels, but {name} {is_what} "
            "over them; compile with losses.bce_per_image, gaussian_nll_per_image or "
            "squared_error_per_image, which are -log p(x|z), or let a loss of your own "
            'say it, loss.over_features = "sum"'
        )
