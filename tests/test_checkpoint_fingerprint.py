"""A checkpoint knows its run again, and says what is another one."""

from __future__ import annotations

from typing import ClassVar

from aebook import training
from aebook.models import Autoencoder, VariationalAutoencoder, dense
from aebook.training.checkpoint.file import read, write
from family_rows import ROWS
import keras
from keras import layers
import numpy as np
import pytest

X = np.random.default_rng(0).random((24, 6), "float32")
Y = X[:, :3]
WEIGHTS = np.linspace(0, 1, 24, dtype="float32")


def net(units=5, activation="relu", penalty=None, rate=0.1, deeper=False, policy=None):
    """Two branches and a sum, so that layers refer to each other by name."""
    inputs = keras.Input((6,))
    hidden = layers.Dense(units, activation, kernel_regularizer=penalty, dtype=policy)(
        inputs
    )
    if deeper:
        hidden = layers.Dense(units)(hidden)
    drop = layers.Dropout(rate)(hidden)
    return keras.Model(inputs, layers.Dense(3)(layers.Add()([hidden, drop])))


def compiled(model, optimizer=None, loss="mse", **options):
    """Compile a model; single steps are quick where there are few."""
    optimizer = optimizer or keras.optimizers.Adam(1e-3)
    model.compile(optimizer, loss, run_eagerly=True, **options)
    return model


def fit(model, path, x=X, y=Y, epochs=1, **options):
    return training.fit(
        model, x, y, epochs=epochs, batch_size=8, verbose=0, checkpoint=path, **options
    )


def assert_refused(model, path, message, *data, **options):
    """No weight, no number and no byte of the file is another one afterwards."""
    held = path.read_bytes()
    weights = model.get_weights()
    with pytest.raises(ValueError, match=message):
        fit(model, path, *data, epochs=2, **options)
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert path.read_bytes() == held


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.ckpt"


# --- the model


def frozen(model):
    model.layers[1].trainable = False
    return model


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"activation": "tanh"}, "another dense/activation: relu there, tanh here"),
        ({"penalty": "l2"}, "another dense/kernel_regularizer: None there, L2 here"),
        ({"rate": 0.2}, "another dropout/rate: 0.1 there, 0.2 here"),
        ({"units": 4}, "another dense/units: 5 there, 4 here"),
        ({"deeper": True}, r"another order: \[.* dense, dropout.* dense, dense_1, dr"),
        ({"policy": "mixed_bfloat16"}, "another dense/dtype: float32 there, mixed_bf"),
    ],
)
@pytest.mark.slow
def test_another_model_is_refused_down_to_the_key(path, change, message):
    fit(compiled(net()), path)
    assert_refused(compiled(net(**change)), path, message)


@pytest.mark.slow
def test_a_layer_that_is_frozen_is_refused(path):
    fit(compiled(net()), path)
    message = "another dense/trainable: True there, False here"
    assert_refused(compiled(frozen(net())), path, message)
    message = "of .* was changed after compile"
    assert_refused(frozen(compiled(net())), path, message)


class Wrapped(layers.Layer):
    """What Keras takes for its config names neither it nor the layer within."""

    def __init__(self, units, use_bias=True):
        super().__init__(name=f"wrapped_{units}")
        self.inner = layers.Dense(units, use_bias=use_bias, name="inner")
        self.inner.build((None, 6))

    def call(self, x):
        return self.inner(x)


def stacked(*parts):
    return keras.Sequential([keras.Input((6,)), *parts])


def joined(*parts):
    inputs = outputs = keras.Input((6,))
    for part in parts:
        outputs = part(outputs)
    return keras.Model(inputs, outputs)


@pytest.mark.slow
@pytest.mark.parametrize("build", [stacked, joined])
def test_layers_whose_configs_hold_no_name_are_told_apart(path, build):
    fit(compiled(build(Wrapped(6), Wrapped(3))), path)
    other = compiled(build(Wrapped(6), Wrapped(3, use_bias=False)))
    assert_refused(other, path, "rapped_1/use_bias: True there, False here")


@pytest.mark.slow
def test_a_frozen_layer_that_no_config_tells_of_is_refused(path):
    def build(trains):
        hidden = Wrapped(6)
        hidden.inner.trainable = trains
        return compiled(stacked(hidden, layers.Dense(3)), keras.optimizers.SGD(0.1))

    fit(build(True), path)
    assert_refused(build(False), path, "another weights that train")


def variational(beta=1.0, hidden=(5,)):
    pair = dense(6, latent_dim=2, hidden=hidden, gaussian=True)
    model = VariationalAutoencoder(*pair, beta=beta)
    model.compile("adam", run_eagerly=True)
    return model


@pytest.mark.slow
def test_another_beta_of_a_variational_autoencoder_is_refused(path):
    fit(variational(), path, X, None)
    assert_refused(variational(4.0), path, "another beta: 1.0 there, 4.0 here", X, None)
    message = "another encoder/dense/units: 5 there, 7 here"
    assert_refused(variational(hidden=(7,)), path, message, X, None)


@pytest.mark.slow
def test_names_that_keras_numbers_do_not_matter(path):
    fit(compiled(net()), path)
    for _ in range(3):
        model = net()  # dense_7 and so on
    assert len(fit(compiled(model), path, epochs=2).history["loss"]) == 2


@pytest.mark.slow
def test_a_model_that_gets_its_input_from_the_data_is_known_again(path):
    def build():
        return compiled(keras.Sequential([layers.Dense(4), layers.Dense(3)]))

    model = build()
    fit(model, path)
    fit(model, path, epochs=2)  # it has an input by now
    assert len(fit(build(), path, epochs=3).history["loss"]) == 3
    finished = build()
    fit(finished, path, epochs=3)
    np.testing.assert_array_equal(
        finished.get_weights()[0], read(path)["final"]["state"][0]
    )
    other = compiled(keras.Sequential([layers.Dense(4, "relu"), layers.Dense(3)]))
    with pytest.raises(ValueError, match="activation: linear there, relu here"):
        fit(other, path, epochs=4)


@keras.saving.register_keras_serializable(package="test")
class Unknown(keras.Model):
    """A model that Keras cannot describe: it was given a function."""

    def __init__(self, function, activation="relu"):
        super().__init__()
        self.function = function
        self.hidden = layers.Dense(5, activation)
        self.out = layers.Dense(3)

    def call(self, x):
        return self.out(self.function(self.hidden(x)))


@pytest.mark.slow
def test_of_a_model_without_a_config_its_layers_are_known(path):
    def build(*options):
        return compiled(Unknown(lambda x: 2 * x, *options))

    fit(build(), path)
    assert len(fit(build(), path, epochs=2).history["loss"]) == 2
    with pytest.raises(
        ValueError, match="another dense/activation: relu there, tanh here"
    ):
        fit(build("tanh"), path, epochs=3)


@pytest.mark.slow
def test_a_lambda_is_known_by_its_code(path):
    def build(function):
        parts = [keras.Input((6,)), layers.Lambda(function), layers.Dense(3)]
        return compiled(keras.Sequential(parts))

    fit(build(lambda x: 2.0 * x), path)
    moved = lambda x: 2.0 * x  # noqa: E731 (it stands on another line)
    assert len(fit(build(moved), path, epochs=2).history["loss"]) == 2
    message = "another lambda/function: a lambda, .* there, a lambda, .* here"
    assert_refused(build(lambda x: 3.0 * x), path, message)


# --- the optimizer and the loss


class Power(keras.losses.Loss):
    def __init__(self, exponent):
        super().__init__()
        self.exponent = exponent

    def call(self, y, y_pred):
        return keras.ops.mean(keras.ops.abs(y - y_pred) ** self.exponent, axis=-1)


def undecayed():
    optimizer = keras.optimizers.AdamW(1e-3)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


huber, adam = keras.losses.Huber, keras.optimizers.Adam


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        ({"loss": huber(1.0)}, {"loss": huber(2.0)}, "loss/delta: 1.0 there, 2.0 here"),
        ({"loss": Power(2)}, {"loss": Power(3)}, "loss/exponent: 2 there, 3 here"),
        (
            {"loss": keras.losses.mean_squared_error},
            {"loss": keras.losses.mean_absolute_error},
            "loss: mean_squared_error there, mean_absolute_error here",
        ),
        (
            {"loss": ["mse"], "loss_weights": [1.0]},
            {"loss": ["mse"], "loss_weights": [2.0]},
            "loss_weights/0: 1.0 there, 2.0 here",
        ),
        ({}, {"optimizer": "sgd"}, "optimizer: Adam there, SGD here"),
        (
            {},
            {"optimizer": adam(1e-3, clipnorm=1.0)},
            "optimizer/clipnorm: None there, 1.0 here",
        ),
        ({}, {"optimizer": adam(1e-2)}, "optimizer/learning_rate: 0.001 there, 0.01 h"),
        (
            {},
            {"optimizer": adam(keras.optimizers.schedules.CosineDecay(1e-3, 9))},
            "optimizer/learning_rate: missing there, CosineDecay here",
        ),
        (
            {"optimizer": keras.optimizers.LossScaleOptimizer(adam(1e-3))},
            {"optimizer": keras.optimizers.LossScaleOptimizer(adam(1e-2))},
            "optimizer/inner_optimizer/learning_rate: 0.001 there, 0.01 here",
        ),
        (
            {"optimizer": keras.optimizers.AdamW(1e-3)},
            {"optimizer": undecayed()},
            "weights without decay/dense/bias: missing there",
        ),
    ],
)
@pytest.mark.slow
def test_another_optimizer_or_loss_is_refused(path, first, then, message):
    fit(compiled(net(), **first), path)
    assert_refused(compiled(net(), **then), path, f"another {message}")


@pytest.mark.slow
def test_other_metrics_watch_the_same_run(path):
    fit(compiled(net()), path)
    history = fit(compiled(net(), metrics=["mae"]), path, epochs=2).history
    assert [len(history[name]) for name in ("loss", "mae")] == [2, 1]


# --- data, weights and where it runs


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        ({}, {"sample_weight": WEIGHTS}, "sample_weight: None there, float32"),
        (
            {"sample_weight": WEIGHTS},
            {"sample_weight": 2 * WEIGHTS},
            "sample_weight: float32 ",
        ),
        (
            {"validation_data": (X, Y, WEIGHTS)},
            {"validation_data": (X, Y, 2 * WEIGHTS)},
            "validation_data: ",
        ),
        ({}, {"validation_split": 0.5}, "validation_split: 0.0 there, 0.5 here"),
        ({}, {"validation_freq": 2}, "validation_freq: 1 there, 2 here"),
    ],
)
@pytest.mark.slow
def test_other_data_or_weights_are_refused(path, first, then, message):
    fit(compiled(net()), path, **first)
    assert_refused(compiled(net()), path, f"another {message}", **then)


@pytest.mark.slow
def test_other_weights_of_classes_are_refused(path):
    labels = np.arange(24) % 3
    loss = "sparse_categorical_crossentropy"
    weights = {0: 1.0, 1: 2.0, 2: 1.0}
    fit(compiled(net(), loss=loss), path, X, labels, class_weight=weights)
    assert_refused(
        compiled(net(), loss=loss),
        path,
        "another class_weight/1: 2.0 there, 3.0 here",
        X,
        labels,
        class_weight=weights | {1: 3.0},
    )


def halved(x, y):
    return x / 2, y


@pytest.mark.slow
def test_another_transform_of_batches_is_refused(path):
    def batches(transform=None):
        return training.Batches(X, Y, batch_size=8, seed=0, transform=transform)

    def run(model, data, epochs):
        return training.fit(model, data, epochs=epochs, verbose=0, checkpoint=path)

    run(compiled(net()), batches(), 1)
    with pytest.raises(ValueError, match=r"another x: Batches.*halved"):
        run(compiled(net()), batches(halved), 2)


@pytest.mark.slow
def test_another_backend_or_dtype_policy_is_refused(path, monkeypatch):
    def build(policy):
        with monkeypatch.context() as context:
            context.setattr(
                "keras.src.dtype_policies.dtype_policy.GLOBAL", None, raising=False
            )
            keras.config.set_dtype_policy(policy)
            try:
                return compiled(net())
            finally:
                keras.config.set_dtype_policy("float32")

    fit(compiled(net()), path)
    message = "another dtype policy: float32 there, mixed_bfloat16 here"
    assert_refused(build("mixed_bfloat16"), path, message)
    held = read(path)
    held["settings"]["backend"] = "abacus"
    write(path, held)
    assert_refused(compiled(net()), path, "another backend: abacus there, ")


@pytest.mark.slow
def test_the_file_of_another_version_is_refused_with_words(path):
    fit(compiled(net()), path)
    write(path, read(path) | {"format": 1})
    assert_refused(compiled(net()), path, "belongs to another version of aebook")
    write(path, [1, 2])
    assert_refused(compiled(net()), path, "belongs to something else than fit")


# --- numbers that may change while a run trains


def falling():
    return keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)


class Interrupt(keras.callbacks.Callback):
    """Stop the run in the middle of its second epoch."""

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.optimizer.iterations) == 4:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_the_learning_rate_goes_on_from_where_the_run_left_it(path):
    model = compiled(net())
    fit(model, path, callbacks=[falling()], epochs=2)
    again = compiled(net())  # at the rate with which the run began
    history = fit(again, path, callbacks=[falling()], epochs=3).history
    rates = [5e-4, 2.5e-4, 1.25e-4]
    np.testing.assert_allclose(history["learning_rate"], rates, rtol=1e-6)
    fit(again, path, callbacks=[falling()], epochs=4)  # at the rate of now
    again.optimizer.learning_rate = 7e-4
    message = "learning_rate: 0.001 or 6.25e-05 there, 0.0007 here"
    assert_refused(again, path, message, callbacks=[falling()])


@pytest.mark.slow
def test_a_model_that_was_interrupted_goes_on(path):
    model = compiled(net())
    with pytest.raises(KeyboardInterrupt):
        fit(model, path, callbacks=[falling(), Interrupt()], epochs=3)
    assert read(path)["epoch"] == 1
    assert float(model.optimizer.learning_rate) == pytest.approx(2.5e-4)
    history = fit(model, path, callbacks=[falling()], epochs=3).history
    rates = [5e-4, 2.5e-4, 1.25e-4]
    np.testing.assert_allclose(history["learning_rate"], rates, rtol=1e-6)


@keras.saving.register_keras_serializable(package="test")
class Pulled(Autoencoder):
    """An autoencoder that pulls its codes to 0, by a number that may change."""

    adjustable: ClassVar[tuple[str, ...]] = ("pull",)

    def __init__(self, encoder, decoder, pull=1.0, **kwargs):
        super().__init__(encoder, decoder, **kwargs)
        self.pull = pull

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        return loss + self.pull * keras.ops.mean(self.encoder(x) ** 2)

    def get_config(self):
        return {**super().get_config(), "pull": self.pull}


def pulled(pull=1.0):
    keras.utils.set_random_seed(0)
    model = Pulled(*dense(6, latent_dim=2, hidden=()), pull)
    model.compile("adam", run_eagerly=True)
    return model


class Loosen(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.pull /= 2


@pytest.mark.slow
def test_a_number_that_a_callback_changes_goes_on(path):
    options = {"callbacks": [Loosen()]}
    whole = pulled()
    fit(whole, path.with_name("whole"), X, None, epochs=4, **options)
    fit(pulled(), path, X, None, epochs=2, **options)
    model = pulled()
    fit(model, path, X, None, epochs=4, **options)
    assert model.pull == whole.pull == 1 / 16
    for a, b in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    finished = pulled()
    fit(finished, path, X, None, epochs=4, **options)
    assert finished.pull == 1 / 16
    message = "another pull: 1.0 or 0.0625 there, 0.5 here"
    assert_refused(pulled(0.5), path, message, X, None)


class Faster(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.optimizer.momentum = 0.99


class Wider(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.layers[2].rate = 0.5


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        (Faster, "optimizer/momentum was 0.9 when the run began and is 0.99 now"),
        (Wider, "dropout/rate was 0.1 when the run began and is 0.5 now"),
    ],
)
@pytest.mark.slow
def test_a_change_that_the_file_would_lose_is_named(path, callback, message):
    model = compiled(net(), keras.optimizers.SGD(0.01, momentum=0.9))
    with pytest.raises(ValueError, match=f"{message}.*adjustable"):
        fit(model, path, callbacks=[callback()])
    assert read(path)["epoch"] == 0


@pytest.mark.slow
def test_a_number_of_a_model_within_a_model_is_known_by_its_path(path):
    def build(pull):
        return compiled(keras.Sequential([keras.Input((6,)), pulled(pull)]))

    fit(build(1.0), path, X, X)
    message = "another pulled/pull: 1.0 there, 0.5 here"
    assert_refused(build(0.5), path, message, X, X)


# --- the family


@pytest.mark.parametrize("name", ["tied", "quantized", "masked", "adversarial"])
@pytest.mark.slow
def test_a_member_is_known_again_whatever_was_built_before(name):
    from aebook.training.checkpoint.fingerprint import parts_of

    def build(seed):
        keras.utils.set_random_seed(seed)
        model = ROWS[name].model()
        model.compile("adam", ROWS[name].loss)
        return parts_of(model)

    assert build(0) == build(1)
