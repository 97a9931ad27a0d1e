r"""Muon: momentum made orthogonal, for matrices.

$$ m \leftarrow \mu m + g, \qquad
w \leftarrow w - \eta \left( 0.2 \sqrt{\max(\mathrm{rows}, \mathrm{columns})}\;
\mathrm{NS}(g + \mu m) + \lambda w \right) $$

NS is `newton_schulz`. As Keras: what is not 2-D gets AdamW, so of a convolutional
network only the dense layers see Muon, unless their kernels are reshaped. PyTorch
takes matrices only, and iterates in bfloat16.

Source: Jordan et al., 2024; step size of Liu et al., "Muon is Scalable", 2025.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from aebook.optim import adamw
from aebook.optim.contract import checked
from aebook.optim.newton_schulz import newton_schulz
import numpy as np

__all__ = ["State", "init", "update"]


class State(NamedTuple):
    """Kept from step to step for a matrix: the momentum `m`, of its shape."""

    m: np.ndarray


@checked
def init(w: np.ndarray) -> State | adamw.State:
    """Return `m = 0` for a matrix, the state of AdamW for anything else."""
    return State(m=np.zeros_like(w)) if w.ndim == 2 else adamw.init(w)


@checked
def update(
    g: np.ndarray, state: State | adamw.State, w: np.ndarray,
    learning_rate: float = 0.001, weight_decay: float = 0.004,
    momentum: float = 0.95, ns_steps: int = 5, rms_rate: float = 0.2,
    adam_weight_decay: float = 0.004,
    adam_beta_1: float = 0.9, adam_beta_2: float = 0.999, epsilon: float = 1e-7,
) -> tuple[np.ndarray, State | adamw.State]:  # fmt: skip
    """Step by the orthogonalised momentum.

    Example:
        >>> w = np.zeros((1, 4))
        >>> update(w + 3, init(w), w, learning_rate=1)[0].round(2)
        array([[-0.14, -0.14, -0.14, -0.14]])
    """
    if isinstance(state, adamw.State):
        adam = (adam_weight_decay, adam_beta_1, adam_beta_2, epsilon)
        return adamw.update(g, state, w, learning_rate, *adam)
    m = momentum * state.m + g
    o = newton_schulz(g + momentum * m, ns_steps)
    scale = rms_rate * math.sqrt(max(w.shape))
    return -learning_rate * (scale * o + weight_decay * w), State(m)
