"""Autoencoders and the optimizers that train them: the package behind the book.

Each submodule is imported when it is first used, so that a reader who needs only
NumPy does not wait for TensorFlow:

    >>> import aebook
    >>> aebook.data.load_mnist().x_train.shape
    (55000, 28, 28)
"""

import importlib
import logging
import os
from types import ModuleType

__version__ = "0.1.0"

__all__ = [
    "corruption",
    "data",
    "estimators",
    "losses",
    "metrics",
    "models",
    "optim",
    "plots",
    "problems",
    "sampling",
    "schedule_free",
    "schedules",
    "scratch",
    "training",
]

# TensorFlow prints its start-up notes from C++, before Python can filter them.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# TensorFlow takes the same code in several models for one function traced too often.
logging.getLogger("tensorflow").addFilter(
    lambda record: "triggered tf.function retracing" not in record.getMessage()
)


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return importlib.import_module(f"aebook.{name}")
    raise AttributeError(f"aebook has no {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
