"""What needs no network: the mean image, and PCA with a code of the same size."""

from __future__ import annotations

import numpy as np
from problems import Digits, Problem
from sklearn.decomposition import PCA

__all__ = ["scores"]


def scores(problem: Problem, images: Digits) -> dict[str, float]:
    """Return the errors in the unit of the problem's loss."""
    train, validation, test = (np.asarray(part, np.float64) for part in images)
    pca = PCA(problem.latent, svd_solver="covariance_eigh").fit(train)

    def error(x: np.ndarray, x_hat: np.ndarray) -> float:
        per_image = ((x - x_hat) ** 2).sum(axis=1)
        per_image = per_image / 784 if problem.loss == "mse" else per_image
        return float(f"{per_image.mean():.6g}")

    return {
        "mean_image_validation": error(validation, pca.mean_),
        "mean_image_test": error(test, pca.mean_),
        "pca_test": error(test, pca.inverse_transform(pca.transform(test))),
    }
