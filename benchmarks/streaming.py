"""Seconds and memory of an epoch over files of 10,000 to a million images.

    python benchmarks/streaming.py

The digits of MNIST are repeated into a temporary file of 8-bit levels, 784 bytes an
image, which `np.memmap` opens and `aebook.training.Batches` reads. The network is
784-128-32-128-784, Adam, mean squared error, batches of 256. Each size has a process
of its own. Its memory is RssAnon of Linux, what the process itself holds: pages of the
file that the system keeps because there is room do not count.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any

from aebook import data
import numpy as np
from training_speed import empty_results

RESULTS = Path(__file__).parent.parent / "aebook" / "results" / "streaming.json"
SIZES = (10_000, 100_000, 1_000_000)
QUICK = (1_000, 2_000)
BATCH_SIZE = 256
BUSY = 1.0  # processes that wait for a core; above it, times say little


class PeakMemory(threading.Thread):
    """Notes the most memory that this process holds, file pages not counted."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak, self.done = 0.0, threading.Event()

    def run(self) -> None:
        """Look twenty times a second."""
        while not self.done.wait(0.05):
            self.peak = max(self.peak, own_memory())

    def stop(self) -> float:
        """Return the peak in MiB."""
        self.done.set()
        self.join()
        return max(self.peak, own_memory())


def own_memory() -> float:
    """Return the memory of this process without file pages, in MiB."""
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(text.split("RssAnon:")[1].split()[0]) / 1024


def write_images(path: Path, images: int) -> None:
    """Repeat the digits of MNIST into a file."""
    levels = np.round(data.load_mnist(validation=0).x_train * 255).astype(np.uint8)
    with path.open("wb") as file:
        for start in range(0, images, len(levels)):
            levels[: images - start].tofile(file)


def measure(path: str, images: int) -> dict[str, float]:
    """Train for an epoch on a file; return its seconds and this process' memory."""
    from aebook.models import Autoencoder, dense
    from aebook.training import Batches
    import keras

    def unit(levels: np.ndarray) -> np.ndarray:
        return levels / np.float32(255)

    keras.utils.set_random_seed(0)
    model = Autoencoder(*dense(784, latent_dim=32, hidden=(128,)))
    model.compile("adam", "mse", jit_compile=True)
    x = np.memmap(path, np.uint8, "r", shape=(images, 784))
    few = x[: BATCH_SIZE + images % BATCH_SIZE]  # a full batch and the smaller last one
    model.fit(
        Batches(few, batch_size=BATCH_SIZE, transform=unit), verbose=0
    )  # compiles
    before, memory = own_memory(), PeakMemory()
    memory.start()
    began = time.perf_counter()
    history = model.fit(Batches(x, batch_size=BATCH_SIZE, transform=unit), verbose=0)
    seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "images_a_second": images / seconds,
        "memory_before_mib": before,
        "peak_memory_mib": memory.stop(),
        "file_mib": Path(path).stat().st_size / 2**20,
        "loss": history.history["loss"][0],
    }


def run(sizes: tuple[int, ...], results: dict[str, Any]) -> None:
    """Measure each size in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images"
        for images in sizes:
            write_images(path, images)
            load = os.getloadavg()[0]
            command = [sys.executable, __file__, "--measure", str(path), str(images)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            row = json.loads(done.stdout.splitlines()[-1])
            results["sizes"][str(images)] = {**row, "load_before": load}
            print(f"{images:,} images  {row['seconds']:.1f} s", flush=True)
    loads = [row["load_before"] for row in results["sizes"].values()]
    if max(loads) > BUSY:
        results["note"] = (
            f"other programs ran too (load {min(loads):.1f} to {max(loads):.1f} on "
            f"{os.cpu_count()} cores): on a quiet machine the seconds are fewer"
        )


def table(results: dict[str, Any]) -> str:
    """Return the results as Markdown."""
    lines = [
        "| images | file, MiB | seconds an epoch | images a second "
        "| peak memory, MiB | of that, data, MiB |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for images, row in results["sizes"].items():
        grown = row["peak_memory_mib"] - row["memory_before_mib"]
        lines.append(
            f"| {int(images):,} | {row['file_mib']:.0f} | {row['seconds']:.1f} "
            f"| {row['images_a_second']:,.0f} | {row['peak_memory_mib']:.0f} "
            f"| {grown:.0f} |"
        )
    if results.get("note"):
        lines += ["", f"Note: {results['note']}."]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Measure, or print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    option = parser.add_argument
    option("--quick", action="store_true", help="2,000 images at most, no file")
    option("--output", type=Path, default=RESULTS, metavar="FILE")
    option("--table", action="store_true", help="print the stored results only")
    option("--measure", nargs=2, metavar=("FILE", "IMAGES"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        path, images = options.measure
        return print(json.dumps(measure(path, int(images))))
    if options.table:
        return print(table(json.loads(options.output.read_text(encoding="utf-8"))))
    if sys.platform != "linux":
        raise SystemExit(
            "only Linux tells memory without file pages: /proc/self/status"
        )
    keys = ("date", "cpu", "cores", "python", "layers")
    results = {k: v for k, v in empty_results(0, 1).items() if k in keys}
    results |= {"batch_size": BATCH_SIZE, "sizes": {}, "note": ""}
    run(QUICK if options.quick else SIZES, results)
    if not options.quick:
        text = json.dumps(results, indent=1)
        options.output.write_text(text + "\n", encoding="utf-8")
    print(table(results))


if __name__ == "__main__":
    main()
