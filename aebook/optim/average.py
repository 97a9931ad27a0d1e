"""The average that Schedule-Free hides between its two points."""

from __future__ import annotations

from typing import Any

from aebook.checks import check_positive
import numpy as np

__all__ = ["evaluation_weights"]


def evaluation_weights(state: Any, w: Any, beta_1: float = 0.9) -> np.ndarray:
    r"""Return the average at which Schedule-Free is to be judged.

    $$ x = \frac{y - (1 - \beta_1)\, z}{\beta_1} $$

    Args:
        state: State of `schedule_free_adamw` after the last step, which holds $z$.
        w: The weights $y$ after the last step.
        beta_1: As in each `update`, in (0, 1). Defaults to 0.9.

    Returns:
        The average $x$, shape and dtype of `w`.

    Raises:
        ValueError: If `beta_1` is 0: then y = z, and the average is lost.

    Example:
        >>> from aebook.optim import schedule_free_adamw as rule
        >>> y, state = np.array([1.0]), rule.init(np.array([1.0]))
        >>> for _ in range(2):
        ...     step, state = rule.update(y, state, y, learning_rate=0.1)
        ...     y = y + step
        >>> evaluation_weights(state, y)
        array([0.85269581])
    """
    y, beta_1 = np.asarray(w), check_positive(beta_1, "beta_1")
    x = (y - (1 - beta_1) * state.z) / beta_1
    return np.asarray(x, y.dtype)
