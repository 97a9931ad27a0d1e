"""Make the package wrong in some sixty places, one at a time, and count what is caught.

    python tools/mutate_package.py [--workers N] [ROOM ...]

Each mutant is tried in a copy of the repository, on the test files named beside it;
before that, the same files in a copy without a mistake. It takes about an hour of one
core.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("aebook", "tests", "tools", "benchmarks", "chapters", "_ext")
RULES, PARITY = "test_optim_rules", "test_optim_parity"
FAMILIES = ("test_families", "test_members", "test_contract", "test_models")
TRAINING = ("test_training", "test_training_batches", "test_contract")
KEPT = ("test_checkpoint", "test_checkpoint_fingerprint")


class Mutant(NamedTuple):
    """One mistake: where, what stands there, what takes its place, and who is asked."""

    module: str
    right: str
    wrong: str
    tests: tuple[str, ...]


def mutants() -> list[Mutant]:
    """Return all mistakes, by room."""
    return [
        *(Mutant(f"optim/{rule}.py", *pair, (RULES, PARITY)) for rule, *pair in OPTIM),
        *(Mutant("losses.py", *pair, ("test_losses",)) for pair in LOSSES),
        *(Mutant(f"models/{name}.py", *pair, FAMILIES) for name, *pair in MODELS),
        *(Mutant(f"metrics/{m}.py", *pair, tests) for m, *pair, tests in METRICS),
        *(Mutant(f"training/{m}.py", *pair, tests) for m, *pair, tests in OF_TRAINING),
        Mutant("corruption.py", "self.rate / 2", "self.rate", FAMILIES),
    ]


OPTIM = [
    ("adam", "math.sqrt(1 - beta_2**t)", "(1 - beta_2**t)"),
    ("adam", "(np.sqrt(s) + epsilon)", "np.sqrt(s + epsilon)"),
    ("adam", "t = state.t + 1", "t = state.t + 2"),
    ("amsgrad", "np.maximum(state.s_hat, s)", "s"),
    ("adamax", "beta_2 * state.u", "state.u"),
    ("nadam", "1 - pi * mu_next", "1 - pi"),
    ("nesterov", "return momentum * v", "return momentum * state.v"),
    ("rmsprop", "np.sqrt(s + epsilon)", "(np.sqrt(s) + epsilon)"),
    (
        "adagrad",
        "initial_accumulator_value: float = 0.1",
        "initial_accumulator_value: float = 0.0",
    ),
    ("adadelta", "(1 - rho) * delta**2", "(1 - rho) * (learning_rate * delta) ** 2"),
    (
        "lion",
        "m = beta_2 * state.m + (1 - beta_2) * g",
        "m = beta_1 * state.m + (1 - beta_1) * g",
    ),
    ("muon", "newton_schulz(g + momentum * m, ns_steps)", "newton_schulz(m, ns_steps)"),
    ("muon", "math.sqrt(max(w.shape))", "math.sqrt(min(w.shape))"),
    (
        "schedule_free_adamw",
        "x = (1 - 1 / t) * x + z / t",
        "x = (1 - beta_1) * x + beta_1 * z",
    ),
]
LOSSES = [
    ("return 0.5 * _sum(np.log(2 * np.pi)", "return 0.5 * _sum(np.log(np.pi)"),
    ("ops.exp(-log_variance)", "ops.exp(log_variance)"),
    (
        "ops.expm1(log_variance) - log_variance",
        "ops.expm1(log_variance) + log_variance",
    ),
    ("(1 - rho) * (np.log1p(-rho)", "rho * (np.log1p(-rho)"),
    (
        "return _mean(_cross_entropies(x, x_hat))",
        "return _sum(_cross_entropies(x, x_hat))",
    ),
    ("ops.any(x != self.mask_value", "ops.all(x != self.mask_value"),
    ("ops.maximum(ops.sum(real, axis=1), 1)", "real.shape[1]"),
]
MODELS = [
    ("contractive", "slope**2 * ops.sum", "slope * ops.sum"),
    (
        "contractive",
        "ops.sign(keras.random.normal(shape",
        "(2 * keras.random.normal(shape",
    ),
    ("sparse_l1", "ops.sum(ops.abs(h)", "ops.mean(ops.abs(h)"),
    ("sparse_kl", "(-1, h.shape[-1])), axis=0", "(-1, h.shape[-1])), axis=1"),
    (
        "k_sparse",
        "ops.cumsum(equal, axis=-1) <= free",
        "ops.cumsum(equal, axis=-1) < free",
    ),
    (
        "variational",
        "ops.exp(0.5 * log_variance) * noise",
        "ops.exp(log_variance) * noise",
    ),
    ("variational", "if training else mean", "if not training else mean"),
    ("variational", "ops.minimum(1.0, share)", "share"),
    ("importance_weighted", "- math.log(self.samples)", "+ math.log(self.samples)"),
    (
        "importance_weighted",
        "ops.square(z) - noise_2 - log_variance",
        "ops.square(z) - log_variance",
    ),
    (
        "vector_quantizer",
        "(1 - d) * ops.sum(chosen, axis=0)",
        "ops.sum(chosen, axis=0)",
    ),
    ("vector_quantizer", "squares - 2 * ops.matmul", "squares - ops.matmul"),
    ("vector_quantized", "return h + ops.stop_gradient(z - h)", "return z"),
    (
        "adversarial",
        "ops.softplus(-real) + ops.softplus(fake)",
        "ops.softplus(real) + ops.softplus(-fake)",
    ),
    ("adversarial", "critic(ops.stop_gradient(h))", "critic(h)"),
    ("masked", "return self._hidden(y), self._hidden(y_pred)", "return y, y_pred"),
    ("masked", "x = ops.swapaxes(x, 2, 3)", "pass"),
    (
        "denoising",
        "self.corruption(x, training=training)",
        "self.corruption(x, training=True)",
    ),
    ("autoencoder", "by_layers) * n, batch)", "0.0) * n, batch)"),
    ("autoencoder", "values * ops.cast(weight, values.dtype)", "values"),
]
METRICS = [
    ("errors", "errors.sum() / np.size(x)", "errors.sum() / len(x)", ("test_metrics",)),
    (
        "likelihood",
        "np.exp(0.5 * log_variance[i])",
        "np.exp(log_variance[i])",
        ("test_metrics_likelihood",),
    ),
    ("likelihood", "math.log(samples) - log_w", "-log_w", ("test_metrics_likelihood",)),
    ("codes", "p = p[p > 0]", "p = p + 1", ("test_metrics_codes",)),
    ("mmd", "- 2 * ab / (m * n)", "- ab / (m * n)", ("test_metrics_samples",)),
    (
        "jacobian",
        "return np.sqrt(np.concatenate(squares))",
        "return np.concatenate(squares)",
        ("test_metrics_jacobian",),
    ),
    (
        "neighbours",
        "*flat, n_neighbors=n_neighbors",
        "*flat, n_neighbors=n_neighbors + 1",
        ("test_metrics_codes",),
    ),
]
OF_TRAINING = [
    ("batches", "[self.seed, epoch, number]", "[self.seed, number]", TRAINING),
    ("batches", "y = x  # Keras knows", "pass  # Keras knows", TRAINING),
    (
        "request",
        "int(n_samples * (1 - validation_split))",
        "int(n_samples * validation_split)",
        TRAINING,
    ),
    ("request", "(epoch + 1) % freq == 0", "epoch % freq == 0", TRAINING),
    (
        "compiled_epochs",
        "logs |= self._validate(callbacks)",
        "self._validate(callbacks)",
        TRAINING,
    ),
    ("compiled_steps", "(i < stop) & finite", "i < stop", TRAINING),
    (
        "compiled_epochs",
        "max(1, int(self.steps_a_call",
        "max(2, int(self.steps_a_call",
        TRAINING,
    ),
    ("checkpoint/callback", "self._save(epoch + 1)", "self._save(epoch)", KEPT),
    (
        "checkpoint/callback",
        "batches.seed, batches.passes = state",
        "batches.seed = state[0]",
        KEPT,
    ),
    (
        "checkpoint/fingerprint",
        "names_of(model.trainable_variables)",
        "names_of(model.variables)",
        KEPT,
    ),
]


def wrong_text(mutant: Mutant) -> str:
    """Return the text of the module with the mistake; the place must be there once."""
    text = (ROOT / "aebook" / mutant.module).read_text(encoding="utf-8")
    if text.count(mutant.right) != 1:
        raise ValueError(f"{mutant.module} has not once: {mutant.right}")
    return text.replace(mutant.right, mutant.wrong)


def fails(tests: Sequence[str], mutant: Mutant | None = None) -> bool:
    """Whether a test of these files fails in a copy, where the mistake is made."""
    with tempfile.TemporaryDirectory() as folder:
        for name in COPIED:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, Path(folder, name), ignore=ignored)
        for name in ("conftest.py", "pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, folder)
        if mutant:
            module = Path(folder, "aebook", mutant.module)
            module.write_text(wrong_text(mutant), encoding="utf-8")
        files = [f"tests/{name}.py" for name in tests]
        run = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-x",
                "-p",
                "no:cacheprovider",
                *files,
            ],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": folder},
            capture_output=True,
            check=False,
        )
    if run.returncode not in (0, 1):
        raise RuntimeError(run.stdout.decode()[-2000:])
    return run.returncode == 1


def check_right(pool: ThreadPoolExecutor, tried: Sequence[Mutant]) -> None:
    """Stop unless the tests pass where no mistake is made: else all would be caught."""
    names = sorted({name for mutant in tried for name in mutant.tests})
    failed = pool.map(fails, [[name] for name in names])
    failing = [name for name, does in zip(names, failed, strict=True) if does]
    if failing:
        raise SystemExit(f"these fail without a mistake: {', '.join(failing)}")


def main() -> int:
    """Try those asked for, or all; print what lives, and how many were caught."""
    args = parser().parse_args()
    tried = [m for m in mutants() if m.module.startswith(tuple(args.rooms))]
    caught = 0
    with ThreadPoolExecutor(args.workers) as pool:
        check_right(pool, tried)
        verdicts = pool.map(lambda mutant: fails(mutant.tests, mutant), tried)
        for mutant, is_dead in zip(tried, verdicts, strict=True):
            caught += is_dead
            verdict = "caught" if is_dead else "LIVES "
            print(f"{verdict}  {mutant.module}: {mutant.wrong}", flush=True)
    print(f"{caught} / {len(tried)} caught")
    return caught < len(tried)


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rooms", nargs="*", default=[""], help="only modules of these")
    parser.add_argument("--workers", type=int, default=2)
    return parser


if __name__ == "__main__":
    sys.exit(main())
