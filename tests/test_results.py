"""The results that the chapters show are those that the benchmarks wrote."""

from pathlib import Path
import shutil
import subprocess
import sys

from aebook import results
import hash_results
import pytest

FOLDER = Path(results.__file__).parent


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The results in another folder, to be damaged."""
    shutil.copytree(FOLDER, tmp_path / "results")
    monkeypatch.setattr(results, "files", lambda _: tmp_path / "results")
    return tmp_path / "results"


def test_the_hashes_are_those_of_the_files():
    stored = (FOLDER / "SHA256SUMS").read_text(encoding="utf-8")
    assert hash_results.hashes(FOLDER) + "\n" == stored


@pytest.mark.parametrize("name", results.names())
def test_every_result_can_be_read(name):
    stem, ending = name.rsplit(".", 1)
    if ending == "json":
        assert results.load(stem)
    else:
        caption, between, head = results.table(stem).splitlines()[:3]
        assert caption.startswith("*Table: ")
        assert (between, head[0]) == ("", "|")


@pytest.mark.parametrize("read", [results.load, results.table])
def test_an_unknown_name_is_met_with_the_known_ones(read):
    with pytest.raises(ValueError, match=r"unknown result 'none'; known: \w+"):
        read("none")


def test_a_result_that_was_changed_by_hand_is_refused(copied):
    file = copied / "optimizers" / "deep.md"
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(OSError, match=r"^optimizers/deep.md is not the file that"):
        results.table("optimizers/deep")


def test_the_results_come_without_keras():
    code = "import sys, aebook.results as r; r.load('parity'); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert {"keras", "tensorflow"}.isdisjoint(done.stdout.split())
