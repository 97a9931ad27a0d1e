"""Whatever the reader draws ends up in the form of MNIST."""

import io
import struct
import zlib

from aebook.data import load_mnist, read_digit
import numpy as np
from PIL import Image
import pytest


@pytest.fixture(scope="module")
def samples():
    return load_mnist().x_train[:40]


def as_file(pixels, mode=None, **options):
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(file, "PNG", **options)
    file.seek(0)
    return file


def on_paper(digit, zoom=8, paper=255, pen=0, margin=(0, 0, 0, 0)):
    """The digit drawn with a pen on a large sheet, as uint8."""
    ink = Image.fromarray(digit).resize(
        (28 * zoom, 28 * zoom), Image.Resampling.BICUBIC
    )
    ink = np.pad(np.asarray(ink).clip(0, 1), (margin[:2], margin[2:]))
    return np.rint(paper + (pen - paper) * ink).astype(np.uint8)


def distance(a, b):
    """Squared error summed over the pixels; a digit against blank paper has ~100."""
    return ((a - b) ** 2).sum()


@pytest.mark.parametrize("pen_and_paper", [(0, 255), (255, 0), (70, 190), (240, 60)])
def test_a_digit_of_mnist_drawn_on_paper_comes_back(samples, pen_and_paper):
    pen, paper = pen_and_paper
    errors = [
        distance(read_digit(as_file(on_paper(x, pen=pen, paper=paper))), x)
        for x in samples
    ]
    assert np.median(errors) < 5
    assert np.mean(errors) < 8


def test_place_on_the_paper_does_not_matter_at_all(samples):
    for digit in samples[:10]:
        plain = read_digit(as_file(on_paper(digit)))
        moved = read_digit(as_file(on_paper(digit, margin=(150, 0, 10, 90))))
        np.testing.assert_array_equal(plain, moved)


@pytest.mark.slow
def test_size_on_the_paper_hardly_matters(samples):
    errors = [
        distance(*(read_digit(as_file(on_paper(x, zoom=z))) for z in (8, 16)))
        for x in samples
    ]
    assert np.median(errors) < 3


def test_the_result_has_the_form_of_mnist(samples):
    digits = np.stack([read_digit(as_file(on_paper(x))) for x in samples])
    assert digits.shape == (40, 28, 28)
    assert digits.dtype == np.float32
    assert digits.min() == 0
    np.testing.assert_array_equal(digits.max(axis=(1, 2)), 1)
    for digit in digits:
        rows, columns = np.nonzero(digit)
        assert max(np.ptp(rows), np.ptp(columns)) < 20
        centre = [np.arange(28) @ digit.sum(axis) / digit.sum() for axis in (0, 1)]
        np.testing.assert_allclose(centre, 14, atol=0.5)  # of MNIST itself too


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "RGBA", "LA"])
def test_every_kind_of_png_gives_the_same_digit(samples, mode):
    sheet = on_paper(samples[0])
    np.testing.assert_allclose(
        read_digit(as_file(sheet, mode)), read_digit(as_file(sheet)), atol=0.02
    )


def test_sixteen_bits_and_transparent_paper_are_understood(samples):
    sheet = on_paper(samples[0])
    expected = read_digit(as_file(sheet))
    deep = as_file(sheet.astype(np.uint16) * 257)
    np.testing.assert_allclose(read_digit(deep), expected, atol=1e-6)
    clear = np.zeros((*sheet.shape, 4), np.uint8)  # black ink, only the opacity varies
    clear[..., 3] = 255 - sheet
    np.testing.assert_allclose(read_digit(as_file(clear)), expected, atol=0.01)


def test_a_photograph_stored_turned_is_turned_back(samples):
    sheet = on_paper(samples[0])
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90° clockwise
    turned = as_file(np.rot90(sheet).copy(), exif=exif)
    np.testing.assert_array_equal(read_digit(turned), read_digit(as_file(sheet)))


def test_the_noise_of_a_camera_is_not_taken_for_ink(samples):
    sheet = on_paper(samples[0], paper=200, pen=40, margin=(60, 60, 60, 60))
    noise = np.random.default_rng(0).normal(0, 4, sheet.shape)
    noisy = (sheet + noise).clip(0, 255).astype(np.uint8)
    assert distance(read_digit(as_file(noisy)), samples[0]) < 10


def test_invert_can_be_forced(samples):
    framed = np.pad(on_paper(samples[0]), 30)  # a black frame misleads "auto"
    assert distance(read_digit(as_file(framed)), samples[0]) > 50
    bright = on_paper(samples[0], pen=255, paper=0)
    np.testing.assert_array_equal(
        read_digit(as_file(bright), invert=False), read_digit(as_file(bright))
    )


def test_a_path_works_like_an_open_file(samples, tmp_path):
    path = tmp_path / "my digit.png"
    Image.fromarray(on_paper(samples[1])).save(path)
    expected = read_digit(as_file(on_paper(samples[1])))
    np.testing.assert_array_equal(read_digit(path), expected)
    np.testing.assert_array_equal(read_digit(str(path)), expected)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_page_is_refused(level):
    with pytest.raises(ValueError, match="looks blank"):
        read_digit(as_file(np.full((50, 50), level, np.uint8)))


def test_ink_of_the_wrong_side_is_refused_with_a_hint(samples):
    with pytest.raises(ValueError, match="no pixel is more than 10 % brighter"):
        read_digit(as_file(on_paper(samples[0])), invert=False)


def test_a_file_that_is_missing_or_no_image_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing\.png"):
        read_digit(tmp_path / "missing.png")
    text = tmp_path / "notes.png"
    text.write_text("not an image")
    with pytest.raises(ValueError, match=r"notes\.png is not an image"):
        read_digit(text)
    whole = as_file(np.random.default_rng(0).integers(0, 255, (90, 90), np.uint8))
    cut = tmp_path / "cut.png"
    cut.write_bytes(whole.getvalue()[:3000])
    with pytest.raises(ValueError, match=r"cut\.png is damaged"):
        read_digit(cut)
    with pytest.raises(ValueError, match="invert must be True, False"):
        read_digit(text, invert="yes")


# --- depth and kind of an image


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_sixteen_bits_are_read_by_the_range_they_use(samples, bits):
    """Cameras and scanners put 10 or 12 bits into a file of 16, the lower ones."""
    sheet = on_paper(samples[0])
    deep = np.rint(sheet / 255 * (2**bits - 1)).astype(np.uint16)
    expected = read_digit(as_file(sheet))
    np.testing.assert_allclose(read_digit(as_file(deep)), expected, atol=0.01)
    dark = np.rint(on_paper(samples[0], pen=255, paper=0) / 255 * (2**bits - 1))
    np.testing.assert_allclose(
        read_digit(as_file(dark.astype(np.uint16))), expected, atol=0.01
    )


@pytest.mark.parametrize("dtype", [">u2", "<i4"])
def test_every_order_of_bytes_is_read(samples, dtype):
    sheet = on_paper(samples[0])
    file = io.BytesIO()
    Image.fromarray((sheet.astype(int) * 16).astype(dtype)).save(file, "TIFF")
    expected = read_digit(as_file(sheet))
    np.testing.assert_allclose(read_digit(file), expected, atol=0.01)


@pytest.mark.parametrize("white", [1.0, 255.0, 4095.0])
def test_an_image_of_floats_is_read_by_its_range(samples, white):
    sheet, file = on_paper(samples[0]), io.BytesIO()
    Image.fromarray((sheet / 255 * white).astype(np.float32)).save(file, "TIFF")
    expected = read_digit(as_file(sheet))
    np.testing.assert_allclose(read_digit(file), expected, atol=0.01)


def test_an_image_of_floats_with_holes_is_refused():
    page, file = np.full((40, 40), np.nan, np.float32), io.BytesIO()
    Image.fromarray(page).save(file, "TIFF")
    with pytest.raises(ValueError, match="not finite"):
        read_digit(file)


def png(pixels, colour_type, bits=16, transparent=None):
    """The bytes of a PNG; Pillow writes 16 bits in one channel only."""
    height, width = pixels.shape[:2]
    rows = pixels.astype(">u2").reshape(height, -1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    if transparent is not None:
        chunks.insert(1, (b"tRNS", struct.pack(">H", transparent)))
    packed = [
        struct.pack(">I", len(data)) + kind + data
        + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ]  # fmt: skip
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(packed))


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("kind", ["RGB", "LA", "RGBA"])
def test_sixteen_bits_in_several_channels_are_read_by_their_range(samples, kind, bits):
    sheet = on_paper(samples[0])
    deep = np.rint(sheet / 255 * (2**bits - 1))
    opaque = np.full_like(deep, 65535)
    channels = {"RGB": [deep] * 3, "LA": [deep, opaque], "RGBA": [*[deep] * 3, opaque]}
    file = png(np.stack(channels[kind], -1), {"RGB": 2, "LA": 4, "RGBA": 6}[kind])
    expected = read_digit(as_file(sheet))  # Pillow leaves 4 of the 12 bits
    np.testing.assert_allclose(read_digit(file), expected, atol=0.08)


def test_one_transparent_level_of_sixteen_bits_is_paper(samples):
    ink = on_paper(samples[0]) < 128
    file = png(np.where(ink, 1, 0), 0, transparent=0)  # black on what is cut out
    expected = read_digit(as_file(np.where(ink, 0, 255).astype(np.uint8)))
    np.testing.assert_allclose(read_digit(file), expected, atol=0.01)


@pytest.mark.parametrize("kind", ["1", "P with few colours", "CMYK", "inverted 1"])
def test_images_of_few_levels_and_of_printers_are_read(samples, kind):
    sheet = on_paper(samples[0])
    two = np.where(sheet > 127, 255, 0).astype(np.uint8)
    if kind == "inverted 1":
        file = as_file(255 - two, "1")
    elif kind == "CMYK":
        file = io.BytesIO()
        Image.fromarray(two).convert("CMYK").save(file, "TIFF")
    elif kind == "1":
        file = as_file(two, "1")
    else:
        file = io.BytesIO()
        Image.fromarray(two).quantize(4).save(file, "PNG", bits=2)
    np.testing.assert_allclose(read_digit(file), read_digit(as_file(two)), atol=0.01)


@pytest.mark.parametrize("level", [0, 1, 2047, 4095, 65535])
def test_a_blank_page_of_sixteen_bits_is_refused(level):
    with pytest.raises(ValueError, match="looks blank"):
        read_digit(as_file(np.full((50, 50), level, np.uint16)))
