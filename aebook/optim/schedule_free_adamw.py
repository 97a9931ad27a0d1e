r"""Schedule-Free AdamW: an average of the path takes the place of a falling rate.

Gradients are taken at $y$, the argument `w`. With $\hat v$ of Adam and $c = 1/t$:

$$ z \leftarrow z - \eta\, (g / (\sqrt{\hat v} + \varepsilon) + \lambda y), \quad
x \leftarrow (1 - c)\, x + c\, z, \quad y \leftarrow (1 - \beta_1)\, z + \beta_1 x $$

Judge the model at the average $x$, not at $y$. Keras decays $y$ instead of $z$; optax
and the paper choose $c$ by $\eta^2$, which differs while the rate warms up.

Source: Defazio et al., "The Road Less Scheduled", 2024.
"""

from __future__ import annotations

from typing import NamedTuple

from aebook.optim.average import evaluation_weights
from aebook.optim.contract import checked
import numpy as np

__all__ = ["State", "evaluation_weights", "init", "update"]


class State(NamedTuple):
    """Kept from step to step: the count `t`, mean squares `v`, the fast point `z`."""

    t: int
    v: np.ndarray  # shape of w
    z: np.ndarray  # shape of w


@checked
def init(w: np.ndarray) -> State:
    """Return the state at the start: `v = 0`, `z = y = x`."""
    return State(t=0, v=np.zeros_like(w), z=w.copy())


@checked
def update(
    g: np.ndarray, state: State, w: np.ndarray, learning_rate: float = 0.0025,
    weight_decay: float = 0.0, warmup_steps: int = 0,
    beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
) -> tuple[np.ndarray, State]:  # fmt: skip
    """Step from one `y` to the next; `beta_1` must be > 0."""
    t = state.t + 1
    eta = learning_rate * min(1.0, t / max(warmup_steps, 1))
    v = beta_2 * state.v + (1 - beta_2) * g**2
    v_hat = v / (1 - beta_2**t)
    z = state.z - eta * (g / (np.sqrt(v_hat) + epsilon) + weight_decay * w)
    x = evaluation_weights(state, w, beta_1)
    x = (1 - 1 / t) * x + z / t
    y = (1 - beta_1) * z + beta_1 * x
    return y - w, State(t, v, z)
