"""Each displayed formula is bound twice: its text to the page, its code to numbers.

`formulas/` holds an entry for each. A page that differs from its entry in one letter
fails, code that computes something else than the package fails, and so do text and code
that do not say the same. `tools/mutate_formulas.py` counts what that notices.
"""

import ast
from pathlib import Path
import re

from aebook import problems
from aebook.optim import minimize
from formulas import FORMULAS
from formulas.pages import differences, pages
from formulas.reading import SPELLED_OUT, code_aloud, latex_aloud
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
NODE = re.compile(r"`(tests/\w+\.py)(?:::(\w+))?`")
ENTRIES = [
    pytest.param(entry, id=f"{chapter}-{entry.label}")
    for chapter, entries in FORMULAS.items()
    for entry in entries
]


@pytest.mark.parametrize("chapter", sorted(pages()))
def test_a_page_shows_the_formulas_of_its_entries_to_the_letter(chapter):
    assert differences(pages()[chapter], FORMULAS.get(chapter, [])) == []


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_code_of_a_formula_computes_what_the_package_does(entry):
    entry.check(entry.twin)


@pytest.mark.parametrize("entry", ENTRIES)
def test_text_and_code_of_a_formula_say_the_same(entry):
    alike = latex_aloud(entry.latex) == code_aloud(entry.twin)
    assert alike != (entry.label in SPELLED_OUT)


def test_all_chapters_with_formulas_are_found_and_no_label_is_used_twice():
    assert set(FORMULAS) <= set(pages())
    labels = [e.label for entries in FORMULAS.values() for e in entries if e.label]
    assert len(labels) == len(set(labels)) >= 45


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("$$\na = b\n$$ (eq-new)", "eq-new has no entry with this text"),
        ("$$\na = b\n$$", "None has no entry with this text"),
        ("$$ a = b $$", "displayed, but not in a block"),
        ("```{math}\na = b\n```", "displayed, but not in a block"),
        ("\\begin{align}\na = b\n\\end{align}", "displayed, but not in a block"),
        ("So $$a = b$$ holds.", "without its other end"),
    ],
)
def test_a_formula_without_an_entry_is_told(page, told):
    (difference,) = differences(page, [])[:1]
    assert told in difference


def test_an_entry_without_a_formula_is_told():
    entries = FORMULAS["background"]
    told = differences("", entries)
    assert len(told) == len(entries)
    assert told[0].startswith("eq-background-mse is not in the page as:")


# --- the page of corrections names tests


def exists(node):
    """Whether the test file has a test of that name."""
    file, _, name = node.partition("::")
    tree = ast.parse((ROOT / "tests" / Path(file).name).read_text(encoding="utf-8"))
    tests = {part.name for part in tree.body if isinstance(part, ast.FunctionDef)}
    return not name or name in tests


@pytest.mark.slow
def test_every_correction_names_a_test_that_exists():
    page = pages()["appendix/corrections"]
    entries = page.count("\n: ")
    nodes = ["::".join(filter(None, found)) for found in NODE.findall(page)]
    assert len(nodes) == entries >= 20
    assert [node for node in nodes if not exists(node)] == []


def test_a_test_that_is_gone_is_noticed():
    assert not exists("test_formulas.py::test_that_nobody_wrote")


# --- what the formulas promise, on the way down


def test_no_direction_is_steeper_than_the_gradient():
    problem = problems.dense_autoencoder(np.eye(6), latent_dim=2, hidden=(4,))
    w, epsilon = problem.start, 1e-6
    g = problem.gradient(w)

    def slope(u):
        return (problem.value(w + epsilon * u) - problem.value(w)) / epsilon

    steepest = slope(-g / np.linalg.norm(g))
    assert steepest == pytest.approx(-np.linalg.norm(g), rel=1e-3)
    for u in np.random.default_rng(0).normal(size=(100, w.size)):
        u /= np.linalg.norm(u)
        cosine = u @ g / np.linalg.norm(g)
        assert slope(u) == pytest.approx(np.linalg.norm(g) * cosine, abs=1e-5)
        assert slope(u) > steepest


def factor(path, start=200, stop=400):
    return (path.losses[stop] / path.losses[start]) ** (0.5 / (stop - start))


@pytest.mark.parametrize("kappa", [10, 100, 1000])
def test_descent_converges_as_the_theory_says(kappa):
    bowl = problems.quadratic(condition_number=kappa)
    path = minimize(bowl, bowl.start, "sgd", 400, learning_rate=2 / (kappa + 1))
    assert factor(path) == pytest.approx((kappa - 1) / (kappa + 1), rel=0.02)


@pytest.mark.parametrize("kappa", [10, 100, 1000])
def test_momentum_converges_as_the_theory_says(kappa):
    bowl, root = problems.quadratic(condition_number=kappa), np.sqrt(kappa)
    rho = (root - 1) / (root + 1)
    best = {"learning_rate": 4 / (root + 1) ** 2, "momentum": rho**2}
    path = minimize(bowl, bowl.start, "heavy_ball", 400, **best)
    assert factor(path) == pytest.approx(rho, rel=0.02)
