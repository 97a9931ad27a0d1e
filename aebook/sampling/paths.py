"""Paths between two codes: the straight line, and the arc around the origin."""

from __future__ import annotations

from typing import Any

from aebook.checks import check_choice, check_count, check_same_shape
import numpy as np

__all__ = ["interpolate", "linear", "spherical"]

TINY = 1e-7  # sine of an angle below which two directions count as one line


def interpolate(
    model: Any, a: Any, b: Any, steps: int = 10, *, how: str = "linear"
) -> np.ndarray:
    """Decode the codes on a path from one sample to another.

    Args:
        model: An `aebook.models.Autoencoder`.
        a: Where the path starts: one sample, shape `(*input_shape,)`.
        b: Where it ends, same shape.
        steps: Number of images, both ends included: at least 2. Defaults to 10.
        how: The path between the two codes, `"linear"` or `"spherical"`. Defaults to
            `"linear"`.

    Returns:
        Images, shape `(steps, *input_shape)`; the first and the last are the
        reconstructions of `a` and `b`.

    Raises:
        TypeError: If a sample does not hold numbers, or `steps` is no whole number.
        ValueError: If a sample has another shape or is not finite, `steps` is below
            2, or the path is unknown.

    Example:
        >>> from aebook.models import Autoencoder, dense
        >>> model = Autoencoder(*dense(784, latent_dim=2))
        >>> interpolate(model, np.zeros(784), np.ones(784), steps=5).shape
        (5, 784)
    """
    path = {"linear": linear, "spherical": spherical}
    check_choice(how, path, "path")
    shape = tuple(model.encoder.input_shape[1:])
    for name, sample in (("a", a), ("b", b)):
        if np.shape(sample) != shape:
            raise ValueError(
                f"{name} must be one sample of shape {shape}, got {np.shape(sample)}; "
                "of several, take one: x[0]"
            )
    z_a, z_b = model.encode(np.stack([a, b]))
    t = np.linspace(0, 1, check_count(steps, "steps", minimum=2))
    return model.decode(path[how](z_a, z_b, t))


def linear(z_a: Any, z_b: Any, t: Any) -> np.ndarray:
    r"""Points on the straight line between two codes.

    $$ z(t) = (1 - t)\, z_a + t\, z_b $$

    Args:
        z_a: Code at $t = 0$, any shape.
        z_b: Code at $t = 1$, same shape.
        t: Where on the line: a number, or an array of them.

    Returns:
        The points, float64, shape `(*t.shape, *z_a.shape)`.

    Raises:
        TypeError: If an argument does not hold numbers.
        ValueError: If the codes differ in shape, or anything is not finite.

    Example:
        >>> linear([0.0, 2.0], [1.0, 0.0], [0, 0.5, 1])
        array([[0. , 2. ],
               [0.5, 1. ],
               [1. , 0. ]])
    """
    a, b, t = _as_path(z_a, z_b, t)
    return (1 - t) * a + t * b


def spherical(z_a: Any, z_b: Any, t: Any) -> np.ndarray:
    r"""Points on the arc between two codes, around the origin.

    $$ z(t) = \lVert z \rVert(t) \left( \frac{\sin((1 - t)\,\Omega)}{\sin \Omega} u_a
       + \frac{\sin(t\,\Omega)}{\sin \Omega} u_b \right) $$

    $u_a$ and $u_b$ are the directions of the codes, $\Omega$ the angle between them;
    equal steps of $t$ turn by equal angles. The length goes from one to the other in
    equal steps: it stays the same if both have the same. The straight line between
    two draws from a standard normal of many numbers passes far inside the shell where
    such draws lie; the arc stays in it.

    Two codes in one direction are joined by the straight line, and so are a code and
    0, which has no direction. Between opposite directions every half circle is as
    short: the one towards the axis along which `z_a` is smallest is taken.

    Args:
        z_a: Code at $t = 0$, any shape, taken as one vector.
        z_b: Code at $t = 1$, same shape.
        t: Where on the arc: a number, or an array of them.

    Returns:
        The points, float64, shape `(*t.shape, *z_a.shape)`.

    Raises:
        TypeError: If an argument does not hold numbers.
        ValueError: If the codes differ in shape, if anything is not finite, or if two
            codes of one number have opposite signs: no arc joins them.

    Example:
        >>> spherical([2.0, 0.0], [0.0, 2.0], 0.5).round(4)
        array([1.4142, 1.4142])

    Source: Shoemake, "Animating Rotation with Quaternion Curves", 1985; for codes:
    White, "Sampling Generative Networks", 2016.
    """
    a, b, t = _as_path(z_a, z_b, t)
    length = [np.linalg.norm(a), np.linalg.norm(b)]
    if 0 in length:
        return (1 - t) * a + t * b
    u, v = a / length[0], b / length[1]
    cosine = np.sum(u * v)
    w = v - cosine * u  # what of v is perpendicular to u, as long as the sine
    omega = np.arctan2(np.linalg.norm(w), cosine)
    if np.linalg.norm(w) < TINY:
        if cosine > 0:
            return (1 - t) * a + t * b
        w = _perpendicular(u)
    w = w / np.linalg.norm(w)
    # the formula above, written so that no sine of Ω divides
    direction = np.cos(t * omega) * u + np.sin(t * omega) * w
    return ((1 - t) * length[0] + t * length[1]) * direction


def _perpendicular(u: np.ndarray) -> np.ndarray:
    """Return a vector perpendicular to the unit vector `u`."""
    if u.size == 1:
        raise ValueError(
            "two codes of one number with opposite signs have no arc between them; "
            "use the linear path"
        )
    axis = np.zeros_like(u)
    axis.flat[np.abs(u).argmin()] = 1
    return axis - np.sum(axis * u) * u


def _as_path(z_a: Any, z_b: Any, t: Any) -> tuple[np.ndarray, ...]:
    """Return both codes as float64, and `t` with an axis for each of theirs."""
    arrays = []
    for name, value in (("z_a", z_a), ("z_b", z_b), ("t", t)):
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite, got NaN or infinity")
        arrays.append(array.astype(np.float64))
    a, b, t = arrays
    check_same_shape(a, b, ("z_a", "z_b"))
    return a, b, t.reshape(*t.shape, *(1,) * a.ndim)
