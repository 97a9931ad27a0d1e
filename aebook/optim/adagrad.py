r"""Adagrad: each weight has its own rate, which only falls.

$$ s \leftarrow s + g^2, \qquad
w \leftarrow w - \eta\, \frac{g}{\sqrt{s + \varepsilon}} $$

As Keras and optax, which start $s$ at 0.1. PyTorch starts at 0 and divides by
$\sqrt{s} + \varepsilon$.

Source: Duchi, Hazan & Singer, "Adaptive Subgradient Methods for Online Learning and
Stochastic Optimization", 2011.
"""

from __future__ import annotations

from typing import NamedTuple

from aebook.optim.contract import checked
import numpy as np

__all__ = ["State", "init", "update"]


class State(NamedTuple):
    """Kept from step to step: the sum of squared gradients `s`."""

    s: np.ndarray  # shape of w


@checked
def init(w: np.ndarray, initial_accumulator_value: float = 0.1) -> State:
    """Return the state before any gradient.

    Example:
        >>> init(np.ones(2))
        State(s=array([0.1, 0.1]))
    """
    return State(s=np.full_like(w, initial_accumulator_value))


@checked
def update(
    g: np.ndarray,
    state: State,
    w: np.ndarray,
    learning_rate: float = 0.001,
    epsilon: float = 1e-7,
) -> tuple[np.ndarray, State]:
    """Step by the gradient over the root of all its squares.

    Example:
        >>> step, state = update(np.array([3.0]), State(np.array([16.0])), np.ones(1))
        >>> step.round(6), state
        (array([-0.0006]), State(s=array([25.])))
    """
    s = state.s + g**2
    return -learning_rate * g / np.sqrt(s + epsilon), State(s)
