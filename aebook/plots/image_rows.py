"""Rows of images: as they are, by name, and beside their reconstructions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math
import textwrap
from typing import Any, NamedTuple

from aebook.checks import as_samples, check_count, check_same_shape
from aebook.metrics import squared_error_per_image
from aebook.plots import words
from aebook.plots.figure import STYLE, TITLE_WIDTH, WIDTH, Figure
from aebook.plots.input_checks import check_named
import matplotlib
import numpy as np

__all__ = ["images", "reconstructions", "sheet"]

COLUMNS = 10  # images in one row of `images`
PITCH = 1.2  # inches from one image to the next, at most


@matplotlib.rc_context(STYLE)
def images(
    x: Any,
    titles: Sequence[str] | None = None,
    *,
    n: int = 10,
    columns: int = COLUMNS,
    title: str | None = None,
) -> Figure:
    """Show images side by side, ten in a row.

    Args:
        x: Images in [0, 1], shape `(n, height, width)`, the same with a last axis of
            1 or 3 channels, or square images laid out flat, `(n, pixels)`. Values
            outside are drawn as black or white.
        titles: One line above each image.
        n: How many to show, from the first on.
        columns: How many in a row. Defaults to 10; with fewer, images fill the width.
        title: What the figure answers.

    Returns:
        The figure; `figure.alt` says how many images, and their titles.

    Raises:
        TypeError: If `x` does not hold numbers.
        ValueError: If `x` has another shape, is empty or holds NaN or 8-bit levels,
            or if there are fewer titles than images.

    Example:
        >>> from aebook.data import load_mnist
        >>> digits = load_mnist()
        >>> images(digits.x_test, digits.y_test, n=3).alt
        '3 images in a row, titled 7, 2, 1.'
    """
    x = _as_images(x, "x")[: check_count(n, "n")]
    names = _as_titles(titles, len(x))
    starts = range(0, len(x), check_count(columns, "columns"))
    rows = [_Row(x[i : i + columns], above=names[i : i + columns]) for i in starts]
    widest = PITCH if columns >= COLUMNS else (WIDTH - 0.06) / columns
    return _draw_rows(_alt(len(x), len(rows), names), title, rows, widest=widest)


@matplotlib.rc_context(STYLE)
def reconstructions(
    x: Any,
    x_hat: Any,
    titles: Sequence[str] | None = None,
    *,
    n: int = 10,
    title: str | None = None,
) -> Figure:
    """Show originals above their reconstructions, with the error under each.

    The number under a reconstruction is its squared error, summed over the pixels.

    Args:
        x: Originals in [0, 1], shape `(n, height, width)`, the same with a last axis
            of 1 or 3 channels, or square images laid out flat, `(n, pixels)`.
        x_hat: Reconstructions, same shape; or several, `{"PCA": x_pca, ...}`, each of
            which becomes a row with that name. Values outside [0, 1] count in the
            error but are drawn as black or white.
        titles: One line above each original.
        n: How many to show, from the first on; at most 16.
        title: What the figure answers.

    Returns:
        The figure; `figure.alt` names each row's mean, smallest and largest error.

    Raises:
        TypeError: If the images do not hold numbers.
        ValueError: If they have another shape, are empty, hold NaN or differ in
            shape, if `x` leaves [0, 1], or if there are fewer titles than images.

    Example:
        >>> from aebook.data import load_mnist
        >>> x = load_mnist().x_test[:10]
        >>> reconstructions(x, x).alt
        '10 originals, and below each its reconstruction. Squared error per image: mean
        0.0, from 0.0 to 0.0.'
    """
    if check_count(n, "n") > 16:
        raise ValueError(f"n must be at most 16, or nothing can be seen, got {n}")
    x = _as_images(as_samples(x, low=0, high=1), "x")
    rows, errors = [], {}
    several = x_hat if isinstance(x_hat, Mapping) else {words.RECONSTRUCTION: x_hat}
    several = check_named(
        several, "x_hat", '{"name": reconstructions, ...}', "give at least one"
    )
    for name, copies in several.items():
        name = str(name)
        copies = _as_images(copies, name)
        check_same_shape(x, copies, ("x", name))
        errors[name] = squared_error_per_image(x[:n], copies[:n])
        under = [words.ERROR.format(e) for e in errors[name]]
        rows.append(_Row(copies[:n], under=under, label=name))
    names = _as_titles(titles, min(n, len(x)))
    return _draw_rows(
        _alt_of_reconstructions(errors, names),
        title,
        [_Row(x[:n], above=names, label=words.ORIGINAL), *rows],
        note=words.ERROR_NOTE,
    )


@matplotlib.rc_context(STYLE)
def sheet(rows: Mapping[str, Any], *, n: int = 10, title: str | None = None) -> Figure:
    """Show several sets of images, one named row each.

    Args:
        rows: Images in [0, 1] by the name of their row, each shaped as in `images`,
            with sides and channels that are the same in all.
        n: How many to show of each, from the first on; at most 16.
        title: What the figure answers.

    Returns:
        The figure; `figure.alt` names the rows.

    Raises:
        TypeError: If a row does not hold numbers, or `rows` is no mapping.
        ValueError: If there is no row, or one has another shape, is empty or holds NaN
            or 8-bit levels.

    Example:
        >>> from aebook.data import load_mnist
        >>> x = load_mnist().x_test[:10]
        >>> sheet({"digits": x, "inverted": 1 - x}).alt
        '20 images in 2 rows: digits, inverted.'
    """
    if check_count(n, "n") > 16:
        raise ValueError(f"n must be at most 16, or nothing can be seen, got {n}")
    given = check_named(rows, "rows", '{"name": images, ...}', "give at least one row")
    shown = {str(name): _as_images(x, str(name))[:n] for name, x in given.items()}
    first = next(iter(shown))
    for name, x in shown.items():
        check_same_shape(shown[first][0], x[0], (first, name))
    alt = words.NAMED_TEXT.format(
        name=_alt(sum(map(len, shown.values())), len(shown), [])[:-1],
        text=words.items(shown),
    )
    parts = [_Row(x, label=name) for name, x in shown.items()]
    return _draw_rows(words.SENTENCE.format(alt), title, parts)


def _alt(count: int, rows: int, titles: list[str]) -> str:
    text = words.counted(count, words.IMAGES)
    if count > 1:
        grid = words.counted(rows, words.ROWS)
        text = words.IMAGE_GRID.format(images=text, rows=grid)
    if titles:
        text = words.TITLED_IMAGES.format(images=text, titles=words.items(titles))
    return words.SENTENCE.format(text)


def _alt_of_reconstructions(errors: dict[str, np.ndarray], titles: list[str]) -> str:
    count = len(next(iter(errors.values())))
    what = words.counted(count, words.ORIGINALS)
    if titles:
        listed = words.items(titles)
        what = words.TITLED_ORIGINALS.format(originals=what, titles=listed)
    numbers = {
        name: words.ERRORS.format(mean=e.mean(), low=e.min(), high=e.max())
        for name, e in errors.items()
    }
    if list(errors) == [words.RECONSTRUCTION]:
        (text,) = numbers.values()
        return words.ONE_RECONSTRUCTION.format(originals=what, errors=text)
    rows = words.parts(
        words.NAMED_TEXT.format(name=name, text=text) for name, text in numbers.items()
    )
    return words.RECONSTRUCTIONS.format(originals=what, errors=rows)


def _as_images(x: Any, name: str) -> np.ndarray:
    """Return float32 images, shape (n, height, width) or (n, height, width, 3)."""
    array = as_samples(x, name=name)
    if np.asarray(x).dtype.kind in "iu":
        as_samples(array, name=name, low=0, high=1)  # levels 0 to 255 would be white
    side = math.isqrt(array.shape[-1])
    if array.ndim == 2 and side**2 == array.shape[1]:
        return array.reshape(-1, side, side)
    if array.ndim == 4 and array.shape[-1] == 1:
        return array[..., 0]
    if array.ndim == 3 or (array.ndim == 4 and array.shape[-1] == 3):
        return array
    raise ValueError(
        f"{name} must be images, shape (n, height, width), (n, height, width, 1 or 3) "
        f"or square and flat (n, pixels), got {array.shape}; one image: x[None]"
    )


def _as_titles(titles: Sequence[Any] | None, count: int) -> list[str]:
    if titles is None:
        return []
    if isinstance(titles, str) or len(titles) < count:
        raise ValueError(f"titles must be {count} texts, one per image, got {titles!r}")
    return [str(text) for text in titles[:count]]


class _Row(NamedTuple):
    images: np.ndarray
    above: Sequence[str] = ()
    under: Sequence[str] = ()
    label: str = ""


def _draw_rows(
    alt: str,
    title: str | None,
    rows: Sequence[_Row],
    note: str = "",
    widest: float = PITCH,
) -> Figure:
    """Draw rows of images, placed by hand: every inch is known in advance."""
    longest = max(len(row.label) for row in rows)
    letters = 14 if longest < 30 else 20  # in a line of a label
    left = 0.09 * letters if longest else 0.06  # inches, as all below
    pitch = min((WIDTH - left) / max(len(row.images) for row in rows), widest)
    side = pitch - 0.08
    height, width = rows[0].images.shape[1:3]
    tall = side * height / width
    above = [[textwrap.fill(t, int(pitch / 0.072)) for t in row.above] for row in rows]
    over = [0.07 + 0.15 * max((1 + t.count("\n") for t in a), default=0) for a in above]
    below = [0.2 if row.under else 0.0 for row in rows]
    y = sum(over) + sum(below) + tall * len(rows) + (0.27 if note else 0.06)
    head = 0.06 + 0.2 * len(textwrap.wrap(title or "", TITLE_WIDTH))
    figure = Figure(alt, head + y, title, layout="none")
    size = np.array([WIDTH, head + y] * 2)
    for row, texts, o, b in zip(rows, above, over, below, strict=True):
        y -= o + tall
        for i, image in enumerate(row.images):
            axes = figure.add_axes(np.array([left + i * pitch, y, side, tall]) / size)
            axes.imshow(np.clip(image, 0, 1), vmin=0, vmax=1, aspect="auto")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            if texts:
                axes.set_title(texts[i], fontsize=9, pad=3)
            if row.under:
                axes.set_xlabel(row.under[i], fontsize=9, labelpad=2)
            if i == 0 and row.label:
                name = textwrap.fill(row.label, letters)
                axes.set_ylabel(name, rotation=0, ha="right", va="center")
        y -= b
    figure.text(left / WIDTH, 0.08 / size[1], note, fontsize=9, color="#444444")
    return figure
