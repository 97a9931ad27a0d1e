"""Damaged images to clean ones: the damage, the pairs to learn from, the network.

Public through `aebook.applications`: `Denoiser`, `damage`.
"""

__all__: list[str] = []
