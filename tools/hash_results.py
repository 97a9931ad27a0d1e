"""Write the hashes by which `aebook.results` knows its files.

Run `python tools/hash_results.py` after a benchmark.
"""

import hashlib
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "aebook" / "results"


def hashes(folder: Path) -> str:
    """Return a line for each file of results, in the form of sha256sum."""
    found = sorted(
        (path.relative_to(folder).as_posix(), path.read_bytes())
        for path in folder.rglob("*")
        if path.suffix in (".json", ".md")
    )
    lines = [
        f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in found
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    (FOLDER / "SHA256SUMS").write_text(hashes(FOLDER) + "\n", encoding="utf-8")
