"""The same autoencoder on three engines: are the numbers the same, and at what speed?

    python benchmarks/backends.py

Keras on TensorFlow, JAX and PyTorch, and PyTorch and JAX by hand, start from one file
of weights and see the same batches in the same order. Each runs in a process of its
own and stores its weights after 1, 2, 5, ... 1000 steps; this one compares them, with
each other and with the same run in double precision. Then all are timed in turns.
PyTorch is no part of the environment: where it is missing, the stored rows stay.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import importlib.metadata
import importlib.util
from itertools import pairwise
import json
import os
from pathlib import Path
import platform
import random
import statistics
import subprocess
import sys
from tempfile import TemporaryDirectory
import time
from typing import Any, NamedTuple

from aebook import data
import engines
from engines import BATCH, RATES, WIDTHS, Weights
import numpy as np

RESULTS = Path(__file__).parent / "results" / "backends.json"
MARKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # steps after which to compare
IMAGES, JUDGES = 50_000, 2_000  # to train on, and to take the loss of
CASES = {
    f"{rule}-{activation}": (rule, activation)
    for rule in ("sgd", "adam")
    for activation in ("relu", "tanh")
}
EXACT, SEEDS = "exact", range(1, 6)
PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy")


class Engine(NamedTuple):
    """A name to print, a function of `engines`, and what to import for it."""

    label: str
    function: str
    module: str
    backend: str = "tensorflow"


ENGINES = {
    "keras_tensorflow": Engine("Keras on TensorFlow", "keras_model", "keras"),
    "keras_jax": Engine("Keras on JAX", "keras_model", "keras", "jax"),
    "keras_torch": Engine("Keras on PyTorch", "keras_model", "keras", "torch"),
    "torch": Engine("PyTorch by hand", "plain_torch", "torch", "torch"),
    "jax": Engine("JAX by hand", "plain_jax", "jax", "jax"),
    EXACT: Engine("JAX by hand, double precision", "plain_jax", "jax", "jax"),
}


def first_weights(seed: int) -> Weights:
    """Return Glorot's uniform kernels and biases of zero, drawn by NumPy."""
    rng, weights = np.random.default_rng(seed), []
    for inputs, outputs in pairwise(WIDTHS):
        limit = np.sqrt(6 / (inputs + outputs))
        weights.append(rng.uniform(-limit, limit, (inputs, outputs)))
        weights.append(np.zeros(outputs))
    return [w.astype(np.float32) for w in weights]


def load_images() -> tuple[np.ndarray, np.ndarray]:
    """Return the images to train on, and those to take the loss of."""
    mnist = data.load_mnist(validation=5000, seed=0)
    train, judges = data.flatten(mnist.x_train), data.flatten(mnist.x_val)
    return train[:IMAGES], judges[:JUDGES]


# --- in a process of its own


def here(
    name: str, jobs: dict[str, Any], marks: tuple[int, ...] = MARKS
) -> dict[str, list[Weights]]:
    """Train in this process: for each job (rule, activation, seed) weights at marks."""
    images, kind = load_images()[0], np.float64 if name == EXACT else np.float32
    if name == EXACT:
        importlib.import_module("jax").config.update("jax_enable_x64", True)
    walks = {}
    for job, (rule, activation, seed) in jobs.items():
        start = [w.astype(kind) for w in first_weights(seed)]
        build = getattr(engines, ENGINES[name].function)
        train = build(start, images.astype(kind), rule, activation)
        walks[job] = [train(*pair) for pair in pairwise((0, *marks))]
    return walks


def elsewhere(
    name: str, jobs: dict[str, Any], marks: tuple[int, ...] = MARKS
) -> dict[str, list[Weights]]:
    """Train in a process of its own; return for each job the weights at each mark."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "walks.npz"
        ask(name, "walk", jobs, marks, str(file))
        with np.load(file) as stored:
            return {
                job: [[stored[f"{job}/{mark}/{i}"] for i in range(8)] for mark in marks]
                for job in jobs
            }


def ask(name: str, *question: Any) -> Any:
    """Let a new process answer a question on one engine."""
    environment = {**os.environ, "KERAS_BACKEND": ENGINES[name].backend}
    environment["OMP_NUM_THREADS"] = "1"  # PyTorch's threads wait on busy cores
    command = [sys.executable, __file__, "--answer", json.dumps([name, *question])]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{ENGINES[name].label} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def answer(name: str, task: str, *arguments: Any) -> Any:
    """Do what `ask` asks for, in the new process."""
    if task == "walk":
        jobs, marks, file = arguments
        named = {
            f"{job}/{mark}/{i}": w
            for job, walk in here(name, jobs, tuple(marks)).items()
            for mark, weights in zip(marks, walk, strict=True)
            for i, w in enumerate(weights)
        }
        np.savez(file, **named)
        return None
    return {"time": time_epochs, "draw": draw}[task](name)


def draw(name: str) -> dict[str, Any]:
    """Return what Keras draws for a first layer after `set_random_seed(0)`."""
    import keras

    keras.utils.set_random_seed(0)
    layer = keras.layers.Dense(WIDTHS[1])
    layer.build((None, WIDTHS[0]))
    kernel = layer.get_weights()[0]
    return {"first": kernel[0, :4].tolist(), "spread": float(kernel.std())}


def time_epochs(name: str) -> dict[str, float]:
    """Return seconds of the import, of a first epoch, and of a later one."""
    images, steps = load_images()[0], IMAGES // BATCH
    began = time.perf_counter()
    importlib.import_module(ENGINES[name].module)
    taken = {"import": time.perf_counter() - began}
    build = getattr(engines, ENGINES[name].function)
    began = time.perf_counter()
    train = build(first_weights(0), images, "adam")
    train(0, steps)
    taken["first_epoch"] = time.perf_counter() - began
    began, work = time.perf_counter(), time.process_time()
    train(steps, 3 * steps)
    taken["epoch"] = (time.perf_counter() - began) / 2
    taken["work"] = (time.process_time() - work) / 2
    return taken


# --- comparing


def judge(weights: Weights, x: np.ndarray, activation: str) -> float:
    """Return the mean squared error per pixel, in double precision, by NumPy."""
    act = {"relu": lambda a: np.maximum(a, 0), "tanh": np.tanh}[activation]
    *hidden, (kernel, bias) = [
        (k.astype(float), b.astype(float))
        for k, b in zip(weights[::2], weights[1::2], strict=True)
    ]
    h = x.astype(float)
    for k, b in hidden:
        h = act(h @ k + b)
    x_hat = (1 + np.tanh((h @ kernel + bias) / 2)) / 2
    return float(np.mean((x - x_hat) ** 2))


def gap(weights: Weights, others: Weights) -> float:
    """Return the largest difference of any weight."""
    pairs = zip(weights, others, strict=True)
    return max(float(np.abs(a.astype(float) - b).max()) for a, b in pairs)


def available() -> list[str]:
    """Return the engines that can run here."""
    found = importlib.util.find_spec("torch") is not None
    return [n for n, engine in ENGINES.items() if found or engine.backend != "torch"]


def compare(results: dict[str, Any]) -> None:
    """Take every case on every engine, and note losses and differences."""
    jobs = {case: (*parts, 0) for case, parts in CASES.items()}
    walks = {}
    for name in available():
        extra = {"adam_of_torch-relu": ("adam_of_torch", "relu", 0)}
        walks[name] = elsewhere(name, jobs | (extra if name == "torch" else {}))
        print(f"walked  {ENGINES[name].label}", flush=True)
    if "torch" in walks:
        walks["torch_default"] = {
            "adam-relu": walks["torch"].pop("adam_of_torch-relu"),
        }
    judges = load_images()[1]
    for case, (_, activation) in CASES.items():
        rows = results["cases"].setdefault(case, {})
        for name, walk in walks.items():
            if case not in walk:
                continue
            rows[name] = {
                "loss": [judge(w, judges, activation) for w in walk[case]],
                "from_exact": gaps(walk[case], walks[EXACT][case]),
                "from_keras": gaps(walk[case], walks["keras_tensorflow"][case]),
            }
    start = first_weights(0)
    results["first_loss"] = {
        a: judge(start, judges, a) for a in {a for _, a in CASES.values()}
    }
    seeds = {
        f"{r}-{seed}": (r, "relu", seed) for r in ("sgd", "adam") for seed in SEEDS
    }
    last = elsewhere("jax", seeds, MARKS[-1:])
    results["other_seeds"] = {
        rule: [judge(last[f"{rule}-{seed}"][0], judges, "relu") for seed in SEEDS]
        for rule in ("sgd", "adam")
    }
    for name in available():
        if name.startswith("keras"):
            results["draws"][name] = ask(name, "draw")


def gaps(walk: list[Weights], other: list[Weights]) -> list[float]:
    """Return the largest difference of any weight at each mark."""
    return [gap(a, b) for a, b in zip(walk, other, strict=True)]


def take_turns(results: dict[str, Any], rounds: int) -> None:
    """Time every engine once a round, in a new order each round."""
    names = [name for name in available() if name != EXACT]
    results["load"] = []
    for number in range(rounds):
        results["load"].append(os.getloadavg()[0])
        print(f"round {number + 1}/{rounds}", end="", flush=True)
        for name in random.Random(number).sample(names, len(names)):
            taken = ask(name, "time")
            row = results["seconds"].setdefault(name, {})
            for part, value in taken.items():
                row.setdefault(part, []).append(value)
            print(f"  {name} {taken['epoch']:.2f}", end="", flush=True)
        print()


# --- reporting


def empty_results() -> dict[str, Any]:
    """Return results without a measurement: what ran where."""
    found = {p: importlib.util.find_spec(p) is not None for p in PACKAGES}
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {p: version_of(p) for p in PACKAGES if found[p]},
        "layers": WIDTHS,
        "images": IMAGES,
        "judges": JUDGES,
        "batch": BATCH,
        "rates": RATES,
        "marks": MARKS,
        "labels": {name: engine.label for name, engine in ENGINES.items()},
        **{part: {} for part in ("cases", "draws", "seconds", "summary")},
    }


def version_of(package: str) -> str:
    """Return the version of an installed package, whatever its wheel is called."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return importlib.import_module(package).__version__


def cpu_model() -> str:
    """Return the name that the processor gives itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        return platform.processor()
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model n")]
    return names[0] if names else platform.machine()


def summarize(results: dict[str, Any]) -> None:
    """Take medians over the rounds, and ratios within each round."""
    base = results["seconds"]["keras_tensorflow"]
    for name, row in results["seconds"].items():
        results["summary"][name] = {
            **{part: statistics.median(values) for part, values in row.items()},
            **{
                f"{part}_ratio": statistics.median(
                    a / b for a, b in zip(row[part], base[part], strict=True)
                )
                for part in ("epoch", "work")
            },
        }


def tables(results: dict[str, Any]) -> str:
    """Return what was measured as Markdown."""
    lines = []
    for case, rows in results["cases"].items():
        lines += [
            f"| {case}: largest difference of a weight from double precision after | "
            + " | ".join(f"{m}" for m in results["marks"]) + " steps | loss at last |",
            "|---" * (len(results["marks"]) + 2) + "|",
        ]  # fmt: skip
        for name, row in rows.items():
            label = results["labels"].get(name, "PyTorch by hand, its own Adam")
            cells = " | ".join(f"{gap:.0e}" for gap in row["from_exact"])
            lines.append(f"| {label} | {cells} | {row['loss'][-1]:.6f} |")
        lines.append("")
    lines += [
        "| engine | seconds an epoch | times Keras on TensorFlow | processor seconds "
        "| first epoch | import |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, row in results["summary"].items():
        lines.append(
            f"| {results['labels'][name]} | {row['epoch']:.2f} | "
            f"{row['epoch_ratio']:.2f} | {row['work']:.2f} | "
            f"{row['first_epoch']:.1f} | {row['import']:.1f} |"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the tables, and store the raw numbers."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="turns of the timing")
    parser.add_argument("--only", choices=("numbers", "speed"), help="measure less")
    parser.add_argument("--table", action="store_true", help="print what is stored")
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--answer", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.answer:
        print(json.dumps(answer(*json.loads(options.answer))))
        return
    stored = json.loads(options.output.read_text()) if options.output.exists() else {}
    if options.table:
        print(tables(stored))
        return
    results = stored | {
        key: value
        for key, value in empty_results().items()
        if key not in ("cases", "draws", "seconds", "summary", "packages")
    }
    for part in ("cases", "draws", "seconds", "summary"):
        results.setdefault(part, {})
    results["packages"] = stored.get("packages", {}) | empty_results()["packages"]
    if options.only != "speed":
        compare(results)
    if options.only != "numbers":
        results["seconds"] = {}
        take_turns(results, options.rounds)
        summarize(results)
    options.output.write_text(json.dumps(results, indent=1) + "\n")
    print(tables(results))


if __name__ == "__main__":
    main()
