"""Autoencoders: an architecture (encoder and decoder) given to a family member.

The two choices are independent. An architecture builder returns an encoder and a
decoder; a family member takes any such pair and adds its own objective.
"""

from aebook.models.adversarial import AdversarialAutoencoder
from aebook.models.autoencoder import Autoencoder
from aebook.models.collapse import PosteriorCollapseWarning
from aebook.models.contractive import ContractiveAutoencoder
from aebook.models.convolutional import convolutional
from aebook.models.denoising import DenoisingAutoencoder
from aebook.models.dense import dense
from aebook.models.importance_weighted import ImportanceWeightedAutoencoder
from aebook.models.k_sparse import KSparseAutoencoder
from aebook.models.masked import MaskedAutoencoder
from aebook.models.recurrent import recurrent
from aebook.models.sparse_kl import KLSparseAutoencoder
from aebook.models.sparse_l1 import L1SparseAutoencoder
from aebook.models.tied import TiedAutoencoder
from aebook.models.undercomplete import UndercompleteAutoencoder
from aebook.models.variational import VariationalAutoencoder
from aebook.models.vector_quantized import Quantized, VectorQuantizedAutoencoder

__all__ = [
    "AdversarialAutoencoder",
    "Autoencoder",
    "ContractiveAutoencoder",
    "DenoisingAutoencoder",
    "ImportanceWeightedAutoencoder",
    "KLSparseAutoencoder",
    "KSparseAutoencoder",
    "L1SparseAutoencoder",
    "MaskedAutoencoder",
    "PosteriorCollapseWarning",
    "Quantized",
    "TiedAutoencoder",
    "UndercompleteAutoencoder",
    "VariationalAutoencoder",
    "VectorQuantizedAutoencoder",
    "convolutional",
    "dense",
    "recurrent",
]
