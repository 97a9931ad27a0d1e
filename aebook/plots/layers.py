"""What every layer of an autoencoder says about one image, from left to right."""

from __future__ import annotations

import math
from typing import Any

from aebook.checks import as_samples
from aebook.plots import words
from aebook.plots.figure import STYLE, Figure
import matplotlib
from matplotlib.axes import Axes
import numpy as np

__all__ = ["anatomy"]

ROWS = 16  # cells down a grid of units, or more where it would be wide


@matplotlib.rc_context(STYLE)
def anatomy(model: Any, x: Any, *, title: str | None = None) -> Figure:
    """Draw one image, the values of each dense layer it causes, and what comes out.

    Each square is one number: white is 0, purple above it, orange below; the depth of
    the colour is relative to the largest number of its layer.

    Args:
        model: An `aebook.models.Autoencoder` of dense layers.
        x: One image in [0, 1] as the model takes it: `(28, 28)`, or flat and square.
        title: What the figure answers.

    Returns:
        The figure; `figure.alt` gives the width of each layer, and how many of its
        numbers are 0.

    Raises:
        TypeError: If `x` does not hold numbers.
        ValueError: If `x` is not one image that the model takes, or a layer is none
            of dense units.

    Example:
        >>> from aebook.models import Autoencoder, dense
        >>> model = Autoencoder(*dense((8, 8), latent_dim=4, hidden=(16,)))
        >>> anatomy(model, np.zeros((8, 8))).alt
        'An image of 64 pixels passes through layers of 16, 4 (the code), 16 numbers to
        a drawing of 64 pixels. Numbers that are 0: 16 of 16, 4 of 4, 16 of 16.'
    """
    shape = model.encoder.input_shape[1:]
    x = as_samples(np.asarray(x)[None], shape, low=0, high=1)
    values = _values(model, x)
    *hidden, drawn = values
    code = len([w for w in model.encoder.weights if len(w.shape) == 2]) - 1
    figure = Figure(_alt(x.size, hidden, code), 2.6, title)
    axes = figure.subplots(
        1, len(values) + 1, width_ratios=[1.6, *[1] * len(hidden), 1.6]
    )
    ends = ((axes[0], x, words.INPUT), (axes[-1], drawn, words.OUTPUT))
    for axis, image, name in ends:
        _draw_image(axis, image, words.LAYER_PIXELS.format(layer=name, count=x.size))
    for i, (axis, layer) in enumerate(zip(axes[1:-1], hidden, strict=True)):
        name = words.ENCODER if i < code else words.DECODER
        name = words.CODE if i == code else name
        _draw_units(
            axis, layer, words.LAYER_NUMBERS.format(layer=name, count=len(layer))
        )
    return figure


def _alt(pixels: int, hidden: list[np.ndarray], code: int) -> str:
    widths = (
        (words.CODE_WIDTH if i == code else words.WIDTH).format(count=len(layer))
        for i, layer in enumerate(hidden)
    )
    zeros = (
        words.ZEROS.format(zeros=int((layer == 0).sum()), count=len(layer))
        for layer in hidden
    )
    return words.ANATOMY.format(
        pixels=pixels, widths=words.items(widths), zeros=words.items(zeros)
    )


def _values(model: Any, x: np.ndarray) -> list[np.ndarray]:
    """Return the output of each dense layer, as one row of numbers."""
    import keras

    values, y = [], keras.ops.convert_to_tensor(x)
    for layer in [*model.encoder.layers, *model.decoder.layers]:
        y = layer(y)
        if isinstance(layer, keras.layers.Dense):
            values.append(keras.ops.convert_to_numpy(y).ravel())
        elif layer.weights:
            raise ValueError(
                f"{type(layer).__name__} {layer.name!r} has no row of units to draw; "
                "anatomy shows dense networks"
            )
    return values


def _draw_image(axis: Axes, image: np.ndarray, name: str) -> None:
    side = math.isqrt(image.size)
    if side**2 != image.size:
        raise ValueError(f"x must be a square image, got {image.size} pixels")
    axis.imshow(image.reshape(side, side), vmin=0, vmax=1)
    _label(axis, name)


def _draw_units(axis: Axes, layer: np.ndarray, name: str) -> None:
    """Lay the numbers out row by row in a grid that is higher than wide."""
    across = math.ceil(len(layer) / max(ROWS, math.isqrt(2 * len(layer))))
    grid = np.full(math.ceil(len(layer) / across) * across, np.nan)
    grid[: len(layer)] = layer
    limit = np.nanmax(np.abs(grid)) or 1
    axis.imshow(grid.reshape(-1, across), cmap="PuOr", vmin=-limit, vmax=limit)
    _label(axis, name)


def _label(axis: Axes, name: str) -> None:
    axis.set(xticks=[], yticks=[])
    axis.set_xlabel(name, fontsize=9)
    for spine in axis.spines.values():
        spine.set(visible=True, color="#BBBBBB")
