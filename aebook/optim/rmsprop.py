r"""RMSprop: Adagrad that forgets.

$$ s \leftarrow \rho s + (1 - \rho)\, g^2, \qquad
w \leftarrow w - \eta\, \frac{g}{\sqrt{s + \varepsilon}} $$

As Keras and optax. PyTorch divides by $\sqrt{s} + \varepsilon$: at g = 1e-4 its first
step is ten times as long. Its default for $\rho$ is 0.99, that of the others 0.9.

Source: Tieleman & Hinton, lecture 6.5 of "Neural Networks for Machine Learning", 2012.
"""

from __future__ import annotations

from typing import NamedTuple

from aebook.optim.contract import checked
import numpy as np

__all__ = ["State", "init", "update"]


class State(NamedTuple):
    """Kept from step to step: the mean squared gradient `s`."""

    s: np.ndarray  # shape of w


@checked
def init(w: np.ndarray) -> State:
    """Return the state before any gradient.

    Example:
        >>> init(np.ones(2))
        State(s=array([0., 0.]))
    """
    return State(s=np.zeros_like(w))


@checked
def update(
    g: np.ndarray,
    state: State,
    w: np.ndarray,
    learning_rate: float = 0.001,
    rho: float = 0.9,
    epsilon: float = 1e-7,
) -> tuple[np.ndarray, State]:
    """Step by the gradient over its root mean square.

    Example:
        >>> update(np.array([2.0]), init(np.zeros(1)), np.zeros(1))[0].round(6)
        array([-0.003162])
    """
    s = rho * state.s + (1 - rho) * g**2
    return -learning_rate * g / np.sqrt(s + epsilon), State(s)
