"""How many bytes does a picture need, by a learnt codec, by PCA, JPEG, WebP and AVIF?

    python benchmarks/applications/compression.py

Digits of MNIST in sheets of 400, and photographs. `aebook.applications.Codec` is
trained with a factorised prior and with a hyperprior, with five seeds, and for two more
weights of the distortion with one. PCA has a uniform quantiser and the same
coder of bytes. Settings are chosen on validation pictures, the test pictures are coded
once. Takes about an hour on one core, goes on where it was stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
import io
from itertools import product
import math
from pathlib import Path
import platform
import statistics
import sys
import time
from typing import Any, NamedTuple

from aebook import data, metrics
from aebook.applications import Codec, Writer, count_tables, cut_patches
import keras
import numpy as np
from PIL import Image
from sklearn.decomposition import PCA

sys.path.insert(0, str(Path(__file__).parents[1]))
from stored import follow, options, write

RESULTS = Path(__file__).parents[2] / "aebook/results/applications/compression.json"
SEEDS = (0, 1, 2, 3, 4)
SIDE = 20  # digits in a row of a sheet
OTHERS = {  # tried on photographs with one seed; the best is in their task
    "rate 0.001": {"learning_rate": 1e-3},
    "rate 0.004": {"learning_rate": 4e-3},
    "a quarter of the steps": {"epochs": 1},
    "four times the steps": {"epochs": 16},
}

JPEG = (1, 3, 5, 8, 12, 18, 25, 35, 50, 70)
WEBP = (0, 1, 3, 8, 15, 25, 40, 60, 80)
AVIF = (1, 4, 8, 16, 25, 35, 50)
FORMATS = {  # name: qualities, and the settings among which validation chooses
    "JPEG": (
        JPEG,
        [
            {"optimize": True, "progressive": p, "subsampling": s}
            for p, s in product((False, True), ("4:4:4", "4:2:0"))
        ],
    ),
    "WebP": (WEBP, [{"method": 6}, {"method": 6, "use_sharp_yuv": True}]),
    "AVIF": (AVIF, [{"speed": 6, "subsampling": s} for s in ("4:4:4", "4:2:0")]),
}


class Task(NamedTuple):
    """Pictures, and how the codec is trained on them."""

    name: str
    train: np.ndarray
    validation: list[np.ndarray]  # whole pictures, or sheets
    test: list[np.ndarray]
    weights: tuple[float, float, float]  # of the distortion; seeds are for the middle
    codec: dict[str, Any]
    fit: dict[str, Any]
    blocks: tuple[int, ...]  # sides of the blocks among which PCA chooses
    steps: tuple[float, ...]  # of its quantiser


def sheets(digits: np.ndarray, side: int) -> list[np.ndarray]:
    """Return sheets of side × side digits."""
    grid = digits.reshape(-1, side, side, 28, 28).transpose(0, 1, 3, 2, 4)
    return list(grid.reshape(-1, side * 28, side * 28))


@cache
def digits(quick: bool) -> Task:
    """Return the task of the digits."""
    mnist = data.load_mnist(validation=5_000, seed=0)
    n = 2_000 if quick else 20_000
    test = mnist.x_test[: 400 if quick else 2_000]
    return Task(
        "digits",
        mnist.x_train[:n],
        sheets(mnist.x_val[:400], SIDE),
        sheets(test, SIDE),
        (1.5e-4, 4e-4, 1.2e-3),
        {"strides": (28,), "latent": 64, "width": 256},
        {"epochs": 1 if quick else 8, "batch_size": 100, "learning_rate": 3e-3},
        (28,),
        (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8),
    )


@cache
def photographs(quick: bool) -> Task:
    """Return the task of the photographs."""
    known = data.load("photographs")
    test = list(known.x_test.values())
    return Task(
        "photographs",
        cut_patches(known.x_train, 64, 64 if quick else 6400),
        [p[:128, :128] if quick else p for p in known.x_val.values()],
        [test[0][:128, :128]] if quick else test,
        (1.5e-3, 5e-3, 1.5e-2),
        {"strides": (4, 2, 2), "latent": 96, "width": 64},
        {"epochs": 1 if quick else 4, "batch_size": 8, "learning_rate": 2e-3},
        (8, 16),
        (0.06, 0.09, 0.13, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5),
    )


TASKS = {"digits": digits, "photographs": photographs}

# --- what a picture costs, and what comes back


def score(
    picture: np.ndarray, back: np.ndarray, size: int, ssim: bool = True
) -> dict[str, float]:
    """Return bytes, decibels and, if asked, structural similarity of one picture."""
    scores: dict[str, float] = {
        "bytes": size,
        "psnr": round(float(metrics.psnr(picture[None], back[None])[0]), 4),
    }
    if ssim:
        similar = metrics.ssim(picture[None], back[None])[0]
        scores["ssim"] = round(float(similar), 4)
    return scores


def in_file(picture: np.ndarray, form: str, quality: int, **settings: Any) -> tuple:
    """Return a picture as a file of a format, and what is read from it."""
    file = io.BytesIO()
    levels = Image.fromarray(np.rint(255 * picture).astype(np.uint8))
    levels.save(file, form, quality=quality, **settings)
    content = file.getvalue()
    mode = "L" if picture.ndim == 2 else "RGB"
    read = np.asarray(Image.open(io.BytesIO(content)).convert(mode), np.float32)
    return content, read / 255


def jpeg_head(content: bytes) -> int:
    """Return the bytes of a JPEG file before the first number of the picture."""
    place = 2
    while content[place + 1] != 0xDA:  # up to the start of the scan
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    return place + 2 + int.from_bytes(content[place + 2 : place + 4], "big")


def curve(
    pictures: list[np.ndarray], coder: Callable, levels: tuple, ssim: bool = True
) -> list[dict]:
    """Return for each level the scores of the pictures, in lists."""
    found = []
    for level in levels:
        scores = [score(p, *coder(p, level)[::-1], ssim) for p in pictures]
        found.append({key: [s[key] for s in scores] for key in scores[0]})
    return found


def resized(picture: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return a picture in another size, on 8-bit levels."""
    levels = Image.fromarray(np.rint(255 * picture).astype(np.uint8))
    other = levels.resize((columns, rows), Image.Resampling.LANCZOS)
    return np.asarray(other, np.float32) / 255


def by_format(form: str, settings: dict, halved: bool = False) -> Callable:
    """Return a coder of one format: a picture and a quality to bytes and picture.

    If halved, the file has half as many rows and columns: for few bytes that is better.
    """
    grey = {k: v for k, v in settings.items() if k != "subsampling"}

    def coder(picture: np.ndarray, quality: int) -> tuple[int, np.ndarray]:
        used = settings if picture.ndim == 3 else grey
        rows, columns = picture.shape[:2]
        small = resized(picture, rows // 2, columns // 2) if halved else picture
        content, back = in_file(small, form, quality, **used)
        return len(content), resized(back, rows, columns) if halved else back

    return coder


def as_blocks(x: np.ndarray, side: int) -> np.ndarray:
    """Return the blocks of images `(n, height, width, channels)`, one a row."""
    after = [(0, -size % side) for size in x.shape[1:3]]
    x = np.pad(x, [(0, 0), *after, (0, 0)], "edge")
    n, height, width, c = x.shape
    x = x.reshape(n, height // side, side, width // side, side, c)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(-1, side * side * c)


def by_pca(train: np.ndarray, side: int) -> Callable:
    """Return a coder by PCA: a picture and a step to bytes and picture.

    As many directions as a block has numbers, up to 192; a table for each, counted on
    training blocks at this step.
    """
    blocks = as_blocks(train if train.ndim == 4 else train[..., None], side)
    blocks = blocks[:: max(1, len(blocks) // 25_000)]
    k = min(192, blocks.shape[1])
    pca = PCA(k, svd_solver="covariance_eigh").fit(blocks)
    codes, index = pca.transform(blocks), np.arange(k)
    tables = cache(
        lambda step: count_tables(np.rint(codes / step).astype(int), index, k)
    )

    def coder(picture: np.ndarray, step: float) -> tuple[int, np.ndarray]:
        x = picture if picture.ndim == 3 else picture[..., None]
        code = np.rint(pca.transform(as_blocks(x[None], side)) / step).astype(int)
        size = 8 + len(Writer().add(code, index, tables(step)).finish())  # its shape
        rows, columns = (-(-s // side) for s in x.shape[:2])
        back = pca.inverse_transform(code * step).clip(0, 1)
        back = back.reshape(rows, columns, side, side, -1).transpose(0, 2, 1, 3, 4)
        back = back.reshape(rows * side, columns * side, -1)
        back = np.rint(255 * back[: x.shape[0], : x.shape[1]]) / 255
        return size, back.astype(np.float32).reshape(picture.shape)

    return coder


def at_bytes(points: list[dict], key: str, sizes: list[int]) -> float:
    """Return a score at given bytes for each picture, the mean over them.

    Of several files of a method the best that is no larger counts. Between two files a
    score is linear in the logarithm of the bytes.
    """
    found = []
    for i, size in enumerate(sizes):
        known = sorted((p["bytes"][i], p[key][i]) for p in points)
        x, y = zip(*known, strict=True)
        front = np.maximum.accumulate(y)
        found.append(float(np.interp(math.log(size), np.log(x), front)))
    return statistics.fmean(found)


# --- jobs


def baseline(task: Task, name: str) -> dict[str, Any]:
    """Choose the settings of a baseline on validation pictures, then code the test."""
    start = time.perf_counter()
    if name == "PCA":
        levels = task.steps
        coders = {side: by_pca(task.train, side) for side in task.blocks}
    else:
        levels, settings = FORMATS[name]
        coders = {str(s): by_format(name, s) for s in settings}
        if task.test[0].ndim == 2:  # in grey all settings are one
            coders = dict([*coders.items()][:1])
    sizes = [
        round(0.04 * p[..., :1].size) if p.ndim == 3 else round(0.04 * p.size)
        for p in task.validation
    ]  # 0.32 bits per pixel
    tries = partial(curve, task.validation, ssim=False)
    tried = {
        str(setting): at_bytes(tries(coder, levels), "psnr", sizes)
        for setting, coder in coders.items()
        if len(coders) > 1
    }
    chosen = max(coders, key=lambda setting: tried.get(str(setting), 0))
    result: dict[str, Any] = {
        "chosen": str(chosen),
        "validation": {setting: round(value, 3) for setting, value in tried.items()},
        "points": curve(task.test, coders[chosen], levels),
    }
    if name != "PCA":
        how = next(s for s in settings if str(s) == chosen)
        small = by_format(name, how, halved=True)
        result["points"] += curve(task.test, small, levels)
    taken = time.perf_counter() - start
    if name == "JPEG":
        result["head"] = jpeg_head(in_file(task.test[0], "JPEG", 5, optimize=True)[0])
    return {**result, "seconds": round(taken, 2)}


def trained(task: Task, weight: float, hyperprior: bool, seed: int) -> dict[str, Any]:
    """Train one codec and code the test pictures."""
    keras.backend.clear_session()
    start = time.perf_counter()
    codec = Codec(
        **task.codec,
        distortion_weight=weight,
        hyperprior=hyperprior,
        random_state=seed,
    )
    codec.fit(task.train, **task.fit)
    fitted = time.perf_counter() - start
    scores = []
    for picture in task.test:
        stream = codec.compress(picture[None])
        scores.append(score(picture, codec.decompress(stream)[0], len(stream)))
    validation = []
    for picture in task.validation:
        stream = codec.compress(picture[None])
        back = codec.decompress(stream)[0]
        validation.append(score(picture, back, len(stream), ssim=False))
    return {
        "weight": weight,
        "hyperprior": hyperprior,
        "seed": seed,
        **{key: [s[key] for s in scores] for key in scores[0]},
        "validation": {
            key: round(statistics.fmean(s[key] for s in validation), 4)
            for key in validation[0]
        },
        "decoder_weights": codec.network.decoder.count_params(),
        "seconds": round(time.perf_counter() - start, 2),
        "seconds_fit": round(fitted, 2),
    }


def add_training(
    todo: dict, name: str, which: int, hyper: bool, seed: int, quick: bool
) -> None:
    """Add the training of a codec at one of the three weights."""

    def job() -> dict[str, Any]:
        task = TASKS[name](quick)
        return trained(task, task.weights[which], hyper, seed)

    prior = "hyperprior" if hyper else "factorised"
    todo[f"{name}, {prior}, {which}, {seed}"] = job


def jobs(quick: bool) -> dict[str, Callable]:
    """Return what has to be done, by name."""
    todo: dict[str, Callable] = {}
    for name, make in TASKS.items():
        for form in (*FORMATS, "PCA"):
            todo[f"{name}, {form}"] = lambda m=make, f=form: baseline(m(quick), f)
    for seed, hyper in product(SEEDS[: 1 if quick else None], (False, True)):
        for name in TASKS:
            add_training(todo, name, 1, hyper, seed, quick)
    for name, which, hyper in product(() if quick else TASKS, (0, 2), (True, False)):
        add_training(todo, name, which, hyper, 0, quick)
    for name, changes in () if quick else OTHERS.items():
        todo[f"photographs, {name}"] = partial(otherwise, changes)
    return todo


def otherwise(changes: dict[str, Any]) -> dict[str, Any]:
    """Train on photographs in another way, at the middle weight."""
    task = photographs(False)
    task = task._replace(fit={**task.fit, **changes})
    return trained(task, task.weights[1], True, SEEDS[0])


def loss(run: dict[str, Any], pixels: float) -> float:
    """Return rate plus weighted error on the validation pictures."""
    rate = 8 * run["validation"]["bytes"] / pixels
    return rate + run["weight"] * 255**2 * 10 ** (-run["validation"]["psnr"] / 10)


def rows(runs: dict[str, dict], pixels: dict[str, float]) -> list[dict[str, Any]]:
    """Return a line for each method: ours, and the others at the bytes of ours.

    Ours is the prior that does better on validation pictures at the middle weight, and
    the bytes are its own, seed for seed.
    """
    found = []
    labels = {"digits": "MNIST, 400 a sheet", "photographs": "3 photographs"}
    for name, (key, metric, unit, places) in product(
        TASKS, (("psnr", "PSNR", "dB", 2), ("ssim", "SSIM", "", 3))
    ):
        ours = {
            prior: [r for n, r in runs.items() if n.startswith(f"{name}, {prior}, 1,")]
            for prior in ("factorised", "hyperprior")
        }
        line = {
            "task": "compression",
            "data": labels[name],
            "metric": f"{metric} at equal bytes",
            "unit": unit,
            "better": "higher",
            "digits": places,
        }
        chosen = min(
            ours,
            key=lambda p: statistics.median(loss(r, pixels[name]) for r in ours[p]),
        )
        sizes = [r["bytes"] for r in ours[chosen]]
        values = [round(statistics.fmean(r[key]), 4) for r in ours[chosen]]
        seconds = statistics.median(r["seconds"] for r in ours[chosen])
        found.append(
            {**line, "method": f"codec, {chosen}", "ours": True}
            | {"values": values, "seconds": seconds}
        )
        for form in (*FORMATS, "PCA"):
            run = runs[f"{name}, {form}"]
            at = [round(at_bytes(run["points"], key, size), 4) for size in sizes]
            found.append(
                {**line, "method": form, "ours": False}
                | {"values": at, "seconds": run["seconds"]}
            )
    return found


def main(arguments: list[str] | None = None) -> None:
    """Do what is missing and print the rows."""
    asked = options(__doc__, RESULTS, arguments)
    settings = {
        "weights": {name: make(asked.quick).weights for name, make in TASKS.items()},
        "unit": "bits per pixel + weight * squared error in 8-bit levels, mean",
        "pixels": {
            name: [int(np.prod(p.shape[:2])) for p in make(asked.quick).test]
            for name, make in TASKS.items()
        },
        "validation_pixels": {
            name: statistics.fmean(
                np.prod(p.shape[:2]) for p in make(asked.quick).validation
            )
            for name, make in TASKS.items()
        },
        "fit": {name: make(asked.quick).fit for name, make in TASKS.items()},
        "seeds": SEEDS,
        "seconds": "wall clock, beside other work",
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "machine": f"1 thread of 2 cores, {platform.machine()}",
    }
    path = None if asked.quick else asked.output
    results = follow(path, jobs(asked.quick), settings)
    results["rows"] = rows(results["runs"], settings["validation_pixels"])
    if path is not None:
        write(results, path)
    for row in results["rows"]:
        print(row["data"], row["metric"], row["method"], *row["values"])


if __name__ == "__main__":
    main()
