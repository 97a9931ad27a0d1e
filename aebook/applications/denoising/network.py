"""The network of a denoiser: a U-Net on squares of pixels."""

from __future__ import annotations

from typing import Any

from aebook.applications.blocks import Blocks
import keras
from keras import layers

__all__ = ["build_network", "reach"]


def build_network(
    channels: int, filters: int, depth: int, skips: bool, residual: bool
) -> keras.Model:
    """Return a network from damaged images to clean ones, of any size it can halve.

    It joins squares of 2 × 2 pixels into channels, so that there are four times fewer
    positions to visit. Each of `depth` steps halves them again and doubles the filters;
    the way back doubles them, and adds what was there on the way down. Without skips
    nothing is added: all that is kept of the image went through the narrowest place,
    as in an autoencoder.

    If residual, what comes out is the noise, which is subtracted from the input: before
    training it is 0. Else it is the image.

    Args:
        channels: 1 for grey, 3 for colour.
        filters: Filters at the first level.
        depth: How many times the positions are halved, after the squares.
        skips: Whether details pass by the narrow place.
        residual: Whether the network puts out the noise rather than the image.

    Returns:
        A model from `(n, height, width, channels)` to the same shape; height and width
        are multiples of 2 · 2^depth.

    Source: Ronneberger, Fischer & Brox, "U-Net", 2015; the noise as output: Zhang et
    al., "Beyond a Gaussian Denoiser", 2017; the squares: Zhang, Zuo & Zhang, "FFDNet",
    2018.
    """
    damaged = keras.Input((None, None, channels))
    h, kept = Blocks(2)(damaged), []
    for level in range(depth):
        h = _twice(h, filters * 2**level)
        kept.append(h)
        h = layers.Conv2D(filters * 2 ** (level + 1), 2, strides=2)(h)
    h = _twice(h, filters * 2**depth)
    for level in reversed(range(depth)):
        h = layers.Conv2DTranspose(filters * 2**level, 2, strides=2)(h)
        h = _twice(h + kept[level] if skips else h, filters * 2**level)
    h = layers.Conv2D(
        4 * channels, 3, padding="same", kernel_initializer="zeros", name="noise"
    )(h)
    drawn = Blocks(2, part=True)(h)
    return keras.Model(damaged, damaged - drawn if residual else drawn)


def reach(depth: int) -> int:
    """Return from how many pixels away, at most, a pixel still changes another.

    Each 3 × 3 convolution at level `l` reaches 2 · 2^l pixels; there are four at each
    level, two at the last, and the one that ends it. A square adds what is left of it.
    """
    of_levels = sum(4 * 2 * 2**level for level in range(depth))
    return of_levels + 2 * 2 * 2**depth + 2 + 2 * 2**depth


def _twice(h: Any, filters: int) -> Any:
    for _ in range(2):
        h = layers.Conv2D(filters, 3, padding="same", activation="relu")(h)
    return h
