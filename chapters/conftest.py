"""The time budget: a chapter that runs longer than it says fails.

A chapter says how long it may take in its notebook's metadata, as
`{"aebook": {"budget_seconds": 60}}`; without that it has 60 seconds. What counts is
everything a reader waits for: the start of the kernel, every cell, and its end.
"""

from __future__ import annotations

from collections import defaultdict
import json
from pathlib import Path

import pytest

DEFAULT_BUDGET = 60.0  # seconds

seconds_by_chapter = defaultdict(float)  # seconds, by the path in the node id
budgets = {}  # seconds, the same keys


class Budget(pytest.Item):
    """Stands after the last cell of a chapter and compares its time with its budget."""

    def runtest(self) -> None:
        chapter = chapter_of(self.nodeid)
        seconds, budget = seconds_by_chapter[chapter], budgets[chapter]
        if seconds > budget:
            pytest.fail(
                f"{chapter} took {seconds:.1f} s, over its budget of {budget:g} s",
                pytrace=False,
            )

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.nodeid


def chapter_of(nodeid: str) -> str:
    """Return the path of the notebook that a cell belongs to."""
    return nodeid.partition("::")[0]


def read_budget(path: Path) -> float:
    """Return the seconds a notebook may take."""
    metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
    return float(metadata.get("aebook", {}).get("budget_seconds", DEFAULT_BUDGET))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Add a budget after the last cell of each chapter."""
    with_budgets = []
    for item, following in zip(items, [*items[1:], None], strict=True):
        with_budgets.append(item)
        is_last = following is None or following.path != item.path
        if item.path.suffix == ".ipynb" and is_last:
            chapter = chapter_of(item.nodeid)
            budgets[chapter] = read_budget(item.path)
            parent = item.parent.parent  # not the notebook: its kernel ends first
            with_budgets.append(
                Budget.from_parent(
                    parent, name="budget", nodeid=f"{chapter}::budget", path=item.path
                )
            )
    items[:] = with_budgets


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add the setup, the run and the teardown of one cell to its chapter."""
    chapter = chapter_of(report.nodeid)
    if chapter in budgets:
        seconds_by_chapter[chapter] += report.duration


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line for each chapter that ran."""
    if not seconds_by_chapter:
        return
    terminalreporter.section("seconds and budgets")
    for chapter, seconds in seconds_by_chapter.items():
        terminalreporter.line(f"{chapter:<44} {seconds:6.1f} of {budgets[chapter]:g} s")
