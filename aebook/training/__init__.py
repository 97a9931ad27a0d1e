"""Training: whole epochs in compiled loops, behind Keras' own `fit`.

`fit` takes the arguments of `keras.Model.fit` and returns its `History`. Arrays in
memory train in compiled loops, several times faster than batch by batch. What such
a loop cannot honour takes Keras' own loop; `why_keras_loop` says why.

This room trains any Keras model and imports `aebook.checks` and
`aebook.keras_internals` alone.
"""

from aebook.training.batches import Batches
from aebook.training.loop_choice import why_keras_loop
from aebook.training.nonfinite import NonFiniteLossError
from aebook.training.run import fit

__all__ = ["Batches", "NonFiniteLossError", "fit", "why_keras_loop"]
