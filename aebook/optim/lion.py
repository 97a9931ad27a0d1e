r"""Lion: every weight moves by the rate, only the sign is learned.

$$ w \leftarrow w - \eta \left( \operatorname{sign}(\beta_1 m + (1 - \beta_1)\, g)
+ \lambda w \right), \qquad m \leftarrow \beta_2 m + (1 - \beta_2)\, g $$

The sign mixes with $\beta_1$, the memory with $\beta_2$. Keras and optax agree; PyTorch
has no Lion. It wants a rate three to ten times below that of Adam.

Source: Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023.
"""

from __future__ import annotations

from typing import NamedTuple

from aebook.optim.contract import checked
import numpy as np

__all__ = ["State", "init", "update"]


class State(NamedTuple):
    """Kept from step to step: the mean gradient `m`."""

    m: np.ndarray  # shape of w


@checked
def init(w: np.ndarray) -> State:
    """Return the state before any gradient: `m = 0`."""
    return State(m=np.zeros_like(w))


@checked
def update(
    g: np.ndarray,
    state: State,
    w: np.ndarray,
    learning_rate: float = 0.001,
    weight_decay: float = 0.0,
    beta_1: float = 0.9,
    beta_2: float = 0.99,
) -> tuple[np.ndarray, State]:
    """Step by the sign of the momentum.

    Example:
        >>> update(np.array([5.0, -0.1, 0.0]), init(np.zeros(3)), np.zeros(3))[0]
        array([-0.001,  0.001, -0.   ])
    """
    c = np.sign(beta_1 * state.m + (1 - beta_1) * g)
    m = beta_2 * state.m + (1 - beta_2) * g
    return -learning_rate * (c + weight_decay * w), State(m)
