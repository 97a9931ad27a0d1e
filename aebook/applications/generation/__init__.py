"""New images: a flow or a row of tokens for codes, and the decoder that draws.

Public through `aebook.applications`: `ImageGenerator`, `LatentFlow`, `TokenPrior`.
"""

__all__: list[str] = []
