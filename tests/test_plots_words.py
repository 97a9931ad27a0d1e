"""Whoever rewrites `aebook/plots/words.py` has translated every figure."""

import ast
from inspect import isfunction
from pathlib import Path
from string import Formatter

from aebook import plots
from aebook.metrics import ClassError
from aebook.models import Autoencoder, dense
from aebook.plots import words
from aebook.problems import Problem
from aebook.schedules import RangeTest
from matplotlib.text import Text
import numpy as np
import pytest
from written_words import written

MODULES = sorted(Path(words.__file__).parent.glob("*.py"))
OTHERS = [module for module in MODULES if module.name != "words.py"]
WORDS = {
    name: value
    for name, value in vars(words).items()
    if name.isupper() and isinstance(value, str | tuple)
}

# --- no other module writes a word


@pytest.mark.parametrize("module", OTHERS, ids=lambda path: path.stem)
def test_no_other_module_writes_a_word(module):
    assert written(module.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        'axes.set_xlabel("step")',
        'axes.set_xlabel("log")',  # known to matplotlib, but shown
        'axes.set(ylabel="loss" if a else b)',
        'axes.plot(x, y, label="log")',
        'names = {"reconstruction": x}',
        'part = "code" if i else "decoder"',
        'alt = f"{a} {b}"',
        'alt = ", ".join(texts)',
        'alt = "Bars of " + name',
        'alt = "{} of {}".format(a, b)',
        'alt = "{}: {}".format(a, b)',
        'alt = a + "; " + b',
        'alt = "%s: %s" % (a, b)',
        'def draw(x, ylabel="loss"): ...',
        'def draw(x, *, each="seed"): ...',
    ],
)
def test_a_word_elsewhere_is_found(source):
    assert written(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""A module."""',
        'raise ValueError(f"x must be small, got {x}")',
        'check_named(x, "runs", "a mapping", "name it")',
        'color = COLORS["validation"]',
        'axes.set_title(words.SOME, loc="right", color="#444444")',
        'axes.set_yscale("log")',
        'def draw(x, metric="loss"): ...',
    ],
)
def test_what_no_reader_sees_is_none(source):
    assert written(source) == []


def test_every_word_and_every_function_beside_them_is_used():
    functions = {name for name, value in vars(words).items() if isfunction(value)}
    used = set()
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "words":
                used.add(node.attr)
            elif (
                module.name == "words.py"  # elsewhere the name is another thing
                and isinstance(node, ast.Name)
                and isinstance(node.ctx, ast.Load)
            ):
                used.add(node.id)
    assert functions | set(WORDS) == used & (functions | set(WORDS))


# --- what stands in words.py is what is drawn

DIGITS = np.linspace(0, 1, 12 * 16).reshape(12, 4, 4)
CODES = np.arange(24.0).reshape(6, 4) ** 2
RUN = {"loss": [3, 1, 2], "val_loss": [4, 2, np.nan]}
BOWL = Problem(
    "Q", lambda w: (w @ w, 2 * w), np.ones(2), 0.0, np.zeros(2), window=(-2, 2, -2, 2)
)
PLANE = Problem("P", lambda w: (w.sum(), w), np.ones(2), window=(-2, 2, -2, 2))
THERE = [[1.0, 1.0], [3.0, 1.0], [0.0, 0.0]]
RATES = np.array([0.1, 1.0, 10.0])
AXES = {"xlabel": "X", "ylabel": "Y"}
FIGURES = {  # names that callers give have no small letter
    "anatomy": lambda: [
        plots.anatomy(Autoencoder(*dense((4, 4), 2, hidden=(8,))), DIGITS[0], title="T")
    ],
    "codes": lambda: [
        plots.codes(CODES, [*"AABBCC"]),
        plots.codes(CODES[:, :2], ["A"] * 6),
        plots.codes(np.tile(CODES, (1000, 1)), [*"AABBCC"] * 1000),
    ],
    "contours": lambda: [
        plots.contours(BOWL, {"A": THERE, "B": THERE[:2]}),
        plots.contours(PLANE, {"A": THERE}),
    ],
    "descent": lambda: [plots.descent({"A": [2, 1]}, floors={"B": 1}, **AXES)],
    "diagram": lambda: [
        plots.diagram({"A": (0, 0), "B": (1, 0)}, [("A", "B", "C")], notes={"A": "D"}),
        plots.diagram({"A": (0, 0)}, []),
    ],
    "errors_by_class": lambda: [plots.errors_by_class({0: ClassError(1.0, 2)})],
    "history": lambda: [
        plots.history(RUN, floors={"B": 1, "C": 2}, log=True, ylabel="Y"),
        plots.history({"A": RUN, "B": {"loss": [np.nan]}}, ylabel="Y"),
        plots.history({"loss": [1, np.nan, np.nan]}, ylabel="Y"),
        plots.history({"loss": [1]}, ylabel="Y"),
    ],
    "images": lambda: [
        plots.images(DIGITS, range(12), n=12),
        plots.images(DIGITS, n=3),
        plots.images(DIGITS, n=1),
    ],
    "learning_rate_range": lambda: [
        plots.learning_rate_range(RangeTest(RATES, RATES, RATES, 0.1, 10.0))
    ],
    "lines": lambda: [
        plots.lines(
            {"A": (range(5), [3, 1, 9, 4, np.nan]), "B": ([0], [np.nan])},
            **(AXES | {"points": {"A": (1, 2), "B": (2, 2)}, "floors": {"C": 1}}),
        ),
        plots.lines({"A": ([0, 1], [3, 1])}, points={"B": (1, 2)}, **AXES),
        plots.lines({"A": ([0, 1], [3, 1])}, loose=["A"], **AXES),
    ],
    "maps": lambda: [
        plots.maps({"A": CODES[:, :2], "B": CODES[:, 2:]}, [*"AABBCC"]),
        plots.maps({"A": CODES[:, :2]}, range(6), scale="S"),
    ],
    "reconstructions": lambda: [
        plots.reconstructions(DIGITS, DIGITS, range(12)),
        plots.reconstructions(DIGITS[:1], DIGITS[:1]),
        plots.reconstructions(DIGITS, {"A": DIGITS, "B": DIGITS}),
    ],
    "schedules": lambda: [plots.schedules({"A": lambda t: t + 1.0}, 9, log=True)],
    "seed_panels": lambda: [
        plots.seed_panels(
            {"A": {"B": [1, None]}, "C": {"B": [2]}},
            xlabel="X",
            each="E",
            floors={"A": {"D": 1}},
        )
    ],
    "seeds": lambda: [
        plots.seeds(
            {"A": [1, 2, None], "B": [1], "C": [None]},
            xlabel="X",
            each="E",
            floors={"D": 1},
        )
    ],
    "sheet": lambda: [plots.sheet({"A": DIGITS, "B": DIGITS})],
}


def texts(figure):
    """Every text of a figure; numbers that matplotlib sets in its own way are none."""
    figure.draw_without_rendering()
    shown = [text.get_text() for text in figure.findobj(Text)]
    return [figure.alt, *(t for t in shown if not t.startswith(r"$\mathdefault{"))]


def test_every_figure_is_tried_here():
    assert {*FIGURES, "COLORS", "Figure"} == set(plots.__all__)


def capitals(template):
    """The same text in capitals, with its fields as they are."""
    pieces = []
    for text, field, form, _ in Formatter().parse(template):
        pieces.append(text.upper())
        if field is not None:
            pieces.append("{" + field + (":" + form if form else "") + "}")
    return "".join(pieces)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.slow
def test_in_a_language_of_capitals_no_small_letter_is_left(name, monkeypatch):
    for key, value in WORDS.items():
        one = isinstance(value, str)
        new = capitals(value) if one else tuple(map(capitals, value))
        monkeypatch.setattr(words, key, new)
    for figure in FIGURES[name]():
        for text in texts(figure):
            assert text == text.upper()


# Marked words are longer than any, and leave no room for the axes.
@pytest.mark.filterwarnings("ignore:constrained_layout not applied")
@pytest.mark.slow
def test_each_form_of_each_word_is_drawn_here(monkeypatch):
    marks = {}
    for key, value in WORDS.items():
        forms = (value,) if isinstance(value, str) else value
        marked = tuple(f"<{key} {i}>{form}" for i, form in enumerate(forms))
        marks |= {f"<{key} {i}>": key for i in range(len(forms))}
        new = marked[0] if isinstance(value, str) else marked
        monkeypatch.setattr(words, key, new)
    drawn = "".join(
        text.replace("\n", " ")
        for draw in FIGURES.values()
        for figure in draw()
        for text in texts(figure)
    )
    missing = {key for mark, key in marks.items() if mark not in drawn}
    # Only taken off the ends of titles; the others are defaults, bound at import.
    assert missing == {"FULL_STOP", "LOSS", "SEED"}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.slow
def test_in_english_there_are_small_letters(name):
    for figure in FIGURES[name]():
        alt, *shown = texts(figure)
        assert alt != alt.upper()
        if name not in (
            "images",
            "lines",
            "descent",
            "diagram",
            "maps",
            "sheet",
        ):  # where callers name it all
            assert any(text != text.upper() for text in shown)


def test_words_of_another_language_reach_labels_and_alt(monkeypatch):
    german = {
        "TRAINING": "Training",
        "VALIDATION": "Prüfung",
        "EPOCH_AXIS": "Epoche",
        "EPOCHS": ("Epoche 1", "die Epochen 1 bis {count}"),
        "CURVES": "{lines}: das ist {metric} über {epochs}{scale}.",
        "CURVE": "{name} erst {first:.4g}, am Ende {last:.4g}",
        "EPOCHS_NOT_FINITE": ("davon 1 nicht endlich", "davon {count} nicht endlich"),
        "PART_MARK": " und ",
        "HORIZONTAL_LINES": ("Dazu die Linie {listed}.", "Dazu Linien: {listed}."),
        "VALUE_AT": "{name} bei {value:.4g}",
    }
    for name, value in german.items():
        monkeypatch.setattr(words, name, value)
    figure = plots.history(RUN, floors={"PCA": 0.5}, ylabel="MSE")
    assert figure.alt == (
        "Training erst 3, am Ende 2 und Prüfung erst 4, am Ende 2, davon 1 nicht "
        "endlich: das ist MSE über die Epochen 1 bis 3. Dazu die Linie PCA bei 0.5."
    )
    (axes,) = figure.axes
    assert axes.get_xlabel() == "Epoche"
    notes = {text.get_text() for text in axes.texts}
    assert notes == {"Training", "Prüfung", "PCA 0.5"}


def test_words_that_callers_may_replace_are_those_of_words():
    (axes,) = plots.descent({"a": [2, 1]}).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == (words.STEP, words.LOSS)
    alt = plots.seeds({"a": [1, 2]}, xlabel="x").alt
    assert words.counted(2, words.EACH, each=words.SEED) in alt
