"""Figures of the site: each in the colours of light mode and in those of dark mode."""

from __future__ import annotations

from pathlib import Path
import re
from xml.etree import ElementTree

from PIL import Image
from sphinx.writers.html5 import HTML5Translator

PAPER, INK = (18, 18, 18), (230, 232, 235)  # white and black, in dark mode
LEAST_CONTRAST = 3.5  # of a line to the page
THINNEST_DOT = 0.4  # opacity below which an area is meant to be seen through
GREY = 8  # a colour whose parts differ by no more has no hue
SOURCE = re.compile(r'src="([^"]+)\.svg"')
COLOR = re.compile(r"#[0-9a-f]{6}")
OPACITY = re.compile(r"opacity: ([0-9.]+)")
SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"

ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", XLINK)


def visit_image(self, node):
    """Write an image with its size, to be loaded when it comes into sight.

    An SVG is written twice, and the style sheet shows the one that suits the mode.
    """
    uri = node["uri"]
    file = Path(self.builder.srcdir, uri)
    is_figure = file.suffix == ".svg" and not node.get("classes")
    width, height = image_size(file)
    if is_figure:
        node["classes"] = ["in-light"]
    start = len(self.body)
    HTML5Translator.visit_image(self, node)
    tag = "".join(self.body[start:])
    size = f'loading="lazy" width="{width}" height="{height}"'
    tag = tag.replace("<img ", f"<img {size} ", 1)
    if is_figure:
        text = to_dark(file.read_text(encoding="utf-8"))
        images = Path(self.builder.outdir, self.builder.imagedir)
        images.mkdir(parents=True, exist_ok=True)
        name = Path(self.builder.images[uri])
        (images / f"{name.stem}-dark.svg").write_text(text, encoding="utf-8")
        tag += SOURCE.sub(r'src="\1-dark.svg"', tag).replace("in-light", "in-dark")
    self.body[start:] = [tag]


def image_size(file: Path) -> tuple[int, int]:
    """Return the width and the height of an image, in pixels or points."""
    if file.suffix != ".svg":
        with Image.open(file) as image:
            return image.size
    _, _, width, height = ElementTree.parse(file).getroot().get("viewBox").split()
    return round(float(width)), round(float(height))


def to_dark(svg: str) -> str:
    """Return a figure with white and black exchanged, and no colour too dark.

    Pictures within the figure stay as they are. What lacks a colour is black in SVG,
    so the whole gets one.
    """
    root = ElementTree.fromstring(svg)
    root.set("fill", color(INK))
    recolor(root)
    return ElementTree.tostring(root, encoding="unicode")


def recolor(node: ElementTree.Element) -> None:
    """Change the colours of an element and of all within it."""
    if is_sign(node):
        node.set("fill", "#000000")
        return
    if "style" in node.attrib:
        style = node.attrib["style"]
        seen = min(map(float, OPACITY.findall(style)), default=1)
        node.set("style", COLOR.sub(lambda match: dark(match[0], seen), style))
    for child in node:
        recolor(child)


def is_sign(node: ElementTree.Element) -> bool:
    """Whether an element is a text in a coloured box, made to suit each other."""
    if not node.get("id", "").startswith("text"):
        return False
    box = node.find(f"./{{{SVG}}}g/{{{SVG}}}path")
    found = box is not None and COLOR.search(box.get("style", ""))
    return bool(found) and not is_grey(red_green_blue(found[0]))


def dark(name: str, opacity: float = 1) -> str:
    """Return a colour as it is in dark mode, lighter where the paper shines through.

    Areas that are thinner than dots and lines have to be seen through, and stay so.

    >>> dark("#ffffff"), dark("#000000"), dark("#e69f00"), dark("#882255")
    ('#121212', '#e6e8eb', '#e69f00', '#a3547b')
    >>> dark("#882255", opacity=0.6)
    '#cb9eb4'
    """
    if opacity < THINNEST_DOT:
        opacity = 1
    parts = red_green_blue(name)
    if is_grey(parts):
        share = sum(parts) / 3 / 255
        pairs = zip(PAPER, INK, strict=True)
        parts = [p * share + i * (1 - share) for p, i in pairs]
        if opacity == 1:
            return color(parts)  # axes, grids and letters keep their weight
    while contrast(over_paper(parts, opacity), PAPER) < LEAST_CONTRAST:
        parts = [part + (255 - part) * 0.05 for part in parts]
    return color(parts)


def over_paper(parts, opacity: float) -> list[float]:
    """Return what is seen of a colour that the dark paper shines through."""
    pairs = zip(parts, PAPER, strict=True)
    return [opacity * part + (1 - opacity) * paper for part, paper in pairs]


def red_green_blue(name: str) -> list[float]:
    """Return the three parts of a colour, each 0 to 255."""
    return [int(name[i : i + 2], 16) for i in (1, 3, 5)]


def is_grey(parts) -> bool:
    """Whether a colour has no hue: white and black have none either."""
    return max(parts) - min(parts) <= GREY


def color(parts) -> str:
    """Return red, green and blue, each 0 to 255, as SVG writes them."""
    return "#" + "".join(f"{round(part):02x}" for part in parts)


def contrast(one, other) -> float:
    """Return the contrast of two colours as WCAG defines it, from 1 to 21."""
    dim, bright = sorted(map(luminance, (one, other)))
    return (bright + 0.05) / (dim + 0.05)


def luminance(parts) -> float:
    """Return the relative luminance of a colour, from 0 to 1."""
    shares = [part / 255 for part in parts]
    linear = [
        s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares
    ]
    return sum(w * s for w, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
