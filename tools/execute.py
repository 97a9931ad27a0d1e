"""Run chapters and store their outputs in place: `make execute [CHAPTERS="..."]`.

The values that a text names are written into it, so that any viewer shows them. A
chapter is replaced only when every cell ran, raised nothing and wrote nothing to
stderr; a text that names no value is told, and does not cost the run. What is stored
depends on the code and its results alone: no time stamps, no versions of Python, no
random cell ids.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from pathlib import Path
import re
import sys
import time

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
import nbformat
from nbformat import NotebookNode, v4

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "_ext"))
from readable import RoleError, to_text

ROOT = Path(__file__).resolve().parent.parent

CHAPTERS = ROOT / "chapters"
ASSETS = ROOT / "_assets"
COLAB = """\
# On Colab: fetch the book and its package. Where the package is, nothing happens.
import importlib.util

if importlib.util.find_spec("aebook") is None:
    !git clone -q --depth 1 {url} book
    %pip install -q "./book[book]"
    %cd book/{folder}"""
ASSERTS = re.compile(r"^\s*assert\b", re.MULTILINE)
MAY_FAIL = "raises-exception"  # Jupyter's own name for it
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}


def find_chapters(names: list[str]) -> list[Path]:
    """Return the notebooks that `names` mean, or all of them.

    A name is a path, or a path below `chapters` with or without its ending.
    """
    if not names:
        return sorted(
            path
            for path in CHAPTERS.rglob("*.ipynb")
            if ".ipynb_checkpoints" not in path.parts
        )
    found = []
    for name in names:
        tries = [Path(name), CHAPTERS / name, CHAPTERS / f"{name}.ipynb"]
        path = next((p for p in tries if p.suffix == ".ipynb" and p.is_file()), None)
        if path is None:
            known = ", ".join(p.stem for p in find_chapters([]))
            raise SystemExit(f"no chapter {name!r}; known: {known}")
        found.append(path.resolve())
    return found


def run(notebook: NotebookNode, folder: Path, timeout: int, label: str) -> None:
    """Run every cell of `notebook` in `folder`, showing which one is at work."""
    total = len(notebook.cells)

    def show(cell: NotebookNode, cell_index: int) -> None:
        if sys.stdout.isatty():
            print(f"\r{label}  cell {cell_index + 1}/{total} ", end="", flush=True)

    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,  # time stamps would change with every run
        coalesce_streams=True,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        force_raise_errors=True,  # checks that a reader's Jupyter runs past, too
        on_cell_start=show,
    )
    client.execute()


def complaints(notebook: NotebookNode) -> list[str]:
    """Return what must not be stored: errors, warnings, and anything on stderr."""
    found = []
    for number, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                found.append(f"cell {number} raised {output.ename}: {output.evalue}")
            elif output.get("name") == "stderr":
                found.append(f"cell {number} wrote to stderr:\n{output.text.rstrip()}")
            elif "WARNING:" in output.get("text", ""):  # TensorFlow's logger
                found.append(f"cell {number} prints a warning:\n{output.text.rstrip()}")
    return found


def tidy(notebook: NotebookNode) -> None:
    """Remove what changes from run to run or from machine to machine."""
    notebook.metadata = NotebookNode(
        aebook=notebook.metadata.get("aebook", {}),
        kernelspec=KERNELSPEC,
        language_info={"name": "python"},
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        for key in ("execution", "collapsed", "ExecuteTime"):
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if o.get("data") != {}]


def let_checks_fail(notebook: NotebookNode, may: bool = True) -> None:
    """Mark each cell that asserts, so that Jupyter goes on after it if it fails.

    A reader who changes a number breaks what the page asserts of it, and wants to see
    the rest. With `may=False` the marks are taken off.
    """
    for cell in notebook.cells:
        tags = [tag for tag in cell.metadata.get("tags", []) if tag != MAY_FAIL]
        if may and cell.cell_type == "code" and ASSERTS.search(cell.source):
            tags.append(MAY_FAIL)
        if tags or "tags" in cell.metadata:
            cell.metadata["tags"] = tags


def set_colab_cell(notebook: NotebookNode, url: str, folder: str) -> None:
    """Begin with a cell that fetches the book on Colab, if its address is known."""
    notebook.cells = [
        cell for cell in notebook.cells if "colab" not in cell.metadata.get("tags", [])
    ]
    if url:
        cell = v4.new_code_cell(COLAB.format(url=url, folder=folder))
        cell.metadata.tags = ["colab", "remove-cell"]
        del cell["id"]  # name_cells makes one that stays
        notebook.cells.insert(0, cell)


def name_cells(notebook: NotebookNode) -> None:
    """Give each cell without an id, or with another's, one made from its source."""
    used: set[str] = set()
    for cell in notebook.cells:
        name, salt = cell.get("id"), 0
        while not name or name in used:
            name = hashlib.sha256(f"{salt}{cell.source}".encode()).hexdigest()[:8]
            salt += 1
        used.add(name)
        cell["id"] = name


def write(notebook: NotebookNode, path: Path) -> None:
    """Replace `path` in one step, so that a break leaves the old file whole."""
    nbformat.validate(notebook)
    temporary = path.with_suffix(".ipynb.new")
    try:
        temporary.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def save_pictures(notebook: NotebookNode) -> None:
    """Write the images of cells tagged `picture` to `_assets`, under their names."""
    for cell in notebook.cells:
        if "picture" in cell.metadata.get("tags", []):
            name = cell.metadata["mystnb"]["figure"]["name"]
            (image,) = [o.data["image/svg+xml"] for o in cell.outputs if "data" in o]
            (ASSETS / f"{name}.svg").write_text(image, encoding="utf-8")


def execute(path: Path, timeout: int) -> list[str]:
    """Run one chapter and store it; return what was wrong, if anything was."""
    label = path.stem
    start = time.perf_counter()
    notebook = nbformat.read(path, as_version=4)
    folder = path.parent.resolve()
    if folder.is_relative_to(ROOT):
        url = os.environ.get("AEBOOK_REPO_URL", "").strip()
        set_colab_cell(notebook, url, folder.relative_to(ROOT).as_posix())
    let_checks_fail(notebook)
    name_cells(notebook)
    try:
        run(notebook, path.parent, timeout, label)
        wrong = complaints(notebook)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        wrong = [str(error).rstrip()]
    state = "NOT STORED" if wrong else "stored"
    if not wrong:
        try:
            to_text(notebook, folder)
        except RoleError as error:  # the run is good, and may have taken minutes
            wrong, state = [str(error)], "stored, mend its text and run --text"
        tidy(notebook)
        write(notebook, path)
        save_pictures(notebook)
    seconds = time.perf_counter() - start
    clear = "\r" if sys.stdout.isatty() else ""
    print(f"{clear}{label:<32} {seconds:6.1f} s  {state}", flush=True)
    return wrong


def fill_text(path: Path) -> list[str]:
    """Write the stored values into the text of a chapter; run nothing."""
    notebook = nbformat.read(path, as_version=4)
    let_checks_fail(notebook)
    try:
        to_text(notebook, path.parent)
    except RoleError as error:
        return [str(error)]
    write(notebook, path)
    return []


def main() -> None:
    """Run the chapters named on the command line, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("chapters", nargs="*", help="a chapter's name or path")
    parser.add_argument("--timeout", type=int, default=600, help="seconds for a cell")
    parser.add_argument(
        "--text", action="store_true", help="write stored values into the text, no run"
    )
    options = parser.parse_args()
    os.environ.update(TF_ENABLE_ONEDNN_OPTS="0", TF_CPP_MIN_LOG_LEVEL="2")
    os.environ.setdefault("PYTHONHASHSEED", "0")
    failures = {
        path: wrong
        for path in find_chapters(options.chapters)
        if (
            wrong := fill_text(path) if options.text else execute(path, options.timeout)
        )
    }
    for path, wrong in failures.items():
        print(f"\n{path.name}:", *wrong, sep="\n", file=sys.stderr)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
