"""Line charts: any number against any other, each line with its name at its end."""

from __future__ import annotations

from collections.abc import Mapping
import math
from numbers import Real
from typing import Any

from aebook.plots.figure import COLORS, STYLE, Figure, colors_of, label_line_ends
import matplotlib
from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator, NullLocator
import numpy as np

__all__ = ["as_floors", "check_log", "format_log_axis", "lines"]


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
        title: What the figure answers.

    Returns:
        The figure; `figure.alt` names the ends and the extremes of each line.

    Raises:
        TypeError: If `named` is no mapping, or holds anything but numbers.
        ValueError: If it is empty, if two lists differ in length, or if an axis is
            logarithmic and a value is not positive.

    Example:
        >>> lines({"fall": ([1, 2, 4], [9, 3, 5])}, xlabel="step", ylabel="loss").alt
        'Line chart of loss against step. fall: from 9 at 1 to 5 at 4, lowest 3 at 2.'
    """
    data = {str(name): _as_line(name, pair) for name, pair in _checked(named).items()}
    floors, points = as_floors(floors), dict(points or {})
    every_x, every_y = (
        np.concatenate(part) for part in zip(*data.values(), strict=True)
    )
    check_log(
        {"x": every_x, "y": [*every_y, *floors.values()]}, {"x": log_x, "y": log_y}
    )
    figure = Figure(_alt(data, floors, points, xlabel, ylabel), 3.4, title)
    axes, colors, ends = figure.subplots(), colors_of(data), []
    for name, (x, y) in data.items():
        marker = "o" if dots or len(x) == 1 else None
        axes.plot(x, y, color=colors[name], marker=marker, markersize=4, label=name)
        finite = np.flatnonzero(np.isfinite(y))
        if finite.size:
            ends.append((x[finite[-1]], y[finite[-1]], name, colors[name]))
    for name, point in points.items():
        axes.plot(
            *point, "o", color=colors.get(name, COLORS["reference"]), markersize=7
        )
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
    for name, value in floors.items():
        note = f"{name} {value:.4g}"
        axes.axhline(value, color=COLORS["reference"], linestyle=":", label=note)
        ends.append((right, value, note, COLORS["reference"]))
    axes.grid(axis="y")
    if sum(x < right for x, *_ in ends) > 1:  # names at the edge would be far away
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    else:
        label_line_ends(axes, ends)
    return figure


def as_floors(floors: Any) -> dict[str, float]:
    """Return horizontal lines by name, or say what is wrong with them.

    Example:
        >>> as_floors({"PCA": 0.0168})
        {'PCA': 0.0168}
    """
    if not isinstance(floors, Mapping | None):
        raise TypeError(f'floors must be {{"name": value, ...}}, got {floors!r}')
    floors = {str(name): value for name, value in (floors or {}).items()}
    for name, value in floors.items():
        if not isinstance(value, Real) or not math.isfinite(value):
            raise ValueError(f"floor {name!r} must be a finite number, got {value!r}")
    return floors


def format_log_axis(axis: Axis) -> None:
    """Write 0.02 and 5 on a logarithmic axis, or powers of ten over many decades."""
    low, high = axis.get_view_interval()
    if high / low < 1e3:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())


def _checked(named: Any) -> Mapping:
    if not isinstance(named, Mapping):
        raise TypeError(
            f'named must be {{"name": (x, y), ...}}, got {type(named).__name__}'
        )
    if not named:
        raise ValueError("named is empty; give at least one line")
    return named


def _as_line(name: str, pair: Any) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TypeError(f"{name!r} must be a pair of lists (x, y), got {pair!r}")
    x, y = (np.asarray(part) for part in pair)
    if x.dtype.kind not in "biuf" or y.dtype.kind not in "biuf":
        raise TypeError(f"{name!r} must hold real numbers, got {x.dtype} and {y.dtype}")
    if x.ndim != 1 or x.shape != y.shape or not x.size:
        raise ValueError(
            f"{name!r} must be two lists of one length, got shapes {x.shape} and "
            f"{y.shape}"
        )
    if not np.isfinite(x).all():
        raise ValueError(f"x of {name!r} must be finite; remove those entries")
    return x.astype(float), y.astype(float)


def check_log(values: Mapping[str, Any], log: Mapping[str, bool]) -> None:
    """Raise a `ValueError` if a logarithmic axis would have to show 0 or less.

    Example:
        >>> check_log({"y": [0.0, 1.0]}, {"y": True})
        Traceback (most recent call last):
        ValueError: a logarithmic axis needs values > 0; draw it with log_y=False
    """
    for axis, numbers in values.items():
        if log[axis] and (np.asarray(numbers) <= 0).any():
            raise ValueError(
                f"a logarithmic axis needs values > 0; draw it with log_{axis}=False"
            )


def _alt(data: dict, floors: dict, points: dict, xlabel: str, ylabel: str) -> str:
    parts = []
    for name, (x, y) in data.items():
        finite = np.isfinite(y)
        if not finite.any():
            parts.append(f"{name}: no finite value")
            continue
        x, y, lost = x[finite], y[finite], int((~finite).sum())
        text = f"{name}: from {y[0]:.4g} at {x[0]:.4g} to {y[-1]:.4g} at {x[-1]:.4g}"
        for word, i in (("lowest", int(y.argmin())), ("highest", int(y.argmax()))):
            if 0 < i < len(y) - 1:  # else an end, named already
                text += f", {word} {y[i]:.4g} at {x[i]:.4g}"
        parts.append(text + f", {lost} not finite" * bool(lost))
    alt = f"Line chart of {ylabel} against {xlabel}. {'; '.join(parts)}."
    if points:
        dots = ", ".join(f"{n} at ({x:.4g}, {y:.4g})" for n, (x, y) in points.items())
        alt += f" Dot{'s' * (len(points) > 1)}: {dots}."
    if floors:
        listed = ", ".join(f"{name} at {value:.4g}" for name, value in floors.items())
        alt += f" Horizontal line{'s' * (len(floors) > 1)}: {listed}."
    return alt
