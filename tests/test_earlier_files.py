"""A file that an earlier layout of the package saved can be loaded by this one."""

from pathlib import Path
import subprocess
import sys

from aebook.corruption import SaltAndPepper
from aebook.models import DenoisingAutoencoder
from aebook.schedule_free import ScheduleFreeAdamW
import keras
import pytest

# Saved when each module lay at the root of the package; the numbers are of that day.
BEFORE_ROOMS = Path(__file__).parent / "files" / "before_rooms.keras"
LOSS, LEVEL = 180.2585144, 0.49715066  # squared error per image, mean of all pixels


def test_a_model_saved_before_its_modules_moved_is_the_same_model():
    model = keras.saving.load_model(BEFORE_ROOMS)
    assert type(model) is DenoisingAutoencoder
    assert type(model.corruption) is SaltAndPepper
    assert type(model.optimizer) is ScheduleFreeAdamW
    assert int(model.optimizer.iterations) == 2


@pytest.mark.slow
def test_it_asks_for_no_import_but_the_models_and_has_the_numbers_of_then():
    code = f"""
import aebook.models, keras
model = keras.saving.load_model({str(BEFORE_ROOMS)!r})
from aebook import data
x = data.load_mnist().x_test[:64, ..., None]
print(model.evaluate(x, verbose=0)[0], model.reconstruct(x[:4]).mean())
"""
    printed = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    assert [float(number) for number in printed.split()] == pytest.approx(
        [LOSS, LEVEL], rel=1e-5
    )
