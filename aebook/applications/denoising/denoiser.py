"""A denoiser: damaged images in, clean ones out, learnt from images of the kind."""

from __future__ import annotations

import math
from os import PathLike
from typing import Any

from aebook.applications.denoising.kinds_of_damage import check_damage, damaged
from aebook.applications.denoising.network import build_network, reach
from aebook.applications.denoising.pairs import (
    as_noisy,
    as_pairs,
    padded,
    training_pairs,
)
from aebook.applications.denoising.tiles import in_tiles
from aebook.applications.falling_rate import falling_adam
from aebook.applications.state_files import as_state, load_state, save_state
from aebook.checks import check_count
from aebook.estimators.seeding import seeded
from aebook.training.retracing import many_models
import keras
from keras import ops
import numpy as np

__all__ = ["Denoiser"]

REPORT = 100  # steps that one number of the history is the mean of
AT_ONCE, TILE = 2**19, 512  # pixels that the network sees at a time, and a side


class Denoiser:
    r"""Damaged images to clean ones, by a convolutional autoencoder with skips.

    $$ \hat x = \tilde x - f(\tilde x), \qquad L = \mathrm{MSE}(x, \hat x) $$

    The loss is a mean per value, in squared units of images in [0, 1]. If `amount` is
    a range, the network learns all of it and is told nothing: it is *blind*.

    Args:
        kind: The damage that clean images get in training: `"gaussian"`,
            `"salt-and-pepper"`, `"masking"` or `"blur"`; see `damage`.
        amount: How much of it, or a range `(low, high)`. Defaults to a standard
            deviation from 5/255 to 55/255.
        filters: Filters at the first level of the network. Defaults to 32.
        depth: How many times it halves the image, beyond the first. Defaults to 2.
        skips: Whether details pass by the narrow place. Defaults to `True`.
        residual: Whether the network puts out the noise, $f$ above, or the image
            itself. The noise is better where most of the image is to stay as it is,
            the image where little of it can be seen. Defaults to `True`.
        random_state: Seed of weights, noise and order, in [0, 2³²).

    Example:
        >>> images = np.random.default_rng(0).random((8, 16, 16))
        >>> denoiser = Denoiser(filters=2, depth=1).fit(images, steps=2, batch_size=4)
        >>> denoiser.denoise(np.full((9, 13), 0.5)).shape
        (9, 13)

    Source: Vincent et al., "Extracting and Composing Robust Features with Denoising
    Autoencoders", 2008; the network: see `build_network`.
    """

    def __init__(
        self,
        kind: str = "gaussian",
        amount: float | tuple[float, float] = (5 / 255, 55 / 255),
        *,
        filters: int = 32,
        depth: int = 2,
        skips: bool = True,
        residual: bool = True,
        random_state: int = 0,
    ) -> None:
        self.amounts = check_damage(kind, amount)
        self.kind = kind
        self.filters = check_count(filters, "filters")
        self.depth = check_count(depth, "depth", minimum=0)
        self.skips, self.residual = bool(skips), bool(residual)
        self.random_state = check_count(random_state, "random_state", minimum=0)
        self.channels = 0  # until it is fitted

    @property
    def step(self) -> int:
        """Of how many pixels the sides are made a multiple."""
        return int(2 ** (1 + self.depth))

    def fit(
        self,
        images: Any,
        targets: Any = None,
        *,
        steps: int = 1000,
        batch_size: int = 16,
        learning_rate: float = 2e-3,
        verbose: int = 0,
    ) -> Denoiser:
        """Learn to put out clean images.

        Args:
            images: Shape `(n, height, width)` or `(n, height, width, 3)`; or pictures
                of any size by their names, as `aebook.data.read_images` returns them,
                of which 4,000 patches of 48 × 48 pixels are cut. Clean ones are in
                [0, 1].
            targets: `None` if `images` are clean, and are to be damaged in training.
                What is to be put out if they are damaged: clean images, or other noisy
                copies of the same (Noise2Noise), in the form of `images`. Or
                `"blind spots"`, if there are only these noisy ones (Noise2Void).
            steps: Steps of Adam. Defaults to 1,000.
            batch_size: Images in a step. Defaults to 16.
            learning_rate: At the start; it falls to 0 along a cosine. Defaults to
                0.002.
            verbose: 1 for a line after every 100 steps. Defaults to 0.

        Returns:
            The denoiser; `denoiser.history` has the mean loss of every 100 steps.

        Raises:
            TypeError: If an argument holds no numbers.
            ValueError: If the images are empty, of another shape, not finite, or not
                on a scale where white is 1, or if the targets do not fit them.
            FloatingPointError: If the loss is no longer finite.
        """
        steps = check_count(steps, "steps")
        size = check_count(batch_size, "batch_size")
        verbose = check_count(verbose, "verbose", minimum=0)
        adam = falling_adam(learning_rate, steps)
        x, asked = as_pairs(images, targets, self.random_state)
        rng = np.random.default_rng(self.random_state)
        pairs = training_pairs(x, asked, self._damage, size, self.step, rng)
        with seeded(self.random_state), many_models():
            network = self._build(x.shape[-1])
            network.compile(adam, "mse")
            self.history = []
            for first in range(0, steps, REPORT):
                count = min(REPORT, steps - first)
                loss = _trained(network, pairs, count)
                self.history.append(loss)
                if verbose:
                    print(f"step {first + count}: loss {loss:.5f}", flush=True)
        self.channels, self.network = x.shape[-1], network
        return self

    def denoise(self, image: Any) -> np.ndarray:
        """Return an image, or each of a stack, without its damage.

        Args:
            image: Shape `(height, width)`, in colour `(height, width, 3)`, of any
                size; or several in one array, with an axis more before. White is 1;
                noise may lead out of [0, 1].

        Returns:
            float32 in [0, 1], shape of `image`.

        Raises:
            TypeError: If `image` holds no numbers.
            ValueError: If it is empty, of another shape, not finite or on another
                scale, or if the denoiser is not fitted.
        """
        if not self.channels:
            raise ValueError(
                "the denoiser has learnt nothing yet; call fit(images) or Denoiser.load"
            )
        whole = np.asarray(image)
        alone = whole.ndim == (2 if self.channels == 1 else 3)
        x = as_noisy(whole[None] if alone else whole, "image", self.channels)
        rows, columns = x.shape[1:3]
        at_once = max(1, AT_ONCE // (rows * columns))
        parts = [
            self._clean(padded(x[i : i + at_once], self.step))
            for i in range(0, len(x), at_once)
        ]
        x_hat = np.concatenate(parts)[:, :rows, :columns].clip(0, 1)
        return x_hat.reshape(whole.shape)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the denoiser to a file of NumPy's format npz, without pickle."""
        if not self.channels:
            raise ValueError("the denoiser has learnt nothing yet; call fit(images)")
        names = ("kind", "filters", "depth", "skips", "residual", "random_state")
        config = {name: getattr(self, name) for name in (*names, "channels")}
        config["amount"] = self.amounts
        save_state(path, as_state(config, self.network.get_weights()))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Denoiser:
        """Return the denoiser of a file.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is no file of a denoiser, or damaged.
        """

        def build(config: dict, weights: list, state: dict) -> Denoiser:
            channels = config.pop("channels")
            denoiser = cls(**config)
            denoiser.network = denoiser._build(channels)
            denoiser.network.set_weights(weights)
            denoiser.channels = channels
            return denoiser

        return load_state(path, build, "Denoiser")

    # --- what is inside

    def _build(self, channels: int) -> keras.Model:
        return build_network(
            channels, self.filters, self.depth, self.skips, self.residual
        )

    def _damage(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return damaged(x, self.kind, self.amounts, rng)

    def _clean(self, x: np.ndarray) -> np.ndarray:
        margin = math.ceil(reach(self.depth) / self.step) * self.step
        side = math.ceil(TILE / self.step) * self.step
        if max(x.shape[1:3]) <= side + margin:
            return self._run(x)
        return in_tiles(self._run, x, side=side, margin=margin)

    def _run(self, x: np.ndarray) -> np.ndarray:
        return ops.convert_to_numpy(self.network(x, training=False))


def _trained(network: keras.Model, pairs: Any, count: int) -> float:
    """Take steps, and return the mean of their losses."""
    losses = [network.train_on_batch(*next(pairs)) for _ in range(count)]
    loss = float(np.mean([float(np.squeeze(each)) for each in losses]))
    if not math.isfinite(loss):
        raise FloatingPointError(
            "the loss is not finite; take a smaller learning_rate, or look for pixels "
            "that are far out of [0, 1]"
        )
    return loss
