"""One saved file on every backend of Keras: do all predict the same from it?

    python tests/saved_files.py

TensorFlow trains a dense, a convolutional and a recurrent autoencoder for a moment and
saves them. Each backend then loads the files in a process of its own, and predicts the
same digits. The table shows the largest difference of a pixel from TensorFlow's.
"""

import importlib.util
import json
import os
from pathlib import Path
import subprocess
import sys
from tempfile import TemporaryDirectory

import numpy as np

MODULES = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}
ARCHITECTURES = ("dense", "convolutional", "recurrent")
CLOSE = 1e-5  # of a pixel in [0, 1]; measured: 4e-7 and less


def missing(backend):
    """Why a backend cannot run here, or nothing."""
    if importlib.util.find_spec(MODULES[backend]) is None:
        return f"{backend} is not installed; `make test-backends` brings PyTorch"
    return ""


def save(folder):
    """Train each architecture on a few digits, and save it with them."""
    from aebook import data, models
    import keras

    keras.utils.set_random_seed(0)
    x = data.load_mnist().x_train[:500]
    np.save(folder / "x.npy", x)
    for name in ARCHITECTURES:
        pair = getattr(models, name)((28, 28), latent_dim=8)
        model = models.Autoencoder(*pair)
        model.compile("adam", "mse")
        model.fit(x, batch_size=50, verbose=0)
        model.save(folder / f"{name}.keras")


def predict(folder):
    """Load each file, store what it makes of the digits, and train one a bit more."""
    import aebook.models  # noqa: F401  registers the classes
    import keras

    x, backend = np.load(folder / "x.npy"), keras.backend.backend()
    keras.utils.set_random_seed(0)
    layer = keras.layers.Dense(4)
    layer.build((None, 3))
    made = {"drawn": layer.get_weights()[0]}
    for name in ARCHITECTURES:
        model = keras.saving.load_model(folder / f"{name}.keras")
        made[name] = model.reconstruct(x)
        if name == "dense":
            keras.Model.fit(model, x, x, batch_size=50, shuffle=False, verbose=0)
            made["trained on"] = model.reconstruct(x)
    np.savez(folder / f"{backend}.npz", **made)


def ask(task, folder, backend):
    """Do a task in a new process on a backend."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, task, str(folder)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{backend} failed to {task}:\n{done.stderr[-2000:]}")


def compare(folder):
    """Largest difference from TensorFlow for each backend and each thing made."""
    ask("save", folder, "tensorflow")
    made = {}
    for backend in MODULES:
        if not missing(backend):
            ask("predict", folder, backend)
            with np.load(folder / f"{backend}.npz") as stored:
                made[backend] = dict(stored)
    first = made["tensorflow"]
    return {
        backend: {
            name: float(np.abs(value - first[name]).max())
            for name, value in things.items()
        }
        for backend, things in made.items()
    }


def main(arguments):
    """Answer a task, or compare all backends and print the table."""
    if arguments:
        {"save": save, "predict": predict}[arguments[0]](Path(arguments[1]))
        return
    with TemporaryDirectory() as folder:
        differences = compare(Path(folder))
    print("largest difference of a pixel from TensorFlow, same file, same images")
    for backend, row in differences.items():
        cells = ", ".join(f"{name} {row[name]:.1e}" for name in ARCHITECTURES)
        print(f"  {backend:<11}{cells}")
    for backend in MODULES:
        if why := missing(backend):
            print(f"  {backend:<11}{why}")
    worst = max(row[name] for row in differences.values() for name in ARCHITECTURES)
    if worst > CLOSE:
        sys.exit(f"more than {CLOSE} apart: {json.dumps(differences)}")


if __name__ == "__main__":
    main(sys.argv[1:])
