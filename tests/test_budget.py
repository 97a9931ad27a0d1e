"""A chapter over its time budget fails; one within it passes and is reported."""

import shutil
import subprocess
import sys

import book_rules
import nbformat
from nbformat import v4
import pytest

pytest.importorskip("nbval")


def run(tmp_path, seconds):
    shutil.copy(book_rules.CHAPTERS / "conftest.py", tmp_path)
    notebook = v4.new_notebook(
        cells=[v4.new_code_cell("import time"), v4.new_code_cell("time.sleep(0.2)")],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "aebook": {"budget_seconds": seconds},
        },
    )
    nbformat.write(notebook, tmp_path / "slow.ipynb")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--nbval-lax", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )


def test_a_chapter_over_its_budget_fails(tmp_path):
    result = run(tmp_path, seconds=0.1)
    assert result.returncode == 1
    assert "over its budget of 0.1 s" in result.stdout
    assert "1 failed, 2 passed" in result.stdout


def test_a_chapter_within_its_budget_passes(tmp_path):
    result = run(tmp_path, seconds=50)
    assert result.returncode == 0
    assert " of 50 s" in result.stdout
    assert "3 passed" in result.stdout
