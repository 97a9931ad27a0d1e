r"""AMSGrad: Adam whose denominator never shrinks.

$$ m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
s \leftarrow \beta_2 s + (1 - \beta_2)\, g^2, \qquad
\hat s \leftarrow \max(\hat s, s), $$
$$ w \leftarrow w - \eta\, \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}\,
\frac{m}{\sqrt{\hat s} + \varepsilon} $$

As `Adam(amsgrad=True)` of Keras and PyTorch. optax takes the maximum of the corrected
s, so a large early gradient is remembered larger.

Source: Reddi, Kale & Kumar, "On the Convergence of Adam and Beyond", 2018.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from aebook.optim.contract import checked
import numpy as np

__all__ = ["State", "init", "update"]


class State(NamedTuple):
    """Kept from step to step: `t, m, s` of Adam and the largest `s_hat` so far."""

    t: int
    m: np.ndarray  # shape of w, as the other two
    s: np.ndarray
    s_hat: np.ndarray


@checked
def init(w: np.ndarray) -> State:
    """Return the state before any gradient: all 0."""
    return State(0, np.zeros_like(w), np.zeros_like(w), np.zeros_like(w))


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
    """Step by the mean gradient over its largest root mean square."""
    t = state.t + 1
    m = beta_1 * state.m + (1 - beta_1) * g
    s = beta_2 * state.s + (1 - beta_2) * g**2
    s_hat = np.maximum(state.s_hat, s)
    alpha = learning_rate * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return -alpha * m / (np.sqrt(s_hat) + epsilon), State(t, m, s, s_hat)
