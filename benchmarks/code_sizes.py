"""How many numbers does a digit need, and which part of the network draws it closer?

    python benchmarks/code_sizes.py

The network and the training of the chapter *Background*, 55,000 digits and ten epochs,
with three seeds: for codes of 2 to 64 numbers, and with 32 numbers for the network
without one or both of its hidden layers and without the sigmoid. PCA stands beside
them. A judge names each drawing: the kind of the nearest of 10,000 training digits.
Takes about eight minutes, goes on where it was stopped.
"""

from __future__ import annotations

import json
from pathlib import Path
import platform
import statistics
from typing import Any, NamedTuple

from aebook import data, metrics
from aebook.models import UndercompleteAutoencoder, dense
import keras
import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier
from stored import options, write

RESULTS = Path(__file__).parent.parent / "aebook" / "results" / "code_sizes.json"
BATCH, JUDGED_BY, SEEDS, SIZES = 100, 10_000, (0, 1, 2), (2, 4, 8, 16, 32, 64)
FULL, QUICK = (55_000, 10), (1_000, 1)  # digits, epochs
HIDDEN = {  # which hidden layers there are: those of the encoder, of the decoder
    "both": ((128,), (128,)),
    "encoder": ((128,), ()),
    "decoder": ((), (128,)),
    "none": ((), ()),
}


class Network(NamedTuple):
    """What tells one network from another."""

    code: int
    hidden: str = "both"
    output: str = "sigmoid"


NETWORKS = (
    *map(Network, SIZES),
    Network(32, "both", "linear"),
    Network(32, "encoder"),
    Network(32, "encoder", "linear"),
    Network(32, "decoder"),
    Network(32, "none"),
)


class Judge:
    """Scores drawings of the validation and of the test digits."""

    def __init__(self, digits: Any) -> None:
        """Learn the names of real training digits."""
        self.x, self.names = data.flatten(digits.x_val), digits.y_val
        self.test = data.flatten(digits.x_test)
        known = data.flatten(digits.x_train[:JUDGED_BY])
        self.nearest = KNeighborsClassifier(1).fit(known, digits.y_train[:JUDGED_BY])

    def right(self, drawings: np.ndarray) -> np.ndarray:
        """Return which of the drawn validation digits keep their name."""
        return self.nearest.predict(drawings) == self.names

    def scores(self, drawings: np.ndarray, of_test: np.ndarray) -> dict[str, float]:
        """Return error per pixel, cut off at black and white, and the share named."""
        drawings, of_test = drawings.clip(0, 1), of_test.clip(0, 1)
        error = metrics.mse_per_pixel(self.x, drawings)
        on_test = metrics.mse_per_pixel(self.test, of_test)
        return {
            "error": float(f"{error:.6g}"),
            "test_error": float(f"{on_test:.6g}"),
            "named": float(f"{self.right(drawings).mean():.6g}"),
        }


def build(network: Network, seed: int) -> UndercompleteAutoencoder:
    """Build one network from one seed."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    forth, back = HIDDEN[network.hidden]
    encoder, decoder = dense(
        784, network.code, hidden=forth, output_activation=network.output
    )
    if forth != back:
        _, decoder = dense(
            784, network.code, hidden=back, output_activation=network.output
        )
    return UndercompleteAutoencoder(encoder, decoder)


def train(network: Network, seed: int, digits: Any, size: tuple, judge: Judge) -> dict:
    """Train one network and score it."""
    images, epochs = size
    model = build(network, seed)
    model.compile("adam", "mse")
    x = data.flatten(digits.x_train[:images])
    model.fit(x, epochs=epochs, batch_size=BATCH, verbose=0)
    return {
        **network._asdict(),
        "seed": seed,
        "weights_to_draw": model.decoder.count_params(),
        **judge.scores(model.reconstruct(judge.x), model.reconstruct(judge.test)),
    }


def baselines(digits: Any, judge: Judge) -> dict[str, Any]:
    """Return the scores of PCA at each size, and the judge's on the digits as they are.

    For the largest size also how many names PCA's drawings win and lose against them.
    """
    x = data.flatten(digits.x_train)
    real, by_size = judge.right(judge.x), {}
    for size in SIZES:
        pca = PCA(size, svd_solver="covariance_eigh").fit(x)
        drawn, of_test = (
            pca.inverse_transform(pca.transform(images)).clip(0, 1)
            for images in (judge.x, judge.test)
        )
        by_size[str(size)] = judge.scores(drawn, of_test)
    kept = judge.right(drawn)
    return {
        "originals_named": float(f"{real.mean():.6g}"),
        "pca": by_size,
        "pca_won": int(np.sum(kept & ~real)),
        "pca_lost": int(np.sum(real & ~kept)),
    }


def next_run(runs: list[dict]) -> tuple[Network, int] | None:
    """Return the network and the seed that are missing, or None when all is done."""
    done = {(Network(r["code"], r["hidden"], r["output"]), r["seed"]) for r in runs}
    wanted = ((network, seed) for seed in SEEDS for network in NETWORKS)
    return next((run for run in wanted if run not in done), None)


def follow(path: Path | None, digits: Any, size: tuple) -> dict[str, Any]:
    """Do the runs that the file lacks, with a line for each."""
    stored = path is not None and path.exists()
    results = json.loads(path.read_text(encoding="utf-8")) if stored else {"runs": []}
    runs, judge = results["runs"], Judge(digits)
    results["settings"] = {
        "layers": [784, 128, "code", 128, 784],
        "unit": "squared error, mean per pixel",
        "optimizer": "Adam",
        "training_images": size[0],
        "epochs": size[1],
        "batch_size": BATCH,
        "seeds": SEEDS,
        "judge": f"nearest of {JUDGED_BY:,} training digits",
        "judged_images": len(judge.x),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "machine": f"2 cores, {platform.machine()}",
    }
    if "baselines" not in results:
        results["baselines"] = baselines(digits, judge)
        print(results["baselines"], flush=True)
    while (missing := next_run(runs)) is not None:
        runs.append(train(*missing, digits, size, judge))
        print(" ".join(f"{k} {v}" for k, v in runs[-1].items()), flush=True)
        if path is not None:
            write(results, path)
    return results


def table(results: dict[str, Any]) -> str:
    """Return the table as Markdown: the median of the seeds ± half of their range."""
    rows = [
        "| network | weights to draw | error | on test digits | named rightly, % |",
        "|---|--:|--:|--:|--:|",
    ]
    columns = {"error": (1, 4), "test_error": (1, 4), "named": (100, 1)}
    for size, scores in results["baselines"]["pca"].items():
        cells = [f"{m * scores[key]:.{d}f}" for key, (m, d) in columns.items()]
        weights = 784 * (int(size) + 1)
        rows.append(f"| PCA, {size} numbers | {weights:,} | {' | '.join(cells)} |")
    for network in NETWORKS:
        runs = [
            run
            for run in results["runs"]
            if (run["code"], run["hidden"], run["output"]) == network
        ]
        name = f"{network.code} numbers, hidden: {network.hidden}, {network.output}"
        cells = [name, f"{runs[0]['weights_to_draw']:,}"]
        for key, (times, digits) in columns.items():
            values = [times * run[key] for run in runs]
            half = (max(values) - min(values)) / 2
            cells.append(f"{statistics.median(values):.{digits}f} ± {half:.{digits}f}")
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing and print the table."""
    asked = options(__doc__, RESULTS, arguments)
    digits = data.load_mnist(validation=5_000, seed=0)
    if asked.quick:
        few = digits._replace(x_val=digits.x_val[:200], y_val=digits.y_val[:200])
        print(table(follow(None, few, QUICK)))
        return
    print(table(follow(asked.output, digits, FULL)))


if __name__ == "__main__":
    main()
