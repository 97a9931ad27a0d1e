"""Autoencoders and the optimizers that train them: the package behind the book.

Each submodule is imported when it is first used, so that a reader who needs only
NumPy does not wait for TensorFlow:

    >>> import aebook
    >>> aebook.data.load_mnist().x_train.shape
    (55000, 28, 28)

Importing the package, or any part of it, changes nothing in the process: no variable of
the environment, no logger, no filter of warnings, no random state.
"""

import importlib
from types import ModuleType

__version__ = "0.1.0"

__all__ = [
    "applications",
    "corruption",
    "data",
    "estimators",
    "losses",
    "metrics",
    "models",
    "optim",
    "plots",
    "problems",
    "results",
    "sampling",
    "schedule_free",
    "schedules",
    "scratch",
    "training",
]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return importlib.import_module(f"aebook.{name}")
    raise AttributeError(f"aebook has no {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
