"""The text of a notebook as it reads where no Sphinx is: values in the place of roles.

A role such as ``{glue:text}`loss:.2f` `` is stored in a notebook as

    <span data-role="glue:text loss:.2f">2.31</span>

so that JupyterLab, Colab and GitHub show the number. `to_text` makes it from the role
when a chapter is executed; `to_roles` makes the role again when the site is built. The
label behind a displayed formula becomes its number in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
import functools
from pathlib import Path
import re

from myst_nb.core.variables import format_plain_text
import nbformat
from nbformat import NotebookNode
from pybtex.database import Entry, parse_file
import yaml

ROLE = re.compile(r"(?<!`)\{([a-z]+(?::[a-z]+)?)\}`([^`]+)`")
SPAN = re.compile(r'<span data-role="([a-z:]+) ([^"]+)">.*?</span>')
LABEL = re.compile(r"^(\$\$) \((eq-[\w-]+)\)$", re.MULTILINE)
LABEL_ROLE = re.compile(r"^(\$\$) \{label\}`([\w-]+)`$", re.MULTILINE)
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
ROOT = Path(__file__).resolve().parent.parent


class RoleError(ValueError):
    """A role in a text that stands for nothing."""


def to_roles(text: str) -> str:
    """Return a text with the roles and labels whose values it holds."""
    return LABEL_ROLE.sub(r"\1 (\2)", SPAN.sub(r"{\1}`\2`", text))


def to_text(notebook: NotebookNode, folder: Path) -> None:
    """Write into a notebook what its roles stand for.

    Args:
        notebook: A chapter with its outputs; its Markdown is changed.
        folder: Where it lies, from which it names other pages.

    Raises:
        RoleError: If a role is unknown, or names what is not there.
    """
    write = writers(glued(notebook), folder)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = LABEL.sub(r"\1 {label}`\2`", to_roles(cell.source))
            cell.source = ROLE.sub(lambda m: span(*m.groups(), write), text)


def span(role: str, content: str, write: dict[str, Callable[[str], str]]) -> str:
    """Return the value of a role, with the role around it."""
    try:
        shown = write[role](content)
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise RoleError(f"{{{role}}}`{content}` stands for nothing here") from error
    return f'<span data-role="{role} {content}">{shown}</span>'


def glued(notebook: NotebookNode) -> dict[str, str]:
    """Return the values that `glue` stored, as texts."""
    return {
        output.metadata.scrapbook.name: output.data[f"{prefix}text/plain"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "scrapbook" in output.get("metadata", {})
        for prefix in [output.metadata.scrapbook.mime_prefix]
    }


def writers(values: dict[str, str], folder: Path) -> dict[str, Callable[[str], str]]:
    """Return for each role the function that makes a text of its content."""
    entries = parse_file(str(ROOT / "references.bib")).entries
    return {
        "glue:text": lambda content: glue_text(content, values),
        "cite:t": lambda keys: cite(keys, entries, "{} ({})", ", "),
        "cite:p": lambda keys: f"({cite(keys, entries, '{}, {}', '; ')})",
        "doc": lambda page: title(folder / page),
        "eq": lambda label: equation_numbers()[label],
        "label": lambda label: equation_numbers()[label],
        "term": lambda content: content.partition(" <")[0],
    }


@functools.cache
def equation_numbers() -> dict[str, str]:
    """Return the number of each labelled formula, as the site gives it."""
    book = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    parts = [part for part in book["parts"] if part.get("numbered")]
    chapters = [page for part in parts for page in part["chapters"]]
    numbers = {}
    for chapter, page in enumerate(chapters, 1):
        cells = nbformat.read(ROOT / f"{page['file']}.ipynb", as_version=4).cells
        text = "\n\n".join(c.source for c in cells if c.cell_type == "markdown")
        for place, (_, label) in enumerate(LABEL.findall(to_roles(text)), 1):
            numbers[label] = f"({chapter}.{place})"
    return numbers


def glue_text(content: str, values: dict[str, str]) -> str:
    """Return a stored value in the form that the role asks for."""
    key, _, form = content.partition(":")
    return format_plain_text(values[key], form or "s")


def cite(keys: str, entries: dict[str, Entry], form: str, between: str) -> str:
    """Return authors and year of each work, linked to it where it has an address."""
    return between.join(
        link(
            form.format(authors(entries[key]), entries[key].fields["year"]),
            entries[key],
        )
        for key in keys.split(",")
    )


def authors(entry: Entry) -> str:
    """Return the last names of one or two authors, or of the first of several."""
    names = [
        " ".join(map(str, person.rich_prelast_names + person.rich_last_names))
        for person in entry.persons["author"]
    ]
    if len(names) > 2 or names[-1] == "others":
        return f"{names[0]} et al."
    return " and ".join(names)


def link(text: str, entry: Entry) -> str:
    """Return the text as a link, if the entry has a DOI or an address."""
    doi = entry.fields.get("doi")
    address = f"https://doi.org/{doi}" if doi else entry.fields.get("url")
    return f"[{text}]({address})" if address else text


def title(page: Path) -> str:
    """Return the title of a page that is named without its ending."""
    if (notebook := page.with_suffix(".ipynb")).exists():
        text = nbformat.read(notebook, as_version=4).cells[0].source
    else:
        text = page.with_suffix(".md").read_text(encoding="utf-8")
    return TITLE.search(text)[1]
