"""The reader's own digit: a photograph or drawing, brought into the form of MNIST."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import IO, Literal

from aebook.data.image_files import name_of, read_levels
import numpy as np
from PIL import Image

__all__ = ["DRAWN_DIGIT", "read_digit"]

DRAWN_DIGIT = Path(__file__).with_name("drawn_digit.png")  # a five, drawn by a program

SIZE, BOX = 28, 20  # pixels: the whole image, and the square that the ink must fit
INK = 0.3  # share of full ink from which a pixel counts as drawn on


def read_digit(
    file: str | PathLike[str] | IO[bytes], invert: bool | Literal["auto"] = "auto"
) -> np.ndarray:
    """Read an image of one handwritten digit and prepare it as MNIST was prepared.

    The background becomes 0 and the strongest ink 1; the ink is cut out, fitted into
    20 × 20 pixels without changing its proportions, and placed in 28 × 28 pixels so
    that its centre of mass lies in the middle. A network trained on MNIST has never
    seen a digit that is larger, dark on white, or off the centre.

    Args:
        file: Path of a PNG, JPEG or any other format Pillow reads, or an open file.
            Transparent parts count as white paper. A file of 16 bits is read by those
            that it uses: 12 from a camera are 12.
        invert: True if the ink is darker than the paper, False if it is brighter;
            "auto" decides by the edge of the image, which should be paper.

    Returns:
        The digit, bright on black, float32 in [0, 1], shape `(28, 28)`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not an image, or the image is blank, or holds NaN.

    Example:
        >>> import io
        >>> from PIL import ImageDraw
        >>> page, file = Image.new("L", (300, 200), "white"), io.BytesIO()
        >>> ImageDraw.Draw(page).line([(90, 20), (90, 180)], "black", width=16)
        >>> page.save(file, "PNG")
        >>> one = read_digit(file)
        >>> one.shape, one[14].round(1).tolist()[12:16]
        ((28, 28), [0.0, 0.0, 1.0, 1.0])
    """
    if invert not in (True, False, "auto"):
        raise ValueError(f'invert must be True, False or "auto", got {invert!r}')
    grey = read_levels(file, grey=True)
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = np.median(edge)
    if invert == "auto":
        invert = bool(grey.max() - paper < paper - grey.min())
    ink = np.clip(paper - grey if invert else grey - paper, 0, None)
    if ink.max() < 0.1:  # as faint as the noise of a camera
        raise ValueError(
            f"{name_of(file)} looks blank: no pixel is more than 10 % "
            f"{'darker' if invert else 'brighter'} than the edge of the image; "
            "draw with more contrast, leave a margin, or set invert yourself"
        )
    return _centre(_fit(ink / ink.max()))


def _fit(ink: np.ndarray) -> np.ndarray:
    """Cut the ink out and scale its longer side to 20 pixels."""
    rows, columns = (np.flatnonzero((ink > INK).any(axis)) for axis in (1, 0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(cut.shape)
    height, width = (max(1, round(side * scale)) for side in cut.shape)
    image = Image.fromarray(cut.astype(np.float32))
    fitted = np.asarray(image.resize((width, height), Image.Resampling.BOX))
    return fitted / fitted.max()  # averaging makes thin strokes fainter


def _centre(digit: np.ndarray) -> np.ndarray:
    """Place the digit so that its centre of mass falls on pixel 14, as in MNIST."""
    placed = np.zeros((SIZE, SIZE), np.float32)
    corner = []
    for axis, side in enumerate(digit.shape):
        mass = digit.sum(axis=1 - axis)
        centre = np.arange(side) @ mass / mass.sum()
        corner.append(int(np.clip(round(SIZE // 2 - centre), 0, SIZE - side)))
    top, left = corner
    placed[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return placed
