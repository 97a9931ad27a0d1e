"""Every word that the figures of this room write: labels, legends and alt texts.

To translate the figures, rewrite this file and no other. What stands in braces is
filled in, numbers with their format; of `Forms`, the first text is for one thing and
the second for several. What callers pass, such as names and titles, is drawn as it is,
and errors stay where they are raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

# The functions that put texts together; the texts themselves have names in capitals.
__all__ = [
    "both",
    "counted",
    "items",
    "marks",
    "noted",
    "parts",
    "sentences",
    "titled",
]

Forms: TypeAlias = tuple[str, str]  # for one thing, for several

# --- how texts are put together

ITEM_MARK = ", "
PART_MARK = "; "
BETWEEN_SENTENCES = " "
FULL_STOP = "."
SENTENCE = "{}."
PAIR = "{first} and {second}"
TITLED = "{title}. {alt}"
NAMED_TEXT = "{name}: {text}"

# --- numbers that stand alone

ERROR = "{:.1f}"  # the squared error of an image
TICK = "{x:g}"  # on a logarithmic axis

# --- lines to compare with, and dots

NAMED_VALUE = "{name} {value:.4g}"
VALUE_AT = "{name} at {value:.4g}"
DOT_AT = "{name} at ({value[0]:.4g}, {value[1]:.4g})"
HORIZONTAL_LINES: Forms = ("Horizontal line: {listed}.", "Horizontal lines: {listed}.")
VERTICAL_LINES: Forms = ("Vertical line: {listed}.", "Vertical lines: {listed}.")
DOTS: Forms = ("Dot: {listed}.", "Dots: {listed}.")

# --- line charts

LINE_CHART = "Line chart of {y} against {x}. {lines}."
LINE = "{name}: from {first:.4g} at {start:.4g} to {last:.4g} at {end:.4g}"
LOWEST = "lowest {value:.4g} at {x:.4g}"
HIGHEST = "highest {value:.4g} at {x:.4g}"
NOT_FINITE = "{count} not finite"
NO_VALUE = "{name}: no finite value"
CLOUD = (
    "{name}: {count} dots, from {left:.4g} to {right:.4g} across and from {low:.4g} "
    "to {high:.4g} upwards"
)
LOGARITHMIC = ", logarithmic,"  # after what an axis shows

# --- training curves

TRAINING = "training"
VALIDATION = "validation"
LINE_OF_RUN = "{run}, {part}"
EPOCH_AXIS = "epoch"
EPOCH_AXIS_WITH_STYLES = "epoch (solid: training, dashed: validation)"
EPOCHS: Forms = ("epoch 1", "epochs 1 to {count}")
CURVES = "Line chart of {metric}{scale} over {epochs}. {lines}."
CURVE = (
    "{name}: from {first:.4g} to {last:.4g}, lowest {lowest:.4g} in epoch {lowest_at}"
)
EPOCHS_NOT_FINITE: Forms = ("1 epoch not finite", "{count} epochs not finite")

# --- paths of optimizers

STEP = "step"
LOSS = "loss"
FIRST_WEIGHT, SECOND_WEIGHT = "$w_1$", "$w_2$"
START = "start"
MINIMUM = "minimum"
POINT = "({x:.3g}, {y:.3g})"
VALUE_AT_POINT = "{value:.4g} at {point}"
PATHS: Forms = ("one path", "{count} paths")
CONTOURS = "Contours of {problem}, grey is high, and {paths}. {listed}."
CONTOURS_WITH_MINIMUM = (
    "Contours of {problem}, minimum at {minimum}, grey is high, and {paths}. {listed}."
)
PATH: Forms = (
    "{name}: from {first} to {last} in 1 step",
    "{name}: from {first} to {last} in {count} steps",
)
COMES_BACK = "leaves the window in step {step} and comes back"
ENDS_OUTSIDE = "leaves the window in step {step} and ends outside"

# --- learning rates

RATE_AXIS = "learning rate"
SCHEDULES = (
    "Line chart of the learning rate{scale} over steps 0 to {last_step}. {lines}."
)
SCHEDULE = "{name}: from {first:.3g} to {last:.3g}, highest {highest:.3g} at step {at}"
LOG_RATE_AXIS = "learning rate, logarithmic"
BATCH_LOSS_AXIS = "loss of the batch"
BATCH_LOSS = "loss of one batch"
SMOOTHED = "smoothed"
SUGGESTION = "suggestion"
DIVERGED = "diverged"
NAMED_RATE = "{name} {value:.2g}"
RATE_AT = "{name} at {value:.2g}"
RANGE_TEST = (
    "Line chart of the loss over learning rates from {low:.2g} to {high:.2g}, "
    "logarithmic. The smoothed loss starts at {first:.3g} and is lowest, "
    "{lowest:.3g}, at {lowest_at:.2g}."
)

# --- results of several seeds

SEED = "seed"
EACH: Forms = ("{count} {each}", "{count} {each}s")
SEED_DOTS = "Dots, one a {each}, of {x}. {rows}."
SEED_AT = "{seeds} at {value:.4g}"
SEEDS_FROM_TO = "{seeds} from {low:.4g} to {high:.4g}, median {median:.4g}"
SEEDS_DIVERGED = "{count} diverged"
DIVERGED_NOTE = " {count} diverged"  # right of the axes, hence the space

# --- images and their reconstructions

IMAGES: Forms = ("1 image", "{count} images")
ROWS: Forms = ("in a row", "in {count} rows")
IMAGE_GRID = "{images} {rows}"
TITLED_IMAGES = "{images}, titled {titles}"
ORIGINAL = "original"
RECONSTRUCTION = "reconstruction"
ERROR_NOTE = "number under an image: squared error, summed over its pixels"
ORIGINALS: Forms = ("{count} original", "{count} originals")
TITLED_ORIGINALS = "{originals} ({titles})"
ERRORS = "mean {mean:.1f}, from {low:.1f} to {high:.1f}"
ONE_RECONSTRUCTION = (
    "{originals}, and below each its reconstruction. Squared error per image: {errors}."
)
RECONSTRUCTIONS = (
    "{originals}, and below each its reconstructions. "
    "Squared error per image, {errors}."
)

# --- errors by class

CLASS_ERROR_AXIS = "squared error per image, summed over its pixels"
MEAN_NOTE = "all images {mean:.1f}"
CLASS_ERROR = "{name}: {error:.1f}"
CLASS_ERRORS = (
    "Bar chart of the squared error per image in each class, largest first: {listed}. "
    "Mean of all {count} images: {mean:.1f}."
)

# --- maps of codes

CODE_AXES = ("first number of the code", "second number of the code")
COMPONENT_AXES = (
    "first principal component ({share:.0%} of the variance)",
    "second principal component ({share:.0%} of the variance)",
)
ALL_CODES = "{count} codes"
SOME_CODES = "{drawn} of the {count} codes"
SOME_CODES_NOTE = "{drawn} of the {count} codes drawn"
CLASSES: Forms = ("1 class", "{count} classes")
CODE_MAP = "Scatter of {codes} in {classes}."
PROJECTED_CODE_MAP = "Scatter of {codes} in {classes}, on the {axes}."
CENTRES = (
    "Class centres closest together: {near} ({nearest:.3g} apart); "
    "farthest: {far} ({farthest:.3g} apart)."
)

# --- several maps

SHARE = "{share:.0%}"
MEDIAN_GAP = "{gap:.3g}"
CLASS_MAPS = (
    "Maps of {count} samples in {classes}. Nearest point of the same class, {listed}."
)
SHADED_MAPS = (
    "Maps of {count} samples, shaded by {scale}. Median difference between a point and "
    "the nearest, {listed}."
)

# --- layers of a network

INPUT, OUTPUT = "input", "output"
ENCODER, CODE, DECODER = "encoder", "code", "decoder"
LAYER_PIXELS = "{layer}\n{count} pixels"
LAYER_NUMBERS = "{layer}\n{count} numbers"
WIDTH = "{count}"
CODE_WIDTH = "{count} (the code)"
ZEROS = "{zeros} of {count}"
ANATOMY = (
    "An image of {pixels} pixels passes through layers of {widths} numbers to a "
    "drawing of {pixels} pixels. Numbers that are 0: {zeros}."
)

# --- boxes and arrows

DIAGRAM = "Diagram. Boxes: {boxes}."
ARROWS = "Arrows: {arrows}."
WAY = "{start} to {end}"
NOTED = "{text} ({note})"
NAME_AND_NOTE = "{name}\n{note}"  # in a box


def counted(count: int, forms: Forms, **fields: Any) -> str:
    """Return the form for this many, filled in.

    Example:
        >>> counted(1, CLASSES), counted(3, CLASSES)
        ('1 class', '3 classes')
    """
    return forms[count != 1].format(count=count, **fields)


def items(texts: Iterable[str]) -> str:
    """Return the items of a list as one text."""
    return ITEM_MARK.join(texts)


def parts(texts: Iterable[str]) -> str:
    """Return longer parts, which hold lists themselves, as one text."""
    return PART_MARK.join(texts)


def both(first: str, second: str) -> str:
    """Return two texts as one."""
    return PAIR.format(first=first, second=second)


def sentences(*texts: str) -> str:
    """Return sentences as one text, without those that are empty."""
    return BETWEEN_SENTENCES.join(filter(None, texts))


def titled(title: str, alt: str) -> str:
    """Return an alt text that begins with the title.

    Example:
        >>> titled("It falls.", "A line from 9 to 1.")
        'It falls. A line from 9 to 1.'
    """
    return TITLED.format(title=title.rstrip(FULL_STOP), alt=alt)


def noted(text: str, note: str) -> str:
    """Return a text with a note behind it, if there is one.

    Example:
        >>> noted("x", "0.8"), noted("x", "")
        ('x (0.8)', 'x')
    """
    return NOTED.format(text=text, note=note) if note else text


def marks(forms: Forms, form: str, values: Mapping[str, Any]) -> str:
    """Return the sentence that names lines or dots and where they are, if any.

    Args:
        forms: The sentence, with `{listed}`: for one mark and for several.
        form: One mark, with `{name}` and `{value}`.
        values: Where each mark is, by its name.

    Returns:
        The sentence; nothing where there is no mark.

    Example:
        >>> marks(HORIZONTAL_LINES, VALUE_AT, {"PCA": 0.0168, "mean": 0.25})
        'Horizontal lines: PCA at 0.0168, mean at 0.25.'
    """
    if not values:
        return ""
    listed = items(form.format(name=name, value=at) for name, at in values.items())
    return counted(len(values), forms, listed=listed)
