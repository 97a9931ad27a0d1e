"""One training run with a checkpoint, to be killed and started again.

    python tests/killed_run.py                # ten moments, each run to its end
    python tests/killed_run.py --kills 3 --seed 7

`test_checkpoint.py` does the same at one moment.
"""

import argparse
from pathlib import Path
import random
import signal
import subprocess
import sys
import tempfile
import time

from aebook import data
from aebook.models import Autoencoder, dense
import keras
import numpy as np

EPOCHS = 30


def train(checkpoint):
    """Train a model in which every kind of state matters; return it and its history."""
    keras.utils.set_random_seed(3)
    x = data.flatten(data.load_mnist().x_train[:1500])
    encoder, decoder = dense(784, latent_dim=8, hidden=(32,))
    drop = keras.layers.Dropout(0.3)
    encoder = keras.Sequential([keras.Input((784,)), drop, encoder], name="encoder")
    model = Autoencoder(encoder, decoder)
    model.compile(keras.optimizers.Adam(3e-3), "mse")
    callbacks = [
        keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=1, min_delta=3e-4),
        keras.callbacks.EarlyStopping(
            patience=8, min_delta=1e-4, restore_best_weights=True
        ),
    ]
    history = model.fit(
        x[:1200],
        batch_size=8,
        epochs=EPOCHS,
        validation_data=x[1200:],
        callbacks=callbacks,
        verbose=0,
        checkpoint=checkpoint,
    )
    return model, history.history


def write_result(path, model, history):
    """Store weights, optimizer and history; a file of equal bits is an equal run."""
    variables = [*model.variables, *model.optimizer.variables]
    values = [keras.ops.convert_to_numpy(variable) for variable in variables]
    np.savez(path, *values, **{f"history {k}": v for k, v in history.items()})


def same(path, other):
    """Whether two results are equal to the bit."""
    with np.load(path) as a, np.load(other) as b:
        return a.files == b.files and all(
            a[name].tobytes() == b[name].tobytes() for name in a.files
        )


def start(checkpoint, result):
    """Start the run in a process of its own."""
    command = [sys.executable, __file__, "--run", str(checkpoint), str(result)]
    return subprocess.Popen(command)


def kill(folder, moment, after=1):
    """Start the run of a folder, and kill it some seconds after so many epochs.

    Return how many epochs the checkpoint held when the process was dead; -1 if the
    run was quicker than the moment.
    """
    from aebook.training.checkpoint.file import read

    checkpoint = folder / "run.ckpt"
    process = start(checkpoint, folder / "result.npz")
    while (
        process.poll() is None and (read(checkpoint) or {"epoch": 0})["epoch"] < after
    ):
        time.sleep(0.01)
    time.sleep(moment)
    killed = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return read(checkpoint)["epoch"] if killed else -1


def kill_once(folder, moment):
    """Kill a run some seconds after its first epoch, then let it finish."""
    epochs = kill(folder, moment)
    if start(folder / "run.ckpt", folder / "result.npz").wait() != 0:
        raise RuntimeError("the run that went on failed")
    return epochs


def main():
    """Kill as many runs as asked for, and count those that end at the same bits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=3.0, help="the last moment")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        return write_result(options.run[1], *train(options.run[0]))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        reference = root / "reference.npz"
        write_result(reference, *train(None))
        equal, rng = 0, random.Random(options.seed)
        for i in range(options.kills):
            folder = root / str(i)
            folder.mkdir()
            moment = rng.uniform(0, options.seconds)
            epochs = kill_once(folder, moment)
            is_same = same(reference, folder / "result.npz")
            equal += is_same
            print(f"{moment:5.2f} s  after epoch {epochs:3}  equal: {is_same}")
        print(f"{equal} of {options.kills} equal to the bit")


if __name__ == "__main__":
    main()
