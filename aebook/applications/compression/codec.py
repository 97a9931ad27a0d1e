"""A codec: images to bytes and back, learnt from images of the same kind."""

from __future__ import annotations

from collections.abc import Sequence
import hashlib
import math
from os import PathLike
from typing import Any

from aebook.applications.compression.code_stream import Envelope, pack, unpack
from aebook.applications.compression.networks import (
    RateDistortion,
    build_networks,
    start_from_pca,
)
from aebook.applications.compression.priors import Priors
from aebook.applications.falling_rate import falling_adam
from aebook.applications.pictures import as_images
from aebook.applications.state_files import as_state, load_state, save_state
from aebook.checks import check_count, check_positive
from aebook.estimators.seeding import seeded
from aebook.training.retracing import many_models
from keras import ops
import numpy as np

__all__ = ["Codec"]

AT_ONCE = 2**18  # pixels that the networks see at a time
LARGEST = 2**28  # pixels in a stream


class Codec:
    r"""Images to bytes and back, as JPEG does it, by networks learnt from `fit`.

    $$ L = R + \lambda \, 255^2 \, \mathrm{MSE} $$

    An encoder turns an image into numbers, which are rounded and written by a range
    coder. What the coder knows of them, how often each occurs in each channel, is
    counted on the training images and kept as whole numbers. So a stream gives the
    same code on any machine, backend and number of threads. The decoder computes with
    floats: its pixels may differ by one of 255 levels where a value lies on the edge.

    Args:
        strides: By how much each step of the encoder makes the image smaller;
            `(28,)` sees a digit as a whole. Defaults to 4, 2 and 2.
        latent: Numbers for each position of the code. Defaults to 96.
        width: Units in the hidden layers. Defaults to 64.
        distortion_weight: $\lambda$: bits per pixel that one squared 8-bit level of
            error, mean per pixel and channel, is worth. Larger is better and longer.
        hyperprior: Whether a second code says how widely the numbers of the first
            scatter. It is read by a network of whole numbers, so the promise holds.
        random_state: Seed of weights, noise and order, in [0, 2³²).

    Example:
        >>> images = np.random.default_rng(0).random((8, 8, 8))
        >>> codec = Codec(strides=(8,), latent=2, width=4).fit(images, epochs=1)
        >>> stream = codec.compress(images)
        >>> codec.decompress(stream).shape
        (8, 8, 8)

    Source: Ballé, Laparra & Simoncelli, "End-to-end Optimized Image Compression",
    2017; hyperprior: Ballé et al., 2018; whole numbers: Ballé, Johnston & Minnen,
    "Integer Networks for Data Compression with Latent-Variable Models", 2019.
    """

    def __init__(
        self,
        *,
        strides: Sequence[int] = (4, 2, 2),
        latent: int = 96,
        width: int = 64,
        distortion_weight: float = 0.005,
        hyperprior: bool = False,
        random_state: int = 0,
    ) -> None:
        self.strides = tuple(check_count(s, "strides") for s in strides)
        if not self.strides:
            raise ValueError("strides is empty; give at least one, such as (16,)")
        self.latent = check_count(latent, "latent")
        self.width = check_count(width, "width")
        self.distortion_weight = check_positive(distortion_weight, "distortion_weight")
        self.hyperprior = bool(hyperprior)
        self.random_state = check_count(random_state, "random_state", minimum=0)
        self.channels = 0  # until it is fitted

    @property
    def step(self) -> int:
        """Rows and columns of pixels for which one position of the code stands."""
        return math.prod(self.strides)

    def fit(
        self,
        images: Any,
        *,
        epochs: int = 10,
        batch_size: int = 16,
        learning_rate: float = 1e-3,
        verbose: int = 0,
    ) -> Codec:
        """Learn networks and tables from images.

        Args:
            images: In [0, 1], shape `(n, height, width)` or `(n, height, width, 3)`,
                height and width multiples of `step`; see `cut_patches`.
            epochs: Passes over the images. Defaults to 10.
            batch_size: Images a step. Defaults to 16.
            learning_rate: Of Adam, at the start; it falls to 0 along a cosine.
                Defaults to 0.001.
            verbose: 1 for a progress bar, 2 for a line an epoch. Defaults to 0.

        Returns:
            The codec; `codec.history` has `loss`, `reconstruction` and `rate`.

        Raises:
            TypeError: If an argument holds no numbers.
            ValueError: If the images are empty, of another shape, not finite, or
                outside [0, 1].
        """
        x = as_images(images, low=0, high=1)
        if any(side % self.step for side in x.shape[1:3]):
            raise ValueError(
                f"images to fit must have sides that are multiples of {self.step}, got "
                f"shape {x.shape}; cut them with cut_patches(images, {4 * self.step})"
            )
        batch_size = check_count(batch_size, "batch_size")
        steps = check_count(epochs, "epochs") * math.ceil(len(x) / batch_size)
        adam = falling_adam(learning_rate, steps)
        with seeded(self.random_state), many_models():
            network = self._build(x.shape[-1])
            start_from_pca(network, x, self.distortion_weight)
            network.compile(adam, self._distortion)
            history = network.fit(
                x, epochs=epochs, batch_size=batch_size, verbose=verbose
            )
        self.history, self.channels, self.network = (
            history.history,
            x.shape[-1],
            network,
        )
        self.priors = Priors.counted(network, *self._codes(x))
        return self

    def compress(self, images: Any) -> bytes:
        """Return images as bytes: 21 of header and checksum, and their code.

        Args:
            images: In [0, 1], shape `(n, height, width)` or `(n, height, width, 3)`,
                of any size; the edge is repeated up to a multiple of `step`.

        Returns:
            The stream.

        Raises:
            TypeError: If `images` hold no numbers.
            ValueError: If they are empty, of another shape, not finite, outside
                [0, 1], or if the codec is not fitted.
        """
        self._check_fitted()
        x = as_images(images, channels=self.channels, low=0, high=1)
        code = self.priors.write(*self._codes(x))
        return pack(Envelope(self.fingerprint(), x.shape[:3], code))

    def decompress(self, stream: bytes) -> np.ndarray:
        """Return the images of a stream, in [0, 1] and on 8-bit levels.

        Args:
            stream: Bytes of `compress`, of this codec or of one loaded from its file.

        Returns:
            Images, float32, shape `(n, height, width)`, in colour
            `(n, height, width, 3)`.

        Raises:
            TypeError: If `stream` is not bytes.
            ValueError: If it is empty, cut short, damaged, no stream of a codec, or
                written by another codec, or if this one is not fitted.
        """
        y, (n, rows, columns) = self.read_code(stream)
        at_once = max(1, AT_ONCE // (y.shape[1] * y.shape[2] * self.step**2))
        with many_models():
            parts = [
                self.network.decoder.predict_on_batch(
                    y[i : i + at_once].astype("float32")
                )
                for i in range(0, n, at_once)
            ]
        x_hat = np.concatenate(parts)[:, :rows, :columns]
        x_hat = (np.rint(255 * x_hat.clip(0, 1)) / 255).astype(np.float32)
        return x_hat[..., 0] if self.channels == 1 else x_hat

    def read_code(self, stream: bytes) -> tuple[np.ndarray, tuple[int, int, int]]:
        """Return the code in a stream, and how many images, rows and columns it is of.

        Raises:
            TypeError: As `decompress`.
            ValueError: As `decompress`.
        """
        self._check_fitted()
        model, shape, code = unpack(stream)
        if model != self.fingerprint():
            raise ValueError(
                f"the stream is of another codec, {model.hex()}; this one is "
                f"{self.fingerprint().hex()}: load the file of the one that wrote it"
            )
        if not 0 < math.prod(shape) <= LARGEST:
            raise ValueError(f"the stream names a shape that cannot be: {shape}")
        positions = (shape[0], *(math.ceil(side / self.step) for side in shape[1:]))
        return self.priors.read(code, (*positions, self.latent)), shape

    def fingerprint(self) -> bytes:
        """Return 4 bytes that name this codec: a hash of its weights and tables."""
        digest = hashlib.blake2b(digest_size=4)
        for name, array in sorted(self._state().items()):
            digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
        return digest.digest()

    def save(self, path: str | PathLike[str]) -> None:
        """Write the codec to a file of NumPy's format npz, without pickle."""
        self._check_fitted()
        save_state(path, self._state())

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Codec:
        """Return the codec of a file.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is no file of a codec, or damaged.
        """

        def build(config: dict, weights: list, state: dict) -> Codec:
            channels = config.pop("channels")
            codec = cls(**config)
            codec.channels, codec.network = channels, codec._build(channels)
            codec.priors = Priors.from_state(state)
            codec.network.set_weights(weights)
            return codec

        return load_state(path, build, "Codec")

    # --- what is inside

    def _build(self, channels: int) -> RateDistortion:
        hyper = 8 if self.hyperprior else 0
        nets = build_networks(channels, self.strides, self.latent, self.width, hyper)
        return RateDistortion(*nets, pixels=self.step**2)

    def _distortion(self, x: Any, x_hat: Any) -> Any:
        squared = ops.mean(ops.square(255 * (x - x_hat)), axis=(1, 2, 3))
        return self.distortion_weight * squared

    def _codes(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the rounded code of images of any size, and its hyperprior's."""
        after = [(0, -side % self.step) for side in x.shape[1:3]]
        x = np.pad(x, [(0, 0), *after, (0, 0)], "edge")
        at_once = max(1, AT_ONCE // (x.shape[1] * x.shape[2]))
        ys, zs = [], []
        with many_models():
            for i in range(0, len(x), at_once):
                ys.append(self.network.encoder.predict_on_batch(x[i : i + at_once]))
                if self.hyperprior:
                    zs.append(self.network.hyper_encoder.predict_on_batch(ys[-1]))
        return _rounded(ys), _rounded(zs) if zs else None

    def _check_fitted(self) -> None:
        if not self.channels:
            raise ValueError(
                "the codec has learnt nothing yet; call fit(images) or Codec.load"
            )

    def _state(self) -> dict[str, np.ndarray]:
        config = {
            name: getattr(self, name)
            for name in (
                *("strides", "latent", "width", "distortion_weight"),
                *("hyperprior", "random_state", "channels"),
            )
        }
        weights = self.network.get_weights()
        return {**as_state(config, weights), **self.priors.state()}


def _rounded(parts: list[np.ndarray]) -> np.ndarray:
    return np.rint(np.concatenate(parts)).astype(np.int64)
