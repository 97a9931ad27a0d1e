r"""AdaMax: Adam with the largest gradient in place of the root mean square.

$$ m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
u \leftarrow \max(\beta_2 u, |g|), \qquad
w \leftarrow w - \frac{\eta}{1 - \beta_1^t}\, \frac{m}{u + \varepsilon} $$

As Keras. PyTorch and optax add $\varepsilon$ to $|g|$ instead, inside the maximum.

Source: Kingma & Ba, "Adam: A Method for Stochastic Optimization", 2014, section 7.1.
"""

from __future__ import annotations

from typing import NamedTuple

from aebook.optim.contract import checked
import numpy as np

__all__ = ["State", "init", "update"]


class State(NamedTuple):
    """Kept from step to step: the count `t`, the mean `m`, the largest size `u`."""

    t: int
    m: np.ndarray  # shape of w
    u: np.ndarray  # shape of w


@checked
def init(w: np.ndarray) -> State:
    """Return the state before any gradient: `t = m = u = 0`."""
    return State(t=0, m=np.zeros_like(w), u=np.zeros_like(w))


@checked
def update(
    g: np.ndarray,
    state: State,
    w: np.ndarray,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[np.ndarray, State]:
    """Step by the mean gradient over the largest one.

    Example:
        >>> update(np.array([5.0, -0.1]), init(np.zeros(2)), np.zeros(2))[0].round(6)
        array([-0.001,  0.001])
    """
    t = state.t + 1
    m = beta_1 * state.m + (1 - beta_1) * g
    u = np.maximum(beta_2 * state.u, np.abs(g))
    alpha = learning_rate / (1 - beta_1**t)
    return -alpha * m / (u + epsilon), State(t, m, u)
