"""Three architectures of one code size: what each costs, and how well it redraws.

    python benchmarks/architectures.py

A dense, a convolutional and a recurrent autoencoder with codes of 32 numbers learn the
same 15,000 digits for the same 20 epochs. For each the rate is doubled, from a seed of
its own, until the validation digits are drawn worse; with the best rate three other
seeds are judged on the test digits, as they are and moved by four pixels. At the end an
epoch of each is timed, in turn. Takes about half an hour, goes on where it was stopped.
"""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path
import platform
import statistics
import time
from typing import Any

from aebook import data, metrics
from aebook.losses import squared_error_per_image
from aebook.models import Autoencoder, convolutional, dense, recurrent
import keras
import numpy as np
from stored import options, write

RESULTS = Path(__file__).parent.parent / "aebook" / "results" / "architectures.json"
SHAPE, LATENT, BATCH, MOVED = (28, 28), 32, 100, 4
PILOT, SEEDS, LOWEST_RATE = 0, (1, 2, 3), 1e-3
FULL, QUICK = (15_000, 20), (200, 1)  # digits, epochs
ARCHITECTURES: dict[str, tuple[str, Callable]] = {
    "dense": ("784-256-32-256-784", lambda: dense(SHAPE, LATENT, hidden=(256,))),
    "convolutional": (
        "windows of 3 × 3, 8 and 16 maps",
        lambda: convolutional(SHAPE, LATENT, filters=(8, 16)),
    ),
    "recurrent": (
        "28 rows, one after the other, 64 units",
        lambda: recurrent(SHAPE, LATENT, units=(64,), output_activation="sigmoid"),
    ),
}


def moved(x: np.ndarray) -> np.ndarray:
    """Return the images, each `MOVED` pixels further right, black where they were."""
    result = np.zeros_like(x)
    result[:, :, MOVED:] = x[:, :, :-MOVED]
    return result


def error(model: Autoencoder, x: np.ndarray) -> float:
    """Return the squared error per image, to six digits."""
    found = metrics.squared_error_per_image(x, model.reconstruct(x)).mean()
    return float(f"{found:.6g}")


def build(name: str, seed: int, rate: float) -> Autoencoder:
    """Build and compile one architecture from one seed."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = Autoencoder(*ARCHITECTURES[name][1]())
    model.compile(keras.optimizers.Adam(rate), squared_error_per_image)
    return model


def train(name: str, seed: int, rate: float, digits: Any, size: tuple) -> dict:
    """Train one architecture; judge the pilot by validation digits, others by test."""
    images, epochs = size
    model = build(name, seed, rate)
    model.fit(digits.x_train[:images], epochs=epochs, batch_size=BATCH, verbose=0)
    run = {"architecture": name, "seed": seed, "rate": rate}
    run["weights"] = model.count_params()
    if seed == PILOT:
        return {**run, "validation": error(model, digits.x_val)}
    test = digits.x_test
    return {**run, "error": error(model, test), "moved": error(model, moved(test))}


def next_run(runs: list[dict], name: str) -> tuple[int, float] | None:
    """Return the seed and the rate that are missing, or None when all is done."""
    mine = [run for run in runs if run["architecture"] == name]
    pilots = {r["rate"]: r["validation"] for r in mine if r["seed"] == PILOT}
    best = min(pilots, key=pilots.get, default=None)
    if best is None or best == max(pilots):
        return PILOT, 2 * best if best else LOWEST_RATE
    missing = [s for s in SEEDS if not any(r["seed"] == s for r in mine)]
    return (missing[0], best) if missing else None


def seconds_per_epoch(x: np.ndarray, rounds: int = 3) -> dict[str, float]:
    """Return the median time of an epoch of each, measured one after the other."""
    models = {name: build(name, PILOT, LOWEST_RATE) for name in ARCHITECTURES}
    times: dict[str, list[float]] = {name: [] for name in models}
    for turn in range(rounds + 1):
        for name, model in models.items():
            began = time.perf_counter()
            model.fit(x, epochs=1, batch_size=BATCH, verbose=0)
            if turn:  # the first one compiles
                times[name].append(time.perf_counter() - began)
    return {name: round(statistics.median(t), 3) for name, t in times.items()}


def follow(path: Path | None, digits: Any, size: tuple) -> dict[str, Any]:
    """Do the runs that the file lacks, with a line for each."""
    stored = path is not None and path.exists()
    results = json.loads(path.read_text(encoding="utf-8")) if stored else {"runs": []}
    runs = results["runs"]
    results["settings"] = {
        "architectures": {name: label for name, (label, _) in ARCHITECTURES.items()},
        "latent_dim": LATENT,
        "loss": "squared error, sum per image",
        "optimizer": "Adam",
        "training_images": size[0],
        "epochs": size[1],
        "batch_size": BATCH,
        "moved_pixels": MOVED,
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "machine": f"2 cores, {platform.machine()}",
    }
    for name in ARCHITECTURES:
        while (missing := next_run(runs, name)) is not None:
            runs.append(train(name, *missing, digits, size))
            print(" ".join(f"{k} {v}" for k, v in runs[-1].items()), flush=True)
            if path is not None:
                write(results, path)
    if "seconds_per_epoch" not in results:
        results["seconds_per_epoch"] = seconds_per_epoch(digits.x_train[: size[0]])
        if path is not None:
            write(results, path)
    return results


def table(results: dict[str, Any]) -> str:
    """Return the table as Markdown: the median of the seeds ± half of their range."""
    rows = [
        "| architecture | weights | error | moved by 4 pixels | time, dense = 1 |",
        "|---|--:|--:|--:|--:|",
    ]
    seconds = results["seconds_per_epoch"]
    for name in ARCHITECTURES:
        runs = [r for r in results["runs"] if r["architecture"] == name and r["seed"]]
        cells = [name, f"{runs[0]['weights']:,}"]
        for key in ("error", "moved"):
            values = [run[key] for run in runs]
            half = (max(values) - min(values)) / 2
            cells.append(f"{statistics.median(values):.1f} ± {half:.1f}")
        cells.append(f"{seconds[name] / seconds['dense']:.0f}")
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing and print the table."""
    asked = options(__doc__, RESULTS, arguments)
    digits = data.load_mnist(validation=5_000, seed=0)
    if asked.quick:
        print(table(follow(None, digits, QUICK)))
        return
    print(table(follow(asked.output, digits, FULL)))


if __name__ == "__main__":
    main()
