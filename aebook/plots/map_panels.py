"""Several maps of the same samples side by side, coloured by what was not mapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aebook.checks import as_labels, as_samples
from aebook.plots import words
from aebook.plots.figure import CYCLE, STYLE, Figure
from aebook.plots.input_checks import check_named, class_names
import matplotlib
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_hex
from matplotlib.lines import Line2D
import numpy as np

__all__ = ["maps"]

MOST_POINTS = 1000  # in all panels together
COLUMNS = 3
SHADES = matplotlib.colormaps["viridis"]


@matplotlib.rc_context(STYLE)
def maps(
    named: Mapping[str, Any],
    labels: Any,
    *,
    names: Sequence[str] | None = None,
    scale: str | None = None,
    title: str | None = None,
) -> Figure:
    """Draw each map as points, all with the colours of the same labels.

    A map has no axis that means anything, so none is drawn; a distance is the same in
    both directions. Of many samples so many are drawn at random that all panels
    together have 1,000 points. A few that lie far off would leave the others no room:
    they are drawn at the edge.

    Args:
        named: The maps, `{"PCA": codes, ...}`, each of shape `(n, 2)`.
        labels: What colours the points, shape `(n,)`: integers or strings for classes,
            or with `scale` numbers from dark to light.
        names: Name of each class where the labels are integers: `names[label]`.
        scale: What the numbers are, with their unit; `None` for classes.
        title: What the figure answers.

    Returns:
        The figure; `figure.alt` says for each map how often the nearest of all other
        points has the same class, or how far apart their numbers are in the median.

    Raises:
        TypeError: If `named` is no mapping, or codes or labels are of another kind.
        ValueError: If maps are empty, hold NaN, are not of two numbers, or there is
            not one label a sample.

    Example:
        >>> points = [[0, 0], [0, 1], [5, 0], [5, 1]]
        >>> maps({"PCA": points}, ["a", "a", "b", "b"]).alt
        'Maps of 4 samples in 2 classes. Nearest point of the same class, PCA: 100%.'
    """
    given = check_named(named, "named", '{"name": codes, ...}', "give at least one map")
    codes = {str(n): as_samples(z, (2,), name=str(n)) for n, z in given.items()}
    count = len(next(iter(codes.values())))
    if wrong := [name for name, z in codes.items() if len(z) != count]:
        raise ValueError(
            f"all maps must be of the same samples; the first has {count}, "
            f"{wrong[0]!r} has {len(codes[wrong[0]])}"
        )
    shades: ScalarMappable | None = None
    key: list[Line2D] = []
    if scale is None:
        values = as_labels(labels, count)
        colors, key = _classes(values, names)
    else:
        values = _numbers(labels, count)
        shades = ScalarMappable(Normalize(values.min(), values.max()), SHADES)
        colors = np.array([to_hex(shade) for shade in shades.to_rgba(values)])
    columns = min(len(codes), COLUMNS)
    rows = -(-len(codes) // columns)
    height = 0.7 + rows * (0.25 + 5.6 / columns)
    figure = Figure(_alt(codes, values, scale), height, title)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    drawn = np.random.default_rng(0).permutation(count)[: MOST_POINTS // len(codes)]
    for axes, (name, z) in zip(grid, codes.items(), strict=False):
        size = float(np.clip(3000 / len(drawn), 3, 16))
        axes.scatter(
            *_within_view(z)[drawn].T,
            s=size,
            c=colors[drawn],
            alpha=0.7,
            linewidths=0,
            clip_on=False,  # all lie inside, and the file is half as large
        )
        axes.set_title(name, fontsize=10)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, color="#BBBBBB")
        axes.set_aspect("equal", "datalim")
    for axes in grid[len(codes) :]:
        axes.set_axis_off()
    if shades is None:
        figure.legend(
            handles=key,
            loc="outside lower center",
            ncols=min(len(key), 10),
            handletextpad=0.1,
            columnspacing=1.0,
            frameon=False,
        )
    else:
        figure.colorbar(
            shades,
            ax=list(grid),
            label=scale,
            location="bottom",
            shrink=0.6,
            aspect=40,
            pad=0.02,
        )
    return figure


def _within_view(z: np.ndarray) -> np.ndarray:
    """Move the few points to the edge that lie far beyond 98 of 100 others."""
    low, high = np.quantile(z, (0.01, 0.99), axis=0)
    beyond = 0.25 * (high - low)
    return z.clip(low - beyond, high + beyond)


def _numbers(labels: Any, count: int) -> np.ndarray:
    numbers = as_samples(labels, (), name="labels")
    if len(numbers) != count:
        raise ValueError(
            f"labels must have one number per sample, {count}, got {len(numbers)}"
        )
    return numbers


def _classes(
    labels: np.ndarray, names: Sequence[str] | None
) -> tuple[np.ndarray, list[Line2D]]:
    """Return the colour of each sample, and a key of the classes."""
    classes, index = np.unique(labels, return_inverse=True)
    titles = class_names(classes.tolist(), names)
    cycle = [CYCLE[i % len(CYCLE)] for i in range(len(classes))]
    key = [
        Line2D([], [], color=color, marker="o", linestyle="none", markersize=5, label=t)
        for t, color in zip(titles, cycle, strict=True)
    ]
    return np.array(cycle)[index], key


def _alt(codes: dict[str, np.ndarray], values: np.ndarray, scale: str | None) -> str:
    from sklearn.neighbors import NearestNeighbors

    found = {}
    for name, z in codes.items() if len(values) > 1 else ():
        near = NearestNeighbors(n_neighbors=1).fit(z).kneighbors(return_distance=False)
        other = values[near[:, 0]]
        found[name] = (
            words.SHARE.format(share=np.mean(values == other))
            if scale is None
            else words.MEDIAN_GAP.format(gap=np.median(np.abs(values - other)))
        )
    listed = words.items(
        words.NAMED_TEXT.format(name=name, text=text) for name, text in found.items()
    )
    if scale is not None:
        return words.SHADED_MAPS.format(count=len(values), scale=scale, listed=listed)
    classes = words.counted(len(np.unique(values)), words.CLASSES)
    return words.CLASS_MAPS.format(count=len(values), classes=classes, listed=listed)
