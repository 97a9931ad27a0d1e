"""Checks that encoder and decoder fit together."""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["check_part", "check_parts"]


def check_parts(encoder: Any, decoder: Any, gaussian: bool, hint: str) -> None:
    """Raise a `ValueError` unless one takes what the other puts out.

    Args:
        encoder: What `check_part` let pass.
        decoder: What `check_part` let pass.
        gaussian: Whether the encoder puts out means, then log-variances.
        hint: What to do if the decoder does not take it.
    """
    code, takes = encoder.output_shape[1:], decoder.input_shape[1:]
    if gaussian and code[-1] % 2:
        raise ValueError(
            "the encoder must put out mean and log-variance for each number of the "
            f"code, got an odd {code[-1]}; {hint}"
        )
    if gaussian:
        code = (*code[:-1], code[-1] // 2)
    if code != takes:
        raise ValueError(
            f"the code does not fit: {encoder.name} puts out "
            f"{encoder.output_shape[1:]}, but {decoder.name} takes {takes}; {hint}"
        )
    given, back = encoder.input_shape[1:], decoder.output_shape[1:]
    if given != back:
        raise ValueError(
            f"the reconstruction does not fit: {decoder.name} puts out {back}, but "
            f"{encoder.name} takes {given}; build both with one input_shape"
        )


def check_part(name: str, part: Any) -> None:
    """Raise unless `part` is a Keras model with shapes, one input and one output.

    Args:
        name: What to call it in a message.
        part: An encoder or a decoder.

    Raises:
        TypeError: If it is no Keras model.
        ValueError: If it has no shapes yet, or several inputs or outputs.
    """
    if not isinstance(part, keras.Model):
        raise TypeError(
            f"{name} must be a Keras model, got {type(part).__name__}; "
            "aebook.models.dense builds a pair"
        )
    if not (part.built and hasattr(part, "output_shape")):
        raise ValueError(f"{name} has no shapes yet; give it a keras.Input")
    for side, hint in (
        ("input", "join them before it, for example with keras.layers.Concatenate"),
        (
            "output",
            "join them along the last axis with keras.layers.Concatenate; of a "
            "variational encoder's, mean and log_var, and leave the drawn z out",
        ),
    ):
        shapes = getattr(part, f"{side}_shape")
        if not isinstance(shapes, tuple) or any(isinstance(s, tuple) for s in shapes):
            raise ValueError(
                f"{name} must have one {side}, got {len(shapes)} in a "
                f"{type(shapes).__name__}; {hint}"
            )
