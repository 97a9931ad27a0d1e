"""An entry of the registry: what is known of a data set, and how it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, TypeVar

from aebook.checks import check_count
from aebook.data.kinds import Splits

__all__ = ["Dataset", "DatasetError", "read_once"]

Kind = TypeVar("Kind", bound=Splits)


class DatasetError(OSError):
    """A data set is missing, damaged or out of reach; the message says what to do."""


@dataclass(frozen=True)
class Dataset(Generic[Kind]):
    """What is known about one data set before it is loaded, and its `load`.

    Attributes:
        name: What `aebook.data.load` calls it.
        title: What people call it.
        kind: What loading gives: `Images`, `Photographs` or `Table`.
        n_train: Number of samples for training, validation included.
        n_test: Number of samples for test.
        shape: Shape of one sample; 0 where samples differ.
        classes: Name of each class, in the order of the labels; empty without labels.
        licence: Licence of the data, not of this package.
        citation: Whom to cite.
        source: Where the data come from, and what was left out.
        sha256: Digest of the embedded file; of the arrays, one after the other, where
            another package ships or fetches them.
        validation: How many samples are set aside unless `load` is told.
        read: Returns, for this entry, what the kind splits.
        package: The package that ships the data, as pip calls it; empty for aebook.
        extra: The extra of aebook that installs this package; empty where aebook
            needs it in any case.
        download: Whether the data are fetched, once, from the network.
    """

    name: str
    title: str
    kind: type[Kind]
    n_train: int
    n_test: int
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    licence: str
    citation: str
    source: str
    sha256: str
    validation: int
    read: Callable[[Dataset[Any]], tuple[Any, ...]] = field(repr=False)
    package: str = ""
    extra: str = ""
    download: bool = False

    @property
    def embedded(self) -> bool:
        """Whether it comes with aebook itself."""
        return self.where == "embedded"

    @property
    def where(self) -> str:
        """Where loading finds it, as "embedded", "download" or a package's name."""
        return "download" if self.download else self.package or "embedded"

    def load(self, validation: int | None = None, seed: int = 0) -> Kind:
        """Load the data set, split into training, validation and test.

        Args:
            validation: How many samples of the training set to set aside; 0 for none,
                None for `Dataset.validation`.
            seed: Which ones; the same seed sets the same samples aside everywhere.

        Returns:
            A `kind`, which describes its parts. The test set is the same whatever is
            set aside.

        Raises:
            ValueError: If `validation` is negative or leaves nothing to train on.
            DatasetError: If the data are missing, damaged or out of reach.

        Example:
            >>> from aebook.data import DATASETS
            >>> DATASETS["fashion_mnist"].load(validation=500).x_val.shape
            (500, 28, 28)
        """
        if validation is None:
            validation = self.validation
        check_count(validation, "validation", minimum=0)
        check_count(seed, "seed", minimum=0)
        if validation >= self.n_train:
            raise ValueError(
                f"validation must leave samples to train on: {self.name} has "
                f"{self.n_train} training samples, got validation={validation}"
            )
        kind: Any = self.kind  # mypy would lose which one it is
        return kind.split(read_once(self), validation, seed)


@lru_cache
def read_once(entry: Dataset) -> tuple[Any, ...]:
    """Read the data once a process: 0.6 s and 55 MB for MNIST.

    Args:
        entry: The data set.

    Returns:
        What `entry.kind` splits and copies; shared by all who load it.

    Example:
        >>> from aebook.data import DATASETS
        >>> [part.shape for part in read_once(DATASETS["fashion_mnist"])]
        [(10000, 28, 28), (10000,), (2000, 28, 28), (2000,)]
    """
    return entry.read(entry)
