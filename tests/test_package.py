import os
import subprocess
import sys

import aebook
import pytest


def run(code, **environment):
    """Run `code` in a new interpreter and return what it prints."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=True,
    )


def test_importing_the_package_imports_nothing_heavy():
    heavy = run("import aebook, sys; print(*sys.modules)").stdout.split()
    assert not {"tensorflow", "keras", "numpy", "matplotlib", "sklearn"} & set(heavy)


def test_data_and_metrics_do_without_keras():
    code = "import sys; from aebook import data, metrics; print(*sys.modules)"
    assert not {"tensorflow", "keras"} & set(run(code).stdout.split())


def test_tensorflow_starts_quietly():
    code = "import aebook; from aebook import models; print(models.dense(9, 2))"
    assert run(code, CUDA_VISIBLE_DEVICES="-1").stderr == ""


def test_settings_of_the_user_win():
    code = "import aebook, os; print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    assert run(code, TF_CPP_MIN_LOG_LEVEL="0").stdout.strip() == "0"


def test_submodules_come_when_they_are_used():
    assert callable(aebook.data.load_mnist)
    assert set(aebook.__all__) <= set(dir(aebook))


def test_an_unknown_submodule_lists_the_known_ones():
    with pytest.raises(
        AttributeError, match=r"aebook has no 'date'; it has corruption, data, "
    ):
        aebook.date  # noqa: B018
