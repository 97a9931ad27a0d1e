"""Autoencoders with the face of scikit-learn, for columns of numbers.

Both pass scikit-learn's own `check_estimator`, and work in its `Pipeline` and
`GridSearchCV`. Inside each is a dense `aebook.models.Autoencoder` over standardised
columns, kept as `model_`.
"""

from aebook.estimators.detector import AnomalyDetector
from aebook.estimators.transformer import AutoencoderTransformer

__all__ = ["AnomalyDetector", "AutoencoderTransformer"]
