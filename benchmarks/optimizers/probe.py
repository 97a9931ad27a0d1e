"""Where to look for a good rate: short runs, wider and wider until one stands out.

    python benchmarks/optimizers/probe.py

440 steps on `source` and `vae`, 550 on `deep`, one seed. The best rate found is to be
the fourth of the six that the comparison tries; `rules.py` holds the result.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import keras
from problems import PROBLEMS, digits
from rules import RULES, half_decade
from store import RESULTS, write
from trial import Trial

SHORT = {"source": 440, "vae": 440, "deep": 550}  # steps
FIRST, MOST = 4, 10  # rates to begin with, and to end with at the latest
WORST = float("inf")


def probe(trial: Trial, lowest: int) -> dict[int, float | None]:
    """Return the validation loss at rate 10^(k/2) for each k tried."""
    found: dict[int, float | None] = {}
    wanted = [lowest + 1 + k for k in range(FIRST)]
    while wanted and len(found) < MOST:
        for k in wanted:
            loss = trial.run(half_decade(k), seed=0, final=False)["validation_loss"]
            found[k] = loss
        best = best_of(found)
        wanted = [k for k in (best - 1, best + 1) if k not in found]
    return found


def best_of(found: dict[int, float | None]) -> int:
    """Return the k with the lowest loss; a diverged run is the worst."""
    return min(found, key=lambda k: WORST if found[k] is None else found[k])


def main(arguments: list[str] | None = None) -> None:
    """Probe what is not in the file yet, and print the best rates."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=RESULTS / "probe.json")
    output = parser.parse_args(arguments).output
    results = json.loads(output.read_text()) if output.exists() else {}
    for problem, settings in PROBLEMS.items():
        row = results.setdefault(problem, {})
        for optimizer, rule in RULES.items():
            if optimizer not in row:
                keras.backend.clear_session()
                short = settings._replace(steps=SHORT[problem], points=1)
                trial = Trial(short, optimizer, digits())
                found = probe(trial, rule.lowest[problem])
                row[optimizer] = {str(k): found[k] for k in sorted(found)}
                write(results, output)
            best = best_of({int(k): loss for k, loss in row[optimizer].items()})
            print(problem, optimizer, row[optimizer], "lowest", best - 3, flush=True)


if __name__ == "__main__":
    main()
