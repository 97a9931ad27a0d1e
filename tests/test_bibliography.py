"""The bibliography holds what the pages cite, and no more."""

from pathlib import Path
import re

from formulas.pages import pages
import pytest

ROOT = Path(__file__).parent.parent
CITED = re.compile(r"\{cite:[tp]\}`([^`]+)`")


def entries():
    database = pytest.importorskip("pybtex.database")
    return database.parse_file(str(ROOT / "references.bib")).entries


def test_what_is_cited_has_an_entry_and_each_entry_is_cited():
    lists = [keys for page in pages().values() for keys in CITED.findall(page)]
    cited = {key.strip() for keys in lists for key in keys.split(",")}
    assert cited ^ set(entries()) == set()


def test_each_entry_leads_to_its_source():
    lost = [
        key
        for key, entry in entries().items()
        if not {"doi", "url", "eprint"} & set(entry.fields)
    ]
    assert lost == []
