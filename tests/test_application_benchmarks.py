"""The benchmarks of the applications go on where they stopped, and make one table."""

import importlib
from pathlib import Path

from aebook import results
import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
ROW = {
    "task": "denoising",
    "data": "photographs",
    "metric": "gain",
    "unit": "dB",
    "better": "higher",
    "seconds": 30,
}


@pytest.fixture
def stored(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("stored")


@pytest.fixture
def report(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS / "applications"))
    return importlib.import_module("table")


def row(method, *values, ours=False, **others):
    return ROW | {"method": method, "ours": ours, "values": [*values]} | others


def test_a_stopped_benchmark_does_only_what_is_missing(stored, tmp_path, capsys):
    path, done = tmp_path / "new" / "result.json", []

    def job(name):
        def run():
            if name == "third" and len(done) < 3:
                done.append("stopped")
                raise KeyboardInterrupt
            done.append(name)
            return {"error": 0.5}

        return run

    jobs = {name: job(name) for name in ("first", "second", "third")}
    with pytest.raises(KeyboardInterrupt):
        stored.follow(path, jobs, {"seeds": 3})
    whole = stored.follow(path, jobs, {"seeds": 3})
    assert done == ["first", "second", "stopped", "third"]
    assert whole["runs"] == {name: {"error": 0.5} for name in jobs}
    assert whole["settings"] == {"seeds": 3}
    assert "second: {'error': 0.5}" in capsys.readouterr().out
    assert stored.follow(path, jobs, {"seeds": 3}) == whole


def test_a_try_writes_no_file(stored):
    assert stored.follow(None, {"a": lambda: 1}, {})["runs"] == {"a": 1}


def test_ours_stands_beside_the_best_baseline_and_bold_is_better(report):
    found = [
        row("network", 6.1, 6.0, 6.3, ours=True),
        row("median", 3.0),
        row("BM3D", 6.8),
        row("network", 0.2, 0.1, 0.3, ours=True, data="digits", better="lower"),
        row("PCA", 0.4, data="digits", better="lower"),
    ]
    first, second = report.table(found).splitlines()[4:]
    assert "| network: 6.10 (6.00 to 6.30) | BM3D: **6.80** | 30 / 30 |" in first
    assert "| network: **0.20** (0.10 to 0.30) | PCA: 0.40 |" in second


def test_at_a_tie_the_baseline_is_bold(report):
    line = report.table([row("net", 1.0, ours=True), row("PCA", 1.0)]).splitlines()[4]
    assert "net: 1.00 | PCA: **1.00**" in line


def test_the_stored_table_is_that_of_the_stored_rows(report):
    found = report.rows(report.FOLDER)
    if found:
        assert results.table("applications/table") == report.table(found)
    for each in found:
        assert ROW.keys() | {"method", "ours", "values"} <= each.keys()
        assert each["better"] in ("higher", "lower")


@pytest.mark.slow
def test_the_maps_are_compared_in_a_try(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(BENCHMARKS / "applications"))
    benchmark = importlib.import_module("dimensionality_reduction")
    benchmark.main(["--quick"])
    printed = capsys.readouterr().out
    for method in ("PCA", "kernel PCA", "Isomap", "autoencoder"):
        assert f"MNIST in 2 numbers vote of 5 neighbours {method} 0." in printed
        assert f"turning cup angle error {method}" in printed
    assert "MNIST, stored squared error per pixel in 64 bits PCA 0.0" in printed


def test_bits_are_chosen_by_validation_and_quoted_by_test(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS / "applications"))
    benchmark = importlib.import_module("dimensionality_reduction")
    runs = [
        {"float": {"validation": 0.0, "test": 0.0}, "seconds": 1},
        {
            "16": {"validation": 0.2, "test": 0.1},
            "32": {"validation": 0.1, "test": 0.3},
        },
        {"30 shared": {"validation": 0.15, "test": 0.05}},
    ]
    assert [benchmark.at_budget(runs, bits) for bits in (16, 31, 64)] == [
        0.1,
        0.05,
        0.3,
    ]
    assert benchmark.at_budget(runs, 8) != benchmark.at_budget(runs, 8)  # none: NaN


def test_an_angle_is_read_between_its_neighbours(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS / "applications"))
    benchmark = importlib.import_module("dimensionality_reduction")
    known = np.array([350.0, 10.0, 90.0, 180.0])
    at = np.stack([np.cos(np.deg2rad(known)), np.sin(np.deg2rad(known))], axis=1)
    found = benchmark.read_angles(at, known, np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert found == pytest.approx([0, 90], abs=1e-6)
