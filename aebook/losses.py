"""Losses on tensors, each with its unit in its name.

Every loss of a reconstruction returns one value per sample, so it goes straight into
`compile(loss=...)`: Keras then takes the mean over the batch. What happens over the
pixels, mean or sum, is in the name. `aebook.metrics` measures the same quantities on
arrays after training.

Each loss also says it of itself, `loss.unit` and `loss.over_features`, and whoever
needs one of a kind asks for that. A loss of your own takes part by the same attributes:
`my_loss.over_features = "sum"`.
"""

from __future__ import annotations

from collections.abc import Callable
import functools
from typing import Any, TypeVar

from aebook.checks import check_between, check_positive
import keras
from keras import ops
import numpy as np

__all__ = [
    "MaskedMeanSquaredError",
    "bce_per_image",
    "bce_per_pixel",
    "bernoulli_sparsity_kl",
    "gaussian_kl",
    "gaussian_nll_per_image",
    "mae_per_pixel",
    "mse_per_pixel",
    "over_features",
    "squared_error_per_image",
]

register = keras.saving.register_keras_serializable(package="aebook")

SQUARED, NATS = "squared units of x", "nats"
Loss = TypeVar("Loss", bound=Callable)


def says(unit: str, over_features: str, probabilities: bool = False) -> Callable:
    """Let a loss say of itself what its value is.

    Args:
        unit: Unit of its value.
        over_features: `"sum"` or `"mean"`: what is done over the features of a sample.
        probabilities: Whether targets and outputs are probabilities, in [0, 1].

    Returns:
        A decorator, which sets attributes of these names.

    Example:
        >>> mse_per_pixel.unit, mse_per_pixel.over_features
        ('squared units of x', 'mean')
    """

    def saying(loss: Loss) -> Loss:
        loss.unit, loss.over_features = unit, over_features  # type: ignore[attr-defined]
        loss.probabilities = probabilities  # type: ignore[attr-defined]
        return loss

    return saying


def said_of(loss: Any, attribute: str) -> Any:
    """Return what a loss says of itself; `None` if it says nothing.

    Example:
        >>> said_of(functools.partial(gaussian_nll_per_image, log_variance=1.0), "unit")
        'nats'
    """
    while isinstance(loss, functools.partial):
        loss = loss.func
    return getattr(loss, attribute, None)


def over_features(loss: Any) -> str | None:
    """Return what a loss does over the features of a sample: `"sum"` or `"mean"`.

    Args:
        loss: A loss, or the name that Keras has for one.

    Returns:
        What the loss says of itself. Those of Keras say nothing, and are means; of
        others that say nothing it is not known: `None`.

    Example:
        >>> over_features(bce_per_image), over_features("mse")
        ('sum', 'mean')
    """
    said = said_of(loss, "over_features")
    of_keras = (
        isinstance(loss, str | keras.losses.Loss) or loss in vars(keras.losses).values()
    )
    return said or ("mean" if of_keras else None)


# --- errors of the reconstruction


@register
@says(SQUARED, "mean")
def mse_per_pixel(x: Any, x_hat: Any) -> Any:
    r"""Mean squared error over the pixels of each image.

    $$ \mathrm{MSE} = \frac1d \sum_j \left( x_j - \hat x_j \right)^2 $$

    Its mean over the images is Keras' `"mse"`, and `aebook.metrics.mse_per_pixel`.

    Args:
        x: Targets, shape `(batch, ...)`, any number of feature axes.
        x_hat: Reconstructions, same shape.

    Returns:
        One value per image, shape `(batch,)`, ≥ 0, in squared units of `x`, per pixel.

    Raises:
        ValueError: If the shapes differ, or have no axis beside the first.

    Example:
        >>> loss = mse_per_pixel([[0.0, 1.0], [0.5, 0.5]], [[0.0, 0.0], [0.5, 0.0]])
        >>> keras.ops.convert_to_numpy(loss)
        array([0.5  , 0.125], dtype=float32)
    """
    x, x_hat = _pair(x, x_hat)
    return _mean(ops.square(x - x_hat))


@register
@says(SQUARED, "sum")
def squared_error_per_image(x: Any, x_hat: Any) -> Any:
    r"""Squared error of each image, summed over its pixels.

    $$ e = \sum_j \left( x_j - \hat x_j \right)^2 $$

    It is `mse_per_pixel` times the number of pixels: 784 on MNIST. The best weights
    are the same; what changes is the size of the gradients, and the weight of the
    reconstruction beside any other term. `aebook.metrics.squared_error_per_image` is
    the same on arrays.

    Args:
        x: Targets, shape `(batch, ...)`, any number of feature axes.
        x_hat: Reconstructions, same shape.

    Returns:
        One value per image, shape `(batch,)`, ≥ 0, in squared units of `x`.

    Raises:
        ValueError: If the shapes differ, or have no axis beside the first.

    Example:
        >>> x, x_hat = [[0.0, 1.0], [0.5, 0.5]], [[0.0, 0.0], [0.5, 0.0]]
        >>> keras.ops.convert_to_numpy(squared_error_per_image(x, x_hat))
        array([1.  , 0.25], dtype=float32)
    """
    x, x_hat = _pair(x, x_hat)
    return _sum(ops.square(x - x_hat))


@register
@says("units of x", "mean")
def mae_per_pixel(x: Any, x_hat: Any) -> Any:
    r"""Mean absolute error over the pixels of each image.

    $$ \mathrm{MAE} = \frac1d \sum_j \left| x_j - \hat x_j \right| $$

    The best constant under it is the median, not the mean: on images that are mostly
    black it is content with black.

    Args:
        x: Targets, shape `(batch, ...)`, any number of feature axes.
        x_hat: Reconstructions, same shape.

    Returns:
        One value per image, shape `(batch,)`, ≥ 0, in units of `x`, per pixel.

    Raises:
        ValueError: If the shapes differ, or have no axis beside the first.

    Example:
        >>> loss = mae_per_pixel([[0.0, 1.0], [0.5, 0.5]], [[0.0, 0.0], [0.5, 0.0]])
        >>> keras.ops.convert_to_numpy(loss)
        array([0.5 , 0.25], dtype=float32)
    """
    x, x_hat = _pair(x, x_hat)
    return _mean(ops.abs(x - x_hat))


@register
@says(NATS, "mean", probabilities=True)
def bce_per_pixel(x: Any, x_hat: Any) -> Any:
    r"""Binary cross-entropy, mean over the pixels of each image, in nats.

    $$ \mathrm{BCE} = -\frac1d \sum_j
       \left( x_j \log \hat x_j + (1 - x_j) \log (1 - \hat x_j) \right) $$

    Its mean over the images is Keras' `"binary_crossentropy"`. Grey targets are
    allowed, but then the floor is not 0: the lowest value, at $\hat x = x$, is the
    entropy of the pixels. Quote the distance to it, `loss - bce_per_pixel(x, x)`.

    Args:
        x: Targets in [0, 1], shape `(batch, ...)`, any number of feature axes.
        x_hat: Probabilities in [0, 1], not logits, same shape. They are clipped to
            `[epsilon, 1 - epsilon]`, with `keras.config.epsilon()`, 1e-7 unless
            changed, as Keras does: a pixel costs at most 16.1 nats.

    Returns:
        One value per image, shape `(batch,)`, ≥ 0, in nats per pixel.

    Raises:
        ValueError: If the shapes differ, or have no axis beside the first.

    Example:
        >>> loss = bce_per_pixel([[0.0, 1.0], [0.5, 0.5]], [[0.5, 0.5], [0.5, 0.5]])
        >>> keras.ops.convert_to_numpy(loss).round(4)  # log 2, also where x_hat is x
        array([0.6931, 0.6931], dtype=float32)
    """
    return _mean(_cross_entropies(x, x_hat))


@register
@says(NATS, "sum", probabilities=True)
def bce_per_image(x: Any, x_hat: Any) -> Any:
    r"""Binary cross-entropy, summed over the pixels of each image, in nats.

    $$ \mathrm{BCE} = -\sum_j
       \left( x_j \log \hat x_j + (1 - x_j) \log (1 - \hat x_j) \right) $$

    The negative log-likelihood of black and white pixels that are independent given
    the code: the reconstruction term of a variational autoencoder. For grey pixels it
    is no likelihood, and not 0 at best; see `bce_per_pixel`, which is this divided by
    the number of pixels.

    Args:
        x: Targets in [0, 1], shape `(batch, ...)`, any number of feature axes.
        x_hat: Probabilities in [0, 1], not logits, same shape, clipped as in
            `bce_per_pixel`.

    Returns:
        One value per image, shape `(batch,)`, ≥ 0, in nats per image.

    Raises:
        ValueError: If the shapes differ, or have no axis beside the first.

    Example:
        >>> loss = bce_per_image([[0.0, 1.0]], [[0.5, 0.5]])
        >>> keras.ops.convert_to_numpy(loss).round(4)
        array([1.3863], dtype=float32)
    """
    return _sum(_cross_entropies(x, x_hat))


@register
@says(NATS, "sum")
def gaussian_nll_per_image(x: Any, mean: Any, log_variance: Any = 0.0) -> Any:
    r"""Negative log-density of each image under independent Gaussians, in nats.

    $$ -\log p(x) = \tfrac12 \sum_j \left( \log 2\pi + \log \sigma_j^2
       + \frac{(x_j - \mu_j)^2}{\sigma_j^2} \right) $$

    With one fixed variance it is the squared error, scaled and shifted:
    $e / 2\sigma^2$ and a constant. A learnt variance is what that scale should be. A
    density can exceed 1, so the value can be negative.

    Args:
        x: Targets, shape `(batch, ...)`, any number of feature axes.
        mean: Means, same shape.
        log_variance: Logarithms of the variances, one number or an array that
            broadcasts to the shape of `x`. Defaults to 0: variance 1.

    Returns:
        One value per image, shape `(batch,)`, in nats per image, the constant included.

    Raises:
        ValueError: If the shapes differ, or have no axis beside the first.

    Example:
        >>> loss = gaussian_nll_per_image([[0.0, 1.0]], [[0.0, 0.0]])
        >>> keras.ops.convert_to_numpy(loss).round(4)  # log(2 pi) + 1/2
        array([2.3379], dtype=float32)
    """
    x, mean = _pair(x, mean, ("x", "mean"))
    log_variance = ops.cast(_as_floats(log_variance), mean.dtype)
    _check_broadcast(log_variance, x)
    error = ops.square(x - mean) * ops.exp(-log_variance)
    return 0.5 * _sum(np.log(2 * np.pi) + log_variance + error)


# --- errors of sequences


@register
@says(SQUARED, "mean")
class MaskedMeanSquaredError(keras.losses.Loss):
    r"""Mean squared error over the values of the real steps of each sequence.

    $$ \mathrm{MSE} = \frac{1}{|T| d} \sum_{t \in T} \sum_{j=1}^{d}
       \left( x_{tj} - \hat x_{tj} \right)^2, \qquad
       T = \{ t : x_{tj} \neq p \text{ for some } j \} $$

    A step is padding if all its features equal $p$, the `mask_value`. What is put out
    there costs nothing, and does not make a short sequence look easy. Each sequence
    weighs the same, however long.

    Args:
        mask_value: What fills the padded steps. Defaults to 0.
        reduction: As in Keras. Defaults to `"sum_over_batch_size"`, the mean over the
            sequences; `None` keeps one value each.
        name: Name of the loss. Defaults to `"masked_mean_squared_error"`.
        dtype: As in Keras. Defaults to its float type.

    Returns:
        On a call with targets and reconstructions, both `(batch, steps, features)`:
        the mean of one value per sequence, ≥ 0, in squared units of `x`, per value;
        0 for a sequence of padding alone.

    Raises:
        TypeError: If `mask_value` is not a number.
        ValueError: If it is not finite, the shapes differ, or have fewer than 3 axes.

    Example:
        >>> loss = MaskedMeanSquaredError(mask_value=0.0)
        >>> x = [[[1.0, 0.0], [0.0, 0.0]]]  # the second step is padding
        >>> float(loss(x, [[[0.0, 0.0], [9.0, 9.0]]]))
        0.5
    """

    def __init__(
        self,
        mask_value: float = 0.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "masked_mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.mask_value = check_between(mask_value, "mask_value")

    def call(self, x: Any, x_hat: Any) -> Any:
        """Return one value per sequence, shape `(batch,)`."""
        x, x_hat = _pair(x, x_hat)
        if len(x.shape) < 3:
            raise ValueError(
                "x must have at least 3 dimensions (batch, steps, features), got shape "
                f"{tuple(x.shape)}"
            )
        features = tuple(range(2, len(x.shape)))
        real = ops.any(x != self.mask_value, axis=features)  # (batch, steps)
        real = ops.cast(real, x_hat.dtype)
        error = ops.mean(ops.square(x - x_hat), axis=features)
        steps = ops.maximum(ops.sum(real, axis=1), 1)  # so that 0 of 0 steps is 0
        return ops.sum(ops.where(real > 0, error, 0.0), axis=1) / steps

    def get_config(self) -> dict[str, Any]:
        """Return what builds the same loss."""
        return {**super().get_config(), "mask_value": self.mask_value}


# --- terms on the code


@register
@says(NATS, "sum")
def gaussian_kl(mean: Any, log_variance: Any) -> Any:
    r"""KL divergence from a diagonal Gaussian to the standard normal, in nats.

    $$ \mathrm{KL} = \tfrac12 \sum_j
       \left( \mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2 \right) $$

    Summed over the code, not averaged: it stands beside an error summed over the
    pixels, such as `bce_per_image`.

    Args:
        mean: Means, shape `(batch, latent)`, or more axes.
        log_variance: Logarithms of the variances, same shape.

    Returns:
        One value per sample, shape `(batch,)`, ≥ 0, in nats; 0 only for
        `mean = log_variance = 0`.

    Raises:
        ValueError: If the shapes differ, or have no axis beside the first.

    Example:
        >>> loss = gaussian_kl([[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]])
        >>> keras.ops.convert_to_numpy(loss)
        array([0.5, 0. ], dtype=float32)

    Source: Kingma & Welling, "Auto-Encoding Variational Bayes", 2014, appendix B.
    """
    mean, log_variance = _pair(mean, log_variance, ("mean", "log_variance"))
    # expm1 is σ² − 1 without the rounding that could make the whole negative
    return 0.5 * _sum(ops.square(mean) + ops.expm1(log_variance) - log_variance)


@register
@says(NATS, "sum")
def bernoulli_sparsity_kl(rho: float, rho_hat: Any) -> Any:
    r"""How far the mean activations of a code are from a wanted rate, in nats.

    $$ \mathrm{KL} = \sum_j \left( \rho \log \frac{\rho}{\hat\rho_j}
       + (1 - \rho) \log \frac{1 - \rho}{1 - \hat\rho_j} \right) $$

    The penalty of the sparse autoencoder: each unit counts as a coin that should come
    up with probability $\rho$.

    Args:
        rho: Wanted mean activation, in (0, 1), such as 0.05.
        rho_hat: Mean activation of each unit over a batch, shape `(units,)`, in
            [0, 1]: the units must be sigmoids. Clipped to `[epsilon, 1 - epsilon]`
            with `keras.config.epsilon()`; outside, the penalty is constant and its
            gradient 0.

    Returns:
        One number, ≥ 0, in nats, summed over the units (the last axis); 0 only where
        every unit has the wanted rate.

    Raises:
        TypeError: If `rho` is not a number.
        ValueError: If `rho` is not in (0, 1), or `rho_hat` is a single number.

    Example:
        >>> round(float(bernoulli_sparsity_kl(0.5, [0.5, 0.25])), 4)
        0.1438

    Source: Ng, "Sparse autoencoder", CS294A lecture notes, 2011.
    """
    if check_positive(rho, "rho") >= 1:
        raise ValueError(f"rho must be in (0, 1), got {rho}; try 0.05")
    rho_hat = _clip(_as_floats(rho_hat))
    if not len(rho_hat.shape):
        raise ValueError("rho_hat must have an axis of units, got one number")
    on = rho * (np.log(rho) - ops.log(rho_hat))
    off = (1 - rho) * (np.log1p(-rho) - ops.log(1 - rho_hat))
    return ops.sum(on + off, axis=-1)


# --- parts


def _cross_entropies(x: Any, x_hat: Any) -> Any:
    x, x_hat = _pair(x, x_hat)
    x_hat = _clip(x_hat)
    return -(x * ops.log(x_hat) + (1 - x) * ops.log(1 - x_hat))


def _clip(probability: Any) -> Any:
    epsilon = keras.config.epsilon()
    return ops.clip(probability, epsilon, 1 - epsilon)


def _mean(values: Any) -> Any:
    return ops.mean(values, axis=tuple(range(1, len(values.shape))))


def _sum(values: Any) -> Any:
    return ops.sum(values, axis=tuple(range(1, len(values.shape))))


def _as_floats(x: Any) -> Any:
    """Return `x` as a tensor; integers and half precision become float32."""
    x = ops.convert_to_tensor(x)
    exact = keras.backend.standardize_dtype(x.dtype) in ("float32", "float64")
    return x if exact else ops.cast(x, "float32")


def _pair(x: Any, x_hat: Any, names: tuple[str, str] = ("x", "x_hat")) -> tuple:
    x_hat = _as_floats(x_hat)
    x = ops.cast(_as_floats(x), x_hat.dtype)
    a, b = tuple(x.shape), tuple(x_hat.shape)
    # while tracing a size may be None, not known yet
    if len(a) != len(b) or any(
        None not in sizes and sizes[0] != sizes[1] for sizes in zip(a, b, strict=True)
    ):
        raise ValueError(
            f"{names[0]} and {names[1]} must have the same shape, got {a} and {b}; "
            "nothing is broadcast here"
        )
    if len(a) < 2:
        raise ValueError(
            f"{names[0]} must have at least 2 dimensions (batch, ...), got shape {a}; "
            "one sample needs a first axis too: x[None]"
        )
    return x, x_hat


def _check_broadcast(log_variance: Any, x: Any) -> None:
    small, full = tuple(log_variance.shape), tuple(x.shape)
    ends = zip(small[::-1], full[::-1], strict=False)
    if len(small) > len(full) or any(
        a not in (1, None, b) and b is not None for a, b in ends
    ):
        raise ValueError(
            f"log_variance must be one number or broadcast to the shape of x, {full}, "
            f"got shape {small}"
        )
