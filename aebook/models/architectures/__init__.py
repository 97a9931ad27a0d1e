"""Builders of encoders and decoders, which any member of the family takes.

Public through `aebook.models`: `dense`, `convolutional`, `recurrent`. This room imports
`aebook.checks` alone.
"""

__all__: list[str] = []
