"""The convolutional VAE of keras.io, trained again with a test set set aside.

    python benchmarks/keras_io_vae.py

The example trains on all 70,000 digits, test images included, and reports a total of
146.95 nats per image after 30 epochs. Here the 10,000 test images are not trained on.
Takes about 25 minutes, goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import time

from aebook import data, losses
from aebook.models import VariationalAutoencoder
import keras
from keras import layers

RESULTS = Path(__file__).parent.parent / "aebook" / "results" / "keras_io_vae.json"
PUBLISHED = {"loss": 146.95, "reconstruction": 140.15, "kl": 6.80}  # at epoch 30
EPOCHS, BATCH, SEED = 30, 128, 0


def networks() -> tuple[keras.Model, keras.Model]:
    """Return encoder and decoder as the example has them, a code of 2 numbers."""
    encoder = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, 2, padding="same", activation="relu"),
            layers.Conv2D(64, 3, 2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dense(2 * 2),  # means and log-variances
        ],
        name="encoder",
    )
    decoder = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(7 * 7 * 64, activation="relu"),
            layers.Reshape((7, 7, 64)),
            layers.Conv2DTranspose(64, 3, 2, padding="same", activation="relu"),
            layers.Conv2DTranspose(32, 3, 2, padding="same", activation="relu"),
            layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid"),
        ],
        name="decoder",
    )
    return encoder, decoder


def run(epochs: int, n_train: int | None, checkpoint: Path | None) -> dict:
    """Train, and evaluate on the test images once."""
    keras.utils.set_random_seed(SEED)
    digits = data.load_mnist(validation=0)
    x_train, x_test = digits.x_train[:n_train, ..., None], digits.x_test[..., None]
    model = VariationalAutoencoder(*networks())
    model.compile(keras.optimizers.Adam(1e-3), losses.bce_per_image)
    began = time.perf_counter()
    history = model.fit(
        x_train, batch_size=BATCH, epochs=epochs, verbose=2, checkpoint=checkpoint
    ).history
    seconds = time.perf_counter() - began
    test = model.evaluate(x_test, batch_size=1000, verbose=0, return_dict=True)
    return {
        "unit": "nats per image",
        "published_on_training_and_test_images": PUBLISHED,
        "training": {name: round(history[name][-1], 3) for name in PUBLISHED},
        "test": {name: round(test[name], 3) for name in PUBLISHED},
        "training_loss_by_epoch": [round(value, 3) for value in history["loss"]],
        "epochs": epochs,
        "training_images": len(x_train),
        "seconds": round(seconds),
        "keras": keras.__version__,
    }


def main() -> None:
    """Run, print and store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="one epoch of 2,000 images, keep no file"
    )
    options = parser.parse_args()
    if options.quick:
        print(json.dumps(run(1, 2_000, None), indent=1))
        return
    checkpoint = RESULTS.with_suffix(".checkpoint")
    result = run(EPOCHS, None, checkpoint)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    checkpoint.unlink()
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
