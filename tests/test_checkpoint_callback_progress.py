"""Callbacks of a run that goes on: their progress is kept, their arguments are new."""

from __future__ import annotations

from collections import defaultdict, namedtuple

from aebook import training
from aebook.training.checkpoint.file import read
from interrupted import Stop, StopAfter
import keras
from keras import callbacks as stock
import numpy as np
import pytest

X = np.random.default_rng(0).random((24, 4), "float32")

# Never better than the first epoch, so that all that waits does.
WAITING = {"monitor": "loss", "min_delta": 9.0}
Mark = namedtuple("Mark", "epoch loss")


def build():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    model.compile(keras.optimizers.Adam(0.01, use_ema=True), "mse", run_eagerly=True)
    return model


def fit(path, callbacks, epochs, model=None, **options):
    model = model or build()
    given = {"batch_size": 8, "verbose": 0, "checkpoint": path, "callbacks": callbacks}
    history = training.fit(model, X, X, epochs=epochs, **given, **options)
    return model, history.history


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.ckpt"


# --- arguments come from the call, progress from the file


@pytest.mark.slow
def test_patience_comes_from_the_call_and_waiting_from_the_file(path):
    fit(path, [stock.EarlyStopping(patience=9, **WAITING)], 3)
    stop = stock.EarlyStopping(patience=4, **WAITING)
    _, history = fit(path, [stop], 9)
    assert len(history["loss"]) == 5  # the best one, and four of waiting
    assert (stop.patience, stop.wait, stop.stopped_epoch) == (4, 4, 4)
    assert stop.best == history["loss"][0]


@pytest.mark.slow
def test_a_larger_patience_lets_a_run_go_on_for_longer(path):
    fit(path, [stock.EarlyStopping(patience=4, **WAITING)], 3)
    _, history = fit(path, [stock.EarlyStopping(patience=6, **WAITING)], 9)
    assert len(history["loss"]) == 7


@pytest.mark.slow
def test_the_factor_of_a_plateau_comes_from_the_call(path):
    def plateau(factor, cooldown):
        return stock.ReduceLROnPlateau(
            factor=factor, patience=1, cooldown=cooldown, **WAITING
        )

    fit(path, [plateau(0.5, 5)], 3)
    kept = plateau(0.1, 0)
    model, history = fit(path, [kept], 8)
    # It waits for the end of the pause that the file tells of, then has its own way.
    rates = [0.01, 0.01, 0.005, 0.005, 0.005, 0.005, 0.005, 5e-4]
    np.testing.assert_allclose(history["learning_rate"], rates, rtol=1e-5)
    assert float(model.optimizer.learning_rate) == pytest.approx(5e-5)
    assert (kept.factor, kept.cooldown) == (0.1, 0)


@pytest.mark.slow
def test_the_file_of_a_model_checkpoint_comes_from_the_call(path, tmp_path):
    def best(name):
        return stock.ModelCheckpoint(tmp_path / name, "loss", save_best_only=True)

    fit(path, [best("first.keras")], 1)
    kept = best("second.keras")
    fit(path, [kept], 2)
    assert kept.filepath == str(tmp_path / "second.keras")
    assert (tmp_path / "second.keras").exists()
    held = next(c for c in read(path)["callbacks"] if c["class"] == "ModelCheckpoint")
    assert set(held["state"]) <= {
        "best",
        "_batches_seen_since_last_saving",
        "_last_batch_seen",
    }


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        ({"monitor": "loss"}, {"monitor": "mae"}, "monitor of EarlyStopping: loss the"),
        ({"mode": "min"}, {"mode": "max"}, "mode of EarlyStopping: min there, max her"),
        (
            {},
            {"restore_best_weights": True},
            "restore_best_weights of EarlyStopping: False there, True here",
        ),
    ],
)
@pytest.mark.slow
def test_what_gives_the_progress_its_meaning_may_not_change(path, first, then, message):
    options = {"monitor": "loss"}
    fit(path, [stock.EarlyStopping(**options | first)], 1)
    with pytest.raises(ValueError, match=f"belongs to a run with another {message}"):
        fit(path, [stock.EarlyStopping(**options | then)], 2)


# --- every stock callback goes on, or is refused


def print_nothing(epoch, logs):
    """Take what a callback is told."""


STOCK = {
    "Callback": lambda folder: stock.Callback(),
    "CSVLogger": lambda folder: stock.CSVLogger(folder / "log.csv", append=True),
    "EarlyStopping": lambda folder: stock.EarlyStopping(
        patience=9, restore_best_weights=True, **WAITING
    ),
    "History": lambda folder: stock.History(),
    "LambdaCallback": lambda folder: stock.LambdaCallback(on_epoch_end=print_nothing),
    "LearningRateScheduler": lambda folder: stock.LearningRateScheduler(
        lambda epoch, rate: rate * 0.7
    ),
    "ModelCheckpoint": lambda folder: stock.ModelCheckpoint(
        folder / "best.weights.h5", "loss", save_weights_only=True, save_freq=5
    ),
    "ProgbarLogger": lambda folder: stock.ProgbarLogger(),
    "ReduceLROnPlateau": lambda folder: stock.ReduceLROnPlateau(patience=2, **WAITING),
    "SwapEMAWeights": lambda folder: stock.SwapEMAWeights(swap_on_epoch=True),
    "TerminateOnNaN": lambda folder: stock.TerminateOnNaN(),
}
OTHERS = {
    "BackupAndRestore",  # is refused
    "CallbackList",  # is none
    "MonitorCallback",  # does nothing by itself
    "OrbaxCheckpoint",  # needs a package that is none of ours
    "RemoteMonitor",  # keeps nothing, and calls a server
    "TensorBoard",  # needs a package that is none of ours
}


def stopped(path, build_callbacks, *epochs, **options):
    """Stop a run before these epochs; return the state of the last file."""
    for epoch in epochs:
        callbacks = build_callbacks()
        with pytest.raises(Stop):
            fit(path, [*callbacks, StopAfter(epoch)], 9, **options)
        for callback in callbacks:  # as the end of a process does
            if isinstance(callback, stock.CSVLogger):
                callback.csv_file.close()
    return read(path)


def test_every_stock_callback_is_thought_of():
    public = {n for n in dir(stock) if isinstance(getattr(stock, n), type)}
    assert public <= {*STOCK, *OTHERS}


@pytest.mark.parametrize("name", STOCK)
@pytest.mark.slow
def test_a_stock_callback_goes_on_to_the_same_bits(name, tmp_path):
    folders = tmp_path / "whole", tmp_path / "stopped"
    for folder in folders:
        folder.mkdir()
    whole, expected = fit(folders[0] / "run.ckpt", [STOCK[name](folders[0])], 5)
    path = folders[1] / "run.ckpt"
    stopped(path, lambda: [STOCK[name](folders[1])], 2, 3)
    model, history = fit(path, [STOCK[name](folders[1])], 5)
    assert history == expected
    for a, b in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    held, ours = (read(folder / "run.ckpt")["callbacks"] for folder in folders)
    np.testing.assert_equal(held, ours)


@pytest.mark.slow
def test_a_log_has_each_epoch_and_the_same_columns(path, tmp_path):
    def log():
        return [stock.CSVLogger(tmp_path / "log.csv", append=True)]

    options = {"validation_data": (X, X), "validation_freq": 2}
    stopped(path, log, 1, **options)  # goes on with an epoch that is validated
    fit(path, log(), 4, **options)
    header, *rows = (tmp_path / "log.csv").read_text().split()
    assert header == "epoch,loss,val_loss"
    assert [row.split(",")[0] for row in rows] == ["0", "1", "2", "3"]
    assert [row.endswith("NA") for row in rows] == [True, False, True, False]


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        (lambda: stock.CSVLogger("log.csv"), "CSVLogger must have append=True"),
        (lambda: stock.BackupAndRestore("backup"), "BackupAndRestore and a checkpoint"),
    ],
)
def test_what_would_undo_the_run_is_refused(path, monkeypatch, callback, message):
    monkeypatch.chdir(path.parent)
    with pytest.raises(ValueError, match=message):
        fit(path, [callback()], 1)
    assert not list(path.parent.iterdir())


# --- callbacks of the reader's own


class Diary(stock.Callback):
    """A callback of a reader: it counts, and changes the run by what it counted."""

    def __init__(self, step=1):
        super().__init__()
        self.step, self.seen, self.marks = step, 0, defaultdict(list)

    def on_train_begin(self, logs=None):
        self.seen = 0

    def on_epoch_end(self, epoch, logs=None):
        self.seen += self.step
        self.marks["all"].append(Mark(epoch, logs["loss"]))
        self.model.optimizer.learning_rate = 0.01 / self.seen


class Kept(Diary):
    def get_state(self):
        return {"seen": self.seen, "marks": self.marks}

    def set_state(self, state):
        assert int(self.model.optimizer.iterations) == 3 * state["seen"]
        self.seen, self.marks = state["seen"], state["marks"]


def test_a_callback_with_attributes_and_no_protocol_is_refused(path):
    model = build()
    with pytest.raises(
        TypeError,
        match=r"Diary has attributes of its own \(marks, seen, step\).*get_state\(\).*"
        r"set_state\(state\)",
    ):
        fit(path, [Diary()], 1, model)
    assert not path.exists()
    assert int(model.optimizer.iterations) == 0


def test_a_subclass_of_a_stock_callback_is_one_of_the_readers_own(path):
    class Patient(stock.EarlyStopping):
        pass

    with pytest.raises(TypeError, match="Patient has attributes of its own"):
        fit(path, [Patient()], 1)


@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_begin"])
def test_an_attribute_that_comes_later_is_still_refused_before_training(path, hook):
    def note(self, *_, **__):
        self.losses = []

    model = build()
    late = type("Late", (stock.Callback,), {hook: note})
    with pytest.raises(TypeError, match=r"Late has attributes of its own \(losses\)"):
        fit(path, [late()], 1, model)
    assert int(model.optimizer.iterations) == 0


@pytest.mark.slow
def test_a_callback_without_attributes_needs_nothing(path):
    class Silent(stock.Callback):
        def on_epoch_end(self, epoch, logs=None):
            assert "loss" in logs

    fit(path, [Silent()], 1)
    fit(path, [], 2)
    assert len(fit(path, [Silent()], 3)[1]["loss"]) == 3


@pytest.mark.slow
def test_what_a_callback_says_it_keeps_comes_back(path):
    expected = Kept()
    whole, losses = fit(path.with_name("whole"), [expected], 5)
    stopped(path, lambda: [Kept()], 2, 4)
    kept = Kept()
    model, history = fit(path, [kept], 5)
    assert history == losses
    assert kept.seen == expected.seen == 5
    assert kept.marks == expected.marks
    assert type(kept.marks) is defaultdict
    assert type(kept.marks["all"][0]) is Mark
    for a, b in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    again = Kept()
    fit(path, [again], 5)  # the run is finished
    assert (again.seen, again.marks) == (kept.seen, kept.marks)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            {"file": print},
            "'file' of Told cannot be kept.*builtin_func.* is not pl",
        ),
        ({"best": {"a": {1}}}, "'best' of Told cannot be kept.*set is not plain"),
        (None, "get_state of Told must return a dict of plain values, got NoneType"),
    ],
)
def test_a_state_that_cannot_be_kept_is_named_before_training(path, state, message):
    class Told(Kept):
        def get_state(self):
            return state

    model = build()
    with pytest.raises(TypeError, match=message):
        fit(path, [Told()], 1, model)
    assert not path.exists()
    assert int(model.optimizer.iterations) == 0


# --- another set of callbacks


def early():
    return stock.EarlyStopping(patience=5, **WAITING)


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        ([early], [], "number of EarlyStopping: 1 there, 0 here"),
        ([early], [early, early], "number of EarlyStopping: 1 there, 2 here"),
        ([], [STOCK["LearningRateScheduler"]], "number of LearningRateScheduler: 0 th"),
        ([Kept], [], r"number of .*Kept: 1 there, 0 here"),
        ([], [Kept], r"number of .*Kept: 0 there, 1 here"),
    ],
)
def test_another_set_of_callbacks_is_refused(path, first, then, message):
    def made(builders):
        return [b(None) if b in STOCK.values() else b() for b in builders]

    fit(path, made(first), 1)
    held, model = path.read_bytes(), build()
    with pytest.raises(ValueError, match=f"belongs to a run with another {message}"):
        fit(path, made(then), 2, model)
    assert path.read_bytes() == held
    assert int(model.optimizer.iterations) == 0


@pytest.mark.slow
def test_loggers_may_come_and_go(path, tmp_path):
    fit(path, [], 1)
    fit(path, [stock.CSVLogger(tmp_path / "log.csv", append=True)], 2)
    assert len(fit(path, [StopAfter(8)], 3)[1]["loss"]) == 3


@pytest.mark.slow
def test_several_callbacks_of_one_class_are_told_apart_by_their_order(path):
    def two():
        return [early(), stock.EarlyStopping("loss", patience=5)]

    fit(path, two(), 3)
    waiting, improving = two()
    fit(path, [waiting, improving], 4)
    assert (waiting.wait, improving.wait) == (3, 0)


@pytest.mark.slow
def test_a_callback_that_changes_the_loop_is_refused(path):
    if keras.backend.backend() == "torch":
        pytest.skip("PyTorch has one loop")
    model = build()
    model.compile("adam", "mse", jit_compile=keras.backend.backend() == "jax")
    fit(path, [], 1, model)
    other = build()
    other.compile("adam", "mse", jit_compile=keras.backend.backend() == "jax")
    act = stock.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    with pytest.raises(ValueError, match="another loop: compiled epochs there, Keras'"):
        fit(path, [act], 2, other)
