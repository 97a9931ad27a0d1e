r"""Schedule-Free in Keras: train at one point, evaluate at the average.

`ScheduleFreeAdamW` leaves the model where gradients are taken, at $y$; the method is to
be judged at the average $x$. Here is what puts $x$ in, for the optimizer of this module
and for `keras.optimizers.ScheduleFreeAdamW`.

The two differ. On TensorFlow and PyTorch, Keras' class moves $z$ in place before it
reads the old one, so that $y \leftarrow (1 - 1/t)\, y + z/t$: its $y$ **is** the mean
of all $z$, and `beta_1` drops out. That is primal averaging, Schedule-Free with
$\beta_1 = 1$, so there $x = y$, and $y$ is what is evaluated. On JAX it is the rule.

Keras' class has one more fault on TensorFlow. If `fit` is what builds it, its $z$
begins at 0 instead of at the weights, and the first step wipes them out. The callback
and the models of this package build it before; elsewhere call `optimizer.build` first.

This room imports `aebook.keras_internals` and `aebook.optim` alone.
"""

from aebook.schedule_free.evaluation import ScheduleFreeEvaluation, evaluation_weights
from aebook.schedule_free.optimizer import ScheduleFreeAdamW

__all__ = ["ScheduleFreeAdamW", "ScheduleFreeEvaluation", "evaluation_weights"]
