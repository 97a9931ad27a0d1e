"""The book keeps its own rules; see `book_rules.py` for what they are."""

import importlib
import pkgutil
import re

import aebook
import book_rules
import pytest
import readable

CHAPTERS = sorted(
    path
    for path in book_rules.CHAPTERS.rglob("*.ipynb")
    if ".ipynb_checkpoints" not in path.parts
)
LISTED = [f"aebook.{name}" for name in aebook.__all__]
MODULES = sorted(
    info.name
    for info in pkgutil.walk_packages(aebook.__path__, "aebook.")
    if not info.name.rpartition(".")[2].startswith("_")
)


def test_there_are_chapters_and_modules_to_judge():
    assert {path.stem for path in CHAPTERS} >= {"background", "keras_implementation"}
    assert set(MODULES) >= set(LISTED) > set()


def test_the_table_of_contents_is_complete():
    toc = book_rules.ROOT / "_toc.yml"
    assert book_rules.unlisted_or_missing(toc, book_rules.CHAPTERS) == []


@pytest.mark.parametrize("rule", book_rules.NOTEBOOK_RULES, ids=lambda r: r.__name__)
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_keeps_the_rule(path, rule):
    assert rule(book_rules.read(path)) == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_text_of_a_chapter_shows_what_it_stores(path):
    stored, again = book_rules.read(path), book_rules.read(path)
    readable.to_text(again, path.parent)  # as `make execute` does it
    assert [cell.source for cell in stored.cells] == [c.source for c in again.cells]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_path_that_a_page_names_is_there(page):
    text = (book_rules.ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_.]+(?:/[a-z_.]+)*(?:/|\.py|\.md|\.yml))`", text)
    modules = {path.name for path in (book_rules.ROOT / "aebook").rglob("*.py")}
    assert named
    assert not {
        path
        for path in named
        if path not in modules and not (book_rules.ROOT / path).exists()
    }


def test_the_picture_of_the_readme_is_the_one_in_the_chapter():
    name = "fig-background-reconstructions"
    picture = book_rules.ROOT / "_assets" / f"{name}.svg"
    for page in ("README.md", "chapters/index.md"):
        assert picture.name in (book_rules.ROOT / page).read_text(encoding="utf-8")
    chapter = book_rules.read(book_rules.CHAPTERS / "background.ipynb")
    (image,) = [
        output.data["image/svg+xml"]
        for cell in chapter.cells
        if cell.metadata.get("mystnb", {}).get("figure", {}).get("name") == name
        for output in cell.outputs
    ]
    assert picture.read_text(encoding="utf-8") == image


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_documented(name):
    assert book_rules.undocumented(importlib.import_module(name)) == []


@pytest.mark.parametrize("name", LISTED)
def test_every_docstring_has_its_sections(name):
    assert book_rules.missing_sections(importlib.import_module(name)) == []


def test_every_listed_module_is_on_a_page_of_the_package():
    folder = book_rules.CHAPTERS / "appendix" / "api"
    pages = [path.read_text(encoding="utf-8") for path in folder.iterdir()]
    assert book_rules.not_in_api(LISTED, "\n".join(pages)) == []


def test_the_list_of_the_package_has_every_page_of_it():
    folder = book_rules.CHAPTERS / "appendix" / "api"
    text = folder.with_suffix(".md").read_text(encoding="utf-8")
    listed = re.findall(r"^\{doc\}`api/(\w+)`$", text, re.MULTILINE)
    assert {*listed} == {path.stem for path in folder.iterdir()}
