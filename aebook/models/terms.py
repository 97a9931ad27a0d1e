"""The terms that one call of a model adds to its loss."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import threading
from typing import Any

__all__ = ["Terms"]


class Terms(threading.local):
    """The named terms of the call under way, apart for each thread.

    Replicas of `tf.distribute` run their steps in threads of their own, so that none
    may find the notes of another. Where a step of the model itself asks for them,
    they stay here; where another model calls this one as a layer, each also goes to
    `keras.layers.Layer.add_loss`, which brings it to that model's loss.

    Example:
        >>> terms = Terms()
        >>> terms.note("kl", 1.25, 0.5)
        >>> terms.own_step, [name for name, *_ in terms]
        (False, ['kl'])
    """

    def __init__(self) -> None:
        self.own_step = False
        self.kept: dict[str, Any] = {}  # what a member needs again in its loss
        self.begin()

    def begin(self) -> None:
        """Forget the terms of the call before."""
        self._noted: dict[str, tuple[Any, Any]] = {}
        self.added: list[Any] = []  # what Keras has been given already

    def note(self, name: str, values: Any, weight: Any) -> None:
        """Keep a term: one value per sample or one number, and its weight."""
        self._noted[name] = (values, weight)

    def __iter__(self) -> Iterator[tuple[str, Any, Any]]:
        for name, (values, weight) in self._noted.items():
            yield name, values, weight

    @contextlib.contextmanager
    def collected(self) -> Iterator[None]:
        """Say that the loss of this step is computed by the model itself."""
        before, self.own_step = self.own_step, True
        try:
            yield
        finally:
            self.own_step = before
            self.begin()  # holds on to no tensor of a finished trace
            self.kept = {}
