"""What the bound of a variational autoencoder is worth: −log p(x) of test images.

    python benchmarks/likelihood.py

Two parts. Black and white digits: a variational and an importance-weighted autoencoder,
−log p(x) by importance sampling with 1 to 1,000 codes an image. Grey digits: a linear
model, whose −log p(x) is known in closed form. Takes about 8 minutes.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
import platform
import time
from typing import Any, NamedTuple

from aebook import data, losses, metrics
from aebook.models import (
    ImportanceWeightedAutoencoder,
    VariationalAutoencoder,
    dense,
)
import keras
import numpy as np
from scipy.stats import multivariate_normal
import tensorflow

RESULTS = Path(__file__).parent.parent / "aebook" / "results" / "likelihood.json"
SEED, RATE, BATCH = 0, 1e-3, 250
HIDDEN, LATENT, DRAWS = 256, 16, 5  # DRAWS: codes an image, of the weighted bound
# Read in the projects' own tables, not measured here. Their codes are wider, their
# training is longer, and their black and white digits are not drawn as here.
PUBLISHED = [
    {
        "model": "VAE, code of 40, 500 epochs",
        "nats": 89.78,
        "samples": 200,
        "source": "pythae, examples/scripts/reproducibility/README.md",
    },
    {
        "model": "IWAE, 50 draws, code of 50, 3,280 epochs",
        "nats": 86.82,
        "samples": 5000,
        "source": "pythae, examples/scripts/reproducibility/README.md",
    },
    {
        "model": "VAE, one layer of codes",
        "nats": 87.78,
        "samples": 5000,
        "source": "github.com/xqding/Importance_Weighted_Autoencoders",
    },
    {
        "model": "IWAE, 5 draws, one layer of codes",
        "nats": 85.46,
        "samples": 5000,
        "source": "github.com/xqding/Importance_Weighted_Autoencoders",
    },
]


class Size(NamedTuple):
    """How much is trained and measured."""

    images: int | None
    epochs: int
    linear_epochs: int
    all_test: tuple[int, ...]  # codes an image, on all test images
    some_test: tuple[int, ...]  # on the first `some` of them
    some: int


FULL = Size(None, 18, 30, (1, 10, 100), (1000,), 1000)
QUICK = Size(2000, 2, 3, (1, 10), (100,), 50)


def grey_digits(size: Size) -> dict[str, np.ndarray]:
    """Return flat digits: 50,000 to train, 10,000 to watch, 10,000 for the end.

    The test digits come in a random order, so that the first thousand stand for all:
    in the file the first half is the easier one.
    """
    parts = data.load_mnist(validation=10_000, seed=SEED)
    order = np.random.default_rng(SEED).permutation(len(parts.x_test))
    splits = {"train": parts.x_train, "val": parts.x_val, "test": parts.x_test[order]}
    return {name: data.flatten(x)[: size.images] for name, x in splits.items()}


def binarized(digits: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Draw each pixel once, for good: white with its grey value as probability."""
    rng = np.random.default_rng(SEED)
    return {
        name: (rng.random(x.shape) < x).astype(np.float32) for name, x in digits.items()
    }


def train(
    model: VariationalAutoencoder, loss: Any, x: dict, epochs: int
) -> dict[str, Any]:
    """Train a model in place; return its losses and seconds."""
    model.compile(keras.optimizers.Adam(RATE), loss)
    began = time.perf_counter()
    history = model.fit(
        x["train"],
        validation_data=x["val"],
        epochs=epochs,
        batch_size=BATCH,
        validation_batch_size=1000,
        verbose=0,
    ).history
    return {
        "epochs": epochs,
        "seconds": round(time.perf_counter() - began, 1),
        **{name: [round(v, 3) for v in history[name]] for name in ("loss", "val_loss")},
        "units_in_use": history["units_in_use"][-1],
    }


def summary(values: np.ndarray) -> dict[str, float]:
    """Return the mean and its standard error over the images."""
    error = values.std(ddof=1) / np.sqrt(len(values))
    return {"mean": round(float(values.mean()), 4), "error": round(float(error), 4)}


def estimates(model: VariationalAutoencoder, x: np.ndarray, size: Size) -> dict:
    """Return −log p(x) for each image, keyed by the number of codes drawn."""
    result = {}
    for samples in size.all_test + size.some_test:
        rows = x if samples in size.all_test else x[: size.some]
        began = time.perf_counter()
        result[samples] = metrics.negative_log_likelihood(model, rows, samples)
        print(f"  {samples} codes: {time.perf_counter() - began:.0f} s", flush=True)
    return result


def black_and_white(size: Size) -> dict[str, Any]:
    """Train both models on black and white digits; score them on the test digits."""
    x, result, nats = binarized(grey_digits(size)), {}, {}
    kinds = {
        "vae": VariationalAutoencoder,
        "iwae": lambda *pair: ImportanceWeightedAutoencoder(*pair, samples=DRAWS),
    }
    for name, kind in kinds.items():
        print(name, flush=True)
        keras.utils.set_random_seed(SEED)
        model = kind(*dense(784, LATENT, hidden=(HIDDEN,), gaussian=True))
        result[name] = train(model, losses.bce_per_image, x, size.epochs)
        nats[name] = estimates(model, x["test"], size)
        result[name]["test"] = {
            str(samples): {
                "all": summary(values) if len(values) > size.some else None,
                "some": summary(values[: size.some]),
            }
            for samples, values in nats[name].items()
        }
    # the same images under both, so their difference is known better than either
    result["vae_minus_iwae"] = {
        str(samples): summary(nats["vae"][samples] - nats["iwae"][samples])
        for samples in nats["vae"]
    }
    return result


def density(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return −log p(x) of z ~ N(0, I), p(x|z) = N(Wz + b, I), in closed form."""
    return -multivariate_normal(b, w @ w.T + np.eye(len(b))).logpdf(x)


def probabilistic_pca(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return W and b of the most likely model: √(λ − 1) along directions with λ > 1."""
    x = x.astype(np.float64)
    eigenvalues, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    lengths = np.sqrt(np.maximum(eigenvalues[-LATENT:] - 1, 0))
    return lengths * vectors[:, -LATENT:], x.mean(axis=0)


def linear_on_grey(size: Size) -> dict[str, Any]:
    """Train the linear model; hold the estimate against what is known exactly."""
    print("linear", flush=True)
    x = grey_digits(size)
    keras.utils.set_random_seed(SEED)
    pair = dense(784, LATENT, hidden=(), output_activation="linear", gaussian=True)
    model = VariationalAutoencoder(*pair)
    result = train(model, losses.gaussian_nll_per_image, x, size.linear_epochs)
    kernel, b = (
        keras.ops.convert_to_numpy(weight).astype(np.float64)
        for weight in model.decoder.weights
    )
    best, mean = probabilistic_pca(x["train"]), x["train"].mean(axis=0, dtype=float)
    for name in ("train", "test"):
        result[name] = {
            "closed_form": summary(density(x[name], kernel.T, b)),
            "probabilistic_pca": summary(density(x[name], *best)),
            "mean_image": summary(density(x[name], np.zeros((784, 1)), mean)),
        }
    result["directions_above_noise"] = int(np.count_nonzero(best[0].any(axis=0)))
    exact = density(x["test"], kernel.T, b)
    result["estimate_minus_closed_form"] = {
        str(samples): summary(values - exact[: len(values)])
        for samples, values in estimates(model, x["test"], size).items()
    }
    return result


def run(size: Size) -> dict[str, Any]:
    """Run both parts; settings stand beside the numbers."""
    return {
        "unit": "nats per image",
        "settings": {
            "layers": [784, HIDDEN, LATENT, HIDDEN, 784],
            "activation": "relu",
            "optimizer": f"Adam, {RATE}",
            "batch": BATCH,
            "seed": SEED,
            "iwae_draws": DRAWS,
            "binarization": "each pixel drawn once by the seed, P(white) = grey value",
            "test_images": {"all": size.images or 10_000, "some": size.some},
            "linear": f"784-{LATENT}-784, p(x|z) of variance 1",
        },
        "black_and_white": black_and_white(size),
        "linear_on_grey": linear_on_grey(size),
        "published": PUBLISHED,
        "python": platform.python_version(),
        "keras": keras.__version__,
        "tensorflow": tensorflow.__version__,
        "numpy": np.__version__,
        "cores": os.cpu_count(),
    }


def shown(entry: dict[str, float] | None, digits: int = 2) -> str:
    """Return `mean ± error`, or a dash."""
    if entry is None:
        return "–"
    return f"{entry['mean']:.{digits}f} ± {entry['error']:.{digits}f}"


def table(results: dict[str, Any]) -> str:
    """Return the results as two Markdown tables and the published numbers."""
    counts, pair = results["settings"]["test_images"], results["black_and_white"]
    rows = [
        f"| codes | VAE, {counts['all']:,} | IWAE, {counts['all']:,} "
        f"| VAE, {counts['some']:,} | IWAE, {counts['some']:,} | VAE − IWAE |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for samples, gain in pair["vae_minus_iwae"].items():
        tests = [pair[name]["test"][samples] for name in ("vae", "iwae")]
        cells = [shown(test[part]) for part in ("all", "some") for test in tests]
        rows.append(f"| {samples} | " + " | ".join([*cells, shown(gain)]) + " |")
    for entry in results["published"]:
        rows.append(
            f"\n{entry['nats']:.2f} published: {entry['model']}, "
            f"{entry['samples']} codes ({entry['source']})"
        )
    linear = results["linear_on_grey"]
    rows += ["", "| −log p(x), linear model on grey digits | train | test |"]
    rows.append("|---|--:|--:|")
    for name, label in (
        ("mean_image", "mean image, no code"),
        ("probabilistic_pca", "probabilistic PCA of the training digits"),
        ("closed_form", "trained model, closed form"),
    ):
        values = [f"{linear[part][name]['mean']:.3f}" for part in ("train", "test")]
        rows.append(f"| {label} | " + " | ".join(values) + " |")
    for samples, gap in linear["estimate_minus_closed_form"].items():
        rows.append(
            f"| estimate less closed form, K = {samples} |  | {shown(gap, 4)} |"
        )
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> None:
    """Run and store, or print what is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="toy size, write no file")
    parser.add_argument("--table", action="store_true", help="print the stored results")
    parser.add_argument("--output", type=Path, default=RESULTS, metavar="FILE")
    options = parser.parse_args(arguments)
    if options.table:
        results = json.loads(options.output.read_text(encoding="utf-8"))
    else:
        began = time.perf_counter()
        results = run(QUICK if options.quick else FULL)
        results["seconds"] = round(time.perf_counter() - began)
        if not options.quick:
            text = json.dumps(results, indent=1, ensure_ascii=False)
            options.output.write_text(text + "\n", encoding="utf-8")
    print(table(results))


if __name__ == "__main__":
    main()
