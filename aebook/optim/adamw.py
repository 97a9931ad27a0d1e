r"""AdamW: Adam, and apart from it the weights decay.

$$ m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
s \leftarrow \beta_2 s + (1 - \beta_2)\, g^2, $$
$$ w \leftarrow w - \eta\, \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}\,
\frac{m}{\sqrt{s} + \varepsilon} - \eta \lambda\, w $$

$\varepsilon$ as in Keras' Adam. The default of $\lambda$ is 0.004 in Keras, 0.01 in
PyTorch, 0.0001 in optax. PyTorch's `Adam(weight_decay=)` adds $\lambda w$ to $g$.

Source: Loshchilov & Hutter, "Decoupled Weight Decay Regularization", 2017.
"""

from __future__ import annotations

import math

from aebook.optim.adam import State, init
from aebook.optim.contract import checked
import numpy as np

__all__ = ["State", "init", "update"]


@checked
def update(
    g: np.ndarray,
    state: State,
    w: np.ndarray,
    learning_rate: float = 0.001,
    weight_decay: float = 0.004,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[np.ndarray, State]:
    """Step as Adam, and shrink the weights.

    Example:
        >>> w = np.array([2.0])
        >>> update(np.zeros(1), init(w), w, learning_rate=0.1, weight_decay=0.5)[0]
        array([-0.1])
    """
    t = state.t + 1
    m = beta_1 * state.m + (1 - beta_1) * g
    s = beta_2 * state.s + (1 - beta_2) * g**2
    alpha = learning_rate * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    decay = learning_rate * weight_decay * w
    return -alpha * m / (np.sqrt(s) + epsilon) - decay, State(t, m, s)
