"""How far apart the same optimizer is in four libraries.

    python benchmarks/parity.py

Each rule of `aebook.optim` walks down the same quadratic bowl as its twins in Keras,
PyTorch and optax, with the same settings. The largest difference of any weight after
1, 2, 5, 10, 20, 50, 100 and 200 steps goes into the table. Where no setting makes two
libraries agree, a case of its own shows by how much, and why.
"""

from __future__ import annotations

import argparse
import importlib.util
import inspect
from itertools import combinations
import json
import os
from pathlib import Path
import re
import subprocess
import sys
from typing import Any

from cases import DISAGREEMENTS, PARITY
import numpy as np
from twins import GROUNDS, Case, walk

RESULTS = Path(__file__).parent.parent / "aebook" / "results" / "parity.json"
GOLDENS = Path(__file__).parent.parent / "tests" / "goldens" / "pytorch.json"
LIBRARIES = {"keras": "Keras", "torch": "PyTorch", "optax": "optax"}
LETTERS = {"keras": "K", "torch": "P", "optax": "O"}
MINUS = "\N{MINUS SIGN}"
POWER = re.compile(r"(?<=\d)e-0?(?=\d)")  # of 1e-7, which must not be parted
NO_BREAK = "\N{NO-BREAK SPACE}"
AGREE = 2e-5  # rounding of float32 over 200 steps stays below
CASES = {f"parity/{name}": case for name, case in PARITY.items()} | {
    f"disagreement/{name}": row.case for name, row in DISAGREEMENTS.items()
}


def torch_walks() -> dict[str, Any]:
    """Return the walks of PyTorch, measured now; nine digits are all of float32."""
    import torch

    torch.set_num_threads(1)
    walks = {n: walk("torch", case) for n, case in CASES.items() if case.torch}
    rounded = {n: np.vectorize(_nine_digits)(w).tolist() for n, w in walks.items()}
    return {"torch": torch.__version__, "walks": rounded}


def _nine_digits(number: float) -> float:
    return float(f"{number:.9g}")


def keras_elsewhere(backend: str) -> dict[str, list]:
    """Return the walks of Keras that need another backend, from its own process."""
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, __file__, "--walks-on", backend]
    done = subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def available(library: str, case: Case) -> bool:
    """Tell whether a library, in the version at hand, has a twin of the case."""
    twin = getattr(case, library)
    return twin is not None and (library != "keras" or keras_has(twin[0]))


def keras_has(name: str) -> bool:
    """Tell whether this Keras has an optimizer; Muon only if it has `rms_rate`.

    Keras 3.12 has another Muon: no such factor, and a tenth of the rate for AdamW.
    """
    import keras

    optimizer = getattr(keras.optimizers, name, None)
    known = inspect.signature(optimizer).parameters if optimizer else {}
    return optimizer is not None and (name != "Muon" or "rms_rate" in known)


def measure(goldens: dict[str, Any]) -> dict[str, Any]:
    """Walk all cases; PyTorch's walks are those of `goldens`."""
    import jax
    import keras
    import optax

    here = keras.backend.backend()
    others = {case.backend for case in CASES.values()} - {"", here}
    elsewhere = {k: v for name in others for k, v in keras_elsewhere(name).items()}
    stored = {"torch": goldens["walks"], "keras": elsewhere}

    def walks(name: str) -> dict[str, np.ndarray]:
        case = CASES[name]
        libraries = [n for n in ("aebook", *LIBRARIES) if available(n, case)]
        return {
            library: np.array(stored[library][name], np.float32)
            if name in stored.get(library, {})
            else walk(library, case)
            for library in libraries
        }

    versions = {module.__name__: module.__version__ for module in (keras, optax, jax)}
    return {
        "packages": {**versions, "torch": goldens["torch"], "numpy": np.__version__},
        "keras_backend": here,
        "parity": {name: _from_ours(walks(f"parity/{name}")) for name in PARITY},
        "disagreements": {
            name: _apart(walks(f"disagreement/{name}"), row.case)
            for name, row in DISAGREEMENTS.items()
        },
    }


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max())


def _from_ours(walks: dict[str, np.ndarray]) -> dict[str, float | None]:
    """Return the largest difference of each library from `aebook.optim`."""
    return {
        library: _distance(walks[library], walks["aebook"])
        if library in walks
        else None
        for library in LIBRARIES
    }


def _apart(walks: dict[str, np.ndarray], case: Case) -> dict[str, dict[str, float]]:
    """Return the largest difference of each pair; for one weight, how far it moved."""
    theirs = {library: walks[library] for library in LIBRARIES if library in walks}
    start = GROUNDS[case.ground].start
    moved = {k: float(w[-1, 0] - start[0]) for k, w in theirs.items() if w[0].size == 1}
    pairs = combinations(theirs, 2)
    return {
        "apart": {f"{a}-{b}": _distance(theirs[a], theirs[b]) for a, b in pairs},
        "moved": moved,
    }


# --- reporting


def table(results: dict[str, Any]) -> str:
    """Return the parity table as Markdown; a star marks libraries that disagree."""
    lines = [
        "| rule | " + " | ".join(LIBRARIES.values()) + " |",
        "|---|" + "--:|" * len(LIBRARIES),
    ]
    for name, row in results["parity"].items():
        cells = (
            "–" if d is None else f"{d:.1e}{'*' * (d > AGREE)}" for d in row.values()
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def disagreements(results: dict[str, Any]) -> str:
    """Return the table of disagreements as Markdown, one row each."""
    lines = [
        "*Table: What one name means in three libraries, and how far it takes the "
        "weights of two of them apart.*",
        "",
        "| what | Keras (K) | PyTorch (P) | optax (O) | weights apart by "
        "| measured at |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in DISAGREEMENTS.items():
        measured = results["disagreements"][name]
        cells = [
            getattr(row, library) + _moved(measured["moved"].get(library))
            for library in LIBRARIES
        ]
        apart = ", ".join(
            "/".join(LETTERS[part] for part in pair.split("-"))
            + f"{NO_BREAK}{value:.2g}"
            for pair, value in measured["apart"].items()
        )
        lines.append(f"| {row.what} | {' | '.join(cells)} | {apart} | {row.setting} |")
    return POWER.sub(f"e{MINUS}", "\n".join(lines))


def _moved(distance: float | None) -> str:
    if distance is None:
        return ""
    return f"; moves {MINUS * (distance < 0)}{abs(distance):.2g}"


def main(arguments: list[str] | None = None) -> None:
    """Measure, or print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    option = parser.add_argument
    option("--output", type=Path, default=RESULTS, metavar="FILE")
    option("--table", action="store_true", help="print the stored results only")
    option("--walks-on", metavar="BACKEND", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.walks_on:
        return print(json.dumps(walks_on(options.walks_on)))
    if not options.table:
        if importlib.util.find_spec("torch"):
            text = json.dumps(torch_walks()).replace(' "', '\n "')
            GOLDENS.parent.mkdir(exist_ok=True)
            GOLDENS.write_text(text + "\n", encoding="utf-8")
        else:
            print("PyTorch is not installed: its column comes from tests/goldens.\n")
        results = measure(json.loads(GOLDENS.read_text(encoding="utf-8")))
        text = json.dumps(results, indent=1)
        options.output.write_text(text + "\n", encoding="utf-8")
        page = options.output.with_name("disagreements.md")
        page.write_text(disagreements(results) + "\n", encoding="utf-8")
    results = json.loads(options.output.read_text(encoding="utf-8"))
    print(table(results), disagreements(results), sep="\n\n")


def walks_on(backend: str) -> dict[str, list]:
    """Return the walks of the cases that ask for this backend of Keras."""
    cases = {name: case for name, case in CASES.items() if available("keras", case)}
    asked = {name: case for name, case in cases.items() if case.backend == backend}
    return {name: walk("keras", case).tolist() for name, case in asked.items()}


if __name__ == "__main__":
    main()
