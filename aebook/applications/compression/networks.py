"""The networks of a codec, trained for rate and distortion at once."""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any, ClassVar

from aebook.applications.blocks import Blocks
from aebook.models import Autoencoder
import keras
from keras import layers, ops
import numpy as np
from sklearn.decomposition import PCA

__all__ = [
    "SCALES",
    "FactorisedPrior",
    "RateDistortion",
    "build_networks",
    "start_from_pca",
]

#: Scales of the logistic distributions among which a hyperprior chooses.
SCALES = [0.05 * 1.18**i for i in range(40)]  # to 31.8
STEP = math.log(1.18)  # from one scale to the next
SMALLEST = 1e-9  # probability that a logarithm still takes


def _logistic_mass(y: Any, mean: Any, scale: Any) -> Any:
    """Return the mass of a logistic distribution within 1/2 of `y`.

    It is symmetric: taken on the lower side, two numbers near 1 are never subtracted.
    """
    below = -ops.abs(y - mean)
    return ops.sigmoid((below + 0.5) / scale) - ops.sigmoid((below - 0.5) / scale)


class FactorisedPrior(layers.Layer):
    r"""How probable each number of a code is, one distribution a channel.

    $$ P(y) = \sum_k \pi_k \left[ \sigma\!\left(\tfrac{y + 1/2 - \mu_k}{s_k}\right) -
       \sigma\!\left(\tfrac{y - 1/2 - \mu_k}{s_k}\right) \right] $$

    A mixture of three logistic distributions. The position in the image and the other
    numbers of the code do not matter: hence *factorised*.

    Source: the idea is that of Ballé, Minnen, Singh, Hwang & Johnston, "Variational
    Image Compression with a Scale Hyperprior", 2018, who learn a freer density.
    """

    def build(self, input_shape: tuple) -> None:
        """Make the weights: three weights, means and log-scales a channel."""
        shape = (input_shape[-1], 3)
        self.logits = self.add_weight(shape=shape, initializer="zeros")
        self.means = self.add_weight(shape=shape, initializer="zeros")
        self.log_scales = self.add_weight(shape=shape, initializer="zeros")
        self.log_scales.assign(
            ops.zeros(shape) + ops.convert_to_tensor([-1.0, 0.0, 2.0])
        )

    def call(self, y: Any) -> Any:
        """Return the bits that each number costs, shape of `y`."""
        mass = _logistic_mass(y[..., None], self.means, ops.exp(self.log_scales))
        mass = ops.sum(ops.softmax(self.logits) * mass, axis=-1)
        return -ops.log2(ops.maximum(mass, SMALLEST))


@keras.saving.register_keras_serializable(package="aebook")
class RateDistortion(Autoencoder):
    r"""An autoencoder that pays for the bits of its code.

    $$ L = R + \lambda \, 255^2 \, \mathrm{MSE} $$

    $R$ is in bits per pixel, the squared error a mean per pixel and channel in 8-bit
    levels. In training a code gets uniform noise of ±1/2 in the place of rounding,
    which has no gradient; after it, `bottleneck` rounds. In the history
    `reconstruction` is $\lambda \, 255^2 \, \mathrm{MSE}$ and `rate` is $R$.

    Args:
        encoder: As in `Autoencoder`; images to `(rows, columns, channels)`.
        decoder: As in `Autoencoder`.
        hyper_encoder: From a code to what describes its scales, or `None` for a
            factorised prior.
        hyper_decoder: From there to an index into `SCALES` for each number of the
            code, or `None`.
        pixels: Pixels for which one position of the code stands.
        **kwargs: Further arguments of `keras.Model`, such as `name`.

    Source: Ballé, Laparra & Simoncelli, "End-to-end Optimized Image Compression",
    2017; for the hyperprior Ballé et al., 2018.
    """

    terms: ClassVar[tuple[str, ...]] = ("rate",)

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        hyper_encoder: Any,
        hyper_decoder: Any,
        *,
        pixels: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        self.hyper_encoder, self.hyper_decoder = hyper_encoder, hyper_decoder
        self.pixels = pixels
        self.noise = keras.random.SeedGenerator()
        self.prior = FactorisedPrior()
        self.prior.build((hyper_encoder or encoder).output_shape)

    def bottleneck(self, h: Any, training: bool = False) -> Any:
        """Return `h` rounded; in training, with noise in the place of rounding."""
        y = self._quantised(h, training)
        if self.hyper_encoder is None:
            bits = ops.sum(self.prior(y), axis=(1, 2, 3))
        else:
            z = self._quantised(self.hyper_encoder(h), training)
            scale = SCALES[0] * ops.exp(STEP * self.hyper_decoder(z))
            mass = _logistic_mass(y, 0.0, ops.clip(scale, SCALES[0], SCALES[-1]))
            bits = ops.sum(self.prior(z), axis=(1, 2, 3)) - ops.sum(
                ops.log2(ops.maximum(mass, SMALLEST)), axis=(1, 2, 3)
            )
        positions = ops.cast(ops.shape(y)[1] * ops.shape(y)[2], bits.dtype)
        self.add_term("rate", bits / (positions * self.pixels))
        return y

    def _quantised(self, y: Any, training: bool) -> Any:
        if not training:
            return ops.round(y)
        return y + keras.random.uniform(ops.shape(y), -0.5, 0.5, seed=self.noise)


def build_networks(
    channels: int, strides: Sequence[int], latent: int, width: int, hyper: int
) -> list[Any]:
    """Return encoder, decoder and, with `hyper` channels, the two of a hyperprior.

    Encoder and decoder are a linear map of whole blocks plus a network, which adds
    nothing before it is trained. Each step of the network joins squares of positions by
    a dense layer. Where there are several steps, neighbours meet in a 3 × 3 convolution
    after each.
    """
    several, block = len(strides) > 1, math.prod(strides)
    picture = keras.Input((None, None, channels))
    h = picture
    for s in strides:
        h = _refined(_dense(width)(Blocks(s)(h)), width, several)
    linear = layers.Dense(latent, name="linear")(Blocks(block)(picture))
    encoder = keras.Model(picture, linear + _silent(latent)(h))
    code = keras.Input((None, None, latent))
    h = _dense(width)(code)
    for s in reversed(strides[1:]):
        h = _refined(h, width, several)
        h = Blocks(s, part=True)(_dense(width * s * s)(h))
    h = _silent(channels * strides[0] ** 2)(_refined(h, width, several))
    linear = layers.Dense(channels * block**2, name="linear")(code)
    drawn = Blocks(strides[0], part=True)(h) + Blocks(block, part=True)(linear)
    decoder = keras.Model(code, drawn)
    if not hyper:
        return [encoder, decoder, None, None]
    y = keras.Input((None, None, latent))
    h = _refined(_dense(width)(ops.abs(y)), width, several)
    hyper_encoder = keras.Model(y, layers.Dense(hyper)(h))
    z = keras.Input((None, None, hyper))
    index = layers.Dense(latent, name="index")(_dense(width)(z))
    return [encoder, decoder, hyper_encoder, keras.Model(z, index)]


def start_from_pca(network: RateDistortion, x: np.ndarray, weight: float) -> None:
    r"""Set the linear maps to the principal components of the blocks of `x`.

    Each component is divided by the width of a step that is best for PCA at high
    rates, so that rounding to whole numbers is worth what it costs:
    $\Delta^2 = 6 c / (\lambda \, 255^2 \ln 2)$ for $c$ channels.

    Args:
        network: What is to be trained.
        x: Images, shape `(n, height, width, channels)`.
        weight: The weight of the distortion, lambda.
    """
    side = math.isqrt(network.pixels)
    blocks = ops.convert_to_numpy(Blocks(side)(x[:: max(1, len(x) // 4000)]))
    blocks = blocks.reshape(-1, blocks.shape[-1])
    latent = network.encoder.output_shape[-1]
    pca = PCA(min(latent, *blocks.shape), svd_solver="covariance_eigh").fit(blocks)
    delta = math.sqrt(6 * x.shape[-1] / (weight * 255**2 * math.log(2)))
    axes = np.zeros((latent, blocks.shape[1]))
    axes[: len(pca.components_)] = pca.components_
    into, out = network.encoder.get_layer("linear"), network.decoder.get_layer("linear")
    into.set_weights([axes.T / delta, -axes @ pca.mean_ / delta])
    out.set_weights([axes * delta, pca.mean_])
    spread = np.full(latent, 0.1)
    spread[: len(pca.components_)] = np.sqrt(pca.explained_variance_) / delta
    if network.hyper_decoder is None:
        scales = np.log(np.maximum(spread, 0.1)[:, None] * [0.1, 0.3, 0.7])
        network.prior.log_scales.assign(scales)
    else:
        kernel, _ = network.hyper_decoder.get_layer("index").get_weights()
        index = np.log(np.maximum(spread, 0.1) / 2 / SCALES[0]) / STEP
        network.hyper_decoder.get_layer("index").set_weights([kernel, index])


def _silent(width: int) -> layers.Layer:
    """Return a layer that puts out 0 until it is trained."""
    return layers.Dense(width, kernel_initializer="zeros")


def _dense(width: int) -> layers.Layer:
    return layers.Dense(width, activation="relu")


def _refined(h: Any, width: int, refine: bool) -> Any:
    """Return `h` plus what a convolution makes of it and its neighbours."""
    if not refine:
        return h
    return h + layers.Conv2D(width, 3, padding="same", activation="relu")(h)
