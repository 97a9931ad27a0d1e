"""Run each chapter as a reader has it who took it with the download button.

The wheel is built and installed, with what its extra `book` asks for and no more, into
an environment of its own; each chapter is copied alone into an empty folder, and there
nbval executes it in a kernel of that environment, with no network. Then one chapter is
run by the cell that fetches the book on Colab, from a clone of this repository.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
import json
import os
from pathlib import Path
import subprocess
import sys
from tempfile import TemporaryDirectory
import time

from execute import find_chapters, let_checks_fail, name_cells, set_colab_cell
import nbformat

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).parent / "uv"
TIMEOUT = 900  # seconds for a chapter, on a machine busy with another
FOR_COLAB = "mse_and_gradient_descent"  # the quickest
# Two kernels at work get in each other's way with more threads.
ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
# Imported by each Python of the environment at its start. Jupyter talks to a kernel
# through ZeroMQ, which does not come by here.
NO_NETWORK = """\
import socket

LOCAL = ("127.0.0.1", "::1", "localhost")
connect, look_up = socket.socket.connect, socket.getaddrinfo


def connect_here(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOCAL:
        raise OSError(f"no network: {address}")
    return connect(self, address)


def look_up_here(host, *args, **kwargs):
    if host not in (None, *LOCAL):
        raise OSError(f"no network: {host}")
    return look_up(host, *args, **kwargs)


socket.socket.connect, socket.getaddrinfo = connect_here, look_up_here
"""


def install(folder: Path) -> Path:
    """Build the wheel, install it with its extra `book`, and return the Python."""
    built, python = folder / "dist", folder / "env" / "bin" / "python"
    run([UV, "build", "-q", "--wheel", "--out-dir", built], cwd=ROOT)
    (wheel,) = built.glob("*.whl")
    run([UV, "venv", "-q", "--python", sys.executable, folder / "env"])
    # The group is the one of the lock: a build of TensorFlow for CPUs.
    locked = ["--constraints", "requirements.txt", "--group", "cpu"]
    needed = ["--compile-bytecode", f"aebook[book] @ {wheel.as_uri()}"]
    run([UV, "pip", "install", "-q", "--python", python, *locked, *needed], cwd=ROOT)
    return python


def cut_network(python: Path) -> list[Path]:
    """Let no Python of the environment reach another machine; return what does it."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(run([python, "-c", code]).strip())
    module, start = packages / "no_network.py", packages / "no_network.pth"
    module.write_text(NO_NETWORK, encoding="utf-8")
    start.write_text("import no_network\n", encoding="utf-8")
    return [module, start]


def run(command: list, **options) -> str:
    """Return what a command prints; raise with what it said if it fails."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, **options
    )
    if done.returncode:
        said = (done.stdout + done.stderr)[-3000:]
        raise RuntimeError(f"{' '.join(map(str, command))}\n{said}")
    return done.stdout


def add_kernel(python: Path, folder: Path) -> None:
    """Let notebooks be executed by the Python of the environment."""
    kernel = folder / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    start = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    about = {"argv": start, "display_name": "alone", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(about), encoding="utf-8")


def execute_alone(notebook: Path, jupyter: Path, **environment: str) -> float:
    """Execute a notebook in the folder where it lies; return the seconds it took."""
    start = time.perf_counter()
    names = ("PYTHONPATH", "TF_ENABLE_ONEDNN_OPTS", "KERAS_BACKEND")
    plain = {key: value for key, value in os.environ.items() if key not in names}
    pytest = [sys.executable, "-m", "pytest", "-q", "--nbval-lax"]
    run(
        [*pytest, f"--nbval-cell-timeout={TIMEOUT}", notebook.name],
        cwd=notebook.parent,
        env=plain | ONE_THREAD | {"JUPYTER_PATH": str(jupyter)} | environment,
        timeout=TIMEOUT,
    )
    return time.perf_counter() - start


def check(chapter: Path, folder: Path) -> str:
    """Execute a copy of a chapter that has nothing beside it."""
    alone = folder / chapter.stem
    alone.mkdir()
    notebook, copy = nbformat.read(chapter, as_version=4), alone / chapter.name
    let_checks_fail(notebook, may=False)  # here they count
    nbformat.write(notebook, copy)
    home = folder / "home" / chapter.stem
    home.mkdir(parents=True)
    seconds = execute_alone(copy, folder / "jupyter", HOME=str(home))
    return f"{chapter.stem:<32} {seconds:6.1f} s  ran alone"


def check_colab(python: Path, folder: Path) -> str:
    """Run a chapter by its first cell, where the package is not."""
    if not (ROOT / ".git").exists():
        return "this folder is no repository: the cell for Colab was not tried"
    run([UV, "pip", "uninstall", "-q", "--python", python, "aebook"])
    run([UV, "pip", "install", "-q", "--python", python, "pip", "hatchling"])
    notebook = nbformat.read(ROOT / "chapters" / f"{FOR_COLAB}.ipynb", as_version=4)
    set_colab_cell(notebook, ROOT.as_uri(), "chapters")
    let_checks_fail(notebook, may=False)
    name_cells(notebook)
    (folder / "colab").mkdir()
    copy = folder / "colab" / f"{FOR_COLAB}.ipynb"
    nbformat.write(notebook, copy)
    # What the package needs, and what builds it, is there. (The 0 is a quirk of pip.)
    have = {"PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    settings = folder / "gitconfig"  # the repository may be another user's
    settings.write_text("[safe]\n\tdirectory = *\n", encoding="utf-8")
    have["GIT_CONFIG_GLOBAL"] = str(settings)
    seconds = execute_alone(copy, folder / "jupyter", **have)
    where = run([python, "-c", "import aebook; print(aebook.__file__)"], cwd=folder)
    if not Path(where.strip()).is_relative_to(python.parent.parent):
        raise RuntimeError(f"aebook was imported from {where}")
    return f"{FOR_COLAB:<32} {seconds:6.1f} s  ran by the cell for Colab"


def main() -> None:
    """Check all chapters; leave with 1 if one does not run."""
    with TemporaryDirectory() as name, ThreadPoolExecutor(2) as pool:
        folder = Path(name)
        python = install(folder)
        cut = cut_network(python)
        add_kernel(python, folder)
        runs = [pool.submit(check, path, folder) for path in find_chapters([])]
        failed = []
        for each in as_completed(runs):
            if error := each.exception():
                failed.append(error)
            else:
                print(each.result(), flush=True)
        for path in cut:
            path.unlink()
        try:
            print(check_colab(python, folder))
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            failed.append(error)
    for error in failed:
        print(f"\n{error}", file=sys.stderr)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
