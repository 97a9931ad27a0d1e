"""What an autoencoder is used for, as helpers that take the reader's own data.

One module a chapter of the book's second part. This room may import every other but
`plots`; no other imports it.
"""

from aebook.applications.code_tools import picture_grid, quantize
from aebook.applications.compression import Codec
from aebook.applications.damage import damage
from aebook.applications.denoising import Denoiser
from aebook.applications.dimensionality_reduction import Map, compare_maps
from aebook.applications.entropy_coding import Reader, Tables, Writer, count_tables
from aebook.applications.generation import ImageGenerator
from aebook.applications.latent_flow import LatentFlow
from aebook.applications.manifolds import SwissRoll, swiss_roll, turned
from aebook.applications.map_network import map_autoencoder
from aebook.applications.patches import cut_patches
from aebook.applications.squares import cut_squares
from aebook.applications.token_prior import TokenPrior

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
