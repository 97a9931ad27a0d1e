"""The same walk on several engines: train on each, and compare the weights.

    python -m aebook.engines.walks '["keras_jax", ...]'

is what `elsewhere` starts: one engine in a process of its own.
"""

from __future__ import annotations

import importlib
from itertools import pairwise
import json
import os
from pathlib import Path
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from aebook import data
from aebook.engines import networks
from aebook.engines.networks import WIDTHS, Weights
import numpy as np

__all__ = [
    "ENGINES",
    "MARKS",
    "Engine",
    "ask",
    "elsewhere",
    "first_weights",
    "gap",
    "gaps",
    "here",
    "judge",
    "load_images",
]

MARKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # steps after which to compare
STEPS_A_CALL = 100  # 78 MB of images, which an engine may copy several times
IMAGES, JUDGES = 50_000, 2_000  # to train on, and to take the loss of
EXACT = "exact"


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
        build = getattr(networks, ENGINES[name].function)
        train = build(start, images.astype(kind), rule, activation)
        walks[job] = [_last(train, *pair) for pair in pairwise((0, *marks))]
    return walks


def _last(train: networks.Train, first: int, last: int) -> Weights:
    """Return the weights after `last` steps, with the images of a few in memory."""
    for start in range(first, last, STEPS_A_CALL):
        weights = train(start, min(start + STEPS_A_CALL, last))
    return weights


def elsewhere(
    name: str, jobs: dict[str, Any], marks: tuple[int, ...] = MARKS
) -> dict[str, list[Weights]]:
    """Train in a process of its own; return for each job the weights at each mark."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "walks.npz"
        question = json.dumps([name, jobs, marks, str(file)])
        ask(name, "-m", "aebook.engines.walks", question)
        with np.load(file) as stored:
            return {
                job: [[stored[f"{job}/{mark}/{i}"] for i in range(8)] for mark in marks]
                for job in jobs
            }


def ask(name: str, *command: str) -> Any:
    """Let a new process of Python answer on one engine; return the JSON it prints."""
    environment = {**os.environ, "KERAS_BACKEND": ENGINES[name].backend}
    environment["OMP_NUM_THREADS"] = "1"  # PyTorch's threads wait on busy cores
    done = subprocess.run(
        [sys.executable, *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{ENGINES[name].label} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def answer(name: str, jobs: dict[str, Any], marks: list[int], file: str) -> None:
    """Walk in this process, and write the weights at the marks to a file."""
    named: dict[str, Any] = {
        f"{job}/{mark}/{i}": w
        for job, walk in here(name, jobs, tuple(marks)).items()
        for mark, weights in zip(marks, walk, strict=True)
        for i, w in enumerate(weights)
    }
    np.savez(file, **named)


def judge(weights: Weights, x: np.ndarray, activation: str) -> float:
    """Return the mean squared error per pixel, in double precision, by NumPy."""
    act = np.tanh if activation == "tanh" else lambda a: np.maximum(a, 0)
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


def gaps(walk: list[Weights], other: list[Weights]) -> list[float]:
    """Return the largest difference of any weight at each mark."""
    return [gap(a, b) for a, b in zip(walk, other, strict=True)]


if __name__ == "__main__":
    answer(*json.loads(sys.argv[1]))
    print(json.dumps("written"))
