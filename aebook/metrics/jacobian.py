"""How strongly a code answers to small changes of the input."""

from __future__ import annotations

from typing import Any

from aebook.checks import as_samples, check_count
import numpy as np

__all__ = ["jacobian_norm"]


def jacobian_norm(model: Any, x: Any, batch_size: int = 256) -> np.ndarray:
    r"""Frobenius norm of the encoder's Jacobian at each sample, exact.

    $$ \lVert J(x) \rVert_F = \sqrt{ \sum_{j,i}
       \left( \frac{\partial f_j(x)}{\partial x_i} \right)^2 } $$

    A random change of the input of length ε, small, in any direction alike, moves the
    code by about $ε \lVert J \rVert_F / \sqrt d$ with $d$ numbers in a sample. The
    contractive autoencoder is trained to keep the square of it small. Computed with
    one backward pass for each number of the code.

    Args:
        model: An `aebook.models.Autoencoder`, whose code is judged as `encode` gives
            it (of a variational one, the means); or the encoder alone, any Keras
            model or function of tensors, each sample by itself.
        x: Samples, shape `(n, ...)`, as the encoder takes them.
        batch_size: Samples at a time. Defaults to 256.

    Returns:
        One value per sample, float64, shape `(n,)`, ≥ 0, in units of the code per
        unit of `x`.

    Raises:
        TypeError: If `x` does not hold numbers, or `model` cannot be called.
        ValueError: If `x` is empty, or holds NaN or infinity.

    Example:
        >>> jacobian_norm(lambda x: 3 * x, np.ones((2, 4)))  # 3 times the identity
        array([6., 6.])

    Source: Rifai, Vincent, Muller, Glorot & Bengio, "Contractive Auto-Encoders",
    2011.
    """
    if not callable(model):
        raise TypeError(
            "model must be an Autoencoder, an encoder or a function of tensors, "
            f"got {type(model).__name__}"
        )
    code = _code_of(model)
    x, size = as_samples(x), check_count(batch_size, "batch_size")
    starts = range(0, len(x), size)
    squares = [_squared_norm(code, x[i : i + size]) for i in starts]
    return np.sqrt(np.concatenate(squares))


def _code_of(model: Any) -> Any:
    """Return the function from a batch to its codes."""
    if not hasattr(model, "encoder"):
        return model
    return lambda x: model.bottleneck(model.encoder(x))


def _squared_norm(function: Any, x: np.ndarray) -> np.ndarray:
    from aebook.autodiff import vjp
    from keras import ops

    x = ops.convert_to_tensor(x)
    shape = tuple(function(x).shape)  # (batch, ...)
    squares = np.zeros(shape[0])
    for j in range(np.prod(shape[1:], dtype=int)):
        e = np.zeros((shape[0], np.prod(shape[1:], dtype=int)), np.float32)
        e[:, j] = 1
        _, row = vjp(function, x, ops.convert_to_tensor(e.reshape(shape)))
        row = ops.convert_to_numpy(row).reshape(shape[0], -1).astype(np.float64)
        squares += np.einsum("ij,ij->i", row, row)  # (∂f_j/∂x)², summed over x
    return squares
