"""A file of results: where a program writes it, and how it is replaced in one move."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

__all__ = ["options", "write"]


def options(
    doc: str, path: Path, arguments: list[str] | None = None
) -> argparse.Namespace:
    """Read the command line of a program that stores its results at a path."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="toy size, write no file")
    parser.add_argument("--output", type=Path, default=path, metavar="FILE")
    return parser.parse_args(arguments)


def write(results: Any, path: Path) -> None:
    """Replace the file in one move, so that no reader finds half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)
