"""Every member of the family, as one row each: the contract tests go over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from aebook import losses
from aebook.corruption import MaskingNoise
from aebook.models import (
    AdversarialAutoencoder,
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    FiniteScalarAutoencoder,
    ImportanceWeightedAutoencoder,
    KLSparseAutoencoder,
    KSparseAutoencoder,
    L1SparseAutoencoder,
    MaskedAutoencoder,
    TiedAutoencoder,
    VariationalAutoencoder,
    VectorQuantizedAutoencoder,
    dense,
)
import keras
import numpy as np
import pytest


def pair(latent_dim=16, **options):
    return dense(784, latent_dim, hidden=(64,), **options)


class Row(NamedTuple):
    """A member on the dense architecture.

    Attributes:
        build: Makes it; takes arguments of its constructor in the place of its own.
        loss: What it is compiled with.
        options: Arguments of the constructor.
        other: Some of them changed: another model.
        live: What may be changed after `compile`, and a value of it.
        batch_terms: Terms of a whole batch, which no sample weight weighs.
        plain_when_nested: Whether its loss as a layer is that by itself; not so
            where it compares something else than target and reconstruction.
    """

    build: Callable[..., Any]
    loss: Any = "mse"
    options: dict[str, Any] = {}  # noqa: RUF012
    other: dict[str, Any] = {}  # noqa: RUF012
    live: tuple[str, float] | None = None
    batch_terms: tuple[str, ...] = ()
    plain_when_nested: bool = True

    def model(self, **changed):
        """Build it, with some arguments changed."""
        return self.build(**(self.options | changed))


BCE = losses.bce_per_image
ROWS = {
    "plain": Row(lambda: Autoencoder(*pair())),
    "l1": Row(
        lambda **o: L1SparseAutoencoder(*pair(code_activation="relu"), **o),
        options={"weight": 1e-3},
        other={"weight": 0.5},
        live=("weight", 0.5),
    ),
    "kl": Row(
        lambda **o: KLSparseAutoencoder(*pair(code_activation="sigmoid"), **o),
        other={"rho": 0.2},
        live=("weight", 0.5),
        batch_terms=("sparsity",),
    ),
    "k": Row(
        lambda **o: KSparseAutoencoder(*pair(), **o), options={"k": 8}, other={"k": 4}
    ),
    "denoising": Row(
        lambda rate=0.3: DenoisingAutoencoder(*pair(), MaskingNoise(rate)),
        other={"rate": 0.5},
    ),
    "contractive": Row(
        lambda **o: ContractiveAutoencoder(*pair(), **o),
        other={"weight": 0.5},
        live=("weight", 0.5),
    ),
    "variational": Row(
        lambda **o: VariationalAutoencoder(*pair(gaussian=True), **o),
        BCE,
        other={"beta": 4.0},
        live=("beta", 4.0),
    ),
    "importance": Row(
        lambda **o: ImportanceWeightedAutoencoder(*pair(gaussian=True), **o),
        BCE,
        {"samples": 3},
        {"samples": 5},
        ("beta", 4.0),
        plain_when_nested=False,
    ),
    "quantized": Row(
        lambda **o: VectorQuantizedAutoencoder(*pair(), **o),
        options={"codes": 32, "code_dim": 4},
        other={"commitment": 4.0},
        live=("commitment", 4.0),
    ),
    "finite scalar": Row(
        lambda **o: FiniteScalarAutoencoder(*pair(), **o),
        options={"levels": (8, 5)},
        other={"levels": (4, 4)},
    ),
    "adversarial": Row(
        lambda **o: AdversarialAutoencoder(*pair(), **o),
        other={"weight": 0.5},
        live=("weight", 0.5),
    ),
    "masked": Row(
        lambda **o: MaskedAutoencoder(*pair(), **o),
        options={"patch_size": 28, "rate": 0.2},
        other={"rate": 0.5},
        plain_when_nested=False,
    ),
    "tied": Row(lambda **o: TiedAutoencoder(pair()[0], **o)),
}

# One with a term, a draw and a warm-up is tried by `make test`, all by `make check`.
QUICK = ("variational",)
every_member = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in ROWS
    ],
)


def member(name, changed=None, optimizer=None, **options):
    """Build and compile one, from the same seed each time."""
    keras.utils.set_random_seed(1)
    row = ROWS[name]
    model = row.model(**(changed or {}))
    # the critic of the adversarial member oscillates under a beta_1 of 0.9
    optimizer = optimizer or keras.optimizers.Adam(1e-3, beta_1=0.5)
    model.compile(optimizer, row.loss, **options)
    return model


def squared_error(x, x_hat):
    return float(np.mean((x - x_hat) ** 2))


def trained(model, x, loss="mse", epochs=5, rate=1e-3, **options):
    model.compile(keras.optimizers.Adam(rate), loss)
    model.fit(x, batch_size=50, epochs=epochs, verbose=0, **options)
    return model
