"""Does the course of the rate matter? Three courses, three highest rates, two budgets.

    python benchmarks/schedules.py

The network, the digits and the courses are those of the chapter on optimizers, with
three seeds and with half of its budget beside the whole. Takes about six minutes.
"""

from __future__ import annotations

import itertools
from pathlib import Path
import platform
import statistics
from typing import Any

from aebook import data, metrics, schedules
from aebook.models import UndercompleteAutoencoder, dense
import keras
import numpy as np
from stored import options, write

RESULTS = Path(__file__).parent.parent / "aebook" / "results" / "schedules.json"
IMAGES, BATCH, SEEDS = 22_000, 100, (0, 1, 2)
PEAKS, EPOCHS = (0.003, 0.01, 0.03), (2, 4)
COURSES = {
    "constant": lambda peak, steps: peak,
    "cosine, warm-up": lambda peak, steps: schedules.CosineDecay(
        0.0, decay_steps=steps * 9 // 10, warmup_target=peak, warmup_steps=steps // 10
    ),
    "warm-up, stable, decay": lambda peak, steps: schedules.WarmupStableDecay(
        peak, steps // 10, steps * 6 // 10, steps * 3 // 10
    ),
}


def train(course: str, peak: float, epochs: int, seed: int, digits: Any) -> float:
    """Return the validation error per pixel, to six digits, after one training."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    x, unseen = data.flatten(digits.x_train[:IMAGES]), data.flatten(digits.x_val)
    model = UndercompleteAutoencoder(*dense(784, latent_dim=32, hidden=(128,)))
    rate = COURSES[course](peak, epochs * len(x) // BATCH)
    model.compile(keras.optimizers.Adam(rate), "mse")
    model.fit(x, epochs=epochs, batch_size=BATCH, verbose=0)
    return float(f"{metrics.mse_per_pixel(unseen, model.reconstruct(unseen)):.6g}")


def run(digits: Any, seeds: tuple = SEEDS, budgets: tuple = EPOCHS) -> dict[str, Any]:
    """Do every run, with a line for each."""
    runs = []
    for epochs, course, peak in itertools.product(budgets, COURSES, PEAKS):
        errors = [train(course, peak, epochs, seed, digits) for seed in seeds]
        steps = epochs * min(IMAGES, len(digits.x_train)) // BATCH
        runs.append({"steps": steps, "course": course, "peak": peak, "errors": errors})
        print(steps, course, peak, errors, flush=True)
    return {
        "unit": "validation error, mean per pixel",
        "settings": {
            "layers": [784, 128, 32, 128, 784],
            "optimizer": "Adam",
            "batch_size": BATCH,
            "training_images": IMAGES,
            "seeds": seeds,
            "warm-up": "a tenth of the steps",
            "decay": "of warm-up, stable, decay: the last three tenths",
            "keras": keras.__version__,
            "numpy": np.__version__,
            "machine": f"2 cores, {platform.machine()}",
        },
        "runs": runs,
    }


def table(results: dict[str, Any]) -> str:
    """Return each course at its best rate as Markdown: the median, and the seeds."""
    rows = ["| steps | course | best of three rates | error |", "|--:|---|--:|---|"]
    runs = results["runs"]
    for steps, course in itertools.product(sorted({r["steps"] for r in runs}), COURSES):
        best = min(
            (r for r in runs if (r["steps"], r["course"]) == (steps, course)),
            key=lambda r: statistics.median(r["errors"]),
        )
        low, *_, high = sorted(best["errors"])
        middle = statistics.median(best["errors"])
        rows.append(
            f"| {steps} | {course} | {best['peak']} "
            f"| {middle:.4f} ({low:.4f} to {high:.4f}) |"
        )
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> None:
    """Run and store, or run a toy and print it."""
    asked = options(__doc__, RESULTS, arguments)
    digits = data.load_mnist(validation=5_000, seed=0)
    if asked.quick:
        few = digits._replace(x_train=digits.x_train[:1000])
        print(table(run(few, seeds=(0, 1), budgets=(1,))))
        return
    results = run(digits)
    write(results, asked.output)
    print(table(results))


if __name__ == "__main__":
    main()
