"""The photographs that scikit-image and scikit-learn ship, in colour."""

from __future__ import annotations

from importlib.resources import files
import io

from aebook.data.entry import Dataset
from aebook.data.kinds import Photographs
from aebook.data.reading import check_shipped, import_shipping
import numpy as np
from PIL import Image

__all__ = ["PHOTOGRAPHS"]

# Textures and microscopes among them: what a codec or a filter meets is not all cats.
# The order lets seed 0 set aside the cat, the flower and the grass.
TRAIN = (
    "rocket.jpg",
    "motorcycle_left.png",
    "hubble_deep_field.jpg",
    "retina.jpg",
    "ihc.png",
    "brick.png",
    "chelsea.png",
    "flower.jpg",
    "gravel.png",
    "grass.png",
    "camera.png",
    "coins.png",
    "moon.png",
)
TEST = ("astronaut.png", "china.jpg", "coffee.png")
OF_SCIKIT_LEARN = ("china.jpg", "flower.jpg")


def _read(entry: Dataset) -> tuple[dict[str, np.ndarray], ...]:
    """Read the files themselves: what a decoder makes of a JPEG differs by a level."""
    most = files(import_shipping(entry, "skimage")) / "data"
    two = files("sklearn.datasets.images")
    content = {
        name: (two if name in OF_SCIKIT_LEARN else most).joinpath(name).read_bytes()
        for name in TRAIN + TEST
    }
    known = tuple(np.frombuffer(file, np.uint8) for file in content.values())
    check_shipped(known, entry)
    images = {
        name.partition(".")[0]: np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))
        for name, file in content.items()
    }
    test = {name.partition(".")[0]: None for name in TEST}
    return (
        {name: image for name, image in images.items() if name not in test},
        {name: images[name] for name in test},
    )


PHOTOGRAPHS = Dataset(
    name="photographs",
    title="Photographs of scikit-image and scikit-learn",
    kind=Photographs,
    n_train=len(TRAIN),
    n_test=len(TEST),
    shape=(0, 0, 3),
    classes=(),
    licence="CC0, CC BY 2.0",
    citation='van der Walt et al.: "scikit-image: Image Processing in Python", PeerJ, '
    "2014, doi:10.7717/peerj.453; china by danielbuechele, flower by vultilion (CC BY)",
    source="https://scikit-image.org/docs/stable/api/skimage.data.html and "
    "sklearn.datasets.load_sample_images; three equal channels where it is grey",
    sha256="dfe92564a2c12e56cf331d77c030c3eb4d605a0cca76cb7f70c0bc7ec48ec20f",
    validation=3,
    read=_read,
    package="scikit-image",
)
