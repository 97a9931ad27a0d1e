"""Maps of data: their scores, a network for them, surfaces that are known.

Public through `aebook.applications`: `Map`, `compare_maps`, `map_autoencoder`,
`picture_grid`, `quantize`, `SwissRoll`, `swiss_roll`, `turned`.
"""

__all__: list[str] = []
