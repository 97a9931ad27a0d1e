"""The files of the results: one for each run, written in one move."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["RESULTS", "SHOWN", "best_rate", "load_runs", "name_of", "read", "write"]

RESULTS = Path(__file__).parent.parent / "results" / "optimizers"
SHOWN = Path(__file__).parents[2] / "aebook" / "results" / "optimizers"


def write(content: Any, path: Path) -> None:
    """Replace the file in one move, so that no reader finds half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(path)


def read(path: Path) -> Any:
    """Return what a file holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def name_of(problem: str, optimizer: str, seed: int, rate: float) -> str:
    """Return the file name of a run: `source-adam-seed0-rate0.001.json`."""
    return f"{problem}-{optimizer}-seed{seed}-rate{rate:g}.json"


def load_runs(folder: Path) -> list[dict[str, Any]]:
    """Return all finished runs of a folder, in the order of their names."""
    return [read(path) for path in sorted(folder.glob("*.json"))]


def best_rate(search: list[dict[str, Any]]) -> float:
    """Return the rate of the run that ends lowest; a diverged run is the worst."""

    def loss(run: dict[str, Any]) -> float:
        value = run["validation_loss"]
        return float("inf") if value is None else value

    return min(search, key=loss)["rate"]
