"""Whether the displayed formulas of a page are those that have an entry."""

from collections import Counter
from collections.abc import Sequence
import functools
from pathlib import Path
import re

import nbformat
from readable import to_roles

from formulas.entry import Formula

CHAPTERS = Path(__file__).resolve().parent.parent.parent / "chapters"
BLOCK = re.compile(
    r"^\$\$\n(.*?)\n\$\$(?: \((eq-[\w-]+)\))?$", re.MULTILINE | re.DOTALL
)
#: Other ways to display a formula; none of them is read here.
OTHERS = re.compile(
    r"^(?:\$\$.+|```\{math\}.*|:::\{math\}.*|\\begin\{.*)$", re.MULTILINE
)


@functools.cache
def pages() -> dict[str, str]:
    """Return the text of each chapter, without its code, by its place in the book."""
    found = {}
    for path in sorted(CHAPTERS.rglob("*")):
        name = path.relative_to(CHAPTERS).with_suffix("").as_posix()
        if path.suffix == ".md":
            found[name] = path.read_text(encoding="utf-8")
        elif path.suffix == ".ipynb" and ".ipynb_checkpoints" not in path.parts:
            cells = nbformat.read(path, as_version=4).cells
            texts = (cell.source for cell in cells if cell.cell_type == "markdown")
            found[name] = to_roles("\n\n".join(texts))
    return found


def displayed(page: str) -> list[tuple[str | None, str]]:
    """Return label and text of each displayed formula."""
    return [(label or None, latex) for latex, label in BLOCK.findall(page)]


def differences(page: str, entries: Sequence[Formula]) -> list[str]:
    """Say where a page and its entries part."""
    shown = Counter(displayed(page))
    known = Counter((entry.label, entry.latex) for entry in entries)
    rest = BLOCK.sub("", page)
    return [
        *(f"{label} has no entry with this text:\n{it}" for label, it in shown - known),
        *(f"{label} is not in the page as:\n{it}" for label, it in known - shown),
        *(f"displayed, but not in a block of $$: {it}" for it in OTHERS.findall(rest)),
        *["a $$ without its other end"] * (rest.count("$$") > 0),
    ]
