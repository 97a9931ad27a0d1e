"""A figure's SVG is small, and shows what it showed."""

import base64
import io
import re
from xml.etree import ElementTree

from aebook import plots
from aebook.plots.svg import compact
import numpy as np
from PIL import Image
import pytest

RAMP = np.linspace(0, 1, 784).reshape(1, 28, 28)


def pictures(svg):
    """The pictures within an SVG, with how each is to be shown."""
    found = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}image")
    return [(picture(image), image.get("style")) for image in found]


def picture(image):
    data = image.get("{http://www.w3.org/1999/xlink}href").split(",")[1]
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_grey_picture_has_a_number_a_pixel_and_is_not_blurred():
    ((image, style),) = pictures(plots.images(RAMP)._repr_svg_()[0])
    assert image.mode == "L"
    assert "image-rendering:pixelated" in style
    np.testing.assert_allclose(np.asarray(image), RAMP[0] * 255, atol=2)


@pytest.mark.parametrize("shift", [[0, 0, 1, 0], [0, 0, 0, -1]])
def test_a_picture_with_a_colour_or_a_hole_stays_as_it_is(shift):
    pixels = np.full((4, 4, 4), 254, np.uint8)
    pixels[..., 3] = 255
    pixels[2, 3] += np.array(shift).astype(np.uint8)
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    data = base64.b64encode(png.getvalue()).decode()
    tag = f'<image xlink:href="data:image/png;base64,{data}"/>'
    assert compact(tag) == tag


def test_what_is_compact_stays_so():
    svg, _ = plots.images(RAMP)._repr_svg_()
    assert compact(svg) == svg


def test_places_are_rounded_and_scales_are_not():
    lines = plots.lines({"a": ([0, 1, 2], [1, 1 / 3, 1 / 7])}, xlabel="x", ylabel="y")
    svg = lines._repr_svg_()[0]
    assert "\n" not in svg
    assert not re.search(r"[1-9]\d*\.\d{3}", svg)
    assert re.search(r"scale\(0\.\d{2,} -0\.\d{2,}\)", svg)
