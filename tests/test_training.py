import json
import os
import subprocess
import sys
import textwrap

from aebook import training
from aebook.models import Autoencoder, dense
import keras
import numpy as np
import pytest

needs_loops = pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="PyTorch has no compiled loop"
)
CALL_SECONDS = "aebook.training.compiled_epochs.CALL_SECONDS"
BATCH = 96  # does not divide the 500 samples: the last batch is smaller


def small(jit_compile="auto", optimizer="adam", **kwargs):
    keras.utils.set_random_seed(1)
    model = Autoencoder(*dense(784, latent_dim=8, hidden=(32,)))
    model.compile(optimizer, "mse", jit_compile=jit_compile, **kwargs)
    return model


def largest_difference(model, other):
    pairs = zip(model.get_weights(), other.get_weights(), strict=True)
    return max(np.abs(a - b).max() for a, b in pairs)


@pytest.fixture
def x(digits):
    return digits[:500]


# --- the same numbers as Keras


@pytest.mark.parametrize(
    ("jit_compile", "optimizer"),
    [(True, "adam"), (False, "adam"), (True, "adadelta"), (False, "sgd")],
)
@pytest.mark.slow
def test_an_epoch_ends_at_the_weights_that_keras_reaches(x, jit_compile, optimizer):
    if jit_compile and keras.backend.backend() == "torch":
        pytest.skip("torch.compile cannot trace Keras' training step")
    ours = small(jit_compile, optimizer)
    theirs = small(jit_compile, optimizer)
    options = {"batch_size": BATCH, "epochs": 2, "shuffle": False, "verbose": 0}
    history = ours.fit(x, validation_data=x[:100], **options)
    expected = keras.Model.fit(theirs, x, x, validation_data=(x[:100],) * 2, **options)
    assert largest_difference(ours, theirs) <= 1e-6
    assert history.history.keys() == expected.history.keys()
    for name, values in expected.history.items():
        np.testing.assert_allclose(history.history[name], values, atol=1e-6)


@needs_loops
@pytest.mark.slow
def test_shuffled_epochs_are_keras_epochs_over_the_same_batches(x, monkeypatch):
    orders = []
    shuffle = np.random.Generator.shuffle

    class Recording(np.random.Generator):
        def shuffle(self, rows):
            shuffle(self, rows)
            orders.append(rows.copy())

    monkeypatch.setattr(
        np.random, "default_rng", lambda seed: Recording(np.random.PCG64(seed))
    )
    ours, theirs = small(), small()
    ours.fit(x, batch_size=BATCH, epochs=3, verbose=0)
    assert len(orders) == 3
    assert not np.array_equal(orders[0], orders[1])
    for order in orders:
        assert sorted(order) == list(range(len(x)))
        keras.Model.fit(
            theirs, x[order], x[order], batch_size=BATCH, shuffle=False, verbose=0
        )
    assert largest_difference(ours, theirs) <= 1e-6


@needs_loops
@pytest.mark.slow
def test_dropout_draws_the_same_masks_as_in_keras(x):
    models = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        encoder, decoder = dense(784, latent_dim=8, hidden=(32,))
        encoder = keras.Sequential(
            [keras.Input((784,)), keras.layers.Dropout(0.3), encoder], name="encoder"
        )
        model = Autoencoder(encoder, decoder)
        model.compile("adam", "mse")
        models.append(model)
    options = {"batch_size": BATCH, "shuffle": False, "verbose": 0}
    models[0].fit(x, **options)
    keras.Model.fit(models[1], x, x, **options)
    assert largest_difference(*models) <= 1e-6


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights(x):
    first, second, other = small(), small(), small()
    for model, seed in ((first, 5), (second, 5), (other, 6)):
        keras.utils.set_random_seed(seed)
        model.fit(x, batch_size=BATCH, epochs=2, verbose=0)
    assert largest_difference(first, second) == 0
    assert largest_difference(first, other) > 0


@pytest.mark.slow
def test_how_the_epoch_is_cut_into_calls_does_not_matter(x, monkeypatch):
    whole, cut = small(), small()
    whole.fit(x, batch_size=16, epochs=2, shuffle=False, verbose=0)
    monkeypatch.setattr(CALL_SECONDS, 1e-9)  # one step a call
    cut.fit(x, batch_size=16, epochs=2, shuffle=False, verbose=0)
    assert largest_difference(whole, cut) == 0


@pytest.mark.parametrize("batch_size", [1, 7, 500, 501, 4000])
@pytest.mark.slow
def test_any_batch_size_trains_on_every_sample_once(x, batch_size):
    model = small(optimizer=keras.optimizers.SGD(0.0))
    history = model.fit(x[:50], batch_size=batch_size, verbose=0)
    expected = np.mean((x[:50] - model.reconstruct(x[:50])) ** 2)
    assert history.history["loss"][0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "form",
    [
        lambda x: x.astype("float64"),
        np.asfortranarray,
        lambda x: np.repeat(x, 2, axis=0)[::2],
        keras.ops.convert_to_tensor,
    ],
    ids=["float64", "Fortran order", "strided", "tensor"],
)
@pytest.mark.slow
def test_the_form_of_the_array_does_not_matter(x, form):
    usual, other = small(), small()
    options = {"batch_size": BATCH, "shuffle": False, "verbose": 0}
    a = usual.fit(x, **options).history
    before = x.copy()
    b = other.fit(form(x), **options).history
    assert a == b
    np.testing.assert_array_equal(x, before)


@needs_loops
@pytest.mark.slow
def test_a_short_run_goes_on_in_the_loop_of_a_long_one(x, monkeypatch):
    monkeypatch.setattr("aebook.training.loop_choice.XLA_STEPS", 10)
    model = small()
    model.fit(x, batch_size=50, verbose=0)  # ten steps
    loops = model._aebook_loops
    model.fit(x, batch_size=100, verbose=0)  # five
    assert model._aebook_loops is loops


@pytest.mark.slow
def test_a_model_of_plain_keras_trains_too(x):
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])
    model.compile("sgd", "mse", metrics=["mae"])
    history = training.fit(
        model, x, x[:, :10], epochs=2, validation_split=0.2, verbose=0
    )
    assert set(history.history) == {"loss", "mae", "val_loss", "val_mae"}


@needs_loops
@pytest.mark.slow
def test_a_custom_train_step_is_served(x, monkeypatch):
    class Custom(Autoencoder):
        def train_step(self, *args):
            return super().train_step(*args)

    by_keras = []
    fit = keras.Model.fit

    def recording(*args, **kwargs):
        by_keras.append(kwargs["epochs"])
        return fit(*args, **kwargs)

    monkeypatch.setattr(keras.Model, "fit", recording)
    model = Custom(*dense(784, latent_dim=8))
    model.compile("adam", "mse")
    history = model.fit(x, batch_size=50, epochs=3, verbose=0)
    assert history.history["loss"][2] < history.history["loss"][0]
    assert set(by_keras) == {0}  # Keras only built the model


@pytest.mark.slow
def test_logs_that_are_not_metrics_take_the_loop_that_keeps_them(x):
    class Talking(Autoencoder):
        def train_step(self, *args):
            result = super().train_step(*args)  # logs, or in JAX (logs, state)
            logs = result[0] if isinstance(result, tuple) else result
            logs["answer"] = keras.ops.convert_to_tensor(42)
            return result

    model = Talking(*dense(784, latent_dim=8))
    model.compile("adam", "mse")
    assert model.fit(x, epochs=1, verbose=0).history["answer"] == [42]


# --- callbacks and history


@pytest.mark.slow
def test_callbacks_see_the_epochs_as_in_keras(x):
    class Diary(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.pages = []

        def on_train_begin(self, logs=None):
            self.pages.append("train begin")

        def on_epoch_begin(self, epoch, logs=None):
            self.pages.append(f"begin {epoch}")

        def on_test_end(self, logs=None):
            self.pages.append(f"tested {sorted(logs)}")

        def on_epoch_end(self, epoch, logs=None):
            self.pages.append(f"end {epoch} {sorted(logs)}")

        def on_train_end(self, logs=None):
            self.pages.append(f"train end {sorted(logs)}")

    ours, theirs = Diary(), Diary()
    options = {"epochs": 4, "initial_epoch": 1, "validation_freq": 2, "verbose": 0}
    small().fit(x, validation_data=x[:50], callbacks=[ours], **options)
    keras.Model.fit(
        small(), x, x, validation_data=(x[:50],) * 2, callbacks=[theirs], **options
    )
    assert ours.pages == theirs.pages


def test_early_stopping_stops_and_restores_the_best_weights(x):
    model = small(optimizer=keras.optimizers.SGD(1e4))  # overshoots at once
    stop = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    history = model.fit(
        x, epochs=50, validation_data=x[:100], callbacks=[stop], verbose=0
    )
    losses = history.history["val_loss"]
    assert len(losses) < 50
    assert model.evaluate(x[:100], verbose=0)[0] == pytest.approx(min(losses), rel=1e-4)


@pytest.mark.slow
def test_a_lower_learning_rate_takes_effect_in_the_next_epoch(x):
    rates = keras.callbacks.LearningRateScheduler(lambda epoch: [1e-3, 0.0][epoch > 0])
    model = small()
    model.fit(x, epochs=1, callbacks=[rates], verbose=0)
    before = model.get_weights()
    model.fit(x, epochs=3, initial_epoch=1, callbacks=[rates], verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@needs_loops
@pytest.mark.slow
def test_a_checkpoint_of_each_epoch_is_written(x, tmp_path):
    path = tmp_path / "best.keras"
    checkpoint = keras.callbacks.ModelCheckpoint(path, save_best_only=True)
    model = small()
    assert training.why_keras_loop(model, x, callbacks=[checkpoint]) == ""
    model.fit(x, validation_data=x[:100], callbacks=[checkpoint], verbose=0)
    assert keras.saving.load_model(path).count_params() == model.count_params()


@pytest.mark.slow
def test_the_validation_split_takes_the_last_samples_as_keras_does(x):
    ours, theirs = small(), small()
    options = {
        "validation_split": 0.3,
        "shuffle": False,
        "batch_size": BATCH,
        "verbose": 0,
    }
    ours.fit(x, **options)
    keras.Model.fit(theirs, x, x, **options)
    assert largest_difference(ours, theirs) <= 1e-6


@pytest.mark.slow
def test_a_second_compile_is_noticed(x):
    model = small(optimizer=keras.optimizers.SGD(0.0))
    model.fit(x, verbose=0)
    before = model.get_weights()
    model.compile(keras.optimizers.SGD(1.0), "mae")
    history = model.fit(x, verbose=0)
    assert largest_difference_of(before, model.get_weights()) > 0
    assert history.history["loss"][0] > 0.1  # mean absolute error, not squared


def largest_difference_of(before, after):
    return max(np.abs(a - b).max() for a, b in zip(before, after, strict=True))


@pytest.mark.slow
def test_the_progress_bar_counts_batches(x, capsys):
    small().fit(x, batch_size=BATCH, epochs=2, verbose=2)
    printed = capsys.readouterr().out
    assert "Epoch 2/2" in printed
    assert "6/6" in printed  # five full batches and the smaller one


@pytest.mark.slow
def test_an_interrupt_leaves_a_model_that_works(x):
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    model = small()
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, epochs=9, callbacks=[Interrupt()], verbose=0)
    assert np.isfinite(model.reconstruct(x)).all()
    assert len(model.history.history["loss"]) >= 1
    model.fit(x, epochs=1, verbose=0)


@needs_loops
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
@pytest.mark.slow
def test_ctrl_c_is_answered_in_the_middle_of_an_epoch(tmp_path):
    script = tmp_path / "long.py"
    script.write_text(
        textwrap.dedent("""
        import os, signal, threading, time
        import numpy as np
        from aebook.models import Autoencoder, dense

        # a shell's background processes start with this signal ignored
        signal.signal(signal.SIGINT, signal.default_int_handler)
        model = Autoencoder(*dense(16, latent_dim=4))
        model.compile()
        x = np.zeros((1_000_000, 16), "float32")
        model.fit(x[:32], verbose=0)

        def interrupt():
            while model.optimizer.iterations < 20:  # the epoch is under way
                time.sleep(0.02)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt, daemon=True).start()
        try:
            model.fit(x, batch_size=1, verbose=0)
        except KeyboardInterrupt:
            finite = np.isfinite(model.reconstruct(x[:9])).all()
            print(int(model.optimizer.iterations), finite)
        """)
    )
    run = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr[-2000:]
    steps, finite = run.stdout.split()
    assert finite == "True"
    assert 20 <= int(steps) < 1_000_000  # some of the epoch, not all of it


# --- what takes Keras' loop, and that it works there


def batch_callback():
    return keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, ""),
        ({"callbacks": [batch_callback()]}, "a callback acts on batches"),
        (
            {"callbacks": [keras.callbacks.TerminateOnNaN()]},
            "a callback acts on batches",
        ),
        ({"callbacks": keras.callbacks.EarlyStopping()}, ""),
        ({"sample_weight": np.ones(500)}, ""),
        ({"class_weight": {0: 1.0}}, "class_weight is set"),
        ({"steps_per_epoch": 3}, "steps_per_epoch is set"),
        ({"shuffle": "batch"}, "the batches keep their order"),
    ],
)
@needs_loops
def test_why_keras_loop_says_why(x, options, reason):
    assert training.why_keras_loop(small(), x, **options) == reason


@pytest.mark.parametrize("weights", [None, "some"])
@needs_loops
@pytest.mark.slow
def test_a_callback_on_batches_changes_the_loop_and_no_number(x, weights):
    if weights:
        weights = np.random.default_rng(0).uniform(0, 2, len(x))
    options = {"shuffle": False, "sample_weight": weights}
    options |= {"epochs": 2, "validation_data": x[:50], "verbose": 0}
    one, other, unweighted = small(), small(), small()
    ours = one.fit(x, **options).history
    keras_own = other.fit(x, callbacks=[batch_callback()], **options).history
    for name in ours:
        np.testing.assert_allclose(keras_own[name], ours[name], rtol=1e-5)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6)
    plain = unweighted.fit(x, **options | {"sample_weight": None}).history
    apart = abs(plain["loss"][-1] / ours["loss"][-1] - 1)
    assert (apart > 1e-2) == (weights is not None)


@pytest.mark.parametrize("steps", [3, 10])
@pytest.mark.slow
def test_steps_per_epoch_are_counted_as_keras_counts_them(x, steps):
    """Of an array it divides the rows into that many, where no batch size is given."""
    taken = []
    for fit in (training.fit, keras.Model.fit):
        model = small()
        fit(model, x, x, steps_per_epoch=steps, epochs=2, shuffle=False, verbose=0)
        taken.append((int(model.optimizer.iterations), model.get_weights()))
    (ours, one), (theirs, other) = taken
    assert ours == theirs == 2 * steps
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6)


@pytest.mark.slow
def test_a_generator_and_a_dataset_train(x):
    import tensorflow as tf

    model = small()
    batches = tf.data.Dataset.from_tensor_slices(x).batch(50)
    assert training.why_keras_loop(model, batches) != ""
    assert len(model.fit(batches, epochs=2, verbose=0).history["loss"]) == 2
    batches = ((x[i : i + 50],) for i in range(0, 500, 50))
    model.fit(batches, steps_per_epoch=10, verbose=0)


@needs_loops
@pytest.mark.slow
def test_run_eagerly_takes_single_steps(x):
    model = small(run_eagerly=True)
    assert "run_eagerly" in training.why_keras_loop(model, x)
    model.fit(x[:64], verbose=0)


# --- bad arguments


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"batch_size": -32}, "batch_size must be at least 1, got -32"),
        ({"epochs": -1}, "epochs must be at least 0, got -1"),
        ({"validation_split": 1.0}, r"validation_split must be in \[0, 1\), got 1.0"),
        ({"validation_split": 0.999}, "leaves one side empty"),
        ({"y": np.zeros((3, 784))}, "as many samples"),
    ],
)
def test_a_bad_argument_is_named(x, options, message):
    with pytest.raises(ValueError, match=message):
        small().fit(x, verbose=0, **options)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (np.zeros((3, 28, 28)), ValueError, r"got shape \(3, 28, 28\); flatten it"),
        (np.zeros((3, 5)), ValueError, r"\(n_samples, 784\), got shape \(3, 5\)"),
        (np.zeros((0, 784)), ValueError, "x is empty"),
        (np.full((3, 784), np.nan), ValueError, "3 of 3 samples hold NaN"),
        (np.full((3, 784), "a"), TypeError, "x must hold real numbers"),
    ],
)
def test_bad_data_is_named_for_any_keras_model(bad, error, message):
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(784)])
    model.compile("sgd", "mse")
    with pytest.raises(error, match=message):
        training.fit(model, bad, bad, verbose=0)
    good = np.zeros((3, 784))
    with pytest.raises(
        error, match=f"validation {message}" if message[0] == "x" else message
    ):
        training.fit(model, good, good, validation_data=(bad, good), verbose=0)


def test_a_bad_validation_set_is_named_in_keras_loop_too():
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(784)])
    model.compile("sgd", "mse")
    good = np.zeros((3, 784))
    with pytest.raises(ValueError, match="validation x is empty"):
        training.fit(
            model,
            good,
            good,
            validation_data=(good[:0], good[:0]),
            callbacks=[batch_callback()],
        )


def test_a_count_must_be_a_whole_number(x):
    with pytest.raises(TypeError, match=r"epochs must be a whole number, got 1.5"):
        small().fit(x, epochs=1.5)


def test_an_unknown_argument_is_refused(x):
    with pytest.raises(ValueError, match="unknown argument of fit 'epoch'"):
        small().fit(x, epoch=3, verbose=0)


def test_a_model_that_is_not_compiled_says_so(x):
    with pytest.raises(ValueError, match=r"call `compile\(\)`"):
        Autoencoder(*dense(784, latent_dim=8)).fit(x)


# --- the second backend


@pytest.mark.slow
def test_jax_trains_to_the_weights_that_keras_reaches(tmp_path):
    pytest.importorskip("jax")
    script = tmp_path / "on_jax.py"
    script.write_text(
        textwrap.dedent("""
        import json
        import keras, numpy as np
        from aebook import data, training
        from aebook.models import Autoencoder, dense

        def small():
            keras.utils.set_random_seed(1)
            model = Autoencoder(*dense(784, latent_dim=8, hidden=(32,)))
            model.compile("adam", "mse")
            return model

        x = data.flatten(data.load_mnist().x_train[:500])
        options = dict(batch_size=96, epochs=2, shuffle=False, verbose=0)
        ours, theirs = small(), small()
        reason = training.why_keras_loop(ours, x)
        ours.fit(x, validation_data=x[:100], **options)
        keras.Model.fit(theirs, x, x, validation_data=(x[:100],) * 2, **options)
        pairs = zip(ours.get_weights(), theirs.get_weights())
        print(json.dumps({
            "backend": keras.backend.backend(),
            "reason": reason,
            "difference": float(max(np.abs(a - b).max() for a, b in pairs)),
            "history": sorted(ours.history.history),
        }))
        """)
    )
    run = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout.splitlines()[-1])
    assert result["backend"] == "jax"
    assert result["reason"] == ""
    assert result["difference"] <= 1e-6
    assert "val_reconstruction" in result["history"]


# --- a loss that is not finite


def broken_after(x, step, batch_size):
    """Return `x` with targets of which those of one step are too large to square."""
    y = x.copy()
    y[step * batch_size] = 1e25
    return y


@needs_loops
@pytest.mark.parametrize("jit_compile", [True, False])
@pytest.mark.parametrize("cut", [0.5, 1e-9])  # seconds a compiled call
@pytest.mark.slow
def test_a_loss_that_is_not_finite_names_its_step(x, jit_compile, cut, monkeypatch):
    if not jit_compile and keras.backend.backend() == "jax":
        pytest.skip("without jit_compile JAX runs Keras' loop")
    monkeypatch.setattr(CALL_SECONDS, cut)
    keras.utils.set_random_seed(1)
    parts = dense(784, latent_dim=8, hidden=(32,), output_activation="linear")
    model = Autoencoder(*parts)
    model.compile("adam", "mse", jit_compile=jit_compile)
    options = {"batch_size": 20, "shuffle": False, "verbose": 0}
    model.fit(x, epochs=2, **options)
    before = int(model.optimizer.iterations)
    with pytest.raises(training.NonFiniteLossError) as caught:
        model.fit(x, broken_after(x, 17, 20), epochs=9, initial_epoch=2, **options)
    error = caught.value
    assert (error.epoch, error.step) == (3, 18)
    assert error.terms == ("loss", "reconstruction")
    message = str(error)
    assert "at step 18 of epoch 3 loss is inf, reconstruction is inf" in message
    assert "lower the learning rate (0.001 now)" in message
    good = int(message.split("after step ")[1].split()[0])
    assert good == 17 if cut < 0.1 else good <= 17
    assert int(model.optimizer.iterations) == before + good
    assert np.isfinite(model.reconstruct(x)).all()
    model.fit(x, **options)


@pytest.mark.slow
def test_the_weights_after_a_failure_are_those_of_the_step_it_names(x, monkeypatch):
    if keras.backend.backend() == "torch":
        pytest.skip("PyTorch has no compiled loop")
    monkeypatch.setattr(CALL_SECONDS, 1e-9)  # one step a call
    failed, other = small(True), small(True)
    options = {"batch_size": 20, "shuffle": False, "verbose": 0}
    x = x[:180]
    with monkeypatch.context() as patch:
        # lets bad data in
        patch.setattr(
            Autoencoder, "check_data", lambda _, x, y, w, *__, **___: (x, y, w)
        )
        bad = x.copy()
        bad[165] = np.nan
        with pytest.raises(training.NonFiniteLossError, match="step 9 of epoch 1"):
            training.fit(failed, bad, **options)
    other.fit(x[:160], **options)
    assert largest_difference(failed, other) == 0


@pytest.mark.slow
def test_a_loss_that_is_not_finite_stops_the_loop_of_keras_too(x):
    model = Autoencoder(
        *dense(784, latent_dim=8, hidden=(32,), output_activation="linear")
    )
    model.compile("adam", "mse")
    with pytest.raises(
        training.NonFiniteLossError,
        match=r"at step 18 of epoch 1 loss is inf.*a checkpoint keeps those",
    ):
        model.fit(
            x,
            broken_after(x, 17, 20),
            batch_size=20,
            shuffle=False,
            verbose=0,
            callbacks=[batch_callback()],
        )


@pytest.mark.slow
def test_who_asks_keras_to_stop_at_nan_gets_no_error(x):
    model = Autoencoder(
        *dense(784, latent_dim=8, hidden=(32,), output_activation="linear")
    )
    model.compile("adam", "mse")
    quiet = keras.callbacks.TerminateOnNaN()
    y = broken_after(x, 1, 20)
    history = model.fit(x, y, batch_size=20, epochs=3, verbose=0, callbacks=[quiet])
    assert len(history.history["loss"]) == 1
