"""Seconds a step takes with each optimizer, beside plain SGD in the same minute.

    python benchmarks/optimizers/timing.py

The seconds of the runs themselves depend on what else the machine did. Here all
optimizers take turns, so that a busy minute hits them all. Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
import random
import statistics
from typing import Any

import keras
from problems import PROBLEMS, Digits, Problem, digits
from rules import RULES
from store import RESULTS, write
from trial import Trial

ROUNDS, TURN = 7, 55  # a turn is so many steps


def take_turns(
    problem: Problem, images: Digits, rounds: int, steps: int
) -> dict[str, list[float]]:
    """Return the seconds a step, round by round, of each optimizer."""
    keras.backend.clear_session()
    short = problem._replace(steps=steps)
    trials = {name: Trial(short, name, images) for name in RULES}
    rows: dict[str, list[float]] = {name: [] for name in RULES}
    for number in range(rounds):
        for name in random.Random(number).sample(list(RULES), len(RULES)):
            rows[name].append(trials[name].seconds_a_step())
    return rows


def relative(rows: dict[str, list[float]]) -> dict[str, float]:
    """Return the median over the rounds of an optimizer's time over SGD's."""
    return {
        name: statistics.median(
            theirs / sgd for theirs, sgd in zip(taken, rows["sgd"], strict=True)
        )
        for name, taken in rows.items()
    }


def main(arguments: list[str] | None = None) -> None:
    """Time every problem, and write all rounds and their summary."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=RESULTS, metavar="FOLDER")
    folder = parser.parse_args(arguments).output
    results: dict[str, Any] = {
        "cores": os.cpu_count(),
        "steps_a_turn": TURN,
        "seconds": {},
        "summary": {},
    }
    for name, problem in PROBLEMS.items():
        rows = take_turns(problem, digits(), ROUNDS, TURN)
        results["seconds"][name] = {
            optimizer: [float(f"{second:.4g}") for second in taken]
            for optimizer, taken in rows.items()
        }
        results["summary"][name] = {
            optimizer: float(f"{ratio:.4g}")
            for optimizer, ratio in relative(results["seconds"][name]).items()
        }
        print(name, results["summary"][name], flush=True)
    write(results, folder / "timing.json")


if __name__ == "__main__":
    main()
