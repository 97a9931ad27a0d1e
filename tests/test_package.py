import os
from pathlib import Path
import subprocess
import sys

import aebook
import pytest


def run(*arguments):
    """Run a new interpreter, with nothing set for TensorFlow; return what it prints."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
    return subprocess.run(
        [sys.executable, *arguments],
        env=clean,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


@pytest.mark.slow
def test_importing_any_module_changes_nothing_in_the_process():
    script = str(Path(__file__).with_name("import_changes.py"))
    of_others = run(script).split()
    changes = run(script, *of_others).splitlines()
    assert len(changes) == len(list(Path(aebook.__file__).parent.rglob("*.py")))
    assert [line for line in changes if ": " in line] == []


def test_importing_the_package_imports_nothing_heavy():
    heavy = run("-c", "import aebook, sys; print(*sys.modules)").split()
    assert not {"tensorflow", "keras", "numpy", "matplotlib", "sklearn"} & set(heavy)


@pytest.mark.slow
def test_data_and_metrics_do_without_keras():
    code = "import sys; from aebook import data, metrics; print(*sys.modules)"
    assert not {"tensorflow", "keras"} & set(run("-c", code).split())


def test_submodules_come_when_they_are_used():
    assert callable(aebook.data.load_mnist)
    assert set(aebook.__all__) <= set(dir(aebook))


def test_an_unknown_submodule_lists_the_known_ones():
    with pytest.raises(
        AttributeError,
        match=r"aebook has no 'date'; it has applications, corruption, data, ",
    ):
        aebook.date  # noqa: B018
