"""The tools that store chapters and check the site do what they say."""

import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import tomllib

import book_rules
import nbformat
from nbformat import v4
from packaging.specifiers import SpecifierSet
import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def execute():
    return pytest.importorskip("execute", reason="needs nbclient")


@pytest.fixture
def chapter(tmp_path):
    def make(*sources):
        path = tmp_path / "chapter.ipynb"
        notebook = v4.new_notebook(
            cells=[v4.new_code_cell(source) for source in sources],
            metadata={
                "aebook": {"budget_seconds": 30},
                "language_info": {"name": "python", "version": "3.4"},
                "widgets": {},
            },
        )
        nbformat.write(notebook, path)
        return path

    return make


@pytest.mark.slow
def test_a_run_is_stored_without_what_changes(execute, chapter):
    path = chapter("print(1); print(2)", "1 + 1")
    assert execute.execute(path, timeout=60) == []
    notebook = nbformat.read(path, as_version=4)
    first, second = notebook.cells
    assert first.outputs[0].text == "1\n2\n"
    assert second.outputs[0].data == {"text/plain": "2"}
    assert (first.execution_count, second.execution_count) == (1, 2)
    assert first.metadata == second.metadata == {}
    assert notebook.metadata == {
        "aebook": {"budget_seconds": 30},
        "kernelspec": execute.KERNELSPEC,
        "language_info": {"name": "python"},
    }


@pytest.mark.slow
def test_a_text_that_names_no_value_does_not_cost_the_run(execute, chapter):
    path = chapter("print(1)")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(v4.new_markdown_cell("It is {glue:text}`nothing`."))
    nbformat.write(notebook, path)
    (complaint,) = execute.execute(path, timeout=60)
    assert "`nothing` stands for nothing" in complaint
    stored = nbformat.read(path, as_version=4).cells
    assert stored[0].outputs[0].text == "1\n"
    assert stored[1].source == "It is {glue:text}`nothing`."


@pytest.mark.slow
def test_a_second_run_stores_the_same_bytes(execute, chapter):
    path = chapter("print(1)", "{'a': 1}")
    execute.execute(path, timeout=60)
    once = path.read_bytes()
    execute.execute(path, timeout=60)
    assert path.read_bytes() == once


def test_colab_gets_a_first_cell_once_the_address_is_known(execute):
    notebook = v4.new_notebook(cells=[v4.new_code_cell("1 + 1")])
    execute.set_colab_cell(notebook, "https://example.org/book", "chapters")
    execute.set_colab_cell(notebook, "https://example.org/moved", "chapters")
    first, second = notebook.cells
    assert "clone -q --depth 1 https://example.org/moved book" in first.source
    assert "%cd book/chapters" in first.source
    assert second.source == "1 + 1"
    execute.set_colab_cell(notebook, "", "chapters")
    assert [cell.source for cell in notebook.cells] == ["1 + 1"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import sys; print('careful', file=sys.stderr)", "careful"),
        ("print('WARNING:tensorflow: careful')", "prints a warning"),
        ("import time; time.sleep(30)", "timed out"),
        ("assert 1 == 2", "AssertionError"),
    ],
)
@pytest.mark.slow
def test_a_bad_run_leaves_the_file_alone(execute, chapter, source, words):
    path = chapter("1", source)
    before = path.read_bytes()
    complaint = "\n".join(execute.execute(path, timeout=2))
    assert re.search(words, complaint)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_cell_that_asserts_may_fail_where_a_reader_runs_it(execute):
    notebook = v4.new_notebook(
        cells=[
            v4.new_code_cell("x = 1\nassert x", metadata={"tags": ["remove-cell"]}),
            v4.new_code_cell("print('assert')", metadata={"tags": ["hide-input"]}),
            v4.new_code_cell("print(2)"),
        ]
    )
    execute.let_checks_fail(notebook)
    execute.let_checks_fail(notebook)
    tags = [cell.metadata.get("tags") for cell in notebook.cells]
    assert tags == [["remove-cell", "raises-exception"], ["hide-input"], None]
    execute.let_checks_fail(notebook, may=False)
    assert notebook.cells[0].metadata.tags == ["remove-cell"]


def test_cells_of_one_id_get_ids_of_their_own(execute):
    cells = [v4.new_code_cell("1", id="same") for _ in range(3)]
    execute.name_cells(nbformat.NotebookNode(cells=cells))
    assert cells[0].id == "same"
    assert len({cell.id for cell in cells}) == 3


def test_an_unknown_chapter_is_named(execute):
    with pytest.raises(SystemExit, match="no chapter 'backgruond'; known: "):
        execute.find_chapters(["backgruond"])


def test_broken_links_are_found(tmp_path):
    check_site = pytest.importorskip("check_site", reason="needs playwright")
    (tmp_path / "a b").mkdir()
    (tmp_path / "index.html").write_text(
        '<p id="here">'
        '<a href="#here"><a href="#"><a href="https://other.org/x"><a href="data.csv">'
        '<a href="a%20b/page.html#there"><a href="a%20b/page.html#nowhere">'
        '<a href="gone.html"><a href="#gone">'
    )
    (tmp_path / "a b" / "page.html").write_text('<a id="there" href="../index.html">')
    (tmp_path / "data.csv").touch()
    assert check_site.broken_links(tmp_path, ["index.html", "a b/page.html"]) == [
        "index.html: broken link #gone",
        "index.html: broken link a%20b/page.html#nowhere",
        "index.html: broken link gone.html",
    ]


def test_binder_installs_what_make_installs():
    what = "-r requirements.txt -e ."
    for file in ("Makefile", ".binder/postBuild"):
        assert what in (ROOT / file).read_text(encoding="utf-8")
    version = (ROOT / ".binder" / "runtime.txt").read_text(encoding="utf-8").strip()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert version.removeprefix("python-") in SpecifierSet(
        project["project"]["requires-python"]
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Binder runs it on Linux")
def test_binder_starts_with_what_make_exports():
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    exported = re.findall(r"^export (TF_\w+) = (\S+)$", made, re.MULTILINE)
    start = ROOT / ".binder" / "start"
    printed = subprocess.run(
        [start, "env"], env={"PATH": os.defpath}, capture_output=True, text=True
    ).stdout
    assert exported
    assert {f"{name}={value}" for name, value in exported} <= {*printed.split()}


def test_the_network_is_cut_where_chapters_run_alone():
    check = pytest.importorskip("check_standalone", reason="needs nbclient")
    tries = """
import http.server, socket, threading, urllib.request
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}").status)
for address in ("http://192.0.2.1", "http://example.org"):
    try:
        urllib.request.urlopen(address, timeout=5)
    except OSError as error:
        print(error)
server.shutdown()
socket.socket().connect(("192.0.2.1", 80))
"""
    done = subprocess.run(
        [sys.executable, "-c", check.NO_NETWORK + tries],
        env={"no_proxy": "*"},
        capture_output=True,
        text=True,
    )
    here, by_number, by_name = done.stdout.splitlines()
    assert here == "200"
    assert "no network: 192.0.2.1" in by_number
    assert "no network: example.org" in by_name
    assert done.stderr.endswith("OSError: no network: ('192.0.2.1', 80)\n")


def test_a_letter_that_the_font_lacks_is_found(tmp_path):
    check_site = pytest.importorskip("check_site", reason="needs playwright")
    (tmp_path / "_static").mkdir()
    style = "unicode-range: U+61, U+3B1-3B3;"
    (tmp_path / "_static" / "book.css").write_text(style)
    page = (
        "<p>\N{HEBREW LETTER ALEF}</p><math><mi>a</mi><mi>&beta;</mi><mi>z</mi></math>"
    )
    (tmp_path / "a.html").write_text(page, encoding="utf-8")
    assert check_site.strange_letters(tmp_path, ["a.html"]) == [
        "a.html: no z in the font of the formulas"
    ]


BAD_PAGE = """
<!doctype html><html lang="en"><title>Bad</title><main><article>
<h1>Bad</h1>
<div class="math">a^2</div>
<p>raw $$ here</p>
<pre style="overflow-x: auto">{long}</pre>
<p style="white-space: nowrap">{long}</p>
<details><p style="overflow: hidden; white-space: nowrap">folded {long}</p></details>
<table width="2000"><tr><td>wide</td></tr></table>
<figure><img alt="A dot" src="data:image/svg+xml,{dot}"></figure>
<button></button>
<button class="bare" style="outline: none">bare</button>
<button class="shy" onclick="this.blur()">shy</button>
</article></main>
"""
DOT = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'/>"
GOOD_PAGE = """
<!doctype html><html lang="en"><title>Good</title><main><article>
<h1>Good</h1>
<div class="math"><math><mi>a</mi></math></div>
<pre>short, and <code>$$</code></pre>
<details><summary>More</summary><p>folded</p></details>
<button onclick="this.blur()">shy, and mended</button>
</article></main>
"""


@pytest.fixture(scope="module")
def browser():
    check_site = pytest.importorskip("check_site", reason="needs playwright")
    program = next(filter(None, map(shutil.which, check_site.BROWSERS)), None)
    if program is None:
        pytest.skip("no Chromium is installed")
    with check_site.sync_playwright() as playwright:
        flags = [*check_site.FLAGS]
        started = playwright.chromium.launch(executable_path=program, args=flags)
        yield started
        started.close()


@pytest.mark.slow
def test_what_is_cut_or_hard_to_use_is_found(browser):
    import check_site

    page = browser.new_page(viewport={"width": 390, "height": 600})
    page.set_content(BAD_PAGE.format(long="wide " * 100, dot=DOT))
    found = "\n".join(page.evaluate(check_site.INSPECT))
    assert "no formula: a^2" in found
    assert "raw $$ in the text" in found
    assert "no size before it is loaded: " in found
    assert re.search(r"\d+ pixels of pre are out of sight: wide", found)
    assert re.search(r"\d+ pixels of p are out of sight: folded", found)
    assert re.search(r"^p holds \d+ pixels too many: wide", found, re.MULTILINE)
    assert re.search(r"^table ends \d+ pixels outside: wide", found, re.MULTILINE)
    assert any(
        "button-name" in text for text in check_site.hard_to_use(page, check_site.AXE)
    )
    found = "\n".join(check_site.by_keyboard(page))
    assert 'no ring around <button class="bare"' in found
    assert 'the keyboard is lost after <button class="shy"' in found
    assert '<button class="shy"' not in re.sub("the keyboard.*", "", found)


@pytest.mark.slow
def test_a_page_that_cannot_be_printed_is_found(browser):
    import check_site

    page = browser.new_page()
    page.set_content(GOOD_PAGE)
    assert check_site.on_paper(page) == [
        *("not in light mode", "1 parts stay folded", "what was folded stays open")
    ]


@pytest.mark.slow
def test_with_the_script_of_the_book_all_is_well(browser):
    import check_site

    page = browser.new_page(viewport={"width": 390, "height": 600})
    page.set_content(GOOD_PAGE)
    page.add_script_tag(path=book_rules.ROOT / "_assets" / "book.js")
    assert check_site.on_paper(page) == []
    assert page.evaluate(check_site.INSPECT) == []
    assert check_site.hard_to_use(page, check_site.AXE) == []
    assert check_site.by_keyboard(page) == []
