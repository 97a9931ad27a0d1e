"""Test functions with known minima, from a quadratic to a small autoencoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aebook.checks import as_samples, check_between, check_count
from aebook.scratch import DenseAutoencoder, Layer, backward, forward
import numpy as np

__all__ = [
    "Problem",
    "dense_autoencoder",
    "encoder_and_decoder",
    "linear_autoencoder",
    "matrix_quadratic",
    "plateau",
    "quadratic",
    "rosenbrock",
    "saddle",
]


@dataclass(frozen=True, eq=False)
class Problem:
    """A function to minimize, and what is known about it.

    Args:
        name: What to call it in a figure.
        function: Takes `w`, shape of `start`, returns the value and the gradient there.
        start: Where the usual path begins; any shape.
        minimum: The lowest value; `None` where nobody knows it.
        minimizer: A point where it is taken, perhaps one of many.
        window: The part to draw, `(left, right, bottom, top)`, of a function of two
            numbers.
        eigenvalues: Of the Hessian at the minimizer, ascending: the first is μ, the
            last is L, and plain descent needs a rate below 2 / L.
        unit: Unit of the value; empty for a pure number.

    Example:
        >>> bowl = Problem("bowl", lambda w: (w @ w, 2 * w), np.ones(2), minimum=0.0)
        >>> bowl.value([3.0, 4.0]), bowl.gradient([3.0, 4.0])
        (25.0, array([6., 8.]))
    """

    name: str
    function: Callable[[np.ndarray], tuple[Any, Any]]
    start: np.ndarray
    minimum: float | None = None
    minimizer: np.ndarray | None = None
    window: tuple[float, float, float, float] | None = None
    eigenvalues: np.ndarray | None = None
    unit: str = ""

    def __call__(self, w: Any) -> tuple[float, np.ndarray]:
        """Return value and gradient at `w`, the gradient in the precision of `w`."""
        w = np.asarray(w)
        if w.dtype.kind not in "biuf":
            raise TypeError(f"w must hold real numbers, got dtype {w.dtype}")
        if w.shape != self.start.shape:
            raise ValueError(
                f"w must have shape {self.start.shape}, as start has, got {w.shape}"
            )
        dtype = w.dtype if w.dtype.kind == "f" else np.float64
        value, gradient = self.function(w.astype(np.float64))
        return float(value), np.asarray(gradient, dtype)

    def value(self, w: Any) -> float:
        """Return the value at `w`."""
        return self(w)[0]

    def gradient(self, w: Any) -> np.ndarray:
        """Return the gradient at `w`, shape of `w`."""
        return self(w)[1]


# --- landscapes


def quadratic(
    condition_number: float = 10.0, dim: int = 2, *, angle: float = 0.0
) -> Problem:
    r"""A bowl, `condition_number` times steeper in one direction than in another.

    $$ f(w) = \tfrac12 \sum_i \lambda_i w_i^2, \qquad
       1 = \lambda_1 \le \dots \le \lambda_n = \kappa $$

    Args:
        condition_number: κ ≥ 1; the eigenvalues grow from 1 to it geometrically.
            Defaults to 10.
        dim: How many numbers `w` has, ≥ 2. Defaults to 2.
        angle: Turns the bowl in the plane of the first and the last number, in
            degrees. Rules with a rate for each weight care, the others do not.
            Defaults to 0.

    Returns:
        The problem; its minimum is 0, at 0.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If one is out of range.

    Example:
        >>> quadratic(condition_number=100).eigenvalues
        array([  1., 100.])
    """
    kappa = check_between(condition_number, "condition_number", low=1)
    dim = check_count(dim, "dim", 2)
    turn = np.deg2rad(check_between(angle, "angle"))
    eigenvalues = np.geomspace(1, kappa, dim)
    axes = np.eye(dim)  # one eigenvector a row
    axes[0, [0, -1]] = np.cos(turn), np.sin(turn)
    axes[-1, [0, -1]] = -np.sin(turn), np.cos(turn)

    def function(w: np.ndarray) -> tuple:
        c = axes @ w  # w in the directions of the eigenvectors
        return np.sum(eigenvalues * c**2) / 2, (eigenvalues * c) @ axes

    return Problem(
        f"quadratic, condition number {kappa:g}",
        function,
        start=axes.T @ np.ones(dim),
        minimum=0.0,
        minimizer=np.zeros(dim),
        window=(-1.5, 1.5, -1.5, 1.5) if dim == 2 else None,
        eigenvalues=eigenvalues,
    )


def matrix_quadratic(
    condition_number: float = 1000.0,
    size: int = 12,
    *,
    turned: bool = False,
    seed: int = 0,
) -> Problem:
    r"""A bowl over a matrix, steep along some of its directions and flat along others.

    $$ f(W) = \tfrac12 \sum_{ij} a_i a_j \left( P^\top W Q \right)_{ij}^2, \qquad
       1 = a_1 \le \dots \le a_n = \sqrt{\kappa} $$

    Args:
        condition_number: κ ≥ 1, of all `size ** 2` directions. Defaults to 1000.
        size: Rows and columns of the matrix, ≥ 2. Defaults to 12.
        turned: Whether P and Q are random rotations and not the identity: rules with
            a rate for each weight care, Muon and descent do not. Defaults to `False`.
        seed: Seed of the rotations and of the start. Defaults to 0.

    Returns:
        The problem; its minimum is 0, at 0. The start of the turned one is that of the
        other, turned.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If one is out of range.

    Example:
        >>> bowl, same = matrix_quadratic(), matrix_quadratic(turned=True)
        >>> bowl.start.shape, bowl.eigenvalues[[0, -1]]
        ((12, 12), array([   1., 1000.]))
        >>> round(bowl.value(bowl.start)) == round(same.value(same.start))
        True
    """
    kappa = check_between(condition_number, "condition_number", low=1)
    size = check_count(size, "size", 2)
    rng = np.random.default_rng(check_count(seed, "seed", 0))
    a = np.geomspace(1, np.sqrt(kappa), size)
    curvature = np.outer(a, a)
    start = rng.normal(size=(size, size))
    if turned:
        rows, columns = (np.linalg.qr(rng.normal(size=start.shape))[0] for _ in "PQ")
    else:
        rows = columns = np.eye(size)

    def function(w: np.ndarray) -> tuple:
        c = rows.T @ w @ columns  # w in the directions of the bowl
        return np.sum(curvature * c**2) / 2, rows @ (curvature * c) @ columns.T

    return Problem(
        f"quadratic over a matrix, condition number {kappa:g}",
        function,
        start=rows @ start @ columns.T,
        minimum=0.0,
        minimizer=np.zeros_like(start),
        eigenvalues=np.sort(curvature, axis=None),
    )


def rosenbrock() -> Problem:
    r"""Rosenbrock's valley: curved, steep at the sides, almost flat along its floor.

    $$ f(x, y) = (1 - x)^2 + 100\,(y - x^2)^2 $$

    Returns:
        The problem; its minimum is 0, at (1, 1).

    Example:
        >>> rosenbrock().value([1.0, 1.0])
        0.0

    Source: Rosenbrock, "An automatic method for finding the greatest or least value
    of a function", The Computer Journal 3, 1960.
    """

    def function(w: np.ndarray) -> tuple:
        x, y = w
        value = (1 - x) ** 2 + 100 * (y - x**2) ** 2
        return value, [-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)]

    return Problem(
        "Rosenbrock's valley",
        function,
        start=np.array([-1.2, 1.0]),
        minimum=0.0,
        minimizer=np.ones(2),
        window=(-2.0, 2.0, -1.0, 3.0),
        eigenvalues=np.linalg.eigvalsh([[802.0, -400.0], [-400.0, 200.0]]),
    )


def saddle() -> Problem:
    r"""A saddle between two minima, and a start that leads almost onto it.

    $$ f(x, y) = \frac{x^2}{2} + \frac{(y^2 - 1)^2}{4} $$

    At (0, 0) the gradient is 0 and the curvature −1 along y: a strict saddle, of value
    1/4. From $y = 0$ exactly no gradient leads away.

    Returns:
        The problem; its minimum is 0, at (0, 1) and at (0, −1).

    Example:
        >>> value, gradient = saddle()([0.0, 0.0])
        >>> value, float(np.abs(gradient).max())
        (0.25, 0.0)
    """

    def function(w: np.ndarray) -> tuple:
        x, y = w
        return x**2 / 2 + (y**2 - 1) ** 2 / 4, [x, y**3 - y]

    return Problem(
        "saddle",
        function,
        start=np.array([1.5, 0.001]),
        minimum=0.0,
        minimizer=np.array([0.0, 1.0]),
        window=(-2.0, 2.0, -1.6, 1.6),
        eigenvalues=np.array([1.0, 2.0]),
    )


def plateau() -> Problem:
    r"""A flat stretch before a drop: a saturated unit, in its squared error.

    $$ f(x, y) = \tanh^2 \frac{x}{2} + \frac{y^2}{4} $$

    The unit should put out 0 and starts near 1. Far out the slope along x falls as
    $4 e^{-|x|}$: 0.01 at the start, 40 times less than at the steepest point.

    Returns:
        The problem; its minimum is 0, at 0.

    Example:
        >>> plateau().gradient([6.0, 2.0]).round(4)
        array([0.0098, 1.    ])
    """

    def function(w: np.ndarray) -> tuple:
        x, y = w
        h = np.tanh(x / 2)
        return h**2 + y**2 / 4, [h * (1 - h**2), y / 2]

    return Problem(
        "plateau",
        function,
        start=np.array([6.0, 2.0]),
        minimum=0.0,
        minimizer=np.zeros(2),
        window=(-3.0, 7.0, -3.0, 3.0),
        eigenvalues=np.array([0.5, 0.5]),
    )


# --- autoencoders


def linear_autoencoder(x: Any, latent_dim: int, *, seed: int = 0) -> Problem:
    r"""The autoencoder without activations or biases, on centred data.

    $$ L(E, D) = \frac1n \sum_i \lVert x_i - x_i E D \rVert^2 = \operatorname{tr}
       \left( R^\top C R \right), \qquad R = I - ED, \quad C = \frac1n X^\top X $$

    Its minimum is what as many principal components leave: the sum of the other
    eigenvalues of $C$. Every other point without slope is a saddle.

    Args:
        x: Samples, shape `(n, d)`; their mean is taken off.
        latent_dim: Numbers in the code, `k`, at most `d`.
        seed: Seed of the start, Glorot uniform. Defaults to 0.

    Returns:
        The problem; `w` holds E and D, laid out flat, `2 d k` numbers:
        `encoder_and_decoder` takes them apart. Values are squared errors per sample,
        summed over the features, mean over the samples.

    Raises:
        TypeError: If `x` does not hold numbers or `latent_dim` is not whole.
        ValueError: If `x` is empty, not finite or not flat, or `latent_dim` out of
            range.

    Example:
        >>> x = np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        >>> problem = linear_autoencoder(x, latent_dim=1)
        >>> problem.minimum  # the second component is lost: (1 + 1) / 4
        0.5
        >>> round(problem.value(problem.minimizer), 6)
        0.5

    Source: Baldi & Hornik, "Neural networks and principal component analysis:
    Learning from examples without local minima", Neural Networks 2, 1989.
    """
    x = as_samples(x, (None,)).astype(np.float64)
    n, d = x.shape
    k = check_count(latent_dim, "latent_dim")
    seed = check_count(seed, "seed", minimum=0)
    if k > d:
        raise ValueError(f"latent_dim must be at most {d}, the features, got {k}")
    x = x - x.mean(axis=0)
    C = x.T @ x / n  # (d, d)
    eigenvalues, eigenvectors = np.linalg.eigh(C)  # ascending
    leading = eigenvectors[:, d - k :]  # (d, k)

    def function(w: np.ndarray) -> tuple:
        E, D = encoder_and_decoder(w, k)
        R = np.eye(d) - E @ D
        CR = C @ R
        return np.sum(R * CR), np.concatenate([-2 * CR @ D.T, -2 * (CR.T @ E).T], None)

    bound = np.sqrt(6 / (d + k))
    return Problem(
        f"linear autoencoder {d}-{k}-{d}",
        function,
        start=np.random.default_rng(seed).uniform(-bound, bound, 2 * d * k),
        minimum=float(np.clip(eigenvalues[: d - k], 0, None).sum()),
        minimizer=np.concatenate([leading, leading.T], None),
        unit="squared error per sample",
    )


def encoder_and_decoder(w: Any, latent_dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Take the weights of a linear autoencoder apart.

    Args:
        w: Weights as `linear_autoencoder` has them, shape `(2 d k,)`.
        latent_dim: Numbers in the code, `k`.

    Returns:
        Encoder, shape `(d, k)`, and decoder, shape `(k, d)`. At the minimum the rows
        of the decoder span the leading principal components.

    Raises:
        ValueError: If `w` cannot hold two such matrices.

    Example:
        >>> encoder, decoder = encoder_and_decoder(np.arange(6), latent_dim=1)
        >>> encoder.tolist(), decoder.tolist()
        ([[0], [1], [2]], [[3, 4, 5]])
    """
    w, k = np.asarray(w), check_count(latent_dim, "latent_dim")
    if w.ndim != 1 or w.size == 0 or w.size % (2 * k):
        raise ValueError(
            f"w must be flat and hold two matrices of {k} rows or columns, "
            f"got shape {w.shape}"
        )
    E, D = np.split(w, 2)
    return E.reshape(-1, k), D.reshape(k, -1)


def dense_autoencoder(
    x: Any,
    latent_dim: int,
    hidden: Sequence[int] = (),
    *,
    activation: str = "tanh",
    seed: int = 0,
) -> Problem:
    r"""The autoencoder of `aebook.scratch`, on all samples at once.

    $$ L(w) = \frac{1}{nd} \sum_i \lVert x_i - \hat x_i(w) \rVert^2 $$

    Args:
        x: Samples in [0, 1], shape `(n, d)`.
        latent_dim: Numbers in the code, which is linear.
        hidden: Widths of the encoder's hidden layers; the decoder has them in reverse.
            Defaults to none.
        activation: Activation of the hidden layers. Defaults to `"tanh"`, which is
            smooth; the output is a sigmoid.
        seed: Seed of the start. Defaults to 0.

    Returns:
        The problem; `w` holds all weights and biases, laid out flat. Values are mean
        squared errors per pixel. The minimum is not known; 0 is below it.

    Raises:
        TypeError: If `x` does not hold numbers, or a size is not whole.
        ValueError: If `x` is empty, not finite, not flat or outside [0, 1], or another
            argument is out of range.

    Example:
        >>> problem = dense_autoencoder(np.eye(4), latent_dim=2)
        >>> problem.start.size  # 4·2 + 2 + 2·4 + 4
        22
        >>> value, gradient = problem(problem.start)
        >>> problem.value(problem.start - gradient) < value
        True
    """
    x = as_samples(x, (None,), low=0, high=1).astype(np.float64)
    d, hidden = x.shape[1], tuple(check_count(size, "hidden") for size in hidden)
    latent_dim = check_count(latent_dim, "latent_dim")
    sizes = (d, *hidden, latent_dim, *hidden[::-1], d)
    inner = (activation,) * len(hidden)
    names = (*inner, "linear", *inner, "sigmoid")
    model = DenseAutoencoder(sizes, names, seed=seed, dtype="float64")
    shapes = [p.shape for p in model.parameters]
    ends = np.cumsum([p.size for p in model.parameters])

    def function(w: np.ndarray) -> tuple:
        parts = zip(np.split(w, ends[:-1]), shapes, strict=True)
        arrays = [part.reshape(shape) for part, shape in parts]
        layers = [
            Layer(*layer)
            for layer in zip(arrays[::2], arrays[1::2], names, strict=True)
        ]
        h = forward(layers, x)
        gradients = backward(layers, h, x)
        return np.mean((h[-1] - x) ** 2), np.concatenate(gradients, None)

    return Problem(
        f"dense autoencoder {'-'.join(map(str, sizes))}",
        function,
        start=np.concatenate(model.parameters, None),
        unit="mean squared error per pixel",
    )
