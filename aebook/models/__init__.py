"""Autoencoders: an architecture (encoder and decoder) given to a family member.

The two choices are independent. An architecture builder returns an encoder and a
decoder; a family member takes any such pair and adds its own objective.
"""

# A saved model may name any of these: its layers, loss, optimizer and rate.
from aebook import corruption, losses, schedule_free, schedules  # noqa: F401
from aebook.models.adversarial import AdversarialAutoencoder
from aebook.models.architectures.convolutional import convolutional
from aebook.models.architectures.dense import dense
from aebook.models.architectures.recurrent import recurrent
from aebook.models.autoencoder import Autoencoder
from aebook.models.contractive import ContractiveAutoencoder
from aebook.models.denoising import DenoisingAutoencoder
from aebook.models.finite_scalar import FiniteScalarAutoencoder
from aebook.models.importance_weighted import ImportanceWeightedAutoencoder
from aebook.models.k_sparse import KSparseAutoencoder
from aebook.models.masked import MaskedAutoencoder
from aebook.models.posterior_collapse import PosteriorCollapseWarning
from aebook.models.sparse_kl import KLSparseAutoencoder
from aebook.models.sparse_l1 import L1SparseAutoencoder
from aebook.models.tied import TiedAutoencoder
from aebook.models.tokens import Quantized
from aebook.models.undercomplete import UndercompleteAutoencoder
from aebook.models.variational import VariationalAutoencoder
from aebook.models.vector_quantized import VectorQuantizedAutoencoder

__all__ = [
    "AdversarialAutoencoder",
    "Autoencoder",
    "ContractiveAutoencoder",
    "DenoisingAutoencoder",
    "FiniteScalarAutoencoder",
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
