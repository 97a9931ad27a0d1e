"""Checks of the data that an autoencoder is given."""

from __future__ import annotations

import math
from typing import Any

from aebook.checks import as_samples
from aebook.models.loss_checks import target_range
from aebook.models.shape_checks import check_size
from aebook.models.weights import as_sample_weight, check_no_class_weight
from aebook.training.batches import is_mapped
from aebook.training.streams import is_stream
import keras
import numpy as np

__all__ = ["DataChecks"]

# Intensities with noise on them stay far below; 8-bit levels reach 255.
LARGEST_INTENSITY = 32.0


class DataChecks:
    """The checks of `Autoencoder`, which has encoder, decoder and loss."""

    encoder: keras.Model
    decoder: keras.Model

    def check_data(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        of: str = "",
    ) -> tuple[Any, Any, Any]:
        """Check what the model is trained on or judged by; `training.fit` asks it to.

        Args:
            x: Inputs, shape `(n_samples, *input_shape)`, or a dataset, which passes:
                it is checked batch by batch.
            y: Targets of that shape, or `None`: the target is the input.
            sample_weight: One number ≥ 0 a sample, or `None`.
            class_weight: Must be `None`.
            of: What to put before the names in a message.

        Returns:
            `x, y, sample_weight` as float32 arrays. The target is `None` if the input
            stands for it and there are no weights; Keras knows weights only beside a
            target.

        Raises:
            TypeError: If one does not hold numbers.
            ValueError: If one is empty, of another shape, not finite, or outside what
                the decoder or the loss can reach.
        """
        check_no_class_weight(class_weight)
        if _is_values(x):
            x, y = self._checked_pair(x, y, (f"{of}x", f"{of}y"))
        if sample_weight is None or is_stream(x):
            return x, y, sample_weight
        weight = as_sample_weight(sample_weight, len(x), f"{of}sample_weight")
        return x, x if y is None else y, weight

    def _checked_pair(self, x: Any, y: Any, names: tuple[str, str]) -> tuple:
        """Check input and target; a target of `None` stays, the input stands in."""
        low, high = target_range(self.decoder, getattr(self, "loss", None))
        if y is None:
            shape = self.encoder.input_shape[1:]
            x = as_samples(x, shape, name=names[0], low=low, high=high)
            check_size(self, x, names[0])
            return x, None
        shape = self.decoder.output_shape[1:]
        if np.size(y) == len(y) and math.prod(n or 0 for n in shape) != 1:
            raise ValueError(
                f"{names[1]} has one number a sample, as labels are, where the target "
                f"has shape {shape}; an autoencoder's target is its input: of pairs "
                "(image, label), give the images alone"
            )
        is_input = x is y and shape == self.encoder.input_shape[1:]
        y = as_samples(y, shape, name=names[1], low=low, high=high)
        x = y if is_input else self._checked_input(x, names[0])
        if len(x) != len(y):
            raise ValueError(
                f"{names[0]} and {names[1]} must have as many samples as each other, "
                f"got {len(x)} and {len(y)}"
            )
        return x, y

    def _checked_input(self, x: Any, name: str = "x") -> Any:
        """Check an input alone: noise may leave [0, 1], 8-bit levels may not pass."""
        if not _is_values(x):
            return x
        x = as_samples(x, self.encoder.input_shape[1:], name=name)
        low, high = target_range(self.decoder)
        if high is not None and x.max() > LARGEST_INTENSITY:
            as_samples(x, name=name, low=low, high=high)  # says what is wrong
        return x


def _is_values(x: Any) -> bool:
    """Whether `x` holds values to check; a dataset or a mapped file is read later."""
    values = list | tuple | str | bytes | int | float | None
    return (hasattr(x, "__array__") or isinstance(x, values)) and not is_mapped(x)
