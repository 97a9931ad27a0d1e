"""The summary of the comparison as Markdown."""

from __future__ import annotations

import math
import statistics
from typing import Any

__all__ = ["long_table", "number", "problem_table", "tables"]

UNITS = {"mse": "mean per pixel", "sse": "sum per image"}


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
    lines = [
        f"| {problem['label']} | best rate | test, {UNITS[problem['loss']]} | lowest "
        f"| highest | on the plateau | steps to {problem['target']:g} | time a step |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    optimizers = problem["optimizers"]
    for name in sorted(optimizers, key=lambda name: worst_last(optimizers[name])):
        of = optimizers[name]
        steps = [math.inf if s is None else s for s in of["steps_to_target"]]
        lines.append(
            f"| {labels[name]} "
            f"| {of['best_rate']:g}{' (edge)' if of['on_edge'] else ''} | "
            + " | ".join(number(of[key]) for key in ("median", "min", "max"))
            + f" | {of['on_plateau']} of {len(of['seeds'])} "
            f"| {number(statistics.median(steps), 'never')} "
            f"| {number(of['relative_seconds'], digits=2)} |"
        )
    for name, key in (("mean image", "mean_image_test"), ("PCA", "pca_test")):
        lines.append(f"| {name} |  | {number(problem[key])} |" + "  |" * 5)
    return "\n".join(lines) + "\n"


def worst_last(of: dict[str, Any]) -> float:
    """Return the median to sort by; a diverged one is infinite."""
    return math.inf if of["median"] is None else of["median"]


def long_table(summary: dict[str, Any]) -> str:
    """Return what the long runs reach, and at what cost."""
    lines = [
        "| network and optimizer | rate | batch | epochs | test, sum per image "
        "| lowest | highest | training | minutes |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for of in summary["long"].values():
        lines.append(
            f"| {of['label']}, {summary['labels'][of['optimizer']]} | {of['rate']:g} "
            f"| {of['batch_size']} | {of['epochs']:g} | "
            + " | ".join(number(of[key]) for key in ("median", "min", "max"))
            + f" | {number(of['train_median'])} | {of['minutes']:.0f} |"
        )
    for of in list(summary["long"].values())[:1]:
        lines.append(f"| PCA |  |  |  | {number(of['pca_test'])} |" + "  |" * 4)
    return "\n".join(lines) + "\n"


def number(value: float | None, missing: str = "–", digits: int = 4) -> str:
    """Return the first digits of a number, or what stands for none."""
    return missing if value is None or value == math.inf else f"{value:.{digits}g}"
