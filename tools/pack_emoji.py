"""Draw single emoji of a colour font into the archive that the package embeds.

    python tools/pack_emoji.py NotoColorEmoji.ttf emoji-test.txt aebook/data/datasets

The font is that of Debian's package fonts-noto-color-emoji, the list that of its
package unicode-data. Faces, animals and foods that are one character are drawn on
white, 32 × 32 pixels, in the order of the list; every eleventh is for the test. The
archive has the form of `pack_datasets.py`: four IDX files in one xz stream.
"""

import argparse
import hashlib
import lzma
from pathlib import Path
import re
import struct

import numpy as np
from PIL import Image, ImageDraw, ImageFont

GROUPS = ("Smileys & Emotion", "Animals & Nature", "Food & Drink")
STRIKE = 109  # the one size that the font has, in pixels
SIDE, FRAME = 32, 136
TEST_EVERY = 11
LINE = re.compile(r"([0-9A-F]+)(?: FE0F)? +; fully-qualified")


def listed(text: str) -> list[tuple[str, int]]:
    """Return the single characters of the list that are in a group, with its number."""
    found, group = [], ""
    for line in text.splitlines():
        if line.startswith("# group: "):
            group = line.removeprefix("# group: ")
        elif group in GROUPS and (match := LINE.match(line)):
            found.append((chr(int(match[1], 16)), GROUPS.index(group)))
    return found


def draw(character: str, font: ImageFont.FreeTypeFont) -> np.ndarray:
    """Return a character on white, uint8, shape (32, 32, 3)."""
    picture = Image.new("RGB", (FRAME, FRAME), "white")
    middle = (FRAME / 2, FRAME / 2)
    ImageDraw.Draw(picture).text(
        middle, character, font=font, embedded_color=True, anchor="mm"
    )
    small = picture.resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=None)
    return np.asarray(small)


def idx(array: np.ndarray) -> bytes:
    """Return an array of bytes as an IDX file."""
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


def pack(font: Path, text: str) -> bytes:
    """Return the xz stream: training images and labels, then those of the test."""
    strike = ImageFont.truetype(font, STRIKE)
    characters = listed(text)
    images = np.stack([draw(character, strike) for character, _ in characters])
    labels = np.array([label for _, label in characters], np.uint8)
    test = np.arange(len(labels)) % TEST_EVERY == TEST_EVERY - 1
    parts = [a[m] for m in (~test, test) for a in (images, labels)]
    xz = {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "pb": 0}
    content = b"".join(idx(part) for part in parts)
    return lzma.compress(content, check=lzma.CHECK_CRC64, filters=[xz])


def main() -> None:
    """Write the archive and print what to put into the registry."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("font", type=Path, help="NotoColorEmoji.ttf")
    parser.add_argument("list", type=Path, help="emoji-test.txt")
    parser.add_argument("output", type=Path, help="folder to write into")
    args = parser.parse_args()
    archive = pack(args.font, args.list.read_text("utf-8"))
    path = args.output / "emoji.xz"
    path.write_bytes(archive)
    print(path, len(archive), hashlib.sha256(archive).hexdigest())


if __name__ == "__main__":
    main()
