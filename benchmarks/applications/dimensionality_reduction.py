"""Maps of digits and of known surfaces, by an autoencoder and by five other methods.

    python benchmarks/applications/dimensionality_reduction.py

MNIST in 2 and in 10 numbers, five draws of 5,000 digits; the seconds that each method
takes for 1,000 to 60,000 of them; how many bits a digit needs; the Swiss roll; two
photographs that turn; a table of 569 patients. Every method has five settings to
choose among, on data drawn for it. UMAP needs the extra `umap`. Takes an hour on
one core, goes on where it was stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product
import json
import math
from pathlib import Path
import platform
import statistics
import sys
import time
from typing import Any
import warnings

from aebook import data, metrics
from aebook.applications import (
    compare_maps,
    map_autoencoder,
    quantize,
    swiss_roll,
    turned,
)
from aebook.estimators import AutoencoderTransformer
import keras
import numpy as np
from scipy.spatial import procrustes
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA, KernelPCA
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE, Isomap
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).parents[1]))
from stored import follow, options, write

RESULTS = Path(__file__).parents[2] / (
    "aebook/results/applications/dimensionality_reduction.json"
)
SEEDS = (0, 1, 2, 3, 4)
CHOOSING = 99  # the seed of the data on which settings are chosen
OURS = "autoencoder"
SETTINGS: dict[str, tuple[float, ...]] = {
    "PCA": (0,),
    "kernel PCA": (0.01, 0.03, 0.1, 0.3, 1.0),  # RBF kernel: gamma times the columns
    "Isomap": (3, 5, 10, 20, 40),  # neighbours
    "t-SNE": (3, 5, 10, 30, 50),  # perplexity
    "UMAP": (3, 5, 15, 50, 100),  # neighbours
    OURS: (0.003, 0.01, 0.03, 0.1, 0.3),  # weight decay
}
DECAYS = (0.0, 0.03, 0.1, 0.3, 1.0)  # on known surfaces, and for codes
DIGITS = 5000  # in a draw
PART = 2500  # samples for kernel PCA and Isomap, whose memory grows as the square
SIZES = (1000, 3000, 10_000, 30_000, 60_000)
# They keep a table of all pairs: 0.8 GB for 10,000, 7 GB for 30,000.
LARGEST = {"kernel PCA": 10_000, "Isomap": 10_000}
PICTURES = ("coffee", "chelsea")
DIMS = (2, 5, 10, 20, 40)
BITS = (1, 2, 3, 4, 5, 6, 8)
BUDGETS = (16, 32, 64, 128)  # bits a digit


class FittedToPart(TransformerMixin, BaseEstimator):
    """Fits to the first samples and maps the others as new ones."""

    def __init__(self, method: Any, count: int) -> None:
        self.method, self.count = method, count

    def fit(self, X: np.ndarray, y: Any = None) -> FittedToPart:
        """Fit to the first samples."""
        self.method.fit(X[: self.count])
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Map all of them."""
        return self.method.transform(X)


def method_of(
    name: str, setting: float, latent: int, seed: int, n: int, **network: Any
) -> Any:
    """Return a method that is not fitted yet."""
    if name == "PCA":
        return PCA(latent, svd_solver="full" if n < 1000 else "covariance_eigh")
    if name == "kernel PCA":
        return KernelPCA(
            latent, kernel="rbf", gamma=setting, eigen_solver="arpack", random_state=0
        )
    if name == "Isomap":
        return Isomap(n_components=latent, n_neighbors=int(setting))
    if name == "t-SNE":
        return TSNE(latent, perplexity=setting, random_state=seed)
    if name == "UMAP":
        import umap

        return umap.UMAP(int(setting), latent, random_state=seed, n_jobs=1)
    keras.backend.clear_session()
    small = {"batch_size": 50} if n < 10_000 else {}
    return map_autoencoder(
        latent, weight_decay=setting, random_state=seed, **(small | network)
    )


def tries(name: str, quick: bool, decays: tuple[float, ...] = ()) -> tuple[float, ...]:
    """Return the settings of a method; of an autoencoder those of the task, if any."""
    settings = decays if decays and name == OURS else SETTINGS[name]
    return settings[:1] if quick else settings


def setting_of(name: str, value: float, columns: int) -> float:
    """Return a setting as the method takes it."""
    return value / columns if name == "kernel PCA" else value


def chosen_of(tried: dict[float, float]) -> dict[str, Any]:
    """Return what was tried, higher is better, and the best setting."""
    rounded = {str(value): round(score, 5) for value, score in tried.items()}
    return {"tried": rounded, "chosen": max(tried, key=lambda value: tried[value])}


# --- digits


@cache
def mnist(seed: int, n: int) -> tuple[np.ndarray, ...]:
    """Return n digits and 2,000 of the test, on 50 components, scaled as a whole."""
    digits = data.load_mnist(validation=0)
    rows = np.random.default_rng(seed).permutation(len(digits.x_train))[:n]
    pca = PCA(50, svd_solver="covariance_eigh").fit(data.flatten(digits.x_train[rows]))
    x, new = (
        pca.transform(data.flatten(part)).astype(np.float32)
        for part in (digits.x_train[rows], digits.x_test[:2000])
    )
    scale = x.std()
    return x / scale, digits.y_train[rows], new / scale, digits.y_test[:2000]


def choose(latent: int, name: str, quick: bool) -> dict[str, Any]:
    """Try the settings on digits drawn for it, by the vote of their neighbours."""
    n = PART if name in ("kernel PCA", "Isomap") else DIGITS
    x, y, *_ = mnist(CHOOSING, 300 if quick else n)
    tried = {}
    for value in tries(name, quick):
        setting = setting_of(name, value, x.shape[1])
        method = method_of(name, setting, latent, CHOOSING, len(x))
        tried[value] = compare_maps({name: method}, x, y)[name].accuracy
    return chosen_of(tried)


@cache
def compile_umap() -> None:
    """Let it compile, which takes half a minute, before it is timed."""
    x = mnist(CHOOSING, 5000)[0]  # from 4,096 on it looks for neighbours otherwise
    method_of("UMAP", 5, 2, 0, len(x)).fit(x).transform(x[:200])


def mapped(
    latent: int, name: str, seed: int, value: float, quick: bool
) -> dict[str, Any]:
    """Fit a method to digits and score its map."""
    x, y, new, new_y = mnist(seed, 300 if quick else DIGITS)
    setting = setting_of(name, value, x.shape[1])
    method = method_of(name, setting, latent, seed, len(x))
    if name == "UMAP":
        compile_umap()
    if name in ("kernel PCA", "Isomap"):
        method = FittedToPart(method, PART)
    found = compare_maps({name: method}, x, y, new=new, new_labels=new_y)[name]
    scores = {
        key: None if math.isnan(score := getattr(found, key)) else round(score, 4)
        for key in ("trustworthiness", "continuity", "accuracy", "new_accuracy")
    }
    each = 1e6 * found.new_seconds / len(new)
    return {
        **scores,
        "seconds": round(found.seconds, 2),
        "new_microseconds": None if math.isnan(each) else round(each, 2),
    }


def points_of_umap(value: float, quick: bool) -> dict[str, Any]:
    """Return UMAP's points for the digits that the chapter maps, in their order."""
    digits = data.load_mnist(validation=5000, seed=0).x_train[: 300 if quick else 2000]
    flat = data.flatten(digits)
    x = PCA(50, svd_solver="covariance_eigh").fit_transform(flat)
    codes = method_of("UMAP", value, 2, 0, len(x)).fit_transform(x / x.std())
    return {"codes": [[round(float(z), 2) for z in code] for code in codes]}


def timed(name: str, n: int, value: float, quick: bool) -> dict[str, Any]:
    """Return the seconds that a method takes for n digits in 2 numbers."""
    x = mnist(0, 200 if quick else n)[0]
    setting = setting_of(name, value, x.shape[1])
    method = method_of(name, setting, 2, 0, n, epochs=60, batch_size=100)
    if name == "UMAP":
        compile_umap()
    start = time.perf_counter()
    method.fit_transform(x)
    return {"seconds": round(time.perf_counter() - start, 3)}


# --- bits


@cache
def pixels(seed: int, quick: bool) -> dict[str, np.ndarray]:
    """Return digits to learn from, to choose by and to test on."""
    digits = data.load_mnist(validation=5000, seed=0)
    n = 300 if quick else DIGITS
    rows = np.random.default_rng(seed).permutation(len(digits.x_train))[:n]
    return {
        "train": data.flatten(digits.x_train[rows]),
        "validation": data.flatten(digits.x_val[:2000]),
        "test": data.flatten(digits.x_test[:2000]),
    }


def mse(x: np.ndarray, x_hat: np.ndarray) -> float:
    """Return the squared error per pixel of what is drawn, in [0, 1]."""
    return float(metrics.mse_per_pixel(x, x_hat.clip(0, 1)))


def coded(coder: Any, seed: int, widths: dict[str, Any], quick: bool) -> dict[str, Any]:
    """Return the error per pixel from the codes as floats and in few bits each."""
    sets = pixels(seed, quick)
    codes = {part: coder.transform(x) for part, x in sets.items()}

    def errors(codes_of: Callable) -> dict[str, float]:
        return {
            part: round(mse(sets[part], coder.inverse_transform(codes_of(part))), 6)
            for part in ("validation", "test")
        }

    found = {"float": errors(lambda part: codes[part])}
    for label, bits in widths.items():
        found[label] = errors(
            lambda part, bits=bits: quantize(codes[part], bits, codes["train"])
        )
    return found


def by_autoencoder(latent: int, seed: int, value: float, quick: bool) -> dict[str, Any]:
    """Train on pixels, and store the codes."""
    keras.backend.clear_session()
    start = time.perf_counter()
    coder = map_autoencoder(
        latent,
        hidden=(512, 256),
        epochs=1 if quick else 40,
        learning_rate=1e-3,
        weight_decay=value,
        random_state=seed,
    ).fit(pixels(seed, quick)["train"])
    seconds = time.perf_counter() - start
    widths = {f"{latent * bits}": bits for bits in BITS}
    return {**coded(coder, seed, widths, quick), "seconds": round(seconds, 2)}


def choose_for_codes(quick: bool) -> dict[str, Any]:
    """Try the settings on pixels drawn for it, by the error of new ones."""
    runs = {
        v: by_autoencoder(10, CHOOSING, v, quick) for v in tries(OURS, quick, DECAYS)
    }
    return chosen_of({v: -run["float"]["validation"] for v, run in runs.items()})


def by_pca(latent: int, seed: int, quick: bool) -> dict[str, Any]:
    """Store components: as many bits for each, and more for those that spread more."""
    train = pixels(seed, quick)["train"]
    start = time.perf_counter()
    coder = PCA(latent, svd_solver="covariance_eigh").fit(train)
    seconds = time.perf_counter() - start
    spread = np.log2(np.sqrt(coder.explained_variance_))
    widths: dict[str, Any] = {f"{latent * bits}": bits for bits in BITS}
    for step in np.arange(-3, 4, 0.25):  # one level of error for all
        bits = np.rint(spread - step).clip(0, 16).astype(int)
        if bits.any():
            widths[f"{bits.sum()} shared"] = bits.tolist()
    return {**coded(coder, seed, widths, quick), "seconds": round(seconds, 3)}


def at_budget(runs: list[dict[str, Any]], budget: int) -> float:
    """Return the test error of what is best on validation within so many bits."""
    within = [
        errors
        for run in runs
        for label, errors in run.items()
        if label[0].isdigit() and int(label.split()[0]) <= budget
    ]
    return min(within, key=lambda e: e["validation"])["test"] if within else math.nan


# --- known surfaces


def rolled(name: str, seed: int, value: float, quick: bool) -> dict[str, Any]:
    """Map a Swiss roll and compare with the sheet."""
    points, sheet = swiss_roll(200 if quick else 1500, random_state=1000 + seed)
    x = StandardScaler().fit_transform(points) if name == OURS else points
    gamma = setting_of(name, value, 3) / points.var()
    setting = gamma if name == "kernel PCA" else value
    network: dict[str, Any] = {"batch_size": 50, "learning_rate": 1e-3}
    network["epochs"] = 2 if quick else 300
    start = time.perf_counter()
    method = method_of(name, setting, 2, seed, len(x), **network)
    codes = method.fit_transform(x)
    lost = np.mean((x - method.inverse_transform(codes)) ** 2) if name == OURS else None
    return {
        "trustworthiness": round(metrics.trustworthiness(sheet, codes, 10), 4),
        "continuity": round(metrics.trustworthiness(codes, sheet, 10), 4),
        "explained": round(explained(sheet, codes), 4),
        "disparity": round(float(procrustes(sheet, codes)[2]), 5),
        "lost": None if lost is None else round(float(lost), 5),
        "seconds": round(time.perf_counter() - start, 2),
    }


def explained(sheet: np.ndarray, codes: np.ndarray) -> float:
    """Return the share of the sheet's variance known from 5 neighbours on the map."""
    near = NearestNeighbors(n_neighbors=5).fit(codes).kneighbors(return_distance=False)
    wrong = np.mean((sheet - sheet[near].mean(axis=1)) ** 2, axis=0)
    return float(np.mean(1 - wrong / sheet.var(axis=0)))


def choose_for_roll(name: str, quick: bool) -> dict[str, Any]:
    """Try the settings on rolls drawn for it: the sheet, and its shape."""
    tried = {}
    for value in tries(name, quick, DECAYS):
        count = 8 if name == "Isomap" else 2  # a shortcut is rare, and spoils all
        draws = range(CHOOSING, CHOOSING + (1 if quick else count))
        runs = [rolled(name, seed, value, quick) for seed in draws]
        tried[value] = statistics.fmean(r["explained"] - r["disparity"] for r in runs)
    return chosen_of(tried)


def read_angles(
    codes: np.ndarray, angles: np.ndarray, new_codes: np.ndarray
) -> np.ndarray:
    """Return the angle between the two nearest known codes, nearer counting more."""
    away, near = NearestNeighbors(n_neighbors=2).fit(codes).kneighbors(new_codes)
    weights = 1 / np.maximum(away, 1e-9)
    mean = (weights * np.exp(1j * np.deg2rad(angles[near]))).sum(axis=1)
    return np.rad2deg(np.angle(mean))


def turning(
    picture: str, name: str, seed: int, value: float, quick: bool
) -> dict[str, Any]:
    """Map a turning picture to 2 numbers, and read the angle of new ones off them."""
    photographs = data.load("photographs")
    image = {**photographs.x_val, **photographs.x_test}[picture]
    rng = np.random.default_rng(1000 + seed)
    n = 60 if quick else 400
    angles, new_angles = rng.uniform(0, 360, n), rng.uniform(0, 360, 200)
    x, new = (data.flatten(turned(image, a)) for a in (angles, new_angles))
    mean, scale = x.mean(axis=0), x.std()
    x, new = (x - mean) / scale, (new - mean) / scale
    setting = setting_of(name, value, x.shape[1])
    network = {"hidden": (128, 64), "learning_rate": 1e-3, "batch_size": 20}
    network["epochs"] = 2 if quick else 100
    method = method_of(name, setting, 2, seed, n, **network)
    start = time.perf_counter()
    codes = method.fit_transform(x)
    seconds = time.perf_counter() - start
    new_codes = method.transform(new)
    found = read_angles(codes, angles, new_codes)
    wrong = np.abs((found - new_angles + 180) % 360 - 180)
    drawn = None  # the share of the variance that is lost where the picture is drawn
    if name in ("PCA", OURS):
        drawn = round(
            float(np.mean((method.inverse_transform(new_codes) - new) ** 2)), 5
        )
    return {
        "degrees": round(float(np.median(wrong)), 4),
        "mean": round(float(wrong.mean()), 3),
        "worst": round(float(wrong.max()), 2),
        "lost": drawn,
        "seconds": round(seconds, 2),
    }


def choose_for_turning(picture: str, name: str, quick: bool) -> dict[str, Any]:
    """Try the settings on angles drawn for it."""
    runs = {
        v: turning(picture, name, CHOOSING, v, quick)
        for v in tries(name, quick, DECAYS)
    }
    return chosen_of({v: -run["mean"] for v, run in runs.items()})


# --- a table


def in_pipeline(name: str, seed: int, quick: bool) -> dict[str, Any]:
    """Return the accuracy of logistic regression behind a code, cross-validated."""
    table = data.load("breast_cancer", validation=0)
    x = np.concatenate([table.x_train, table.x_test])
    y = np.concatenate([table.y_train, table.y_test])
    coder = AutoencoderTransformer(
        hidden=(32,), epochs=1 if quick else 60, learning_rate=3e-3, random_state=seed
    )
    code = {"PCA": PCA(), OURS: coder, "all columns": "passthrough"}[name]
    line = Pipeline(
        [
            ("scale", StandardScaler()),
            ("code", code),
            ("classes", LogisticRegression(max_iter=1000)),
        ]
    )
    count = {"PCA": "n_components", OURS: "latent_dim"}.get(name)
    dims = (2,) if quick else (2, 10)
    grid = {f"code__{count}": dims} if count else {"classes__C": (1.0,)}
    inner = StratifiedKFold(2 if quick else 3, shuffle=True, random_state=seed)
    outer = StratifiedKFold(2 if quick else 5, shuffle=True, random_state=seed)
    start = time.perf_counter()
    scores = cross_val_score(GridSearchCV(line, grid, cv=inner), x, y, cv=outer)
    return {
        "accuracy": round(float(scores.mean()), 5),
        "seconds": round(time.perf_counter() - start, 2),
    }


# --- all together


class Work:
    """What has to be done, by name; what was chosen is looked up in `done`."""

    def __init__(self, done: dict[str, Any], quick: bool) -> None:
        self.done, self.quick = done, quick
        self.jobs: dict[str, Callable[[], Any]] = {}

    def add(
        self, job: str, function: Callable, *arguments: Any, chosen: str = ""
    ) -> None:
        """Add a call of a function with its arguments, the setting and `quick`."""

        def run() -> Any:
            setting = (float(self.done[chosen]["chosen"]),) if chosen else ()
            self.done[job] = function(*arguments, *setting, self.quick)
            return self.done[job]

        self.jobs[job] = run


def work(done: dict[str, Any], quick: bool) -> dict[str, Callable[[], Any]]:
    """Return the jobs in the order of their weight."""
    jobs = Work(done, quick)
    names = [n for n in SETTINGS if not (quick and n in ("UMAP", "t-SNE"))]
    seeds, dims = (SEEDS[:1], DIMS[:1]) if quick else (SEEDS, DIMS)
    # Beyond 3 numbers t-SNE is not meant to go, and it cannot map new pictures.
    maps = [(d, n) for d, n in product((2, 10), names) if (d, n) != (10, "t-SNE")]
    turns = [(p, n) for p, n in product(PICTURES, names) if n != "t-SNE"]
    maps, turns = (maps[:4], turns[:4]) if quick else (maps, turns)
    for latent, name in maps:
        jobs.add(f"choose, {latent}, {name}", choose, latent, name)
    for name in names:
        jobs.add(f"choose, roll, {name}", choose_for_roll, name)
    for picture, name in turns:
        job = f"choose, {picture}, {name}"
        jobs.add(job, choose_for_turning, picture, name)
    jobs.add("choose, codes", choose_for_codes)
    for seed in seeds:
        for latent, name in maps:
            job, by = f"maps, {latent}, {name}, {seed}", f"choose, {latent}, {name}"
            jobs.add(job, mapped, latent, name, seed, chosen=by)
        for name in names:
            by = f"choose, roll, {name}"
            jobs.add(f"roll, {name}, {seed}", rolled, name, seed, chosen=by)
        for picture, name in turns:
            job, by = f"{picture}, {name}, {seed}", f"choose, {picture}, {name}"
            jobs.add(job, turning, picture, name, seed, chosen=by)
        for latent in dims:
            job = f"codes, {OURS}, {latent}, {seed}"
            jobs.add(job, by_autoencoder, latent, seed, chosen="choose, codes")
        for latent in dims:
            jobs.add(f"codes, PCA, {latent}, {seed}", by_pca, latent, seed)
        for name in ("all columns", "PCA", OURS):
            jobs.add(f"table, {name}, {seed}", in_pipeline, name, seed)
    if "UMAP" in names:
        jobs.add("points, UMAP", points_of_umap, chosen="choose, 2, UMAP")
    for n, name in product(SIZES[:1] if quick else SIZES, names):
        if n <= LARGEST.get(name, n):
            by = f"choose, 2, {name}"
            jobs.add(f"seconds, {name}, {n}", timed, name, n, chosen=by)
    return jobs.jobs


# --- rows of the table

VOTE, NEW_VOTE = "vote of 5 neighbours", "vote, new digits"
TRUST = "trustworthiness"
LINES = (  # data, its jobs, key, metric, unit, which way is better, digits
    ("MNIST in 2 numbers", "maps, 2", "accuracy", "vote of 5 neighbours", "", True, 3),
    ("MNIST in 2 numbers", "maps, 2", "new_accuracy", "vote, new digits", "", True, 3),
    (
        "MNIST in 2 numbers",
        "maps, 2",
        "trustworthiness",
        "trustworthiness",
        "",
        True,
        3,
    ),
    ("MNIST in 2 numbers", "maps, 2", "continuity", "continuity", "", True, 3),
    (
        "MNIST in 10 numbers",
        "maps, 10",
        "new_accuracy",
        "vote, new digits",
        "",
        True,
        3,
    ),
    ("Swiss roll", "roll", "explained", "share of the sheet", "", True, 3),
    ("Swiss roll", "roll", "disparity", "Procrustes disparity", "", False, 3),
    ("turning cup", "coffee", "degrees", "angle error", "degrees", False, 3),
    ("turning cup", "coffee", "lost", "variance lost in drawing", "", False, 3),
    ("turning cat", "chelsea", "degrees", "angle error", "degrees", False, 3),
    ("turning cat", "chelsea", "lost", "variance lost in drawing", "", False, 3),
    ("breast cancer", "table", "accuracy", "accuracy", "", True, 4),
)


def rows(runs: dict[str, dict], quick: bool = False) -> list[dict[str, Any]]:
    """Return a line for each method and each thing that was measured."""
    seeds, dims = (SEEDS[:1], DIMS[:1]) if quick else (SEEDS, DIMS)
    found = []
    for name, start, key, metric, unit, higher, places in LINES:
        better = "higher" if higher else "lower"
        line = {"metric": metric, "unit": unit, "better": better, "digits": places}
        for method in (*SETTINGS, "all columns"):
            done = [runs.get(f"{start}, {method}, {seed}", {}) for seed in seeds]
            values = [run.get(key) for run in done]
            if None not in values:
                seconds = statistics.median(run["seconds"] for run in done)
                found.append(row(name, line, method, values, seconds))
    line = {"unit": "", "better": "lower", "digits": 4}
    for budget, method in product(BUDGETS, (OURS, "PCA")):
        those = [
            [runs[f"codes, {method}, {k}, {seed}"] for k in dims] for seed in seeds
        ]
        values = [round(at_budget(each, budget), 6) for each in those]
        seconds = statistics.median(run["seconds"] for each in those for run in each)
        metric = {"metric": f"squared error per pixel in {budget} bits"}
        found.append(row("MNIST, stored", line | metric, method, values, seconds))
    return found


def row(
    name: str, line: dict[str, Any], method: str, values: list, seconds: float
) -> dict[str, Any]:
    """Return a line of the table."""
    found = {"task": "dimensionality reduction", "data": name, "method": method}
    ours = {"ours": method == OURS, "values": values, "seconds": seconds}
    return found | line | ours


def main(arguments: list[str] | None = None) -> None:
    """Do what is missing and print the rows."""
    asked = options(__doc__, RESULTS, arguments)
    settings = {
        "tried": {name: list(values) for name, values in SETTINGS.items()},
        "weight decay, known surfaces and codes": DECAYS,
        "seeds": SEEDS,
        "digits": DIGITS,
        "fitted to a part": PART,
        "seconds": "wall clock, beside other work; without the 50 components",
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "machine": f"1 thread of 2 cores, {platform.machine()}",
    }
    path = None if asked.quick else asked.output
    stored = path is not None and path.exists()
    done = json.loads(path.read_text("utf-8"))["runs"] if stored else {}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "n_jobs value", UserWarning)  # of UMAP
        warnings.filterwarnings("ignore", "The number of connected", UserWarning)
        warnings.filterwarnings("ignore", "Changing the sparsity", Warning)
        results = follow(path, work(done, asked.quick), settings)
    results["rows"] = rows(results["runs"], asked.quick)
    if path is not None:
        write(results, path)
    for each in results["rows"]:
        print(each["data"], each["metric"], each["method"], *each["values"])


if __name__ == "__main__":
    main()
