"""Import every module of aebook, one by one, and print what each import changed.

Run as a script, in two processes: the first, without arguments, prints the modules of
others that come along. The second is given those, imports them first, and so sees only
what aebook itself changes.
"""

import contextlib
import gc
import importlib
import locale
import logging
import os
from pathlib import Path
import pkgutil
import random
import signal
import sys
import threading
import warnings


def modules():
    """Import aebook and yield the name of each of its modules, imported."""
    package = importlib.import_module("aebook")
    yield "aebook"
    for part in pkgutil.walk_packages(package.__path__, "aebook."):
        importlib.import_module(part.name)
        yield part.name


def loggers():
    known = {"": logging.root, **logging.root.manager.loggerDict}
    return {
        name: (log.level, log.disabled, log.propagate, *log.filters, *log.handlers)
        for name, log in known.items()
        if isinstance(log, logging.Logger)
    }


def settings_of_packages():
    import keras
    import matplotlib
    import numpy as np

    return {
        "NumPy's random state": str(np.random.get_state()),  # noqa: NPY002
        "NumPy's settings": (np.geterr(), str(np.get_printoptions())),
        "Matplotlib's settings": dict(matplotlib.rcParams),
        "Keras' settings": (
            keras.backend.backend(),
            keras.config.floatx(),
            keras.config.epsilon(),
            keras.config.image_data_format(),
            keras.config.dtype_policy().name,
            keras.config.is_traceback_filtering_enabled(),
        ),
    }


def state():
    """Return what belongs to the whole process, by name."""
    return {
        "environment": dict(os.environ),
        "loggers": (loggers(), logging.root.manager.disable),
        "warnings": (list(warnings.filters), warnings.showwarning),
        "Python's random state": random.getstate(),
        "path": (sys.path[:], sys.meta_path[:], Path.cwd()),
        "hooks": (sys.excepthook, sys.displayhook, threading.excepthook),
        "signals": [signal.getsignal(number) for number in signal.valid_signals()],
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "threads": threading.active_count(),
        "language": locale.setlocale(locale.LC_ALL),
        "garbage collection": (gc.isenabled(), gc.get_threshold()),
        **settings_of_packages(),
    }


if __name__ == "__main__":
    if sys.argv[1:]:
        for name in sys.argv[1:]:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        before = state()
        for name in modules():
            after = state()
            changed = [what for what in before if before[what] != after[what]]
            print(name, *changed, sep=": ")
            before = after
    else:
        list(modules())
        print(*(name for name in sys.modules if not name.startswith("aebook")))
