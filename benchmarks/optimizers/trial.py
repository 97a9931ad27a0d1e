"""One run: a network, an optimizer, a rate, a seed. It compiles once, then restarts."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
import itertools
import math
import time
from typing import Any

from aebook.schedule_free import evaluation_weights
from aebook.training.compiled_steps import CompiledLoop
import keras
import numpy as np
from problems import LOSSES, Digits, Problem, build
from rules import RULES, Schedule

__all__ = ["Trial", "six_digits"]

EVALUATED_AT_ONCE = 1000


class Trial:
    """A compiled network that can be trained again from any seed, at any rate.

    Args:
        problem: The network and its budget.
        optimizer: A name in `RULES`.
        images: What to train and to evaluate on.
    """

    def __init__(self, problem: Problem, optimizer: str, images: Digits) -> None:
        self.problem, self.optimizer, self.images = problem, optimizer, images
        self.model, self.schedule = self._new(seed=0)
        self.data = {
            part: (keras.ops.convert_to_tensor(x),)
            for part, x in images._asdict().items()
        }
        keras.Model.fit(self.model, images.train[:1], epochs=0, verbose=0)
        self.steps = CompiledLoop(self.model, training=True, jit_compile=True)
        self.tests = CompiledLoop(self.model, training=False, jit_compile=True)
        began = time.perf_counter()
        self.steps(self.data["train"], self._order(0), 0, 0)
        self.compile_seconds = time.perf_counter() - began

    def run(self, rate: float, seed: int, final: bool) -> dict[str, Any]:
        """Train from the seed at the rate; a final run is scored on the test images."""
        self._restart(rate, seed)
        order = self._order(seed)
        ends = np.linspace(0, len(order), self.problem.points + 1).round().astype(int)
        curve = {
            "step": [0],
            "train": [None],
            "validation": [six_digits(self.evaluate("validation"))],
        }
        seconds = 0.0
        for start, stop in itertools.pairwise(ends):
            self.model.reset_metrics()
            began = time.perf_counter()
            self.steps(self.data["train"], order, int(start), int(stop))
            train = self._loss()  # waits for it
            seconds += time.perf_counter() - began
            validation = self.evaluate("validation")
            curve["step"].append(int(stop))
            curve["train"].append(six_digits(train))
            curve["validation"].append(six_digits(validation))
            if not (math.isfinite(train) and math.isfinite(validation)):
                break
        learned = curve["train"][-1] is not None and curve["validation"][-1] is not None
        return {
            "rate": rate,
            "seed": seed,
            "status": "finished" if learned else "diverged",
            "validation_loss": curve["validation"][-1] if learned else None,
            "test_loss": six_digits(self.evaluate("test"))
            if final and learned
            else None,
            "seconds": round(seconds, 3),
            "compile_seconds": round(self.compile_seconds, 2),
            "curve": curve,
        }

    def evaluate(self, part: str) -> float:
        """Return the loss on a part of the images, at the weights meant for use."""
        rows = np.arange(len(self.data[part][0]), dtype=np.int32)
        batches = rows.reshape(-1, min(EVALUATED_AT_ONCE, len(rows)))
        self.model.reset_metrics()
        with self._weights_for_use():
            self.tests(self.data[part], batches, 0, len(batches))
            return self._loss()

    def seconds_a_step(self) -> float:
        """Train all steps once more from where the model is, and time them."""
        order = self._order(0)
        self._loss()
        began = time.perf_counter()
        self.steps(self.data["train"], order, 0, len(order))
        self._loss()  # waits for it
        return (time.perf_counter() - began) / len(order)

    # --- inside

    def _new(self, seed: int) -> tuple[keras.Model, Schedule]:
        rule = RULES[self.optimizer]
        model = build(self.problem, seed)
        schedule = Schedule(self.problem.steps, decays=not rule.averages)
        loss = LOSSES[self.problem.loss]
        model.compile(rule.make(schedule), loss, jit_compile=True)
        return model, schedule

    def _restart(self, rate: float, seed: int) -> None:
        """Set every variable to what a new model of the seed would have."""
        fresh, _ = self._new(seed)
        self.schedule.peak.assign(rate)
        for old, new in zip(_state(self.model), _state(fresh), strict=True):
            old.assign(new)

    def _order(self, seed: int) -> Any:
        """Return the rows of every batch, int32, shape `(steps, batch_size)`."""
        rng = np.random.default_rng(seed)
        n, wanted = len(self.images.train), self.problem.steps * self.problem.batch_size
        epochs = [rng.permutation(n) for _ in range(-(-wanted // n))]
        rows = np.concatenate(epochs)[:wanted].astype(np.int32)
        return keras.ops.convert_to_tensor(rows.reshape(-1, self.problem.batch_size))

    def _loss(self) -> float:
        return float(self.model.get_metrics_result()["loss"])

    def _weights_for_use(self) -> AbstractContextManager:
        """Put the mean of the path in its place, where the rule averages."""
        if RULES[self.optimizer].averages:
            return evaluation_weights(self.model)
        return nullcontext()


def _state(model: keras.Model) -> list[Any]:
    """Return all variables that training changes, in a fixed order."""
    return [*model.variables, *model.optimizer.variables]


def six_digits(value: float) -> float | None:
    """Return the value to 6 significant digits; `None` if it is not finite."""
    return float(f"{value:.6g}") if math.isfinite(value) else None
