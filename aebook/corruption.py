"""Corruptions: what a denoising autoencoder is given in the place of its input.

A corruption is a Keras layer that acts in training only. Keras has `GaussianNoise`
and, if the rescaling is wanted, `Dropout`; here are the two others of the field.
"""

from __future__ import annotations

from typing import Any

from aebook.checks import check_count
from aebook.training.adjustable import Adjustable
import keras
from keras import layers, ops

__all__ = ["MaskingNoise", "SaltAndPepper"]


@keras.saving.register_keras_serializable(package="aebook")
class MaskingNoise(layers.Layer):
    r"""Sets each value to 0 with probability `rate`, on its own.

    $$ \tilde x_j = m_j \, x_j, \qquad m_j \sim \mathrm{Bernoulli}(1 - r) $$

    Unlike `keras.layers.Dropout` it does not scale up what remains: the picture loses
    pixels, it does not get brighter.

    Args:
        rate: Probability in [0, 1] that a value is lost. Defaults to 0.5.
        seed: Seed of the draws. Defaults to one from Python's `random`, which
            `keras.utils.set_random_seed` sets.
        **kwargs: Further arguments of `keras.layers.Layer`, such as `name`.

    Raises:
        TypeError: If `rate` is not a number, or `seed` no whole one.
        ValueError: If `rate` is not in [0, 1].

    Example:
        >>> noise = MaskingNoise(rate=1.0)
        >>> x = keras.ops.ones((1, 3))
        >>> keras.ops.convert_to_numpy(noise(x, training=True))
        array([[0., 0., 0.]], dtype=float32)

    Source: Vincent et al., "Extracting and Composing Robust Features with Denoising
    Autoencoders", 2008, section 2.3.
    """

    rate = Adjustable(low=0, high=1)

    def __init__(
        self, rate: float = 0.5, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rate = rate
        self.seed = None if seed is None else check_count(seed, "seed", minimum=0)
        self.noise = keras.random.SeedGenerator(self.seed)

    def call(self, x: Any, training: bool = False) -> Any:
        """Return `x` with values lost, in training; else `x`."""
        if not training:
            return x
        draws = keras.random.uniform(ops.shape(x), seed=self.noise)
        return ops.where(draws < self.rate, ops.zeros_like(x), x)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Return the shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable(package="aebook")
class SaltAndPepper(MaskingNoise):
    r"""Sets each value to 0 or 1, by a coin, with probability `rate`.

    $$ P(\tilde x_j = x_j) = 1 - r, \qquad
       P(\tilde x_j \gets 0) = P(\tilde x_j \gets 1) = r / 2 $$

    Args:
        rate: Probability in [0, 1] that a value is replaced. Defaults to 0.5.
        seed: As in `MaskingNoise`.
        **kwargs: Further arguments of `keras.layers.Layer`, such as `name`.

    Raises:
        TypeError: If `rate` is not a number.
        ValueError: If `rate` is not in [0, 1].

    Example:
        >>> noise = SaltAndPepper(rate=1.0, seed=0)
        >>> x = keras.ops.full((1, 4), 0.5)
        >>> sorted(set(keras.ops.convert_to_numpy(noise(x, training=True))[0].tolist()))
        [0.0, 1.0]

    Source: Vincent et al., "Stacked Denoising Autoencoders", 2010, section 3.3.
    """

    def call(self, x: Any, training: bool = False) -> Any:
        """Return `x` with black and white specks, in training; else `x`."""
        if not training:
            return x
        draws = keras.random.uniform(ops.shape(x), seed=self.noise)
        specks = ops.cast(draws < self.rate / 2, x.dtype)  # half of them white
        return ops.where(draws < self.rate, specks, x)
