"""One derivative that Keras has no name for: the vector-Jacobian product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

__all__ = ["vjp"]


def vjp(function: Callable[[Any], Any], x: Any, v: Any) -> tuple[Any, Any]:
    r"""Return `function(x)`, and `v` times its Jacobian, on any backend.

    $$ u_i = \sum_j v_j \, \frac{\partial f_j}{\partial x_i} $$

    The result can be differentiated again, so it may stand in a loss.

    Args:
        function: From a batch to a batch; each sample by itself.
        x: Tensor, shape `(batch, ...)`.
        v: Tensor, shape of `function(x)`; cast to its dtype.

    Returns:
        `function(x)`, and the product, shape of `x`.

    Example:
        >>> x = keras.ops.convert_to_tensor([[1.0, 2.0]])
        >>> y, u = vjp(lambda x: x**2, x, keras.ops.ones((1, 2)))
        >>> keras.ops.convert_to_numpy(u)
        array([[2., 4.]], dtype=float32)
    """
    backends = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
    return backends[keras.backend.backend()](function, x, v)


def _tensorflow(function: Callable, x: Any, v: Any) -> tuple[Any, Any]:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return y, tape.gradient(y, x, output_gradients=tf.cast(v, y.dtype))


def _jax(function: Callable, x: Any, v: Any) -> tuple[Any, Any]:
    import jax

    y, pull_back = jax.vjp(function, x)
    return y, pull_back(v.astype(y.dtype))[0]


def _torch(function: Callable, x: Any, v: Any) -> tuple[Any, Any]:
    import torch

    with torch.enable_grad():
        x = x if x.requires_grad else x.detach().requires_grad_()
        y = function(x)
        return y, torch.autograd.grad(y, x, v.to(y.dtype), create_graph=True)[0]
