"""The sparse autoencoder with a KL penalty: each unit rarely on."""

from __future__ import annotations

from typing import Any, ClassVar

from aebook.losses import bernoulli_sparsity_kl
from aebook.models.autoencoder import Autoencoder
from aebook.models.loss_checks import output_activation
from aebook.training.adjustable import Adjustable
from aebook.training.replicas import mean_of_all
import keras
from keras import ops

__all__ = ["KLSparseAutoencoder"]


@keras.saving.register_keras_serializable(package="aebook")
class KLSparseAutoencoder(Autoencoder):
    r"""An autoencoder whose units are each on for a share $\rho$ of the samples.

    $$ L = \ell(x, \hat x) + \beta \sum_j \mathrm{KL}(\rho \,\|\, \hat\rho_j),
       \qquad \hat\rho_j = \frac1n \sum_i z_{ij} $$

    The mean $\hat\rho_j$ is over the batch, so a batch should be large beside $1/\rho$.
    L1 asks every sample for a small code; this asks every unit for a small mean, and
    forbids one that is never on as well.

    Args:
        encoder: As in `Autoencoder`; its code must be a sigmoid.
        decoder: As in `Autoencoder`.
        rho: Wanted mean activation of a unit, in (0, 1). Defaults to 0.05.
        weight: The $\beta$, ≥ 0, beside the compiled loss. Defaults to 1e-3, for a
            loss that is a mean per pixel.
        **kwargs: Further arguments of `keras.Model`, such as `name`.

    History: `sparsity`, the divergence in nats, summed over the units.

    Raises:
        TypeError: If `rho` or `weight` is not a number.
        ValueError: If `rho` is not in (0, 1), `weight` is negative, or the code is no
            sigmoid.

    Example:
        >>> from aebook.models import dense
        >>> pair = dense(784, latent_dim=100, code_activation="sigmoid")
        >>> KLSparseAutoencoder(*pair, rho=0.1).rho
        0.1

    Source: Ng, "Sparse autoencoder", CS294A lecture notes, 2011.
    """

    terms: ClassVar[tuple[str, ...]] = ("sparsity",)
    weight = Adjustable(low=0)

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        rho: float = 0.05,
        weight: float = 1e-3,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        self.weight = weight
        self.rho = rho
        bernoulli_sparsity_kl(rho, [0.5])  # says what is wrong with rho
        if (activation := output_activation(encoder)) != "sigmoid":
            raise ValueError(
                "the code must be in (0, 1) to have a rate, but the encoder ends in "
                f"{activation!r}; build it with code_activation='sigmoid'"
            )

    def bottleneck(self, h: Any, training: bool = False) -> Any:
        """Return the code as it is, and note how far its rates are from `rho`."""
        rates = mean_of_all(ops.mean(ops.reshape(h, (-1, h.shape[-1])), axis=0))
        self.add_term("sparsity", bernoulli_sparsity_kl(self.rho, rates), self.weight)
        return h

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the same model, untrained."""
        return {**super().get_config(), "rho": self.rho, "weight": self.weight}
