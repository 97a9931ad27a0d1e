"""Checks that optimizer, loss and decoder fit together."""

from __future__ import annotations

import difflib
from types import ModuleType
from typing import Any

from aebook import losses
import keras

__all__ = ["check_loss", "check_optimizer", "check_sum_per_image", "target_range"]

# Values that an output activation can reach; others are unlimited.
REACH = {"sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0)}
CROSS_ENTROPIES = (  # of Keras; ours say it of themselves
    keras.losses.binary_crossentropy,
    keras.losses.binary_focal_crossentropy,
)


def check_optimizer(optimizer: Any) -> None:
    """Raise a `ValueError` if `optimizer` is a name that Keras does not know."""
    _check_known(optimizer, keras.optimizers, "optimizer")


def check_loss(loss: Any, decoder: keras.Model) -> None:
    """Raise a `ValueError` if the loss is unknown or cannot judge the decoder.

    Binary cross-entropy takes logarithms of the outputs: they must be in (0, 1).
    """
    _check_known(loss, keras.losses, "loss")
    from_logits = getattr(loss, "from_logits", False)
    if _is_cross_entropy(loss) and not from_logits:
        activation = output_activation(decoder)
        if REACH.get(activation) != (0.0, 1.0):
            raise ValueError(
                "binary cross-entropy needs outputs in [0, 1], but the decoder ends "
                f"in {activation!r}; use a sigmoid, or "
                "keras.losses.BinaryCrossentropy(from_logits=True)"
            )


def check_sum_per_image(loss: Any) -> None:
    """Raise a `ValueError` if the loss is known to be a mean per pixel."""
    if losses.over_features(loss) == "mean":
        name = getattr(loss, "__name__", loss)
        raise ValueError(
            "the loss stands for -log p(x|z) of a whole image, beside a divergence in "
            f"nats; {name!r} is a mean per pixel; use aebook.losses.bce_per_image, "
            "gaussian_nll_per_image or squared_error_per_image"
        )


def target_range(decoder: keras.Model, loss: Any = None) -> tuple:
    """Return the lowest and highest target that makes sense; `None` for no limit."""
    if _is_cross_entropy(loss):
        return 0.0, 1.0
    return REACH.get(output_activation(decoder), (None, None))


def output_activation(decoder: keras.Model) -> str:
    """Return the name of the decoder's last activation, `"linear"` if it has none."""
    for layer in reversed(decoder.layers):
        if isinstance(layer, keras.layers.Reshape | keras.layers.Flatten):
            continue
        if isinstance(layer, keras.Model):
            return output_activation(layer)
        return getattr(getattr(layer, "activation", None), "__name__", "linear")
    return "linear"


def _is_cross_entropy(loss: Any) -> bool:
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    if losses.said_of(loss, "probabilities") or loss in CROSS_ENTROPIES:
        return True
    return isinstance(
        loss, keras.losses.BinaryCrossentropy | keras.losses.BinaryFocalCrossentropy
    )


def _check_known(value: Any, module: ModuleType, kind: str) -> None:
    if not isinstance(value, str):
        return
    try:
        module.get(value)
    except ValueError:
        names = [name.lower() for name in vars(module) if not name.startswith("_")]
        close = difflib.get_close_matches(value.lower(), names, n=1)
        hint = (
            f"did you mean {close[0]!r}?"
            if close
            else f"{module.__name__} lists the known ones"
        )
        raise ValueError(f"unknown {kind} {value!r}; {hint}") from None
