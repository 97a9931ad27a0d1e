"""How each member is judged, and PCA beside them, on the same images."""

from __future__ import annotations

from typing import Any, NamedTuple

from aebook import data, metrics, sampling
from aebook.models import Autoencoder
import numpy as np
from sklearn.decomposition import PCA

__all__ = ["Digits", "as_input", "judge", "judge_pca", "judge_pixels", "load_digits"]

PROBED = 10_000  # training images whose codes and labels a probe learns from
GENERATED = 2_000
COMPONENTS = 10  # of the Gaussian mixture over the codes


class Digits(NamedTuple):
    """MNIST laid out flat; `real` are the test digits that samples are held against."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    real: np.ndarray


def load_digits(n_train: int | None = None) -> Digits:
    """Return the images; 5,000 for validation are set aside and not used here."""
    parts = data.load_mnist(validation=5_000, seed=0)
    x_test = data.flatten(parts.x_test)
    return Digits(
        data.flatten(parts.x_train)[:n_train],
        parts.y_train[:n_train],
        x_test,
        parts.y_test,
        x_test[_rows_of_real(x_test)],
    )


def as_input(model: Autoencoder, x: np.ndarray) -> np.ndarray:
    """Return the images in the shape that the model takes."""
    return x.reshape(-1, *model.encoder.input_shape[1:])


def judge(model: Autoencoder, digits: Digits, seed: int, prior: bool) -> dict[str, Any]:
    """Return what a trained model is worth; see `_scores` for the numbers."""
    codes = model.encode(as_input(model, digits.x_train[:PROBED]))
    test_codes = model.encode(as_input(model, digits.x_test))
    mixture = sampling.fit_code_mixture(codes, COMPONENTS, seed=seed)
    samples = sampling.sample_mixture(model, mixture, GENERATED, seed=seed)
    result = _scores(digits, codes, test_codes, model.decode(test_codes), samples)
    if prior:
        drawn = sampling.sample_prior(model, GENERATED, seed=seed)
        result["prior_distance"] = _distance(digits, drawn)
    result["active_units"] = metrics.active_units(codes)
    return result


def judge_pca(digits: Digits, latent_dim: int) -> dict[str, Any]:
    """Return the same numbers of principal components, as many as a code has."""
    pca = PCA(latent_dim, svd_solver="covariance_eigh").fit(digits.x_train)
    codes, test_codes = map(pca.transform, (digits.x_train[:PROBED], digits.x_test))
    mixture = sampling.fit_code_mixture(codes, COMPONENTS, seed=0)
    samples = pca.inverse_transform(mixture.sample(GENERATED)[0])
    x_hat = pca.inverse_transform(test_codes)
    return _scores(digits, codes, test_codes, x_hat, samples)


def judge_pixels(digits: Digits) -> dict[str, Any]:
    """Return the scores of the images themselves: no code, no model."""
    others = np.setdiff1d(np.arange(len(digits.x_test)), _rows_of_real(digits.x_test))
    others = np.random.default_rng(1).choice(others, GENERATED, replace=False)
    probes = _probes(digits, digits.x_train[:PROBED], digits.x_test)
    return {**probes, "distance": _distance(digits, digits.x_test[others])}


def _rows_of_real(x_test: np.ndarray) -> np.ndarray:
    """Draw the test digits that samples are held against; the same ones always."""
    return np.random.default_rng(0).choice(len(x_test), GENERATED, replace=False)


def _scores(
    digits: Digits,
    codes: np.ndarray,
    test_codes: np.ndarray,
    x_hat: np.ndarray,
    samples: np.ndarray,
) -> dict[str, Any]:
    x_hat = x_hat.reshape(len(x_hat), -1)
    return {
        "error": float(metrics.squared_error_per_image(digits.x_test, x_hat).mean()),
        **_probes(digits, codes, test_codes),
        "distance": _distance(digits, samples),
    }


def _probes(
    digits: Digits, codes: np.ndarray, test_codes: np.ndarray
) -> dict[str, float]:
    labels = digits.y_train[:PROBED], digits.y_test
    flat, test = (np.asarray(z).reshape(len(z), -1) for z in (codes, test_codes))
    return {
        "linear_probe": metrics.linear_probe(flat, labels[0], test, labels[1]),
        "knn_probe": metrics.knn_probe(flat, labels[0], test, labels[1]),
    }


def _distance(digits: Digits, samples: np.ndarray) -> float:
    samples = np.clip(samples.reshape(len(samples), -1), 0, 1)  # PCA leaves [0, 1]
    return float(metrics.sample_distance(digits.real, samples).value)
