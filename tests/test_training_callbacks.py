"""Every callback of Keras does in compiled epochs what it does in Keras' own loop."""

from __future__ import annotations

import csv
import json

from aebook import training
from aebook.models import Autoencoder, dense
from interrupted import Stop, StopAfter
import keras
import numpy as np
import pytest

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="other backends have one loop only"
)
callbacks = keras.callbacks
EPOCHS = 5


def rate_of(epoch, rate):
    return 0.5 * rate if epoch else rate


#: How each is built, in a folder of its own.
STOCK = {
    "BackupAndRestore": lambda d: callbacks.BackupAndRestore(d / "backup"),
    "CSVLogger": lambda d: callbacks.CSVLogger(d / "log.csv"),
    "Callback": lambda _: callbacks.Callback(),
    "EarlyStopping": lambda _: callbacks.EarlyStopping(
        min_delta=1e-3, patience=1, restore_best_weights=True
    ),
    "History": lambda _: callbacks.History(),
    "LambdaCallback": lambda d: callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: (d / f"{epoch}").write_text(str(sorted(logs)))
    ),
    "LearningRateScheduler": lambda _: callbacks.LearningRateScheduler(rate_of),
    "ModelCheckpoint": lambda d: callbacks.ModelCheckpoint(
        d / "best.weights.h5", save_best_only=True, save_weights_only=True
    ),
    "OrbaxCheckpoint": None,  # wants a package that is not among ours
    "ProgbarLogger": lambda _: callbacks.ProgbarLogger(),
    "ReduceLROnPlateau": lambda _: callbacks.ReduceLROnPlateau(
        factor=0.1, patience=1, min_delta=1e-2
    ),
    "RemoteMonitor": None,  # sends to a server; see the test of its own
    "SwapEMAWeights": lambda _: callbacks.SwapEMAWeights(),
    "SwapEMAWeights at epochs": lambda _: callbacks.SwapEMAWeights(swap_on_epoch=True),
    "TensorBoard": None,  # wants a package too; see the test of the loop it takes
    "TerminateOnNaN": lambda _: callbacks.TerminateOnNaN(),
}
BUILT = {name: build for name, build in STOCK.items() if build}
LOOPS = {"compiled": training.fit, "Keras": keras.Model.fit}


@pytest.fixture
def x(digits):
    return digits[:200]


def small(name=""):
    keras.utils.set_random_seed(1)
    model = Autoencoder(*dense(784, latent_dim=4, hidden=()))
    adam = keras.optimizers.Adam(0.01, use_ema=name.startswith("SwapEMA"))
    model.compile(adam, "mse", jit_compile=False)
    return model


def run(loop, model, x, callback, epochs=EPOCHS, **options):
    return LOOPS[loop](
        model,
        x,
        x,
        epochs=epochs,
        batch_size=64,
        shuffle=False,
        validation_data=(x[:50], x[:50]),
        callbacks=[callback],
        verbose=0,
        **options,
    )


def test_no_callback_of_keras_is_forgotten():
    known = {name.split()[0] for name in STOCK} | {"CallbackList"}
    there = {
        name
        for name, cls in vars(callbacks).items()
        if isinstance(cls, type) and issubclass(cls, callbacks.Callback)
    }
    assert there <= known, there - known


@pytest.mark.parametrize("name", BUILT)
@pytest.mark.slow
def test_it_does_what_it_does_in_keras_own_loop(name, x, tmp_path):
    ends = {}
    for loop in LOOPS:
        folder = tmp_path / loop
        folder.mkdir()
        model = small(name)
        history = run(loop, model, x, BUILT[name](folder))
        files = [path.name for path in folder.iterdir()]
        ends[loop] = history.history, model.get_weights(), set(files)
    (ours, weights, files), (theirs, expected, their_files) = ends.values()
    assert ours.keys() == theirs.keys()
    for key, values in theirs.items():
        np.testing.assert_allclose(ours[key], values, rtol=1e-4, err_msg=key)
    for a, b in zip(weights, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    assert files == their_files


@pytest.mark.slow
def test_what_counts_batches_takes_the_loop_of_keras(x, tmp_path):
    board = callbacks.TensorBoard(tmp_path)
    often = callbacks.ModelCheckpoint(tmp_path / "a.keras", save_freq=2)
    backup = callbacks.BackupAndRestore(tmp_path, save_freq=2)
    for callback in (board, often, backup, callbacks.TerminateOnNaN()):
        reason = training.why_keras_loop(small(), x, callbacks=[callback])
        assert reason == "a callback acts on batches"


@pytest.mark.slow
def test_the_best_weights_on_disk_are_those_of_keras(x, tmp_path):
    kept = []
    for loop in LOOPS:
        path = tmp_path / f"{loop}.weights.h5"
        model = small()
        best = callbacks.ModelCheckpoint(
            path, save_best_only=True, save_weights_only=True
        )
        run(loop, model, x, best)
        model.load_weights(path)
        kept.append(model.get_weights())
    for a, b in zip(*kept, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.slow
def test_the_log_has_the_lines_of_keras(x, tmp_path):
    rows = []
    for loop in LOOPS:
        path = tmp_path / f"{loop}.csv"
        run(loop, small(), x, callbacks.CSVLogger(path))
        with path.open() as file:
            rows.append(list(csv.DictReader(file)))
    assert [row["epoch"] for row in rows[0]] == [row["epoch"] for row in rows[1]]
    for ours, theirs in zip(*rows, strict=True):
        assert ours.keys() == theirs.keys()
        for key, value in theirs.items():
            assert float(ours[key]) == pytest.approx(float(value), rel=1e-4)


@pytest.mark.slow
def test_the_remote_monitor_tells_each_epoch(x, monkeypatch):
    sent = {loop: [] for loop in LOOPS}
    for loop in LOOPS:
        monitor = callbacks.RemoteMonitor(send_as_json=True)
        module = "keras.src.callbacks.remote_monitor.requests"

        class Server:
            class exceptions:
                RequestException = OSError

            @staticmethod
            def post(url, json, headers, to=loop):
                sent[to].append(json)

        monkeypatch.setattr(module, Server)
        run(loop, small(), x, monitor)
    assert [json.loads(json.dumps(s))["epoch"] for s in sent["compiled"]] == list(
        range(EPOCHS)
    )
    for ours, theirs in zip(*sent.values(), strict=True):
        assert ours.keys() == theirs.keys()
        assert float(ours["loss"]) == pytest.approx(float(theirs["loss"]), rel=1e-4)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.slow
def test_a_backup_goes_on_with_the_epoch_that_was_interrupted(loop, x, tmp_path):
    model = small()
    options = {"epochs": 6, "batch_size": 64, "shuffle": False, "verbose": 0}
    backup = callbacks.BackupAndRestore(tmp_path)
    with pytest.raises(Stop):
        LOOPS[loop](model, x, x, callbacks=[backup, StopAfter(3)], **options)
    again = small()
    backup = callbacks.BackupAndRestore(tmp_path)
    history = LOOPS[loop](again, x, x, callbacks=[backup], **options)
    assert history.epoch == [3, 4, 5]
    assert int(again.optimizer.iterations) == 6 * 4


@pytest.mark.slow
def test_a_run_after_a_restored_one_trains_all_its_epochs(x, tmp_path):
    model = small()
    backup = callbacks.BackupAndRestore(tmp_path)
    with pytest.raises(Stop):
        model.fit(x, epochs=4, callbacks=[backup, StopAfter(2)], verbose=0)
    backup = callbacks.BackupAndRestore(tmp_path)
    assert model.fit(x, epochs=4, callbacks=[backup], verbose=0).epoch == [2, 3]
    assert model.fit(x, epochs=2, verbose=0).epoch == [0, 1]


@pytest.mark.parametrize(
    "setter",
    [callbacks.ReduceLROnPlateau(), callbacks.LearningRateScheduler(rate_of)],
    ids=lambda c: type(c).__name__,
)
def test_a_schedule_and_a_callback_do_not_both_set_the_rate(x, setter):
    model = small()
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 9)))
    with pytest.raises(ValueError, match="is a schedule, which cannot be set; use one"):
        model.fit(x, callbacks=[setter], verbose=0)
    assert int(model.optimizer.iterations) == 0


def test_a_class_in_the_place_of_a_callback_is_named(x):
    with pytest.raises(TypeError, match="got type; make an object of it"):
        small().fit(x, callbacks=[callbacks.EarlyStopping], verbose=0)


@pytest.mark.slow
def test_a_second_compile_is_noticed_by_a_model_with_metrics_of_its_own(x):
    class Listing(Autoencoder):
        @property
        def metrics(self):
            return [*self.trackers.values()]

    keras.utils.set_random_seed(0)
    model = Listing(*dense(784, latent_dim=4, hidden=()))
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.fit(x, verbose=0)
    before = model.encoder.get_weights()
    model.compile(keras.optimizers.SGD(1.0), "mse")
    model.fit(x, verbose=0)
    assert np.abs(before[0] - model.encoder.get_weights()[0]).max() > 0


@pytest.mark.parametrize("whole", [np.int64, np.int32, np.uint8])
@pytest.mark.slow
def test_counts_may_be_numbers_of_numpy(x, whole):
    options = {
        "batch_size": 64,
        "epochs": 3,
        "initial_epoch": 1,
        "validation_batch_size": 32,
        "validation_freq": 2,
        "verbose": 0,
    }
    for callback in ([], [callbacks.TerminateOnNaN()]):  # both loops
        numbers = {name: whole(value) for name, value in options.items()}
        history = small().fit(x, validation_data=x[:9], callbacks=callback, **numbers)
        assert history.epoch == [1, 2]
        assert len(history.history["val_loss"]) == 1
