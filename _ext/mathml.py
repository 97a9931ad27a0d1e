"""Formulas as MathML, made when the site is built: no script, no request, no wait.

Temml (in `_assets/temml`) turns LaTeX into MathML; MiniRacer is the JavaScript engine
that runs it. A formula that Temml cannot read is a warning of the build.
"""

from __future__ import annotations

from collections.abc import Iterator
import functools
from pathlib import Path
import re
from xml.etree import ElementTree

from docutils import nodes
from py_mini_racer import JSEvalException, MiniRacer
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

TEMML = Path(__file__).resolve().parent / "temml" / "temml.min.js"
TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|.", re.DOTALL)
GATHERED = re.compile(r"\\begin\{gathered\}(.*)\\end\{gathered\}", re.DOTALL)
BRACE = "⏟"
# As high and deep as most letters, or the sign of a root over one hangs below the line.
STRUT = '<mspace width="0" height="0.8em" depth="0.22em"></mspace>'
# A formula may go on in another row at these, if they stand in no group.
WIDE_SPACES = {r"\quad", r"\qquad"}
RELATIONS = {"=", r"\approx", r"\gets", r"\le", r"\ge", r"\leftarrow", r"\xrightarrow"}
OPENS = {"{", "(", "[", r"\begin", r"\left", r"\lvert", r"\lVert"}
CLOSES = {"}", ")", "]", r"\end", r"\right", r"\rvert", r"\rVert"}

logger = logging.getLogger(__name__)


@functools.cache
def engine() -> MiniRacer:
    """Return a JavaScript engine that has read Temml."""
    started = MiniRacer()
    started.eval(TEMML.read_text(encoding="utf-8"))
    return started


def to_mathml(latex: str, *, display: bool = False) -> str:
    """Return a formula as MathML.

    Raises:
        ValueError: If Temml cannot read it; the message says where.
    """
    options = {"displayMode": display, "throwOnError": True, "strict": True}
    try:
        found = engine().call("temml.renderToString", latex, options)
    except JSEvalException as error:
        raise ValueError(str(error).splitlines()[0]) from error
    return without_braces(found.replace("<msqrt>", f"<msqrt>{STRUT}"))


def without_braces(mathml: str) -> str:
    """Put a line in the place of each brace below a term: browsers draw it badly."""
    if BRACE not in mathml:
        return mathml
    tree = ElementTree.fromstring(mathml)
    for under in tree.iter("munder"):
        if len(under) == 2 and under[1].text == BRACE:
            under.tag = "mrow"
            under.set("class", "below")
            under.remove(under[1])
    return ElementTree.tostring(tree, encoding="unicode")


def rows(latex: str) -> list[list[list[str]]]:
    """Return the rows of a displayed formula, their parts, and the pieces of these.

    Parts stand apart, by a wide space; pieces begin with a relation, a plus or a minus.
    """
    gathered = GATHERED.fullmatch(latex.strip())
    lines = cut(gathered[1], {r"\\"}) if gathered else [latex]
    return [[pieces(part) for part in cut(line, WIDE_SPACES)] for line in lines]


def cut(latex: str, places: set[str]) -> list[str]:
    """Cut a formula at what stands in no group."""
    parts = [""]
    for token, depth in tokens(latex):
        if token in places and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts if part.strip()]


def pieces(latex: str) -> list[str]:
    """Cut a formula before each relation, and each plus and minus between two terms."""
    found, last = [""], ""
    for token, depth in tokens(latex):
        sign = token in "+-" and last and last not in RELATIONS | {"^", "_"}
        if depth == 0 and (sign or (token in RELATIONS and last)):
            found.append("{}")  # or the sign would belong to what follows it
        found[-1] += token
        last = token if token.strip() else last
    return found


def tokens(latex: str) -> Iterator[tuple[str, int]]:
    """Yield the tokens of a formula, each with the number of groups around it."""
    depth = 0
    for token in TOKEN.findall(latex):
        depth += (token in OPENS) - (token in CLOSES)
        yield token, depth


def visit_math(self, node: nodes.math) -> None:
    """Write a formula in a line of text."""
    self.body.append(self.starttag(node, "span", "", CLASS="math notranslate"))
    self.body.append(convert(node, node.astext(), display=False) + "</span>")
    raise nodes.SkipNode


def visit_math_block(self, node: nodes.math_block) -> None:
    """Write a displayed formula, with its number."""
    self.body.append(self.starttag(node, "div", CLASS="math notranslate"))
    if node["number"]:
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append('<div class="rows">')
    for row in rows(node.astext()):
        self.body.append("<div>")
        for part in row:
            maths = [convert(node, piece, display=True) for piece in part]
            self.body.append(f'<span class="part">{"<wbr>".join(maths)}</span> ')
        self.body.append("</div>")
    self.body.append("</div></div>\n")
    raise nodes.SkipNode


def convert(node: nodes.Node, latex: str, *, display: bool) -> str:
    """Return MathML, or the LaTeX after a warning."""
    try:
        return to_mathml(latex, display=display)
    except ValueError as error:
        logger.warning("%s in %s", error, latex, location=node)
        return f"<code>{latex}</code>"


def setup(app):
    """Make this the way in which formulas are written."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
