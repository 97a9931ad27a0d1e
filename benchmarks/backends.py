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
import json
import os
from pathlib import Path
import platform
import random
import statistics
import time
from typing import Any

from aebook.engines import networks
from aebook.engines.networks import BATCH, RATES, WIDTHS
from aebook.engines.walks import (
    ENGINES,
    EXACT,
    IMAGES,
    JUDGES,
    MARKS,
    ask,
    elsewhere,
    first_weights,
    gaps,
    judge,
    load_images,
)

RESULTS = Path(__file__).parent.parent / "aebook" / "results" / "backends.json"
CASES = {
    f"{rule}-{activation}": (rule, activation)
    for rule in ("sgd", "adam")
    for activation in ("relu", "tanh")
}
SEEDS = range(1, 6)
PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy")


# --- in a process of its own


def answer(name: str, task: str) -> Any:
    """Do what is asked for, in the new process."""
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
    build = getattr(networks, ENGINES[name].function)
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
            results["draws"][name] = ask(
                name, __file__, "--answer", json.dumps([name, "draw"])
            )


def take_turns(results: dict[str, Any], rounds: int) -> None:
    """Time every engine once a round, in a new order each round."""
    names = [name for name in available() if name != EXACT]
    results["load"] = []
    for number in range(rounds):
        results["load"].append(os.getloadavg()[0])
        print(f"round {number + 1}/{rounds}", end="", flush=True)
        for name in random.Random(number).sample(names, len(names)):
            taken = ask(name, __file__, "--answer", json.dumps([name, "time"]))
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
