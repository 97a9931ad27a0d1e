"""A small transformer that foresees each token from those before it."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

__all__ = ["HEADS", "CausalNetwork"]

HEADS = 4


class CausalNetwork(keras.Model):
    """A small transformer: for each place the logits of its token, from those before.

    Args:
        length: Tokens in a sequence.
        entries: Different tokens.
        classes: Numbers that say the label, 0 for none.
        width: Numbers that stand for a token inside.
        depth: Blocks of attention and of a dense network.
    """

    def __init__(
        self, length: int, entries: int, classes: int, width: int, depth: int
    ) -> None:
        super().__init__()
        self.length = length
        before = keras.Input((length - 1,), dtype="int32")
        label = keras.Input((classes,))
        place = layers.Embedding(length, width)(ops.arange(length))
        first = layers.Dense(width)(label)[:, None]  # stands where nothing came before
        known = layers.Embedding(entries, width)(before)
        h = ops.concatenate([first, known], axis=1) + place
        for _ in range(depth):
            seen = layers.LayerNormalization()(h)
            attention = layers.MultiHeadAttention(HEADS, width // HEADS)
            h = h + attention(seen, seen, use_causal_mask=True)
            wide = layers.Dense(4 * width, activation="gelu")
            h = h + layers.Dense(width)(wide(layers.LayerNormalization()(h)))
        logits = layers.Dense(entries)(layers.LayerNormalization()(h))
        self.logits = keras.Model([before, label], logits)
        self.built = True

    def call(self, tokens_and_label: Any, training: bool = False) -> Any:
        """Return minus the log-probability of each sequence, in nats."""
        tokens = ops.cast(tokens_and_label[:, : self.length], "int32")
        label = tokens_and_label[:, self.length :]
        logits = self.logits([tokens[:, :-1], label])
        nats = keras.losses.sparse_categorical_crossentropy(tokens, logits, True)
        return ops.sum(nats, axis=1)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, *_: Any, **__: Any
    ) -> Any:
        """Return the mean over the sequences, in nats."""
        return ops.mean(y_pred)
