"""An autoencoder tuned to draw maps, as a transformer of scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from aebook.checks import check_between, check_count, check_positive
from aebook.estimators import AutoencoderTransformer
from aebook.models import Autoencoder, dense
import keras

__all__ = ["map_autoencoder"]

AVERAGED = 0.995  # of the mean of the weights is kept at each step: 200 steps


def map_autoencoder(
    latent_dim: int = 2,
    *,
    hidden: Sequence[int] = (512, 256, 64),
    epochs: int = 60,
    batch_size: int = 100,
    learning_rate: float = 3e-3,
    weight_decay: float = 0.1,
    random_state: int = 0,
) -> AutoencoderTransformer:
    """Make an autoencoder for maps of some thousand samples.

    AdamW at a constant rate; what is used in the end is a moving average of the
    weights, which takes the place of a falling rate. Columns are taken as they are,
    in one unit: begin a pipeline with `StandardScaler()` where they are not, and
    bring images or principal components to a deviation of about 1.

    Args:
        latent_dim: Numbers of the map. Defaults to 2.
        hidden: Widths of the encoder's layers; the decoder has them in reverse.
        epochs: Passes over the samples. Defaults to 60.
        batch_size: Samples a step. Defaults to 100.
        learning_rate: Rate of AdamW, > 0. Defaults to 0.003.
        weight_decay: Share of a weight that is taken off a step, times the rate, ≥ 0.
            Defaults to 0.1.
        random_state: Seed of the weights and the batches.

    Returns:
        The transformer, not fitted: `fit`, `transform`, `inverse_transform`.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If one is out of its range.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).random((200, 5))
        >>> coder = map_autoencoder(hidden=(8,), epochs=2).fit(x)
        >>> coder.inverse_transform(coder.transform(x)).shape
        (200, 5)

    Source: settings chosen on validation digits, `benchmarks/applications`.
    """
    widths = tuple(check_count(width, "hidden") for width in hidden)
    build = partial(
        _built,
        latent_dim=check_count(latent_dim, "latent_dim"),
        hidden=widths,
        learning_rate=check_positive(learning_rate, "learning_rate"),
        weight_decay=check_between(weight_decay, "weight_decay", low=0),
    )
    return AutoencoderTransformer(
        scale=False,
        epochs=check_count(epochs, "epochs"),
        batch_size=check_count(batch_size, "batch_size"),
        random_state=check_count(random_state, "random_state", minimum=0),
        build=build,
    )


def _built(
    n_features: int,
    latent_dim: int,
    hidden: tuple[int, ...],
    learning_rate: float,
    weight_decay: float,
) -> Autoencoder:
    """Return a new network over so many columns; a name, so that it can be pickled."""
    model = Autoencoder(
        *dense(n_features, latent_dim, hidden, output_activation="linear")
    )
    optimizer = keras.optimizers.AdamW(
        learning_rate, weight_decay, use_ema=True, ema_momentum=AVERAGED
    )
    model.compile(optimizer, "mse")
    return model
