"""New images after a reader's own: an autoencoder, and a flow through its code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from aebook.applications.generation.latent_flow import LatentFlow
from aebook.applications.pictures import as_images
from aebook.applications.squares import cut_squares
from aebook.applications.state_files import as_state, load_state, save_state
from aebook.checks import as_labels, as_samples, check_choice, check_count
from aebook.estimators.seeding import seeded
from aebook.models import Autoencoder, dense
from aebook.sampling import linear, spherical
import keras
import numpy as np

__all__ = ["ImageGenerator"]

PATHS = {"linear": linear, "spherical": spherical}


class ImageGenerator:
    r"""Draws images like those of `fit`.

    $$ x = g(z), \qquad z = \epsilon + \int_0^1 v(x_t, t, y) \, dt, \qquad
       \epsilon \sim \mathcal N(0, I) $$

    Two networks, trained one after the other: an autoencoder makes images into a few
    numbers, and a `LatentFlow` learns to make such numbers out of noise. It is the
    recipe of large image models at the size of one core, with dense layers: made for
    small pictures of one kind. With few pictures it copies them or mixes them: see
    `aebook.metrics.nearest_neighbours`.

    Args:
        latent_dim: Numbers in a code. Defaults to 16.
        hidden: Widths of the encoder's hidden layers. Defaults to 512 and 256.
        size: Side in pixels to which pictures by name are brought, as `cut_squares`
            does; an array of images is taken as it is. Defaults to 32.
        random_state: Seed of all that `fit` draws, in [0, 2³²).

    Example:
        >>> images = np.random.default_rng(0).random((20, 8, 8))
        >>> generator = ImageGenerator(latent_dim=2, hidden=(8,))
        >>> generator.fit(images, epochs=1, flow_epochs=1).sample(4).shape
        (4, 8, 8)

    Source: Rombach, Blattmann, Lorenz, Esser & Ommer, "High-Resolution Image Synthesis
    with Latent Diffusion Models", 2022, with a flow and far smaller networks.
    """

    def __init__(
        self,
        *,
        latent_dim: int = 16,
        hidden: Sequence[int] = (512, 256),
        size: int = 32,
        random_state: int = 0,
    ) -> None:
        self.latent_dim = check_count(latent_dim, "latent_dim")
        self.hidden = tuple(check_count(width, "hidden") for width in hidden)
        self.size = check_count(size, "size")
        self.random_state = check_count(random_state, "random_state", minimum=0)
        self.flow: LatentFlow | None = None  # until it is fitted

    def fit(
        self,
        images: Any,
        labels: Any = None,
        *,
        epochs: int = 10,
        flow_epochs: int = 40,
        batch_size: int = 100,
        learning_rate: float = 1e-3,
        verbose: int = 0,
    ) -> ImageGenerator:
        """Learn from images.

        Args:
            images: In [0, 1], shape `(n, height, width)` or `(n, height, width, 3)`,
                or pictures of any size by name, such as `aebook.data.read_images`
                returns. At least 2.
            labels: One for each, integers or strings. Defaults to none.
            epochs: Passes of the autoencoder over the images. Defaults to 10.
            flow_epochs: Passes of the flow over their codes. Defaults to 40.
            batch_size: Images a step of the autoencoder. Defaults to 100.
            learning_rate: Of the autoencoder's Adam. Defaults to 0.001.
            verbose: 1 for a progress bar, 2 for a line an epoch. Defaults to 0.

        Returns:
            The generator, with `autoencoder` and `flow`; `history` has the squared
            error of both, mean per pixel and mean per number of a code.

        Raises:
            TypeError: If the images hold no numbers, or a count is not whole.
            ValueError: If there are fewer than 2, of another shape, not finite, or
                outside [0, 1], or if there is not one label for each.
        """
        x = self._as_images(images)
        flow_epochs = check_count(flow_epochs, "flow_epochs")
        if labels is not None:
            as_labels(labels, len(x))
        with seeded(self.random_state):
            autoencoder = self._build(x.shape[1:])
            autoencoder.compile(keras.optimizers.Adam(learning_rate), "mse")
            options: Any = {"batch_size": batch_size, "verbose": verbose}
            run = autoencoder.fit(x, epochs=epochs, **options)
        self.autoencoder, codes = autoencoder, autoencoder.encode(x)
        flow = LatentFlow(random_state=self.random_state)
        self.flow = flow.fit(codes, labels, epochs=flow_epochs, verbose=verbose)
        self.history = {
            "reconstruction": run.history["reconstruction"],
            "velocity": flow.history["loss"],
        }
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
        """Draw new images.

        Args:
            n: How many.
            label: One label, or one for each. By default each label comes as often as
                in training.
            guidance: As in `LatentFlow.sample`. Defaults to 1.
            steps: As in `LatentFlow.sample`. Defaults to 20.
            seed: One seed, one set of images. Defaults to 0.

        Returns:
            Images, float32 in [0, 1], shape `(n, height, width, ...)`.

        Raises:
            TypeError: If a count is not whole.
            ValueError: If a label is unknown, or `fit` was not called.
        """
        flow = self._fitted()
        z = flow.sample(n, label, guidance=guidance, steps=steps, seed=seed)
        return self.autoencoder.decode(z)

    def interpolate(
        self,
        a: Any,
        b: Any,
        steps: int = 10,
        *,
        label: Any = None,
        how: str = "spherical",
    ) -> np.ndarray:
        """Draw the images between two, along a path through their noise.

        Each image has a code, and each code its noise. A path between two noises leads
        past images that the flow finds likely, where one between two codes may not.

        Args:
            a: Where the path starts: one image.
            b: Where it ends.
            steps: Number of images, both ends included. Defaults to 10.
            label: The label of all of them; `None` goes without.
            how: `"spherical"` or `"linear"`. Defaults to `"spherical"`.

        Returns:
            Images, shape `(steps, height, width, ...)`.

        Raises:
            TypeError: If an image does not hold numbers, or `steps` is not whole.
            ValueError: If an image has another shape, the path or the label is
                unknown, or `fit` was not called.
        """
        flow = self._fitted()
        check_choice(how, PATHS, "path")
        ends = as_samples(
            np.stack([a, b]), self.autoencoder.encoder.input_shape[1:], name="a and b"
        )
        first, last = flow.to_noise(self.autoencoder.encode(ends), label)
        t = np.linspace(0, 1, check_count(steps, "steps", minimum=2))
        codes = flow.from_noise(PATHS[how](first, last, t), label)
        return self.autoencoder.decode(codes)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the generator to a file of NumPy's format npz, without pickle."""
        flow_config, flow_weights, arrays = self._fitted().state()
        names = ("latent_dim", "hidden", "size", "random_state")
        config = {name: getattr(self, name) for name in names}
        config |= {"shape": self.autoencoder.encoder.input_shape[1:]}
        weights = [*self.autoencoder.get_weights(), *flow_weights]
        save_state(path, as_state(config | {"flow": flow_config}, weights) | arrays)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> ImageGenerator:
        """Return the generator of a file; it draws the same images.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is no file of a generator, or damaged.
        """

        def build(config: dict, weights: list, state: dict) -> ImageGenerator:
            shape, flow = config.pop("shape"), config.pop("flow")
            generator = cls(**config)
            generator.autoencoder = generator._build(shape)
            own = len(generator.autoencoder.weights)
            generator.autoencoder.set_weights(weights[:own])
            generator.flow = LatentFlow.from_state(flow, weights[own:], state)
            return generator

        return load_state(path, build, "generator")

    # --- what is inside

    def _build(self, shape: Sequence[int]) -> Autoencoder:
        return Autoencoder(*dense(shape, self.latent_dim, self.hidden))

    def _fitted(self) -> LatentFlow:
        if self.flow is None:
            raise ValueError("the generator has learnt nothing yet; call fit(images)")
        return self.flow

    def _as_images(self, images: Any) -> np.ndarray:
        """Return images as one array, or say what is wrong with them."""
        if isinstance(images, Mapping):
            images = cut_squares(images, self.size)
        x = as_images(images, low=0, high=1).reshape(np.shape(images))
        if len(x) < 2:
            raise ValueError("images must be at least 2, got 1; it would be copied")
        return x
