"""Line charts: any number against any other, each line with its name at its end."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from aebook.plots import words
from aebook.plots.axes import format_log_axis, label_line_ends
from aebook.plots.figure import COLORS, STYLE, Figure, colors_of
from aebook.plots.floors import as_floors, draw_floors
from aebook.plots.input_checks import as_numbers, check_log, check_named
import matplotlib
import numpy as np

__all__ = ["lines"]


@matplotlib.rc_context(STYLE)
def lines(
    named: Mapping[str, tuple[Any, Any]],
    *,
    xlabel: str,
    ylabel: str,
    floors: Mapping[str, float] | None = None,
    points: Mapping[str, tuple[float, float]] | None = None,
    log_x: bool = False,
    log_y: bool = False,
    dots: bool = False,
    loose: Collection[str] = (),
    title: str | None = None,
) -> Figure:
    """Draw one line for each name, which stands at its end or in a legend.

    Args:
        named: What to draw, `{"Adam": (x, y), ...}`, two lists of one length each.
            Where `y` is not finite the line has a gap.
        xlabel: What `x` is, with its unit.
        ylabel: What `y` is, with its unit.
        floors: Horizontal lines to compare with, `{"PCA": 13.87}`.
        points: Dots to mark, `{"Adam": (x, y)}`, in the colour of the line so named.
        log_x: Whether the x axis is logarithmic.
        log_y: Whether the y axis is logarithmic.
        dots: Whether each pair of the lists gets a dot, as measurements do.
        loose: Names whose pairs are dots with no line between them, as samples are.
        title: What the figure answers.

    Returns:
        The figure; `figure.alt` names the ends and the extremes of each line.

    Raises:
        TypeError: If `named` is no mapping, or holds anything but numbers.
        ValueError: If it is empty, if two lists differ in length, if an axis is
            logarithmic and a value is not positive, or if a loose name is not in it.

    Example:
        >>> lines({"fall": ([1, 2, 4], [9, 3, 5])}, xlabel="step", ylabel="loss").alt
        'Line chart of loss against step. fall: from 9 at 1 to 5 at 4, lowest 3 at 2.'
    """
    given = check_named(
        named, "named", '{"name": (x, y), ...}', "give at least one line"
    )
    data = {str(name): _as_line(name, pair) for name, pair in given.items()}
    if unknown := set(loose) - set(data):
        raise ValueError(
            f"loose must name some of {sorted(data)}, got {sorted(unknown)} as well"
        )
    floors, points = as_floors(floors), dict(points or {})
    every_x, every_y = (
        np.concatenate(part) for part in zip(*data.values(), strict=True)
    )
    check_log(every_x, log_x, "log_x")
    check_log([*every_y, *floors.values()], log_y, "log_y")
    figure = Figure(_alt(data, loose, floors, points, xlabel, ylabel), 3.4, title)
    axes, colors, ends = figure.subplots(), colors_of(data), []
    for name, (x, y) in data.items():
        marker = "o" if dots or len(x) == 1 or name in loose else None
        (line,) = axes.plot(x, y, color=colors[name], marker=marker, label=name)
        line.set(markersize=4, clip_on=marker is None)  # dots at the edge are whole
        if name in loose:
            line.set(linestyle="none", markersize=3, alpha=0.6, markeredgewidth=0)
        finite = np.flatnonzero(np.isfinite(y))
        if finite.size:
            ends.append((x[finite[-1]], y[finite[-1]], name, colors[name]))
    for name, point in points.items():
        color = colors.get(name, COLORS["reference"])
        axes.plot(*point, "o", color=color, markersize=7, clip_on=False)
    axes.set(
        xlabel=xlabel,
        ylabel=ylabel,
        xscale="log" if log_x else "linear",
        yscale="log" if log_y else "linear",
    )
    if log_y:
        format_log_axis(axes.yaxis)
    right = max(x.max() for x, _ in data.values())
    if right > (left := min(x.min() for x, _ in data.values())):
        axes.set_xlim(left, right)
    if log_x:
        format_log_axis(axes.xaxis)
    ends += draw_floors(axes, floors, right)
    axes.grid(axis="y")
    if sum(x < right for x, *_ in ends) > 1:  # names at the edge would be far away
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    else:
        label_line_ends(axes, ends)
    return figure


def _as_line(name: str, pair: Any) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TypeError(f"{name!r} must be a pair of lists (x, y), got {pair!r}")
    x, y = as_numbers(pair[0], f"x of {name!r}"), as_numbers(pair[1], f"y of {name!r}")
    if x.ndim != 1 or x.shape != y.shape or not x.size:
        raise ValueError(
            f"{name!r} must be two lists of one length, got shapes {x.shape} and "
            f"{y.shape}"
        )
    if not np.isfinite(x).all():
        raise ValueError(f"x of {name!r} must be finite; remove those entries")
    return x, y


def _alt(
    data: dict,
    loose: Collection[str],
    floors: dict,
    points: dict,
    xlabel: str,
    ylabel: str,
) -> str:
    lines = words.parts(
        _in_words(name, x, y) if name not in loose else _cloud_in_words(name, x, y)
        for name, (x, y) in data.items()
    )
    return words.sentences(
        words.LINE_CHART.format(y=ylabel, x=xlabel, lines=lines),
        words.marks(words.DOTS, words.DOT_AT, points),
        words.marks(words.HORIZONTAL_LINES, words.VALUE_AT, floors),
    )


def _in_words(name: str, x: np.ndarray, y: np.ndarray) -> str:
    finite = np.isfinite(y)
    if not finite.any():
        return words.NO_VALUE.format(name=name)
    x, y, lost = x[finite], y[finite], int((~finite).sum())
    line = words.LINE.format(name=name, first=y[0], start=x[0], last=y[-1], end=x[-1])
    texts = [line]
    for form, i in ((words.LOWEST, y.argmin()), (words.HIGHEST, y.argmax())):
        if 0 < i < len(y) - 1:  # else an end, named already
            texts.append(form.format(value=y[i], x=x[i]))
    if lost:
        texts.append(words.NOT_FINITE.format(count=lost))
    return words.items(texts)


def _cloud_in_words(name: str, x: np.ndarray, y: np.ndarray) -> str:
    return words.CLOUD.format(
        name=name, count=len(x), left=x.min(), right=x.max(), low=y.min(), high=y.max()
    )
