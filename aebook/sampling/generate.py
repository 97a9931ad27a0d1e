"""New images from a decoder: from a prior, or from a density fitted to codes."""

from __future__ import annotations

import copy
import math
from typing import Any

from aebook.checks import as_samples, check_count
import numpy as np

__all__ = ["fit_code_mixture", "sample_mixture", "sample_prior"]


def sample_prior(model: Any, n: int, seed: int = 0) -> np.ndarray:
    r"""Decode codes drawn from the standard normal distribution.

    $$ z \sim \mathcal N(0, I), \qquad x = g(z) $$

    What a variational autoencoder is trained for. The codes of another autoencoder
    lie wherever they happen to lie, and few of these draws fall among them: see
    `fit_code_mixture`.

    Args:
        model: An `aebook.models.Autoencoder`, or anything with `decode` and a
            `decoder` whose `input_shape` is known.
        n: How many images.
        seed: One seed, one set of codes. Defaults to 0.

    Returns:
        Images, shape `(n, *input_shape)`.

    Raises:
        TypeError: If `n` or `seed` is not a whole number.
        ValueError: If `n` is below 1 or `seed` below 0, or the decoder takes codes of
            any size.

    Example:
        >>> from aebook.models import Autoencoder, dense
        >>> model = Autoencoder(*dense((28, 28), latent_dim=2))
        >>> sample_prior(model, 5).shape
        (5, 28, 28)

    Source: Kingma & Welling, "Auto-Encoding Variational Bayes", 2014.
    """
    shape = (check_count(n, "n"), *_code_shape(model))
    rng = np.random.default_rng(check_count(seed, "seed", minimum=0))
    return model.decode(rng.standard_normal(shape))


def fit_code_mixture(codes: Any, n_components: int = 10, seed: int = 0) -> Any:
    r"""Fit a mixture of Gaussians to the codes of an autoencoder.

    $$ p(z) = \sum_k \pi_k \, \mathcal N(z; \mu_k, \Sigma_k) $$

    A density learnt after the autoencoder, which makes a generator of it. Fitted by
    scikit-learn, by expectation maximization from one start by k-means, with full
    covariances.

    Args:
        codes: Codes of the training data, shape `(n, ...)`, flattened.
        n_components: Number of Gaussians, at most `n`. Defaults to 10.
        seed: Of the start. Defaults to 0.

    Returns:
        The fitted `sklearn.mixture.GaussianMixture`: `score_samples` gives
        log-densities, `sample_mixture` draws from it.

    Raises:
        TypeError: If `codes` does not hold numbers, or a count is no whole number.
        ValueError: If `codes` is empty, or holds NaN or infinity, or fewer codes
            than components.

    Example:
        >>> codes = np.repeat([[0.0], [10.0]], 50, axis=0)
        >>> mixture = fit_code_mixture(codes + np.tile([[-1.0], [1.0]], (50, 1)), 2)
        >>> sorted(mixture.means_.ravel().round(2).tolist())
        [0.0, 10.0]

    Source: Ghosh et al., "From Variational to Deterministic Autoencoders", 2020, who
    call it ex-post density estimation.
    """
    from sklearn.mixture import GaussianMixture

    codes = as_samples(codes, name="codes").reshape(len(codes), -1).astype(np.float64)
    seed = check_count(seed, "seed", minimum=0)
    if check_count(n_components, "n_components") > len(codes):
        raise ValueError(
            f"n_components must be at most the {len(codes)} codes, got {n_components}"
        )
    return GaussianMixture(n_components, max_iter=300, random_state=seed).fit(codes)


def sample_mixture(model: Any, mixture: Any, n: int, seed: int = 0) -> np.ndarray:
    """Decode codes drawn from a mixture that was fitted to codes.

    Args:
        model: An `aebook.models.Autoencoder`, or anything with `decode` and a
            `decoder` whose `input_shape` is known.
        mixture: What `fit_code_mixture` returns; it is not changed.
        n: How many images.
        seed: One seed, one set of codes. Defaults to 0.

    Returns:
        Images, shape `(n, *input_shape)`, the components in random order.

    Raises:
        TypeError: If `n` or `seed` is not a whole number.
        ValueError: If `n` is below 1 or `seed` below 0, or the mixture was fitted
            to codes of another width.

    Example:
        >>> from aebook.models import Autoencoder, dense
        >>> model = Autoencoder(*dense(784, latent_dim=2))
        >>> x = np.random.default_rng(0).random((100, 784))
        >>> mixture = fit_code_mixture(model.encode(x), n_components=3)
        >>> sample_mixture(model, mixture, 5).shape
        (5, 784)
    """
    shape = _code_shape(model)
    if mixture.means_.shape[1] != math.prod(shape):
        raise ValueError(
            f"mixture was fitted to codes of {mixture.means_.shape[1]} numbers, "
            f"but the decoder takes {math.prod(shape)}; fit it to model.encode(x)"
        )
    drawn = copy.copy(mixture)  # one seed a draw, where scikit-learn has one a mixture
    drawn.random_state = check_count(seed, "seed", minimum=0)
    z, _ = drawn.sample(check_count(n, "n"))  # sorted by component
    rng = np.random.default_rng(seed)
    return model.decode(rng.permutation(z).reshape(n, *shape))


def _code_shape(model: Any) -> tuple[int, ...]:
    shape = model.decoder.input_shape[1:]
    if None in shape:
        raise ValueError(
            f"the decoder takes codes of any size, {shape}, so none is drawn; build "
            "it with sizes, or give model.decode codes of your own"
        )
    return shape
