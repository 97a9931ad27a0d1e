"""The table of symbols is true: no letter has two meanings in one chapter."""

from collections import Counter
import re

from formulas.pages import pages
import pytest

ROW = re.compile(r"^\* - (.+)\n  - (.+)\n  -(.*)\n  -(.*)$", re.MULTILINE)
MATH = re.compile(r"\$\$\n(.*?)\n\$\$|\$([^$\n]+)\$", re.DOTALL)
WORDS = re.compile(r"\\(?:text|mathrm|operatorname|begin|end)\{[^}]*\}")
GREEK = set(
    "alpha beta gamma delta Delta epsilon varepsilon zeta eta theta kappa lambda mu nu "
    "xi pi rho sigma tau phi psi omega Omega Sigma Lambda Phi".split()
)
CHAPTERS = sorted(page for page in pages() if "/" not in page and page != "index")


def rows(page):
    """Return the symbols of each row, and where they have this meaning."""
    return [
        (re.findall(r"\$([^$]+)\$", symbols), re.findall(r"\.\./(\w+)", where))
        for symbols, _, where, _ in ROW.findall(page)
    ][1:]


def meanings(page, chapter):
    """Count the meanings of each symbol in a chapter; rows that name it come first."""
    wide = Counter(s for symbols, where in rows(page) if not where for s in symbols)
    narrow = Counter(
        s for symbols, where in rows(page) if chapter in where for s in symbols
    )
    return {**wide, **narrow}


def greek_letters(text):
    """Return the Greek letters in the formulas of a page, with a subscript 1 or 2."""
    found = set()
    for displayed, inline in MATH.findall(text):
        formula = WORDS.sub(" ", displayed or inline)
        for letter, index in re.findall(r"\\([A-Za-z]+)(_[12])?", formula):
            if letter in GREEK:
                found.add(f"\\{letter}{index}")
    return found


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_symbol_has_one_meaning_in_a_chapter(chapter):
    counted = meanings(pages()["appendix/notation"], chapter)
    assert len(counted) > 20
    assert [symbol for symbol, count in counted.items() if count > 1] == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_greek_letter_of_a_chapter_is_in_the_table(chapter):
    known = meanings(pages()["appendix/notation"], chapter)
    assert sorted(greek_letters(pages()[chapter]) - set(known)) == []


def test_the_letters_that_the_page_calls_ambiguous_are_those_of_the_table():
    page = pages()["appendix/notation"]
    where = Counter(s for symbols, _ in rows(page) for s in symbols)
    sentence = re.search(r"both: (.+)\.", page)[1]
    # x, y and z of one method stand beside the input and its code
    twice = {symbol for symbol, count in where.items() if count > 1} - {"x", "z"}
    assert {*re.findall(r"\$([^$]+)\$", sentence)} == twice


def test_a_letter_with_two_meanings_is_noticed():
    page = (
        "* - S\n  - M\n  - W\n  - C\n"
        "* - $v$\n  - one\n  - {doc}`../a`\n  -\n"
        "* - $v$\n  - other\n  - {doc}`../a`, {doc}`../b`\n  -\n"
    )
    assert meanings(page, "a") == {"v": 2}
    assert meanings(page, "b") == {"v": 1}
    assert greek_letters(r"$\beta_1 + \text{\rho}$ and $\eta$") == {r"\beta_1", r"\eta"}
