"""Make every displayed formula wrong in every way there is, and count who notices.

    python tools/mutate_formulas.py

Three people make the mistake. One in the page: its text then differs from that of the
entry. One in the page and the entry's text, where the code stays right: text and code
then do not say the same, but what stands left of an equals sign, and the number of a
step or a layer, are not compared. One in the code too: its numbers then differ from
those of the package.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
import sys
from typing import NamedTuple

import mutants

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "_ext"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from formulas import FORMULAS, Formula
from formulas.pages import differences, pages
from formulas.reading import SPELLED_OUT, code_aloud, latex_aloud

PLACES = ("page", "page and entry", "code")
#: Code that no number can tell from the right one, and why.
EQUIVALENT = {
    "ell(x, x_hat) + lambda_ * Omega(x_hat, z)": "the price is one on z alone",
    "ell(x, x_hat) + lambda_ * Omega(z, z)": "the price is one on z alone",
    "sum((p_model[x] * D_KL for x in world))": "any mean of equal numbers is the same",
    "1 / (n * d) * 2 * (x[i, j] - x_hat[i, j]) / -1": "over -1 is times -1",
    "epsilon * u @ nabla_L(w)": "a vector in NumPy is its own transpose",
}


class Trial(NamedTuple):
    """One mutant: where it stood, its kind, its text, and by what it was noticed."""

    place: str
    kind: str
    label: str | None
    text: str
    noticed_by: str  # "" if by nothing


def wrong_texts(chapter: str, entry: Formula) -> Iterator[Trial]:
    """Try each wrong text of one formula, in the page and in page and entry."""
    page, block = pages()[chapter], f"$$\n{entry.latex}\n$$"
    said = code_aloud(entry.twin)
    for kind, latex in mutants.latex_mutants(entry.latex):
        wrong = page.replace(block, f"$$\n{latex}\n$$")
        noticed = "text" * bool(differences(wrong, FORMULAS[chapter]))
        yield Trial("page", kind, entry.label, latex, noticed)
        if entry.label not in SPELLED_OUT:
            noticed = "reading" * (latex_aloud(latex) != said)
            yield Trial("page and entry", kind, entry.label, latex, noticed)


def wrong_codes(entry: Formula) -> Iterator[Trial]:
    """Try each wrong code of one formula."""
    for kind, line, twin in mutants.code_mutants(entry.twin):
        try:
            entry.check(twin)
            noticed = ""
        except AssertionError:
            noticed = "numbers"
        except Exception:  # code that does not even run
            noticed = "an error"
        yield Trial("code", kind, entry.label, line, noticed)


def trials() -> list[Trial]:
    """Try all mutants of all formulas."""
    return [
        trial
        for chapter, entries in FORMULAS.items()
        for entry in entries
        for trial in (*wrong_texts(chapter, entry), *wrong_codes(entry))
    ]


def report(tried: list[Trial]) -> str:
    """Return a table: mutants caught and mutants tried, by kind."""
    kinds = sorted({trial.kind for trial in tried})
    everything = Counter((t.place, t.kind) for t in tried)
    caught = Counter((t.place, t.kind) for t in tried if t.noticed_by)

    def cells(of: list[str]) -> list[str]:
        return [
            f"{sum(caught[place, k] for k in of)} / "
            f"{sum(everything[place, k] for k in of)}"
            for place in PLACES
        ]

    rows = [["caught / all", *PLACES], *([k, *cells([k])] for k in kinds)]
    rows += [["all", *cells(kinds)]]
    errors = sum(trial.noticed_by == "an error" for trial in tried)
    table = "\n".join("{:12}{:>16}{:>16}{:>16}".format(*row) for row in rows)
    return f"{table}\n{errors} of the wrong codes do not even run."


def survivors(tried: list[Trial]) -> list[Trial]:
    """Return what went unnoticed in the page or the code, and is not equivalent."""
    unnoticed = [t for t in tried if not t.noticed_by and t.place != "page and entry"]
    return [t for t in unnoticed if not any(text in t.text for text in EQUIVALENT)]


def main() -> int:
    """Print the table; fail if a wrong formula went unnoticed."""
    tried = trials()
    print(report(tried))
    for trial in survivors(tried):
        print(f"unnoticed in the {trial.place}: {trial.label}: {trial.text}")
    return bool(survivors(tried))


if __name__ == "__main__":
    sys.exit(main())
