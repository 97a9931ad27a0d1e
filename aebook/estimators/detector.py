"""The autoencoder as an outlier detector of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aebook.checks import check_positive
from aebook.estimators.base import TabularAutoencoder
from aebook.models.autoencoder import Autoencoder
import numpy as np
from sklearn.base import OutlierMixin

__all__ = ["AnomalyDetector"]


class AnomalyDetector(OutlierMixin, TabularAutoencoder):
    r"""Call a sample an outlier if the autoencoder cannot reconstruct it.

    $$ e(x) = \frac1d \left\lVert s(x) - g(f(s(x))) \right\rVert^2, \qquad
       x \text{ is an outlier if } e(x) > e_{1-c} $$

    Here $s$ standardises the columns and $e_{1-c}$ is the quantile of the training
    samples' errors that leaves a fraction $c$, the contamination, above it.

    Two habits meet here. The methods have scikit-learn's signs: what is normal scores
    high, `score_samples` is minus the error and `predict` says +1 or −1. The
    attributes `scores_` and `threshold_` have PyOD's: they are errors, and what is
    abnormal is high.

    A small error means easy to reconstruct, which need not mean common: a sample near
    the middle of the data has one too.

    Args:
        latent_dim: Numbers in the code; well below the number of columns, or
            everything can be reconstructed. Defaults to 8.
        hidden: As in `AutoencoderTransformer`, and so on for the others.
        activation: Activation of the hidden layers. Defaults to `"relu"`.
        contamination: Fraction of outliers among the training samples, in (0, 0.5].
            Defaults to 0.1.
        scale: Whether to standardise the columns. Defaults to `True`.
        optimizer: Name of a Keras optimizer. Defaults to `"adam"`.
        learning_rate: Its rate, > 0. Defaults to 1e-3.
        epochs: Passes over the samples, at most. Defaults to 100.
        batch_size: Samples a step. Defaults to 32.
        early_stopping: Whether to stop by samples held out. Defaults to `False`.
        validation_fraction: How many to hold out, in (0, 1). Defaults to 0.1.
        n_iter_no_change: Epochs to wait for an improvement. Defaults to 10.
        tol: The least fall of the error that is an improvement. Defaults to 1e-4.
        random_state: Seed; `None` draws one from NumPy's. Defaults to `None`.
        verbose: 0 silent, 1 a progress bar, 2 a line an epoch. Defaults to 0.
        build: As in `AutoencoderTransformer`. Defaults to `None`.

    Attributes:
        scores_: Error of each training sample, ≥ 0, float64, shape `(n_samples,)`.
        threshold_: Their `1 - contamination` quantile.
        offset_: `-threshold_`, in the sign of `score_samples`.
        model_: The trained `aebook.models.Autoencoder`, over the scaled columns.
        scaler_: The fitted `StandardScaler`, or `None`.
        history_: Losses by name, one value an epoch.
        n_iter_: Epochs run.
        n_features_in_: Number of columns seen by `fit`.
        feature_names_in_: Their names, if they have any.

    Example:
        >>> import numpy as np
        >>> X = np.random.default_rng(0).normal(size=(200, 1)) * [1.0, -2.0, 3.0]
        >>> detector = AnomalyDetector(latent_dim=1, hidden=(), random_state=0)
        >>> detector.fit(X).predict([[1.0, -2.0, 3.0], [1.0, 2.0, -3.0]])
        array([ 1, -1])
    """

    def __init__(
        self,
        latent_dim: int = 8,
        hidden: tuple[int, ...] = (64,),
        activation: str = "relu",
        *,
        contamination: float = 0.1,
        scale: bool = True,
        optimizer: str = "adam",
        learning_rate: float = 1e-3,
        epochs: int = 100,
        batch_size: int = 32,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        random_state: Any = None,
        verbose: int = 0,
        build: Callable[[int], Autoencoder] | None = None,
    ) -> None:
        super().__init__(
            latent_dim,
            hidden,
            activation,
            scale=scale,
            optimizer=optimizer,
            learning_rate=learning_rate,
            epochs=epochs,
            batch_size=batch_size,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            tol=tol,
            random_state=random_state,
            verbose=verbose,
            build=build,
        )
        self.contamination = contamination

    def fit(self, X: Any, y: Any = None) -> AnomalyDetector:
        """Train the autoencoder, and set the threshold by its errors.

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
        if check_positive(self.contamination, "contamination") > 0.5:
            raise ValueError(
                f"contamination must be in (0, 0.5], got {self.contamination}; it is "
                "the fraction of outliers among the samples of fit"
            )
        self.scores_ = self._errors(self._train(X))
        self.threshold_ = float(np.quantile(self.scores_, 1 - self.contamination))
        self.offset_ = -self.threshold_
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Return `score_samples(X) - offset_`: below 0 for outliers."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """Return +1 for each normal sample and −1 for each outlier."""
        return np.where(self.decision_function(X) >= 0, 1, -1)
