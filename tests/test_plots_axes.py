"""Texts within axes keep apart."""

from aebook.plots.axes import separate, spread
from aebook.plots.figure import Figure
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest


@given(st.lists(st.floats(-10, 10, width=16), max_size=12), st.floats(0.1, 3))
@pytest.mark.slow
def test_spread_keeps_order_gap_and_whatever_has_room(positions, gap):
    positions = sorted(positions)
    result = spread(positions, gap)
    assert len(result) == len(positions)
    assert all(np.diff(result) >= gap - 1e-9)
    if all(np.diff(positions) >= gap):
        assert result == pytest.approx(positions)


@pytest.mark.slow
def test_texts_on_one_spot_are_pushed_apart_sideways_never():
    fig = Figure("alt")
    axes = fig.subplots()
    texts = [axes.text(0.5, 0.5, f"name {i}") for i in range(5)]
    lone = axes.text(0.1, 0.1, "alone")
    separate([*texts, lone])
    boxes = [text.get_window_extent() for text in texts]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
    assert {text.get_position()[0] for text in texts} == {0.5}
    assert lone.get_position() == (0.1, 0.1)
