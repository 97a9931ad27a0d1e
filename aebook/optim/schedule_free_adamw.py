r"""Schedule-Free AdamW: an average of the path takes the place of a falling rate.

Gradients are taken at $y$, the argument `w`. With $\hat s$ of Adam and $c = 1/t$:

$$ z \leftarrow z - \eta\, (g / (\sqrt{\hat s} + \varepsilon) + \lambda y), \quad
x \leftarrow (1 - c)\, x + c\, z, \quad y \leftarrow (1 - \beta_1)\, z + \beta_1 x $$

Judge the model at the average $x$, not at $y$. The points and the plain mean are the
paper's equations 3 to 5; warm-up $t/T$, decay $\lambda y$ and a mean without the start
its Algorithm 1. That, and the authors' code before 1.3, have Adam's correction in the
rate, $\eta_t = \eta \sqrt{1 - \beta_2^t}$, hence in the decay and in
$c = \eta_t^2 / \sum \eta_i^2$. Their code since 1.3 has $\hat s$, and $c$ by the square
of the largest rate: as here but for the warm-up. optax too, from a rate of 0. Keras
decays $y$ instead of $z$.

Source: Defazio et al., "The Road Less Scheduled", 2024.
"""

from __future__ import annotations

from typing import NamedTuple

from aebook.optim.average import evaluation_weights
from aebook.optim.contract import checked
import numpy as np

__all__ = ["State", "evaluation_weights", "init", "update"]


class State(NamedTuple):
    """Kept from step to step: the count `t`, mean squares `s`, the fast point `z`."""

    t: int
    s: np.ndarray  # shape of w
    z: np.ndarray  # shape of w


@checked
def init(w: np.ndarray) -> State:
    """Return the state at the start: `s = 0`, `z = y = x`."""
    return State(t=0, s=np.zeros_like(w), z=w.copy())


@checked
def update(
    g: np.ndarray, state: State, w: np.ndarray, learning_rate: float = 0.0025,
    weight_decay: float = 0.0, warmup_steps: int = 0,
    beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
) -> tuple[np.ndarray, State]:  # fmt: skip
    """Step from one `y` to the next; `beta_1` must be > 0."""
    t = state.t + 1
    eta = learning_rate * min(1.0, t / max(warmup_steps, 1))
    s = beta_2 * state.s + (1 - beta_2) * g**2
    s_hat = s / (1 - beta_2**t)
    z = state.z - eta * (g / (np.sqrt(s_hat) + epsilon) + weight_decay * w)
    x = evaluation_weights(state, w, beta_1)
    x = (1 - 1 / t) * x + z / t
    y = (1 - beta_1) * z + beta_1 * x
    return y - w, State(t, s, z)
