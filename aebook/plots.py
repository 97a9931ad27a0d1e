"""Figures of the book: each returns one `Figure`, with alt text made from its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
import math
from typing import Any

from aebook.anatomy import anatomy
from aebook.checks import as_labels, as_samples
from aebook.contours import contours, descent
from aebook.curves import history
from aebook.figure import COLORS, CYCLE, STYLE, Figure, separate
from aebook.lines import lines
from aebook.metrics import ClassError
from aebook.pictures import images, reconstructions
from aebook.rates import learning_rate_range, schedules
from aebook.seeds import seeds
import matplotlib
from matplotlib.colors import to_rgb
from matplotlib.patheffects import withStroke
import numpy as np

__all__ = [
    "COLORS",
    "Figure",
    "anatomy",
    "codes",
    "contours",
    "descent",
    "errors_by_class",
    "history",
    "images",
    "learning_rate_range",
    "lines",
    "reconstructions",
    "schedules",
    "seeds",
]

MOST_POINTS = 5000


@matplotlib.rc_context(STYLE)
def codes(
    codes: Any,
    labels: Any,
    *,
    names: Sequence[str] | None = None,
    title: str | None = None,
) -> Figure:
    """Draw each code as a point, coloured by class, with the name at the class centre.

    Codes of more than two numbers are projected onto their first two principal
    components by scikit-learn; the axis labels say so, and how much variance each
    component keeps. Of many codes at most 5,000 are drawn, evenly chosen; the class
    centres are those of all.

    Args:
        codes: Codes, shape `(n, d)`; further axes are laid out flat. At least two
            numbers a code.
        labels: Class of each code, integers or strings, shape `(n,)`.
        names: Name of each class where the labels are integers: `names[label]`.
        title: What the figure answers.

    Returns:
        The figure; `figure.alt` gives the number of codes and classes, and which
        class centres lie closest and farthest apart.

    Raises:
        TypeError: If the codes do not hold numbers, or the labels are neither
            integers nor strings.
        ValueError: If the codes have fewer than two numbers, are empty or hold NaN,
            if there is not one label per code, or a label has no name.

    Example:
        >>> points = [[0.0, 0.0], [0.0, 2.0], [3.0, 1.0]]
        >>> codes(points, ["a", "a", "b"]).alt
        'Scatter of 3 codes in 2 classes. Class centres closest together: a and b (3
        apart); farthest: a and b (3 apart).'
    """
    z = as_samples(codes, name="codes")
    z = z.reshape(len(z), -1)
    labels = as_labels(labels, len(z))
    points, axis_labels = _in_two_dimensions(z)
    classes = np.unique(labels).tolist()
    titles = _class_names(classes, names)
    centres = [points[labels == c].mean(axis=0) for c in classes]
    step = math.ceil(len(z) / MOST_POINTS)  # more would only hide each other
    shown, drawn = points[::step], f"{len(z)} codes"
    if step > 1:
        drawn = f"{len(shown)} of the {drawn}"
    figure = Figure(_alt_of_codes(drawn, titles, centres, axis_labels), 5.2, title)
    axes = figure.subplots()
    axes.set(xlabel=axis_labels[0], ylabel=axis_labels[1])
    axes.set_aspect("equal", "datalim")  # a distance means the same in both directions
    colors = [CYCLE[i % len(CYCLE)] for i in range(len(classes))]
    axes.scatter(  # all at once: no class lies on top of the others
        shown[:, 0],
        shown[:, 1],
        s=float(np.clip(8000 / len(shown), 4, 25)),
        c=[colors[i] for i in np.searchsorted(classes, labels[::step])],
        alpha=0.6,
        linewidths=0,
    )
    signs = [
        axes.text(
            *(centre[0], centre[1], name),
            ha="center",
            va="center",
            fontweight="bold",
            color="white" if _is_dark(color) else "black",
            bbox={"boxstyle": "round,pad=0.25", "fc": color, "ec": "white"},
        )
        for name, centre, color in zip(titles, centres, colors, strict=True)
    ]
    if step > 1:
        axes.set_title(f"{drawn} drawn", loc="right", fontsize=9, color="#444444")
    separate(signs)
    return figure


def _in_two_dimensions(z: np.ndarray) -> tuple[np.ndarray, tuple[str, str]]:
    if z.shape[1] == 2:
        return z, ("first number of the code", "second number of the code")
    if z.shape[1] < 2 or len(z) < 2:
        raise ValueError(
            "codes must be at least two, of at least two numbers each, "
            f"got shape {z.shape}"
        )
    from sklearn.decomposition import PCA

    pca = PCA(2, svd_solver="covariance_eigh").fit(z)  # exact, and no random signs
    first, second = (
        f"{order} principal component ({share:.0%} of the variance)"
        for order, share in zip(
            ("first", "second"), pca.explained_variance_ratio_, strict=True
        )
    )
    return pca.transform(z), (first, second)


def _is_dark(color: str) -> bool:
    red, green, blue = to_rgb(color)
    return 0.3 * red + 0.59 * green + 0.11 * blue < 0.55


def _alt_of_codes(
    drawn: str, names: list[str], centres: list[np.ndarray], axis_labels: Sequence[str]
) -> str:
    projected = (
        "" if "code" in axis_labels[0] else f", on the {' and '.join(axis_labels)}"
    )
    classes = "1 class" if len(names) == 1 else f"{len(names)} classes"
    alt = f"Scatter of {drawn} in {classes}{projected}."
    pairs = [
        (float(np.linalg.norm(a - b)), f"{name_a} and {name_b}")
        for (a, name_a), (b, name_b) in combinations(
            zip(centres, names, strict=True), 2
        )
    ]
    if pairs:
        (near, which), (far, others) = min(pairs), max(pairs)
        alt += (
            f" Class centres closest together: {which} ({near:.3g} apart); "
            f"farthest: {others} ({far:.3g} apart)."
        )
    return alt


@matplotlib.rc_context(STYLE)
def errors_by_class(
    result: Mapping[Any, ClassError],
    *,
    names: Sequence[str] | None = None,
    title: str | None = None,
) -> Figure:
    """Draw one bar per class, the hardest class on top, with the mean of all images.

    Args:
        result: What `aebook.metrics.error_by_class` returns.
        names: Name of each class where the labels are integers: `names[label]`.
        title: What the figure answers.

    Returns:
        The figure; `figure.alt` lists every class with its error.

    Raises:
        TypeError: If `result` is not such a dict.
        ValueError: If it is empty, or a label has no name.

    Example:
        >>> errors_by_class({0: ClassError(9.0, 2), 1: ClassError(3.0, 4)}).alt
        'Bar chart of the squared error per image in each class, largest first: 0: 9.0;
        1: 3.0. Mean of all 6 images: 5.0.'
    """
    if not isinstance(result, Mapping) or not all(
        isinstance(value, ClassError) for value in result.values()
    ):
        raise TypeError(
            "result must be what aebook.metrics.error_by_class returns, "
            f"got {type(result).__name__}"
        )
    if not result:
        raise ValueError("result is empty; it needs at least one class")
    titles = dict(zip(result, _class_names(list(result), names), strict=True))
    order = sorted(result, key=lambda label: -result[label].error)
    errors = [result[label].error for label in order]
    total = sum(c.n for c in result.values())
    mean = sum(c.error * c.n for c in result.values()) / total
    listed = "; ".join(f"{titles[k]}: {result[k].error:.1f}" for k in order)
    alt = (
        "Bar chart of the squared error per image in each class, largest first: "
        f"{listed}. Mean of all {total} images: {mean:.1f}."
    )
    figure = Figure(alt, 1.1 + 0.27 * len(order), title)
    axes = figure.subplots()
    bars = axes.barh([titles[k] for k in order], errors, color=COLORS["autoencoder"])
    halo = [withStroke(linewidth=3, foreground="white")]
    axes.bar_label(bars, fmt="%.1f", padding=4, fontsize=9, path_effects=halo)
    axes.axvline(mean, color=COLORS["reference"], linestyle=":")
    axes.annotate(
        f"all images {mean:.1f}",
        xy=(mean, 1),
        xycoords=axes.get_xaxis_transform(),
        ha="center",
        va="bottom",
        fontsize=9,
    )
    axes.invert_yaxis()
    axes.set_xlabel("squared error per image, summed over its pixels")
    axes.margins(x=0.08)
    return figure


def _class_names(classes: list[Any], names: Sequence[str] | None) -> list[str]:
    if names is None:
        return [str(label) for label in classes]
    for label in classes:
        if isinstance(label, str) or not 0 <= label < len(names):
            raise ValueError(f"label {label!r} has no name; names has {len(names)}")
    return [str(names[label]) for label in classes]
