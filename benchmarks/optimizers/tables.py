"""The summary of the comparison as Markdown: what the book shows, captions included."""

from __future__ import annotations

import math
import statistics
from typing import Any

import numpy as np

__all__ = ["column", "long_table", "problem_table", "rate", "tables"]

UNITS = {"mse": "mean per pixel", "sse": "sum per image"}
PLACES = {"mse": 4, "sse": 2}  # decimals of a loss


def tables(summary: dict[str, Any]) -> dict[str, str]:
    """Return a table for each problem and one for the long runs."""
    return {
        **{
            name: problem_table(problem, summary["labels"])
            for name, problem in summary["problems"].items()
        },
        "long": long_table(summary),
    }


def problem_table(problem: dict[str, Any], labels: dict[str, str]) -> str:
    """Return the comparison on one problem, best median first."""
    places, optimizers = PLACES[problem["loss"]], problem["optimizers"]
    order = sorted(optimizers, key=lambda name: worst_last(optimizers[name]))
    rows = [optimizers[name] for name in order]
    steps = [
        statistics.median(math.inf if s is None else s for s in of["steps_to_target"])
        for of in rows
    ]
    columns = [
        [labels[name] for name in order],
        [rate(of["best_rate"]) + " (edge)" * of["on_edge"] for of in rows],
        column([of["median"] for of in rows], places, mark=True),
        column([of["min"] for of in rows], places),
        column([of["max"] for of in rows], places),
        [f"{of['no_better']} of {len(of['seeds'])}" for of in rows],
        column(steps, 0, "never", mark=True),
        column([of["relative_seconds"] for of in rows], 1),
    ]
    lines = [
        f"*Table: {problem['label']}. Test error, {UNITS[problem['loss']]}, at the "
        "best of six rates: median, lowest and highest of the seeds. Bold: the lowest "
        "error, the fewest steps.*",
        "",
        "| optimizer | best rate | test | lowest | highest | no better than the mean "
        f"| steps to {problem['target']:g} | time a step |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
        *(f"| {' | '.join(cells)} |" for cells in zip(*columns, strict=True)),
    ]
    for name, key in (("mean image", "mean_image_test"), ("PCA", "pca_test")):
        lines.append(f"| {name} |  | {problem[key]:.{places}f} |" + "  |" * 5)
    return "\n".join(lines) + "\n"


def worst_last(of: dict[str, Any]) -> float:
    """Return the median to sort by; a diverged one is infinite."""
    return math.inf if of["median"] is None else of["median"]


def long_table(summary: dict[str, Any]) -> str:
    """Return what the long runs reach, and at what cost."""
    rows = list(summary["long"].values())
    columns = [
        [f"{of['label']}, {summary['labels'][of['optimizer']]}" for of in rows],
        [rate(of["rate"]) for of in rows],
        [f"{of['batch_size']}" for of in rows],
        [f"{of['epochs']:g}" for of in rows],
        column([of["median"] for of in rows], 2, mark=True),
        column([of["min"] for of in rows], 2),
        column([of["max"] for of in rows], 2),
        column([of["train_median"] for of in rows], 2),
        column([of["minutes"] for of in rows], 0),
    ]
    lines = [
        "*Table: The classic, trained for longer. Error, sum per image: median, lowest "
        "and highest of the seeds on test images, median on training images. Bold: the "
        "lowest.*",
        "",
        "| network and optimizer | rate | batch | epochs | test | lowest | highest "
        "| training | minutes |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
        *(f"| {' | '.join(cells)} |" for cells in zip(*columns, strict=True)),
    ]
    lines += [f"| PCA |  |  |  | {of['pca_test']:.2f} |" + "  |" * 4 for of in rows[:1]]
    return "\n".join(lines) + "\n"


def column(
    values: list[float | None], places: int, missing: str = "–", mark: bool = False
) -> list[str]:
    """Return numbers with as many decimals each, the lowest in bold where asked."""
    finite = [v is not None and math.isfinite(v) for v in values]
    cells = [
        f"{v:.{places}f}" if known else missing
        for v, known in zip(values, finite, strict=True)
    ]
    lowest = min(
        (float(c) for c, known in zip(cells, finite, strict=True) if known),
        default=None,
    )
    return [
        f"**{cell}**" if mark and known and float(cell) == lowest else cell
        for cell, known in zip(cells, finite, strict=True)
    ]


def rate(value: float) -> str:
    """Return a learning rate with two digits, and no power of ten."""
    return np.format_float_positional(value, precision=2, fractional=False, trim="-")
