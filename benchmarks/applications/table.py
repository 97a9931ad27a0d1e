"""One table of all applications: ours beside the best baseline, from what is stored.

    python benchmarks/applications/table.py

Each script of this folder stores its rows: task, data, method, whether it is ours,
metric, unit, which way is better, one value for each seed, seconds. Of the baselines of
a task the one with the best median is shown. Writes the table beside the results.
"""

from __future__ import annotations

from collections.abc import Iterable
import json
from pathlib import Path
import statistics
from typing import Any

FOLDER = Path(__file__).parents[2] / "aebook" / "results" / "applications"
HEAD = """\
*Table: The applications, each beside the best of its baselines. Median of the seeds, \
lowest to highest in brackets; bold is better.*

| task | data | metric | ours | best baseline | seconds |
|---|---|---|--:|--:|--:|
"""


def rows(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of every stored result, in the order of their files."""
    files = sorted(folder.glob("*.json"))
    return [
        row for file in files for row in json.loads(file.read_text("utf-8"))["rows"]
    ]


def best(of: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the row with the best median."""

    def score(row: dict[str, Any]) -> float:
        sign = 1 if row["better"] == "higher" else -1
        return sign * statistics.median(row["values"])

    return max(of, key=score)


def cell(row: dict[str, Any], wins: bool) -> str:
    """Return the name and the values of a row."""
    low, mid, high = (
        min(row["values"]),
        statistics.median(row["values"]),
        max(row["values"]),
    )
    digits = row.get("digits", 2)
    value = f"{mid:,.{digits}f}"
    spread = f" ({low:,.{digits}f} to {high:,.{digits}f})" if high > low else ""
    return f"{row['method']}: " + (f"**{value}**" if wins else value) + spread


def table(found: list[dict[str, Any]]) -> str:
    """Return the table as Markdown, a line for each task, data and metric."""
    lines, groups = [], {}
    for row in found:
        groups.setdefault((row["task"], row["data"], row["metric"]), []).append(row)
    for (task, data, metric), those in groups.items():
        ours = best(row for row in those if row["ours"])
        theirs = best(row for row in those if not row["ours"])
        winner = best([theirs, ours])  # at a tie the baseline, which is simpler
        unit = f", {ours['unit']}" if ours["unit"] else ""
        cells = [cell(row, row is winner) for row in (ours, theirs)]
        seconds = " / ".join(f"{row['seconds']:.3g}" for row in (ours, theirs))
        lines.append(
            f"| {task} | {data} | {metric}{unit} | {' | '.join(cells)} | {seconds} |"
        )
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = table(rows(FOLDER))
    (FOLDER / "table.md").write_text(text, encoding="utf-8")
    print(text)
