"""Codes as points of a plane, coloured by class."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from aebook.checks import as_labels, as_samples
from aebook.plots import words
from aebook.plots.axes import separate
from aebook.plots.figure import CYCLE, STYLE, Figure
from aebook.plots.input_checks import class_names
import matplotlib
from matplotlib.colors import to_rgb
import numpy as np

__all__ = ["codes"]

MOST_POINTS = 1000


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
    component keeps. Of more than 1,000 codes 1,000 are drawn, chosen at random, the
    same each time; the class centres are those of all.

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
    titles = class_names(classes, names)
    centres = [points[labels == c].mean(axis=0) for c in classes]
    chosen = _chosen(len(z))
    how_many = words.SOME_CODES if len(chosen) < len(z) else words.ALL_CODES
    drawn = how_many.format(drawn=len(chosen), count=len(z))
    projected = axis_labels if z.shape[1] > 2 else ()
    figure = Figure(_alt(drawn, titles, centres, projected), 5.2, title)
    axes = figure.subplots()
    axes.set(xlabel=axis_labels[0], ylabel=axis_labels[1])
    axes.set_aspect("equal", "datalim")  # a distance means the same in both directions
    colors = [CYCLE[i % len(CYCLE)] for i in range(len(classes))]
    axes.scatter(  # all at once: no class lies on top of the others
        points[chosen, 0],
        points[chosen, 1],
        s=float(np.clip(8000 / len(chosen), 4, 25)),
        c=[colors[i] for i in np.searchsorted(classes, labels[chosen])],
        alpha=0.6,
        linewidths=0,
        clip_on=False,  # all lie inside, and the file is half as large
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
    if len(chosen) < len(z):
        note = words.SOME_CODES_NOTE.format(drawn=len(chosen), count=len(z))
        axes.set_title(note, loc="right", fontsize=9, color="#444444")
    separate(signs)
    return figure


def _chosen(count: int) -> np.ndarray:
    """Return which codes to draw: more would only hide each other.

    Every so many-th would follow the order of the classes where it has a period.
    """
    return np.sort(np.random.default_rng(0).permutation(count)[:MOST_POINTS])


def _in_two_dimensions(z: np.ndarray) -> tuple[np.ndarray, tuple[str, str]]:
    """Return the points and the labels of their axes."""
    if z.shape[1] == 2:
        return z, words.CODE_AXES
    if z.shape[1] < 2 or len(z) < 2:
        raise ValueError(
            "codes must be at least two, of at least two numbers each, "
            f"got shape {z.shape}"
        )
    from sklearn.decomposition import PCA

    pca = PCA(2, svd_solver="covariance_eigh").fit(z)  # exact, and no random signs
    first, second = (
        label.format(share=share)
        for label, share in zip(
            words.COMPONENT_AXES, pca.explained_variance_ratio_, strict=True
        )
    )
    return pca.transform(z), (first, second)


def _is_dark(color: str) -> bool:
    red, green, blue = to_rgb(color)
    return 0.3 * red + 0.59 * green + 0.11 * blue < 0.55


def _alt(
    drawn: str, names: list[str], centres: list[np.ndarray], projected: Sequence[str]
) -> str:
    classes = words.counted(len(names), words.CLASSES)
    alt = words.CODE_MAP.format(codes=drawn, classes=classes)
    if projected:
        alt = words.PROJECTED_CODE_MAP.format(
            codes=drawn, classes=classes, axes=words.both(*projected)
        )
    pairs = [
        (float(np.linalg.norm(a - b)), words.both(name_a, name_b))
        for (a, name_a), (b, name_b) in combinations(
            zip(centres, names, strict=True), 2
        )
    ]
    if not pairs:
        return alt
    (nearest, near), (farthest, far) = min(pairs), max(pairs)
    apart = words.CENTRES.format(near=near, nearest=nearest, far=far, farthest=farthest)
    return words.sentences(alt, apart)
