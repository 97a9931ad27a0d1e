r"""Momentum, the heavy ball: past gradients keep pushing.

$$ v \leftarrow \mu v - \eta\, g, \qquad w \leftarrow w + v $$

As `keras.optimizers.SGD(momentum=...)`. PyTorch and optax keep $v = \mu v + g$ and
step by $-\eta v$: the same while the rate is constant, another path under a schedule.

Source: Polyak, "Some methods of speeding up the convergence of iteration methods",
1964.
"""

from __future__ import annotations

from typing import NamedTuple

from aebook.optim.contract import checked
import numpy as np

__all__ = ["State", "init", "update"]


class State(NamedTuple):
    """Kept from step to step: the velocity `v`."""

    v: np.ndarray  # shape of w


@checked
def init(w: np.ndarray) -> State:
    """Return the state of a ball at rest.

    Example:
        >>> init(np.ones(2))
        State(v=array([0., 0.]))
    """
    return State(v=np.zeros_like(w))


@checked
def update(
    g: np.ndarray,
    state: State,
    w: np.ndarray,
    learning_rate: float = 0.01,
    momentum: float = 0.9,
) -> tuple[np.ndarray, State]:
    """Move by the velocity.

    Example:
        >>> update(np.array([2.0]), State(v=np.array([1.0])), np.zeros(1))
        (array([0.88]), State(v=array([0.88])))
    """
    v = momentum * state.v - learning_rate * g
    return v, State(v)
