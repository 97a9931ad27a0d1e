"""The networks of both source articles on all of MNIST, five seeds each.

    python benchmarks/source_networks.py

A run that is in the results already is skipped, so it may be stopped at any time.
"""

from __future__ import annotations

import argparse
from importlib import import_module
import json
import os
from pathlib import Path
import platform
import statistics
import time
from typing import Any, NamedTuple

from aebook import data, metrics
from aebook.models import UndercompleteAutoencoder, dense
import keras
import numpy as np
from sklearn.decomposition import PCA
from stored import write

RESULTS = Path(__file__).parent.parent / "aebook" / "results" / "source_networks.json"
SEEDS = range(5)
PACKAGES = ("keras", "tensorflow", "numpy", "sklearn")
QUICK = (1000, 2)  # images, epochs
HELD_OUT = 5000  # training images kept for validation, drawn by the seed of the run
EPSILON = 1e-7  # Keras keeps probabilities this far from 0 and 1 before a logarithm


class Setup(NamedTuple):
    """How one network is trained, and how it is called in a table."""

    label: str
    optimizer: type[keras.optimizers.Optimizer]
    arguments: dict[str, float]
    loss: str
    epochs: int
    batch_size: int


SETUPS = {
    "adadelta_default": Setup(
        "source 1, Adadelta as Keras sets it",
        *(keras.optimizers.Adadelta, {}, "binary_crossentropy", 50, 256),
    ),
    "adadelta_1": Setup(
        "source 1, Adadelta with rate 1",
        *(keras.optimizers.Adadelta, {"learning_rate": 1.0}),
        *("binary_crossentropy", 50, 256),
    ),
    "adam": Setup(
        "source 1, Adam",
        *(keras.optimizers.Adam, {}, "binary_crossentropy", 50, 256),
    ),
    "source_0": Setup(
        "source 0, Adam",
        *(keras.optimizers.Adam, {"learning_rate": 1e-3}, "mse", 10, 32),
    ),
}


def train(setup: Setup, seed: int, images: int | None, epochs: int) -> dict[str, Any]:
    """Train one network and score it; the test set is used once, at the end."""
    splits = data.load_mnist(validation=HELD_OUT, seed=seed)
    x_train, x_val, x_test = (
        data.flatten(part)[:images]
        for part in (splits.x_train, splits.x_val, splits.x_test)
    )
    keras.utils.set_random_seed(seed)
    model = UndercompleteAutoencoder(
        *dense(784, latent_dim=32, hidden=(128,), code_activation="relu")
    )
    model.compile(setup.optimizer(**setup.arguments), setup.loss)
    began = time.perf_counter()
    history = model.fit(
        x_train,
        epochs=epochs,
        batch_size=setup.batch_size,
        validation_data=x_val,
        verbose=0,
    ).history
    seconds = time.perf_counter() - began
    test = model.evaluate(x_test, batch_size=1000, verbose=0, return_dict=True)
    return {
        "seed": seed,
        "seconds": round(seconds, 2),
        "loss": [round(value, 6) for value in history["loss"]],
        "val_loss": [round(value, 6) for value in history["val_loss"]],
        "test_loss": round(test["loss"], 6),
    }


def baselines(images: int | None = None) -> dict[str, float]:
    """Return what needs no network: the scores that a network should be held to."""
    splits = data.load_mnist(validation=0)
    x_train, x_test = (
        data.flatten(part)[:images].astype(np.float64)
        for part in (splits.x_train, splits.x_test)
    )
    pca = PCA(n_components=32, svd_solver="covariance_eigh").fit(x_train)
    pca_test = pca.inverse_transform(pca.transform(x_test))
    return {
        "mean_image_cross_entropy": cross_entropy(x_test, x_train.mean(axis=0)),
        "floor_cross_entropy": cross_entropy(x_test, x_test),
        "pca32_mse": metrics.mse_per_pixel(x_test, pca_test),
    }


def cross_entropy(x: np.ndarray, x_hat: np.ndarray) -> float:
    """Binary cross-entropy in nats, mean per pixel.

    Of `x` with itself it is the entropy of the grey pixels, the lowest it can be.
    """
    p = np.clip(x_hat, EPSILON, 1 - EPSILON)
    return float(-(x * np.log(p) + (1 - x) * np.log(1 - p)).mean())


def empty_results() -> dict[str, Any]:
    """Return results without a run: what was run where, and with what settings."""
    return {
        "python": platform.python_version(),
        "packages": {name: import_module(name).__version__ for name in PACKAGES},
        "cores": os.cpu_count(),
        "layers": [784, 128, 32, 128, 784],
        "validation_images": HELD_OUT,
        "setups": {
            name: {
                "optimizer": setup.optimizer.__name__,
                "learning_rate": float(
                    setup.optimizer(**setup.arguments).learning_rate.numpy()
                ),
                **{key: getattr(setup, key) for key in ("loss", "epochs")},
                "batch_size": setup.batch_size,
            }
            for name, setup in SETUPS.items()
        },
        "baselines": {},
        "runs": {name: [] for name in SETUPS},
    }


def table(results: dict[str, Any]) -> str:
    """Return the results as Markdown: medians over the seeds, lowest and highest."""
    rows = [
        "| network | epochs | loss | test, per pixel | lowest | highest | seconds |",
        "|---|--:|---|--:|--:|--:|--:|",
    ]
    for name, runs in results["runs"].items():
        if runs:
            test, seconds = ([r[k] for r in runs] for k in ("test_loss", "seconds"))
            digits = 5 if SETUPS[name].loss == "mse" else 4
            numbers = (statistics.median(test), min(test), max(test))
            rows.append(
                f"| {SETUPS[name].label} | {len(runs[0]['loss'])} "
                f"| {SETUPS[name].loss.replace('_', ' ')} | "
                + " | ".join(f"{number:.{digits}f}" for number in numbers)
                + f" | {statistics.median(seconds):.0f} |"
            )
    for label, key, loss in (
        ("mean image", "mean_image_cross_entropy", "binary crossentropy"),
        ("the images themselves", "floor_cross_entropy", "binary crossentropy"),
        ("PCA, 32 components", "pca32_mse", "mse"),
    ):
        if key in results["baselines"]:
            digits = 5 if loss == "mse" else 4
            value = results["baselines"][key]
            rows.append(f"| {label} |  | {loss} | {value:.{digits}f} |  |  |  |")
    return "\n".join(rows)


def run(path: Path | None, images: int | None, epochs: int | None, seeds: int) -> dict:
    """Do the runs that are missing, and store each as soon as it is done."""
    results = empty_results()
    if path is not None and path.exists():
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["setups"] != results["setups"]:
            raise SystemExit(f"{path} was made with other settings; delete it first")
        results = stored
    results["baselines"] = results["baselines"] or baselines(images)
    todo = [
        (name, seed)
        for name in SETUPS
        for seed in SEEDS[:seeds]
        if seed not in [r["seed"] for r in results["runs"][name]]
    ]
    try:
        for number, (name, seed) in enumerate(todo, start=1):
            print(f"{number}/{len(todo)}  {name}  seed {seed}", end="", flush=True)
            setup = SETUPS[name]
            done = train(setup, seed, images, epochs or setup.epochs)
            results["runs"][name].append(done)
            results["runs"][name].sort(key=lambda r: r["seed"])
            if path is not None:
                write(results, path)
            print(f"  test {done['test_loss']:.5f}  {done['seconds']:.1f} s")
    except KeyboardInterrupt:
        print("\nstopped; the next call goes on from here")
    return results


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, or print what is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="1,000 images, 2 epochs, write no file"
    )
    parser.add_argument(
        "--table", action="store_true", help="print the stored results, run nothing"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, metavar="FILE")
    options = parser.parse_args(arguments)
    if options.table:
        results = json.loads(options.output.read_text(encoding="utf-8"))
    elif options.quick:
        images, epochs = QUICK
        results = run(None, images, epochs, seeds=1)
    else:
        results = run(options.output, images=None, epochs=None, seeds=len(SEEDS))
    print(table(results))


if __name__ == "__main__":
    main()
