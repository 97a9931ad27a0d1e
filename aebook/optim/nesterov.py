r"""Nesterov's momentum: the ball looks ahead along its velocity.

$$ v \leftarrow \mu v - \eta\, g, \qquad w \leftarrow w + \mu v - \eta\, g $$

The look-ahead form of deep learning: `w` is the point to which the velocity has
already carried, so the gradient is taken there. All three libraries agree.

Source: Nesterov, 1983; in this form Sutskever et al., "On the importance of
initialization and momentum in deep learning", 2013.
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
    """Move by the new velocity and one look ahead.

    Example:
        >>> update(np.array([2.0]), init(np.zeros(1)), np.zeros(1))
        (array([-0.038]), State(v=array([-0.02])))
    """
    v = momentum * state.v - learning_rate * g
    return momentum * v - learning_rate * g, State(v)
