"""Find the terms of the glossary in the prose of a chapter, linked or not."""

import re

from formulas.pages import pages

GLOSSARY = re.compile(r":::\{glossary\}\n(.*?)\n:::", re.DOTALL)
#: What is no prose: code, formulas, headings, captions of tables, links, and roles.
SILENT = re.compile(
    r"```.*?```|\$\$\n.*?\n\$\$(?: \(eq-[\w-]+\))?|^#+ [^\n]*$|^\*Table: [^\n]*$"
    r"|`[^`\n]+`|\$[^$\n]+\$|\[[^\]\n]+\]\([^)\n]+\)",
    re.DOTALL | re.MULTILINE,
)
ROLE = re.compile(r"\{([a-z:]+)\}`([^`]+)`")
#: Words that are also used in their everyday sense, and not looked for.
EVERYDAY = {"code", "parameters", "rounding", "seed"}


def glossary(page: str) -> list[str]:
    """Return the terms that a glossary explains."""
    (entries,) = GLOSSARY.findall(page)
    return [line for line in entries.splitlines() if line and not line.startswith(" ")]


def mask(match: re.Match) -> str:
    """Return blanks in the place of a text, line breaks kept."""
    return re.sub(r"[^\n]", " ", match[0])


def pattern(term: str) -> re.Pattern:
    """Return what a term looks like in a sentence: its plural, or with a capital."""
    if term.isupper():
        return re.compile(rf"(?<![\w-]){re.escape(term)}(?![\w-])")
    first = term[0]
    start = f"[{first.lower()}{first.upper()}]" if first.islower() else first
    return re.compile(rf"(?<![\w-]){start}{re.escape(term[1:])}(?:s|es)?(?![\w-])")


def linked(text: str) -> dict[str, int]:
    """Return where each term is linked first."""
    found: dict[str, int] = {}
    for match in ROLE.finditer(text):
        if match[1] == "term":
            target = match[2].partition(" <")[2].rstrip(">") or match[2]
            found.setdefault(target, match.start())
    return found


def used(text: str, terms: list[str]) -> dict[str, re.Match]:
    """Return the first use of each term outside a role; the longer term wins."""
    prose = SILENT.sub(mask, ROLE.sub(mask, text))
    found = {}
    for term in sorted(terms, key=len, reverse=True):
        matches = [*pattern(term).finditer(prose)]
        if matches:
            found[term] = matches[0]
        prose = pattern(term).sub(mask, prose)
    return found


def unlinked(text: str, terms: list[str]) -> list[str]:
    """Name each term that a page uses before it links to it."""
    links = linked(text)
    return [
        f"{term}: ...{text[max(match.start() - 30, 0) : match.end() + 20]}..."
        for term, match in used(text, terms).items()
        if term not in EVERYDAY and links.get(term, len(text)) > match.start()
    ]


def chapters() -> dict[str, str]:
    """Return the text of the numbered chapters, by name."""
    return {k: text for k, text in pages().items() if not k.startswith("appendix/")}
