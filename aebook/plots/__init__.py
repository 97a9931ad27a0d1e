"""Figures of the book: each returns one `Figure`, with alt text made from its data.

This room imports `aebook.checks`, `aebook.metrics` and `aebook.schedules`; nothing but
chapters imports it.

The words that figures write themselves stand in `words` and nowhere else.
"""

from aebook.plots.class_errors import errors_by_class
from aebook.plots.code_maps import codes
from aebook.plots.curves import history
from aebook.plots.descents import contours, descent
from aebook.plots.diagrams import diagram
from aebook.plots.figure import COLORS, Figure
from aebook.plots.image_rows import images, reconstructions, sheet
from aebook.plots.layers import anatomy
from aebook.plots.line_charts import lines
from aebook.plots.map_panels import maps
from aebook.plots.rates import learning_rate_range, schedules
from aebook.plots.seed_dots import seeds
from aebook.plots.seed_panels import seed_panels

__all__ = [
    "COLORS",
    "Figure",
    "anatomy",
    "codes",
    "contours",
    "descent",
    "diagram",
    "errors_by_class",
    "history",
    "images",
    "learning_rate_range",
    "lines",
    "maps",
    "reconstructions",
    "schedules",
    "seed_panels",
    "seeds",
    "sheet",
]
