"""The Sphinx extension turns our habits into what Sphinx reads."""

import json
from pathlib import Path
import re
import shutil
from types import SimpleNamespace
from typing import NamedTuple

import book_rules
import bookext
import pydata_sphinx_theme
import pytest
from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, GoogleDocstring


def convert(text):
    lines = text.split("\n")
    bookext.convert_docstring(None, "function", "f", None, None, lines)
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("the shape `(n, d)`.", "the shape ``(n, d)``."),
        ("two `Model`s", "two ``Model``\\ s"),
        ("``already``", "``already``"),
        (":func:`f` and `a <b>`_", ":func:`f` and `a <b>`_"),
        ("the code, $k$ numbers", "the code, :math:`k` numbers"),
        ("$5 and $6", "$5 and $6"),
        ("`$HOME` and `a$b$c`", "``$HOME`` and ``a$b$c``"),
        ("`over\ntwo lines`", "``over\ntwo lines``"),
    ],
)
def test_inline_markdown_becomes_restructured_text(written, expected):
    assert convert(written) == expected


@pytest.mark.parametrize("written", ["$$ a = b $$", "$$\na = b\n$$", "$$a = b$$"])
def test_display_maths_becomes_a_directive(written):
    assert convert(f"Rule.\n\n{written}\n\nMore.").split() == [
        *("Rule.", "..", "math::", "a", "=", "b", "More.")
    ]
    assert "\n\n   a = b\n\n" in convert(written + "\n")


def test_display_maths_keeps_its_indent():
    lines = convert("Args:\n    x: One.\n\n    $$ a $$\n").split("\n")
    assert "    .. math::" in lines
    assert "       a" in lines


def test_a_doctest_is_left_alone():
    doctest = ">>> f(`x`)  # $a$\narray([`1`, `2`])"
    assert convert(f"`a`\n\n{doctest}\n\n`b`") == f"``a``\n\n{doctest}\n\n``b``"


@pytest.mark.parametrize(
    ("what", "written"),
    [
        ("function", "Do.\n\nReturns:\n    The loss of each epoch: a mean."),
        ("property", "How often each is compared: `samples` times."),
    ],
)
def test_what_stands_before_a_colon_is_no_type(what, written):
    lines = written.split("\n")
    bookext.convert_docstring(None, what, "f", None, None, lines)
    read = str(GoogleDocstring(lines, Config(napoleon_use_rtype=False), None, what))
    assert "*" not in read and " -- " not in read and ":type:" not in read
    assert written.split("\n")[-1].strip().replace("`", "") in read.replace("`", "")


def test_a_name_keeps_its_last_underscore():
    lines = ["A class.", "", "Attributes:", "    threshold_: Their quantile."]
    bookext.convert_docstring(None, "class", "C", None, None, lines)
    read = str(GoogleDocstring(lines, Config(napoleon_use_ivar=True), None, "class"))
    assert ":ivar threshold\\_: Their quantile." in read


TEXT = 'Down to <span data-role="glue:text loss:.2f">2.31</span>.'


def page(*outputs, metadata=None, source=()):
    text = {"cell_type": "markdown", "metadata": {}, "source": [TEXT, "\n", "Next."]}
    code = {"cell_type": "code", "metadata": metadata or {}, "outputs": list(outputs)}
    code["source"] = source
    return [json.dumps({"cells": [text, code]})]


def alt_on_page(source, file="a.ipynb"):
    app = SimpleNamespace(env=SimpleNamespace(doc2path=lambda name: file))
    bookext.prepare_notebook(app, "a", source)
    cell = json.loads(source[0])["cells"][1]
    return cell["metadata"].get("mystnb", {}).get("image", {}).get("alt")


IMAGE = {"metadata": {"image/svg+xml": {"alt": "A rising curve"}}}


def test_stored_alt_text_reaches_the_page():
    assert alt_on_page(page({"output_type": "stream"}, IMAGE)) == "A rising curve"


def test_alt_text_in_the_cell_goes_first():
    written = {"mystnb": {"image": {"alt": "By hand"}}}
    assert alt_on_page(page(IMAGE, metadata=written)) == "By hand"


def test_a_cell_without_image_gets_no_alt_text():
    assert alt_on_page(page({"metadata": {}})) is None


def test_the_values_in_a_text_become_roles_again():
    source = page()
    alt_on_page(source)
    cell = json.loads(source[0])["cells"][0]
    assert cell["source"] == "Down to {glue:text}`loss:.2f`.\nNext."


def test_code_that_a_cell_prints_is_coloured_as_code():
    printed = {"output_type": "stream", "text": ["def update(g):\n", "    pass\n"]}
    source = page(printed, source=['print(optim.source("sgd"))'])
    alt_on_page(source)
    (output,) = json.loads(source[0])["cells"][1]["outputs"]
    assert output["data"] == {
        "text/markdown": "```python\ndef update(g):\n    pass\n```"
    }


TABLES = """Before.

*Table: Two numbers, *both* small.*

| a | b |
|---|---|
| 1 | 2 |

| no | caption |
|---|---|"""


def test_a_table_with_a_line_above_it_gets_a_number_and_no_other_does():
    assert bookext.numbered_tables(TABLES) == TABLES.replace(
        "*Table: Two numbers, *both* small.*", "```{table} Two numbers, *both* small."
    ).replace("| 1 | 2 |\n", "| 1 | 2 |\n\n```\n")


def test_a_table_that_a_cell_shows_gets_a_number_too():
    shown = {"output_type": "execute_result", "data": {"text/markdown": [TABLES]}}
    source = page(shown)
    alt_on_page(source)
    cell = json.loads(source[0])["cells"][1]
    assert cell["metadata"]["mystnb"]["markdown_format"] == "myst"
    assert "```{table} Two" in cell["outputs"][0]["data"]["text/markdown"]


def test_a_page_that_is_no_notebook_is_left_alone():
    source = ["# Not JSON"]
    app = SimpleNamespace(env=SimpleNamespace(doc2path=lambda name: "a.md"))
    bookext.prepare_notebook(app, "a", source)
    assert source == ["# Not JSON"]


def options(monkeypatch, **environment):
    for key in ("AEBOOK_REPO_URL", "AEBOOK_REPO_BRANCH"):
        monkeypatch.delenv(key, raising=False)
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    theme = dict.fromkeys(bookext.REPOSITORY_OPTIONS, "set") | {"logo": "kept"}
    config = SimpleNamespace(html_theme_options=theme)
    bookext.set_repository(None, config)
    return config.html_theme_options


@pytest.mark.parametrize("environment", [{}, {"AEBOOK_REPO_URL": " "}])
def test_without_a_repository_there_is_no_button(monkeypatch, environment):
    assert options(monkeypatch, **environment) == {"logo": "kept"}


def test_the_repository_comes_from_the_environment(monkeypatch):
    found = options(monkeypatch, AEBOOK_REPO_URL="https://github.com/me/book.git/")
    assert found["repository_url"] == "https://github.com/me/book"
    assert found["repository_branch"] == "main"
    assert found["launch_buttons"] == "set"


def addressed(monkeypatch, **environment):
    """What a page knows of its address, by the environment of the build."""
    for key in ("AEBOOK_REPO_URL", "AEBOOK_SITE_URL"):
        monkeypatch.delenv(key, raising=False)
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    config = SimpleNamespace(html_baseurl="", ogp_social_cards={"enable": False})
    bookext.set_address(None, config)
    return config


def test_without_an_address_a_page_shows_no_card(monkeypatch):
    config = addressed(monkeypatch)
    assert config.html_baseurl == ""
    assert config.notfound_urls_prefix == "/"
    assert config.ogp_social_cards == {"enable": False}


@pytest.mark.parametrize(
    ("environment", "address", "prefix"),
    [
        (
            {"AEBOOK_REPO_URL": "https://github.com/me/a.book.git"},
            "https://me.github.io/a.book/",
            "/a.book/",
        ),
        (
            {
                "AEBOOK_REPO_URL": "https://github.com/me/book",
                "AEBOOK_SITE_URL": "https://book.example/",
            },
            "https://book.example/",
            "/",
        ),
        ({"AEBOOK_REPO_URL": "https://git.example/me/book"}, "", "/"),
    ],
)
def test_the_address_is_given_or_that_of_the_pages(
    monkeypatch, environment, address, prefix
):
    config = addressed(monkeypatch, **environment)
    assert config.html_baseurl == address
    assert config.notfound_urls_prefix == prefix
    assert f'href="{prefix}chapters/index.html"' in config.notfound_context["body"]
    assert ("image" in config.ogp_social_cards) == bool(address)
    assert (book_rules.ROOT / bookext.LOGO).exists()


def test_scripts_that_no_page_uses_are_left_out_and_inline_ones_come_once():
    def script(body, filename=None):
        return SimpleNamespace(attributes={"body": body}, filename=filename)

    scripts = [script("a"), script("b"), script("a"), script(None), script(None)]
    thebe = script(None, "_static/sphinx-thebe.js")
    style = SimpleNamespace(filename="_static/book.css")
    unused = SimpleNamespace(filename="_static/sphinx-thebe.css")
    context = {"script_files": [*scripts, thebe], "css_files": [unused, style]}
    bookext.choose_files(None, "page", "page.html", context, None)
    assert context["script_files"] == [scripts[0], scripts[1], *scripts[3:]]
    assert context["css_files"] == [style]


@pytest.mark.parametrize(
    ("written", "mended"),
    [
        ('<script defer src="../fontawesome.js?digest=5"></script>\n', ""),
        ('<script src="../../searchindex.js"></script>\n', ""),
        ('<script src="../_static/searchtools.js"></script>', ""),
        (
            '<script src="_static/searchtools.js">',  # of the page of the search
            '<script defer src="_static/searchtools.js">',
        ),
        (
            '<script data-sd-a="b" src="a.js"></script>',
            '<script defer data-sd-a="b" src="a.js"></script>',
        ),
        (  # used by the script that follows it
            '<script src="_static/documentation_options.js?v=9">',
            '<script src="_static/documentation_options.js?v=9">',
        ),
        ("<script>let a = 1;</script>", "<script>let a = 1;</script>"),
        (
            '<link rel="preload" as="script" href="a.js" />\n<link rel="a">',
            '<link rel="a">',
        ),
        ('<div class="citation" role="doc-biblioentry">', '<div class="citation">'),
        ('<div role="list" class="citation-list">', '<div class="citation-list">'),
        (
            '<div id="pst-primary-sidebar" class="a">',
            '<div id="pst-primary-sidebar" role="complementary" aria-label="The book"'
            ' class="a">',
        ),
        (
            '<span class="pre">tests/test_a.py::test_it_is__so</span>',
            '<span class="pre">tests/<wbr>test_<wbr>a.<wbr>py::<wbr>test_<wbr>it_<wbr>'
            "is__<wbr>so</span>",
        ),
        ('<span class="pre">short_name</span>', '<span class="pre">short_name</span>'),
        ('<meta property="og:url" content="chapters/a.html" />\n<p>', "<p>"),
        ('<summary aria-label="Toggle hidden content">', "<summary>"),
        (
            '<summary><span class="toctree-toggle">',
            '<summary aria-label="Pages of this part"><span class="toctree-toggle">',
        ),
        (
            '<button class="btn search-button-field b" aria-label="Search" title="a">',
            '<button class="btn search-button-field b" title="a">',
        ),
        ('<button aria-label="Search">', '<button aria-label="Search">'),
    ],
)
def test_pages_are_mended_where_the_theme_is_heavy_or_hard_to_read_aloud(
    tmp_path, written, mended
):
    (tmp_path / "a").mkdir()
    page = tmp_path / "a" / "b.html"
    page.write_text(f"<p>{written}<b>", encoding="utf-8")
    app = SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(format="html"))
    bookext.mend_pages(app, ValueError())
    assert page.read_text(encoding="utf-8") == f"<p>{written}<b>"
    bookext.mend_pages(app, None)
    assert page.read_text(encoding="utf-8") == f"<p>{mended}<b>"


def test_the_theme_loses_what_no_page_uses(tmp_path):
    theme = (
        Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"
    )
    shutil.copytree(theme, tmp_path / "_static")
    (tmp_path / "a.html").write_text('<i class="fa-solid fa-bars"></i>')
    script = tmp_path / "_static/scripts/pydata-sphinx-theme.js"
    style = tmp_path / "_static/styles/pydata-sphinx-theme.css"
    before = script.read_text(encoding="utf-8")
    assert before.count(bookext.MEASURES) == 1
    app = SimpleNamespace(outdir=tmp_path)
    bookext.lighten_theme(app, ValueError())
    assert script.read_text(encoding="utf-8") == before
    for _ in "twice":
        bookext.lighten_theme(app, None)
        assert bookext.MEASURES not in script.read_text(encoding="utf-8")
        icons = re.findall(r"\.(fa-[\w-]+):before", style.read_text(encoding="utf-8"))
        assert "fa-bars" in icons
        assert "fa-xmark" in icons  # the script names it
        assert "fa-zhihu" not in icons


def test_a_public_name_that_no_page_shows_is_warned_of(monkeypatch):
    warnings = []
    monkeypatch.setattr(bookext.logger, "warning", lambda *args: warnings.append(args))
    shown = {"aebook.checks.as_samples", "aebook.checks.check_count"}
    monkeypatch.setattr("aebook.checks.__all__", ["as_samples", "check_choice"])
    domain = SimpleNamespace(modules=["aebook.checks"], objects=shown)
    env = SimpleNamespace(get_domain=lambda name: domain)
    bookext.check_api(None, env)
    assert [args[1:] for args in warnings] == [("aebook.checks", "check_choice")]


def test_only_numbered_fields_are_skipped():
    class Point(NamedTuple):
        x: int

    assert bookext.skip_alias(None, "class", "x", Point.x, False, None) is True
    assert bookext.skip_alias(None, "class", "f", Point._asdict, False, None) is None


def test_a_cell_of_a_table_names_its_column(tmp_path):
    (tmp_path / "conf.py").write_text(
        "extensions = ['sphinx.ext.autodoc', 'myst_parser', 'bookext']\n"
    )
    table = "| name | a < b |\n|---|---|\n| one | 1 |\n| two | 2 |\n"
    (tmp_path / "index.md").write_text(f"# T\n\n{table}")
    app = Sphinx(
        *(tmp_path, tmp_path, tmp_path / "out", tmp_path / "doctrees", "html"),
        status=None,
        warning=None,
    )
    app.build()
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert page.count('<td data-label="name">') == 2
    assert page.count('<td data-label="a &lt; b">') == 2
    assert page.count('<th class="head">') == 2
