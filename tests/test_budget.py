"""What the run of the chapters says: budgets, and checks that count."""

import re
import shutil
import subprocess
import sys

import book_rules
import nbformat
from nbformat import v4
import pytest

pytest.importorskip("nbval")


def write_chapter(folder, name, seconds):
    notebook = v4.new_notebook(
        cells=[v4.new_code_cell("import time"), v4.new_code_cell("time.sleep(0.2)")],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "aebook": {"budget_seconds": seconds},
        },
    )
    nbformat.write(notebook, folder / f"{name}.ipynb")


@pytest.mark.slow
def test_a_chapter_over_its_budget_is_marked_and_passes(tmp_path):
    shutil.copy(book_rules.CHAPTERS / "conftest.py", tmp_path)
    write_chapter(tmp_path, "long", 0.1)
    write_chapter(tmp_path, "short", 1e6)
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--nbval-lax", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stdout
    assert "4 passed" in result.stdout
    assert re.search(r"long.ipynb +\d+\.\d of 0.1 s  OVER$", result.stdout, re.M)
    assert re.search(r"short.ipynb +\d+\.\d of 1e\+06 s$", result.stdout, re.M)


@pytest.mark.slow
def test_a_check_that_a_reader_may_break_counts_here(tmp_path):
    shutil.copy(book_rules.CHAPTERS / "conftest.py", tmp_path)
    write_chapter(tmp_path, "wrong", 60)
    notebook = nbformat.read(tmp_path / "wrong.ipynb", as_version=4)
    notebook.cells.append(v4.new_code_cell("assert 1 == 2"))
    notebook.cells[-1].metadata.tags = ["raises-exception"]
    nbformat.write(notebook, tmp_path / "wrong.ipynb")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--nbval-lax", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert result.returncode == 1
    assert "1 failed, 2 passed" in result.stdout
