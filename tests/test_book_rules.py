"""Each rule of the book finds what it is there to find, and lets the rest pass."""

import base64
from types import ModuleType
from typing import NamedTuple

import book_rules
from nbformat import v4
import pytest

ALT = "A curve that falls from 0.2 to 0.01 in ten epochs"
FIGURE = {"mystnb": {"figure": {"caption": "The loss.", "name": "fig-loss"}}}
CHECKS = "# Checks of this page\n"
SOLUTION = {"tags": ["hide-cell"], "mystnb": {"code_prompt_show": "Show the solution"}}
HIDDEN = {
    "tags": ["remove-cell", "raises-exception"],
    "jupyter": {"source_hidden": True},
}
MAY_FAIL = {"tags": ["raises-exception"]}
QUOTED = '<span data-role="glue:text kinds">1,024</span>'


def image(size=100, alt=ALT, mime="image/png"):
    is_text = mime == book_rules.SVG
    data = "x" * size if is_text else base64.b64encode(bytes(size)).decode()
    return v4.new_output("display_data", {mime: data}, metadata={mime: {"alt": alt}})


def stored(name):
    metadata = {"scrapbook": {"name": name, "mime_prefix": ""}}
    return v4.new_output("display_data", {"text/plain": "1"}, metadata=metadata)


def cell(source="x = 1", outputs=(), metadata=None, count=1):
    return v4.new_code_cell(
        source, outputs=list(outputs), metadata=metadata or {}, execution_count=count
    )


def notebook(*cells, budget=60, kernel="python3"):
    metadata = {
        "kernelspec": {"name": kernel, "display_name": kernel},
        "aebook": {"budget_seconds": budget},
    }
    return v4.new_notebook(cells=list(cells), metadata=metadata)


GOOD = notebook(
    v4.new_markdown_cell("# A chapter, with a link to https://keras.io"),
    cell("def short(x):\n    return x", [v4.new_output("stream", text="fine")]),
    cell("draw()", [image()], FIGURE, count=2),
    v4.new_markdown_cell("*Table: Two.*\n\n| a | b |\n|:--|--:|\n| 1 | 2 |"),
    cell("", count=None),
    cell("print(1)", [v4.new_output("stream", text="1,024 kinds")], count=3),
    cell(CHECKS + "assert x == 1", metadata=HIDDEN, count=4),
    cell("assert x == 1", metadata={"tags": ["hide-cell", *MAY_FAIL["tags"]]}, count=5),
    v4.new_markdown_cell(
        f"It has {QUOTED}.\n\n> **Change this.** Do. *Expect* a. *Because* b."
    ),
    cell("!git clone https://example.org/b", metadata={"tags": ["colab"]}, count=6),
)

TABLE = "| a | b |\n|:--|--:|\n| 1 | 2 |"
LONG = "def helper():\n" + "    x = 1\n" * 10

BAD = {
    "never run": ("not_run", cell(count=None)),
    "run out of order": ("not_run", cell(count=7)),
    "error": (
        "stored_trouble",
        cell(outputs=[v4.new_output("error", ename="E", evalue="", traceback=[])]),
    ),
    "stderr": (
        "stored_trouble",
        cell(outputs=[v4.new_output("stream", name="stderr", text="warning")]),
    ),
    "a logger's warning": (
        "stored_trouble",
        cell(outputs=[v4.new_output("stream", text="WARNING:tensorflow:5 out of")]),
    ),
    "a value stored twice": (
        "values_stored_twice",
        cell(outputs=[stored("loss"), stored("rate"), stored("loss")]),
    ),
    "address printed": (
        "stored_addresses",
        cell(outputs=[v4.new_output("stream", text="<object at 0x7f3a2b1c>")]),
    ),
    "address shown": (
        "stored_addresses",
        cell(
            outputs=[v4.new_output("display_data", {"text/plain": "<A at 0x7f3a2b>"})]
        ),
    ),
    "no alt text": (
        "figures_without_words",
        cell(outputs=[image(alt="")], metadata=FIGURE),
    ),
    "alt text too short": (
        "figures_without_words",
        cell(outputs=[image(alt="a plot")], metadata=FIGURE),
    ),
    "no caption": (
        "figures_without_words",
        cell(outputs=[image()], metadata={"mystnb": {"figure": {"name": "fig-a"}}}),
    ),
    "no name": (
        "figures_without_words",
        cell(outputs=[image()], metadata={"mystnb": {"figure": {"caption": "A."}}}),
    ),
    "a table without caption": (
        "tables_without_words",
        v4.new_markdown_cell("Text.\n\n| a | b |\n|---|---|\n| 1 | 2 |"),
    ),
    "a table shown without caption": (
        "tables_without_words",
        cell(outputs=[v4.new_output("display_data", {"text/markdown": TABLE})]),
    ),
    "a table that is only read": (
        "tables_without_words",
        cell('Markdown(results.table("disagreements"))'),
    ),
    "a check among what teaches": (
        "visible_checks",
        cell("x = 1\nassert x == 1", metadata=MAY_FAIL),
    ),
    "a check that stops a reader": (
        "checks_that_stop_a_reader",
        cell("x = 1\nassert x == 1", metadata={"tags": ["hide-cell"]}),
    ),
    "a test of numbers in a loop": (
        "visible_checks",
        cell("for x in y:\n    np.testing.assert_allclose(x, 1)"),
    ),
    "glue in view": ("visible_checks", cell('glue("loss", 0.1, display=False)')),
    "checks that are not folded": (
        "visible_checks",
        cell(CHECKS + "assert True", metadata={"tags": HIDDEN["tags"]}),
    ),
    "checks that are not named": ("visible_checks", cell("f()", metadata=HIDDEN)),
    "a number from nowhere": ("unprinted_numbers", v4.new_markdown_cell(QUOTED)),
    "a box that does not say why": (
        "incomplete_boxes",
        v4.new_markdown_cell("> **Change this.** Double it. *Expect* twice as much."),
    ),
    "a solution without an answer": (
        "solutions_without_answers",
        cell("print(1)", metadata=SOLUTION),
    ),
    "two images": (
        "figures_without_words",
        cell(outputs=[image(), image()], metadata=FIGURE),
    ),
    "heavy image": ("heavy_images", cell(outputs=[image(150_001)], metadata=FIGURE)),
    "heavy drawing": (
        "heavy_images",
        cell(outputs=[image(150_001, mime=book_rules.SVG)], metadata=FIGURE),
    ),
    "a line that is cut": ("wide_code", cell("x = 1  " + "# " + 90 * "a")),
    "a line of a solution that is cut": (
        "wide_code",
        cell("# Answer: " + 79 * "a", metadata=SOLUTION),
    ),
    "long function": ("long_helpers", cell(LONG)),
    "long class": ("long_helpers", cell(LONG.replace("def helper()", "class Helper"))),
    "long function after a magic": (
        "long_helpers",
        cell("%matplotlib inline\n" + LONG),
    ),
    "address of a site": ("network_calls", cell("load('https://example.org/x.npz')")),
    "requests": ("network_calls", cell("import requests")),
    "wget": ("network_calls", cell("!wget example.org/data")),
}


@pytest.mark.parametrize("rule", book_rules.NOTEBOOK_RULES, ids=lambda r: r.__name__)
def test_a_good_chapter_breaks_no_rule(rule):
    assert rule(GOOD) == []


@pytest.mark.parametrize("case", BAD)
def test_a_bad_cell_breaks_its_rule_and_no_other(case):
    name, bad = BAD[case]
    broken = [
        rule.__name__ for rule in book_rules.NOTEBOOK_RULES if rule(notebook(bad))
    ]
    assert broken == [name]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kernel": "ir"}, "kernel is 'ir'"),
        ({"budget": 121}, "budget is 121"),
        ({"budget": 0}, "budget is 0"),
        ({"budget": "60"}, "budget is '60'"),
    ],
)
def test_wrong_metadata_is_named(settings, words):
    (complaint,) = book_rules.wrong_metadata(notebook(cell(), **settings))
    assert words in complaint


def test_every_notebook_rule_has_a_bad_example():
    tried = {name for name, _ in BAD.values()} | {"wrong_metadata"}
    assert tried == {rule.__name__ for rule in book_rules.NOTEBOOK_RULES}


def test_an_image_of_exactly_the_limit_passes():
    edge = notebook(cell(outputs=[image(150_000)], metadata=FIGURE))
    assert book_rules.heavy_images(edge) == []


@pytest.fixture
def book(tmp_path):
    (tmp_path / "chapters" / "deep").mkdir(parents=True)
    for page in ("index.md", "a.ipynb", "deep/b.md"):
        (tmp_path / "chapters" / page).touch()
    (tmp_path / "_toc.yml").write_text(
        "root: chapters/index\nparts:\n- chapters:\n"
        "  - file: chapters/a\n    sections:\n    - file: chapters/deep/b\n"
    )
    return tmp_path


def complaints(book):
    return book_rules.unlisted_or_missing(book / "_toc.yml", book / "chapters")


def test_a_complete_table_of_contents_passes(book):
    assert complaints(book) == []


def test_a_page_that_is_not_listed_is_found(book):
    (book / "chapters" / "deep" / "c.ipynb").touch()
    assert complaints(book) == ["chapters/deep/c is not in _toc.yml"]


def test_a_page_that_does_not_exist_is_found(book):
    (book / "chapters" / "a.ipynb").unlink()
    assert complaints(book) == ["chapters/a is in _toc.yml and not on disk"]


def test_two_files_of_one_name_are_found(book):
    (book / "chapters" / "a.md").touch()
    assert complaints(book) == ["chapters/a is stored twice"]


def test_a_page_listed_twice_is_found(book):
    with (book / "_toc.yml").open("a") as toc:
        toc.write("  - file: chapters/a\n")
    assert complaints(book) == ["chapters/a is listed twice"]


def module(source, **public):
    made = ModuleType("made")
    exec(source, vars(made))
    vars(made).update(public)
    return made


DOCUMENTED = '''
__all__ = ["LIMIT", "f", "g"]
LIMIT = 3
def f(x: int) -> int:
    """Return x.

    Args:
        x: A number.

    Returns:
        The same.

    Example:
        >>> f(1)
        1
    """
def g() -> None:
    """Do nothing.

    Example:
        >>> g()
    """
'''


def test_a_documented_module_passes():
    assert book_rules.undocumented(module(DOCUMENTED)) == []
    assert book_rules.missing_sections(module(DOCUMENTED)) == []


def test_a_module_without_all_is_found():
    assert book_rules.undocumented(module("x = 1")) == ["made has no __all__"]


def test_a_name_without_docstring_is_found():
    bare = module("__all__ = ['f']\ndef f(): pass")
    assert book_rules.undocumented(bare) == ["made.f has no docstring"]


@pytest.mark.parametrize("section", ["Args", "Returns", "Example"])
def test_a_missing_section_is_found(section):
    made = module(DOCUMENTED.replace(f"    {section}:", "    Other:", 1))
    assert book_rules.missing_sections(made) == [f"made.f has no section {section}:"]


def test_a_class_with_arguments_needs_sections():
    made = module("__all__ = ['A']\nclass A:\n  'A.'\n  def __init__(self, x): pass")
    assert book_rules.missing_sections(made) == [
        "made.A has no section Args:",
        "made.A has no section Example:",
    ]


def test_a_record_needs_no_sections():
    class Point(NamedTuple):
        """A point."""

        x: int

    assert book_rules.missing_sections(module("", __all__=["Point"], Point=Point)) == []


def test_a_module_missing_from_the_api_page_is_found():
    page = "```{eval-rst}\n.. automodule:: aebook.data\n   :members:\n```"
    assert book_rules.not_in_api(["aebook.data"], page) == []
    assert book_rules.not_in_api(["aebook.dat"], page) == [
        "aebook.dat is on no page of api"
    ]
