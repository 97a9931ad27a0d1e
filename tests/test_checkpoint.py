import errno
import importlib
import io
import os
from pathlib import Path
import random
from types import SimpleNamespace

from aebook import training
from aebook.models import Autoencoder, dense
from aebook.training.checkpoint.file import read, write
from interrupted import Stop, StopAfter
import keras
import numpy as np
import pytest

needs_loops = pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="PyTorch has no compiled loop"
)


OPTIONS = {"epochs": 8, "batch_size": 48, "verbose": 0}


@pytest.fixture(scope="module")
def x(digits):
    return digits[:300]


def unstopped(folder):
    """Return where a run keeps its state that is not stopped: nowhere, if possible.

    In Keras' own loop the order of an array cannot be taken up again. With a checkpoint
    it is read through `Batches`, in another order, so what nothing stops needs one too.
    """
    on_torch = keras.backend.backend() == "torch"
    return folder / "unstopped.ckpt" if on_torch else None


@pytest.fixture(scope="module")
def whole(x, tmp_path_factory):
    """A run of eight epochs that nothing stopped, and the random numbers after it."""
    model = small()
    kept = unstopped(tmp_path_factory.mktemp("whole"))
    history = model.fit(x, checkpoint=kept, **OPTIONS)
    draws = random.random(), np.random.random()  # noqa: NPY002
    return SimpleNamespace(model=model, history=history.history, draws=draws)


@pytest.fixture(scope="module")
def one_epoch(x, tmp_path_factory):
    """The bytes of the checkpoint of a run of one epoch."""
    path = tmp_path_factory.mktemp("one") / "epoch.ckpt"
    run_stopped_at([], path, x, epochs=1)
    return path.read_bytes()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs" / "small.ckpt"  # the folder is made


@pytest.fixture
def written(path, one_epoch):
    path.parent.mkdir()
    path.write_bytes(one_epoch)
    return path


def small(optimizer="adam", latent_dim=8, rate=0.3):
    keras.utils.set_random_seed(1)
    encoder, decoder = dense(784, latent_dim=latent_dim, hidden=(16,))
    drop = keras.layers.Dropout(rate)
    encoder = keras.Sequential([keras.Input((784,)), drop, encoder], name="encoder")
    model = Autoencoder(encoder, decoder)
    if optimizer == "schedule":
        optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0, 60))
        optimizer.learning_rate.warmup_target = 0.01
        optimizer.learning_rate.warmup_steps = 10
    model.compile(optimizer, "mse")
    return model


def print_nothing(batch, logs):
    """Act on batches, so that Keras' own loop is taken."""


class StopOnBatch(StopAfter):
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.epoch == self.last and batch == 3:
            raise Stop


def plateau_and_early_stopping():
    return [
        keras.callbacks.ReduceLROnPlateau(factor=0.3, patience=1, min_delta=2e-3),
        keras.callbacks.EarlyStopping(
            patience=4, min_delta=1e-3, restore_best_weights=True
        ),
    ]


def state(model):
    return [
        keras.ops.convert_to_numpy(v)
        for v in [*model.variables, *model.optimizer.variables]
    ]


def assert_same_bits(model, other):
    for a, b in zip(state(model), state(other), strict=True):
        assert a.dtype == b.dtype
        assert a.tobytes() == b.tobytes()


def run_stopped_at(stops, path, x, optimizer="adam", callbacks=list, **options):
    """Start the run, stop it, start it again; return the last model and its history."""
    options = OPTIONS | options
    for stop in stops:
        with pytest.raises(Stop):
            small(optimizer).fit(
                x, callbacks=[*callbacks(), stop], checkpoint=path, **options
            )
    model = small(optimizer)
    history = model.fit(x, callbacks=callbacks(), checkpoint=path, **options)
    return model, history


# --- a run that goes on


@pytest.mark.parametrize(
    ("optimizer", "stops"), [("adam", (0,)), ("schedule", (3, 6)), ("adam", (7,))]
)
@pytest.mark.slow
def test_a_stopped_run_ends_at_the_bits_of_one_that_never_stopped(
    x, path, tmp_path, optimizer, stops
):
    options = {"validation_data": x[:64], "validation_freq": 2}
    expected, kept = small(optimizer), unstopped(tmp_path)
    history = expected.fit(x, checkpoint=kept, **OPTIONS, **options)
    stops = map(StopAfter, stops)
    model, resumed = run_stopped_at(stops, path, x, optimizer, **options)
    assert resumed.history == history.history
    assert resumed.epoch == history.epoch
    assert_same_bits(model, expected)


@pytest.mark.slow
def test_the_callbacks_go_on_too(x, path, tmp_path):
    options = {"epochs": 30, "batch_size": 8, "validation_split": 0.2, "verbose": 0}
    keras.utils.set_random_seed(1)
    expected = small()
    history = expected.fit(
        x,
        callbacks=plateau_and_early_stopping(),
        checkpoint=unstopped(tmp_path),
        **options,
    )
    assert 6 < len(history.history["loss"]) < 30  # early stopping has stopped it
    assert min(history.history["learning_rate"]) < 0.001  # the plateau was met
    model, resumed = run_stopped_at(
        [StopAfter(3), StopAfter(6)],
        path,
        x,
        "adam",
        plateau_and_early_stopping,
        **options,
    )
    assert resumed.history == history.history
    assert_same_bits(model, expected)


@needs_loops
@pytest.mark.slow
def test_the_compiler_is_chosen_by_the_whole_run(x, path, monkeypatch):
    all_steps = 8 * 7  # no fewer
    monkeypatch.setattr("aebook.training.loop_choice.XLA_STEPS", all_steps)
    expected = small(rate=0)  # XLA is not chosen for noise
    expected.fit(x, **OPTIONS)
    assert expected._aebook_loops.jit_compile
    with pytest.raises(Stop):
        small(rate=0).fit(x, checkpoint=path, callbacks=[StopAfter(6)], **OPTIONS)
    model = small(rate=0)
    model.fit(x, checkpoint=path, **OPTIONS)
    assert model._aebook_loops.jit_compile
    assert_same_bits(model, expected)


@pytest.mark.slow
def test_a_run_in_the_loop_of_keras_goes_on_too(x, path):
    def callbacks():
        return [keras.callbacks.LambdaCallback(on_train_batch_end=print_nothing)]

    weights = np.linspace(0, 1, len(x), dtype="float32")
    options = {"sample_weight": weights, "validation_split": 0.2}
    expected, history = run_stopped_at(
        [], path.with_name("whole"), x, callbacks=callbacks, **options
    )
    stops = [StopAfter(2), StopOnBatch(5)]
    model, resumed = run_stopped_at(stops, path, x, callbacks=callbacks, **options)
    assert resumed.history == history.history
    assert_same_bits(model, expected)


@pytest.mark.slow
def test_batches_go_on_in_their_order(x, path):
    def run(name, stops):
        batches = training.Batches(x, batch_size=32, seed=4, block_size=64)
        options = {"batch_size": None, "validation_data": x[:64]}
        return run_stopped_at(stops, path.with_name(name), batches, **options)

    expected, history = run("whole", [])
    model, resumed = run("stopped", [StopAfter(3), StopOnBatch(6)])
    assert resumed.history == history.history
    assert_same_bits(model, expected)


@pytest.mark.slow
def test_a_run_of_so_many_steps_an_epoch_goes_on_too(x, path):
    def run(name, stops):
        options = {"batch_size": None, "steps_per_epoch": 4}
        return run_stopped_at(stops, path.with_name(name), x, **options)

    expected, history = run("whole", [])
    assert int(expected.optimizer.iterations) == 4 * OPTIONS["epochs"]
    model, resumed = run("stopped", [StopAfter(3)])
    assert resumed.history == history.history
    assert_same_bits(model, expected)


@needs_loops
@pytest.mark.slow
def test_a_checkpoint_changes_no_number(x, path, whole):
    kept = small()
    history = kept.fit(x, checkpoint=path, **OPTIONS)
    assert history.history == whole.history
    assert_same_bits(kept, whole.model)


@pytest.mark.slow
def test_a_run_stopped_between_checkpoints_repeats_the_epochs_since(x, path, whole):
    options = OPTIONS | {"checkpoint": path, "checkpoint_every": 3}
    with pytest.raises(Stop):
        small().fit(x, callbacks=[StopAfter(5)], **options)
    assert read(path)["epoch"] == 3
    model, resumed = run_stopped_at([], path, x, checkpoint_every=3)
    assert resumed.history == whole.history
    assert_same_bits(model, whole.model)


@pytest.mark.slow
def test_the_random_numbers_after_the_run_are_the_same(x, path, whole):
    run_stopped_at([StopAfter(4)], path, x)
    assert (random.random(), np.random.random()) == whole.draws  # noqa: NPY002


def test_a_finished_run_returns_at_once(x, path):
    def best():
        return [
            keras.callbacks.EarlyStopping(
                "loss", patience=2, min_delta=9, restore_best_weights=True
            )
        ]

    model, history = run_stopped_at([], path, x, callbacks=best)
    assert len(history.history["loss"]) == 3
    again, second = run_stopped_at(
        [], path, x, callbacks=lambda: [*best(), StopAfter(0), StopAfter(3)]
    )
    assert second.history == history.history
    assert_same_bits(model, again)
    assert again.history is second


@pytest.mark.slow
def test_a_finished_run_goes_on_when_more_epochs_are_asked_for(x, written, whole):
    model, resumed = run_stopped_at([], written, x, epochs=8)
    assert resumed.history == whole.history
    assert_same_bits(model, whole.model)


@pytest.mark.slow
def test_a_run_killed_before_its_last_word_still_gets_it(x, path):
    class NoEnd(keras.callbacks.Callback):
        def on_train_end(self, logs=None):
            raise Stop

    def best():
        return [
            keras.callbacks.EarlyStopping(
                "loss", patience=2, min_delta=9, restore_best_weights=True
            )
        ]

    expected, history = run_stopped_at([], path.with_name("whole"), x, callbacks=best)
    model, resumed = run_stopped_at([NoEnd()], path, x, callbacks=best)
    assert resumed.history == history.history
    assert_same_bits(model, expected)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
@pytest.mark.slow
def test_a_killed_run_ends_at_the_bits_of_one_that_was_not(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    killed_run = importlib.import_module("killed_run")
    expected = tmp_path / "expected.npz"
    killed_run.write_result(expected, *killed_run.train(unstopped(tmp_path)))
    rng = random.Random(0)
    epochs = rng.randint(1, 9)
    held = killed_run.kill(tmp_path, rng.uniform(0, 0.1), after=epochs)
    assert epochs <= held < killed_run.EPOCHS
    result = tmp_path / "result.npz"  # the rest runs here: another process
    killed_run.write_result(result, *killed_run.train(tmp_path / "run.ckpt"))
    assert killed_run.same(expected, result)


# --- what is refused


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"model": lambda: small(latent_dim=9)},
            "another encoder/encoder/code/units: 8 there, 9",
        ),
        ({"model": lambda: small("sgd")}, "another optimizer: Adam there, SGD here"),
        ({"batch_size": 49}, "another batch_size: 48 there, 49 here"),
        ({"shuffle": False}, "another shuffle: True there, False here"),
        ({"data": lambda x: x[:200]}, r"another x: float32 \(300, 784\) \w+ there"),
        ({"data": lambda x: x[::-1]}, "belongs to a run with another x"),
        ({"validation_split": 0.1}, "another validation_split: 0.0 there, 0.1 here"),
        (
            {"model": lambda: small(keras.optimizers.Adam(beta_1=0.8))},
            "another optimizer/beta_1: 0.9 there, 0.8 here",
        ),
    ],
)
@pytest.mark.slow
def test_the_checkpoint_of_another_run_is_refused(
    x, written, one_epoch, change, message
):
    change = dict(change)
    model = change.pop("model", small)()
    other = change.pop("data", lambda x: x)(x)
    weights, draws = state(model), random.getstate()
    options = OPTIONS | change
    with pytest.raises(ValueError, match=message):
        model.fit(other, checkpoint=written, **options)
    for a, b in zip(weights, state(model), strict=True):
        np.testing.assert_array_equal(a, b)
    assert random.getstate() == draws
    assert written.read_bytes() == one_epoch


@pytest.mark.parametrize("damage", ["cut", "flipped", "text", "empty"])
@pytest.mark.slow
def test_a_damaged_checkpoint_is_refused(x, written, one_epoch, damage):
    middle = len(one_epoch) // 2
    flipped = bytes([one_epoch[middle] ^ 1])
    damaged = {
        "cut": one_epoch[:middle],
        "flipped": one_epoch[:middle] + flipped + one_epoch[middle + 1 :],
        "text": b"not a checkpoint",
        "empty": b"",
    }
    written.write_bytes(damaged[damage])
    with pytest.raises(ValueError, match="delete it to start again, or give another"):
        small().fit(x, checkpoint=written, **OPTIONS)


@pytest.mark.slow
def test_whatever_is_flipped_in_a_file_it_is_called_damaged(tmp_path):
    path = tmp_path / "a.ckpt"
    write(path, {"a": np.arange(50.0), "b": [1, "x"], "c": (np.ones((3, 4)), None)})
    held, rng = path.read_bytes(), random.Random(0)
    refused = 0
    for _ in range(300):
        damaged = bytearray(held)
        for _ in range(rng.choice([1, 2, 8])):
            damaged[rng.randrange(len(held))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged[: rng.choice([len(held), rng.randrange(len(held))])])
        try:
            read(path)  # what no one reads, such as a date, may be flipped
        except ValueError as error:
            assert "delete it to start again" in str(error)
            refused += 1
    assert refused > 200


@pytest.mark.slow
def test_a_bad_interval_is_named(x, path):
    with pytest.raises(ValueError, match="checkpoint_every must be at least 1, got 0"):
        small().fit(x, checkpoint=path, checkpoint_every=0, verbose=0)


# --- the file


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("where", ["os.fsync", "os.replace", "numpy.savez"])
@pytest.mark.slow
def test_a_full_disk_leaves_the_checkpoint_before(x, path, whole, monkeypatch, where):
    class Fill(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 3:
                monkeypatch.setattr(where, full_disk)

    with pytest.raises(OSError, match=r"No space left on device.*the one before is"):
        small().fit(x, checkpoint=path, callbacks=[Fill()], **OPTIONS)
    monkeypatch.undo()
    assert read(path)["epoch"] == 3
    assert os.listdir(path.parent) == [path.name]  # noqa: PTH208
    model, _ = run_stopped_at([], path, x)
    assert_same_bits(model, whole.model)


@pytest.mark.slow
def test_a_file_that_cannot_be_read_is_never_called_damaged(x, written, monkeypatch):
    held = written.read_bytes()

    def refuse(path, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as context:
        context.setattr(Path, "open", refuse)
        with pytest.raises(PermissionError, match=r"Permission denied.*make it") as no:
            small().fit(x, checkpoint=written, **OPTIONS)
    assert "delete" not in str(no.value)
    assert no.value.filename == str(written)

    class Broken(io.BytesIO):
        def read(self, *_):
            raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as context:
        context.setattr(Path, "open", lambda *_: Broken(held))
        with pytest.raises(OSError, match=r"Input/output error.*make it") as no:
            small().fit(x, checkpoint=written, **OPTIONS)
    assert "delete" not in str(no.value)
    assert written.read_bytes() == held


@pytest.mark.slow
def test_a_folder_in_the_place_of_the_file_is_named(x, tmp_path):
    with pytest.raises(OSError, match=r"cannot read .*a file in it") as no:
        small().fit(x, checkpoint=tmp_path, **OPTIONS)
    assert "delete" not in str(no.value)
    assert tmp_path.is_dir()


def test_a_folder_that_cannot_be_written_is_named_before_training(x, tmp_path):
    occupied = tmp_path / "a file"
    occupied.write_text("")
    model = small()
    with pytest.raises(OSError):
        model.fit(x, checkpoint=occupied / "run.ckpt", verbose=0)
    assert int(model.optimizer.iterations) == 0


def test_the_checkpoint_holds_no_pickle(written):
    with np.load(written, allow_pickle=False) as archive:
        assert all(not archive[name].dtype.hasobject for name in archive.files)
