"""How far a reconstruction is from its original, always with the unit."""

from __future__ import annotations

from typing import Any, NamedTuple

from aebook.checks import as_labels, as_samples, check_positive, check_same_shape
import numpy as np

__all__ = [
    "ClassError",
    "error_by_class",
    "mse_per_pixel",
    "psnr",
    "squared_error_per_image",
]


def squared_error_per_image(x: Any, x_hat: Any) -> np.ndarray:
    r"""Squared error of each image, summed over its pixels.

    $$ e_i = \sum_j \left( x_{ij} - \hat x_{ij} \right)^2 $$

    Divided by the number of pixels and averaged over the images it is
    `mse_per_pixel`: on MNIST the two differ by a factor of 784.

    Args:
        x: Originals, shape `(n, ...)`, read as float32.
        x_hat: Their reconstructions, same shape.

    Returns:
        One value per image, float64, shape `(n,)`, ≥ 0, in squared units of `x`
        (squared grey levels where white is 1, for images in [0, 1]).

    Raises:
        TypeError: If either does not hold numbers.
        ValueError: If they are empty, have no axis beside the first, hold NaN or
            infinity, or differ in shape.

    Example:
        >>> squared_error_per_image([[0.0, 1.0], [0.5, 0.5]], [[0.0, 0.0], [0.5, 0.0]])
        array([1.  , 0.25])
    """
    x, x_hat = _pair(x, x_hat)
    d = (x - x_hat).reshape(len(x), -1)
    return np.einsum("ij,ij->i", d, d, dtype=np.float64)


def mse_per_pixel(x: Any, x_hat: Any) -> float:
    r"""Mean squared error over all pixels of all images: one number.

    $$ \mathrm{MSE} = \frac{1}{nd} \sum_{i,j} \left( x_{ij} - \hat x_{ij} \right)^2 $$

    It is what Keras' `"mse"` loss reports, and the `mean_squared_error` of
    scikit-learn.

    Args:
        x: Originals, shape `(n, ...)`, read as float32.
        x_hat: Their reconstructions, same shape.

    Returns:
        The mean, ≥ 0, in squared units of `x`, per pixel.

    Raises:
        TypeError: If either does not hold numbers.
        ValueError: If they are empty, have no axis beside the first, hold NaN or
            infinity, or differ in shape.

    Example:
        >>> mse_per_pixel([[0.0, 1.0], [0.5, 0.5]], [[0.0, 0.0], [0.5, 0.0]])
        0.3125
    """
    errors = squared_error_per_image(x, x_hat)
    return float(errors.sum() / np.size(x))


def psnr(x: Any, x_hat: Any, data_range: float = 1.0) -> np.ndarray:
    r"""Peak signal-to-noise ratio of each image, in decibels.

    $$ \mathrm{PSNR}_i = 10 \log_{10} \frac{\mathrm{range}^2}{\mathrm{MSE}_i} $$

    Computed by scikit-image. Ten decibels more mean a tenth of the squared error. The
    mean of these values is not the value at the mean error: the logarithm gives much
    weight to images that come back almost exactly.

    Args:
        x: Originals, shape `(n, ...)`, read as float32.
        x_hat: Their reconstructions, same shape.
        data_range: Distance from black to white: 1 for images in [0, 1], 255 for
            8-bit levels.

    Returns:
        One value per image in dB, float64, shape `(n,)`; infinity where the
        reconstruction is exact.

    Raises:
        TypeError: If an argument does not hold numbers.
        ValueError: If the images are empty, have no axis beside the first, hold NaN
            or infinity, differ in shape, or if `x` spans more than `data_range`.

    Example:
        >>> psnr([[0.0, 1.0], [0.0, 1.0]], [[0.1, 0.9], [0.0, 1.0]]).round(2)
        array([20., inf])
    """
    from skimage.metrics import peak_signal_noise_ratio

    x, x_hat = _pair(x, x_hat)
    data_range = check_positive(data_range, "data_range")
    span = float(x.max() - x.min())
    if span > data_range:
        raise ValueError(
            f"x spans {span:g}, more than data_range={data_range:g}; pass "
            "data_range=255 for 8-bit levels, or divide both arrays by 255"
        )
    with np.errstate(divide="ignore"):  # an exact copy: log10(1 / 0) = infinity
        return np.array(
            [
                peak_signal_noise_ratio(original, copy, data_range=data_range)
                for original, copy in zip(x, x_hat, strict=True)
            ],
            np.float64,
        )


class ClassError(NamedTuple):
    """The error within one class.

    Attributes:
        error: Squared error per image, summed over pixels, mean over the images.
        n: Number of images of the class.
    """

    error: float
    n: int


def error_by_class(x: Any, x_hat: Any, labels: Any) -> dict[int | str, ClassError]:
    """Mean squared error per image within each class.

    Args:
        x: Originals, shape `(n, ...)`, read as float32.
        x_hat: Their reconstructions, same shape.
        labels: Class of each image, integers or strings, shape `(n,)`.

    Returns:
        For each class that occurs, in sorted order, the squared error summed over the
        pixels and averaged over the images of the class, and their number. Weighted
        by the numbers, the errors average to that of the whole set.

    Raises:
        TypeError: If the images do not hold numbers, or the labels are neither
            integers nor strings.
        ValueError: If the images are empty, have no axis beside the first, hold NaN
            or infinity, differ in shape, or if there is not one label per image.

    Example:
        >>> x, x_hat = [[1, 1], [0, 1], [0, 0]], [[0, 0], [0, 0], [0, 1]]
        >>> error_by_class(x, x_hat, labels=[7, 3, 3])
        {3: ClassError(error=1.0, n=2), 7: ClassError(error=2.0, n=1)}
    """
    errors = squared_error_per_image(x, x_hat)
    labels = as_labels(labels, len(errors))
    classes, index, counts = np.unique(labels, return_inverse=True, return_counts=True)
    means = np.bincount(index, weights=errors) / counts
    columns = (classes.tolist(), means.tolist(), counts.tolist())
    return {label: ClassError(*row) for label, *row in zip(*columns, strict=True)}


def _pair(x: Any, x_hat: Any) -> tuple[np.ndarray, np.ndarray]:
    x, x_hat = as_samples(x), as_samples(x_hat, name="x_hat")
    check_same_shape(x, x_hat, ("x", "x_hat"))
    if x.ndim < 2:
        raise ValueError(
            f"x must have at least 2 dimensions (n_samples, ...), got shape {x.shape}; "
            "one image needs a first axis too: x[None]"
        )
    return x, x_hat
