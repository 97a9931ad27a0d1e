"""All rules by name, in the order in which the book tells them."""

from __future__ import annotations

import inspect
from types import ModuleType

from aebook.checks import check_choice
from aebook.optim import (
    adadelta,
    adagrad,
    adam,
    adamax,
    adamw,
    amsgrad,
    heavy_ball,
    lion,
    muon,
    nadam,
    nesterov,
    rmsprop,
    schedule_free_adamw,
    sgd,
)
import numpy as np

__all__ = ["RULES", "as_rule", "default_rate", "memory"]

RULES: dict[str, ModuleType] = {
    rule.__name__.rpartition(".")[2]: rule
    for rule in (
        sgd,
        heavy_ball,
        nesterov,
        adagrad,
        rmsprop,
        adadelta,
        adam,
        amsgrad,
        adamax,
        nadam,
        adamw,
        lion,
        muon,
        schedule_free_adamw,
    )
}


def as_rule(rule: str | ModuleType) -> ModuleType:
    """Return the rule of that name; a module with `init` and `update` stays.

    Args:
        rule: Key of `RULES`, or any object with functions `init` and `update`.

    Returns:
        The rule.

    Raises:
        TypeError: If it is neither.
        ValueError: If there is no rule of that name; the message lists all.

    Example:
        >>> as_rule("adam").__name__
        'aebook.optim.adam'
    """
    if isinstance(rule, str):
        return RULES[check_choice(rule, RULES, "rule")]
    if not (hasattr(rule, "init") and hasattr(rule, "update")):
        raise TypeError(f"rule must be a name or have init and update, got {rule!r}")
    return rule


def default_rate(rule: str | ModuleType) -> float:
    """Return the rate that a rule takes when none is given: that of Keras.

    Args:
        rule: Name or module.

    Returns:
        The default of `learning_rate`.

    Example:
        >>> default_rate("adadelta"), default_rate("sgd")
        (0.001, 0.01)
    """
    update = inspect.signature(as_rule(rule).update)
    return update.parameters["learning_rate"].default


def memory(rule: str | ModuleType, shape: tuple[int, ...] = (10, 10)) -> int:
    """Count the numbers that a rule keeps for each weight.

    Args:
        rule: Name or module.
        shape: Shape of the weights; only Muon treats matrices apart.

    Returns:
        Numbers of the state a weight, from 0 (gradient descent) to 3 (AMSGrad); what
        it keeps once for all weights, such as the count of steps, is not counted.

    Example:
        >>> [memory(rule) for rule in ("sgd", "heavy_ball", "adam", "muon")]
        [0, 1, 2, 1]
        >>> memory("muon", shape=(3, 3, 1, 8))  # a kernel: AdamW
        2
    """
    w = np.zeros(shape)
    state = as_rule(rule).init(w)
    return sum(part.size for part in state if isinstance(part, np.ndarray)) // w.size
