"""TensorFlow's advice against frequent retracing, silenced where it is mistaken.

TensorFlow counts the functions it traces by their code, and every Keras model has the
same `predict`: five models used in a row are taken for one function traced five times.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import logging

__all__ = ["many_models"]


class _Advice(logging.Filter):
    """Stops the one message; each use is a filter of its own, so that they nest."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "triggered tf.function retracing" not in record.getMessage()


@contextmanager
def many_models() -> Iterator[None]:
    """Call a method of Keras that traces a function for each model.

    The logger of TensorFlow is as it was when the call is over.

    Example:
        >>> with many_models():
        ...     logging.getLogger("tensorflow").filters
        [<aebook.training.retracing._Advice object at ...>]
        >>> logging.getLogger("tensorflow").filters
        []
    """
    logger, advice = logging.getLogger("tensorflow"), _Advice()
    logger.addFilter(advice)
    try:
        yield
    finally:
        logger.removeFilter(advice)
