"""The Keras twin of `aebook.optim.schedule_free_adamw`, right on every backend."""

from __future__ import annotations

from collections.abc import Callable
import math
from numbers import Number
from typing import Any

from aebook.keras_internals import decays, index_of
from aebook.optim.hyper import in_range
import keras
from keras import ops

__all__ = ["ScheduleFreeAdamW"]


@keras.saving.register_keras_serializable("aebook")
class ScheduleFreeAdamW(keras.optimizers.Optimizer):
    r"""Schedule-Free AdamW as `aebook.optim.schedule_free_adamw`.

    From the paper are the three points with $c = 1/t$, and from its Algorithm 1 the
    warm-up, the decay and a mean without the start. Elsewhere it is otherwise:

    - Algorithm 1, and the authors' code before its version 1.3, have Adam's correction
      in the rate, $\eta_t = \eta \sqrt{1 - \beta_2^t}$, not in $\hat v$. The steps of
      $z$ are the same but for $\varepsilon$; early decay is weaker; and
      $c = \eta_t^2 / \sum_i \eta_i^2$ counts early points for less, warm-up or not.
    - The authors' code since 1.3 has $\hat v$, and chooses $c$ by the square of the
      largest rate so far. That is this rule, except while the rate grows.
    - optax is that code, with a warm-up that begins at a rate of 0.

    Keras has a class of this name since 3.14. On TensorFlow and PyTorch that one takes
    the new $z$ for the old one: its $y$ is the average itself, and `beta_1` drops out.
    Its weight decay moves $y$ and leaves $z$ alone. This one follows the rule on every
    backend, and an older Keras can use it too.

    Args:
        learning_rate: Factor of the step. Defaults to 0.0025.
        beta_1: Share of the average in the training point, in (0, 1). Defaults to 0.9.
        beta_2: Share of the mean square that is kept, in (0, 1). Defaults to 0.999.
        epsilon: Keeps the denominator from 0. Defaults to 1e-8.
        warmup_steps: Steps over which the rate rises. Defaults to 0.
        **kwargs: Further arguments of `keras.optimizers.Optimizer`, `weight_decay`
            among them.

    Raises:
        TypeError: If a setting is no number, or `warmup_steps` no whole number.
        ValueError: If a setting is outside its range.

    Example:
        >>> w = keras.Variable([1.0])
        >>> ScheduleFreeAdamW(learning_rate=0.1).apply([keras.ops.ones(1)], [w])
        >>> keras.ops.convert_to_numpy(w.value).round(6)
        array([0.9], dtype=float32)

    Source: Defazio et al., "The Road Less Scheduled", 2024.
    """

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        **kwargs: Any,
    ) -> None:
        if isinstance(learning_rate, (Number, str)):  # else a schedule or a function
            learning_rate = in_range("learning_rate", learning_rate)
        if kwargs.get("weight_decay") is not None:
            kwargs["weight_decay"] = in_range("weight_decay", kwargs["weight_decay"])
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta_1 = _inside("beta_1", beta_1)
        self.beta_2 = _inside("beta_2", beta_2)
        self.epsilon = in_range("epsilon", epsilon)
        self.warmup_steps = in_range("warmup_steps", warmup_steps)

    def build(self, variables: list) -> None:
        """Make `z`, which starts at the weights, and `v`, which starts at 0."""
        if self.built:
            return
        super().build(variables)
        names = ["momentum", "velocity"]  # as Keras calls them
        self._momentums, self._velocities = [], []
        for w in variables:
            first = _copy_of(w)  # an assignment would be lost where TensorFlow traces
            z, v = self.add_optimizer_variables([w], names, [first, "zeros"])
            self._momentums += z
            self._velocities += v

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Move one variable from its `y` to the next."""
        i, dtype = index_of(self, variable), variable.dtype
        g, eta = ops.cast(gradient, dtype), ops.cast(learning_rate, dtype)
        t = ops.cast(self.iterations + 1, dtype)
        eta = eta * ops.minimum(t / max(self.warmup_steps, 1), 1.0)
        y, z, v = (
            ops.convert_to_tensor(part)
            for part in (variable, self._momentums[i], self._velocities[i])
        )
        x = (y - (1 - self.beta_1) * z) / self.beta_1
        v = self.beta_2 * v + (1 - self.beta_2) * g**2
        v_hat = v / -ops.expm1(t * math.log(self.beta_2))  # 1 − β₂ᵗ without rounding
        decay = (self.weight_decay or 0.0) * decays(self, variable)
        z = z - eta * (g / (ops.sqrt(v_hat) + self.epsilon) + decay * y)
        x = (1 - 1 / t) * x + z / t
        self.assign(self._velocities[i], v)
        self.assign(self._momentums[i], z)
        self.assign(variable, (1 - self.beta_1) * z + self.beta_1 * x)

    def _apply_weight_decay(self, variables: list) -> None:
        """Leave `y` alone: the decay belongs to `z`, in `update_step`."""

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to make the same optimizer."""
        names = ("beta_1", "beta_2", "epsilon", "warmup_steps")
        return super().get_config() | {name: getattr(self, name) for name in names}


def _inside(name: str, value: Any) -> float:
    """Return a share that is neither 0 nor 1, or say what is wrong."""
    share = in_range(name, value)
    if share == 0:
        raise ValueError(f"{name} must be in (0, 1), got {value}")
    return share


def _copy_of(variable: Any) -> Callable:
    """Return an initializer: a copy, for JAX gives the buffers of variables away."""
    return lambda shape, dtype=None: ops.copy(variable)
