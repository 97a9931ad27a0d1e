"""Many models in a row are many models, and TensorFlow does not advise against them."""

import logging

from aebook.models import Autoencoder, dense
import keras
import numpy as np
import pytest

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="it is TensorFlow that does this"
)
X = np.random.default_rng(0).random((8, 4)).astype("float32")
USES = {
    "encode": lambda model: model.encode(X),
    "reconstruct": lambda model: model.reconstruct(X),
    "predict": lambda model: model.predict(X, verbose=0),
    "evaluate": lambda model: model.evaluate(X, verbose=0),
    "train_on_batch": lambda model: model.train_on_batch(X),
    "test_on_batch": lambda model: model.test_on_batch(X),
    "fit": lambda model: model.fit(X, verbose=0),
    "fit in the loop of Keras": lambda model: model.fit(
        X, verbose=0, steps_per_epoch=1
    ),
}


@pytest.fixture
def said():
    """What TensorFlow logs; its logger hands nothing on to that of the tests."""
    messages = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())
    logging.getLogger("tensorflow").addHandler(handler)
    yield messages
    logging.getLogger("tensorflow").removeHandler(handler)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.slow
def test_no_use_of_many_models_is_advised_against(use, said):
    for _ in range(7):
        model = Autoencoder(*dense(4, 2, hidden=()))
        model.compile("sgd", "mse")
        use(model)
    assert said == []


def test_one_function_traced_anew_each_time_still_is(said):
    import tensorflow as tf

    twice = tf.function(lambda x: 2 * x)
    for n in range(1, 8):
        twice(tf.zeros(n))
    assert any("triggered tf.function retracing" in message for message in said)
