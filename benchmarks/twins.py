"""The same walk by the same rule in four libraries, and where to expect a difference.

A case names a rule of `aebook.optim`, its twins in Keras, PyTorch and optax with their
settings, and the ground to walk on. `walk` returns the weights after some steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from aebook.optim import RULES
import numpy as np

SAVED = (1, 2, 5, 10, 20, 50, 100, 200)  # steps after which weights are compared
Twin = tuple[str, dict[str, Any]] | None  # name and settings of an optimizer


class Ground(NamedTuple):
    """Where a walk takes place: a start, its gradient, and how many steps."""

    start: np.ndarray
    gradient: Callable[[np.ndarray], np.ndarray]
    steps: int


class Case(NamedTuple):
    """One rule with the same settings in all libraries, as far as they allow."""

    rule: str
    aebook: dict[str, Any]
    keras: Twin = None
    torch: Twin = None
    optax: Twin = None
    ground: str = "bowl"
    rates: Callable[[int], float] | None = None  # else the rate is constant
    backend: str = ""  # of Keras, if it must be another than the one that runs
    averages: bool = False  # optax: compare what Schedule-Free evaluates


def _bowl(shape: tuple[int, ...], steps: int) -> Ground:
    """Half the sum of a (w − b)², curvatures from 0.1 to 2."""
    rng = np.random.default_rng(0)
    start, b = (rng.normal(size=shape).astype(np.float32) for _ in range(2))
    a = np.geomspace(0.1, 2, start.size).reshape(shape).astype(np.float32)
    return Ground(start, lambda w: a * (w - b), steps)


def _slope(size: float) -> Ground:
    """One weight, one step, a gradient of that size."""
    one = np.ones(1, np.float32)
    return Ground(one, lambda w: np.full_like(w, size), 1)


def _pulse() -> Ground:
    """One weight; a first gradient of 10, then gradients of 0.1."""
    sizes = iter([])  # replaced with each walk

    def gradient(w: np.ndarray) -> np.ndarray:
        nonlocal sizes
        if w[0] == 1:
            sizes = iter([10.0])
        return np.full_like(w, next(sizes, 0.1))

    return Ground(np.ones(1, np.float32), gradient, 20)


GROUNDS = {
    "bowl": _bowl((4, 3), 200),
    "bowl, 50 steps": _bowl((4, 3), 50),
    "kernel": _bowl((3, 3, 1, 2), 50),
    "g = 1e-6": _slope(1e-6),
    "g = 1e-4": _slope(1e-4),
    "g = 0.1": _slope(0.1),
    "g = 0": _slope(0.0),
    "g = 10, then 0.1": _pulse(),
}


def walk(library: str, case: Case) -> np.ndarray:
    """Return the weights after the saved steps, shape `(n_saved, *shape)`."""
    ground = GROUNDS[case.ground]
    every = WALKS[library](case, ground)
    return np.stack([every[s - 1] for s in SAVED if s <= ground.steps])


def _aebook(case: Case, ground: Ground) -> list[np.ndarray]:
    rule, hyper, w = RULES[case.rule], dict(case.aebook), ground.start
    start = {k: hyper.pop(k) for k in ("initial_accumulator_value",) if k in hyper}
    state, every = rule.init(w, **start), []
    for i in range(ground.steps):
        if case.rates:
            hyper["learning_rate"] = case.rates(i)
        step, state = rule.update(ground.gradient(w), state, w, **hyper)
        w = w + step
        every.append(w)
    return every


def _keras(case: Case, ground: Ground) -> list[np.ndarray]:
    import keras

    name, settings = case.keras
    optimizer = getattr(keras.optimizers, name)(**settings)
    w, every = keras.Variable(ground.start), [ground.start]
    for i in range(ground.steps):
        if case.rates:
            optimizer.learning_rate = case.rates(i)
        g = keras.ops.convert_to_tensor(ground.gradient(every[-1]))
        optimizer.apply([g], [w])
        every.append(np.array(keras.ops.convert_to_numpy(w.value)))
    return every[1:]


def _torch(case: Case, ground: Ground) -> list[np.ndarray]:
    import torch

    name, settings = case.torch
    w = torch.nn.Parameter(torch.tensor(ground.start))
    optimizer, every = getattr(torch.optim, name)([w], **settings), [ground.start]
    for i in range(ground.steps):
        if case.rates:
            optimizer.param_groups[0]["lr"] = case.rates(i)
        w.grad = torch.tensor(ground.gradient(every[-1]))
        optimizer.step()
        every.append(w.detach().numpy().copy())
    return every[1:]


def _optax(case: Case, ground: Ground) -> list[np.ndarray]:
    import jax
    import jax.numpy as jnp
    import optax

    name, settings = case.optax
    home = optax if hasattr(optax, name) else optax.contrib
    if case.rates:
        table = jnp.array([case.rates(i) for i in range(ground.steps)])
        settings = {**settings, "learning_rate": lambda count: table[count]}
    optimizer, every = getattr(home, name)(**settings), [ground.start]
    w = jnp.asarray(ground.start)
    state, update, averages = optimizer.init(w), jax.jit(optimizer.update), []
    for _ in range(ground.steps):
        step, state = update(jnp.asarray(ground.gradient(every[-1])), state, w)
        w = optax.apply_updates(w, step)
        every.append(np.array(w))
        if case.averages:
            averages.append(np.array(optax.contrib.schedule_free_eval_params(state, w)))
    return averages or every[1:]


WALKS = {"aebook": _aebook, "keras": _keras, "torch": _torch, "optax": _optax}
