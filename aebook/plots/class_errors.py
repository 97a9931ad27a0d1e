"""The error of each class, as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aebook.metrics import ClassError
from aebook.plots.code_maps import class_names
from aebook.plots.figure import COLORS, STYLE, Figure
import matplotlib
from matplotlib.patheffects import withStroke

__all__ = ["errors_by_class"]


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
    titles = dict(zip(result, class_names(list(result), names), strict=True))
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
