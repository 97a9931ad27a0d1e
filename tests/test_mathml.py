"""Formulas become MathML, in pieces that fit a phone."""

from pathlib import Path
from xml.etree import ElementTree

from formulas.pages import displayed, pages
import pytest

woff2 = pytest.importorskip("fontTools.ttLib.woff2")
mathml = pytest.importorskip("mathml", reason="needs mini-racer")


ASSETS = Path(mathml.__file__).parent.parent / "_assets"


def test_a_formula_is_mathml():
    tree = ElementTree.fromstring(mathml.to_mathml(r"\frac{a}{\sqrt b}"))
    assert tree.tag == "math"
    assert [node.tag for node in tree.iter() if node.tag in ("mfrac", "msqrt")] == [
        "mfrac",
        "msqrt",
    ]
    assert tree.get("display") is None


def test_the_sign_of_a_root_is_as_high_over_each_letter():
    tree = ElementTree.fromstring(mathml.to_mathml(r"\sqrt v + \sqrt{\sqrt t}"))
    roots = [*tree.iter("msqrt")]
    assert len(roots) == 3
    assert all(root[0].get("height") and root[0].get("width") == "0" for root in roots)


def test_a_displayed_formula_says_so():
    tree = ElementTree.fromstring(mathml.to_mathml("a", display=True))
    assert tree.get("display") == "block"


def test_the_font_says_how_roots_and_brackets_grow():
    (path,) = (ASSETS / "fonts").glob("*math*.woff2")
    packed = path.read_bytes()
    count = int.from_bytes(packed[12:14], "big")
    tables, place = set(), 48  # the directory lies behind the header, and is not packed
    for _ in range(count):
        flags = packed[place]
        known = flags & 0x3F
        place += 1
        if known == 0x3F:
            tables.add(packed[place : place + 4].decode())
            place += 4
        else:
            tables.add(woff2.woff2KnownTags[known])
        # Two numbers at most, in bytes whose highest bit says that another follows.
        for _ in range(1 + (flags >> 6 == 0 and known in (10, 11))):
            while packed[place] & 0x80:
                place += 1
            place += 1
    assert {"MATH", "cmap", "glyf"} <= tables


def test_a_brace_below_is_a_line():
    written = mathml.to_mathml(r"\underbrace{a + b}_{\text{sum}}", display=True)
    assert "⏟" not in written
    (outer,) = ElementTree.fromstring(written).iter("munder")
    assert outer[0].get("class") == "below"
    assert "".join(outer[0].itertext()) == "a+b"
    assert outer[1].text == "sum"


@pytest.mark.parametrize("latex", [r"\foo", "{a", r"\frac{a}"])
def test_what_cannot_be_read_is_refused(latex):
    with pytest.raises(ValueError, match="ParseError"):
        mathml.to_mathml(latex)


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        ("a", [[["a"]]]),
        (r"v = 1, \qquad w = 2", [[["v ", "{}= 1,"], ["w ", "{}= 2"]]]),
        (r"\text{a \qquad b}", [[[r"\text{a \qquad b}"]]]),
        (r"f(a + b) + c", [[["f(a + b) ", "{}+ c"]]]),
        (r"a \approx -b", [[["a ", r"{}\approx -b"]]]),
        (r"-a - b", [[["-a ", "{}- b"]]]),
        (r"x^+ + x_-", [[["x^+ ", "{}+ x_-"]]]),
        (r"\left( a = b \right)", [[[r"\left( a = b \right)"]]]),
        (r"\sum_{i=1} a", [[[r"\sum_{i=1} a"]]]),
        (
            r"\begin{gathered} a, \quad b \\ c \end{gathered}",
            [[["a,"], ["b"]], [["c"]]],
        ),
        (
            r"\begin{cases} a & b \\ c & d \end{cases}",
            [[[r"\begin{cases} a & b \\ c & d \end{cases}"]]],
        ),
    ],
)
def test_a_displayed_formula_is_cut_where_a_new_row_may_begin(latex, expected):
    assert mathml.rows(latex) == expected


@pytest.mark.parametrize(
    "latex", sorted({it for page in pages().values() for _, it in displayed(page)})
)
def test_no_formula_of_the_book_loses_a_sign(latex):
    cut = "".join("".join(part) for row in mathml.rows(latex) for part in row)
    skipped = (r"\begin{gathered}", r"\end{gathered}", r"\qquad", r"\quad", r"\\", "{}")
    assert bare(cut, skipped) == bare(latex, skipped)


def bare(latex, skipped):
    for it in skipped:
        latex = latex.replace(it, "")
    return "".join(latex.split())
