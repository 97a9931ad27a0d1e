"""A prior over codes of whole numbers: each number foreseen from those before it."""

from __future__ import annotations

from typing import Any

from aebook.applications.falling_rate import fit_with_falling_rate
from aebook.applications.generation.causal_network import HEADS, CausalNetwork
from aebook.applications.generation.conditioning import Condition
from aebook.checks import check_count, check_positive
from aebook.estimators.seeding import seeded
from keras import ops
import numpy as np

__all__ = ["TokenPrior"]

AT_ONCE = 500  # sequences that are drawn side by side


class TokenPrior:
    r"""How probable a code of whole numbers is, and draws of likely ones.

    $$ \log p(k_1, \dots, k_m \mid y) = \sum_i \log p(k_i \mid k_1, \dots, k_{i-1}, y)
    $$

    A small transformer learns to foresee each token from those before it and from the
    label. To draw a code, one token after the other is drawn.

    Args:
        entries: Different tokens: the entries of a codebook.
        width: Numbers that stand for a token inside; a multiple of 4. Defaults to 64.
        depth: Blocks. Defaults to 2.
        random_state: Seed of weights and order of `fit`, in [0, 2³²).

    Example:
        >>> tokens = np.random.default_rng(0).integers(0, 5, (50, 4))
        >>> prior = TokenPrior(5, width=8, depth=1).fit(tokens, epochs=1)
        >>> prior.sample(3).shape
        (3, 4)

    Source: van den Oord, Vinyals & Kavukcuoglu, "Neural Discrete Representation
    Learning", 2017, with another network; the transformer: Vaswani et al., 2017.
    """

    def __init__(
        self, entries: int, *, width: int = 64, depth: int = 2, random_state: int = 0
    ) -> None:
        self.entries = check_count(entries, "entries", minimum=2)
        self.width = check_count(width, "width")
        if self.width % HEADS:
            raise ValueError(f"width must be a multiple of {HEADS}, got {width}")
        self.depth = check_count(depth, "depth")
        self.random_state = check_count(random_state, "random_state", minimum=0)
        self.network: CausalNetwork | None = None  # until it is fitted

    def fit(
        self,
        tokens: Any,
        labels: Any = None,
        *,
        epochs: int = 10,
        batch_size: int = 128,
        learning_rate: float = 2e-3,
        verbose: int = 0,
    ) -> TokenPrior:
        """Learn from sequences of tokens.

        Args:
            tokens: Whole numbers below `entries`, shape `(n, length)`, length ≥ 2,
                such as `model.quantized(x).indices`.
            labels: One for each, integers or strings. Defaults to none.
            epochs: Passes over them. Defaults to 10.
            batch_size: Sequences a step. Defaults to 128.
            learning_rate: Of Adam, at the start; it falls to 0 along a cosine.
                Defaults to 0.002.
            verbose: 1 for a progress bar, 2 for a line an epoch. Defaults to 0.

        Returns:
            The prior; `prior.history["loss"]` is in nats per sequence.

        Raises:
            TypeError: If the tokens are not whole, or a count is not.
            ValueError: If they have another shape or range, or there is not one label
                for each.
        """
        tokens = self._as_tokens(tokens, None)
        condition = Condition(labels, len(tokens))
        x = np.concatenate([tokens, condition.training_rows()], axis=1, dtype="float32")
        with seeded(self.random_state):
            network = CausalNetwork(
                tokens.shape[1],
                self.entries,
                condition.width,
                self.width,
                self.depth,
            )
            self.history = fit_with_falling_rate(
                network,
                x,
                epochs=epochs,
                batch_size=batch_size,
                learning_rate=learning_rate,
                verbose=verbose,
            )
        self.condition, self.network = condition, network
        return self

    def nats(self, tokens: Any, labels: Any = None) -> np.ndarray:
        """Return minus the log-probability of each sequence, in nats.

        Args:
            tokens: As in `fit`, of the same length.
            labels: One for each, or one for all, if `fit` had labels.

        Returns:
            One number for each, shape `(n,)`, > 0.
        """
        network = self._fitted()
        tokens = self._as_tokens(tokens, network.length)
        y = self.condition.rows(labels, len(tokens))
        x = np.concatenate([tokens, y], axis=1, dtype="float32")
        parts = [network(x[i : i + AT_ONCE]) for i in range(0, len(x), AT_ONCE)]
        return np.concatenate([ops.convert_to_numpy(part) for part in parts])

    def sample(
        self, n: int, label: Any = None, *, temperature: float = 1.0, seed: int = 0
    ) -> np.ndarray:
        """Draw sequences of tokens.

        Args:
            n: How many.
            label: One label, or one for each. By default each label comes as often as
                in training.
            temperature: Divides the logits, > 0: below 1 likely tokens come more often
                than was learnt. Defaults to 1.
            seed: One seed, one set of sequences. Defaults to 0.

        Returns:
            Tokens, int64, shape `(n, length)`; `model.dequantized` makes codes of
            them.

        Raises:
            TypeError: If a count is not whole.
            ValueError: If a label is unknown, or `fit` was not called.
        """
        self._fitted()
        rng = np.random.default_rng(check_count(seed, "seed", minimum=0))
        n = check_count(n, "n")
        y = self.condition.drawn(label, n, rng)
        warmth = check_positive(temperature, "temperature")
        parts = [
            self._drawn(y[i : i + AT_ONCE], warmth, rng) for i in range(0, n, AT_ONCE)
        ]
        return np.concatenate(parts)

    # --- what is inside

    def _fitted(self) -> CausalNetwork:
        if self.network is None:
            raise ValueError("the prior has learnt nothing yet; call fit(tokens)")
        return self.network

    def _drawn(
        self, y: np.ndarray, warmth: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw a sequence for each row of labels, one place after the other."""
        network = self._fitted()
        tokens, label = np.zeros((len(y), network.length), int), ops.array(y)
        for i in range(network.length):
            logits = network.logits([ops.array(tokens[:, :-1], "int32"), label])
            now = ops.convert_to_numpy(logits)[:, i].astype(np.float64) / warmth
            # the largest of logits and Gumbel noise is a draw of their softmax
            tokens[:, i] = np.argmax(now + rng.gumbel(size=now.shape), axis=1)
        return tokens

    def _as_tokens(self, tokens: Any, length: int | None) -> np.ndarray:
        """Return the tokens as whole numbers, or say what is wrong with them."""
        found = np.asarray(tokens)
        if found.dtype.kind not in "iu":
            raise TypeError(f"tokens must be whole numbers, got dtype {found.dtype}")
        fits = found.ndim == 2 and len(found) and found.shape[1] > 1
        if not fits or length not in (None, found.shape[1]):
            wanted = length or "length ≥ 2"
            raise ValueError(
                f"tokens must have shape (n, {wanted}), got {found.shape}; "
                "model.quantized(x).indices has it"
            )
        if found.min() < 0 or found.max() >= self.entries:
            raise ValueError(
                f"tokens must be in [0, {self.entries - 1}], the entries, got "
                f"{found.min()} to {found.max()}"
            )
        return found.astype(np.int64)
