"""The summary of the comparison and its tables: what the book reads.

python benchmarks/optimizers/report.py
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
import statistics
from typing import Any

from store import RESULTS, SHOWN, best_rate, load_runs, read, write
from tables import tables

__all__ = ["performance_profile", "steps_to", "summarise"]

STAYED = 0.95  # a test loss above this part of the mean image's is on the plateau
AGAIN = {"source_sum"}  # a network once more, with another loss: not counted twice
TAUS = (1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)
Pair = tuple[str, int]  # a problem and a seed: the same weights, the same batches


def steps_to(target: float, curve: dict[str, list]) -> int | None:
    """Return the first recorded step with a validation loss within the target."""
    for step, loss in zip(curve["step"], curve["validation"], strict=True):
        if loss is not None and loss <= target:
            return step
    return None


def performance_profile(steps: dict[str, dict[Pair, int | None]]) -> dict[str, list]:
    """Return, for each optimizer, the part of the pairs that it solves within τ.

    Solved within τ: its steps to the target are at most τ times those of the fastest.
    A pair that nobody solves counts as unsolved by all.
    """
    pairs = {pair for of in steps.values() for pair in of}
    taken = {
        pair: {
            o: math.inf if of.get(pair) is None else of[pair] for o, of in steps.items()
        }
        for pair in pairs
    }
    return {
        optimizer: [
            sum(
                of[optimizer] < math.inf and of[optimizer] <= tau * min(of.values())
                for of in taken.values()
            )
            / len(pairs)
            for tau in TAUS
        ]
        for optimizer in steps
    }


def median(losses: list[float | None]) -> float | None:
    """Return the median; a diverged run is worse than any number."""
    value = statistics.median(math.inf if loss is None else loss for loss in losses)
    return value if math.isfinite(value) else None


def spread(losses: list[float | None]) -> dict[str, Any]:
    """Return median, lowest and highest; `None` where that run diverged."""
    finite = [loss for loss in losses if loss is not None]
    return {
        "median": median(losses),
        "min": min(finite, default=None),
        "max": max(finite) if len(finite) == len(losses) else None,
        "diverged": len(losses) - len(finite),
    }


def row(
    search: list[dict], final: list[dict], target: float, plateau: float
) -> dict[str, Any]:
    """Return what is known of one optimizer on one problem."""
    search = sorted(search, key=lambda run: run["rate"])
    final = sorted(final, key=lambda run: run["seed"])
    best = best_rate(search)
    tests = [run["test_loss"] for run in final]
    return {
        "best_rate": best,
        "on_edge": best in (search[0]["rate"], search[-1]["rate"]),
        "search": [
            [
                run["rate"],
                "diverged"
                if run["validation_loss"] is None
                else run["validation_loss"],
            ]
            for run in search
        ],
        "seeds": [run["seed"] for run in final],
        "test_losses": tests,
        "validation_losses": [run["validation_loss"] for run in final],
        "train_losses": [run["curve"]["train"][-1] for run in final],
        **spread(tests),
        "no_better": sum(t is None or t > STAYED * plateau for t in tests),
        "steps_to_target": [steps_to(target, run["curve"]) for run in final],
        "seconds": statistics.median(run["seconds"] for run in final),
    }


def summarise(folder: Path) -> dict[str, Any]:
    """Return the summary of all runs in a folder."""
    settings, baselines = (
        read(folder / "settings.json"),
        read(folder / "baselines.json"),
    )
    timing = read(folder / "timing.json") if (folder / "timing.json").exists() else {}
    runs = load_runs(folder / "runs")
    problems: dict[str, Any] = {}
    for problem in settings["rates"]:
        target = settings["problems"][problem]["target"]
        plateau = baselines[problem]["mean_image_test"]
        rows = {}
        for optimizer in settings["optimizers"]:
            of = [
                r
                for r in runs
                if (r["problem"], r["optimizer"]) == (problem, optimizer)
            ]
            search = [
                r
                for r in of
                if r["seed"] == settings["search_seed"]
                and r["rate"] in settings["rates"][problem][optimizer]
            ]
            final = [
                r
                for r in of
                if r["seed"] in settings["seeds"]
                and search
                and r["rate"] == best_rate(search)
            ]
            if final:
                relative = timing.get("summary", {}).get(problem, {}).get(optimizer)
                rows[optimizer] = {
                    **row(search, final, target, plateau),
                    "relative_seconds": relative,
                }
        problems[problem] = {
            "label": settings["problems"][problem]["label"],
            "loss": settings["problems"][problem]["loss"],
            "steps": settings["problems"][problem]["steps"],
            "target": target,
            **baselines[problem],
            "profile": profile({problem: rows}),
            "optimizers": rows,
        }
    return {
        "labels": {name: o["label"] for name, o in settings["optimizers"].items()},
        "tau": list(TAUS),
        "profile": profile(
            {name: p["optimizers"] for name, p in problems.items() if name not in AGAIN}
        ),
        "problems": problems,
        "long": {
            name: {
                **long_run([r for r in runs if r["problem"] == name], settings, name),
                **baselines[name],
            }
            for name in settings["problems"]
            if name not in settings["rates"]
            and any(run["problem"] == name for run in runs)
        },
    }


def profile(rows: dict[str, dict[str, Any]]) -> dict[str, list]:
    """Return the performance profiles over some problems."""
    steps: dict[str, dict[Pair, int | None]] = {}
    for problem, of in rows.items():
        for optimizer, result in of.items():
            for seed, taken in zip(
                result["seeds"], result["steps_to_target"], strict=True
            ):
                steps.setdefault(optimizer, {})[problem, seed] = taken
    return performance_profile(steps) if steps else {}


def long_run(runs: list[dict], settings: dict[str, Any], name: str) -> dict[str, Any]:
    """Return what a long training reaches."""
    problem = settings["problems"][name]
    runs = sorted(runs, key=lambda run: run["seed"])
    tests = [run["test_loss"] for run in runs]
    return {
        "label": problem["label"],
        "optimizer": runs[0]["optimizer"],
        "rate": runs[0]["rate"],
        "batch_size": problem["batch_size"],
        "epochs": problem["steps"] * problem["batch_size"] / settings["images"][0],
        "seeds": [run["seed"] for run in runs],
        "test_losses": tests,
        "validation_losses": [run["validation_loss"] for run in runs],
        "train_losses": [run["curve"]["train"][-1] for run in runs],
        **spread(tests),
        "train_median": median([run["curve"]["train"][-1] for run in runs]),
        "minutes": round(min(run["seconds"] for run in runs) / 60, 2),
    }


def main(arguments: list[str] | None = None) -> None:
    """Write the summary and the tables, and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    option = parser.add_argument
    option("--input", type=Path, default=RESULTS, metavar="FOLDER", help="the runs")
    option("--output", type=Path, default=SHOWN, metavar="FOLDER")
    options = parser.parse_args(arguments)
    summary, folder = summarise(options.input), options.output
    write(summary, folder / "summary.json")
    for name, table in tables(summary).items():  # the book shows these
        (folder / f"{name}.md").write_text(table, encoding="utf-8")
        print(table)


if __name__ == "__main__":
    main()
