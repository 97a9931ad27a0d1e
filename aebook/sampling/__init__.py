"""New images from a decoder: from a prior, from a fitted density, from a path.

A model is anything that encodes and decodes; this room imports `aebook.checks` alone.
"""

from aebook.sampling.generate import fit_code_mixture, sample_mixture, sample_prior
from aebook.sampling.paths import interpolate, linear, spherical

__all__ = [
    "fit_code_mixture",
    "interpolate",
    "linear",
    "sample_mixture",
    "sample_prior",
    "spherical",
]
