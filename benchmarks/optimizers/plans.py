"""What is to run: every rate, every seed, and which of it is missing."""

from __future__ import annotations

from importlib import import_module
import itertools
import os
from pathlib import Path
import platform
from typing import Any, NamedTuple

from problems import LONG, PROBLEMS, Digits, Problem, digits
from rules import RULES, WARM_UP, hyper, rates
from store import best_rate, name_of, read, write

__all__ = [
    "SEARCH_SEED",
    "Job",
    "Plan",
    "check_settings",
    "file_of",
    "full_plan",
    "jobs",
    "missing",
    "quick_plan",
    "weight",
]

SEARCH_SEED = 0
SEEDS = (1, 2, 3, 4, 5)
PACKAGES = ("keras", "tensorflow", "numpy", "sklearn")
MUON_COSTS = 5  # about as many times the others, for the estimate of the time left
QUICK = {"images": 2_000, "held_out": 500, "steps": 20}


class Plan(NamedTuple):
    """What to run, and where to keep it."""

    folder: Path
    problems: dict[str, Problem]
    rates: dict[tuple[str, str], list[float]]  # of each (problem, optimizer)
    seeds: tuple[int, ...]
    images: Digits
    long: tuple[str, ...] = ()


class Job(NamedTuple):
    """One run; the rate of a final run is the best one of the search."""

    problem: str
    optimizer: str
    seed: int
    rate: float | None


def jobs(plan: Plan) -> list[Job]:
    """Return every run of the plan, the search before the seeds that need it."""
    every = []
    for (problem, optimizer), grid in plan.rates.items():
        every += [Job(problem, optimizer, SEARCH_SEED, rate) for rate in grid]
        every += [Job(problem, optimizer, seed, None) for seed in plan.seeds]
    for name in plan.long:
        of = LONG[name]
        every += [Job(name, of.optimizer, seed, of.rate) for seed in of.seeds]
    return every


def file_of(job: Job, plan: Plan) -> Path | None:
    """Return where the run is kept; `None` while its rate is not known yet."""
    rate = job.rate
    if rate is None:
        grid = plan.rates[job.problem, job.optimizer]
        files = [file_of(job._replace(seed=SEARCH_SEED, rate=r), plan) for r in grid]
        if not all(file is not None and file.exists() for file in files):
            return None
        rate = best_rate([read(file) for file in files if file is not None])
    return plan.folder / "runs" / name_of(job.problem, job.optimizer, job.seed, rate)


def missing(plan: Plan) -> list[Job]:
    """Return the runs that are not in the results."""
    files = {job: file_of(job, plan) for job in jobs(plan)}
    return [job for job, file in files.items() if file is None or not file.exists()]


def full_plan(folder: Path, only: list[str]) -> Plan:
    """Return the committed comparison, or the problems of it that are named."""
    return Plan(
        folder,
        {**PROBLEMS, **{name: of.problem for name, of in LONG.items()}},
        {(p, o): rates(o, p) for p in PROBLEMS if p in only for o in RULES},
        SEEDS,
        digits(),
        long=tuple(name for name in LONG if name in only),
    )


def quick_plan(folder: Path, only: list[str]) -> Plan:
    """Return the comparison at toy size: every optimizer, two rates, one seed."""
    n, held_out, steps = QUICK["images"], QUICK["held_out"], QUICK["steps"]
    plan = full_plan(folder, only)
    return plan._replace(
        problems={
            name: problem._replace(steps=steps, points=2)
            for name, problem in plan.problems.items()
        },
        rates={key: grid[2:4] for key, grid in plan.rates.items()},
        seeds=SEEDS[:1],
        images=Digits(
            *(x[:m] for x, m in zip(plan.images, (n, held_out, held_out), strict=True))
        ),
        long=(),
    )


def weight(job: Job, plan: Plan) -> float:
    """Return about how long a run takes, in no unit."""
    problem = plan.problems[job.problem]
    widths = (784, *problem.hidden, problem.latent)
    products = sum(a * b for a, b in itertools.pairwise(widths))
    return products * problem.steps * (MUON_COSTS if job.optimizer == "muon" else 1)


def settings(plan: Plan) -> dict[str, Any]:
    """Return what every run has in common: what was run where, and how."""
    return {
        "python": platform.python_version(),
        "packages": {name: import_module(name).__version__ for name in PACKAGES},
        "cores": os.cpu_count(),
        "images": [len(part) for part in plan.images],
        "search_seed": SEARCH_SEED,
        "seeds": list(plan.seeds),
        "warm_up": WARM_UP,
        "problems": {
            name: {**problem._asdict(), "hidden": list(problem.hidden)}
            for name, problem in plan.problems.items()
        },
        "optimizers": {
            name: {"label": rule.label, "averages": rule.averages, **hyper(name)}
            for name, rule in RULES.items()
        },
        "rates": {
            problem: {optimizer: rates(optimizer, problem) for optimizer in RULES}
            for problem in PROBLEMS
        },
    }


def check_settings(plan: Plan) -> None:
    """Store the settings; refuse to mix runs of other problems or optimizers."""
    path, ours = plan.folder / "settings.json", settings(plan)
    if path.exists():
        theirs = read(path)
        asked = {problem for problem, _ in plan.rates} | set(plan.long)
        for name in asked & theirs["problems"].keys():
            if theirs["problems"][name] != ours["problems"][name]:
                raise SystemExit(f"{path} has another {name}; delete its runs first")
        for part in ("optimizers", "images", "warm_up"):
            if theirs[part] != ours[part]:
                raise SystemExit(f"{path} has other {part}; delete its folder first")
    write(ours, path)
