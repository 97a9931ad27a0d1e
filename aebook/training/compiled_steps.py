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

__all__ = ["CompiledLoop", "room_for", "xla_works"]


class CompiledLoop:
    """Runs steps of one compiled and built Keras model, in place.

    Args:
        model: The model.
        training: Whether a step trains (`train_step`) or evaluates (`test_step`).
        jit_compile: Whether XLA compiles the loop; with JAX it always does.

    TensorFlow traces a loop once for data of any length, XLA compiles it for each.

    Attributes:
        jit_compile: Whether XLA compiles it.
        log_names: The names of the logs that a step returns, once it was traced.
    """

    def __init__(self, model: keras.Model, training: bool, jit_compile: bool) -> None:
        self.log_names: set[str] = set()
        self.jit_compile = jit_compile or keras.backend.backend() == "jax"
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
            data: Tensors `(x,)`, `(x, y)` or `(x, y, weight)`, first axis the samples.
            order: Row numbers of each batch, int32, shape `(steps, batch_size)`; a
                tensor.
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
    def loop(data: tuple, order: Any, start: Any, stop: Any) -> Any:
        def one(i: Any, _: Any) -> tuple:
            rows = tf.gather(order, i)
            logs = step(tuple(tf.gather(part, rows) for part in data))
            return i + 1, _is_finite(logs) if training else tf.constant(True)

        return tf.while_loop(
            lambda i, finite: (i < stop) & finite, one, [start, tf.constant(True)]
        )[0]

    # A partial has no code object: TensorFlow counts traces by it, over all models.
    compiled = tf.function(
        functools.partial(loop), jit_compile=jit_compile, autograph=False
    )

    @functools.cache
    def traced(parts: tuple, batch_size: int | None) -> Callable:
        """Trace once for any number of rows and batches."""
        data = tuple(tf.TensorSpec([None, *shape], dtype) for shape, dtype in parts)
        order = tf.TensorSpec([None, batch_size], tf.int32)
        number = tf.TensorSpec([], tf.int32)
        return compiled.get_concrete_function(data, order, number, number)

    def loop_for(data: tuple, order: Any) -> Callable:
        # A lone batch is the last one, whose size changes with the length of the data.
        batch_size = order.shape[1] if order.shape[0] > 1 else None
        parts = tuple((tuple(part.shape[1:]), part.dtype) for part in data)
        return traced(parts, batch_size)

    def run(data: tuple, order: Any, start: int, stop: int) -> Any:
        loop = loop_for(data, order)
        return loop(data, order, tf.constant(start), tf.constant(stop))

    def trace(data: tuple, order: Any) -> None:
        loop_for(data, order)

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


def room_for(n: int) -> int:
    """Return `n` rounded up to four binary digits, at most an eighth more.

    XLA compiles anew for each length of data, and keeps what it compiled. Data of
    many lengths, filled up, have few.

    Example:
        >>> [room_for(n) for n in (5, 100, 101, 200, 55_000)]
        [5, 104, 104, 208, 57344]
    """
    step = 1 << max(n.bit_length() - 4, 0)
    return -(-n // step) * step


@functools.cache
def xla_works() -> bool:
    """Whether TensorFlow can compile with XLA on this machine."""
    import tensorflow as tf

    try:
        tf.function(lambda a: a + 1.0, jit_compile=True)(tf.constant(1.0))
    except tf.errors.OpError:  # some builds carry no XLA compiler for their device
        return False
    return True
