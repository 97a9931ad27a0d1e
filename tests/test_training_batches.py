import itertools
import subprocess
import sys
import textwrap

from aebook import training
from aebook.models import Autoencoder, dense
from aebook.training import Batches
from aebook.training.batches import is_mapped
import keras
import numpy as np
import pytest

N = 1000


def small():
    keras.utils.set_random_seed(1)
    model = Autoencoder(*dense(784, latent_dim=8, hidden=(16,)))
    model.compile("adam", "mse")
    return model


def unit(levels):
    return levels.reshape(len(levels), -1) / np.float32(255)


@pytest.fixture
def mapped(digits, tmp_path):
    """1,000 digits as 8-bit levels in a file."""
    array = np.memmap(tmp_path / "x", np.uint8, "w+", shape=(N, 28, 28))
    array[:] = np.round(digits[:N] * 255).reshape(N, 28, 28)
    array.flush()
    return np.memmap(tmp_path / "x", np.uint8, "r", shape=(N, 28, 28))


class Rows:
    """Data that can only be sliced, and notes how."""

    def __init__(self, n):
        self.values = np.arange(n)[:, None]
        self.shape = self.values.shape
        self.slices = []

    def __getitem__(self, rows):
        assert isinstance(rows, slice)
        self.slices.append((rows.start or 0, rows.stop))
        return self.values[rows]


def rows_of(batches):
    return [batch[0].ravel().tolist() for batch in batches]


# --- which rows, in which order


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("n", [1, 5, 63, 64, 65, 200])
@pytest.mark.parametrize(("batch_size", "block_size"), [(1, 7), (8, 16), (64, 64)])
def test_every_row_comes_once_an_epoch(n, batch_size, block_size, shuffle):
    batches = Batches(
        np.arange(n)[:, None],
        batch_size=batch_size,
        block_size=block_size,
        shuffle=shuffle,
        seed=0,
    )
    for _ in range(3):
        batches.on_epoch_begin()
        read = rows_of(batches)
        assert len(read) == len(batches) == -(-n // batch_size)
        assert [len(rows) for rows in read[:-1]] == [batch_size] * (len(read) - 1)
        assert sorted(itertools.chain(*read)) == list(range(n))


def test_each_epoch_has_its_own_order_and_the_seed_repeats_it():
    epochs = {}
    for seed in (3, 3, 4):
        batches = Batches(np.arange(200)[:, None], seed=seed, block_size=64)
        for epoch in range(3):
            batches.on_epoch_begin()
            order = list(itertools.chain(*rows_of(batches)))
            assert epochs.setdefault((seed, epoch), order) == order
    assert len({tuple(order) for order in epochs.values()}) == 6


def test_without_a_seed_keras_decides_the_order():
    orders = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        orders.append(rows_of(Batches(np.arange(99)[:, None])))
    assert orders[0] == orders[1] != orders[2]


def test_without_shuffling_the_rows_keep_their_order():
    batches = Batches(np.arange(10)[:, None], batch_size=4, shuffle=False)
    assert rows_of(batches) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_only_one_block_is_read_at_a_time_and_only_once():
    rows = Rows(1000)
    batches = Batches(rows, batch_size=10, block_size=100, seed=0)
    rows.slices.clear()
    batches.on_epoch_begin()
    list(batches)
    assert max(stop - start for start, stop in rows.slices) == 100
    assert sum(stop - start for start, stop in rows.slices) == 1000
    assert len(rows.slices) <= 11  # ten blocks, of which one goes around the end


def test_the_blocks_begin_elsewhere_in_each_epoch():
    rows = Rows(1000)
    batches = Batches(rows, batch_size=10, block_size=100, seed=0)
    starts = []
    for _ in range(4):
        rows.slices.clear()
        batches.on_epoch_begin()
        list(batches)
        starts.append({start % 100 for start, _ in rows.slices if start})
    assert len(set.union(*starts)) >= 4


def test_each_block_of_each_epoch_is_shuffled_in_its_own_way():
    n, size = 200, 50
    batches = Batches(np.arange(n)[:, None], batch_size=size, block_size=size, seed=0)
    steps = set()
    for _ in range(3):
        batches.on_epoch_begin()
        for rows in rows_of(batches):  # steps do not tell where a block begins
            steps.add(tuple(np.diff(rows) % n))
    assert len(steps) == 3 * n // size


def test_targets_stay_beside_their_inputs():
    x = np.arange(300)[:, None]
    for a, b in Batches(x, 10 * x, block_size=64):
        np.testing.assert_array_equal(b, 10 * a)


@pytest.mark.slow
def test_weights_stay_beside_their_rows_and_weigh_them(digits):
    weights = np.arange(N, dtype="float32") / N
    batches = Batches(digits[:N], sample_weight=weights, batch_size=100, seed=0)
    for x, y, weight in batches:
        np.testing.assert_array_equal(x, y)  # Keras knows no weight without a target
        np.testing.assert_array_equal(x, digits[np.rint(weight * N).astype(int)])
    one, other = small(), small()
    options = {"shuffle": False, "epochs": 2, "verbose": 0}
    one.fit(Batches(digits[:N], sample_weight=weights, shuffle=False), **options)
    other.fit(digits[:N], sample_weight=weights, **options)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6)


def test_a_transform_sees_raw_batches(mapped):
    seen = []

    def transform(batch):
        seen.append((batch.dtype, batch.shape))
        return unit(batch).astype("float64")

    (batch,) = Batches(mapped, transform=transform)[0]
    assert seen == [(np.uint8, (32, 28, 28))]
    assert batch.dtype == np.float32
    assert batch.max() == 1.0
    x, y = Batches(mapped, mapped, transform=lambda x, y: (unit(x), unit(1 - y)))[0]
    assert x.shape == y.shape == (32, 784)


def test_a_file_of_h5py_gives_batches(mapped, tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = mapped
        read = Batches(file["x"], seed=0, transform=unit)
        expected = Batches(mapped, seed=0, transform=unit)
        for (a,), (b,) in zip(read, expected, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="elsewhere Keras trains on other batches with several workers than with one",
)
@pytest.mark.slow
def test_several_workers_read_the_same_batches(mapped):
    losses = []
    for workers in (1, 3):
        batches = Batches(
            mapped, seed=0, transform=unit, block_size=64, workers=workers
        )
        history = small().fit(batches, epochs=2, verbose=0).history
        losses.append(history["loss"])
    assert losses[0] == losses[1]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"x": [[1.0]]}, TypeError, "x must be an array or a file .*got list"),
        ({"x": np.zeros((0, 3))}, ValueError, r"x is empty, got shape \(0, 3\)"),
        ({"y": np.zeros((4, 1))}, ValueError, "as many samples as each other, got 5"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"block_size": 0}, ValueError, "block_size must be at least 1, got 0"),
        ({"seed": 0.5}, TypeError, "seed must be a whole number, got 0.5"),
    ],
)
def test_a_bad_argument_is_named(arguments, error, message):
    with pytest.raises(error, match=message):
        Batches(**{"x": np.zeros((5, 1)), **arguments})


# --- training on it


@pytest.mark.slow
def test_batches_train_as_keras_trains_on_the_same_rows(mapped):
    order = Batches(mapped, batch_size=100, seed=5, transform=unit)
    order.on_epoch_begin()
    x = np.concatenate([batch for (batch,) in order])
    ours, theirs = small(), small()
    ours.fit(Batches(mapped, batch_size=100, seed=5, transform=unit), verbose=0)
    keras.Model.fit(theirs, x, x, batch_size=100, shuffle=False, verbose=0)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_8_bit_levels_without_a_transform_are_refused(mapped):
    model = small()
    flat = mapped.reshape(N, 784)
    with pytest.raises(ValueError, match="divide by 255"):
        model.fit(Batches(flat), verbose=0)
    with pytest.raises(ValueError, match="first validation batch, x has values from 0"):
        good = Batches(flat, transform=unit)
        model.fit(good, validation_data=Batches(flat), verbose=0)
    assert int(model.optimizer.iterations) == 0


@pytest.mark.slow
def test_a_mapped_array_is_read_in_batches(digits, tmp_path, monkeypatch):
    array = np.memmap(tmp_path / "x", np.float32, "w+", shape=(N, 784))
    array[:] = digits[:N]
    assert is_mapped(array)
    assert is_mapped(np.asarray(array)[5:])
    assert not is_mapped(np.array(array))
    assert not is_mapped(digits)
    whole = []
    monkeypatch.setattr("aebook.training.compiled_epochs._on_device", whole.append)
    model = small()
    reason = training.why_keras_loop(model, np.asarray(array))
    if keras.backend.backend() != "torch":  # which never has another loop
        assert reason == "the data is mapped from a file"
    history = model.fit(
        array, epochs=2, validation_split=0.2, validation_batch_size=50, verbose=0
    )
    model.fit(digits[:N], validation_data=array[:50], verbose=0)
    assert not whole
    assert history.history["loss"][1] < history.history["loss"][0]
    expected = model.evaluate(array[800:], verbose=0)
    assert np.isfinite(expected).all()


@pytest.mark.slow
def test_datasets_of_inputs_or_pairs_train_an_autoencoder(digits):
    import tensorflow as tf

    x = digits[:96]

    class Pairs(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, i):
            rows = x[32 * i : 32 * i + 32]
            return rows, rows

    def generate():
        while True:
            for i in range(3):
                yield (x[32 * i : 32 * i + 32],)

    expected = keras.Model.fit(small(), x, x, shuffle=False, verbose=0).history["loss"]
    for batches, options in (
        (tf.data.Dataset.from_tensor_slices(x).batch(32), {}),
        (tf.data.Dataset.from_tensor_slices((x, x)).batch(32), {}),
        (Pairs(), {"shuffle": False}),
        (generate(), {"steps_per_epoch": 3}),
        (Batches(x, shuffle=False), {}),
        (Batches(x, x, shuffle=False), {}),
    ):
        history = small().fit(batches, verbose=0, **options).history
        assert history["loss"] == pytest.approx(expected, rel=1e-5)


def test_a_dataset_of_grain_trains_an_autoencoder(digits):
    grain = pytest.importorskip("grain")
    batches = grain.MapDataset.source(digits[:96]).batch(32)
    assert np.isfinite(small().fit(batches, verbose=0).history["loss"]).all()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells this memory")
@pytest.mark.slow
def test_training_on_a_file_needs_no_memory_for_it(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        textwrap.dedent("""
        import sys
        from pathlib import Path
        import keras, numpy as np
        from aebook.models import Autoencoder, dense
        from aebook.training import Batches

        def own_memory():
            text = Path("/proc/self/status").read_text()
            return int(text.split("RssAnon:")[1].split()[0]) / 1024  # MiB

        n = 100_000  # 299 MiB as float32
        x = np.memmap(sys.argv[1], np.float32, "w+", shape=(n, 784))
        model = Autoencoder(*dense(784, latent_dim=2, hidden=()))
        model.compile()
        model.fit(Batches(x[:2000], batch_size=1000), verbose=0)
        before = own_memory()
        model.fit(Batches(x, batch_size=1000), verbose=0)
        model.fit(np.asarray(x), batch_size=1000, verbose=0)
        print(own_memory() - before)
        """)
    )
    run = subprocess.run(
        [sys.executable, script, tmp_path / "x"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert float(run.stdout) < 150  # blocks of 32 MiB, and batches read ahead
