"""The tool that packs the embedded data takes genuine files only and cuts them."""

import dataclasses
import gzip
import hashlib
import importlib.util
import lzma
from pathlib import Path
import struct

from aebook import data
from aebook.data import reading
import numpy as np
import pytest

PATH = Path(__file__).parents[1] / "tools" / "pack_datasets.py"
spec = importlib.util.spec_from_file_location("pack_datasets", PATH)
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)


def idx(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + (
        array.astype(np.uint8).tobytes()
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Four small IDX files, two of them gzipped, taken for genuine."""
    rng = np.random.default_rng(0)
    shapes = [(9, 5, 5), (9,), (6, 5, 5), (6,)]
    contents = [idx(rng.integers(0, 10, shape)) for shape in shapes]
    for i, (name, content) in enumerate(zip(tool.FILES, contents, strict=True)):
        if i % 2:
            (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (tmp_path / name).write_bytes(content)
    digests = tuple(hashlib.sha256(content).hexdigest() for content in contents)
    monkeypatch.setitem(tool.SHA256, "mnist", digests)
    return tmp_path, contents


def test_whole_files_come_back_one_after_the_other(folder):
    path, contents = folder
    archive = tool.pack(path, "mnist", (100, 100), {})
    assert lzma.decompress(archive) == b"".join(contents)
    assert tool.pack(path, "mnist", (100, 100), {}) == archive


def test_the_first_items_are_an_idx_file_that_the_package_reads(folder, monkeypatch):
    path, contents = folder
    archive = tool.pack(path, "mnist", (4, 2), {"lc": 4, "lp": 0, "pb": 0})
    (path / "mnist.xz").write_bytes(archive)
    monkeypatch.setattr(reading, "FOLDER", path)
    entry = data.DATASETS["mnist"]
    digest = hashlib.sha256(archive).hexdigest()
    arrays = reading.read_embedded(dataclasses.replace(entry, sha256=digest))
    assert [array.shape for array in arrays] == [(4, 5, 5), (4,), (2, 5, 5), (2,)]
    for array, content in zip(arrays, contents, strict=True):
        header = 4 + 4 * array.ndim
        assert array.tobytes() == content[header : header + array.size]


def test_a_file_that_is_not_the_published_one_is_refused(folder):
    path, _ = folder
    name = tool.FILES[0]
    (path / name).write_bytes((path / name).read_bytes()[:-1] + b"\xff")
    with pytest.raises(SystemExit, match=f"{name}: expected sha256 .*, got "):
        tool.pack(path, "mnist", (100, 100), {})
