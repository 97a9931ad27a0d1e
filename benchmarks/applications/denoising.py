"""By how many decibels does a network clean an image, and the filters beside it?

    python benchmarks/applications/denoising.py [--bm3d PYTHON]

Photographs with Gaussian noise, in grey and in colour; digits with noise, specks, lost
pixels and blur. `aebook.applications.Denoiser` is trained with five seeds for each, on
photographs also for every noise at once (blind), on pairs of noisy pictures, on noisy
pictures alone, and without skips. The filters know the standard deviation of the noise,
and their parameters are chosen on validation pictures. Each seed has its own noise on
the test pictures. BM3D has a licence for noncommercial use and is no dependency: name
the Python of an environment that has the package bm3d. Takes about an hour on one core,
goes on where it was stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from functools import cache, partial
from itertools import product
from pathlib import Path
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any, NamedTuple

from aebook import data, metrics
from aebook.applications import Denoiser, cut_patches, damage
import keras
import numpy as np
from scipy import ndimage
from skimage import restoration
from skimage.filters import unsharp_mask
from sklearn.decomposition import PCA

sys.path.insert(0, str(Path(__file__).parents[1]))
from stored import follow, options, write

RESULTS = Path(__file__).parents[2] / "aebook/results/applications/denoising.json"
SEEDS = (0, 1, 2, 3, 4)
SIGMA = 25 / 255
LEVELS = (5, 15, 25, 35, 45, 55, 75)  # of 255, at which the blind one is measured
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
BLUR = 1.5  # pixels


class Task(NamedTuple):
    """Pictures, what spoils them, and how the network is trained."""

    name: str
    train: Any  # pictures by name, or an array
    validation: list[np.ndarray]
    test: list[np.ndarray]
    kind: str
    amount: float
    network: dict[str, Any]
    fit: dict[str, Any]


def photographs(quick: bool, colour: bool) -> Task:
    """Return the task of the photographs."""
    known = data.load("photographs")
    train, validation, test = (
        {name: x if colour else x @ LUMA for name, x in part.items()} for part in known
    )
    if quick:
        test = {name: x[:64, :64] for name, x in test.items()}
        validation = {name: x[:64, :64] for name, x in validation.items()}
    return Task(
        f"3 photographs, {'colour' if colour else 'grey'}",
        train,
        [*validation.values()],
        [*test.values()],
        "gaussian",
        SIGMA,
        {"filters": 2 if quick else 24},
        {"steps": 2 if quick else 1500},
    )


def digits(quick: bool, kind: str, amount: float, residual: bool) -> Task:
    """Return the task of the digits, with one kind of damage."""
    mnist = data.load_mnist(validation=5_000, seed=0)
    return Task(
        f"MNIST, {kind}",
        mnist.x_train[:20_000],
        [*mnist.x_val[: 20 if quick else 100]],
        [*mnist.x_test[: 20 if quick else 500]],
        kind,
        amount,
        {"filters": 2 if quick else 16, "residual": residual},
        {
            "steps": 2 if quick else 700,
            "batch_size": 32,
            "learning_rate": 5e-3,
        },
    )


#: Name: how the task is made.
TASKS = {
    "grey": partial(photographs, colour=False),
    "colour": partial(photographs, colour=True),
    "noise": partial(digits, kind="gaussian", amount=0.5, residual=False),
    "specks": partial(digits, kind="salt-and-pepper", amount=0.3, residual=False),
    "lost": partial(digits, kind="masking", amount=0.5, residual=True),
    "blur": partial(digits, kind="blur", amount=BLUR, residual=True),
}


@cache
def task_of(name: str, quick: bool) -> Task:
    """Return a task by its name."""
    return TASKS[name](quick)


def spoilt(
    pictures: list[np.ndarray], kind: str, amount: float, seed: int
) -> list[np.ndarray]:
    """Return damaged pictures; a blurred one is kept on 8-bit levels, as in a file."""
    made = [
        damage(x[None], kind, amount, random_state=1_000 * (seed + 1) + i)[0]
        for i, x in enumerate(pictures)
    ]
    return [np.rint(255 * x) / 255 for x in made] if kind == "blur" else made


def gain(
    clean: list[np.ndarray], noisy: list[np.ndarray], cleaned: list[np.ndarray]
) -> list[float]:
    """Return for each picture the decibels after less the decibels before."""
    return [
        float(
            (
                metrics.psnr(x[None], y.clip(0, 1)[None])
                - metrics.psnr(x[None], n[None])
            )[0]
        )
        for x, n, y in zip(clean, noisy, cleaned, strict=True)
    ]


# --- filters: each takes a picture, the standard deviation and its parameters


def by_median(x: np.ndarray, sigma: float, size: int) -> np.ndarray:
    """Return the median of a square around each pixel, channel by channel."""
    return ndimage.median_filter(x, (size, size, 1)[: x.ndim], mode="mirror")


def by_variation(x: np.ndarray, sigma: float, weight: float) -> np.ndarray:
    """Return the picture of least total variation near `x`."""
    axis = -1 if x.ndim == 3 else None
    return restoration.denoise_tv_chambolle(x, weight, channel_axis=axis)


def by_means(
    x: np.ndarray, sigma: float, h: float, patch: int, far: int, fast: int
) -> np.ndarray:
    """Return means of the pixels whose surroundings are alike."""
    return restoration.denoise_nl_means(
        x,
        patch_size=patch,
        patch_distance=far,
        h=h * sigma,
        sigma=sigma,
        fast_mode=bool(fast),
        channel_axis=-1 if x.ndim == 3 else None,
    )


def by_wavelets(
    x: np.ndarray,
    sigma: float,
    wavelet: str,
    method: str,
    mode: str,
    level: float,
    luma: int,
) -> np.ndarray:
    """Return what thresholds leave of the wavelets of `x`, a mean over 16 shifts."""
    axis = -1 if x.ndim == 3 else None
    settings = {
        "sigma": level * sigma,
        "wavelet": wavelet,
        "method": method,
        "mode": mode,
        "convert2ycbcr": axis == -1 and bool(luma),
        "rescale_sigma": True,
    }
    return restoration.cycle_spin(
        x,
        func=restoration.denoise_wavelet,
        max_shifts=3,
        func_kw={**settings, "channel_axis": axis},
        channel_axis=axis,
        workers=1,
    )


def by_closing(x: np.ndarray, sigma: float, size: int) -> np.ndarray:
    """Return a closing: what is darker than all of its surroundings is filled."""
    return ndimage.grey_closing(x, (size, size))


def spot() -> np.ndarray:
    """Return what the blur makes of one bright pixel."""
    point = np.zeros((13, 13))
    point[6, 6] = 1
    return ndimage.gaussian_filter(point, BLUR)


def by_wiener(x: np.ndarray, sigma: float, balance: float) -> np.ndarray:
    """Return the Wiener filter for the true blur, edges mirrored before."""
    wide = np.pad(x, 8, "symmetric")
    return restoration.wiener(wide, spot(), balance, clip=False)[8:-8, 8:-8]


def by_richardson(x: np.ndarray, sigma: float, steps: int) -> np.ndarray:
    """Return steps of Richardson and Lucy for the true blur."""
    wide = np.pad(x, 8, "symmetric")
    return restoration.richardson_lucy(wide, spot(), steps, filter_epsilon=1e-6)[
        8:-8, 8:-8
    ]


def by_unsharp(x: np.ndarray, sigma: float, radius: float, much: float) -> np.ndarray:
    """Return the picture plus what a blur takes from it."""
    return unsharp_mask(x, radius, much)


def grid(**values: Any) -> list[dict[str, Any]]:
    """Return every combination of parameters."""
    return [dict(zip(values, each, strict=True)) for each in product(*values.values())]


H = (0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.3)
FILTERS: dict[str, tuple[Callable, list[dict]]] = {
    "median": (by_median, grid(size=(3, 5, 7))),
    "total variation": (
        by_variation,
        grid(weight=(0.03, 0.05, 0.07, 0.09, 0.12, 0.16, 0.25, 0.4, 0.6, 0.9)),
    ),
    "non-local means": (
        by_means,
        [
            *grid(h=H, patch=(3, 5, 7), far=(6, 10), fast=(1,)),
            *grid(h=H, patch=(3, 5, 7), far=(6,), fast=(0,)),
        ],
    ),
    "wavelets": (
        by_wavelets,
        [
            *grid(
                wavelet=("db1", "db2", "sym4"),
                method=("BayesShrink",),
                mode=("soft",),
                level=(0.7, 0.85, 1.0, 1.15),
                luma=(0, 1),
            ),
            *grid(
                wavelet=("db1", "db2", "sym4"),
                method=("VisuShrink",),
                mode=("hard", "soft"),
                level=(0.3, 0.5, 0.7, 1.0, 1.4),
                luma=(0, 1),
            ),
        ],
    ),
    "closing": (by_closing, grid(size=(2, 3, 4, 5, 6))),
    "Wiener": (by_wiener, grid(balance=(1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2))),
    "Richardson–Lucy": (by_richardson, grid(steps=(40, 160, 640, 1280))),
    "unsharp mask": (
        by_unsharp,
        grid(radius=(0.7, 1.0, 1.5, 2.5), much=(0.5, 1.0, 2.0, 4.0, 6.0, 9.0)),
    ),
}
NOISE = ("median", "total variation", "non-local means", "wavelets")
OF_KIND = {  # which filters each kind of damage gets
    "gaussian": NOISE,
    "salt-and-pepper": NOISE,
    "masking": (*NOISE, "closing"),
    "blur": ("Wiener", "Richardson–Lucy", "unsharp mask"),
}


def middle(x: np.ndarray, side: int = 160) -> np.ndarray:
    """Return the middle of a picture, on which parameters are chosen."""
    top, left = (max(0, (s - side) // 2) for s in x.shape[:2])
    return x[top : top + side, left : left + side]


def sigma_of(task: Task, clean: list[np.ndarray], noisy: list[np.ndarray]) -> float:
    """Return the standard deviation that filters are told: the true one."""
    if task.kind == "gaussian":
        return task.amount
    pairs = zip(clean, noisy, strict=True)
    return float(np.sqrt(statistics.fmean(np.mean((x - y) ** 2) for x, y in pairs)))


# --- jobs


def chosen(task: Task, name: str) -> tuple[Callable, dict[str, float]]:
    """Return a filter with the parameters that validation chose, and all tries."""
    function, settings = FILTERS[name]
    clean = [middle(x) for x in task.validation]
    noisy = spoilt(clean, task.kind, task.amount, 99)
    sigma = sigma_of(task, clean, noisy)
    tried = {}
    for i, setting in enumerate(settings):
        cleaned = [function(y, sigma, **setting) for y in noisy]
        tried[i] = statistics.fmean(gain(clean, noisy, cleaned))
    best = settings[max(tried, key=lambda i: tried[i])]
    shown = {str(settings[i]): round(value, 3) for i, value in tried.items()}
    return lambda y, sigma: function(y, sigma, **best), shown


def by_filter(task: Task, name: str, levels: tuple[int, ...] = ()) -> dict[str, Any]:
    """Choose the parameters of a filter, then clean the test pictures of each seed."""
    start = time.perf_counter()
    clean_one, tried = chosen(task, name)
    tuned = time.perf_counter() - start
    gains = []
    seeds = SEEDS[:1] if task.kind == "blur" else SEEDS  # a blur has no chance in it
    for seed in seeds:
        noisy = spoilt(task.test, task.kind, task.amount, seed)
        sigma = sigma_of(task, task.test, noisy)
        cleaned = [clean_one(y, sigma) for y in noisy]
        gains.append(round(statistics.fmean(gain(task.test, noisy, cleaned)), 4))
    result = {"gains": gains, "chosen": max(tried, key=lambda s: tried[s])}
    taken = (time.perf_counter() - start - tuned) / len(seeds)
    if levels:
        result["levels"] = at_levels(task, lambda y, s: clean_one(y, s), levels)
    return {**result, "validation": tried, "seconds": round(taken, 2)}


def at_levels(
    task: Task, clean_one: Callable, levels: tuple[int, ...], seed: int = 0
) -> list[float]:
    """Return the mean gain at each level of Gaussian noise."""
    found = []
    for level in levels:
        noisy = spoilt(task.test, "gaussian", level / 255, seed)
        cleaned = [clean_one(y, level / 255) for y in noisy]
        found.append(round(statistics.fmean(gain(task.test, noisy, cleaned)), 4))
    return found


def components(task: Task) -> tuple[Callable, tuple[float, ...]]:
    """Return the projection on principal components of clean digits, and how many."""
    flat = np.asarray(task.train).reshape(len(task.train), -1)
    pca = PCA(200, svd_solver="covariance_eigh").fit(flat)

    def project(y: np.ndarray, k: float) -> np.ndarray:
        axes = pca.components_[: int(k)]
        return (y - pca.mean_) @ axes.T @ axes + pca.mean_

    return project, (5, 10, 15, 20, 30, 40, 60, 80, 120, 200)


def linear_map(task: Task) -> tuple[Callable, tuple[float, ...]]:
    """Return the best linear map from damaged to clean digits, and its penalties."""
    clean = np.asarray(task.train).reshape(len(task.train), -1).astype(float)
    bad = damage(task.train, task.kind, task.amount, random_state=77)
    bad = bad.reshape(clean.shape).astype(float)
    means = bad.mean(axis=0), clean.mean(axis=0)
    squares = (bad - means[0]).T @ (bad - means[0])
    products = (bad - means[0]).T @ (clean - means[1])

    @cache
    def fitted(penalty: float) -> np.ndarray:
        return np.linalg.solve(squares + penalty * np.eye(len(squares)), products)

    return lambda y, penalty: (y - means[0]) @ fitted(penalty) + means[1], (
        *(1e-5, 1e-4, 1e-3, 0.01, 0.03, 0.1, 1, 10, 100, 1_000, 10_000),
    )


def by_digits(task: Task, make: Callable) -> dict[str, Any]:
    """Clean digits by a map that was learnt from others, at its best setting."""
    start = time.perf_counter()
    function, settings = make(task)

    def clean_all(noisy: list[np.ndarray], setting: float) -> list[np.ndarray]:
        y = np.stack(noisy).reshape(len(noisy), -1)
        return [*function(y, setting).reshape(-1, 28, 28)]

    noisy = spoilt(task.validation, task.kind, task.amount, 99)
    tried = {
        s: statistics.fmean(gain(task.validation, noisy, clean_all(noisy, s)))
        for s in settings
    }
    best, gains = max(tried, key=lambda s: tried[s]), []
    for seed in SEEDS[:1] if task.kind == "blur" else SEEDS:
        noisy = spoilt(task.test, task.kind, task.amount, seed)
        cleaned = clean_all(noisy, best)
        gains.append(round(statistics.fmean(gain(task.test, noisy, cleaned)), 4))
    return {
        "gains": gains,
        "chosen": str(best),
        "validation": {str(s): round(v, 3) for s, v in tried.items()},
        "seconds": round(time.perf_counter() - start, 2),
    }


def shots(task: Task, seed: int) -> dict[str, np.ndarray]:
    """Return one noisy picture of each training photograph."""
    noisy = spoilt([*task.train.values()], "gaussian", task.amount, seed)
    return dict(zip(task.train, noisy, strict=True))


def patches(pictures: Mapping[str, np.ndarray], seed: int) -> np.ndarray:
    """Cut patches of pictures whose noise leads out of [0, 1], where it is kept."""
    within = {name: (x + 2) / 5 for name, x in pictures.items()}
    return 5 * cut_patches(within, 48, 4000, random_state=seed) - 2


#: What a network of photographs may learn from, with one noisy shot of each: the clean
#: picture, a second shot, or nothing else.
TARGETS = ("clean targets", "noisy targets", "blind spots")
#: As many steps on clean pictures with new noise in each, with and without skips.
SHORT = ("with skips", "no skips")
#: The noise put out in the place of the picture, or the other way round. Of the two
#: that with the larger gain on validation digits is compared.
OTHER = "other output"
#: Four times the steps, on grey photographs: how much the first 1,500 leave.
LONG, LONGER = "longer", 6000


def trained(
    task: Task, seed: int, way: str = "", levels: tuple[int, ...] = (), steps: int = 0
) -> dict[str, Any]:
    """Train one network, and clean the test pictures."""
    keras.backend.clear_session()
    start = time.perf_counter()
    amount = (5 / 255, 55 / 255) if way == "blind" else task.amount
    network = dict(task.network)
    if way == OTHER:
        network["residual"] = not network["residual"]
    if way == "no skips":
        network.update(skips=False, residual=False)
    denoiser = Denoiser(task.kind, amount, random_state=seed, **network)
    fit = {**task.fit, **({"steps": steps} if steps else {})}
    if way in TARGETS:
        first, second = shots(task, 200 + seed), shots(task, 300 + seed)
        asked = {"clean targets": task.train, "noisy targets": second}
        x = patches(first, seed)
        denoiser.fit(x, patches(asked[way], seed) if way in asked else way, **fit)
    else:
        denoiser.fit(task.train, **fit)
    fitted = time.perf_counter() - start
    noisy = spoilt(task.test, task.kind, task.amount, seed)
    cleaned = [denoiser.denoise(y) for y in noisy]
    gains = gain(task.test, noisy, cleaned)
    validation = spoilt(task.validation, task.kind, task.amount, 99)
    on_validation = gain(
        task.validation, validation, [denoiser.denoise(y) for y in validation]
    )
    result = {
        "gain": round(statistics.fmean(gains), 4),
        "validation": round(statistics.fmean(on_validation), 4),
        "weights": denoiser.network.count_params(),
        "loss": round(denoiser.history[-1], 7),
        "seconds": round(time.perf_counter() - start, 2),
        "seconds_fit": round(fitted, 2),
    }
    if levels:
        result["levels"] = at_levels(
            task, lambda y, _: denoiser.denoise(y), levels, seed
        )
    return result


BM3D = """
import sys, numpy as np, bm3d
with np.load(sys.argv[1]) as file:
    pictures = dict(file)
levels = pictures.pop("levels")
cleaned = {}
for level, (name, y) in zip(levels, pictures.items()):
    clean = bm3d.bm3d_rgb if y.ndim == 3 else bm3d.bm3d
    cleaned[name] = clean(y.astype(float), level)
np.savez(sys.argv[2], **cleaned)
"""


def in_bm3d(python: str, noisy: list[np.ndarray], sigmas: list[float]) -> list:
    """Return what BM3D makes of pictures, in an environment that has it."""
    with tempfile.TemporaryDirectory() as folder:
        given, made = f"{folder}/noisy.npz", f"{folder}/clean.npz"
        np.savez(given, levels=sigmas, **{f"x{i}": y for i, y in enumerate(noisy)})
        subprocess.run([python, "-c", BM3D, given, made], check=True)
        with np.load(made) as file:
            return [file[f"x{i}"].astype(np.float32) for i in range(len(noisy))]


@cache
def told_bm3d(name: str, python: str, quick: bool) -> dict[float, float]:
    """Return the gain on validation pictures by the factor that BM3D is told."""
    task = task_of(name, quick)
    clean = [middle(x) for x in task.validation]
    noisy = spoilt(clean, task.kind, task.amount, 99)
    tried = {}
    for factor in (0.85, 1.0, 1.15, 1.3):
        cleaned = in_bm3d(python, noisy, [factor * task.amount] * len(noisy))
        tried[factor] = statistics.fmean(gain(clean, noisy, cleaned))
    return tried


def by_bm3d(task: Task, tried: dict[float, float], python: str, seed: int) -> dict:
    """Clean the test pictures by BM3D, told the noise by the best factor."""
    best = max(tried, key=lambda f: tried[f])
    start = time.perf_counter()
    noisy = spoilt(task.test, task.kind, task.amount, seed)
    cleaned = in_bm3d(python, noisy, [best * task.amount] * len(noisy))
    return {
        "gain": round(statistics.fmean(gain(task.test, noisy, cleaned)), 4),
        "chosen": f"{best} × sigma",
        "validation": {str(f): round(v, 3) for f, v in tried.items()},
        "seconds": round(time.perf_counter() - start, 2),
    }


def jobs(quick: bool, bm3d: str | None) -> dict[str, Callable]:
    """Return what has to be done, by name."""
    todo: dict[str, Callable] = {}

    def add(label: str, function: Callable, name: str, *rest: Any, **more: Any) -> None:
        todo[label] = lambda: function(task_of(name, quick), *rest, **more)

    def add_bm3d(name: str, seed: int) -> None:
        def job() -> dict[str, Any]:
            tried = told_bm3d(name, str(bm3d), quick)
            return by_bm3d(task_of(name, quick), tried, str(bm3d), seed)

        todo[f"{name}, BM3D, {seed}"] = job

    levels = (25, 55) if quick else LEVELS
    seeds = SEEDS[:1] if quick else SEEDS
    for name, make in TASKS.items():
        kind = make.keywords.get("kind", "gaussian")
        for each in OF_KIND[kind]:
            at = levels if name == "grey" and each == "non-local means" else ()
            extra = {"levels": at} if at else {}
            add(f"{name}, {each}", by_filter, name, each, **extra)
        if name not in ("grey", "colour"):
            add(f"{name}, PCA", by_digits, name, components)
            add(f"{name}, linear map", by_digits, name, linear_map)
            add(f"{name}, {OTHER}, 0", trained, name, 0, OTHER)
    for seed in seeds:
        add(f"grey, network, {seed}", trained, "grey", seed, "", levels)
        for name in ("noise", "specks", "lost", "blur"):
            add(f"{name}, network, {seed}", trained, name, seed)
        if bm3d:
            add_bm3d("grey", seed)
        add(f"grey, blind, {seed}", trained, "grey", seed, "blind", levels)
        for way in (*TARGETS, *SHORT):
            few = 2 if quick else 800
            add(f"grey, {way}, {seed}", trained, "grey", seed, way, steps=few)
        add(f"colour, network, {seed}", trained, "colour", seed)
        if bm3d:
            add_bm3d("colour", seed)
        many = 4 if quick else LONGER
        add(f"grey, {LONG}, {seed}", trained, "grey", seed, steps=many)
    return todo


def rows(runs: dict[str, dict], labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a line for each task and method: the mean gain over its test pictures."""
    found, shown = [], {LONG: f"network, {LONGER:,} steps"}
    for name, label in labels.items():
        of_task = {k: r for k, r in runs.items() if k.startswith(f"{name}, ")}
        methods = dict.fromkeys(key.split(", ")[1] for key in of_task)
        for method in methods:
            if method in (*TARGETS, *SHORT, OTHER, "blind"):
                continue
            those = [r for k, r in of_task.items() if k.split(", ")[1] == method]
            one = those[0]
            found.append(
                {
                    "task": "denoising",
                    "data": label,
                    "metric": "gain in PSNR",
                    "unit": "dB",
                    "better": "higher",
                    "digits": 2,
                    "method": shown.get(method, method),
                    "ours": method in ("network", LONG),
                    "values": one.get("gains") or [r["gain"] for r in those],
                    "seconds": statistics.median(r["seconds"] for r in those),
                }
            )
    return found


def main(arguments: list[str] | None = None) -> None:
    """Do what is missing and print the rows."""
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument("--bm3d", metavar="PYTHON")
    known, rest = own.parse_known_args(arguments)
    asked = options(__doc__, RESULTS, rest)
    labels = {name: task_of(name, asked.quick).name for name in TASKS}
    settings = {
        "labels": labels,
        "levels": LEVELS,
        "amounts": {name: task_of(name, asked.quick).amount for name in TASKS},
        "unit": "dB, PSNR after less PSNR before, mean over the test pictures",
        "fit": {name: task_of(name, asked.quick).fit for name in TASKS},
        "steps_of_targets": 800,
        "seeds": SEEDS,
        "seconds": "wall clock, beside other work; a network's with its training, a "
        "filter's for the test pictures of one seed",
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "machine": f"1 thread of 2 cores, {platform.machine()}",
    }
    path = None if asked.quick else asked.output
    results = follow(path, jobs(asked.quick, known.bm3d), settings)
    results["rows"] = rows(results["runs"], labels)
    if path is not None:
        write(results, path)
    for row in results["rows"]:
        print(row["data"], row["method"], *row["values"])


if __name__ == "__main__":
    main()
