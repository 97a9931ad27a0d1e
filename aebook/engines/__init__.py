"""One small autoencoder on three engines, and how far apart they walk.

`networks` holds the code that is compared, Keras and by hand; `walks` trains it on each
engine and compares the weights. Imports `data` and, where a function needs it, an
engine: which of them are installed is up to the reader.
"""

__all__: list[str] = []
