"""The rules that every chapter and every public name has to keep.

Each rule takes what it judges and returns a list of complaints, empty when all is
well. `test_book.py` applies them to the book, `test_book_rules.py` to bad examples.
"""

import ast
import base64
import inspect
from pathlib import Path
import re
from types import ModuleType

import nbformat
from nbformat import NotebookNode
import yaml

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ROOT / "chapters"

MAX_IMAGE_BYTES = 150_000
SVG = "image/svg+xml"
TABLE = re.compile(r"^\|[-:| ]+\|$", re.MULTILINE)
CAPTIONED = re.compile(r"^\*Table: .+\*\n\n\|.+\n\|[-:| ]+\|$", re.MULTILINE)
READS_A_TABLE = re.compile(r"Markdown\(results\.table\(.+\)\)")
CHECKS = "# Checks of this page\n"
ANSWER = "# Answer: "
CHECK = re.compile(r"^ *(assert |np\.testing\.|glue\()", re.MULTILINE)
QUOTED = re.compile(r'<span data-role="glue:text ([^"]+)">(.*?)</span>')
BOX = re.compile(r"^> \*\*Change this\.\*\*.*$", re.MULTILINE)
MIN_ALT_LENGTH = 20
MAX_HELPER_LINES = 10
MAX_COLUMNS, MAX_FOLDED = 90, 88  # a solution has a frame
MAX_BUDGET_SECONDS = 120

NETWORK = re.compile(
    r"https?://|\b(urllib|requests|httpx|urlopen|get_file|fetch_openml)\b"
    r"|^\s*[!%](curl|wget|git)\b",
    re.MULTILINE,
)
MAGIC = re.compile(r"^(\s*)[!%].*$", re.MULTILINE)
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
AUTOMODULE = re.compile(r"^\.\. automodule:: (\S+)$", re.MULTILINE)
FIELD_TYPES = (str, int, float, tuple, list, dict, frozenset)


def read(path: Path) -> NotebookNode:
    """Read a notebook as nbformat 4."""
    return nbformat.read(path, as_version=4)


# What is in the book


def listed_chapters(toc: dict) -> list[str]:
    """Return the pages that a table of contents names, root first."""
    pages = [toc["root"]]
    for part in toc["parts"]:
        for entry in part["chapters"]:
            pages += [entry["file"], *(s["file"] for s in entry.get("sections", []))]
    return pages


def stored_chapters(chapters: Path) -> list[str]:
    """Return the pages that lie in the folder of the chapters."""
    return sorted(
        path.relative_to(chapters.parent).with_suffix("").as_posix()
        for path in chapters.rglob("*")
        if path.suffix in (".md", ".ipynb") and ".ipynb_checkpoints" not in path.parts
    )


def unlisted_or_missing(toc_path: Path, chapters: Path) -> list[str]:
    """The table of contents names every page once, and every name is a page."""
    listed = listed_chapters(yaml.safe_load(toc_path.read_text(encoding="utf-8")))
    stored = stored_chapters(chapters)
    return (
        [f"{page} is in _toc.yml and not on disk" for page in set(listed) - set(stored)]
        + [f"{page} is not in _toc.yml" for page in set(stored) - set(listed)]
        + [f"{page} is stored twice" for page in set(stored) if stored.count(page) > 1]
        + [f"{page} is listed twice" for page in set(listed) if listed.count(page) > 1]
    )


# What a chapter stores


def code_cells(notebook: NotebookNode) -> list[tuple[int, NotebookNode]]:
    """Return the code cells that hold code, each with its number from 1."""
    return [
        (number, cell)
        for number, cell in enumerate(notebook.cells, 1)
        if cell.cell_type == "code" and cell.source.strip()
    ]


def images(cell: NotebookNode) -> list[tuple[str, NotebookNode]]:
    """Return each image that a cell stores: its type, and the output that has it."""
    return [(mime, output) for output in cell.outputs for mime in images_of(output)]


def images_of(output: NotebookNode) -> list[str]:
    """Return the types of images that an output holds, each the same picture."""
    return [mime for mime in output.get("data", {}) if mime.startswith("image/")]


def not_run(notebook: NotebookNode) -> list[str]:
    """All cells are stored as one run from top to bottom."""
    return [
        f"cell {number} is stored as run {cell.execution_count}, expected {expected}; "
        "run `make execute`"
        for expected, (number, cell) in enumerate(code_cells(notebook), 1)
        if cell.execution_count != expected
    ]


def stored_trouble(notebook: NotebookNode) -> list[str]:
    """No output is an error, went to stderr, or is what a logger says in a notebook."""
    wrong = []
    for number, cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                wrong.append(f"cell {number} stores {output.ename}")
            elif output.get("name") == "stderr":
                wrong.append(f"cell {number} stores stderr")
            elif "WARNING:" in output.get("text", ""):
                wrong.append(f"cell {number} stores a warning")
    return wrong


def values_stored_twice(notebook: NotebookNode) -> list[str]:
    """Each value that the text names is stored once; of two, one would be wrong."""
    names = [
        output.metadata["scrapbook"]["name"]
        for _, cell in code_cells(notebook)
        for output in cell.outputs
        if "scrapbook" in output.get("metadata", {})
    ]
    return [f"{name} is stored twice" for name in set(names) if names.count(name) > 1]


def stored_addresses(notebook: NotebookNode) -> list[str]:
    """No output shows a memory address, which would differ in every run."""
    return [
        f"cell {number} stores the memory address {found.group()}"
        for number, cell in code_cells(notebook)
        for output in cell.outputs
        if (found := ADDRESS.search(output_text(output)))
    ]


def output_text(output: NotebookNode) -> str:
    """Return what an output shows as text."""
    return output.get("text") or output.get("data", {}).get("text/plain", "")


def figures_without_words(notebook: NotebookNode) -> list[str]:
    """Each figure stands alone in its cell, with alt text, a caption and a name."""
    wrong = []
    for number, cell in code_cells(notebook):
        found = images(cell)
        if not found:
            continue
        shown = [output for output in cell.outputs if images_of(output)]
        if len(shown) > 1:
            wrong.append(f"cell {number} shows {len(shown)} images, one has a caption")
        for mime, output in found:
            alt = output.metadata.get(mime, {}).get("alt", "")
            if len(alt) < MIN_ALT_LENGTH:
                wrong.append(f"cell {number} has an image with alt text {alt!r}")
        figure = cell.metadata.get("mystnb", {}).get("figure", {})
        wrong += [
            f"cell {number} has no mystnb.figure.{key}"
            for key in ("caption", "name")
            if not str(figure.get(key, "")).strip()
        ]
    return wrong


def tables_without_words(notebook: NotebookNode) -> list[str]:
    """Each table has a caption in the line above it, and one that is read is folded."""
    wrong = []
    for number, cell in enumerate(notebook.cells, 1):
        shown = [
            output.get("data", {}).get("text/markdown", "")
            for output in cell.get("outputs", [])
        ]
        for text in [*shown, cell.source if cell.cell_type == "markdown" else ""]:
            if len(TABLE.findall(text)) > len(CAPTIONED.findall(text)):
                wrong.append(f"cell {number} has a table without a line *Table: ...*")
        folded = {"hide-input", "remove-input", "hide-cell"} & {
            *cell.metadata.get("tags", [])
        }
        if READS_A_TABLE.fullmatch(cell.source) and not folded:
            wrong.append(f"cell {number} only reads a table: tag it hide-input")
    return wrong


def heavy_images(notebook: NotebookNode) -> list[str]:
    """No image is larger than 150 kB."""
    return [
        f"cell {number} stores an image of {size // 1000} kB"
        for number, cell in code_cells(notebook)
        for mime, output in images(cell)
        if (size := image_size(mime, output.data[mime])) > MAX_IMAGE_BYTES
    ]


def image_size(mime: str, data: str) -> int:
    """Return the bytes of a stored image; SVG is stored as text."""
    return len(data.encode() if mime == SVG else base64.b64decode(data))


# What a chapter shows


def is_visible(cell: NotebookNode) -> bool:
    """Whether the page shows what a cell puts out."""
    return "remove-cell" not in cell.metadata.get("tags", [])


def visible_checks(notebook: NotebookNode) -> list[str]:
    """What teaches nothing stands in cells of its own, folded, that no page shows."""
    wrong = []
    for number, cell in code_cells(notebook):
        tags = {*cell.metadata.get("tags", [])}
        if "remove-cell" not in tags and "hide-cell" not in tags:
            if found := CHECK.search(cell.source):
                wrong.append(f"cell {number} shows {found.group().strip()}")
        elif "remove-cell" in tags and "colab" not in tags:
            folded = cell.metadata.get("jupyter", {}).get("source_hidden")
            if not (folded and cell.source.startswith(CHECKS)):
                wrong.append(f"cell {number} must begin with {CHECKS!r}, and be folded")
    return wrong


def checks_that_stop_a_reader(notebook: NotebookNode) -> list[str]:
    """Who changes a number breaks what the page asserts of it, and reads on."""
    return [
        f"cell {number} asserts and is not tagged raises-exception; run make execute"
        for number, cell in code_cells(notebook)
        if re.search(r"^\s*assert\b", cell.source, re.MULTILINE)
        and "raises-exception" not in cell.metadata.get("tags", [])
    ]


def unprinted_numbers(notebook: NotebookNode) -> list[str]:
    """A number that the text quotes is shown by a cell that the page shows."""
    shown = "".join(
        output_text(output) + output.get("data", {}).get("text/markdown", "") + alt
        for _, cell in code_cells(notebook)
        if is_visible(cell)
        for output in cell.outputs
        for alt in [str([*output.get("metadata", {}).values()])]
    )
    return [
        f"cell {number} quotes {value}, which no visible cell prints ({key})"
        for number, cell in enumerate(notebook.cells, 1)
        if cell.cell_type == "markdown"
        for key, value in QUOTED.findall(cell.source)
        if re.search(r"\d", value) and value not in shown
    ]


def solutions_without_answers(notebook: NotebookNode) -> list[str]:
    """A solution says its answer in a sentence, then runs it."""
    return [
        f"cell {number} is a solution that does not begin with {ANSWER!r}"
        for number, cell in code_cells(notebook)
        if "solution" in cell.metadata.get("mystnb", {}).get("code_prompt_show", "")
        and not cell.source.startswith(ANSWER)
    ]


def incomplete_boxes(notebook: NotebookNode) -> list[str]:
    """A box that says what to change says what to expect, and why."""
    return [
        f"cell {number} has a box without *{word}*"
        for number, cell in enumerate(notebook.cells, 1)
        if cell.cell_type == "markdown"
        for box in BOX.findall(cell.source)
        for word in ("Expect", "Because")
        if f"*{word}*" not in box
    ]


# What a chapter's code is


def wide_code(notebook: NotebookNode) -> list[str]:
    """No line of code is wider than its column at 1280 pixels."""
    return [
        f"cell {number} has a line of {len(line)} letters, at most {limit} fit"
        for number, cell in code_cells(notebook)
        if is_visible(cell)
        for folded in ["hide-cell" in cell.metadata.get("tags", [])]
        for limit in [MAX_FOLDED if folded else MAX_COLUMNS]
        for line in cell.source.splitlines()
        if len(line) > limit
    ]


def long_helpers(notebook: NotebookNode) -> list[str]:
    """A chapter defines nothing long: that belongs into `aebook`."""
    return [
        f"cell {number} defines {node.name} in {lines} lines; move it to aebook"
        for number, cell in code_cells(notebook)
        for node in ast.walk(ast.parse(MAGIC.sub(r"\1pass", cell.source)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if (lines := node.end_lineno - node.lineno + 1) > MAX_HELPER_LINES
    ]


def network_calls(notebook: NotebookNode) -> list[str]:
    """No cell asks the network for anything, but the one that fetches it on Colab."""
    return [
        f"cell {number} uses the network: {found.group().strip()}"
        for number, cell in code_cells(notebook)
        if "colab" not in cell.metadata.get("tags", [])
        if (found := NETWORK.search(cell.source))
    ]


def wrong_metadata(notebook: NotebookNode) -> list[str]:
    """The kernel is python3; the time budget is one that a reader will wait for."""
    wrong = []
    kernel = notebook.metadata.get("kernelspec", {}).get("name")
    if kernel != "python3":
        wrong.append(f"the kernel is {kernel!r}, expected 'python3'")
    budget = notebook.metadata.get("aebook", {}).get("budget_seconds", 60)
    if not isinstance(budget, int | float) or not 0 < budget <= MAX_BUDGET_SECONDS:
        wrong.append(f"the budget is {budget!r}, expected up to {MAX_BUDGET_SECONDS} s")
    return wrong


NOTEBOOK_RULES = (
    not_run,
    visible_checks,
    checks_that_stop_a_reader,
    unprinted_numbers,
    incomplete_boxes,
    solutions_without_answers,
    stored_trouble,
    values_stored_twice,
    stored_addresses,
    figures_without_words,
    tables_without_words,
    heavy_images,
    wide_code,
    long_helpers,
    network_calls,
    wrong_metadata,
)


# What the package documents


def undocumented(module: ModuleType) -> list[str]:
    """A module says what is public, and every public name has a docstring."""
    if not hasattr(module, "__all__"):
        return [f"{module.__name__} has no __all__"]
    return [
        f"{module.__name__}.{name} has no docstring"
        for name in module.__all__
        if not isinstance(getattr(module, name), FIELD_TYPES)
        and not inspect.getdoc(getattr(module, name))
    ]


def missing_sections(module: ModuleType) -> list[str]:
    """A public function or class has the docstring sections that apply to it."""
    wrong = []
    for name in module.__all__:
        thing = getattr(module, name)
        if not (inspect.isfunction(thing) or inspect.isclass(thing)):
            continue
        if thing.__module__.startswith("keras."):  # passed on as it is
            continue
        doc = thing.__doc__ or ""
        wrong += [
            f"{module.__name__}.{name} has no section {section}:"
            for section in sections(thing)
            if not re.search(rf"^\s*{section}:$", doc, re.MULTILINE)
        ]
    return wrong


def sections(thing: object) -> list[str]:
    """Return the docstring sections that a function or class should have."""
    if inspect.isclass(thing):
        own = vars(thing).get("__init__")
        takes = own is not None and len(inspect.signature(own).parameters) > 1
        return ["Args", "Example"] if takes and not is_record(thing) else []
    signature = inspect.signature(thing)
    wanted = ["Args"] if signature.parameters else []
    if signature.return_annotation not in (None, "None"):
        wanted.append("Returns")
    return [*wanted, "Example"]


def is_record(thing: type) -> bool:
    """Tell whether a class only names fields, which its docstring describes."""
    return hasattr(thing, "__dataclass_fields__") or hasattr(thing, "_fields")


def not_in_api(names: list[str], pages: str) -> list[str]:
    """Every public module is on a page of the package."""
    shown = AUTOMODULE.findall(pages)
    return [f"{name} is on no page of api" for name in names if name not in shown]
