"""Numbers of a model that may be changed while it trains.

A compiled step is traced once: a number of Python that it reads is a constant from
then on, and setting it again changes nothing. A number declared here lives in a
variable, which the step reads anew each time.
"""

from __future__ import annotations

from typing import Any

from aebook.checks import check_between
import keras
import numpy as np

__all__ = ["Adjustable"]


class Adjustable:
    """A number of a layer or model that training reads anew at each step.

    Outside a step the attribute is a float, so that it can be printed and stored;
    inside `call` it is a tensor. It is not among the saved weights: the config holds
    its present value.

    Args:
        low: Smallest allowed value. Defaults to none.
        high: Largest allowed value. Defaults to none.

    Raises:
        TypeError: When it is set to what is no number.
        ValueError: When it is set to what is not finite, or out of range.

    Example:
        >>> class Scaled(keras.layers.Layer):
        ...     factor = Adjustable(low=0)
        ...     def call(self, x):
        ...         return self.factor * x
        >>> layer = Scaled()
        >>> layer.factor = 2
        >>> layer.factor, Scaled.adjustable
        (2.0, ('factor',))
    """

    def __init__(self, low: float = -np.inf, high: float = np.inf) -> None:
        self.low, self.high = low, high

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        owner.adjustable = (*getattr(owner, "adjustable", ()), name)  # type: ignore[attr-defined]

    def __set__(self, layer: keras.layers.Layer, value: Any) -> None:
        value = check_between(value, self.name, self.low, self.high)
        if getattr(layer, "_numbers", None) is None:
            layer._numbers = _Numbers(name="numbers")
        layer._numbers.assign(self.name, value)

    def __get__(self, layer: keras.layers.Layer | None, owner: type) -> Any:
        if layer is None:
            return self
        numbers = getattr(layer, "_numbers", None)  # PyTorch hides it from `vars`
        if numbers is None or self.name not in numbers.variables_by_name:
            raise AttributeError(f"{self.name} has no value yet")
        value = numbers.variables_by_name[self.name].value
        if _is_traced(value):
            return keras.ops.convert_to_tensor(value)
        # The shortest number of this precision: 0.1, and not 0.10000000149.
        return float(str(np.asarray(keras.ops.convert_to_numpy(value))))


class _Numbers(keras.layers.Layer):
    """Holds the variables; what they are worth is in the config of their owner."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": keras.config.floatx()})
        self.variables_by_name: dict[str, keras.Variable] = {}
        self.built = True

    def assign(self, name: str, value: float) -> None:
        if name not in self.variables_by_name:
            self.variables_by_name[name] = self.add_weight(
                name=name,
                shape=(),
                initializer="zeros",
                trainable=False,
                autocast=False,
            )
        self.variables_by_name[name].assign(value)

    def call(self, x: Any) -> Any:
        """Return `x`; it is no layer of the network."""
        return x

    def save_own_variables(self, store: Any) -> None:
        """Leave them out of the file: what was saved before them can be loaded."""

    def load_own_variables(self, store: Any) -> None:
        """Keep the values that the config gave."""


def _is_traced(value: Any) -> bool:
    """Whether a step is being traced, so that no number can be read."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.inside_function()
    if backend == "jax":
        import jax

        return isinstance(value, jax.core.Tracer)
    return False
