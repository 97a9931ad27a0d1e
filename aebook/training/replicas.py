"""Replicas: what one device has to know of the others that share its batch.

Under `tf.distribute` each device, a replica, runs the step on its own part of the
batch. A mean over samples may be taken part by part. Anything else that is computed
from a whole batch (a rate inside a divergence, a codebook) has to ask here. On one
device, and where `keras.distribution` splits the arrays themselves, the part is the
whole and these functions return what they are given.
"""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["all_rows", "mean_of_all", "n_replicas"]


def n_replicas() -> int:
    """Return how many replicas share the batch of this step.

    Example:
        >>> n_replicas()
        1
    """
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    if not tf.distribute.in_cross_replica_context():
        return tf.distribute.get_strategy().num_replicas_in_sync
    return 1


def mean_of_all(value: Any) -> Any:
    """Return the mean of a tensor over the replicas; it can be differentiated.

    Args:
        value: A tensor, of one shape on all replicas.

    Returns:
        The mean, same shape.

    Example:
        >>> mean_of_all(keras.ops.ones(2)).shape
        TensorShape([2])
    """
    if n_replicas() == 1:
        return value
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    return context.all_reduce(tf.distribute.ReduceOp.MEAN, value)


def all_rows(part: Any) -> Any:
    """Return the rows of all replicas, in the order of the batch.

    Args:
        part: A tensor, shape `(rows of this replica, ...)`.

    Returns:
        A tensor, shape `(rows, ...)`.

    Example:
        >>> all_rows(keras.ops.ones((3, 2))).shape
        TensorShape([3, 2])
    """
    if n_replicas() == 1:
        return part
    import tensorflow as tf

    return tf.distribute.get_replica_context().all_gather(part, axis=0)
