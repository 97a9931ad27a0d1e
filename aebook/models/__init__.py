"""Autoencoders: an architecture (encoder and decoder) given to a family member.

The two choices are independent. An architecture builder returns an encoder and a
decoder; a family member takes any such pair and adds its own objective.
"""

from aebook.models.autoencoder import Autoencoder
from aebook.models.dense import dense
from aebook.models.undercomplete import UndercompleteAutoencoder

__all__ = ["Autoencoder", "UndercompleteAutoencoder", "dense"]
