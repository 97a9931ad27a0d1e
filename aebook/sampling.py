"""New images from a decoder: from a prior, from a fitted density, from a path."""

from __future__ import annotations

import copy
import math
from typing import Any

from aebook.checks import as_samples, check_choice, check_count, check_same_shape
import numpy as np

__all__ = [
    "fit_code_mixture",
    "interpolate",
    "linear",
    "sample_mixture",
    "sample_prior",
    "spherical",
]

TINY = 1e-7  # sine of an angle below which two directions count as one line


# --- draws


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
        ValueError: If `n` is below 1 or `seed` below 0.

    Example:
        >>> from aebook.models import Autoencoder, dense
        >>> model = Autoencoder(*dense((28, 28), latent_dim=2))
        >>> sample_prior(model, 5).shape
        (5, 28, 28)

    Source: Kingma & Welling, "Auto-Encoding Variational Bayes", 2014.
    """
    shape = (check_count(n, "n"), *model.decoder.input_shape[1:])
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
    shape = model.decoder.input_shape[1:]
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


# --- paths


def interpolate(
    model: Any, a: Any, b: Any, steps: int = 10, *, how: str = "linear"
) -> np.ndarray:
    """Decode the codes on a path from one sample to another.

    Args:
        model: An `aebook.models.Autoencoder`.
        a: Where the path starts: one sample, shape `(*input_shape,)`.
        b: Where it ends, same shape.
        steps: Number of images, both ends included: at least 2. Defaults to 10.
        how: The path between the two codes, `"linear"` or `"spherical"`. Defaults to
            `"linear"`.

    Returns:
        Images, shape `(steps, *input_shape)`; the first and the last are the
        reconstructions of `a` and `b`.

    Raises:
        TypeError: If a sample does not hold numbers, or `steps` is no whole number.
        ValueError: If a sample has another shape or is not finite, `steps` is below
            2, or the path is unknown.

    Example:
        >>> from aebook.models import Autoencoder, dense
        >>> model = Autoencoder(*dense(784, latent_dim=2))
        >>> interpolate(model, np.zeros(784), np.ones(784), steps=5).shape
        (5, 784)
    """
    path = {"linear": linear, "spherical": spherical}
    check_choice(how, path, "path")
    shape = tuple(model.encoder.input_shape[1:])
    for name, sample in (("a", a), ("b", b)):
        if np.shape(sample) != shape:
            raise ValueError(
                f"{name} must be one sample of shape {shape}, got {np.shape(sample)}; "
                "of several, take one: x[0]"
            )
    z_a, z_b = model.encode(np.stack([a, b]))
    t = np.linspace(0, 1, check_count(steps, "steps", minimum=2))
    return model.decode(path[how](z_a, z_b, t))


def linear(z_a: Any, z_b: Any, t: Any) -> np.ndarray:
    r"""Points on the straight line between two codes.

    $$ z(t) = (1 - t)\, z_a + t\, z_b $$

    Args:
        z_a: Code at $t = 0$, any shape.
        z_b: Code at $t = 1$, same shape.
        t: Where on the line: a number, or an array of them.

    Returns:
        The points, float64, shape `(*t.shape, *z_a.shape)`.

    Raises:
        TypeError: If an argument does not hold numbers.
        ValueError: If the codes differ in shape, or anything is not finite.

    Example:
        >>> linear([0.0, 2.0], [1.0, 0.0], [0, 0.5, 1])
        array([[0. , 2. ],
               [0.5, 1. ],
               [1. , 0. ]])
    """
    a, b, t = _as_path(z_a, z_b, t)
    return (1 - t) * a + t * b


def spherical(z_a: Any, z_b: Any, t: Any) -> np.ndarray:
    r"""Points on the arc between two codes, around the origin.

    $$ z(t) = \lVert z \rVert(t) \left( \frac{\sin((1 - t)\,\Omega)}{\sin \Omega} u_a
       + \frac{\sin(t\,\Omega)}{\sin \Omega} u_b \right) $$

    $u_a$ and $u_b$ are the directions of the codes, $\Omega$ the angle between them;
    equal steps of $t$ turn by equal angles. The length goes from one to the other in
    equal steps: it stays the same if both have the same. The straight line between
    two draws from a standard normal of many numbers passes far inside the shell where
    such draws lie; the arc stays in it.

    Two codes in one direction are joined by the straight line, and so are a code and
    0, which has no direction. Between opposite directions every half circle is as
    short: the one towards the axis along which `z_a` is smallest is taken.

    Args:
        z_a: Code at $t = 0$, any shape, taken as one vector.
        z_b: Code at $t = 1$, same shape.
        t: Where on the arc: a number, or an array of them.

    Returns:
        The points, float64, shape `(*t.shape, *z_a.shape)`.

    Raises:
        TypeError: If an argument does not hold numbers.
        ValueError: If the codes differ in shape, if anything is not finite, or if two
            codes of one number have opposite signs: no arc joins them.

    Example:
        >>> spherical([2.0, 0.0], [0.0, 2.0], 0.5).round(4)
        array([1.4142, 1.4142])

    Source: Shoemake, "Animating Rotation with Quaternion Curves", 1985; for codes:
    White, "Sampling Generative Networks", 2016.
    """
    a, b, t = _as_path(z_a, z_b, t)
    length = [np.linalg.norm(a), np.linalg.norm(b)]
    if 0 in length:
        return (1 - t) * a + t * b
    u, v = a / length[0], b / length[1]
    cosine = np.sum(u * v)
    w = v - cosine * u  # what of v is perpendicular to u, as long as the sine
    omega = np.arctan2(np.linalg.norm(w), cosine)
    if np.linalg.norm(w) < TINY:
        if cosine > 0:
            return (1 - t) * a + t * b
        w = _perpendicular(u)
    w = w / np.linalg.norm(w)
    # the formula above, written so that no sine of Ω divides
    direction = np.cos(t * omega) * u + np.sin(t * omega) * w
    return ((1 - t) * length[0] + t * length[1]) * direction


def _perpendicular(u: np.ndarray) -> np.ndarray:
    """Return a vector perpendicular to the unit vector `u`."""
    if u.size == 1:
        raise ValueError(
            "two codes of one number with opposite signs have no arc between them; "
            "use the linear path"
        )
    axis = np.zeros_like(u)
    axis.flat[np.abs(u).argmin()] = 1
    return axis - np.sum(axis * u) * u


def _as_path(z_a: Any, z_b: Any, t: Any) -> tuple[np.ndarray, ...]:
    """Return both codes as float64, and `t` with an axis for each of theirs."""
    arrays = []
    for name, value in (("z_a", z_a), ("z_b", z_b), ("t", t)):
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite, got NaN or infinity")
        arrays.append(array.astype(np.float64))
    a, b, t = arrays
    check_same_shape(a, b, ("z_a", "z_b"))
    return a, b, t.reshape(*t.shape, *(1,) * a.ndim)
