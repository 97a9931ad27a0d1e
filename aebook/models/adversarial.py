"""The adversarial autoencoder: a critic holds the codes to the standard normal."""

from __future__ import annotations

from typing import Any, ClassVar

from aebook.models.autoencoder import Autoencoder, as_floatx
from aebook.training.adjustable import Adjustable
import keras
from keras import layers, ops

__all__ = ["AdversarialAutoencoder"]


@keras.saving.register_keras_serializable(package="aebook")
class AdversarialAutoencoder(Autoencoder):
    r"""An autoencoder whose codes, all together, look like the standard normal.

    $$ L_D = -\log D(z') - \log (1 - D(z)), \qquad
       L = \ell(x, \hat x) - \lambda \log D(z), \qquad z' \sim N(0, I) $$

    A discriminator $D$ learns to tell codes from draws of the prior; the encoder
    learns to be taken for a draw. Where the variational autoencoder asks each code to
    be noisy, this asks nothing of one code and something of all. Both learn in the
    same step and by the same optimizer: $L_D$ moves $D$ alone, $L$ the rest alone. It
    is a game, so the optimizer should forget quickly: Adam with `beta_1=0.5`.

    Args:
        encoder: As in `Autoencoder`, with a flat code.
        decoder: As in `Autoencoder`.
        weight: The $\lambda$, ≥ 0, beside the compiled loss. Defaults to 1e-2, for a
            loss that is a mean per pixel.
        discriminator: Keras model, `(batch, latent_dim)` to one logit, `(batch, 1)`.
            Defaults to two hidden layers of 128 ReLUs.
        **kwargs: Further arguments of `keras.Model`, such as `name`.

    History: `adversarial`, −log D(z), and `discriminator`, its own loss, in nats: both
    told apart by nothing, they are log 2 = 0.69 and 2 log 2 = 1.39.

    Raises:
        TypeError: If `weight` is no number.
        ValueError: If it is negative, or the discriminator does not take a code.

    Example:
        >>> from aebook.models import dense
        >>> model = AdversarialAutoencoder(*dense(784, latent_dim=8))
        >>> model.discriminator.output_shape
        (None, 1)

    Source: Makhzani et al., "Adversarial Autoencoders", 2015, section 2.
    """

    terms: ClassVar[tuple[str, ...]] = ("adversarial", "discriminator")
    parts: ClassVar[tuple[str, ...]] = (*Autoencoder.parts, "discriminator")
    weight = Adjustable(low=0)

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        weight: float = 1e-2,
        discriminator: keras.Model | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        self.weight = weight
        code_shape = encoder.output_shape[1:]
        if discriminator is None:
            discriminator = keras.Sequential(
                [
                    keras.Input(code_shape),
                    layers.Dense(128, "relu"),
                    layers.Dense(128, "relu"),
                    layers.Dense(1),
                ],
                name="discriminator",
            )
        if discriminator.input_shape[1:] != code_shape or len(code_shape) > 1:
            raise ValueError(
                f"the discriminator must take the flat codes of the encoder, shape "
                f"{code_shape}, but it takes {discriminator.input_shape[1:]}"
            )
        self.discriminator = discriminator
        self.prior = keras.random.SeedGenerator()

    def bottleneck(self, h: Any, training: bool = False) -> Any:
        """Return the code as it is, and note what the discriminator makes of it."""
        critic = self.discriminator
        real = as_floatx(critic(keras.random.normal(ops.shape(h), seed=self.prior)))
        fake = as_floatx(critic(ops.stop_gradient(h)))  # its gradient ends here
        # -log(sigmoid(logit)) is softplus(-logit)
        loss = ops.softplus(-real) + ops.softplus(fake)
        self.add_term("discriminator", loss[:, 0])
        frozen = [ops.stop_gradient(v) for v in critic.trainable_variables]
        logit, _ = critic.stateless_call(frozen, critic.non_trainable_variables, h)
        fooled = ops.softplus(-as_floatx(logit)[:, 0])
        self.add_term("adversarial", fooled, self.weight)
        return h

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the same model, untrained."""
        return {**super().get_config(), "weight": self.weight}
