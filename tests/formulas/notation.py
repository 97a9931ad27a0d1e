"""The formulas of `appendix/notation`: units of a loss."""

from aebook import losses, metrics
import keras
import numpy as np

from formulas.background import images
from formulas.entry import formula


def three_averages(rng):
    x, x_hat, n, d = images(rng)
    per_image = keras.ops.convert_to_numpy(losses.squared_error_per_image(x, x_hat))
    whole = np.linalg.norm(x - x_hat) ** 2
    return (x, x_hat, n, d), (metrics.mse_per_pixel(x, x_hat), per_image.mean(), whole)


@formula(
    "eq-units",
    r"""
\begin{aligned}
\text{mean per pixel} &= \frac{1}{n d} \sum_{i=1}^{n} \sum_{j=1}^{d} (x_{ij} - \hat{x}_{ij})^2, \\
\text{sum per image} &= \frac{1}{n} \sum_{i=1}^{n} \sum_{j=1}^{d} (x_{ij} - \hat{x}_{ij})^2, \\
\text{sum over the data} &= \sum_{i=1}^{n} \sum_{j=1}^{d} (x_{ij} - \hat{x}_{ij})^2.
\end{aligned}
""",  # noqa: E501
    three_averages,
)
def units(x, x_hat, n, d):
    mean_per_pixel = 1 / (n * d) * sum(
        sum((x[i, j] - x_hat[i, j]) ** 2 for j in range(d)) for i in range(n)
    )  # fmt: skip
    sum_per_image = 1 / n * sum(
        sum((x[i, j] - x_hat[i, j]) ** 2 for j in range(d)) for i in range(n)
    )  # fmt: skip
    sum_over_the_data = sum(
        sum((x[i, j] - x_hat[i, j]) ** 2 for j in range(d)) for i in range(n)
    )
    return mean_per_pixel, sum_per_image, sum_over_the_data


def decibels(rng):
    x, x_hat, _, _ = images(rng)
    return (metrics.mse_per_pixel(x[:1], x_hat[:1]),), metrics.psnr(x, x_hat)[0]


@formula(
    "eq-psnr",
    r"""
\text{PSNR} = -10 \log_{10} \text{MSE}, \qquad \text{MSE as a mean per pixel of one image}.
""",  # noqa: E501
    decibels,
)
def psnr(MSE):
    return -10 * np.log10(MSE)
