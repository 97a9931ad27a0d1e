"""The envelope of a code: what it is, whose it is, and whether it arrived whole."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple
import zlib

__all__ = ["Envelope", "pack", "unpack"]

MAGIC, VERSION = b"AE", 1
HEAD = struct.Struct("<2sB4sHHHI")  # magic, version, model, shape, bytes of the code
TAIL = struct.Struct("<I")  # CRC-32 of all before it
SIDE = 2**16 - 1  # as in JPEG


class Envelope(NamedTuple):
    """What a stream says.

    Attributes:
        model: Fingerprint of the codec that wrote it, 4 bytes.
        shape: Images, rows and columns.
        code: What the entropy coder wrote.
    """

    model: bytes
    shape: tuple[int, int, int]
    code: bytes


def pack(envelope: Envelope) -> bytes:
    """Return the bytes of a stream: 17 of header, the code, 4 of checksum.

    Args:
        envelope: What is to be written.

    Returns:
        The stream.

    Raises:
        ValueError: If there are more than 65,535 images, rows or columns.

    Example:
        >>> len(pack(Envelope(b"abcd", (1, 28, 28), b"1234")))
        25
    """
    if max(envelope.shape) > SIDE:
        raise ValueError(
            f"a stream holds up to {SIDE:,} images, rows and columns, got "
            f"{envelope.shape}; cut them into several"
        )
    model, shape, code = envelope
    body = HEAD.pack(MAGIC, VERSION, model, *shape, len(code)) + code
    return body + TAIL.pack(zlib.crc32(body))


def unpack(stream: Any) -> Envelope:
    """Return what a stream says, if it is whole.

    Args:
        stream: Bytes of `pack`.

    Returns:
        What was packed.

    Raises:
        TypeError: If it is not bytes.
        ValueError: If it is empty, of something else, of a later version, cut short,
            too long, or damaged; the message says which.

    Example:
        >>> stream = pack(Envelope(b"abcd", (1, 28, 28), b"1234"))
        >>> unpack(stream).shape
        (1, 28, 28)
        >>> unpack(stream[:-1])
        Traceback (most recent call last):
        ValueError: the stream is cut short: 24 bytes of 25; fetch it again
    """
    if not isinstance(stream, bytes | bytearray | memoryview):
        raise TypeError(
            f"a stream is bytes, got {type(stream).__name__}; "
            "read a file with Path(...).read_bytes()"
        )
    stream = bytes(stream)
    if not stream:
        raise ValueError("the stream is empty; was the file written?")
    if not stream.startswith(MAGIC[: len(stream)]):
        raise ValueError(
            f"this is no stream of a Codec: it begins with {stream[:2]!r}, "
            f"expected {MAGIC!r}"
        )
    if len(stream) < HEAD.size:
        raise ValueError(
            f"the stream is cut short: {len(stream)} bytes, its header alone has "
            f"{HEAD.size}; fetch it again"
        )
    _, version, model, *shape, size = HEAD.unpack_from(stream)
    whole = HEAD.size + size + TAIL.size
    intact = zlib.crc32(stream[: -TAIL.size]) == TAIL.unpack(stream[-TAIL.size :])[0]
    if version != VERSION and intact:
        raise ValueError(
            f"the stream has version {version}, this package reads {VERSION}; update it"
        )
    if not intact and len(stream) < whole:
        raise ValueError(
            f"the stream is cut short: {len(stream)} bytes of {whole}; fetch it again"
        )
    if not intact or len(stream) != whole or size % 4:
        raise ValueError(
            "the stream is damaged: its checksum does not fit; fetch it again"
        )
    images, rows, columns = shape
    return Envelope(model, (images, rows, columns), stream[HEAD.size : -TAIL.size])
