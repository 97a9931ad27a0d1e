"""How to judge an autoencoder: its reconstructions, codes, density and samples.

Arrays go in, numbers with a unit come out. scikit-learn, scikit-image and Keras are
imported by the metrics that need them, when they are called.
"""

from aebook.metrics.codes import active_units, code_usage, perplexity
from aebook.metrics.errors import (
    ClassError,
    error_by_class,
    mse_per_pixel,
    psnr,
    squared_error_per_image,
)
from aebook.metrics.intrinsic import intrinsic_dimension
from aebook.metrics.jacobian import jacobian_norm
from aebook.metrics.likelihood import negative_log_likelihood
from aebook.metrics.manifolds import PrecisionRecall, precision_and_recall
from aebook.metrics.mmd import Discrepancy, squared_mmd
from aebook.metrics.neighbours import (
    Neighbours,
    nearest_neighbours,
    trustworthiness,
)
from aebook.metrics.probes import knn_probe, linear_probe
from aebook.metrics.samples import digit_features, sample_distance
from aebook.metrics.structure import ssim

__all__ = [
    "ClassError",
    "Discrepancy",
    "Neighbours",
    "PrecisionRecall",
    "active_units",
    "code_usage",
    "digit_features",
    "error_by_class",
    "intrinsic_dimension",
    "jacobian_norm",
    "knn_probe",
    "linear_probe",
    "mse_per_pixel",
    "nearest_neighbours",
    "negative_log_likelihood",
    "perplexity",
    "precision_and_recall",
    "psnr",
    "sample_distance",
    "squared_error_per_image",
    "squared_mmd",
    "ssim",
    "trustworthiness",
]
