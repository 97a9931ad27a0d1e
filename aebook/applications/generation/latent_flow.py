"""A flow from noise to codes: the density of a code, learnt as a velocity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aebook.applications.falling_rate import fit_with_falling_rate
from aebook.applications.generation.conditioning import Condition
from aebook.applications.generation.velocity_network import VelocityNetwork
from aebook.checks import as_samples, check_between, check_count
from aebook.estimators.seeding import seeded
from keras import ops
import numpy as np

__all__ = ["LatentFlow", "integrate"]


class LatentFlow:
    r"""Codes out of noise, along a velocity that is learnt from codes.

    $$ L = \mathbb E \left\lVert v(x_t, t, y) - (z - \epsilon) \right\rVert^2, \qquad
       x_t = (1 - t)\, \epsilon + t\, z $$

    A code $z$ and some noise $\epsilon$ are joined by a straight line, and a network
    learns the mean velocity at each place and time. To draw a code, noise is moved
    along that velocity from $t = 0$ to 1. The path can be gone back: each code has
    its noise. With labels $y$ some are hidden in training, so that the velocity
    without a label is known too, and `guidance` can exaggerate the difference.

    Args:
        width: Units in a hidden layer. Defaults to 256.
        depth: Hidden layers. Defaults to 3.
        drop: Share of labels hidden in training, in [0, 1]. Defaults to 0.1.
        random_state: Seed of weights, order and noise of `fit`, in [0, 2³²).

    Example:
        >>> codes = np.random.default_rng(0).normal(5, 2, (200, 3))
        >>> flow = LatentFlow(width=8).fit(codes, epochs=1)
        >>> flow.sample(10).shape
        (10, 3)

    Source: Liu, Gong & Liu, "Flow Straight and Fast", 2022, and Lipman et al., "Flow
    Matching for Generative Modeling", 2022; in a code: Rombach et al., 2022; guidance:
    Ho & Salimans, "Classifier-Free Diffusion Guidance", 2022.
    """

    def __init__(
        self,
        *,
        width: int = 256,
        depth: int = 3,
        drop: float = 0.1,
        random_state: int = 0,
    ) -> None:
        self.width = check_count(width, "width")
        self.depth = check_count(depth, "depth")
        self.drop = check_between(drop, "drop", 0, 1)
        self.random_state = check_count(random_state, "random_state", minimum=0)
        self.network: VelocityNetwork | None = None  # until it is fitted

    def fit(
        self,
        codes: Any,
        labels: Any = None,
        *,
        epochs: int = 40,
        batch_size: int = 256,
        learning_rate: float = 4e-3,
        verbose: int = 0,
    ) -> LatentFlow:
        """Learn the velocity from codes.

        Args:
            codes: Shape `(n, dim)`, $n ≥ 2$, on any scale.
            labels: One for each, integers or strings. Defaults to none.
            epochs: Passes over the codes. Defaults to 40.
            batch_size: Codes a step. Defaults to 256.
            learning_rate: Of Adam, at the start; it falls to 0 along a cosine.
                Defaults to 0.004.
            verbose: 1 for a progress bar, 2 for a line an epoch. Defaults to 0.

        Returns:
            The flow; `flow.history["loss"]` is the squared error of the velocity, mean
            per number of codes with variance 1. It does not come near 0.

        Raises:
            TypeError: If the codes hold no numbers, or a count is not whole.
            ValueError: If there are fewer than 2, they are not finite, or there is
                not one label for each.
        """
        z = as_samples(codes, (None,), name="codes")
        if len(z) < 2:
            raise ValueError("codes must be at least 2, got 1; encode more samples")
        condition = Condition(labels, len(z))
        mean, scale = z.mean(axis=0), z.std(axis=0)
        scale[scale == 0] = 1  # a number that never changes stays as it is
        x = np.concatenate([(z - mean) / scale, condition.training_rows()], axis=1)
        with seeded(self.random_state):
            network = self._build(z.shape[1], condition.width)
            self.history = fit_with_falling_rate(
                network,
                x,
                epochs=epochs,
                batch_size=batch_size,
                learning_rate=learning_rate,
                verbose=verbose,
            )
        self.condition, self.network = condition, network
        self.mean, self.scale = mean, scale
        return self

    def sample(
        self,
        n: int,
        label: Any = None,
        *,
        guidance: float = 1.0,
        steps: int = 20,
        seed: int = 0,
    ) -> np.ndarray:
        """Draw codes.

        Args:
            n: How many.
            label: One label, or one for each. By default each label comes as often as
                in training.
            guidance: 1 for what was learnt; above it samples become more typical of
                their label and more alike; 0 ignores the label. Defaults to 1.
            steps: Steps from noise to code, two calls of the network each. Defaults
                to 20.
            seed: One seed, one set of codes. Defaults to 0.

        Returns:
            Codes, float32, shape `(n, dim)`.

        Raises:
            TypeError: If a count is not whole.
            ValueError: If a label is unknown, or `fit` was not called.
        """
        network = self._fitted()
        rng = np.random.default_rng(check_count(seed, "seed", minimum=0))
        noise = rng.standard_normal((check_count(n, "n"), network.dim))
        y = self.condition.drawn(label, n, rng)
        return self._from_noise(noise, y, guidance, steps)

    def from_noise(
        self, noise: Any, label: Any = None, *, guidance: float = 1.0, steps: int = 20
    ) -> np.ndarray:
        """Return the codes at the ends of the paths that begin at given noise.

        Args:
            noise: Shape `(n, dim)`, of a standard normal for typical codes.
            label: One label, or one for each; `None` goes without.
            guidance: As in `sample`.
            steps: As in `sample`.

        Returns:
            Codes, float32, shape `(n, dim)`.
        """
        x = as_samples(noise, (self._fitted().dim,), name="noise")
        return self._from_noise(x, self.condition.rows(label, len(x)), guidance, steps)

    def to_noise(self, codes: Any, label: Any = None, *, steps: int = 20) -> np.ndarray:
        """Return the noise from which the paths to given codes began.

        Args:
            codes: Shape `(n, dim)`.
            label: One label, or one for each; `None` goes without.
            steps: As in `sample`.

        Returns:
            Noise, float32, shape `(n, dim)`; `from_noise` with the same label leads
            back.
        """
        z = as_samples(codes, (self._fitted().dim,), name="codes")
        velocity = self._velocity(self.condition.rows(label, len(z)), 1.0)
        return integrate(velocity, (z - self.mean) / self.scale, steps, back=True)

    def state(self) -> tuple[dict[str, Any], list[np.ndarray], dict[str, np.ndarray]]:
        """Return arguments, weights and named arrays: what `from_state` needs."""
        network = self._fitted()
        names = ("width", "depth", "drop", "random_state")
        config = {name: getattr(self, name) for name in names}
        arrays = {
            "classes": self.condition.classes,
            "shares": self.condition.shares,
            "mean": self.mean,
            "scale": self.scale,
        }
        return config, network.get_weights(), arrays

    @classmethod
    def from_state(
        cls, config: dict[str, Any], weights: list, arrays: dict[str, np.ndarray]
    ) -> LatentFlow:
        """Return the flow that `state` described; it draws the same codes."""
        flow = cls(**config)
        flow.condition = Condition.of(arrays["classes"], arrays["shares"])
        flow.mean, flow.scale = arrays["mean"], arrays["scale"]
        flow.network = flow._build(len(flow.mean), flow.condition.width)
        flow.network.set_weights(weights)
        return flow

    # --- what is inside

    def _build(self, dim: int, classes: int) -> VelocityNetwork:
        return VelocityNetwork(dim, classes, self.width, self.depth, self.drop)

    def _fitted(self) -> VelocityNetwork:
        if self.network is None:
            raise ValueError("the flow has learnt nothing yet; call fit(codes)")
        return self.network

    def _from_noise(
        self, noise: np.ndarray, y: np.ndarray, guidance: float, steps: int
    ) -> np.ndarray:
        x = integrate(self._velocity(y, guidance), noise, steps)
        return x * self.scale + self.mean

    def _velocity(self, y: np.ndarray, guidance: float) -> Callable:
        """Return the velocity for rows of labels, as a function of arrays."""
        network = self._fitted()
        weight = check_between(guidance, "guidance", low=0)
        told = ops.convert_to_tensor(y)

        def velocity(x: np.ndarray, t: float) -> np.ndarray:
            point, time = ops.convert_to_tensor(x), ops.full((len(x), 1), t, "float32")
            v = network.velocity(point, time, told)
            if weight != 1 and y.any():
                free = network.velocity(point, time, ops.zeros_like(told))
                v = free + weight * (v - free)
            return ops.convert_to_numpy(v)

        return velocity


def integrate(
    velocity: Callable, x: Any, steps: int = 20, *, back: bool = False
) -> np.ndarray:
    r"""Move points along a velocity from time 0 to 1, by the midpoint rule.

    $$ x_{t + h} = x_t + h \, v\!\left( x_t + \tfrac h2 v(x_t, t),\ t + \tfrac h2
       \right) $$

    Args:
        velocity: From points `(n, dim)` and a time to their velocities.
        x: Points to begin at, shape `(n, dim)`.
        steps: How many; the error falls with its square. Defaults to 20.
        back: Whether to go from time 1 to 0. Defaults to `False`.

    Returns:
        Points at the other end, float32, same shape.

    Example:
        >>> integrate(lambda x, t: x, [[1.0]], steps=100).round(3)  # e
        array([[2.718]], dtype=float32)
    """
    h = (-1 if back else 1) / check_count(steps, "steps")
    x = np.asarray(x, np.float32)
    for i in range(steps):
        t = float(back) + i * h
        middle = x + np.float32(h / 2) * velocity(x, t)
        x = x + np.float32(h) * velocity(middle, t + h / 2)
    return x
