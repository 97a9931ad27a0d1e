"""What an autoencoder is used for, as helpers that take the reader's own data.

One folder a chapter of the book's second part. This room may import every other but
`plots`; no other imports it.
"""

from aebook.applications.compression.codec import Codec
from aebook.applications.compression.entropy_coding import (
    Reader,
    Tables,
    Writer,
    count_tables,
)
from aebook.applications.denoising.denoiser import Denoiser
from aebook.applications.denoising.kinds_of_damage import damage
from aebook.applications.dimensionality_reduction.code_tools import (
    picture_grid,
    quantize,
)
from aebook.applications.dimensionality_reduction.manifolds import (
    SwissRoll,
    swiss_roll,
    turned,
)
from aebook.applications.dimensionality_reduction.map_network import map_autoencoder
from aebook.applications.dimensionality_reduction.maps import Map, compare_maps
from aebook.applications.generation.generator import ImageGenerator
from aebook.applications.generation.latent_flow import LatentFlow
from aebook.applications.generation.token_prior import TokenPrior
from aebook.applications.patches import cut_patches
from aebook.applications.squares import cut_squares

__all__ = [
    "Codec",
    "Denoiser",
    "ImageGenerator",
    "LatentFlow",
    "Map",
    "Reader",
    "SwissRoll",
    "Tables",
    "TokenPrior",
    "Writer",
    "compare_maps",
    "count_tables",
    "cut_patches",
    "cut_squares",
    "damage",
    "map_autoencoder",
    "picture_grid",
    "quantize",
    "swiss_roll",
    "turned",
]
