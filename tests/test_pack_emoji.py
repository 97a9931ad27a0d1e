"""The tool that draws the emoji takes single characters of three groups, in order."""

import importlib.util
from pathlib import Path

from aebook.data import load
import numpy as np
from PIL import ImageFont
import pytest

PATH = Path(__file__).parents[1] / "tools" / "pack_emoji.py"
spec = importlib.util.spec_from_file_location("pack_emoji", PATH)
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)

LIST = """\
# group: Smileys & Emotion
1F600                      ; fully-qualified     # 😀 E1.0 grinning face
263A FE0F                  ; fully-qualified     # ☺️ E0.6 smiling face
263A                       ; unqualified         # ☺ E0.6 smiling face
1F636 200D 1F32B FE0F      ; fully-qualified     # face in clouds
# group: People & Body
1F44B                      ; fully-qualified     # 👋 E0.6 waving hand
# group: Food & Drink
1F347                      ; fully-qualified     # 🍇 E0.6 grapes
"""


def test_single_characters_of_the_groups_are_taken():
    assert tool.listed(LIST) == [("😀", 0), ("☺", 0), ("🍇", 2)]


def test_the_pictures_are_whole_and_differ():
    emoji = load("emoji", validation=0)
    x = np.concatenate([emoji.x_train, emoji.x_test])
    assert len(np.unique(x.reshape(len(x), -1), axis=0)) == len(x) == 441
    edge = np.concatenate([x[:, 0], x[:, -1], x[:, :, 0], x[:, :, -1]], axis=1)
    assert np.median(edge) == 1  # white around
    yellow = emoji.x_train[0, 16, 8]
    assert yellow[0] > 0.9 and yellow[1] > 0.7 and yellow[2] < 0.4  # a face


@pytest.mark.skipif(
    not Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf").exists(),
    reason="the font is not installed",
)
def test_the_font_draws_what_is_embedded():
    font = ImageFont.truetype(
        "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf", tool.STRIKE
    )
    first = tool.draw("\N{GRINNING FACE}", font)
    embedded = load("emoji", validation=0).x_train[0]
    np.testing.assert_allclose(first / 255, embedded, atol=1e-6)
