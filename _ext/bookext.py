"""What the book asks of Sphinx beyond its settings."""

from __future__ import annotations

import html
import importlib
import json
import os
from pathlib import Path
import re
from urllib.parse import urlsplit

from docutils import nodes
from figures import visit_image
from readable import to_roles
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

REPOSITORY_OPTIONS = (
    "launch_buttons",
    "repository_url",
    "repository_branch",
    "use_edit_page_button",
    "use_issues_button",
    "use_repository_button",
)

RETURNED = {"Returns:", "Yields:"}
GITHUB = re.compile(r"https://github\.com/([\w-]+)/([\w.-]+)")
NOT_FOUND = "Page not found"
NOWHERE = f"""<h1>{NOT_FOUND}</h1>
<p>There is no page at this address; it may have moved. The
<a href="{{top}}chapters/index.html">start page</a> lists the chapters, and the
<a href="{{top}}search.html">search</a> knows every word of them.</p>
"""
# What a link to a page shows elsewhere. No SVG is taken here.
LOGO = "_assets/logo.png"
CARDS = {"image": LOGO, "image_mini": LOGO, "line_color": "#1f5f9e"}


def with_breaks(match):
    """Let a name break after its signs."""
    return re.sub(r"(?<=\w)(_+|[/.]|::)(?=\w)", r"\1<wbr>", match[0])


UNUSED = "sphinx-thebe"  # live code; the chapters run as notebooks
MENDED = [
    (re.compile(pattern), replacement)
    for pattern, replacement in [
        # The icons have a font; the script that draws them again weighs 543 kB.
        (r'<script defer src="[^"]*/fontawesome\.js[^"]*"></script>\s*', ""),
        # Only the page of the search uses them.
        (
            r'<script src="(\.\./)+(_static/)?(searchtools|language_data|searchindex)'
            r'\.js"></script>\s*',
            "",
        ),
        # The text is shown before what the scripts add to it.
        (
            r'<script(?= (?:data-sd[^>]* )?src="(?!.*documentation_options))',
            "<script defer",
        ),
        # They stand at the end of the page; before the styles nobody needs them.
        (r'<link rel="preload" as="script"[^>]*>\s*', ""),
        # Readers aloud know neither role any more.
        (r' role="doc-biblioentry"', ""),
        (r'<div role="list" class="citation-list">', '<div class="citation-list">'),
        # The logo belongs to a part of the page that has a name.
        (
            r'<div id="pst-primary-sidebar"',
            '<div id="pst-primary-sidebar" role="complementary" aria-label="The book"',
        ),
        # A long name goes on in the next row where one of its words ends.
        (r'(?<=<span class="pre">)[^<]{20,}(?=</span>)', with_breaks),
        # Without the address of the site a page does not know its own.
        (r'<meta property="og:url" content="(?!http)[^"]*" />\s*', ""),
        # What is seen is what is read aloud.
        (r'<summary aria-label="Toggle hidden content">', "<summary>"),
        (
            r'<summary>(?=<span class="toctree-toggle")',
            '<summary aria-label="Pages of this part">',
        ),
        (r'(<button class="btn search-button-field[^>]*?) aria-label="Search"', r"\1"),
    ]
]

# One icon of a font that has thousands.
ICON = re.compile(r"(?:\.fa-[\w-]+:before,?)+\{content:[^}]*\}")
# As a page opens, the theme measures each cell, to give the keyboard a stop where one
# scrolls. That lays out the whole page many times over, and none of them scrolls.
MEASURES = "e.tabIndex=e.scrollWidth>e.clientWidth||e.scrollHeight>e.clientHeight?0:-1"

logger = logging.getLogger(__name__)

TABLE = re.compile(r"^\*Table: (.+)\*\n\n((?:\|.*(?:\n|$))+)", re.MULTILINE)
DOCTEST = re.compile(r"^\s*>>> ")
DISPLAY_MATH = re.compile(r"^([ \t]*)\$\$(.+?)\$\$[ \t]*$", re.MULTILINE | re.DOTALL)
INLINE_MATH = re.compile(r"(?<![\\$\w])\$(?![\s$])([^$]+?)(?<![\s\\])\$(?![$\d])")
INLINE_CODE = re.compile(r"(``.+?``|:[\w:]+:`[^`]+`|`[^`]+`__?)|`([^`]+)`(?=(\w)?)")


def given(name):
    """Return an address or a name from the environment, or nothing."""
    return os.environ.get(name, "").strip().rstrip("/").removesuffix(".git")


def site_address():
    """Return the address of the site: as given, or of a repository's GitHub Pages."""
    repository = GITHUB.fullmatch(given("AEBOOK_REPO_URL"))
    pages = "https://{}.github.io/{}".format(*repository.groups()) if repository else ""
    return given("AEBOOK_SITE_URL") or pages


def set_repository(app, config):
    """Take the repository from the environment; without one, drop every button."""
    options = dict(config.html_theme_options)
    url = given("AEBOOK_REPO_URL")
    if url:
        options["repository_url"] = url
        options["repository_branch"] = given("AEBOOK_REPO_BRANCH") or "main"
    else:
        for key in REPOSITORY_OPTIONS:
            options.pop(key, None)
    config.html_theme_options = options


def set_address(app, config):
    """Let each page name its own address, where the address of the site is known."""
    url = site_address()
    top = config.notfound_urls_prefix = urlsplit(url).path + "/"
    config.notfound_context = {"title": NOT_FOUND, "body": NOWHERE.format(top=top)}
    if url:
        config.html_baseurl = config.ogp_site_url = url + "/"
        config.sitemap_url_scheme = "{link}"
        config.ogp_social_cards = CARDS


def prepare_notebook(app, docname, source):
    """Make roles again of the values in its text; hand on alt texts; colour code."""
    if not str(app.env.doc2path(docname)).endswith(".ipynb"):
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            cell["source"] = numbered_tables(to_roles(text))
        elif text.startswith("print(optim.source("):
            cell["outputs"] = [python_output(output) for output in cell["outputs"]]
        for output in cell.get("outputs", []):
            shown = "".join(output.get("data", {}).get("text/markdown", ""))
            if TABLE.search(shown):
                output["data"]["text/markdown"] = numbered_tables(shown)
                cell["metadata"].setdefault("mystnb", {})["markdown_format"] = "myst"
        alt = stored_alt_text(cell)
        if alt:
            image = cell["metadata"].setdefault("mystnb", {}).setdefault("image", {})
            image.setdefault("alt", alt)
    source[0] = json.dumps(notebook)


def numbered_tables(text):
    """Give each table its number: what is written above it becomes its caption."""
    return TABLE.sub(r"```{table} \1\n\n\2\n```\n", text)


def python_output(output):
    """Return what a cell printed, as Python code."""
    code = "".join(output["text"])
    data = {"text/markdown": f"```python\n{code}```"}
    return {"output_type": "display_data", "metadata": {}, "data": data}


def stored_alt_text(cell):
    """Return the alt text of the first image among a cell's outputs, or None."""
    for output in cell.get("outputs", []):
        for mime, metadata in output.get("metadata", {}).items():
            if mime.startswith("image/") and metadata.get("alt"):
                return metadata["alt"]
    return None


def convert_docstring(app, what, name, obj, options, lines):
    """Turn the Markdown habits of our docstrings into reStructuredText."""
    lines[:] = "\n".join(
        text if DOCTEST.match(text) else to_rst(text) for text in blocks(lines)
    ).split("\n")
    # To napoleon what stands before a colon is a type; we write none there.
    described = [0] if what in ("attribute", "property") else []
    described += [i for i, line in enumerate(lines, 1) if line.strip() in RETURNED]
    for i in described:
        lines[i] = re.sub(r"^(\s*)(?=\S)", r"\1: ", lines[i])
    # A name that ends in an underscore would be a link.
    lines[:] = [re.sub(r"^(\s+\w*[^\W_])_: ", r"\1\\_: ", line) for line in lines]


def blocks(lines):
    """Yield runs of lines: each doctest with its output, and the prose between."""
    run, in_doctest = [], False
    for line in lines:
        starts = not in_doctest and DOCTEST.match(line)
        ends = in_doctest and not line.strip()
        if (starts or ends) and run:
            yield "\n".join(run)
            run = []
        in_doctest = bool(starts or (in_doctest and not ends))
        run.append(line)
    yield "\n".join(run)


def to_rst(text):
    """Convert display maths, inline maths and single-backtick code."""
    text = DISPLAY_MATH.sub(math_block, text)
    parts = re.split(r"(`+[^`]+`+)", text)  # code at the odd places
    parts[::2] = [INLINE_MATH.sub(r":math:`\1`", part) for part in parts[::2]]
    return INLINE_CODE.sub(code, "".join(parts))


def math_block(match):
    """Return a `math` directive at the indent of its `$$`."""
    indent, body = match.groups()
    inner = [line.strip() for line in body.strip().splitlines()]
    directive = ["", f"{indent}.. math::", "", *(f"{indent}   {i}" for i in inner), ""]
    return "\n".join(directive)


def code(match):
    """Return inline code; leave roles, links and double backticks as they are."""
    kept, inner, next_letter = match.groups()
    return kept or f"``{inner}``" + ("\\ " if next_letter else "")


def skip_alias(app, what, name, obj, skip, options):
    """Leave out the fields of a named tuple, which Python documents by number."""
    return True if str(obj.__doc__).startswith("Alias for field number") else None


def check_api(app, env):
    """Warn of each name that a module calls public and no page shows."""
    domain = env.get_domain("py")
    for module in domain.modules:
        for name in importlib.import_module(module).__all__:
            if f"{module}.{name}" not in domain.objects:
                logger.warning("%s.%s is public and not on a page", module, name)


def visit_entry(self, node):
    """Write a cell of a table with the head of its column, for phones."""
    column = node.parent.column
    HTML5Translator.visit_entry(self, node)
    head = next(iter(node.parent.parent.parent.findall(nodes.thead)), None)
    if head and not isinstance(node.parent.parent, nodes.thead):
        label = html.escape(head[-1][column].astext())
        self.body[-1] = self.body[-1].replace("<td", f'<td data-label="{label}"', 1)


def choose_files(app, pagename, templatename, context, doctree):
    """Leave out what no page uses, and the second copy of an inline script."""
    seen, kept = set(), []
    for script in context.get("script_files", []):
        body = getattr(script, "attributes", {}).get("body")
        if (not body or body not in seen) and UNUSED not in str(script.filename):
            kept.append(script)
        seen.add(body)
    context["script_files"][:] = kept
    styles = context.get("css_files", [])
    styles[:] = [style for style in styles if UNUSED not in str(style.filename)]


def mend_pages(app, exception):
    """Change in each page what the theme and the bibliography write."""
    if exception is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            text = mended = page.read_text(encoding="utf-8")
            for pattern, replacement in MENDED:
                mended = pattern.sub(replacement, mended)
            if mended != text:
                page.write_text(mended, encoding="utf-8")


def lighten_theme(app, exception):
    """Take out of the theme's files what every page would pay for and none uses."""
    folder = Path(app.outdir)
    script = folder / "_static" / "scripts" / "pydata-sphinx-theme.js"
    if exception is not None or not script.exists():  # built for another theme
        return
    script.write_text(script.read_text(encoding="utf-8").replace(MEASURES, ""), "utf-8")
    files = [*folder.rglob("*.html"), *folder.rglob("*.js")]
    used = {
        name
        for file in files
        if file.name != "fontawesome.js"
        for name in re.findall(r"\bfa-[\w-]+", file.read_text(encoding="utf-8"))
    }
    style = folder / "_static" / "styles" / "pydata-sphinx-theme.css"
    text = style.read_text(encoding="utf-8")
    style.write_text(ICON.sub(lambda icon: kept_icon(icon[0], used), text), "utf-8")


def kept_icon(rule, used):
    """Return the style of an icon if a page or a script names it."""
    return rule if used & {*re.findall(r"fa-[\w-]+", rule)} else ""


def setup(app):
    """Connect the functions above to Sphinx' events."""
    if site_address():
        app.setup_extension("sphinx_sitemap")
    app.connect("config-inited", set_repository, priority=1)
    app.connect("config-inited", set_address, priority=1)
    app.connect("source-read", prepare_notebook)
    app.connect("autodoc-process-docstring", convert_docstring, priority=400)
    app.connect("autodoc-skip-member", skip_alias)
    app.connect("env-check-consistency", check_api)
    depart = HTML5Translator.depart_entry
    app.add_node(nodes.entry, override=True, html=(visit_entry, depart))
    depart = HTML5Translator.depart_image
    app.add_node(nodes.image, override=True, html=(visit_image, depart))
    app.connect("html-page-context", choose_files, priority=900)
    app.connect("build-finished", mend_pages)
    app.connect("build-finished", lighten_theme)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
