"""What TensorFlow reads at its first import, for tests, doctests and chapters alike.

`make` exports the same; this is for `pytest` alone. A chapter's kernel inherits it.
"""

import os

# Sums in the order of the plain kernels: oneDNN's differ from machine to machine.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
# Its start-up notes come from C++, where no filter of Python's reaches.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
