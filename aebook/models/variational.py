"""The variational autoencoder: a code that is a distribution, and can be drawn from."""

from __future__ import annotations

from typing import Any, ClassVar

from aebook import losses
from aebook.checks import check_count
from aebook.models.autoencoder import Autoencoder
from aebook.models.loss_checks import check_sum_per_image
from aebook.models.posterior_collapse import units_in_use, warn_if_collapsed
from aebook.training.adjustable import Adjustable
import keras
from keras import ops
import numpy as np

__all__ = ["VariationalAutoencoder"]


@keras.saving.register_keras_serializable(package="aebook")
class VariationalAutoencoder(Autoencoder):
    r"""An autoencoder whose code is a Gaussian, held close to the standard normal.

    $$ z = \mu + \sigma \odot \epsilon, \quad \epsilon \sim N(0, I), \qquad
       L = -\log p(x \mid z) + \beta \, \mathrm{KL}(N(\mu, \sigma^2) \,\|\, N(0, I)) $$

    The first line is the reparameterisation: the noise stands apart, and gradients
    reach $\mu$ and $\sigma$. With `beta=1` the loss is minus the evidence lower bound
    in nats, so the compiled loss must be a sum per image. Training and `evaluate` draw
    the code; everything else takes its mean, also as a layer of another model.

    Args:
        encoder: Puts out means, then log-variances; built with `gaussian=True`.
        decoder: As in `Autoencoder`.
        beta: The $\beta$, ≥ 0. Defaults to 1.
        warmup_steps: Training steps in which $\beta$ rises from 0. Defaults to 0.
        **kwargs: Further arguments of `keras.Model`, such as `name`.

    History: `kl`, in nats per image; `units_in_use`, how many numbers of the code
    carry more than 0.01 nats. If none does in the end, a `PosteriorCollapseWarning`.

    Raises:
        TypeError: If `beta` is no number, or `warmup_steps` no whole one.
        ValueError: If one is negative, or the pair is not built with `gaussian=True`.

    Example:
        >>> from aebook.models import dense
        >>> model = VariationalAutoencoder(*dense(784, latent_dim=2, gaussian=True))
        >>> [part.shape for part in model.posterior(np.zeros((5, 784)))]
        [(5, 2), (5, 2)]

    Source: Kingma & Welling, "Auto-Encoding Variational Bayes", 2014; β: Higgins et
    al., 2017; warm-up: Sønderby et al., "Ladder Variational Autoencoders", 2016.
    """

    terms: ClassVar[tuple[str, ...]] = ("kl", "units_in_use")
    beta = Adjustable(low=0)
    gaussian: ClassVar[bool] = True
    fit_hint: ClassVar[str] = "build both with one latent_dim and gaussian=True"

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        beta: float = 1.0,
        warmup_steps: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        self.beta = beta
        self.warmup_steps = check_count(warmup_steps, "warmup_steps", minimum=0)
        self.noise = keras.random.SeedGenerator()
        count = {"trainable": False, "aggregation": "only_first_replica"}
        self.steps = self.add_weight(shape=(), initializer="zeros", **count)

    def compile(
        self, optimizer: Any = "adam", loss: Any = losses.bce_per_image, **kwargs: Any
    ) -> None:
        """Compile as `Autoencoder`; the loss is −log p(x|z), a sum per image."""
        check_sum_per_image(loss)
        super().compile(optimizer, loss, **kwargs)

    def bottleneck(self, h: Any, training: bool = False) -> Any:
        """Return a draw of the code in training, else its mean."""
        mean, log_variance = ops.split(h, 2, axis=-1)
        self._terms.kept["moments"] = mean, log_variance
        self.add_term("kl", losses.gaussian_kl(mean, log_variance), self._beta_now())
        self.add_term("units_in_use", units_in_use(mean, log_variance), weight=0)
        if training:
            self.steps.assign(self.steps + 1)
        return self.draw(mean, log_variance) if training else mean

    def draw(self, mean: Any, log_variance: Any) -> Any:
        """Return `mean + deviation · noise`, the shape of `mean`."""
        noise = keras.random.normal(ops.shape(mean), seed=self.noise)
        return mean + ops.exp(0.5 * log_variance) * noise

    def compared(self, x: Any, y: Any, y_pred: Any, training: bool) -> tuple:
        """Return target and reconstruction, from drawn codes in evaluation too."""
        if not training:
            y_pred = self.decoder(self.draw(*self._terms.kept["moments"]))
        return y, y_pred

    def fit(self, x: Any = None, y: Any = None, **kwargs: Any) -> Any:
        """Train as `Autoencoder`; warn if the code is out of use at the end."""
        return warn_if_collapsed(super().fit(x, y, **kwargs))

    def posterior(self, x: Any, batch_size: int = 256) -> tuple[np.ndarray, ...]:
        """Return mean and log-variance of the code of each sample, shape of a code."""
        return tuple(np.split(self._encoded(x, batch_size), 2, axis=-1))

    def _beta_now(self) -> Any:
        share = self.steps / self.warmup_steps if self.warmup_steps else 1.0
        return self.beta * ops.minimum(1.0, share)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the same model, untrained."""
        own = {"beta": self.beta, "warmup_steps": self.warmup_steps}
        return super().get_config() | own
