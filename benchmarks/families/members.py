"""The members of the family to compare, all on one pair of networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from aebook.corruption import MaskingNoise
from aebook.models import (
    AdversarialAutoencoder,
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    ImportanceWeightedAutoencoder,
    KLSparseAutoencoder,
    KSparseAutoencoder,
    L1SparseAutoencoder,
    MaskedAutoencoder,
    TiedAutoencoder,
    UndercompleteAutoencoder,
    VariationalAutoencoder,
    VectorQuantizedAutoencoder,
    dense,
)

__all__ = ["LATENT", "MEMBERS", "WIDTHS", "Member"]

LATENT, HIDDEN = 32, 256
WIDTHS = f"784-{HIDDEN}-{LATENT}-{HIDDEN}-784"


class Member(NamedTuple):
    """One member: its name in the table, how to build it, and what was chosen for it.

    Every weight stands beside a squared error summed over the image.
    """

    label: str
    make: Callable[[], Autoencoder]
    setting: str
    prior: bool = False  # whether its codes are held to the standard normal


def _pair(**options: object) -> tuple:
    return dense(784, LATENT, hidden=(HIDDEN,), **options)


MEMBERS = {
    "plain": Member("plain", lambda: UndercompleteAutoencoder(*_pair()), ""),
    "tied": Member("tied weights", lambda: TiedAutoencoder(_pair()[0]), ""),
    "l1": Member(
        "sparse, L1",
        lambda: L1SparseAutoencoder(*_pair(code_activation="relu"), weight=0.02),
        "weight 0.02, ReLU code",
    ),
    "kl": Member(
        "sparse, KL",
        lambda: KLSparseAutoencoder(
            *_pair(code_activation="sigmoid"), rho=0.1, weight=0.5
        ),
        "rho 0.1, weight 0.5, sigmoid code",
    ),
    "k": Member("k-sparse", lambda: KSparseAutoencoder(*_pair(), k=16), "16 of 32"),
    "denoising": Member(
        "denoising",
        lambda: DenoisingAutoencoder(*_pair(), MaskingNoise(0.3)),
        "30 % of the pixels lost",
    ),
    "contractive": Member(
        "contractive",
        lambda: ContractiveAutoencoder(*_pair(), weight=0.02),
        "weight 0.02, one random vector",
    ),
    "masked": Member(
        "masked",
        lambda: MaskedAutoencoder(
            *dense((28, 28), LATENT, hidden=(HIDDEN,)), patch_size=4, rate=0.25
        ),
        "12 of 49 patches hidden",
    ),
    "variational": Member(
        "variational",
        lambda: VariationalAutoencoder(*_pair(gaussian=True)),
        "beta 1",
        prior=True,
    ),
    "variational_quarter": Member(
        "variational, beta 1/4",
        lambda: VariationalAutoencoder(*_pair(gaussian=True), beta=0.25),
        "beta 1/4",
        prior=True,
    ),
    "importance": Member(
        "importance-weighted",
        lambda: ImportanceWeightedAutoencoder(*_pair(gaussian=True), samples=5),
        "5 draws",
        prior=True,
    ),
    "adversarial": Member(
        "adversarial",
        lambda: AdversarialAutoencoder(*_pair(), weight=1.0),
        "weight 1, beta_1 0.5",
        prior=True,
    ),
    "quantized": Member(
        "vector-quantised",
        lambda: VectorQuantizedAutoencoder(
            *_pair(), codes=256, code_dim=4, commitment=8.0
        ),
        "8 of 256 entries, 64 bits",
    ),
}
