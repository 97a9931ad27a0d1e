r"""Adadelta: the length of a step follows from the steps before it.

$$ s \leftarrow \rho s + (1 - \rho)\, g^2, \qquad
\delta = -\frac{\sqrt{u + \varepsilon}}{\sqrt{s + \varepsilon}}\, g, $$
$$ u \leftarrow \rho u + (1 - \rho)\, \delta^2, \qquad w \leftarrow w + \eta\, \delta $$

The paper has no rate, which is $\eta = 1$, the default of PyTorch. Keras' default is
0.001, and it barely moves there.

Source: Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012.
"""

from __future__ import annotations

from typing import NamedTuple

from aebook.optim.contract import checked
import numpy as np

__all__ = ["State", "init", "update"]


class State(NamedTuple):
    """Kept from step to step: mean squares `s` of the gradient, `u` of the step."""

    s: np.ndarray  # shape of w
    u: np.ndarray  # shape of w


@checked
def init(w: np.ndarray) -> State:
    """Return the state before any gradient: `s = u = 0`."""
    return State(s=np.zeros_like(w), u=np.zeros_like(w))


@checked
def update(
    g: np.ndarray,
    state: State,
    w: np.ndarray,
    learning_rate: float = 0.001,
    rho: float = 0.95,
    epsilon: float = 1e-7,
) -> tuple[np.ndarray, State]:
    """Step in the units of `w`.

    Example:
        >>> update(np.ones(1), init(np.zeros(1)), np.zeros(1), learning_rate=1)[0]
        array([-0.00141421])
    """
    s = rho * state.s + (1 - rho) * g**2
    delta = -np.sqrt(state.u + epsilon) / np.sqrt(s + epsilon) * g
    u = rho * state.u + (1 - rho) * delta**2
    return learning_rate * delta, State(s, u)
