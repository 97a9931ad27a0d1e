"""Print the plan of the package: rooms, modules, sizes, and who imports whom.

    python tools/sizes.py

A room is a folder of `aebook`, or a module at its root. Docstrings, comments and blank
lines are no lines of code. It fails where rooms import each other in a circle, or where
a module of more than `LONGEST` lines is not in `LONGER`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
import io
from pathlib import Path
import sys
import tokenize

PACKAGE = Path(__file__).resolve().parent.parent / "aebook"
LONGEST = 200  # lines of a module, all of them
#: Modules that are longer, and why they stay in one piece.
LONGER = {
    "applications/compression/codec.py": "fit, compress, decompress; half docstrings",
    "applications/compression/networks.py": "four networks, their loss and their start",
    "applications/denoising/denoiser.py": "fit, denoise, a file; half docstrings",
    "applications/generation/generator.py": "fit, sample, interpolate; half docstrings",
    "applications/generation/latent_flow.py": "fit, sample, back; half docstrings",
    "checks.py": "what every function says about bad input, half of it docstrings",
    "estimators/base.py": "all that the two estimators share",
    "keras_internals.py": "every touch of a private part of Keras, with its fallback",
    "losses.py": "nine losses; two lines in three are their formulas and examples",
    "models/autoencoder.py": "the base class, which cannot be cut; members are short",
    "plots/descents.py": "two figures of one path, which share its frame and its text",
    "plots/image_rows.py": "three figures of one grid of images",
    "plots/words.py": "a list of texts",
    "problems.py": "test functions and their minima; more docstring than code",
    "schedules/rate_finder.py": "the search, its result and its stopping rule",
    "scratch.py": "the book's own network, to be read in one sitting",
    "training/batches.py": "one data set; half of it docstrings",
    "training/checkpoint/callback.py": "one callback: kept, compared, put back",
    "training/checkpoint/callback_progress.py": "what each callback of Keras keeps",
    "training/checkpoint/description.py": "one recursion over all that a config holds",
    "training/checkpoint/fingerprint.py": "every part of a fingerprint, a page each",
    "training/compiled_epochs.py": "one loop, read from top to bottom",
    "training/request.py": "the arguments of fit: their form, and their checks",
}
IGNORED = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT)


def room_of(path: Path, package: Path) -> str:
    """Return the room that a module belongs to."""
    first, *rest = path.relative_to(package).parts
    return first if rest else path.stem


def imported_rooms(tree: ast.Module, package: str) -> Iterator[str]:
    """Yield the rooms that a module imports from, also within its functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == package:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
            yield from (n.split(".")[1] for n in names if n.startswith(f"{package}."))
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            yield from (n.split(".")[1] for n in names if n.startswith(f"{package}."))


def lines_of_code(text: str) -> int:
    """Count the lines that hold code; docstrings are none."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    code = {
        line
        for token in tokens
        if token.type not in (*IGNORED, tokenize.DEDENT, tokenize.ENDMARKER)
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            code -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(code)


def functions(tree: ast.Module) -> list[ast.FunctionDef]:
    """Return all functions and methods."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def arrows(package: Path) -> dict[str, set[str]]:
    """Return for each room the rooms it imports from, other than itself."""
    found: dict[str, set[str]] = {}
    for path in sorted(package.rglob("*.py")):
        room = room_of(path, package)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found.setdefault(room, set()).update(imported_rooms(tree, package.name))
    found.pop("__init__", None)
    return {room: (to - {room}) & set(found) for room, to in found.items()}


def ordered(rooms: dict[str, set[str]]) -> list[str]:
    """Return the rooms, each after all that it imports from.

    Raises:
        ValueError: If some import each other in a circle; it names them.
    """
    try:
        return list(TopologicalSorter(dict(sorted(rooms.items()))).static_order())
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        raise ValueError(f"rooms import each other in a circle: {circle}") from None


def report(package: Path) -> str:
    """Return the plan as text, rooms in the order in which they may be read."""
    rooms = arrows(package)
    lines = [
        f"{'room':18}{'modules':>8}{'lines':>7}{'code':>6}{'functions':>10}  imports"
    ]
    for room in ordered(rooms):
        paths = sorted((package / room).rglob("*.py")) or [package / f"{room}.py"]
        texts = [path.read_text(encoding="utf-8") for path in paths]
        count = sum(len(functions(ast.parse(text))) for text in texts)
        sizes = (
            f"{len(paths):8}{sum(len(text.splitlines()) for text in texts):7}"
            f"{sum(map(lines_of_code, texts)):6}{count:10}"
        )
        lines.append(f"{room:18}{sizes}  {', '.join(sorted(rooms[room]))}".rstrip())
    lines += ["", f"{'lines':>6}{'code':>6}  modules of more than {LONGEST} lines"]
    for path, text in long_modules(package).items():
        size = f"{len(text.splitlines()):6}{lines_of_code(text):6}"
        lines.append(f"{size}  {path}: {LONGER.get(path, 'no reason given')}")
    return "\n".join(lines)


def long_modules(package: Path) -> dict[str, str]:
    """Return the text of each module of more than `LONGEST` lines."""
    texts = {
        path.relative_to(package).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(package.rglob("*.py"))
    }
    return {p: text for p, text in texts.items() if len(text.splitlines()) > LONGEST}


def main() -> None:
    """Print the plan, or the circle in it."""
    try:
        print(report(PACKAGE))
    except ValueError as error:
        sys.exit(str(error))
    if too_long := sorted(set(long_modules(PACKAGE)) - set(LONGER)):
        sys.exit(f"too long, and no reason given in LONGER: {', '.join(too_long)}")


if __name__ == "__main__":
    main()
