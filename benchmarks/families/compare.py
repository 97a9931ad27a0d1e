"""A fair comparison of the family: same networks, same budget, five seeds.

    python benchmarks/families/compare.py

Trains what is missing in the results, then prints the table. It may be stopped at any
time, and goes on where it was.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import platform
import tempfile
import time
from typing import Any
import warnings

from aebook.losses import squared_error_per_image
from aebook.models import PosteriorCollapseWarning
from family_table import table
from judge import Digits, as_input, judge, judge_pca, judge_pixels, load_digits
import keras
from members import LATENT, MEMBERS, WIDTHS

RESULTS = Path(__file__).parents[2] / "aebook" / "results" / "families.json"
SEEDS = (1, 2, 3, 4, 5)
EPOCHS, BATCH, RATE = 10, 250, 1e-3


def train(name: str, seed: int, digits: Digits, epochs: int) -> dict[str, Any]:
    """Train one member from one seed, and judge it."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    member = MEMBERS[name]
    model = member.make()
    beta_1 = 0.5 if name == "adversarial" else 0.9  # a game, see its docstring
    model.compile(keras.optimizers.Adam(RATE, beta_1), squared_error_per_image)
    x = as_input(model, digits.x_train)
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PosteriorCollapseWarning)  # the table shows it
        history = model.fit(x, batch_size=BATCH, epochs=epochs, verbose=0).history
    seconds = time.perf_counter() - began
    return {
        "member": name,
        "seed": seed,
        "seconds": round(seconds, 2),
        "history": {k: [_short(v) for v in values] for k, values in history.items()},
        **{k: _short(v) for k, v in judge(model, digits, seed, member.prior).items()},
    }


def follow(path: Path, digits: Digits, seeds: tuple[int, ...], epochs: int) -> dict:
    """Do the runs that are missing in the file, with a line for each."""
    results = json.loads(path.read_text()) if path.exists() else {"runs": []}
    results["settings"] = {
        "networks": WIDTHS,
        "loss": "squared error, sum per image",
        "optimizer": f"Adam, learning_rate {RATE:g}",
        "epochs": epochs,
        "batch_size": BATCH,
        "training_images": len(digits.x_train),
        "members": {name: member.setting for name, member in MEMBERS.items()},
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "machine": f"2 cores, {platform.machine()}",
    }
    if "baselines" not in results:
        keras.utils.set_random_seed(SEEDS[0])
        untrained = judge(MEMBERS["plain"].make(), digits, SEEDS[0], prior=False)
        results["baselines"] = {
            "untrained": {
                "linear_probe": untrained["linear_probe"],
                "knn_probe": untrained["knn_probe"],
            },
            "pca": judge_pca(digits, LATENT),
            "pixels": judge_pixels(digits),
        }
    done = {(run["member"], run["seed"]) for run in results["runs"]}
    todo = [(n, s) for s in seeds for n in MEMBERS if (n, s) not in done]
    began = time.perf_counter()
    try:
        for number, (name, seed) in enumerate(todo, start=1):
            run = train(name, seed, digits, epochs)
            results["runs"].append(run)
            _write(results, path)
            taken = time.perf_counter() - began
            left = taken / number * (len(todo) - number)
            print(
                f"{number}/{len(todo)}  {name}, seed {seed}  error {run['error']:.2f}  "
                f"probe {run['linear_probe']:.3f}  distance {run['distance']:.3f}  "
                f"{run['seconds']:.0f} s  about {left / 60:.0f} min left",
                flush=True,
            )
    except KeyboardInterrupt:
        print("\nstopped; the next call goes on from here")
    return results


def _write(results: dict, path: Path) -> None:
    """Replace the file in one move, so that no reader finds half of it."""
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(results, indent=1, allow_nan=False) + "\n")
    draft.replace(path)


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="one seed, one epoch, keep no file"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, metavar="FILE")
    options = parser.parse_args(arguments)
    if options.quick:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "families.json"
            print(table(follow(path, load_digits(10_000), SEEDS[:1], epochs=1)))
        return
    print(table(follow(options.output, load_digits(), SEEDS, EPOCHS)))


if __name__ == "__main__":
    main()
