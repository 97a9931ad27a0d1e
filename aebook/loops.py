"""Many training steps in one compiled call.

Keras' `fit` returns to Python after every batch. In a small model that trip costs
more than the arithmetic. A loop here keeps the data on the device and stays inside
compiled code for as many steps as it is told:

    for i in range(start, stop):
        step(data[order[i]])

`step` is the model's own `train_step` or `test_step`, so a model that defines its
own is served too. A training loop leaves after the first step whose loss is not finite.
"""

from __future__ import annotations

from collections.abc import Callable
import functools
from typing import Any

import keras

__all__ = ["CompiledLoop", "xla_works"]


class CompiledLoop:
    """Runs steps of one compiled and built Keras model, in place.

    Args:
        model: The model.
        training: Whether a step trains (`train_step`) or evaluates (`test_step`).
        jit_compile: Whether XLA compiles the loop; with JAX it always does.

    Attributes:
        log_names: The names of the logs that a step returns, once it was traced.
    """

    def __init__(self, model: keras.Model, training: bool, jit_compile: bool) -> None:
        self.log_names: set[str] = set()
        step = model.train_step if training else model.test_step
        build = {"tensorflow": _tensorflow_loop, "jax": _jax_loop}
        self._run, self._trace = build[keras.backend.backend()](
            model, self._noting_names(step), training, jit_compile
        )

    def _noting_names(self, step: Callable) -> Callable:
        def noting(*args: Any) -> Any:
            result = step(*args)  # logs, or in JAX (logs, state)
            self.log_names = set(result[0] if isinstance(result, tuple) else result)
            return result

        return noting

    def __call__(self, data: tuple, order: Any, start: int, stop: int) -> Any:
        """Run the steps `start` to `stop` (excluded), while the loss is finite.

        Args:
            data: Tensors `(x,)` or `(x, y)`, first axis the samples.
            order: Row numbers of each batch, int32, shape `(steps, batch_size)`.
            start: First row of `order` to use.
            stop: Where to stop in `order`.

        Returns:
            The row of `order` after the last one used, a number on the device.
        """
        return self._run(data, order, start, stop)

    def trace(self, data: tuple, order: Any) -> None:
        """Learn `log_names` without running a step."""
        self._trace(data, order)


def _tensorflow_loop(
    model: keras.Model, step: Callable, training: bool, jit_compile: bool
) -> tuple:
    import tensorflow as tf

    # An explicit loop: the one AutoGraph writes compiles anew for each start and stop.
    @tf.function(jit_compile=jit_compile, autograph=False)
    def loop(data: tuple, order: Any, start: Any, stop: Any) -> Any:
        def one(i: Any, _: Any) -> tuple:
            rows = tf.gather(order, i)
            logs = step(tuple(tf.gather(part, rows) for part in data))
            return i + 1, _is_finite(logs) if training else tf.constant(True)

        return tf.while_loop(
            lambda i, finite: (i < stop) & finite, one, [start, tf.constant(True)]
        )[0]

    def run(data: tuple, order: Any, start: int, stop: int) -> Any:
        # Tensors, not Python numbers: a new number would compile everything anew.
        return loop(data, order, tf.constant(start), tf.constant(stop))

    def trace(data: tuple, order: Any) -> None:
        loop.get_concrete_function(data, order, tf.constant(0), tf.constant(0))

    return run, trace


def _jax_loop(
    model: keras.Model, step: Callable, training: bool, jit_compile: bool
) -> tuple:
    import jax

    @jax.jit
    def loop(state: tuple, data: tuple, order: Any, start: int, stop: int) -> tuple:
        def one(carry: tuple) -> tuple:
            i, _, state = carry
            logs, state = step(state, tuple(part[order[i]] for part in data))
            finite = _is_finite(logs) if training else jax.numpy.array(True)
            return i + 1, finite, tuple(list(group) for group in state)

        i, _, state = jax.lax.while_loop(
            lambda carry: (carry[0] < stop) & carry[1],
            one,
            (start, jax.numpy.array(True), state),
        )
        return i, state

    def variables() -> list[list]:
        optimizer = [model.optimizer.variables] if training else []
        return [
            model.trainable_variables,
            model.non_trainable_variables,
            *optimizer,
            model.metrics_variables,
        ]

    def values(groups: list[list]) -> tuple:
        return tuple([variable.value for variable in group] for group in groups)

    def run(data: tuple, order: Any, start: int, stop: int) -> Any:
        groups = variables()
        # The old values are not donated: an interrupt leaves them in the model.
        reached, state = loop(values(groups), data, order, start, stop)
        for group, new in zip(groups, state, strict=True):
            for variable, value in zip(group, new, strict=True):
                variable.assign(value)
        return reached

    def trace(data: tuple, order: Any) -> None:
        jax.eval_shape(loop, values(variables()), data, order, 0, 0)

    return run, trace


def _is_finite(logs: dict[str, Any]) -> Any:
    """Whether the loss is; a mean over the epoch so far stays NaN once it was."""
    return keras.ops.all(keras.ops.isfinite(logs.get("loss", 0.0)))


@functools.cache
def xla_works() -> bool:
    """Whether TensorFlow can compile with XLA on this machine."""
    import tensorflow as tf

    try:
        tf.function(lambda a: a + 1.0, jit_compile=True)(tf.constant(1.0))
    except tf.errors.OpError:  # some builds carry no XLA compiler for their device
        return False
    return True
