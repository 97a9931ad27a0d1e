"""Figures carry their alt text into the notebook, and leave nothing behind."""

import io
import subprocess
import sys
from xml.etree import ElementTree

from aebook import plots
from aebook.plots import figure
from aebook.plots.figure import COLORS, CYCLE, Figure, colors_of
import matplotlib
import nbclient
from nbformat import v4
import numpy as np
from PIL import Image
import pytest

digits = np.eye(28)[None].repeat(3, 0)


def drawn(fig):
    """The pixels of a figure, as Agg draws them."""
    png = io.BytesIO()
    fig.savefig(png, format="png", dpi=100)
    return np.asarray(Image.open(png).convert("RGB"))


def test_the_svg_comes_with_its_alt_text_and_at_the_same_width():
    svg, metadata = Figure("Nothing but white.", height=1.333)._repr_svg_()
    assert metadata == {"alt": "Nothing but white."}
    root = ElementTree.fromstring(svg)
    assert root.get("viewBox") == "0 0 432 96"  # points, whole ones


def test_the_png_is_sharp_on_a_dense_screen_and_says_its_size():
    png, metadata = Figure("Nothing but white.", height=1)._repr_png_()
    assert metadata == {"alt": "Nothing but white.", "width": 576, "height": 96}
    assert Image.open(io.BytesIO(png)).size == (864, 144)


def test_the_background_is_white_and_opaque_even_in_a_dark_style():
    with matplotlib.rc_context({"figure.facecolor": "black", "font.size": 30}):
        fig = plots.images(digits)
        assert (drawn(fig)[0] == 255).all()
        assert "fill: #ffffff" in fig._repr_svg_()[0].split("</g>")[0]


def test_the_same_figure_gives_the_same_bytes_with_no_date_in_them():
    first, second = plots.images(digits), plots.images(digits)
    assert first._repr_png_() == second._repr_png_()
    assert first._repr_svg_() == second._repr_svg_()
    assert "date" not in first._repr_svg_()[0]


def test_a_long_name_below_an_axis_goes_on_in_a_second_row():
    name = "time of an epoch, divided by that of Keras on TensorFlow in the same round"
    fig = plots.seeds({"Keras on TensorFlow": [1, 2], "JAX": [1, 3]}, xlabel=name)
    short = plots.seeds({"Keras on TensorFlow": [1, 2], "JAX": [1, 3]}, xlabel="time")
    for each in (fig, short):
        each._repr_svg_()
        each._repr_svg_()  # what is folded stays as it is
        box = each.axes[0].xaxis.label.get_window_extent()
        assert 0 <= box.x0 < box.x1 <= each.bbox.x1
    assert fig.axes[0].get_xlabel().split() == name.split()
    assert fig.axes[0].get_xlabel().count("\n") == 1
    assert short.axes[0].get_xlabel() == "time"


@pytest.mark.slow
def test_drawing_changes_no_setting_and_needs_no_pyplot():
    code = (
        "import sys, matplotlib; settings = lambda: {key: matplotlib.rcParams[key]"
        " for key in matplotlib.rcParams if key != 'backend'}; before = settings();"
        "import numpy as np; from aebook import plots;"
        "plots.images(np.eye(4)[None])._repr_svg_();"
        "assert settings() == before;"
        "wrong = ('matplotlib.pyplot', 'tensorflow', 'keras');"
        "print([name for name in wrong if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("alt", ["", "  ", None, 3])
def test_a_figure_without_alt_text_is_refused(alt):
    with pytest.raises(ValueError, match="needs an alt text"):
        Figure(alt)


def test_a_long_title_is_wrapped_within_the_figure():
    fig = Figure("alt", title="a title of many words " * 8)
    fig.draw_without_rendering()
    (title,) = fig.texts
    assert title.get_text().count("\n") == 2
    assert title.get_window_extent().x1 < fig.bbox.x1


def test_colours_are_told_apart_and_each_role_keeps_its_own():
    assert len(set(CYCLE)) == len(CYCLE) == 10
    assert colors_of(["PCA", "Adam"]) == {"PCA": COLORS["PCA"], "Adam": COLORS["Adam"]}
    mixed = colors_of(["a", "Adam", "b", "PCA", "c"])
    assert len(set(mixed.values())) == 5
    assert mixed["Adam"] == COLORS["Adam"]
    assert len(colors_of([str(i) for i in range(30)])) == 30


def run(*sources):
    """The outputs of each cell of a notebook, but for what it prints."""
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])
    nbclient.NotebookClient(notebook, timeout=60).execute()
    return [
        [o for o in cell.outputs if o.output_type != "stream"]
        for cell in notebook.cells
    ]


@pytest.mark.filterwarnings("default")  # Jupyter's own start-up notes
@pytest.mark.slow
def test_a_notebook_shows_it_once_with_its_alt_text_whatever_pyplot_does():
    outputs = run(
        "import numpy as np\nfrom aebook import plots\nx = np.eye(28)[None]",
        "plots.images(x)",
        "display(plots.images(x))",
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplots.images(x)",
        "%config InlineBackend.figure_formats = ['retina']\ndisplay(plots.images(x))",
        "kept = plots.images(x)",
    )
    assert outputs[0] == outputs[-1] == []
    for shown in outputs[1:-1]:
        (output,) = shown
        for mime in ("image/svg+xml", "image/png"):
            assert output.metadata[mime]["alt"] == "1 image."
        assert set(output.data) == {"image/svg+xml", "image/png", "text/plain"}


def test_registration_without_a_notebook_does_nothing():
    assert figure._register_with_ipython() is None
