"""The seconds of each chapter beside its time budget, in the summary of the run.

A chapter says how long a reader should have to wait, as
`{"aebook": {"budget_seconds": 60}}` in its notebook's metadata; without that it is 60
seconds. What counts is everything waited for: the start of the kernel, every cell, and
its end. A chapter over its budget is marked and does not fail: the same cells take
three times as long on a busy machine.

A cell that asserts is marked so that a reader's Jupyter goes on if it fails. Here such
a failure counts.
"""

from __future__ import annotations

from collections import defaultdict
import json
from pathlib import Path

from nbval.plugin import IPyNbCell
import pytest

DEFAULT_BUDGET = 60.0  # seconds

seconds_by_chapter = defaultdict(float)  # seconds, by the path in the node id


def read_budget(path: Path) -> float:
    """Return the seconds a notebook should take at most."""
    metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
    return float(metadata.get("aebook", {}).get("budget_seconds", DEFAULT_BUDGET))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let no cell fail, whatever its marks say to Jupyter."""
    for item in items:
        if isinstance(item, IPyNbCell):
            item.options["check_exception"] = False


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add the setup, the run and the teardown of one cell to its chapter."""
    chapter = report.nodeid.partition("::")[0]
    if chapter.endswith(".ipynb"):
        seconds_by_chapter[chapter] += report.duration


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print one line for each chapter that ran."""
    if not seconds_by_chapter:
        return
    terminalreporter.section("seconds and budgets")
    for chapter, seconds in sorted(seconds_by_chapter.items()):
        budget = read_budget(config.rootpath / chapter)
        over = "  OVER" if seconds > budget else ""
        terminalreporter.line(f"{chapter:<44} {seconds:6.1f} of {budget:g} s{over}")
