"""What an autoencoder is used for, as helpers that take the reader's own data.

One module a chapter of the book's second part. This room may import every other but
`plots`; no other imports it.
"""

from aebook.applications.compression import Codec
from aebook.applications.damage import damage
from aebook.applications.denoising import Denoiser
from aebook.applications.entropy_coding import Reader, Tables, Writer, count_tables
from aebook.applications.patches import cut_patches

__all__ = [
    "Codec",
    "Denoiser",
    "Reader",
    "Tables",
    "Writer",
    "count_tables",
    "cut_patches",
    "damage",
]
