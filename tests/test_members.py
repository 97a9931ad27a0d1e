"""What all members of the family promise, each of them does."""

from __future__ import annotations

import functools
import warnings

from aebook import losses
from aebook.corruption import SaltAndPepper
from aebook.models import (
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    FiniteScalarAutoencoder,
    ImportanceWeightedAutoencoder,
    KSparseAutoencoder,
    L1SparseAutoencoder,
    MaskedAutoencoder,
    PosteriorCollapseWarning,
    VariationalAutoencoder,
    VectorQuantizedAutoencoder,
    convolutional,
    dense,
    recurrent,
)
from family_rows import every_member, member, squared_error, trained
import keras
from keras import ops
import numpy as np
import pytest
from sklearn.decomposition import PCA


def short_run(name, digits, fit=Autoencoder.fit):
    """Train two epochs in the order of the data; return the model and its history."""
    on_tensorflow = keras.backend.backend() == "tensorflow"
    model = member(name, **({"jit_compile": False} if on_tensorflow else {}))
    options = {"epochs": 2, "shuffle": False, "verbose": 0}
    run = fit(model, digits[:96], validation_data=digits[96:140], **options)
    return model, run.history


@pytest.fixture(scope="module")
def short(digits):
    """By name, what `short_run` returns; no test changes these models."""
    return functools.cache(lambda name: short_run(name, digits))


@pytest.fixture(scope="module")
def learned(digits):
    """By name, a member trained on 1,500 digits; no test changes these models."""

    @functools.cache
    def train(name):
        model = member(name)
        model.fit(digits[:1500], batch_size=32, epochs=10, verbose=0)
        return model

    return train


@every_member
def test_every_member_learns_to_redraw_digits(name, learned, digits):
    """Closer than so many principal components: one number of 16 is not enough."""
    train, test = digits[:1500], digits[1500:]
    components = {"l1": 2, "quantized": 1, "adversarial": 3, "masked": 3}.get(name, 4)
    pca = PCA(components).fit(train)
    floor = squared_error(test, pca.inverse_transform(pca.transform(test)))
    model = learned(name)
    assert squared_error(test, model.reconstruct(test)) < floor
    # by its own code: that of another digit draws another digit
    others = model.decode(np.roll(model.encode(test), 1, axis=0))
    assert squared_error(test, others) > squared_error(test, train.mean(axis=0))


@every_member
def test_every_member_comes_back_from_a_file(name, learned, digits, tmp_path):
    model = learned(name)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is type(model)
    config, again = model.get_config(), loaded.get_config()
    assert {key: again[key] for key in set(config) - set(model.parts)} == {
        key: config[key] for key in set(config) - set(model.parts)
    }
    for one, other in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(*map(ops.convert_to_numpy, (one, other)))
    x = digits[:50]
    z = loaded.encode(x)
    np.testing.assert_array_equal(z, model.encode(x))
    np.testing.assert_array_equal(loaded.decode(z), model.reconstruct(x))


@every_member
@pytest.mark.slow
def test_the_same_seed_gives_the_same_numbers(name, short, digits):
    assert short_run(name, digits)[1] == short(name)[1]


@every_member
def test_the_history_holds_every_term_and_they_add_up(name, short):
    model, history = short(name)
    for prefix in ("", "val_"):
        names = {"loss", "reconstruction", *model.terms}
        assert {prefix + name for name in names} <= set(history)
        assert all(np.isfinite(history[prefix + name]).all() for name in names)
    weights = {
        "sparsity": getattr(model, "weight", None),
        "jacobian": getattr(model, "weight", None),
        "adversarial": getattr(model, "weight", None),
        "discriminator": 1.0,
        "commitment": 0.25,
        "gain": -1.0,
        "kl": getattr(model, "beta", None),
        "units_in_use": 0.0,
        "perplexity": 0.0,
    }
    for prefix in ("", "val_"):
        shown = {key: np.array(history[prefix + key]) for key in sorted(names)}
        added = sum(weights[term] * shown[term] for term in model.terms)
        found = shown["loss"] - shown["reconstruction"]
        rounding = 1e-6 * shown["loss"].max()
        np.testing.assert_allclose(found, added, rtol=1e-4, atol=rounding)
        for term in model.terms:  # none is so small that it could be missing
            assert (abs(weights[term] * shown[term]) > 20 * rounding).all() or not (
                weights[term]
            )


@every_member
@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="other backends have one loop only"
)
@pytest.mark.slow
def test_the_compiled_loop_is_keras_own_loop(name, short, digits):
    ours, _ = short(name)
    model, _ = short_run(name, digits, keras.Model.fit)
    for one, other in zip(ours.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)


@every_member
@pytest.mark.slow
def test_prediction_draws_nothing(name, learned, digits):
    model = learned(name)
    x = digits[:20]
    np.testing.assert_array_equal(model.encode(x), model.encode(x))
    np.testing.assert_allclose(
        model.predict(x, verbose=0), model.reconstruct(x), atol=1e-6
    )


ARCHITECTURES = {
    "dense": lambda **o: dense((28, 28), 16, hidden=(32,), **o),
    "convolutional": lambda **o: convolutional((28, 28), 16, filters=(4,), **o),
    "map": lambda **o: convolutional((28, 28), 4, filters=(4,), flat=False, **o),
    "recurrent": lambda **o: recurrent((28, 28), 16, units=(16,), **o),
}
ON_ANY = {
    "l1": lambda a: L1SparseAutoencoder(*a()),
    "k": lambda a: KSparseAutoencoder(*a(), k=2),
    "denoising": lambda a: DenoisingAutoencoder(*a(), SaltAndPepper(0.2)),
    "contractive": lambda a: ContractiveAutoencoder(*a()),
    "variational": lambda a: VariationalAutoencoder(*a(gaussian=True), beta=0.1),
    "importance": lambda a: ImportanceWeightedAutoencoder(*a(gaussian=True), beta=0.1),
    "quantized": lambda a: VectorQuantizedAutoencoder(*a(), codes=8, code_dim=4),
    "finite scalar": lambda a: FiniteScalarAutoencoder(*a(), levels=(8, 5)),
    "masked": lambda a: MaskedAutoencoder(*a()),
}


# A code of several axes is new to every member; of a flat one they only see numbers,
# but for two that look into the encoder, and at the axes of the input.
PAIRS = [
    *((name, "map") for name in ON_ANY),
    *(("contractive", other) for other in ("convolutional", "recurrent")),
    *(("masked", other) for other in ("dense", "recurrent")),
    *(("variational", other) for other in ("dense", "convolutional", "recurrent")),
]


@pytest.mark.parametrize(("name", "architecture"), PAIRS)
@pytest.mark.slow
def test_a_member_takes_any_architecture(name, architecture, digits):
    model = ON_ANY[name](ARCHITECTURES[architecture])
    images = digits[:64].reshape(-1, 28, 28)
    model.compile(keras.optimizers.Adam(3e-3), losses.squared_error_per_image)
    before = [np.array(ops.convert_to_numpy(w)) for w in model.trainable_weights]
    with warnings.catch_warnings():  # the code need not be in use so soon
        warnings.simplefilter("ignore", PosteriorCollapseWarning)
        history = model.fit(images, epochs=4, verbose=0).history
    first, *_, last = history["loss"]
    assert last < first
    for weight, old in zip(model.trainable_weights, before, strict=True):
        assert (ops.convert_to_numpy(weight) != old).any(), weight.path
    redrawn = model.reconstruct(images[:3])
    assert redrawn.shape == (3, 28, 28)
    if name != "quantized":  # whose eight entries may not be in use so soon
        assert np.ptp(redrawn, axis=0).max() > 1e-4  # each digit its own


@pytest.mark.slow
def test_colour_images_of_odd_size_go_through():
    x = np.random.default_rng(0).random((8, 12, 13, 3), dtype=np.float32)
    model = VariationalAutoencoder(*convolutional((12, 13, 3), 4, gaussian=True))
    trained(model, x, losses.squared_error_per_image, epochs=1)
    assert model.reconstruct(x).shape == x.shape
