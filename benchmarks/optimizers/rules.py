"""The optimizers, the rates to try for each, and the schedule that all share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from aebook.schedule_free import ScheduleFreeAdamW
import keras

__all__ = ["RATES", "RULES", "WARM_UP", "Rule", "Schedule", "hyper", "rates"]

optimizers = keras.optimizers
RATES = 6  # tried for each optimizer on each problem, √10 apart
WARM_UP = 0.05  # the part of the budget in which the rate grows from 0


class Rule(NamedTuple):
    """One optimizer; only its learning rate is tuned.

    `lowest` is the lowest of its rates for each problem, as the power k of 10^(k/2).
    It was chosen by `probe.py`.
    """

    label: str
    make: Callable[[Any], keras.optimizers.Optimizer]
    lowest: dict[str, int]
    averages: bool = False  # evaluated at the mean of its path; no decay of the rate


def _low(source: int, source_sum: int, deep: int, vae: int) -> dict[str, int]:
    return {"source": source, "source_sum": source_sum, "deep": deep, "vae": vae}


RULES = {
    "sgd": Rule("SGD", optimizers.SGD, _low(0, -6, -3, -5)),
    "momentum": Rule(
        "SGD, momentum 0.9", lambda r: optimizers.SGD(r, 0.9), _low(-2, -8, -4, -6)
    ),
    "nesterov": Rule(
        "SGD, Nesterov 0.9",
        lambda r: optimizers.SGD(r, 0.9, nesterov=True),
        _low(0, -6, -5, -6),
    ),
    "adagrad": Rule("Adagrad", optimizers.Adagrad, _low(-1, -5, -4, -5)),
    "rmsprop": Rule("RMSprop", optimizers.RMSprop, _low(-6, -7, -7, -7)),
    "adadelta": Rule("Adadelta", optimizers.Adadelta, _low(0, -1, -1, -1)),
    "adam": Rule("Adam", optimizers.Adam, _low(-7, -7, -7, -6)),
    "nadam": Rule("Nadam", optimizers.Nadam, _low(-7, -7, -7, -6)),
    "adamw": Rule("AdamW", optimizers.AdamW, _low(-7, -7, -7, -6)),
    "lion": Rule("Lion", optimizers.Lion, _low(-8, -8, -10, -8)),
    "muon": Rule("Muon", optimizers.Muon, _low(-7, -7, -6, -6)),
    "schedule_free": Rule(
        "Schedule-Free AdamW", ScheduleFreeAdamW, _low(-6, -6, -6, -6), averages=True
    ),
    "schedule_free_keras": Rule(
        "Schedule-Free AdamW, as Keras has it",
        lambda r: optimizers.ScheduleFreeAdamW(r),  # not in every Keras
        _low(-6, -6, -6, -6),
        averages=True,
    ),
}


def rates(optimizer: str, problem: str) -> list[float]:
    """Return the rates to try, in growing order."""
    lowest = RULES[optimizer].lowest[problem]
    return [half_decade(lowest + k) for k in range(RATES)]


def half_decade(k: int) -> float:
    """Return 10^(k/2), rounded to 4 digits so that it reads well in a file name."""
    return float(f"{10 ** (k / 2):.4g}")


@keras.saving.register_keras_serializable(package="benchmarks")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up, then half a cosine to 0, or no decay, times a peak.

    The peak is a variable: a new rate needs no new compilation.
    """

    def __init__(self, steps: int, decays: bool) -> None:
        self.peak = keras.Variable(1.0, trainable=False, name="peak")
        warm = max(1, round(WARM_UP * steps))
        self.shape = keras.optimizers.schedules.CosineDecay(
            0.0,
            steps - warm,
            alpha=0.0 if decays else 1.0,
            warmup_target=1.0,
            warmup_steps=warm,
        )

    def __call__(self, step):
        """Return the rate of a step."""
        return self.peak * self.shape(step)

    def get_config(self) -> dict:
        """Return nothing: it is part of no saved model."""
        return {}


def hyper(optimizer: str) -> dict[str, Any]:
    """Return what Keras sets beside the rate, as numbers and switches."""
    config = RULES[optimizer].make(1.0).get_config()
    return {k: v for k, v in config.items() if k not in ("name", "learning_rate")}
