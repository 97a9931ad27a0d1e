"""What an autoencoder is used for, as helpers that take the reader's own data.

One module a chapter of the book's second part. This room may import every other but
`plots`; no other imports it.
"""

from aebook.applications.compression import Codec
from aebook.applications.entropy_coding import Reader, Tables, Writer, count_tables
from aebook.applications.generation import ImageGenerator
from aebook.applications.latent_flow import LatentFlow
from aebook.applications.patches import cut_patches
from aebook.applications.squares import cut_squares
from aebook.applications.token_prior import TokenPrior

__all__ = [
    "Codec",
    "ImageGenerator",
    "LatentFlow",
    "Reader",
    "Tables",
    "TokenPrior",
    "Writer",
    "count_tables",
    "cut_patches",
    "cut_squares",
]
