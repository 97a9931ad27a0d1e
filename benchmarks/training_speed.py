"""Seconds that an epoch of training takes, here and elsewhere, side by side.

    python benchmarks/training_speed.py

The network is 784-128-32-128-784 (relu, relu, relu, sigmoid), trained by Adam on the
mean squared error of all 60,000 training images of MNIST. The contenders take turns
of five epochs, so that a busy minute hits them all. Each keeps its model: what it
compiles, it compiles in its first turn, which is reported apart.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import datetime
import importlib.util
import json
import os
from pathlib import Path
import platform
import random
import statistics
import subprocess
import sys
import time
from typing import Any

from aebook import data
from contenders import CONTENDERS, WIDTHS
import numpy as np

RESULTS = Path(__file__).parent.parent / "aebook" / "results" / "training_speed.json"
BATCH_SIZES = (256, 32)
IMAGES, SMALL_RUN = 60_000, 1_000
SMALL_RUNS = ("ours", "keras", "keras_jit")
QUICK = (6_000, 1, 1)  # images, rounds, epochs a turn
PACKAGES = ("keras", "tensorflow", "numpy", "sklearn", "torch")


def seconds(work: Callable, *arguments: Any) -> tuple[float, Any]:
    """Return how long a call took, and what it returned."""
    began = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - began, result


def take_turns(
    x: np.ndarray, batch_size: int, rounds: int, epochs: int, results: dict[str, Any]
) -> None:
    """Let the contenders train in turns; note seconds an epoch, round by round."""
    first, loss, rows = (
        results[part].setdefault(str(batch_size), {})
        for part in ("first_turn", "loss_after_first_turn", "seconds")
    )
    names = [n for n in CONTENDERS if n != "torch" or importlib.util.find_spec(n)]
    trains = {name: CONTENDERS[name][1](x, batch_size) for name in names}
    for name, train in trains.items():
        first[name], loss[name] = seconds(train, epochs)
        print(f"batch {batch_size}  first turn  {name} {first[name]:.2f} s", flush=True)
    check_fair(loss)
    for number in range(rounds):
        print(f"batch {batch_size}  round {number + 1}/{rounds}", end="", flush=True)
        for name in random.Random(number).sample(names, len(names)):
            taken = seconds(trains[name], epochs)[0] / epochs
            rows.setdefault(name, []).append(taken)
            print(f"  {name} {taken:.3f}", end="", flush=True)
        print()


def check_fair(loss: dict[str, float]) -> None:
    """Stop if those that start from the same weights do not learn the same."""
    for name in loss.keys() & {"bare", "keras", "keras_jit"}:
        if abs(loss[name] / loss["ours"] - 1) > 0.05:  # each shuffles in its own way
            raise SystemExit(f"{name} ends at {loss[name]}, ours at {loss['ours']}")


def measure_small_run(x: np.ndarray, repeats: int, results: dict[str, Any]) -> None:
    """Note the seconds of a new model's first epoch on few images, compiling it."""
    for number in range(repeats):
        for name in SMALL_RUNS:
            train = CONTENDERS[name][1](x[:SMALL_RUN], 32)
            taken = results["small_run"].setdefault(name, [])
            taken.append(seconds(train, 1)[0])
            print(f"small run {number + 1}/{repeats}  {name} {taken[-1]:.2f} s")


def measure_memory(images: int, results: dict[str, Any]) -> None:
    """Note by how much an epoch raises the peak memory of a process of its own."""
    if sys.platform == "win32":  # does not tell the peak
        return
    for name in ("ours", "keras"):
        command = [sys.executable, __file__, "--memory-of", name, str(images)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        results["memory_growth_mib"][name] = float(done.stdout)
        print(f"memory growth  {name} {float(done.stdout):.0f} MiB", flush=True)


def memory_growth(name: str, images: int) -> float:
    """Return the growth of this process' peak memory in an epoch, in MiB."""
    import resource

    def peak() -> float:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20

    x = np.random.default_rng(0).random((images, WIDTHS[0]), np.float32)
    train = CONTENDERS[name][1](x, 256)
    before = peak()
    train(1)
    return peak() - before


# --- reporting


def empty_results(images: int, epochs: int) -> dict[str, Any]:
    """Return results without a measurement: what ran where."""
    parts = ("first_turn", "loss_after_first_turn", "seconds", "small_run")
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {},
        "layers": WIDTHS,
        "images": images,
        "epochs_a_turn": epochs,
        **{part: {} for part in (*parts, "memory_growth_mib")},
    }


def cpu_model() -> str:
    """Return the name that the processor gives itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        return platform.processor()
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model n")]
    return names[0] if names else platform.machine()


def summarise(rows: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Return median, lowest and highest; `ratio` is the median of time over ours."""
    return {
        name: {
            "median": statistics.median(taken),
            "min": min(taken),
            "max": max(taken),
            "ratio": statistics.median(
                a / b for a, b in zip(taken, rows["ours"], strict=False)
            ),
        }
        for name, taken in rows.items()
        if rows.get("ours")
    }


def table(results: dict[str, Any]) -> str:
    """Return the results as Markdown."""
    lines = []
    for batch_size, rows in results["seconds"].items():
        lines += [
            f"| batch {batch_size}, seconds an epoch | median | min | max "
            "| times ours | first turn |",
            "|---|--:|--:|--:|--:|--:|",
        ]
        summary = summarise(rows)
        for name in [name for name in CONTENDERS if name in summary]:
            row = summary[name]
            numbers = (row[key] for key in ("median", "min", "max"))
            lines.append(
                f"| {CONTENDERS[name][0]} | "
                + " | ".join(f"{number:.3f}" for number in numbers)
                + f" | {row['ratio']:.2f} "
                f"| {results['first_turn'][batch_size][name]:.1f} |"
            )
        lines.append("")
    lines += [
        f"| new model, 1 epoch of {SMALL_RUN:,} images | seconds | memory growth, "
        f"{results['images']:,} images |",
        "|---|--:|--:|",
    ]
    for name, taken in results["small_run"].items():
        growth = results["memory_growth_mib"].get(name)
        lines.append(
            f"| {CONTENDERS[name][0]} | {statistics.median(taken):.2f} "
            f"| {'' if growth is None else f'{growth:.0f} MiB'} |"
        )
    return "\n".join(lines)


def run(images: int, rounds: int, epochs: int, results: dict[str, Any]) -> None:
    """Measure everything into `results`."""
    measure_memory(images, results)  # first: a child's peak begins at our own size
    found = [name for name in PACKAGES if importlib.util.find_spec(name)]
    results["packages"] = {n: importlib.import_module(n).__version__ for n in found}
    x = data.flatten(data.load_mnist(validation=0).x_train[:images])
    measure_small_run(x, rounds, results)
    for batch_size in BATCH_SIZES:
        take_turns(x, batch_size, rounds, epochs, results)


def main(arguments: list[str] | None = None) -> None:
    """Measure, or print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    option = parser.add_argument
    option("--quick", action="store_true", help="6,000 images, 1 round, no file")
    option("--rounds", type=int, default=5, help="turns of each (default: 5)")
    option("--output", type=Path, default=RESULTS, metavar="FILE")
    option("--table", action="store_true", help="print the stored results only")
    option("--memory-of", nargs=2, metavar=("NAME", "IMAGES"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.memory_of:
        name, images = options.memory_of
        return print(memory_growth(name, int(images)))
    if options.table:
        return print(table(json.loads(options.output.read_text(encoding="utf-8"))))
    images, rounds, epochs = QUICK if options.quick else (IMAGES, options.rounds, 5)
    results = empty_results(images, epochs)
    try:
        run(images, rounds, epochs, results)
    except KeyboardInterrupt:
        print("\nstopped; no file is written")
    else:
        results["summary"] = {k: summarise(v) for k, v in results["seconds"].items()}
        if not options.quick:
            text = json.dumps(results, indent=1)
            options.output.write_text(text + "\n", encoding="utf-8")
    print(table(results))


if __name__ == "__main__":
    main()
