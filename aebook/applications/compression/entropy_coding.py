"""Whole numbers written as bytes, in as few as their probabilities allow.

The range coder is that of the package constriction. What it needs to know, how probable
each number is, are whole numbers here: both sides cut the same intervals to the last
bit, on any machine.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from aebook.checks import check_count
import numpy as np

__all__ = ["TOTAL", "Reader", "Tables", "Writer", "count_tables"]

TOTAL = 2**24  # what the frequencies of a table add up to: constriction's own precision
WIDEST = 512  # numbers in a table; what lies outside is written in 32 bits
LIMIT = 2**31 - 1


class Tables(NamedTuple):
    """How often each number is expected, as whole numbers.

    Attributes:
        low: The number that the first column stands for.
        frequencies: Shape `(tables, numbers + 1)`, uint32, each at least 1, each row
            with the sum `TOTAL`. The last column is for all numbers outside.
    """

    low: int
    frequencies: np.ndarray

    def bits(self, symbols: np.ndarray, index: np.ndarray) -> float:
        """Return what the tables say that these numbers cost, in bits."""
        column, outside = _columns(self, symbols)
        chosen = self.frequencies[np.broadcast_to(index, symbols.shape), column]
        return float(np.log2(TOTAL / chosen).sum() + 32 * outside.sum())


def count_tables(symbols: Any, index: Any, tables: int, guess: Any = None) -> Tables:
    """Count how often each number occurs, and make whole-number tables of it.

    Args:
        symbols: Whole numbers, any shape.
        index: The table of each, in [0, `tables`), a shape that broadcasts to theirs.
        tables: How many tables.
        guess: What to mix in with the weight of ten numbers a table: a function of
            the numbers `(n,)` that returns probabilities `(tables, n)`. Defaults to
            all numbers of the range alike.

    Returns:
        The tables. What never occurred keeps a frequency of at least 1: it can be
        written, at up to 24 bits.

    Raises:
        TypeError: If `symbols` are no whole numbers.
        ValueError: If there are none.

    Example:
        >>> tables = count_tables([0, 0, 0, 1], 0, tables=1)
        >>> tables.low, tables.frequencies.shape, int(tables.frequencies.sum())
        (0, (1, 3), 16777216)
    """
    symbols, tables = _whole(symbols), check_count(tables, "tables")
    index = np.broadcast_to(index, symbols.shape)
    half = WIDEST // 2 - 1
    low, high = np.clip([symbols.min(), symbols.max()], -half, half).tolist()
    grid = np.arange(low, high + 1)
    inside = (symbols >= low) & (symbols <= high)
    counts = np.zeros((tables, len(grid) + 1))
    np.add.at(counts, (index[inside], symbols[inside] - low), 1)
    np.add.at(counts, (index[~inside], -1), 1)
    expected = (
        np.ones((tables, len(grid))) if guess is None else np.asarray(guess(grid))
    )
    expected = expected / expected.sum(axis=1, keepdims=True)
    counts[:, :-1] += 10 * expected
    counts[:, -1] += 0.1
    share = counts / counts.sum(axis=1, keepdims=True)
    frequencies = 1 + np.floor(share * (TOTAL - share.shape[1])).astype(np.int64)
    rows = np.arange(tables)
    frequencies[rows, frequencies.argmax(axis=1)] += TOTAL - frequencies.sum(axis=1)
    return Tables(low, frequencies.astype(np.uint32))


class Writer:
    """Writes whole numbers, each at the price that its table names.

    Example:
        >>> tables = count_tables([0, 0, 0, 1], 0, tables=1)
        >>> content = Writer().add([0, 1, 0, 70], 0, tables).finish()
        >>> Reader(content).take((4,), 0, tables).tolist()
        [0, 1, 0, 70]
    """

    def __init__(self) -> None:
        self._coder = _stream().queue.RangeEncoder()

    def add(self, symbols: Any, index: Any, tables: Tables) -> Writer:
        """Write the numbers, table after table, in order within a table."""
        symbols = _whole(symbols)
        column, outside = _columns(tables, symbols)
        for table, places in _by_table(index, symbols.shape):
            self._coder.encode(
                column.flat[places].astype(np.int32), _model(tables, table)
            )
        if outside.any():
            halves = np.stack(np.divmod(symbols[outside] + 2**31, 2**16), axis=1)
            self._coder.encode(halves.astype(np.int32).ravel(), _halves())
        return self

    def finish(self) -> bytes:
        """Return what was written, whole words of four bytes."""
        return self._coder.get_compressed().astype("<u4").tobytes()


class Reader:
    """Reads what a `Writer` wrote, given the same tables in the same order.

    Args:
        content: Bytes of a `Writer`. Bytes of anything else give numbers too: whether
            they are the right ones, a checksum has to say.

    Example:
        >>> tables = count_tables([5, 6], 0, tables=1)
        >>> Reader(Writer().add([6, 5], 0, tables).finish()).take((2,), 0, tables)
        array([6, 5])
    """

    def __init__(self, content: bytes) -> None:
        words = np.frombuffer(content, "<u4").astype(np.uint32)
        self._coder = _stream().queue.RangeDecoder(words)

    def take(self, shape: tuple[int, ...], index: Any, tables: Tables) -> np.ndarray:
        """Return the next numbers, in an array of this shape."""
        symbols = np.zeros(shape, np.int64)
        for table, places in _by_table(index, shape):
            read = self._coder.decode(_model(tables, table), len(places))
            symbols.flat[places] = read
        outside = symbols == tables.frequencies.shape[1] - 1
        symbols += tables.low
        if count := int(outside.sum()):
            halves = self._coder.decode(_halves(), 2 * count).reshape(-1, 2)
            symbols[outside] = halves.astype(np.int64) @ [2**16, 1] - 2**31
        return symbols


def _stream() -> Any:
    try:
        import constriction
    except ImportError:
        raise ImportError(
            "the entropy coder is the package constriction, which is not installed; "
            "pip install 'aebook[applications]'"
        ) from None
    return constriction.stream


def _model(tables: Tables, table: int) -> Any:
    """Return a row as a model: dividing by a power of two loses nothing."""
    return _stream().model.Categorical(
        tables.frequencies[table] / float(TOTAL), perfect=False
    )


def _halves() -> Any:
    """Return the model of half a number of 32 bits: all alike."""
    return _stream().model.Uniform(2**16)


def _columns(tables: Tables, symbols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the column of each number, and which ones lie outside."""
    last = tables.frequencies.shape[1] - 1
    column = symbols - tables.low
    outside = (column < 0) | (column >= last)
    return np.where(outside, last, column), outside


def _by_table(index: Any, shape: tuple[int, ...]) -> list[tuple[int, np.ndarray]]:
    """Return the places of each table that occurs, flat and in order."""
    index = np.broadcast_to(index, shape).ravel()
    order = np.argsort(index, kind="stable")
    used, starts = np.unique(index[order], return_index=True)
    return list(zip(used.tolist(), np.split(order, starts[1:]), strict=True))


def _whole(symbols: Any) -> np.ndarray:
    symbols = np.asarray(symbols)
    if symbols.dtype.kind not in "iu":
        raise TypeError(
            f"symbols must be whole numbers, got dtype {symbols.dtype}; round them"
        )
    if not symbols.size:
        raise ValueError(f"symbols is empty, got shape {symbols.shape}")
    return np.clip(symbols.astype(np.int64), -LIMIT, LIMIT)
