"""What every member of the family promises, whoever calls it and in whichever way.

A new member gets these tests by one row of `family_rows.ROWS`.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
from pathlib import Path
import random
import subprocess
import sys

from aebook import training
from aebook.models import Autoencoder, convolutional, dense, recurrent
from aebook.training.data_checks import checked
from family_rows import ROWS, every_member, member
import keras
from keras import ops
import numpy as np
import pytest

BACKEND = keras.backend.backend()
on_tensorflow = pytest.mark.skipif(
    BACKEND != "tensorflow", reason="it is TensorFlow that does this"
)


@pytest.fixture
def x(digits):
    return digits[:64]


@pytest.fixture
def weights():
    return np.random.default_rng(0).uniform(0, 3, 64).astype("float32")


@pytest.fixture
def same_draws(monkeypatch):
    """Draw by the place within a sample alone: no matter how a batch is cut."""
    place_draws(monkeypatch.setattr)


def place_draws(put):
    def normal(shape, dtype="float32", seed=None, **_):
        return by_place(shape, -1.5, 1.5, dtype)

    def uniform(shape, dtype="float32", seed=None, **_):
        return by_place(shape, 0.0, 0.999, dtype)

    put(keras.random, "normal", normal)
    put(keras.random, "uniform", uniform)


def by_place(shape, low, high, dtype):
    row = np.linspace(low, high, int(shape[-1]), dtype="float32")
    # in another order: neighbours differ, as drawn numbers do
    row = np.random.default_rng(0).permutation(row)
    return ops.broadcast_to(ops.cast(row, dtype or "float32"), shape)


def losses_of(model, x, y=None, **options):
    return model.evaluate(x, y, verbose=0, return_dict=True, **options)


def history_of(model, x, *args, **options):
    """Train by nothing: what one epoch says of the first weights."""
    options = {"batch_size": 64, "shuffle": False, "verbose": 0} | options
    return model.fit(x, *args, **options).history


def still(name, **options):
    """A member that does not move."""
    return member(name, optimizer=keras.optimizers.SGD(0.0), **options)


# --- sample weights


def weighed_by_hand(model, row, x, weights):
    """The mean over samples of weight times loss; terms of the batch as they are."""
    of_batch = losses_of(model, x)
    terms = {term: model.weight * of_batch[term] for term in row.batch_terms}
    each = [losses_of(model, x[i : i + 1]) for i in range(len(x))]
    of_sample = [
        loss["loss"] - sum(model.weight * loss[term] for term in row.batch_terms)
        for loss in each
    ]
    return np.mean(weights * of_sample) + sum(terms.values())


@every_member
@pytest.mark.usefixtures("same_draws")
def test_sample_weights_weigh_each_term_of_a_sample(name, x, weights):
    x, weights = x[:6], weights[:6]
    model = still(name)
    expected = pytest.approx(weighed_by_hand(model, ROWS[name], x, weights), rel=2e-4)
    for shape in ((6,), (6, 1)):
        w = weights.reshape(shape)
        assert losses_of(model, x, sample_weight=w)["loss"] == expected
        assert losses_of(model, x, x, sample_weight=w)["loss"] == expected


@every_member
@pytest.mark.usefixtures("same_draws")
@pytest.mark.slow
def test_weights_count_in_training_and_validation_with_and_without_a_target(
    name, x, weights
):
    seen = []
    for y in (None, x):
        options = {"sample_weight": weights, "validation_data": (x, y, weights)}
        model = still(name)
        assert BACKEND == "torch" or not training.why_keras_loop(model, x, y, **options)
        history = history_of(model, x, y, **options)
        seen.append((history["loss"][0], history["val_loss"][0]))
    assert seen[0] == seen[1]
    if name != "denoising" and name != "quantized":  # these train on something else
        expected = losses_of(still(name), x, sample_weight=weights, batch_size=64)
        assert seen[0][1] == pytest.approx(expected["loss"], rel=1e-5)
    unweighted = history_of(still(name), x)["loss"][0]
    assert abs(seen[0][0] - unweighted) > 0.05 * abs(unweighted)


@every_member
@on_tensorflow
@pytest.mark.slow
def test_weighted_epochs_are_those_of_keras(name, x, weights):
    ours, theirs = (member(name, jit_compile=False) for _ in range(2))
    options = {"batch_size": 48, "shuffle": False, "verbose": 0}
    ours.fit(x, sample_weight=weights, **options)
    keras.Model.fit(theirs, x, x, sample_weight=weights, **options)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=5e-6)


@pytest.mark.parametrize("architecture", [convolutional, recurrent])
@pytest.mark.slow
def test_weights_weigh_images_and_not_their_rows(architecture, x, weights):
    images = x[:28].reshape(-1, 28, 28)  # as many as rows: nothing would complain
    keras.utils.set_random_seed(0)
    model = Autoencoder(*architecture((28, 28), 4))
    model.compile("sgd", "mse")
    w = weights[:28]
    error = np.mean((images - model.reconstruct(images)) ** 2, axis=(1, 2))
    got = losses_of(model, images, sample_weight=w)["loss"]
    assert got == pytest.approx(np.mean(w * error), rel=1e-4)


@every_member
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_weight": np.ones(5)}, "sample_weight must hold one .* 64, got 5"),
        ({"sample_weight": -np.ones(64)}, "sample_weight must be ≥ 0, got -1"),
        ({"sample_weight": np.full(64, np.nan)}, "sample_weight must be finite"),
        ({"class_weight": {0: 1.0}}, "class_weight weighs the classes of a target"),
        (
            {"validation_data": (np.zeros((9, 784)), None, np.ones(5))},
            "validation sample_weight must hold one weight a sample, 9, got 5",
        ),
    ],
)
@pytest.mark.slow
def test_weights_that_make_no_sense_are_refused(name, x, options, message):
    model = still(name)
    with pytest.raises(ValueError, match=message):
        model.fit(x, verbose=0, **options)


@pytest.mark.parametrize("name", ["plain", "l1"])
@pytest.mark.slow
def test_weights_of_parts_of_a_sample_need_a_loss_of_parts(name):
    keras.utils.set_random_seed(0)
    parts = recurrent((5, 3), 2)
    x = np.random.default_rng(0).random((8, 5, 3), dtype="float32")
    steps = np.random.default_rng(1).random((8, 5), dtype="float32")
    model = Autoencoder(*parts) if name == "plain" else type(still("l1"))(*parts)
    model.compile("sgd", "mse")
    if name == "plain":
        error = np.mean((x - model.reconstruct(x)) ** 2, axis=2)
        got = losses_of(model, x, sample_weight=steps)["loss"]
        assert got == pytest.approx(np.mean(steps * error), rel=1e-4)
    else:
        with pytest.raises(ValueError, match=r"shape \(n_samples,\).*sparsity belong"):
            model.evaluate(x, sample_weight=steps, verbose=0)


@pytest.mark.slow
def test_a_batch_is_checked_as_a_data_set_is(x, weights):
    model = still("plain")
    one = model.test_on_batch(x, sample_weight=weights)
    assert one[0] == pytest.approx(
        losses_of(model, x, sample_weight=weights, batch_size=64)["loss"], rel=1e-5
    )
    assert model.train_on_batch(x, sample_weight=weights)[0] == pytest.approx(one[0])
    with pytest.raises(ValueError, match="class_weight weighs"):
        model.train_on_batch(x, class_weight={0: 1.0})
    with pytest.raises(ValueError, match="one weight a sample"):
        model.test_on_batch(x, sample_weight=weights[:3])


# --- streams


class Pairs(keras.utils.PyDataset):
    """Two batches of what it is given, side by side."""

    def __init__(self, *parts):
        super().__init__()
        self.parts = parts

    def __len__(self):
        return 2

    def __getitem__(self, i):
        half = len(self.parts[0]) // 2
        return tuple(part[i * half : (i + 1) * half] for part in self.parts)


def tensors(*parts):
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(parts).batch(len(parts[0]) // 2)


def generator(*parts):
    pairs = Pairs(*parts)
    return (pairs[i] for i in range(2))


STREAMS = {"tf.data": tensors, "PyDataset": Pairs, "generator": generator}
pytestmark = pytest.mark.filterwarnings(
    "ignore:Your input ran out of data"  # so Keras ends a generator
)
every_stream = pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)


@every_member
@pytest.mark.usefixtures("same_draws")
@pytest.mark.slow
def test_a_stream_is_worth_its_arrays(name, x, weights):
    compare_stream_with_arrays(name, tensors, x, weights)


@pytest.mark.slow
@pytest.mark.parametrize("stream", [Pairs, generator])
@pytest.mark.parametrize("name", ["plain", "variational"])
@pytest.mark.usefixtures("same_draws")
def test_so_is_a_stream_of_another_kind(name, stream, x, weights):
    compare_stream_with_arrays(name, stream, x, weights)


def compare_stream_with_arrays(name, stream, x, weights):
    expected = losses_of(still(name), x, batch_size=32)
    for parts in ((x,), (x, x)):
        assert losses_of(still(name), stream(*parts)) == pytest.approx(expected)
    weighted = losses_of(still(name), x, sample_weight=weights, batch_size=32)
    got = losses_of(still(name), stream(x, x, weights[:, None]))
    assert got == pytest.approx(weighted)
    trained = history_of(still(name), x, batch_size=32)
    got = history_of(still(name), stream(x), batch_size=None)
    assert got["loss"] == pytest.approx(trained["loss"], rel=1e-5)


@every_stream
@pytest.mark.parametrize("use", ["fit", "evaluate", "validate"])
@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (lambda x: (x, np.arange(64)), "batch, y has one number a sample, as labels"),
        (lambda x: (255 * x,), r"batch, x has values from 0 to 255, .*; divide by 255"),
        (lambda x: (x * np.nan,), "batch, x must be finite"),
        (
            lambda x: (x[:, :700],),
            r"batch, x must have 2 dimensions \(n_samples, 784\)",
        ),
        (lambda x: (x, x, -np.ones(64)), "batch, sample_weight must be ≥ 0"),
    ],
    ids=["labels", "levels", "NaN", "shape", "weight"],
)
@pytest.mark.slow
def test_what_arrays_are_refused_for_a_stream_is_too(x, stream, use, parts, message):
    model, data = still("plain"), stream(*parts(x))
    with pytest.raises(ValueError, match=message):
        if use == "validate":
            model.fit(x, validation_data=data, verbose=0)
        else:
            getattr(model, use)(data, verbose=0)


@every_stream
@pytest.mark.slow
def test_predict_looks_at_its_first_batch_too(x, stream):
    model = still("plain")
    got = model.predict(stream(x), verbose=0)
    np.testing.assert_allclose(got, model.reconstruct(x), atol=1e-6)
    with pytest.raises(ValueError, match="in the first batch, x has values"):
        model.predict(stream(255 * x), verbose=0)


def test_a_look_at_a_stream_draws_no_number(x):
    class Drawing(Pairs):
        def __getitem__(self, i):
            draws.append(np.random.random())  # noqa: NPY002
            return super().__getitem__(i)

    draws, model = [], still("plain")
    checked(model, Drawing(x))
    assert draws == [np.random.random()]  # noqa: NPY002 (the same one again)


def test_a_check_draws_no_number(x):
    model, batches = still("plain"), training.Batches(x, seed=0)
    before = random.getstate()
    checked(model, batches)
    checked(model, x)
    assert random.getstate() == before


def test_a_generator_that_is_used_up_says_so(x):
    data = generator(x)
    list(data)
    with pytest.raises(ValueError, match=r"gives no batch; .* make a new one"):
        still("plain").fit(data, verbose=0)


@on_tensorflow
def test_a_later_batch_of_another_shape_is_refused_while_it_is_traced(x):
    model = still("plain")
    with pytest.raises(ValueError, match=r"the shape of the reconstruction.*alone"):
        keras.Model.fit(model, x, np.arange(64.0), verbose=0)


# --- a layer of another model


def nested(model, how):
    if how == "functional":
        inputs = keras.Input((784,))
        outer = keras.Model(inputs, model(inputs))
    else:
        outer = keras.Sequential([keras.Input((784,)), model])
    outer.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), model.loss)
    return outer


@every_member
@pytest.mark.usefixtures("same_draws")
@pytest.mark.slow
def test_as_a_layer_it_brings_its_terms_along(name, x):
    if not ROWS[name].plain_when_nested:
        pytest.skip("it compares something else; see the two tests that follow")
    options = {"batch_size": 32, "epochs": 2, "shuffle": False, "verbose": 0}
    plain = member(name).fit(x, **options).history
    for how in ("functional", "sequential"):
        outer = nested(member(name), how)
        history = training.fit(outer, x, x, **options).history
        assert history["loss"] == pytest.approx(plain["loss"], rel=1e-4), how


@pytest.mark.usefixtures("same_draws")
@pytest.mark.slow
def test_as_a_layer_the_importance_weighted_one_is_variational(x):
    importance = nested(member("importance"), "functional")
    variational = nested(member("variational"), "functional")
    options = {"batch_size": 64, "shuffle": False, "verbose": 0}
    losses = [
        training.fit(m, x, x, **options).history for m in (importance, variational)
    ]
    assert losses[0] == losses[1]


@pytest.mark.usefixtures("same_draws")
@pytest.mark.slow
def test_as_a_layer_the_masked_one_is_judged_on_all_pixels(x):
    model = member("masked")
    x_hat = ops.convert_to_numpy(model(x, training=True))
    outer = nested(model, "functional")
    options = {"batch_size": 64, "shuffle": False, "verbose": 0}
    loss = training.fit(outer, x, x, **options).history["loss"][0]
    assert loss == pytest.approx(np.mean((x - x_hat) ** 2), rel=1e-5)


@pytest.mark.slow
def test_a_loop_of_the_readers_own_finds_the_terms(x):
    model = still("l1")
    model(ops.convert_to_tensor(x))
    (term,) = model.losses
    expected = 1e-3 * np.abs(model.encode(x)).sum(axis=1).mean()
    assert ops.convert_to_numpy(term) == pytest.approx(expected, rel=1e-4)
    weighted = model.compute_loss(x, None, model(x), np.full(64, 2.0, "float32"))
    plain = losses_of(model, x, batch_size=64)["loss"]
    assert ops.convert_to_numpy(weighted) == pytest.approx(2 * plain, rel=1e-4)


# --- several devices


def compared_on_two_devices():
    """Train each member on one and on two virtual devices; print the losses."""
    results = {}
    place_draws(setattr)
    from aebook import data

    x = data.flatten(data.load_mnist().x_train[:64])
    w = np.linspace(0.5, 2, 64, dtype="float32")
    for name in ROWS:
        runs = []
        for devices in (1, 2):
            with placed_on(devices):
                model = member(name, jit_compile=BACKEND == "jax")
                options = {"batch_size": 32, "epochs": 2, "shuffle": False}
                history = model.fit(x, sample_weight=w, verbose=0, **options).history
            weights = [np.abs(value).sum() for value in model.get_weights()]
            runs.append([*(v for vs in history.values() for v in vs), *weights])
        one, two = np.array(runs)
        results[name] = np.max(np.abs(one - two) / (1 + np.abs(one)))
    print(json.dumps({name: float(value) for name, value in results.items()}))


@functools.cache
def mirrored():
    """One for all members: two of them number their messages alike."""
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@contextlib.contextmanager
def placed_on(devices):
    if BACKEND == "tensorflow":
        if devices == 2:
            with mirrored().scope():
                yield
            return
    elif devices == 2:
        mesh = keras.distribution.DataParallel(auto_shard_dataset=False)
        keras.distribution.set_distribution(mesh)
        yield
        keras.distribution.set_distribution(None)
        return
    yield


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
@pytest.mark.skipif(BACKEND != "tensorflow", reason="starts both backends itself")
@pytest.mark.slow
def test_two_devices_are_one(backend):
    pytest.importorskip(backend)
    flags = "--xla_force_host_platform_device_count=2"
    run = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "KERAS_BACKEND": backend, "XLA_FLAGS": flags},
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    off = json.loads(run.stdout.splitlines()[-1])
    assert off.keys() == ROWS.keys()
    assert max(off.values()) < 2e-4, off


# --- precision


# How far the first losses may be from those in float32: twice what is measured.
PRECISIONS = {"mixed_bfloat16": 4e-2, "mixed_float16": 2e-3}


@every_member
@pytest.mark.parametrize("policy", PRECISIONS)
@pytest.mark.slow
def test_it_trains_in_half_precision(name, policy, x):
    exact = still(name)
    keras.config.set_dtype_policy(policy)
    try:
        model = member(name)
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.decoder.layers[-1].compute_dtype == policy.removeprefix("mixed_")
    expected, got = losses_of(exact, x), losses_of(model, x)
    for term in set(expected) - {"perplexity", "units_in_use"}:  # these count
        assert got[term] == pytest.approx(expected[term], rel=PRECISIONS[policy]), term
    z = model.encode(x)
    assert z.dtype == model.reconstruct(x).dtype == np.float32
    assert model.decode(z.astype("float16")).shape == x.shape
    history = model.fit(x, batch_size=16, epochs=8, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert np.isfinite(history["loss"]).all()


def test_small_gradients_survive_float16(x):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = Autoencoder(*dense(784, 4))
        model.compile("adam", "mse")
    finally:
        keras.config.set_dtype_policy("float32")
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    model.compile("adam", "mse", auto_scale_loss=False)
    assert isinstance(model.optimizer, keras.optimizers.Adam)


# --- export


@every_member
@on_tensorflow
@pytest.mark.slow
def test_it_is_exported_before_and_after_training(name, x, tmp_path):
    import tensorflow as tf

    model = member(name)
    for step in ("new", "trained"):
        model.export(tmp_path / step, verbose=False)
        loaded = tf.saved_model.load(tmp_path / step)
        served = loaded.serve(x)
        np.testing.assert_allclose(served, model.predict(x, verbose=0), atol=1e-5)
        model.fit(x, verbose=0)


@every_member
@on_tensorflow
@pytest.mark.filterwarnings("ignore:.*`np.object` will be:FutureWarning")
@pytest.mark.slow
def test_onnx_gives_the_same_numbers(name, x, tmp_path):
    import onnxruntime

    model = member(name)
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (served,) = session.run(None, {session.get_inputs()[0].name: x})
    np.testing.assert_allclose(served, model.predict(x, verbose=0), atol=1e-5)


# --- what is changed after compile


@every_member
@pytest.mark.usefixtures("same_draws")
@pytest.mark.slow
def test_a_number_changed_after_compile_counts(name, x):
    row = ROWS[name]
    if row.live is None:
        pytest.skip("it has no such number")
    attribute, value = row.live
    model, other = still(name), still(name, changed={attribute: value})
    for fit in (Autoencoder.fit, keras.Model.fit):
        before = fit(model, x, x, batch_size=64, shuffle=False, verbose=0)
        fit(other, x, x, batch_size=64, shuffle=False, verbose=0)
        setattr(model, attribute, value)
        assert model.get_config()[attribute] == value
        got = fit(model, x, x, batch_size=64, shuffle=False, verbose=0).history
        expected = fit(other, x, x, batch_size=64, shuffle=False, verbose=0).history
        assert got["loss"] == pytest.approx(expected["loss"], rel=1e-5)
        assert got["loss"] != before.history["loss"]
        setattr(model, attribute, 0.0)


@every_member
@pytest.mark.slow
def test_what_cannot_change_after_compile_says_so(name):
    model = member(name)
    live = set(getattr(type(model), "adjustable", ()))
    for attribute in set(ROWS[name].other) | set(model.parts):
        if attribute in live or not hasattr(model, attribute):
            continue
        with pytest.raises(AttributeError, match=f"{attribute} is fixed once the"):
            setattr(model, attribute, getattr(model, attribute))


@pytest.mark.slow
def test_beta_may_be_annealed_by_a_callback(x):
    class Anneal(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.beta = [0.0, 1.0, 2.0][epoch]

    model = still("variational")
    history = history_of(model, x, epochs=3, callbacks=[Anneal()])
    for epoch in range(3):
        gap = history["loss"][epoch] - history["reconstruction"][epoch]
        assert gap == pytest.approx(epoch * history["kl"][epoch], abs=2e-4)


@pytest.mark.slow
def test_the_noise_of_a_corruption_may_change(x):
    model = still("denoising")
    model.fit(x, verbose=0)
    model.corruption.rate = 0.0
    loss = history_of(model, x)["loss"][0]
    assert loss == pytest.approx(losses_of(model, x)["loss"], rel=1e-4)
    with pytest.raises(ValueError, match=r"rate must be .*\[0, 1\], got 2"):
        model.corruption.rate = 2


@every_member
@pytest.mark.filterwarnings("ignore::aebook.models.PosteriorCollapseWarning")
@pytest.mark.slow
def test_freezing_after_compile_asks_for_another_compile(name, x):
    model = member(name)
    model.encoder.trainable = False
    with pytest.raises(ValueError, match=r"trainable` of .*; call compile\(\) again"):
        model.fit(x, verbose=0)
    model.compile(keras.optimizers.Adam(1e-3), ROWS[name].loss)
    frozen = model.encoder.get_weights()
    model.fit(x, verbose=0)
    for a, b in zip(frozen, model.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# --- a run that goes on


@every_member
@pytest.mark.slow
def test_a_run_under_another_setting_is_not_gone_on_with(name, x, tmp_path):
    row = ROWS[name]
    if not row.other:
        pytest.skip("it has no setting")
    options = {"checkpoint": tmp_path / "run.ckpt", "epochs": 2, "verbose": 0}
    member(name).fit(x, **options)
    (changed,) = row.other
    with pytest.raises(ValueError, match=f"another .*{changed}"):
        member(name, row.other).fit(x, **options)


if __name__ == "__main__":
    if BACKEND == "tensorflow":
        import tensorflow as tf

        (cpu,) = tf.config.list_physical_devices("CPU")
        parts = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, parts)
    compared_on_two_devices()
