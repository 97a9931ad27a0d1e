"""The error of each class, as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aebook.metrics import ClassError
from aebook.plots import words
from aebook.plots.figure import COLORS, STYLE, Figure
from aebook.plots.floors import draw_upright
from aebook.plots.input_checks import check_named, class_names
import matplotlib
from matplotlib.patheffects import withStroke

__all__ = ["errors_by_class"]

HINT = "pass what aebook.metrics.error_by_class returns"


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
    result = check_named(result, "result", "{label: ClassError, ...}", HINT)
    for label, found in result.items():
        if not isinstance(found, ClassError):
            raise TypeError(
                f"result of {label!r} must be a ClassError, "
                f"got {type(found).__name__}; {HINT}"
            )
    titles = dict(zip(result, class_names(list(result), names), strict=True))
    order = sorted(result, key=lambda label: -result[label].error)
    errors = [result[label].error for label in order]
    total = sum(c.n for c in result.values())
    mean = sum(c.error * c.n for c in result.values()) / total
    listed = words.parts(
        words.CLASS_ERROR.format(name=titles[k], error=result[k].error) for k in order
    )
    alt = words.CLASS_ERRORS.format(listed=listed, count=total, mean=mean)
    figure = Figure(alt, 1.1 + 0.27 * len(order), title)
    axes = figure.subplots()
    bars = axes.barh([titles[k] for k in order], errors, color=COLORS["autoencoder"])
    halo = [withStroke(linewidth=3, foreground="white")]
    axes.bar_label(bars, fmt=words.ERROR, padding=4, fontsize=9, path_effects=halo)
    note = words.MEAN_NOTE.format(mean=mean)
    draw_upright(axes, mean, note, note_color=STYLE["text.color"])
    axes.invert_yaxis()
    axes.set_xlabel(words.CLASS_ERROR_AXIS)
    axes.margins(x=0.08)
    return figure
