"""Emoji in colour: faces, animals and food, drawn by a font."""

from __future__ import annotations

from aebook.data.entry import Dataset
from aebook.data.kinds import Images
from aebook.data.reading import read_embedded

__all__ = ["EMOJI"]

EMOJI = Dataset(
    name="emoji",
    title="Noto Color Emoji, single faces, animals and foods",
    kind=Images,
    n_train=401,
    n_test=40,
    shape=(32, 32, 3),
    classes=("smileys", "animals", "food"),
    licence="Apache 2.0",
    citation='Google: "Noto Emoji", version 2.042, '
    "https://github.com/googlefonts/noto-emoji",
    source="https://packages.debian.org/bookworm/fonts-noto-color-emoji, drawn on "
    "white by tools/pack_emoji.py; single characters of three groups of Unicode 15, "
    "every eleventh for the test",
    sha256="6f08bc29e18eb11e9b4e1bcef7cc6ff35e06f489849d30ece96d5a73f614713b",
    validation=40,
    read=read_embedded,
)
