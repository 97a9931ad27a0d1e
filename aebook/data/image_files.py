"""The reader's own pictures: files of any format, depth and direction as arrays."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import IO, Any
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

__all__ = ["read_image", "read_images"]

File = str | PathLike[str] | IO[bytes]
# What a folder of pictures holds. A file of another kind is no broken picture.
ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".gif")


def read_image(file: File, grey: bool = False) -> np.ndarray:
    """Read a picture, upright, on white where it is transparent.

    Args:
        file: Path of a PNG, JPEG or any other format Pillow reads, or an open file. A
            file of 16 bits is read by those that it uses: 12 from a camera are 12. Of
            several frames the first is taken.
        grey: Whether to return one number a pixel, its luma, instead of three. A grey
            picture read in colour has three equal ones.

    Returns:
        float32 in [0, 1], shape `(height, width, 3)`, or `(height, width)` in grey.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no picture, or is damaged, or holds NaN.

    Example:
        >>> import io
        >>> file = io.BytesIO()
        >>> Image.new("RGB", (4, 2), "red").save(file, "PNG")
        >>> read_image(file).shape, read_image(file, grey=True)[0, :2].round(2)
        ((2, 4, 3), array([0.3, 0.3], dtype=float32))
    """
    return read_levels(file, grey).astype(np.float32)


def read_images(folder: str | PathLike[str], grey: bool = False) -> dict[str, Any]:
    """Read every picture of a folder; name those that cannot be read, and go on.

    Args:
        folder: Where the files lie. Those below it are not looked for.
        grey: As in `read_image`.

    Returns:
        The pictures by the names of their files, in the order of the names. They keep
        their sizes, which may differ.

    Raises:
        NotADirectoryError: If there is no such folder.
        ValueError: If it holds no picture that can be read.

    Warns:
        UserWarning: For each file that is damaged, with its name.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Image.new("L", (8, 6)).save(f"{folder}/a.png")
        ...     Image.new("RGBA", (5, 5)).save(f"{folder}/b.webp")
        ...     {name: x.shape for name, x in read_images(folder).items()}
        {'a.png': (6, 8, 3), 'b.webp': (5, 5, 3)}
    """
    if not Path(folder).is_dir():
        raise NotADirectoryError(f"folder must be one that exists, got {str(folder)!r}")
    images = {}
    for path in sorted(Path(folder).iterdir()):
        if path.suffix.lower() in ENDINGS:
            try:
                images[path.name] = read_image(path, grey)
            except (ValueError, OSError) as error:
                warnings.warn(f"{path.name} is left out: {error}", stacklevel=2)
    if not images:
        raise ValueError(
            f"{folder} holds no picture that can be read; expected files that end in "
            + ", ".join(ENDINGS)
        )
    return images


def read_levels(file: File, grey: bool) -> np.ndarray:
    """Return what `read_image` does, in float64."""
    try:
        with Image.open(file) as opened:
            deep = any(";16" in str(tile[3]) for tile in opened.tile)
            clear = opened.info.get("transparency")
            image = ImageOps.exif_transpose(opened)  # a phone stores photos turned
            if image.mode[0] in "IF":  # deep or float, which convert("L") would clip
                levels = np.asarray(image, np.float64)
                one = _in_range(levels, clear, name_of(file))
                return one if grey else np.stack([one] * 3, axis=-1)
            image = image.convert("RGBA")
    except UnidentifiedImageError:
        problem = f"{name_of(file)} is not an image that Pillow reads"
        raise ValueError(problem) from None
    except (OSError, SyntaxError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # no such file, a folder, no permission: Python says it well
        raise ValueError(f"{name_of(file)} is damaged: {error}") from None
    if deep:  # of each number in 16 bits Pillow keeps the upper 8
        image = _brightened(image)
    paper = Image.new("RGBA", image.size, "white")
    flat = Image.alpha_composite(paper, image).convert("L" if grey else "RGB")
    return np.asarray(flat, np.float64) / 255


def name_of(file: File) -> str:
    """Return what an error calls the file."""
    return str(getattr(file, "name", file)) if hasattr(file, "read") else str(file)


def _in_range(levels: np.ndarray, clear: Any, name: str) -> np.ndarray:
    """Return levels of one channel in [0, 1], by the bits that are in use.

    A file of 16 bits often holds 10 or 12: what counts as white is the largest number
    of the fewest bits, 8 at least, that hold every level.
    """
    top = levels.max()
    if not np.isfinite(levels).all():
        raise ValueError(f"{name} holds levels that are not finite; fill them")
    is_share = levels.dtype.kind == "f" and 0 < top <= 1 and (levels % 1).any()
    white = 1 if is_share else 2 ** max(8, int(np.ceil(top)).bit_length()) - 1
    grey = np.clip(levels / white, 0, 1)
    if isinstance(clear, int):
        grey[levels == clear] = 1
    return grey


def _brightened(image: Image.Image) -> Image.Image:
    """Return RGBA with the colours stretched, if they use the lower bits alone."""
    colours = np.asarray(image)[..., :3]
    top = int(colours.max())
    white = 2 ** top.bit_length() - 1
    stretched = [min(255, v * 255 // max(white, 1)) for v in range(256)]
    return image.point([*stretched * 3, *range(256)])  # opacity as it is
