r"""Nadam: Adam with the look ahead of Nesterov.

With $m, s$ of Adam, $\mu_t = \beta_1 (1 - 0.5 \cdot 0.96^t)$, $\pi_t = \prod \mu_i$:

$$ \hat m = \frac{\mu_{t+1} m}{1 - \pi_{t+1}} + \frac{(1 - \mu_t)\, g}{1 - \pi_t},
\quad w \leftarrow w - \eta\, \frac{\hat m}{\sqrt{s / (1 - \beta_2^t)} + \varepsilon} $$

As Keras. PyTorch has $0.96^{0.004 t}$, optax no schedule: $\mu_t = \beta_1$.

Source: Dozat, "Incorporating Nesterov Momentum into Adam", 2016.
"""

from __future__ import annotations

from typing import NamedTuple

from aebook.optim.contract import checked
import numpy as np

__all__ = ["State", "init", "update"]


class State(NamedTuple):
    """Kept from step to step: `t, m, s` of Adam and the product `pi` of all μ."""

    t: int
    pi: float
    m: np.ndarray  # shape of w
    s: np.ndarray  # shape of w


@checked
def init(w: np.ndarray) -> State:
    """Return the state before any gradient: `t = m = s = 0`, `pi = 1`."""
    return State(t=0, pi=1.0, m=np.zeros_like(w), s=np.zeros_like(w))


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
    """Step by the gradient and the momentum that the next step will have."""
    t = state.t + 1
    mu, mu_next = (beta_1 * (1 - 0.5 * 0.96**k) for k in (t, t + 1))
    pi = state.pi * mu
    m = beta_1 * state.m + (1 - beta_1) * g
    s = beta_2 * state.s + (1 - beta_2) * g**2
    m_hat = mu_next * m / (1 - pi * mu_next) + (1 - mu) * g / (1 - pi)
    s_hat = s / (1 - beta_2**t)
    step = -learning_rate * m_hat / (np.sqrt(s_hat) + epsilon)
    return step, State(t, pi, m, s)
