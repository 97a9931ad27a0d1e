"""The contractive autoencoder: a code that hardly moves when the input does."""

from __future__ import annotations

from typing import Any, ClassVar

from aebook.autodiff import vjp
from aebook.models.autoencoder import Autoencoder, as_floatx
from aebook.training.adjustable import Adjustable
import keras
from keras import layers, ops

__all__ = ["ContractiveAutoencoder"]

#: The slope of an activation, from its value.
SLOPES = {
    "linear": ops.ones_like,
    "relu": lambda h: ops.cast(h > 0, h.dtype),
    "sigmoid": lambda h: h * (1 - h),
    "tanh": lambda h: 1 - h**2,
}


@keras.saving.register_keras_serializable(package="aebook")
class ContractiveAutoencoder(Autoencoder):
    r"""An autoencoder that pays for the sensitivity of its code to the input.

    $$ L = \ell(x, \hat x) + \lambda \, \lVert J \rVert_F^2,
       \qquad J_{ji} = \frac{\partial z_j}{\partial x_i} $$

    For an encoder of one dense layer the penalty is exact:
    $\sum_j a'(u_j)^2 \sum_i W_{ij}^2$. For any other it is Hutchinson's estimate from
    one random vector of signs for each sample, right on average:
    $\lVert J \rVert_F^2 = \mathbb{E}_v \lVert J^\top v \rVert^2$.

    Args:
        encoder: As in `Autoencoder`. The penalty sees it as it is after training,
            without dropout.
        decoder: As in `Autoencoder`.
        weight: The $\lambda$, ≥ 0, beside the compiled loss. Defaults to 1e-4, for a
            loss that is a mean per pixel.
        **kwargs: Further arguments of `keras.Model`, such as `name`.

    History: `jacobian`, the squared norm of the Jacobian, mean over samples.

    Raises:
        TypeError: If `weight` is not a number.
        ValueError: If `weight` is negative.

    Example:
        >>> from aebook.models import dense
        >>> pair = dense(784, latent_dim=100, hidden=(), code_activation="sigmoid")
        >>> ContractiveAutoencoder(*pair, weight=0.1).terms
        ('jacobian',)

    Source: Rifai et al., "Contractive Auto-Encoders", 2011, equations 3 and 5;
    Hutchinson, "A Stochastic Estimator of the Trace of the Influence Matrix", 1989.
    """

    terms: ClassVar[tuple[str, ...]] = ("jacobian",)
    weight = Adjustable(low=0)

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        weight: float = 1e-4,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        self.weight = weight
        self.signs = keras.random.SeedGenerator()

    def call(self, x: Any, training: bool = False) -> Any:
        """Return the reconstruction of `x`, and note the Jacobian there."""
        x_hat = super().call(x, training=training)
        self.add_term("jacobian", self.squared_jacobian(x), self.weight)
        return x_hat

    def squared_jacobian(self, x: Any) -> Any:
        """Return the squared norm of the Jacobian at `x`, shape `(batch,)`."""
        if (layer := self._only_layer()) is not None:
            slope = SLOPES[layer.activation.__name__](as_floatx(self.encoder(x)))
            return ops.sum(slope**2 * ops.sum(layer.kernel**2, axis=0), axis=-1)
        shape = (ops.shape(x)[0], *self.encoder.output_shape[1:])
        signs = ops.sign(keras.random.normal(shape, seed=self.signs))
        _, u = vjp(self.encoder, x, signs)
        return ops.sum(ops.square(as_floatx(u)), axis=tuple(range(1, len(u.shape))))

    def _only_layer(self) -> layers.Dense | None:
        """Return the dense layer that is the whole encoder, if one is."""
        shaping = layers.InputLayer | layers.Flatten | layers.Reshape
        found = [part for part in self.encoder.layers if not isinstance(part, shaping)]
        if len(found) != 1 or type(found[0]) is not layers.Dense:
            return None
        return found[0] if found[0].activation.__name__ in SLOPES else None

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the same model, untrained."""
        return {**super().get_config(), "weight": self.weight}
