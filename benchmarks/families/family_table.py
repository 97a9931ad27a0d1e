"""The table of the comparison, from the stored runs."""

from __future__ import annotations

import statistics
from typing import Any

from members import MEMBERS

__all__ = ["COLUMNS", "spread", "table"]

#: Heading, key in a run, digits after the point.
COLUMNS = (
    ("error per image", "error", 2),
    ("linear probe, %", "linear_probe", 1),
    ("5-NN probe, %", "knn_probe", 1),
    ("samples, mixture", "distance", 2),
    ("samples, prior", "prior_distance", 2),
    ("seconds", "seconds", 0),
)
BASELINES = {
    "pixels": "the pixels themselves",
    "pca": "PCA, 32 components",
    "untrained": "random weights, untrained",
}


def spread(values: list[float], digits: int) -> str:
    """Return the median of the seeds, and how far they lie apart: `9.06 ± 0.04`."""
    if not values:
        return "–"
    half = (max(values) - min(values)) / 2
    middle = f"{round(statistics.median(values), digits) + 0:.{digits}f}"  # no -0.00
    return f"{middle} ± {half:.{digits}f}" if len(values) > 1 else middle


def table(results: dict[str, Any]) -> str:
    """Return the table as Markdown: the median of the seeds ± half of their range."""
    rows = [["member", *(heading for heading, _, _ in COLUMNS)]]
    for name, label in BASELINES.items():
        rows.append([label, *_cells([results["baselines"][name]])])
    for name, member in MEMBERS.items():
        runs = [run for run in results["runs"] if run["member"] == name]
        rows.append([member.label, *_cells(runs)])
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, "|---|" + "--:|" * len(COLUMNS))
    return "\n".join(lines)


def _cells(runs: list[dict[str, Any]]) -> list[str]:
    cells = []
    for _, key, digits in COLUMNS:
        scale = 100 if key.endswith("probe") else 1
        cells.append(spread([scale * run[key] for run in runs if key in run], digits))
    return cells
