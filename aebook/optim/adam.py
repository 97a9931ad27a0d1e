r"""Adam: momentum over the root mean square, both corrected for their start at 0.

$$ m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
s \leftarrow \beta_2 s + (1 - \beta_2)\, g^2, $$
$$ w \leftarrow w - \eta\, \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}\,
\frac{m}{\sqrt{s} + \varepsilon} $$

As Keras. PyTorch and optax add $\varepsilon$ to the corrected root, which makes it
32 times smaller in the first step: gradients near $\varepsilon$ move them further.

Source: Kingma & Ba, "Adam: A Method for Stochastic Optimization", 2014, section 2.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from aebook.optim.contract import checked
import numpy as np

__all__ = ["State", "init", "update"]


class State(NamedTuple):
    """Kept from step to step: the count `t`, means `m` of g and `s` of g²."""

    t: int
    m: np.ndarray  # shape of w
    s: np.ndarray  # shape of w


@checked
def init(w: np.ndarray) -> State:
    """Return the state before any gradient: `t = m = s = 0`."""
    return State(t=0, m=np.zeros_like(w), s=np.zeros_like(w))


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
    """Step by the mean gradient over its root mean square.

    Example:
        >>> update(np.array([5.0, -0.1]), init(np.zeros(2)), np.zeros(2))[0].round(6)
        array([-0.001,  0.001])
    """
    t = state.t + 1
    m = beta_1 * state.m + (1 - beta_1) * g
    s = beta_2 * state.s + (1 - beta_2) * g**2
    alpha = learning_rate * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return -alpha * m / (np.sqrt(s) + epsilon), State(t, m, s)
