"""The base of the family: encode, decode, and one named loss."""

from __future__ import annotations

from collections.abc import Callable
import functools
import inspect
import math
from typing import Any, ClassVar

from aebook import training
from aebook.checks import as_samples, check_count
from aebook.keras_internals import is_called_by_fit
from aebook.models.data_checks import DataChecks
from aebook.models.loss_checks import check_loss, check_optimizer
from aebook.models.part_checks import check_part, check_parts
from aebook.models.precision import with_scaled_loss
from aebook.models.shape_checks import check_target
from aebook.models.terms import Terms
from aebook.models.weights import as_column_of, one_a_sample
from aebook.training.data_checks import checked
from aebook.training.replicas import n_replicas
from aebook.training.retracing import many_models
from aebook.training.streams import first_batch, is_stream
import keras
from keras import ops
import numpy as np

__all__ = ["Autoencoder"]


@keras.saving.register_keras_serializable(package="aebook")
class Autoencoder(DataChecks, keras.Model):
    r"""A model that is trained to return its input.

    $$ \hat x = g(f(x)), \qquad L = \frac1n \sum_i \ell(x_i, \hat x_i) $$

    The encoder $f$ and the decoder $g$ are any two Keras models that fit together.
    Everything else is plain Keras: `compile`, `fit`, `evaluate`, callbacks, saving as
    `.keras`. A member of the family adds only what is new about it:

    - `bottleneck`: what stands between encoder and decoder, such as a codebook;
    - `add_term`: a named term of the loss, listed in the class attribute `terms`;
    - `call`: what is done to the input, such as a corruption;
    - `compared`: what the loss compares, where it is not target and reconstruction.

    Args:
        encoder: Keras model, `(batch, *input_shape)` to a code.
        decoder: Keras model, from the code back to `(batch, *input_shape)`.
        **kwargs: Further arguments of `keras.Model`, such as `name`.

    Raises:
        TypeError: If encoder or decoder is no Keras model.
        ValueError: If their shapes do not fit together.

    Example:
        >>> import keras, numpy as np
        >>> from aebook.models import dense
        >>> keras.utils.set_random_seed(0)
        >>> model = Autoencoder(*dense(4, latent_dim=2, hidden=()))
        >>> model.compile("adam", "mse")
        >>> x = np.eye(4, dtype="float32")
        >>> sorted(model.fit(x, epochs=1, verbose=0).history)
        ['loss', 'reconstruction']
        >>> model.encode(x).shape, model.reconstruct(x).shape
        ((4, 2), (4, 4))
    """

    #: The terms that a member adds to the loss; each is in the history by this name.
    terms: ClassVar[tuple[str, ...]] = ()
    #: The Keras objects among the constructor's arguments, saved in their own way.
    parts: ClassVar[tuple[str, ...]] = ("encoder", "decoder")
    #: Numbers that may be changed while it trains; `Adjustable` lists them here.
    adjustable: ClassVar[tuple[str, ...]] = ()
    #: Whether the encoder puts out two numbers for each of the code.
    gaussian: ClassVar[bool] = False
    #: What to do when the code of the encoder is not what the decoder takes.
    fit_hint: ClassVar[str] = "give both the same latent_dim"

    def __init__(
        self, encoder: keras.Model, decoder: keras.Model, **kwargs: Any
    ) -> None:
        # Sums, penalties and draws are float32, whatever the layers compute in.
        super().__init__(**{**kwargs, "dtype": keras.config.floatx()})
        check_part("encoder", encoder)
        check_part("decoder", decoder)
        check_parts(encoder, decoder, self.gaussian, self.fit_hint)
        self.encoder = encoder
        self.decoder = decoder
        self.trackers = {
            name: keras.metrics.Mean(name=name)
            for name in ("reconstruction", *self.terms)
        }
        self._terms = Terms()
        self.built = True  # both parts are; so it can be saved before it is called

    @property
    def latent_dim(self) -> int:
        """Numbers in the code of one sample; a `ValueError` if it takes any size."""
        shape = self.decoder.input_shape[1:]
        if None in shape:
            raise ValueError(
                f"latent_dim of {self.name!r} is not known: its decoder takes codes of "
                f"any size, {shape}; count those of your data, encode(x)[0].size"
            )
        return math.prod(shape)

    # --- the model and its loss

    def call(self, x: Any, training: bool = False) -> Any:
        """Return the reconstruction of `x`, same shape."""
        self._terms.begin()
        h = as_floatx(self.encoder(x, training=training))
        return self.decoder(self.bottleneck(h, training), training=training)

    def bottleneck(self, h: Any, training: bool = False) -> Any:
        """Return the code that the encoder's output `h` stands for: here `h` itself."""
        return h

    def add_term(self, name: str, values: Any, weight: Any = 1.0) -> None:
        """Add `weight` times the mean of `values` to the loss of this batch.

        The history shows the mean itself, without the weight. Values of single
        samples are weighed by `sample_weight`, a number of the whole batch is not.
        Where the model is a layer of another one, the term is in that one's loss.

        Args:
            name: One of the class's `terms`.
            values: One value per sample, shape `(batch,)`, or one number.
            weight: A number or scalar tensor; 0 for a term that is only shown.
                Defaults to 1.
        """
        values = as_floatx(values)
        self._terms.note(name, values, weight)
        is_only_shown = isinstance(weight, int | float) and weight == 0
        if not (self._terms.own_step or is_only_shown):
            self._terms.added.append(weight * ops.mean(values))
            self.add_loss(self._terms.added[-1])

    def compared(self, x: Any, y: Any, y_pred: Any, training: bool) -> tuple:
        """Return what the loss compares, target and reconstruction: `y` and `y_pred`.

        It is called once for each batch, in training and in `evaluate`. Where each
        sample stands several times in a row, `copies` says how often.
        """
        return y, y_pred

    @property
    def copies(self) -> int:
        """How often `compared` repeats each sample."""
        return 1

    def train_step(self, *args: Any) -> Any:
        """Train on one batch, as `keras.Model.train_step`."""
        with self._terms.collected():
            return super().train_step(*args)

    def test_step(self, *args: Any) -> Any:
        """Judge one batch, as `keras.Model.test_step`."""
        with self._terms.collected():
            return super().test_step(*args)

    def compute_loss(
        self,
        x: Any,
        y: Any,
        y_pred: Any,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the total loss of a batch; the target defaults to the input.

        The term `reconstruction` is the compiled loss, in its own unit (`"mse"`: mean
        per pixel). What layers add, such as weight decay, is in `loss` only.

        Raises:
            ValueError: If the target has another shape than the reconstruction.
        """
        target, n = (x if y is None else y), n_replicas()
        check_target(target, y_pred)
        weight = one_a_sample(sample_weight, self.terms)
        target, y_pred = self.compared(x, target, y_pred, training)
        column = as_column_of(weight, self.loss, target, y_pred, self.copies)
        total = super().compute_loss(x, target, y_pred, column, training)
        # Keras divides each loss by the number of replicas, and sums their gradients.
        by_layers = sum((ops.sum(loss) for loss in self.losses), start=0.0) / n
        batch = ops.shape(target)[0]
        self.trackers["reconstruction"].update_state((total - by_layers) * n, batch)
        total = total - sum(self._terms.added, start=0.0) / n  # they follow, weighed
        for name, values, factor in self._terms:
            if weight is not None and len(values.shape):
                values = values * ops.cast(weight, values.dtype)
            mean = ops.mean(values)
            self.trackers[name].update_state(mean, batch)
            total = total + factor * mean / n
        return total

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Update the metrics; the target defaults to the input."""
        weight = one_a_sample(sample_weight, ())
        return super().compute_metrics(x, x if y is None else y, y_pred, weight)

    # --- training

    def compile(
        self,
        optimizer: Any = "adam",
        loss: Any = "mse",
        *,
        jit_compile: bool | str = "auto",
        **kwargs: Any,
    ) -> None:
        """Set optimizer and loss, as `keras.Model.compile`.

        Args:
            optimizer: Name or Keras optimizer. Defaults to `"adam"`.
            loss: Name or Keras loss. Defaults to `"mse"`, the mean per pixel.
            jit_compile: Whether XLA compiles the steps. Defaults to `"auto"`: in
                long runs of `fit`, wherever it can, and else as Keras decides.
            **kwargs: Further arguments of `keras.Model.compile`.

        Raises:
            ValueError: If a name is unknown, or the loss cannot judge what the
                decoder puts out.
        """
        check_optimizer(optimizer)
        check_loss(loss, self.decoder)
        self.jit_request = jit_compile
        if kwargs.get("auto_scale_loss", True):
            optimizer = with_scaled_loss(optimizer, self)
        super().compile(optimizer, loss, jit_compile=jit_compile, **kwargs)
        self.optimizer.build(self.trainable_variables)  # so that it can be loaded

    def get_compile_config(self) -> dict[str, Any] | None:
        """Return the arguments of `compile`, as given; `None` before it."""
        config = super().get_compile_config()
        return config and {**config, "jit_compile": self.jit_request}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as the saved model was."""
        self.compile(**keras.saving.deserialize_keras_object(config))

    def fit(self, x: Any = None, y: Any = None, **kwargs: Any) -> Any:
        """Train, as `aebook.training.fit`; the target defaults to the input.

        Args:
            x: Inputs, shape `(n_samples, *input_shape)`, or a Keras dataset.
            y: Targets of that shape. Defaults to `x`.
            **kwargs: Further arguments of `aebook.training.fit`.

        Returns:
            Keras' `History` with `loss` and each term of it, one value an epoch.

        Raises:
            TypeError: If `x` does not hold numbers.
            ValueError: If `x` is empty, of another shape, not finite, or outside
                what the decoder or the loss can reach.
        """
        return training.fit(self, x, y, **kwargs)

    def evaluate(
        self, x: Any = None, y: Any = None, *, sample_weight: Any = None, **kwargs: Any
    ) -> Any:
        """Return loss and metrics, as `keras.Model.evaluate`; `y` defaults to `x`."""
        if not is_called_by_fit(kwargs):  # it has checked these
            x, y, sample_weight = checked(self, x, y, sample_weight)
        with many_models():
            return super().evaluate(x, y, sample_weight=sample_weight, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """Return reconstructions, as `keras.Model.predict`."""
        if is_stream(x):
            batch, x = first_batch(x)
            batch, *_ = keras.utils.unpack_x_y_sample_weight(batch)
            self._checked_input(batch, "in the first batch, x")
        x = self._checked_input(x)
        with many_models():
            return super().predict(x, **kwargs)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Train on one batch, as `keras.Model.train_on_batch`; `y` defaults to `x`."""
        batch = self.check_data(x, y, sample_weight, class_weight)
        with many_models():
            return super().train_on_batch(*batch, **kwargs)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, **kwargs: Any
    ) -> Any:
        """Judge one batch, as `keras.Model.test_on_batch`; `y` defaults to `x`."""
        batch = self.check_data(x, y, sample_weight)
        with many_models():
            return super().test_on_batch(*batch, **kwargs)

    def export(
        self, filepath: Any, format: str = "tf_saved_model", **kwargs: Any
    ) -> Any:
        """Export what `predict` does, as `keras.Model.export`.

        Args:
            filepath: Where to.
            format: As Keras knows them, such as `"onnx"`, which needs the package
                tf2onnx. Defaults to a SavedModel.
            **kwargs: Further arguments of `keras.Model.export`.
        """
        shape = (None, *self.encoder.input_shape[1:])
        spec = keras.InputSpec(shape=shape, dtype=self.input_dtype)
        kwargs.setdefault("input_signature", [spec])
        return super().export(filepath, format, **kwargs)

    # --- use

    def encode(self, x: Any, batch_size: int = 256) -> np.ndarray:
        """Return the codes of `x`.

        Args:
            x: Samples, shape `(n_samples, *input_shape)`.
            batch_size: Samples at a time. Defaults to 256.

        Returns:
            Codes, shape `(n_samples, latent_dim)` for a flat code.
        """
        h = self._encoded(x, batch_size)
        return ops.convert_to_numpy(self.bottleneck(ops.convert_to_tensor(h)))

    def decode(self, z: Any, batch_size: int = 256) -> np.ndarray:
        """Return what the decoder makes of the codes `z`.

        Args:
            z: Codes, shape `(n_samples, latent_dim)` for a flat code.
            batch_size: Codes at a time. Defaults to 256.

        Returns:
            Reconstructions, shape `(n_samples, *input_shape)`.
        """
        check_count(batch_size, "batch_size")
        z = as_samples(z, self.decoder.input_shape[1:], name="z")
        with many_models():
            x_hat = self.decoder.predict(z, batch_size=batch_size, verbose=0)
        return np.asarray(x_hat, keras.config.floatx())

    def reconstruct(self, x: Any, batch_size: int = 256) -> np.ndarray:
        """Return `decode(encode(x))`, shape of `x`."""
        return self.decode(self.encode(x, batch_size), batch_size)

    def _encoded(self, x: Any, batch_size: int) -> np.ndarray:
        """Return what the encoder puts out, whatever precision it computes in."""
        check_count(batch_size, "batch_size")
        x = self._checked_input(x)
        with many_models():
            h = self.encoder.predict(x, batch_size=batch_size, verbose=0)
        return np.asarray(h, keras.config.floatx())

    # --- arguments and saving

    def __setattr__(self, name: str, value: Any) -> None:
        fixed = name in _arguments(type(self).__init__)
        if fixed and name not in self.adjustable and vars(self).get("compiled"):
            raise AttributeError(
                f"{name} is fixed once the model is compiled, because the steps are; "
                "build another model over model.encoder and model.decoder"
            )
        super().__setattr__(name, value)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the same model, untrained."""
        serialize = keras.saving.serialize_keras_object
        parts = {part: serialize(getattr(self, part)) for part in self.parts}
        return {**super().get_config(), **parts}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Build a model from `get_config`."""
        config = dict(config)
        for part in cls.parts:
            config[part] = keras.saving.deserialize_keras_object(
                config[part], custom_objects=custom_objects
            )
        return cls(**config)


def as_floatx(tensor: Any) -> Any:
    """Return a tensor in the precision in which the model adds up."""
    return ops.cast(tensor, keras.config.floatx())


@functools.cache
def _arguments(constructor: Callable) -> frozenset[str]:
    """Return the names of its arguments, without those for Keras."""
    return frozenset(inspect.signature(constructor).parameters) - {"self", "kwargs"}
