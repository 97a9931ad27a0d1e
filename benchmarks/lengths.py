"""Many runs of one model over data of many lengths: memory and time beside Keras.

    python benchmarks/lengths.py                      # 120 lengths, both loops
    python benchmarks/lengths.py --loop aebook        # one loop, in this process

A loop that is compiled for each length of data anew grows with every run: growing
windows, incremental fits, validation sets. Each loop runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import subprocess
import sys
import time

RESULTS = Path(__file__).parent.parent / "aebook" / "results" / "lengths.json"
LENGTHS = range(100, 220)


def resident():
    """Memory of this process, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def measure(loop):
    """Train one model on every length, each with a validation set of another."""
    from aebook import data, training
    from aebook.models import Autoencoder, dense
    import keras

    fit = {"aebook": training.fit, "keras": keras.Model.fit}[loop]
    keras.utils.set_random_seed(0)
    x = data.flatten(data.load_mnist().x_train[:300])
    model = Autoencoder(*dense(784, latent_dim=16, hidden=(64,)))
    model.compile("adam", "mse")

    def run(n):
        options = {"validation_data": (x[: n - 50], x[: n - 50]), "verbose": 0}
        fit(model, x[:n], x[:n], epochs=2, **options)

    for n in LENGTHS[:3]:  # what both need once
        run(n)
    before, began = resident(), time.perf_counter()
    for n in LENGTHS:
        run(n)
    return {
        "runs": len(LENGTHS),
        "MiB": round(resident() - before, 1),
        "seconds": round(time.perf_counter() - began, 1),
    }


def main():
    """Measure one loop here, or both and store them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loop", choices=["aebook", "keras"])
    loop = parser.parse_args().loop
    if loop:
        print(json.dumps(measure(loop)))
        return
    results = {}
    for loop in ("aebook", "keras"):
        command = [sys.executable, __file__, "--loop", loop]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        results[loop] = json.loads(done.stdout.splitlines()[-1])
        print(loop, results[loop])
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
