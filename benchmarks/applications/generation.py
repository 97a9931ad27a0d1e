"""How far are drawn digits from real ones, by a flow, by tokens, VAE and mixtures?

    python benchmarks/applications/generation.py

20,000 training digits of MNIST with their labels. Each generator draws 2,500, which are
set beside 2,500 test digits in the features of `aebook.metrics.sample_distance`;
settings are chosen on validation digits, with seed 0. A last task trains the generator
of pictures on emoji, and asks whether it copies. Takes about an hour on one core, goes
on where it was stopped.
"""

from __future__ import annotations

from pathlib import Path
import sys

sys.path.remove(str(Path(__file__).parent))  # a file is called as one of Python's own
sys.path.insert(0, str(Path(__file__).parents[1]))

from collections.abc import Callable
from functools import cache, partial
from itertools import product
import platform
import statistics
import time
from typing import Any, NamedTuple

from aebook import data, losses, metrics
from aebook.applications import ImageGenerator, LatentFlow, TokenPrior
from aebook.models import (
    Autoencoder,
    FiniteScalarAutoencoder,
    VariationalAutoencoder,
    VectorQuantizedAutoencoder,
    dense,
)
from aebook.sampling import fit_code_mixture, sample_prior
import keras
import numpy as np
from sklearn.decomposition import PCA
from stored import follow, options, write

RESULTS = Path(__file__).parents[2] / "aebook/results/applications/generation.json"
SEEDS = (0, 1, 2, 3, 4)
HIDDEN = (512, 256)
# How many Gaussians in all, or for each label, when the labels are used.
MIXTURES = ((100, False), (10, True))
PCA_DIMS = (16, 32, 64)
CODES = (16, 32)
FLOWS = ((50, 3), (150, 4))  # epochs and hidden layers
RATE = 4e-3
# Numbers in the code, and beta.
BETAS = ((8, 1.0), (16, 0.5), (16, 1.0), (16, 2.0), (16, 4.0))
MIXED_BETAS = BETAS[:4]  # for mixtures on the codes: the larger beta, the further off
LEVELS = (8, 6, 5)  # 240 entries, as in the codebook beside it
TOKENS = ((8, 1.0), (16, 0.25), (16, 1.0))  # tokens, commitment
EMOJI_CODES = (32,)


class Task(NamedTuple):
    """Digits to learn from, to choose by, and to report on once."""

    x: np.ndarray
    y: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    other: np.ndarray  # test digits in the place of drawn ones
    epochs: int
    prior_epochs: int


@cache
def digits(quick: bool) -> Task:
    """Return the task; the two halves of the test digits are drawn at random."""
    mnist = data.load_mnist(validation=5_000, seed=0)
    rows = np.random.default_rng(0).permutation(10_000)
    n, m = (500, 100) if quick else (20_000, 2_500)
    return Task(
        mnist.x_train[:n],
        mnist.y_train[:n],
        mnist.x_val[:m],
        mnist.x_test[rows[:m]],
        mnist.x_test[rows[5_000 : 5_000 + m]],
        1 if quick else 15,
        1 if quick else 5,
    )


def judged(task: Task, drawn: np.ndarray, by: str) -> dict[str, float]:
    """Return what the metrics say of drawn digits beside `validation` or `test`."""
    real, drawn = getattr(task, by), drawn.clip(0, 1).reshape(-1, 28, 28)
    far = metrics.sample_distance(real, drawn)
    both = metrics.precision_and_recall(
        *(metrics.digit_features(x) for x in (real, drawn))
    )
    return {
        "distance": round(far.value, 5),
        "error": round(far.standard_error, 5),
        "precision": round(both.precision, 4),
        "recall": round(both.recall, 4),
    }


# --- generators


def trained(model: Any, task: Task, loss: Any = "mse") -> Any:
    """Compile and train an autoencoder on the digits."""
    model.compile(keras.optimizers.Adam(1e-3), loss)
    model.fit(task.x, batch_size=100, epochs=task.epochs, verbose=0)
    return model


def mixture_draws(
    codes: np.ndarray, y: np.ndarray, count: int, labelled: bool, n: int, seed: int
) -> np.ndarray:
    """Draw codes from a mixture, or from one for each label, as often as it comes."""
    if not labelled:
        mixture = fit_code_mixture(codes, min(count, len(codes)), seed)
        return mixture.sample(n)[0].astype("float32")
    rng = np.random.default_rng(seed)
    times = np.bincount(rng.choice(y, n), minlength=10)
    parts = [
        fit_code_mixture(codes[y == label], count, seed).sample(m)[0]
        for label, m in enumerate(times)
        if m
    ]
    return np.concatenate(parts).astype("float32")


def by_pca(task: Task, k: int, mixture: tuple, seed: int) -> np.ndarray:
    """Draw digits by a mixture on principal components."""
    pca = PCA(k, svd_solver="covariance_eigh").fit(data.flatten(task.x))
    codes = pca.transform(data.flatten(task.x))
    z = mixture_draws(codes, task.y, *mixture, len(task.test), seed)
    return pca.inverse_transform(z)


def autoencoder(task: Task, k: int, seed: int) -> tuple[Autoencoder, np.ndarray]:
    """Return a trained plain autoencoder, and the codes of the training digits."""
    keras.utils.set_random_seed(seed)
    model = trained(Autoencoder(*dense((28, 28), k, HIDDEN)), task)
    return model, model.encode(task.x)


def fitted_flow(
    task: Task, codes: np.ndarray, labels: Any, setting: tuple, seed: int
) -> LatentFlow:
    """Return a flow that has learnt the codes."""
    epochs, depth = setting if len(task.test) > 100 else (1, 1)
    flow = LatentFlow(depth=depth, random_state=seed)
    return flow.fit(codes, labels, epochs=epochs, learning_rate=RATE)


def vae(task: Task, k: int, beta: float, seed: int) -> VariationalAutoencoder:
    """Return a trained variational autoencoder."""
    keras.utils.set_random_seed(seed)
    pair = dense((28, 28), k, HIDDEN, gaussian=True)
    model = VariationalAutoencoder(*pair, beta=beta)
    return trained(model, task, losses.bce_per_image)


def by_vae(task: Task, k: int, beta: float, seed: int) -> np.ndarray:
    """Draw digits from the prior of a variational autoencoder."""
    return sample_prior(vae(task, k, beta, seed), len(task.test), seed)


def vae_codes(
    task: Task, k: int, beta: float, seed: int
) -> tuple[VariationalAutoencoder, np.ndarray]:
    """Return a trained variational autoencoder, and one drawn code for each digit.

    Its decoder has learnt from codes drawn around the means, so the mixture does too.
    """
    model = vae(task, k, beta, seed)
    mean, log_variance = model.posterior(task.x)
    noise = np.random.default_rng(seed).standard_normal(mean.shape)
    return model, mean + np.exp(log_variance / 2) * noise


def by_tokens(
    task: Task, tokens: int, commitment: float | None, seed: int
) -> tuple[np.ndarray, dict[str, float]]:
    """Draw digits by a prior over tokens: finite scalar without a commitment."""
    keras.utils.set_random_seed(seed)
    if commitment is None:
        pair = dense((28, 28), tokens * len(LEVELS), HIDDEN)
        model: Any = FiniteScalarAutoencoder(*pair, levels=LEVELS)
    else:
        pair = dense((28, 28), tokens * 4, HIDDEN)
        entries = int(np.prod(LEVELS))
        model = VectorQuantizedAutoencoder(
            *pair, codes=entries, code_dim=4, commitment=commitment
        )
    trained(model, task)
    indices = model.quantized(task.x).indices
    prior = TokenPrior(model.codes, random_state=seed)
    prior.fit(indices, task.y, epochs=task.prior_epochs)
    held = model.quantized(task.validation)
    drawn = model.decode(model.dequantized(prior.sample(len(task.test), seed=seed)))
    return drawn, {
        "mse": round(
            metrics.mse_per_pixel(task.validation, model.decode(held.codes)), 5
        ),
        "used": metrics.code_usage(held.indices, model.codes),
        "perplexity": round(metrics.perplexity(held.indices, model.codes), 1),
        "entries": model.codes,
    }


# --- choosing, on validation digits, with seed 0


def try_pca(task: Task, k: int) -> dict[str, Any]:
    """Judge each mixture on as many components."""
    return {str(m): judged(task, by_pca(task, k, m, 0), "validation") for m in MIXTURES}


def try_mixtures(task: Task, k: int) -> dict[str, Any]:
    """Judge each mixture on the codes of an autoencoder."""
    model, codes = autoencoder(task, k, 0)
    draws = {
        str(m): mixture_draws(codes, task.y, *m, len(task.test), 0) for m in MIXTURES
    }
    return {
        name: judged(task, model.decode(z), "validation") for name, z in draws.items()
    }


def try_flows(task: Task, k: int) -> dict[str, Any]:
    """Judge flows on the codes of an autoencoder."""
    model, codes = autoencoder(task, k, 0)
    draws = {
        str(f): fitted_flow(task, codes, task.y, f, 0).sample(len(task.test))
        for f in FLOWS
    }
    return {
        name: judged(task, model.decode(z), "validation") for name, z in draws.items()
    }


def try_vae(task: Task, k: int, beta: float) -> dict[str, Any]:
    """Judge draws from a prior."""
    return judged(task, by_vae(task, k, beta, 0), "validation")


def try_vae_mixtures(task: Task, k: int, beta: float) -> dict[str, Any]:
    """Judge each mixture on the codes of a variational autoencoder."""
    model, codes = vae_codes(task, k, beta, 0)
    draws = {
        str(m): mixture_draws(codes, task.y, *m, len(task.test), 0) for m in MIXTURES
    }
    return {
        name: judged(task, model.decode(z), "validation") for name, z in draws.items()
    }


def try_tokens(task: Task, tokens: int, commitment: float | None) -> dict[str, Any]:
    """Judge draws by tokens."""
    drawn, about = by_tokens(task, tokens, commitment, 0)
    return judged(task, drawn, "validation") | about


def tries(quick: bool) -> dict[str, Callable]:
    """Return the jobs that choose, by name."""
    task = partial(digits, quick)
    todo: dict[str, Callable] = {}
    for k in PCA_DIMS:
        todo[f"try PCA, {k}"] = lambda k=k: try_pca(task(), k)
    for k in CODES:
        todo[f"try mixtures, {k}"] = lambda k=k: try_mixtures(task(), k)
        todo[f"try flows, {k}"] = lambda k=k: try_flows(task(), k)
    for k, beta in BETAS:
        todo[f"try VAE, {k}, {beta}"] = lambda k=k, b=beta: try_vae(task(), k, b)
    for k, beta in MIXED_BETAS:
        todo[f"try VAE mixtures, {k}, {beta}"] = lambda k=k, b=beta: try_vae_mixtures(
            task(), k, b
        )
    for n, c in TOKENS:
        todo[f"try VQ, {n}, {c}"] = lambda n=n, c=c: try_tokens(task(), n, c)
    for n in sorted({n for n, _ in TOKENS}):
        todo[f"try FSQ, {n}"] = lambda n=n: try_tokens(task(), n, None)
    return todo


def chosen(runs: dict[str, Any]) -> dict[str, tuple]:
    """Return the settings with the smallest distance to the validation digits."""
    tried: dict[str, dict[tuple, float]] = {}
    for k, m in product(PCA_DIMS, MIXTURES):
        found = runs[f"try PCA, {k}"][str(m)]
        tried.setdefault("PCA", {})[k, m] = found["distance"]
    for k in CODES:
        for m in MIXTURES:
            far = runs[f"try mixtures, {k}"][str(m)]["distance"]
            tried.setdefault("mixture", {})[k, m] = far
        for f in FLOWS:
            far = runs[f"try flows, {k}"][str(f)]["distance"]
            tried.setdefault("flow", {})[k, f] = far
    for k, beta in BETAS:
        found = runs[f"try VAE, {k}, {beta}"]
        tried.setdefault("VAE", {})[k, beta] = found["distance"]
    for (k, beta), m in product(MIXED_BETAS, MIXTURES):
        far = runs[f"try VAE mixtures, {k}, {beta}"][str(m)]["distance"]
        tried.setdefault("VAE mixture", {})[k, beta, m] = far
    for n, c in TOKENS:
        tried.setdefault("VQ", {})[n, c] = runs[f"try VQ, {n}, {c}"]["distance"]
        tried.setdefault("FSQ", {})[(n,)] = runs[f"try FSQ, {n}"]["distance"]
    return {name: min(found, key=found.__getitem__) for name, found in tried.items()}


# --- reporting, on test digits


def do_flow(task: Task, k: int, setting: tuple, seed: int) -> dict[str, Any]:
    """Judge the flow with labels, with guidance, and with no label told."""
    start = time.perf_counter()
    model, codes = autoencoder(task, k, seed)
    known, n = fitted_flow(task, codes, task.y, setting, seed), len(task.test)
    draws = {"flow": known.sample(n, seed=seed)}
    taken = time.perf_counter() - start
    draws["guidance 2"] = known.sample(n, guidance=2, seed=seed)
    draws["label not told"] = known.sample(n, guidance=0, seed=seed)
    found = {k: judged(task, model.decode(z), "test") for k, z in draws.items()}
    again = model.reconstruct(task.other)
    found["test digits, reconstructed"] = judged(task, again, "test")
    return found | {"seconds": round(taken, 2)}


def timed(draw: Callable, task: Task) -> dict[str, Any]:
    """Draw, take the time, and judge."""
    start = time.perf_counter()
    drawn = draw()
    drawn, about = drawn if isinstance(drawn, tuple) else (drawn, {})
    taken = round(time.perf_counter() - start, 2)
    return judged(task, drawn, "test") | about | {"seconds": taken}


def do_vae_mixture(
    task: Task, k: int, beta: float, mixture: tuple, seed: int
) -> np.ndarray:
    """Draw digits by a mixture on the codes of a variational autoencoder."""
    model, codes = vae_codes(task, k, beta, seed)
    return model.decode(mixture_draws(codes, task.y, *mixture, len(task.test), seed))


def do_mixture(task: Task, k: int, mixture: tuple, seed: int) -> np.ndarray:
    """Draw digits by a mixture on the codes of an autoencoder."""
    model, codes = autoencoder(task, k, seed)
    z = mixture_draws(codes, task.y, *mixture, len(task.test), seed)
    return model.decode(z)


def do_emoji(k: int, quick: bool, seed: int) -> dict[str, Any]:
    """Train on emoji and their mirror images; measure how near draws are to them."""
    emoji = data.load("emoji", validation=0)
    x = np.concatenate([emoji.x_train, emoji.x_train[:, :, ::-1]])
    y = np.tile(emoji.y_train, 2)
    passes = (1, 1) if quick else (60, 400)
    start = time.perf_counter()
    made = ImageGenerator(latent_dim=k, hidden=(256,), random_state=seed)
    made.fit(x, y, epochs=passes[0], flow_epochs=passes[1], batch_size=50)
    taken = time.perf_counter() - start
    sets = {
        "drawn": made.sample(400, seed=seed),
        "test": emoji.x_test,
        "test, reconstructed": made.autoencoder.reconstruct(emoji.x_test),
        "training, reconstructed": made.autoencoder.reconstruct(emoji.x_train),
    }
    near = {
        n: metrics.nearest_neighbours(s, x).distances[:, 0] for n, s in sets.items()
    }
    return {
        "nearest": {n: round(float(np.median(d)), 3) for n, d in near.items()},
        "closer than half of the closest test picture": round(
            float(np.mean(near["drawn"] < near["test"].min() / 2)), 4
        ),
        "mse": made.history["reconstruction"][-1],
        "seconds": round(taken, 2),
    }


def jobs(quick: bool, best: dict[str, tuple]) -> dict[str, Callable]:
    """Return the jobs that report, by name."""
    task = partial(digits, quick)
    draws: dict[str, Callable] = {
        "PCA": lambda s: by_pca(task(), *best["PCA"], s),
        "mixture": lambda s: do_mixture(task(), *best["mixture"], s),
        "VAE": lambda s: by_vae(task(), *best["VAE"], s),
        "VAE mixture": lambda s: do_vae_mixture(task(), *best["VAE mixture"], s),
        "VQ": lambda s: by_tokens(task(), *best["VQ"], s),
        "FSQ": lambda s: by_tokens(task(), *best["FSQ"], None, s),
    }
    todo: dict[str, Callable] = {
        "test digits": lambda: judged(task(), task().other, "test"),
        "training digits": lambda: judged(task(), task().x[: len(task().test)], "test"),
    }
    for seed in SEEDS[: 1 if quick else None]:
        todo[f"flow, {seed}"] = lambda s=seed: do_flow(task(), *best["flow"], s)
        for name, draw in draws.items():
            todo[f"{name}, {seed}"] = lambda s=seed, d=draw: timed(lambda: d(s), task())
    for seed, k in product(SEEDS[: 1 if quick else None], EMOJI_CODES):
        todo[f"emoji, {k}, {seed}"] = lambda s=seed, k=k: do_emoji(k, quick, s)
    return todo


METHODS = {  # name in the table: the runs, and whether it is ours
    "flow on a code": ("flow", True),
    "FSQ and token prior": ("FSQ", True),
    "mixture on a code": ("mixture", False),
    "mixture on PCA": ("PCA", False),
    "VAE, prior": ("VAE", False),
    "mixture on a VAE": ("VAE mixture", False),
    "VQ and token prior": ("VQ", False),
}
METRICS = {
    "distance": ("sample distance", "lower", 3),
    "precision": ("precision", "higher", 2),
    "recall": ("recall", "higher", 2),
}


def rows(runs: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a line for each method and metric, one value a seed."""
    found = []
    for (key, (metric, better, places)), (label, (name, ours)) in product(
        METRICS.items(), METHODS.items()
    ):
        of_seeds = [run for n, run in runs.items() if n.startswith(f"{name}, ")]
        values = [(run["flow"] if name == "flow" else run)[key] for run in of_seeds]
        found.append(
            {
                "task": "generation",
                "data": "MNIST, 20,000",
                "method": label,
                "ours": ours,
                "metric": metric,
                "unit": "",
                "better": better,
                "digits": places,
                "values": values,
                "seconds": statistics.median(run["seconds"] for run in of_seeds),
            }
        )
    return found


def main(arguments: list[str] | None = None) -> None:
    """Do what is missing and print the rows."""
    asked = options(__doc__, RESULTS, arguments)
    settings = {
        "seeds": SEEDS,
        "training digits": len(digits(asked.quick).x),
        "drawn": len(digits(asked.quick).test),
        "seconds": "wall clock to train and draw, beside other work; mixtures on "
        "PCA and on a VAE on a slower machine than the others",
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "machine": f"1 thread of 2 cores, {platform.machine()}",
    }
    path = None if asked.quick else asked.output
    tried = follow(path, tries(asked.quick), settings)["runs"]
    best = chosen(tried)
    settings["chosen"] = {name: list(setting) for name, setting in best.items()}
    results = follow(path, jobs(asked.quick, best), settings)
    results["rows"] = rows(results["runs"])
    if path is not None:
        write(results, path)
    for row in results["rows"]:
        print(row["metric"], row["method"], *row["values"])


if __name__ == "__main__":
    main()
