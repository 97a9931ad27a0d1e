"""Two questions after the comparison: Adam with Muon's time, Adagrad's first steps.

    python benchmarks/optimizers/followup.py

On the deep network Adam gets eight times the steps, which is the time that Muon takes,
at its rate and at one √10 below; the seed of the search chooses between them. Adagrad
runs at its rate of 1, once with its sum begun at 100, once with a warm-up ten times as
long. All else is the protocol of `run.py`. Takes a quarter of an hour, goes on where it
was stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import keras
from plans import QUICK, SEARCH_SEED
from problems import LOSSES, PROBLEMS, Digits, Problem, build, digits
from rules import WARM_UP, Schedule
from store import SHOWN, read, write
from trial import Trial

__all__ = ["ADAGRAD", "RATES", "TIMES", "follow", "missing"]

RESULTS = SHOWN / "followup.json"
TIMES = 8  # as many steps; one of Muon takes 7.6 times as long as one of descent
RATES = (0.01, 0.003162)  # Adam's best in the comparison, and one √10 below
ADAM_SEEDS, ADAGRAD_SEEDS = (SEARCH_SEED, 1), (1, 2, 3)
ADAGRAD_RATE = 1.0
ADAGRAD: dict[str, tuple[float, float]] = {  # where the sum begins, warm-up
    "warm-up ten times as long": (0.1, 10 * WARM_UP),
    "sum begun at 100": (100.0, WARM_UP),
}
Job = tuple[str, float, int]  # a variant, its rate, a seed


class Adagrad(Trial):
    """A trial of Adagrad with its sum begun elsewhere, or with a longer warm-up."""

    def __init__(
        self, problem: Problem, images: Digits, start: float, warm_up: float
    ) -> None:
        self.start, self.warm_up = start, warm_up
        super().__init__(problem, "adagrad", images)

    def _new(self, seed: int) -> tuple[keras.Model, Schedule]:
        model, schedule = build(self.problem, seed), Schedule(self.problem.steps, True)
        warm = max(1, round(self.warm_up * self.problem.steps))
        schedule.shape = keras.optimizers.schedules.CosineDecay(
            0.0, self.problem.steps - warm, warmup_target=1.0, warmup_steps=warm
        )
        rule = keras.optimizers.Adagrad(schedule, initial_accumulator_value=self.start)
        model.compile(rule, LOSSES[self.problem.loss], jit_compile=True)
        return model, schedule


def missing(runs: list[dict[str, Any]]) -> list[Job]:
    """Return what is still to run; Adam's other seeds come last, at its better rate."""
    done = {(run["variant"], run["rate"], run["seed"]): run for run in runs}
    search: list[Job] = [("Adam", rate, SEARCH_SEED) for rate in RATES]
    jobs = search + [(v, ADAGRAD_RATE, seed) for seed in ADAGRAD_SEEDS for v in ADAGRAD]
    if all(job in done for job in search):
        best = min(search, key=lambda job: done[job]["validation_loss"])[1]
        jobs += [("Adam", best, seed) for seed in ADAM_SEEDS[1:]]
    return [job for job in jobs if job not in done]


def trial_of(variant: str, problem: Problem, images: Digits) -> Trial:
    """Forget the models before, and compile the next."""
    keras.backend.clear_session()
    if variant in ADAGRAD:
        return Adagrad(problem, images, *ADAGRAD[variant])
    return Trial(problem._replace(steps=TIMES * problem.steps), "adam", images)


def follow(
    runs: list[dict[str, Any]], problem: Problem, images: Digits, path: Path | None
) -> list[dict[str, Any]]:
    """Do the runs that are missing, with a line for each."""
    of, trial = None, None
    while jobs := missing(runs):
        variant, rate, seed = jobs[0]
        if trial is None or of != variant:
            of, trial = variant, trial_of(variant, problem, images)
        found = trial.run(rate, seed, final=True)
        run = {"variant": variant, "steps": trial.problem.steps}
        run |= {k: found[k] for k in ("rate", "seed", "validation_loss", "test_loss")}
        run["curve"] = {k: found["curve"][k] for k in ("step", "validation")}
        runs.append(run)
        print(variant, rate, seed, run["test_loss"], found["seconds"], flush=True)
        if path is not None:
            write({"runs": runs}, path)
    return runs


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, or a toy."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="toy size, write no file")
    parser.add_argument("--output", type=Path, default=RESULTS, metavar="FILE")
    options = parser.parse_args(arguments)
    images, problem, path = digits(), PROBLEMS["deep"], options.output
    if options.quick:
        n, held_out = QUICK["images"], QUICK["held_out"]
        sizes = (n, held_out, held_out)
        images = Digits(*(x[:m] for x, m in zip(images, sizes, strict=True)))
        follow([], problem._replace(steps=QUICK["steps"], points=2), images, None)
        return
    follow(read(path)["runs"] if path.exists() else [], problem, images, path)


if __name__ == "__main__":
    main()
