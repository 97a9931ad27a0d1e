"""Each figure of the site is there in the colours of both modes."""

from types import SimpleNamespace
from xml.etree import ElementTree

from aebook import plots
from docutils import nodes
import figures
import numpy as np
from PIL import Image
import pytest
from sphinx.writers.html5 import HTML5Translator

STYLE = "{http://www.w3.org/2000/svg}"


def svg(inside):
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 432 100.4">'
    return f"{head}{inside}</svg>"


def styles(text):
    return [
        n.get("style") for n in ElementTree.fromstring(text).iter() if n.get("style")
    ]


@pytest.mark.parametrize(
    ("light", "in_dark"),
    [
        ("#ffffff", "#121212"),  # the paper of dark mode
        ("#000000", "#e6e8eb"),  # its ink
        ("#e69f00", "#e69f00"),  # light enough
    ],
)
def test_white_and_black_change_places_and_light_colours_stay(light, in_dark):
    assert figures.dark(light) == in_dark


@pytest.mark.parametrize("opacity", [1, 0.6, 0.5])
@pytest.mark.parametrize("color", plots.figure.CYCLE)
def test_lines_and_dots_are_seen_in_dark_mode_and_keep_their_hue(color, opacity):
    seen = figures.red_green_blue(figures.dark(color, opacity))
    through = figures.over_paper(seen, opacity)
    assert figures.contrast(through, figures.PAPER) >= 3  # what WCAG asks of graphics
    before = figures.red_green_blue(color)
    if not figures.is_grey(before):
        assert np.argmax(seen) == np.argmax(before)
        assert np.argmin(seen) == np.argmin(before)


def test_what_is_seen_through_is_not_made_lighter():
    assert figures.dark("#0072b2", 0.15) == figures.dark("#0072b2")


def test_a_dot_is_lighter_by_its_own_opacity():
    dot = '<path style="fill: #882255; fill-opacity: 0.6"/>'
    found = styles(figures.to_dark(svg(dot)))
    assert found == [f"fill: {figures.dark('#882255', 0.6)}; fill-opacity: 0.6"]


def test_ten_colours_are_ten_in_dark_mode_too():
    assert len({figures.dark(color) for color in plots.figure.CYCLE}) == 10


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [((0, 0, 0), (255, 255, 255), 21), ((9, 9, 9), (9, 9, 9), 1)],
)
def test_contrast_is_that_of_wcag(one, other, expected):
    assert figures.contrast(one, other) == pytest.approx(expected)


def test_what_has_no_colour_is_drawn_in_ink():
    root = ElementTree.fromstring(figures.to_dark(svg('<path d="M 0 0"/>')))
    assert root.get("fill") == "#e6e8eb"


def test_a_text_on_a_coloured_box_keeps_its_colours():
    box = '<g id="patch_3"><path style="fill: #f0e442; stroke: #ffffff"/></g>'
    sign = f'<g id="text_9">{box}<g style="fill: #000000"><path/></g></g>'
    dark = figures.to_dark(svg(sign))
    assert styles(dark) == ["fill: #f0e442; stroke: #ffffff", "fill: #000000"]
    assert ElementTree.fromstring(dark)[0].get("fill") == "#000000"


def test_a_text_on_a_grey_box_changes_with_it():
    box = '<g id="patch_3"><path style="fill: #000000"/></g>'
    sign = f'<g id="text_9">{box}<g style="fill: #ffffff"><path/></g></g>'
    assert styles(figures.to_dark(svg(sign))) == ["fill: #e6e8eb", "fill: #121212"]


@pytest.mark.slow
def test_a_picture_in_a_figure_stays_as_it_is():
    light, _ = plots.images(np.eye(28)[None])._repr_svg_()

    def picture(text):
        (image,) = ElementTree.fromstring(text).iter(f"{STYLE}image")
        return image.get("{http://www.w3.org/1999/xlink}href")

    assert picture(figures.to_dark(light)) == picture(light)


def written(tmp_path, name, **attributes):
    """What the site says of an image, and the folder of its images."""
    builder = SimpleNamespace(
        srcdir=tmp_path, outdir=tmp_path / "html", imagedir="_images", images={}
    )
    builder.images[name] = name
    translator = object.__new__(HTML5Translator)
    translator.body, translator.builder = [], builder
    node = nodes.image(uri=name, alt="A line", **attributes)

    def visit(self, node):
        classes = " ".join(node["classes"])
        self.body.append(f'<img alt="A line" class="{classes}" src="../{name}" />')

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures.HTML5Translator, "visit_image", visit)
        figures.visit_image(translator, node)
    return "".join(translator.body), tmp_path / "html" / "_images"


def test_a_figure_is_written_in_two_modes_with_its_size_and_loaded_late(tmp_path):
    (tmp_path / "a.svg").write_text(svg('<path style="fill: #ffffff"/>'))
    page, folder = written(tmp_path, "a.svg")
    head = '<img loading="lazy" width="432" height="100" alt="A line" class='
    assert page == (
        f'{head}"in-light" src="../a.svg" />{head}"in-dark" src="../a-dark.svg" />'
    )
    assert "#121212" in (folder / "a-dark.svg").read_text()


def test_a_photograph_is_written_once_with_its_size(tmp_path):
    Image.new("RGB", (32, 24)).save(tmp_path / "five.png")
    page, folder = written(tmp_path, "five.png")
    assert page.startswith('<img loading="lazy" width="32" height="24" ')
    assert page.count("<img") == 1
    assert not folder.exists()
