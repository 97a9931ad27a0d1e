"""A fair comparison of twelve optimizers on three autoencoders.

    python benchmarks/optimizers/run.py

Every optimizer gets the same number of rates, of steps and of seeds. A run that is in
the results already is skipped, so it may be stopped at any time.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
import tempfile
import time

from baselines import scores
import keras
from plans import (
    SEARCH_SEED,
    Plan,
    check_settings,
    file_of,
    full_plan,
    jobs,
    missing,
    quick_plan,
    weight,
)
from problems import LONG, PROBLEMS, Digits, Problem
from store import RESULTS, read, write
from trial import Trial


def run(plan: Plan) -> Iterator[Path]:
    """Do the runs that are missing; yield each file as soon as it is written."""
    trial, of = None, None
    for job in missing(plan):
        if of != (job.problem, job.optimizer):
            of, trial = (job.problem, job.optimizer), None
            trial = fresh_trial(plan.problems[job.problem], job.optimizer, plan.images)
        file = file_of(job, plan)  # the search that it asks for is done by now
        rate = float(file.stem.rpartition("rate")[2])
        done = trial.run(rate, job.seed, final=job.seed != SEARCH_SEED)
        write({"problem": job.problem, "optimizer": job.optimizer, **done}, file)
        yield file


def fresh_trial(problem: Problem, optimizer: str, images: Digits) -> Trial:
    """Forget the models before, and compile the next."""
    keras.backend.clear_session()
    return Trial(problem, optimizer, images)


def follow(plan: Plan) -> None:
    """Run the plan with a line for each run, until it is done or Ctrl-C."""
    todo = missing(plan)
    weights = [weight(job, plan) for job in todo]
    began = time.perf_counter()
    print(f"{len(todo)} of {len(jobs(plan))} runs to do", flush=True)
    try:
        for number, file in enumerate(run(plan), start=1):
            done, taken = read(file), time.perf_counter() - began
            left = taken * sum(weights[number:]) / sum(weights[:number])
            loss = done["validation_loss"]
            print(
                f"{number}/{len(todo)}  {file.stem}  "
                f"{'diverged' if loss is None else f'validation {loss:.5g}'}  "
                f"{done['seconds']:.1f} s  about {left / 60:.0f} min left",
                flush=True,
            )
    except KeyboardInterrupt:
        print("\nstopped; the next call goes on from here")


def store_baselines(plan: Plan) -> None:
    """Score the mean image and PCA, once for each problem."""
    path = plan.folder / "baselines.json"
    known = read(path) if path.exists() else {}
    for name, problem in plan.problems.items():
        known[name] = known.get(name) or scores(problem, plan.images)
    write(known, path)


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="toy size, a few minutes, keep no file"
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=[*PROBLEMS, *LONG],
        metavar="PROBLEM",
        help=f"one of {', '.join([*PROBLEMS, *LONG])}; may be repeated",
    )
    parser.add_argument("--output", type=Path, default=RESULTS, metavar="FOLDER")
    options = parser.parse_args(arguments)
    only = options.only or [*PROBLEMS, *LONG]
    if options.quick:
        with tempfile.TemporaryDirectory() as folder:
            follow(quick_plan(Path(folder), only))
        return
    plan = full_plan(options.output, only)
    check_settings(plan)
    store_baselines(plan)
    follow(plan)


if __name__ == "__main__":
    main()
