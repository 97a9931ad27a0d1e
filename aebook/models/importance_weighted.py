"""The importance-weighted autoencoder: a tighter bound from several draws."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from aebook.checks import check_count
from aebook.models.autoencoder import as_floatx
from aebook.models.variational import VariationalAutoencoder
import keras
from keras import ops

__all__ = ["ImportanceWeightedAutoencoder"]


@keras.saving.register_keras_serializable(package="aebook")
class ImportanceWeightedAutoencoder(VariationalAutoencoder):
    r"""A variational autoencoder that averages several draws inside the logarithm.

    $$ L_k = -\log \frac1k \sum_{i=1}^k w_i, \qquad
       w_i = \frac{p(x \mid z_i)\, p(z_i)}{q(z_i \mid x)}, \quad z_i \sim q $$

    On average $L_k$ falls as `samples` grows, down to $-\log p(x)$; with one sample it
    is the bound of the variational autoencoder. As a layer of another model, which
    compares one reconstruction, it is trained by that bound.

    Args:
        encoder: As in `VariationalAutoencoder`.
        decoder: As in `VariationalAutoencoder`.
        samples: Draws of the code for each sample. Defaults to 5.
        **kwargs: Further arguments of `keras.Model`, such as `name`.

    History: `kl`, estimated from the draws, and `reconstruction`, both means over
    them; `gain`, what the weighting takes off: `loss = reconstruction + kl - gain`.

    Raises:
        TypeError: If `samples` is not a whole number.
        ValueError: If it is below 1.

    Example:
        >>> from aebook.models import dense
        >>> pair = dense(784, latent_dim=2, gaussian=True)
        >>> ImportanceWeightedAutoencoder(*pair, samples=50).samples
        50

    Source: Burda, Grosse & Salakhutdinov, "Importance Weighted Autoencoders", 2016,
    equation 8.
    """

    terms: ClassVar[tuple[str, ...]] = (*VariationalAutoencoder.terms, "gain")

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        samples: int = 5,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        self.samples = check_count(samples, "samples")

    def compared(self, x: Any, y: Any, y_pred: Any, training: bool) -> tuple:
        """Return `samples` copies of the target, and a reconstruction of each."""
        moments = self._terms.kept["moments"]
        mean, log_variance = (self._repeated(part) for part in moments)
        z = self.draw(mean, log_variance)
        target, x_hat = self._repeated(y), as_floatx(self.decoder(z, training=training))
        noise_2 = ops.square(z - mean) * ops.exp(-log_variance)
        nats = 0.5 * (ops.square(z) - noise_2 - log_variance)  # log q(z|x) - log p(z)
        kl, beta = ops.sum(nats, axis=tuple(range(1, len(z.shape)))), self._beta_now()
        log_w = -self.loss(target, x_hat) - beta * kl
        log_w, kl = (ops.reshape(part, (-1, self.samples)) for part in (log_w, kl))
        bound = ops.logsumexp(log_w, axis=1) - math.log(self.samples)
        self.add_term("kl", ops.mean(kl, axis=1), beta)
        self.add_term("gain", bound - ops.mean(log_w, axis=1), weight=-1)
        return target, x_hat

    @property
    def copies(self) -> int:
        """How often `compared` repeats each sample: `samples` times."""
        return self.samples

    def _repeated(self, part: Any) -> Any:
        return ops.repeat(part, self.samples, axis=0)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the same model, untrained."""
        return {**super().get_config(), "samples": self.samples}
