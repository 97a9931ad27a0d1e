"""What a checkpoint packs comes back as it was, or is refused."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
import enum
import os
import sys
import types
from typing import NamedTuple

from aebook.training.checkpoint.file import read, write
from aebook.training.checkpoint.plain_values import NotPlainError, pack, unpack
import ml_dtypes
import numpy as np
import pytest


class Best(NamedTuple):
    loss: float
    weights: list


Point = namedtuple("Point", "x y")


class Texts(list):
    """A list that is more than one."""


class Level(enum.IntEnum):
    LOW = 1


@pytest.mark.parametrize(
    "value",
    [None, True, 3, 0.1, np.inf, "a", (1, [2.5, "b"]), {"a": {1: None}}, [], {}, ()],
)
def test_what_is_packed_comes_back(value):
    arrays = {}
    assert unpack(pack(value, arrays), arrays) == value
    assert not arrays


@pytest.mark.parametrize(
    "value",
    [
        Best(0.5, [1, (2, "a")]),
        Point(1, 2),
        OrderedDict([("b", 1), ("a", 2)]),
        Counter("hello"),
        defaultdict(list, a=[1]),
        defaultdict(None, a=1),
        {(1, "a"): [Point(3, Best(1.0, []))]},
    ],
)
def test_named_tuples_and_other_dicts_come_back_as_they_were(value, tmp_path):
    write(tmp_path / "a.ckpt", value)
    back = read(tmp_path / "a.ckpt")
    assert back == value
    assert type(back) is type(value)
    assert getattr(back, "default_factory", 0) is getattr(value, "default_factory", 0)
    if isinstance(value, dict):
        assert list(back) == list(value)


def test_numbers_of_numpy_keep_their_type(tmp_path):
    small = np.array([1.5, -2.0], ml_dtypes.bfloat16)
    value = {
        "a": np.float32(0.1),
        "b": np.arange(3),
        "c": np.float64(0.2),
        "d": np.bool_(True),
        "e": small[0],
    }
    write(tmp_path / "a.ckpt", {**value, "f": small})
    back = read(tmp_path / "a.ckpt")
    kept = back.pop("f")
    assert [type(v) for v in back.values()] == [type(v) for v in value.values()]
    assert back["a"] == value["a"]
    assert back["e"] == value["e"]
    assert kept.dtype == small.dtype
    np.testing.assert_array_equal(kept, small)


@pytest.mark.parametrize(
    "value",
    [print, object(), np.array([print]), {"a": {1, 2}}, b"a", 1j, deque([1])],
)
def test_what_is_not_plain_is_refused(value):
    with pytest.raises(NotPlainError, match="is not plain"):
        pack(value, {})


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (Texts("ab"), "list"),
        (Level.LOW, "int"),
        (os.stat("."), "tuple"),  # noqa: PTH116
        (types.new_class("Own", (dict,))(), "dict"),
        (np.ma.masked_array([1, 2], [True, False]), "ndarray"),
    ],
)
def test_what_would_come_back_as_another_type_is_refused(value, kind):
    with pytest.raises(NotPlainError, match=f"come back as {kind}; convert it"):
        pack(value, {})


def test_what_cannot_be_found_again_is_refused():
    local = namedtuple("Local", "a")
    with pytest.raises(NotPlainError, match=r"Local is not plain.*at the top of a mod"):
        pack([local(1)], {})
    with pytest.raises(NotPlainError, match=r"defaultdict of .*lambda.* is not plain"):
        pack(defaultdict(lambda: 0), {})


def test_a_class_is_looked_up_and_never_imported(tmp_path, monkeypatch):
    path = tmp_path / "a.ckpt"
    module = types.ModuleType("elsewhere")
    module.Spot = namedtuple("Spot", "x y", module="elsewhere")
    monkeypatch.setitem(sys.modules, "elsewhere", module)
    write(path, module.Spot(1, 2))
    assert type(read(path)) is module.Spot
    module.Spot = namedtuple("Spot", "x z", module="elsewhere")
    with pytest.raises(ValueError, match=r"elsewhere.Spot of x, y.*other fields here"):
        read(path)
    module.Spot = print
    with pytest.raises(ValueError, match=r"elsewhere.Spot, which is not loaded here"):
        read(path)
    monkeypatch.delitem(sys.modules, "elsewhere")
    (tmp_path / "elsewhere.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ValueError, match=r"define or import it first") as caught:
        read(path)
    assert "delete" not in str(caught.value)
