"""The autoencoder as a transformer of scikit-learn."""

from __future__ import annotations

from typing import Any

from aebook.estimators.base import TabularAutoencoder
from aebook.estimators.batches import in_batches
from aebook.estimators.scaling import refuse_rows, scaled
import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_array, check_is_fitted

__all__ = ["AutoencoderTransformer"]

TOO_LARGE = "which is too large for the network's arithmetic, float32"


class AutoencoderTransformer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, TabularAutoencoder
):
    r"""Replace the columns of a table by the code of an autoencoder, and back.

    $$ z = f(s(x)), \qquad \hat x = s^{-1}(g(z)), \qquad
       \min_{f, g} \; \frac{1}{nd} \sum_{i,j}
       \left( s(x_i)_j - g(f(s(x_i)))_j \right)^2 $$

    Here $s$ standardises the columns. Without hidden layers it is a linear
    autoencoder: at best it reaches the error of
    `sklearn.decomposition.PCA(latent_dim)`, but its columns are another basis of the
    same space, in no order.

    Args:
        latent_dim: Numbers in the code. As many as the columns, or more, compress
            nothing, but are allowed. Defaults to 8.
        hidden: Widths of the encoder's hidden layers; the decoder has them in
            reverse. Defaults to `(64,)`.
        activation: Activation of the hidden layers; code and output are linear.
            Defaults to `"relu"`.
        scale: Whether to bring each column to mean 0 and variance 1. A constant
            column becomes 0. Defaults to `True`.
        optimizer: Name of a Keras optimizer. Defaults to `"adam"`.
        learning_rate: Its rate, > 0. Defaults to 1e-3.
        epochs: Passes over the samples, at most. Defaults to 100.
        batch_size: Samples a step. Defaults to 32.
        early_stopping: Whether to hold out some samples, stop when their error has
            not fallen for a while, and keep the best weights. Defaults to `False`.
        validation_fraction: How many to hold out, in (0, 1). Defaults to 0.1.
        n_iter_no_change: Epochs to wait for an improvement. Defaults to 10.
        tol: The least fall of the error that is an improvement. Defaults to 1e-4.
        random_state: Seed of the weights, the batches and the samples held out: a
            whole number for the same numbers at every `fit`, a NumPy `RandomState`,
            or `None` to draw one from NumPy's. The random states of Python, NumPy and
            Keras are not changed otherwise. Defaults to `None`.
        verbose: 0 silent, 1 a progress bar, 2 a line an epoch. Defaults to 0.
        build: A function of the number of columns that returns another member of
            `aebook.models`, new at each call. One that is not compiled is compiled
            with `optimizer`, `learning_rate` and the squared error. `latent_dim`,
            `hidden` and `activation` are then its own affair. Defaults to `None`: a
            dense `Autoencoder`.

    Attributes:
        model_: The trained `aebook.models.Autoencoder`, over the scaled columns.
        scaler_: The fitted `StandardScaler`, or `None`.
        history_: Losses by name, one value an epoch.
        n_iter_: Epochs run.
        n_features_in_: Number of columns seen by `fit`.
        feature_names_in_: Their names, if they have any.

    Example:
        >>> from sklearn.datasets import load_wine
        >>> X = load_wine().data
        >>> coder = AutoencoderTransformer(latent_dim=3, epochs=20, random_state=0)
        >>> Z = coder.fit_transform(X)
        >>> Z.shape, coder.inverse_transform(Z).shape
        ((178, 3), (178, 13))
        >>> coder.score(X) > -1  # better than the mean of each column
        True
    """

    def fit(self, X: Any, y: Any = None) -> AutoencoderTransformer:
        """Train the autoencoder to return the rows of `X`.

        Args:
            X: Samples, shape `(n_samples, n_features)`, dense, finite.
            y: Ignored; here for pipelines.

        Returns:
            The estimator.

        Raises:
            TypeError: If `X` is sparse, or an argument is of the wrong type.
            ValueError: If `X` is no such table, a row holds a number too large to
                train on, or an argument is out of its range.
        """
        self._train(X)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the codes of `X`, float32, shape `(n_samples, latent_dim)`.

        Args:
            X: Samples, shape `(n_samples, n_features)`.

        Returns:
            The codes.

        Raises:
            ValueError: If a row holds a number too large for the network, which
                computes in float32.
        """
        rows = self._checked(X)
        x = scaled(rows, self.scaler_)
        refuse_rows(rows, ~np.isfinite(x), TOO_LARGE)
        z = self._codes(x).reshape(len(x), -1)
        refuse_rows(rows, ~np.isfinite(z).all(axis=1), TOO_LARGE)
        return z

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Return the rows that the decoder makes of codes, in the columns' own units.

        Args:
            X: Codes, shape `(n_samples, latent_dim)`.

        Returns:
            Reconstructions, float64, shape `(n_samples, n_features)`.

        Raises:
            ValueError: If the codes have another number of columns, or one is too
                large for the network.
        """
        check_is_fitted(self)
        z = check_array(X, dtype=[np.float64, np.float32], input_name="X")
        if z.shape[1] != self._n_features_out:
            raise ValueError(
                f"X must have {self._n_features_out} columns, one for each number of "
                f"the code, got {z.shape[1]}; transform makes such codes"
            )
        refuse_rows(z, ~np.isfinite(scaled(z, None)), TOO_LARGE)
        codes = scaled(z, None).reshape(-1, *self.model_.decoder.input_shape[1:])
        x_hat = in_batches(self.model_.decoder, codes).astype(np.float64)
        if self.scaler_ is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                x_hat = self.scaler_.inverse_transform(x_hat)
        refuse_rows(z, np.isinf(x_hat).any(axis=1), TOO_LARGE)
        return x_hat

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean of `score_samples`: higher is better, 0 is perfect."""
        return float(self.score_samples(X).mean())

    @property
    def _n_features_out(self) -> int:
        return self.model_.latent_dim

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]  # codes always are
        return tags
