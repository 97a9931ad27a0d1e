"""What both estimators share: columns in, a trained autoencoder, errors out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aebook import losses
from aebook.checks import check_between, check_count, check_positive
from aebook.estimators.batches import in_batches
from aebook.estimators.scaling import FARTHEST, fit_scaler, scaled
from aebook.estimators.seeding import seeded
from aebook.models.architectures.dense import dense
from aebook.models.autoencoder import Autoencoder, as_floatx
from aebook.models.loss_checks import check_optimizer
from aebook.models.variational import VariationalAutoencoder
import keras
import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

__all__ = ["TabularAutoencoder"]


class TabularAutoencoder(BaseEstimator):
    """A dense autoencoder over standardised columns: the part that estimators share.

    Args:
        latent_dim: As in `AutoencoderTransformer`, and so on for all the others.
        hidden: Widths of the hidden layers.
        activation: Their activation.
        scale: Whether to standardise the columns.
        optimizer: Name of a Keras optimizer.
        learning_rate: Its rate.
        epochs: Passes over the samples, at most.
        batch_size: Samples a step.
        early_stopping: Whether to stop by samples held out.
        validation_fraction: How many are held out, in (0, 1).
        n_iter_no_change: Epochs to wait for an improvement.
        tol: What counts as one.
        random_state: Seed.
        verbose: As in `fit` of Keras.
        build: Makes another network than the dense one.

    Example:
        >>> TabularAutoencoder(latent_dim=2).get_params()["latent_dim"]
        2
    """

    def __init__(
        self,
        latent_dim: int = 8,
        hidden: tuple[int, ...] = (64,),
        activation: str = "relu",
        *,
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
        self.latent_dim = latent_dim
        self.hidden = hidden
        self.activation = activation
        self.scale = scale
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.random_state = random_state
        self.verbose = verbose
        self.build = build

    # --- training

    def _train(self, X: Any) -> np.ndarray:
        """Fit scaler and network; return the scaled columns, float32."""
        self._check_parameters()
        x = _dense(X)
        x = validate_data(self, x, dtype=[np.float64, np.float32])
        self.scaler_ = fit_scaler(x, self.scale)
        x = scaled(x, self.scaler_)
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        train, validation, callbacks = self._split(x, seed)
        with seeded(seed):
            self.model_ = self._built(x.shape[1])
            run = self.model_.fit(
                train,
                validation_data=validation,
                epochs=self.epochs,
                batch_size=self.batch_size,
                callbacks=callbacks,
                verbose=self.verbose,
            )
        self.history_ = {name: list(values) for name, values in run.history.items()}
        self.n_iter_ = len(self.history_["loss"])
        return x

    def _built(self, n_features: int) -> Autoencoder:
        """Return a compiled model over so many columns."""
        if self.build is None:
            model = self._dense_model(n_features)
        else:
            model = self.build(n_features)
            _check_model(model, n_features)
        if not model.compiled:
            optimizer = keras.optimizers.get(self.optimizer)
            optimizer.learning_rate = self.learning_rate
            model.compile(optimizer, _squared_error_for(model))
        return model

    def _dense_model(self, n_features: int) -> Autoencoder:
        parts = dense(
            n_features,
            self.latent_dim,
            self.hidden,
            activation=self.activation,
            output_activation="linear",
        )
        return Autoencoder(*parts)

    def _split(self, x: np.ndarray, seed: int) -> tuple:
        """Return samples to train on, samples held out, and what stops by those."""
        if not self.early_stopping:
            return x, None, None
        count = max(1, round(self.validation_fraction * len(x)))
        if count >= len(x):
            raise ValueError(
                f"validation_fraction={self.validation_fraction} of n_samples = "
                f"{len(x)} leaves nothing to train on; give more samples, or "
                "early_stopping=False"
            )
        order = np.random.default_rng(seed).permutation(len(x))
        stop = keras.callbacks.EarlyStopping(
            "val_loss",
            min_delta=self.tol,
            patience=self.n_iter_no_change,
            restore_best_weights=True,
        )
        return x[order[count:]], x[order[:count]], [stop]

    def _check_parameters(self) -> None:
        for name in ("latent_dim", "epochs", "batch_size", "n_iter_no_change"):
            check_count(getattr(self, name), name)
        check_positive(self.learning_rate, "learning_rate")
        check_between(self.tol, "tol", low=0)
        fraction = check_positive(self.validation_fraction, "validation_fraction")
        if fraction >= 1:
            raise ValueError(f"validation_fraction must be in (0, 1), got {fraction}")
        if not isinstance(self.optimizer, str):
            raise TypeError(
                f"optimizer must be the name of one, got {self.optimizer!r}; "
                "its rate is learning_rate"
            )
        check_optimizer(self.optimizer)
        if self.build is not None and not callable(self.build):
            raise TypeError(
                "build must be a function of the number of columns that returns an "
                f"autoencoder, got {type(self.build).__name__}"
            )

    # --- use

    def score_samples(self, X: Any) -> np.ndarray:
        """Return minus the reconstruction error of each sample.

        Args:
            X: Samples, shape `(n_samples, n_features)`.

        Returns:
            Minus the squared error, mean over the scaled columns, float64, shape
            `(n_samples,)`, ≤ 0; the lower, the more abnormal. With `scale=True` the
            mean of all columns, put in the place of each training sample, would reach
            −1 on average. A row with a number too large for the network has the
            lowest score of all.
        """
        return -self._errors(scaled(self._checked(X), self.scaler_))

    def _checked(self, X: Any) -> np.ndarray:
        """Return the columns as given, float64 or float32."""
        check_is_fitted(self)
        return validate_data(
            self, _dense(X), dtype=[np.float64, np.float32], reset=False
        )

    def _codes(self, x: np.ndarray) -> np.ndarray:
        """Return the codes of scaled rows, whatever shape the model gives them."""
        model = self.model_
        return in_batches(
            lambda batch: model.bottleneck(as_floatx(model.encoder(batch))), x
        )

    def _errors(self, x: np.ndarray) -> np.ndarray:
        """Return the squared error of each scaled row, mean over its columns.

        A row with a number beyond the network's arithmetic has the largest error.
        """
        within = np.isfinite(x).all(axis=1)
        x = np.where(within[:, None], x, 0)
        with np.errstate(invalid="ignore"):
            x_hat = in_batches(self.model_.decoder, self._codes(x))
            errors = np.mean((x.astype(np.float64) - x_hat) ** 2, axis=1)
        return np.where(within & np.isfinite(errors), errors, FARTHEST)


def _check_model(model: Any, n_features: int) -> None:
    if not isinstance(model, Autoencoder):
        raise TypeError(
            "build must return an aebook.models.Autoencoder or a member of its family, "
            f"got {type(model).__name__}"
        )
    shape = model.encoder.input_shape
    if shape != (None, n_features):
        raise ValueError(
            f"build({n_features}) must return a model over {n_features} columns, got "
            f"one over {shape[1:]}; give its encoder the number that build gets"
        )
    if model.compiled and int(model.optimizer.iterations):
        raise ValueError(
            "build must return a new model at each call, got one that was trained "
            "before; make it inside of build"
        )


def _squared_error_for(model: Autoencoder) -> Any:
    """Return the squared error, as the sum that stands beside a KL in nats."""
    is_sum = isinstance(model, VariationalAutoencoder)
    return losses.squared_error_per_image if is_sum else "mse"


def _dense(X: Any) -> Any:
    if scipy.sparse.issparse(X):
        raise TypeError(
            "X is sparse, but sparse data is not supported; convert it with "
            "X.toarray(), or shorten it with sklearn.decomposition.TruncatedSVD first"
        )
    return X
