"""Stored results of the benchmarks, as the chapters show them.

The scripts in `benchmarks` of the repository write these files; a chapter reads them
here, so that it runs wherever the package is installed. Each is known by its SHA-256 in
`SHA256SUMS`: what a page shows is what a script wrote. Imports nothing but `checks`.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
import json
from typing import Any

from aebook.checks import check_choice

__all__ = ["load", "names", "table"]


def names() -> list[str]:
    """Return the names of all results.

    Returns:
        The names of the files, each with its ending.

    Example:
        >>> [name for name in names() if "/" not in name][:3]
        ['architectures.json', 'backends.json', 'code_sizes.json']
    """
    return sorted(_hashes())


def load(name: str) -> dict[str, Any]:
    """Return the numbers that a benchmark stored.

    Args:
        name: One of `names()` that ends in `.json`, without its ending.

    Returns:
        What the script wrote; `benchmarks/README.md` says what each number is.

    Raises:
        ValueError: If the name is unknown; the message lists the known ones.
        OSError: If the file is missing, or is not the one that its hash names.

    Example:
        >>> load("source_networks")["layers"]
        [784, 128, 32, 128, 784]
    """
    return json.loads(_read(name, ".json"))


def table(name: str) -> str:
    """Return a table that a benchmark stored, as Markdown.

    Args:
        name: One of `names()` that ends in `.md`, without its ending.

    Returns:
        The table, below a line in italics that is its caption.

    Raises:
        ValueError: If the name is unknown; the message lists the known ones.
        OSError: If the file is missing, or is not the one that its hash names.

    Example:
        >>> print(table("optimizers/deep").splitlines()[4])
        | Muon | 0.01 | **6.18** | 6.07 | 6.40 | 0 of 5 | **200** | 7.6 |
    """
    return _read(name, ".md")


def _hashes() -> dict[str, str]:
    """Return the SHA-256 of each file by its name; the form is that of sha256sum."""
    text = files(__name__).joinpath("SHA256SUMS").read_text(encoding="utf-8")
    return {name: digest for digest, name in map(str.split, text.splitlines())}


def _read(name: str, ending: str) -> str:
    hashes = _hashes()
    known = [each.removesuffix(ending) for each in hashes if each.endswith(ending)]
    name = check_choice(name, known, "result") + ending
    content = files(__name__).joinpath(name).read_bytes()
    if hashlib.sha256(content).hexdigest() != hashes[name]:
        raise OSError(
            f"{name} is not the file that SHA256SUMS of aebook.results names; install "
            "aebook again, or run tools/hash_results.py after a benchmark"
        )
    return content.decode()
