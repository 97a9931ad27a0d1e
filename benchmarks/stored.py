"""A file of results: where a program writes it, and how it is replaced in one move."""

from __future__ import annotations

import argparse
from collections.abc import Callable
import json
from pathlib import Path
from typing import Any

__all__ = ["follow", "options", "write"]


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


def follow(
    path: Path | None, jobs: dict[str, Callable[[], Any]], settings: dict[str, Any]
) -> dict[str, Any]:
    """Do the jobs whose results a file lacks, with a line for each.

    It may be stopped at any time, and goes on where it was. Without a path nothing is
    written.
    """
    stored = path is not None and path.exists()
    results = json.loads(path.read_text(encoding="utf-8")) if stored else {"runs": {}}
    results["settings"] = settings
    for name, job in jobs.items():
        if name not in results["runs"]:
            results["runs"][name] = done = job()
            print(f"{name}: {done}"[:200], flush=True)
            if path is not None:
                write(results, path)
    return results
