r"""Gradient descent: a step against the gradient.

$$ w \leftarrow w - \eta\, g $$

The default rate is that of Keras, 0.01; PyTorch's is 0.001.

Source: Robbins & Monro, "A Stochastic Approximation Method", 1951.
"""

from __future__ import annotations

from typing import NamedTuple

from aebook.optim.contract import checked
import numpy as np

__all__ = ["State", "init", "update"]


class State(NamedTuple):
    """Nothing is kept from step to step."""


@checked
def init(w: np.ndarray) -> State:
    """Return the empty state.

    Example:
        >>> init(np.ones(2))
        State()
    """
    return State()


@checked
def update(
    g: np.ndarray, state: State, w: np.ndarray, learning_rate: float = 0.01
) -> tuple[np.ndarray, State]:
    """Step against the gradient.

    Example:
        >>> update(np.array([2.0, -4.0]), State(), np.zeros(2), learning_rate=0.1)
        (array([-0.2,  0.4]), State())
    """
    return -learning_rate * g, state
