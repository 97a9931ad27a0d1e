"""Keras' three backends agree, and the stored comparison of them is whole."""

import statistics

from aebook import results
from aebook.engines import networks, walks
import numpy as np
import pytest
from saved_files import ARCHITECTURES, CLOSE, MODULES, compare, missing

KERAS = ("keras_tensorflow", "keras_jax", "keras_torch")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return compare(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def stored():
    return results.load("backends")


def on(backend):
    if why := missing(backend):
        pytest.skip(why)
    return backend


others = pytest.mark.parametrize("backend", [b for b in MODULES if b != "tensorflow"])


# --- a saved file


@others
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.slow
def test_a_saved_file_predicts_the_same_on_every_backend(files, backend, architecture):
    assert files[on(backend)][architecture] <= CLOSE


@others
@pytest.mark.slow
def test_training_goes_on_from_the_file_as_if_nothing_had_happened(files, backend):
    assert files[on(backend)]["trained on"] <= CLOSE


@others
@pytest.mark.slow
def test_one_seed_draws_other_weights_on_another_backend(files, backend):
    assert files[on(backend)]["drawn"] > 0.1


# --- the engines


@pytest.mark.parametrize("rule", ["sgd", "adam"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("name", ["keras_model", "plain_jax", "plain_torch"])
@pytest.mark.slow
def test_an_engine_takes_the_steps_of_backpropagation_by_hand(
    digits, name, rule, activation
):
    module = {"plain_jax": "jax", "plain_torch": "torch"}.get(name, "keras")
    pytest.importorskip(module, reason=f"{module} is not installed")
    x, w = digits[:300], walks.first_weights(0)
    train = getattr(networks, name)(w, x, rule, activation)
    expected = by_hand(w, x, networks.RATES[rule], rule, activation, networks.BATCH)
    # Measured: 4e-8. A unit that rounding switches on could add 1e-5; Adam with the
    # epsilon of another library adds 2e-3.
    bound = 1e-6 if activation == "tanh" else 1e-4
    assert walks.gap(train(0, 3), expected) <= bound


def by_hand(weights, x, rate, rule, activation, batch, steps=3):
    """Three steps in double precision by `aebook.scratch`, batches wrapping around."""
    from aebook import optim, scratch

    kinds = [activation] * 3 + ["sigmoid"]
    w = [a.astype(float) for a in weights]
    of = getattr(optim, rule)
    states = [of.init(a) for a in w]
    for step in range(steps):
        rows = x[np.arange(step * batch, (step + 1) * batch) % len(x)].astype(float)
        layers = [
            scratch.Layer(*parts) for parts in zip(w[::2], w[1::2], kinds, strict=True)
        ]
        h = scratch.forward(layers, rows)
        gradients = scratch.backward(layers, h, rows)
        moved = [
            of.update(g, s, a, learning_rate=rate)
            for g, s, a in zip(gradients, states, w, strict=True)
        ]
        w = [a + step_of for a, (step_of, _) in zip(w, moved, strict=True)]
        states = [state for _, state in moved]
    return w


def test_pytorch_by_its_own_adam_takes_another_first_step():
    pytest.importorskip("torch", reason="PyTorch is not installed")
    x = np.random.default_rng(0).random((300, 784)).astype(np.float32)
    w = walks.first_weights(0)
    ends = [networks.plain_torch(w, x, r)(0, 1) for r in ("adam", "adam_of_torch")]
    assert walks.gap(*ends) > 1e-4


def test_the_loss_that_judges_is_that_of_keras():
    from keras import Sequential, layers

    x, w = np.random.default_rng(0).random((20, 784)), walks.first_weights(0)
    kinds = ["relu"] * 3 + ["sigmoid"]
    model = Sequential(
        [layers.Dense(n, kind) for n, kind in zip([128, 32, 128, 784], kinds, strict=1)]
    )
    model.build((None, 784))
    model.set_weights(w)
    model.compile("sgd", "mse")
    expected = model.evaluate(x, x, verbose=0)
    assert walks.judge(w, x, "relu") == pytest.approx(expected, rel=1e-5)


# --- what is stored


def test_the_stored_comparison_lacks_no_engine_and_no_step(stored):
    assert set(stored["packages"]) == {"keras", "tensorflow", "jax", "torch", "numpy"}
    assert set(stored["cases"]) == {
        "sgd-relu",
        "sgd-tanh",
        "adam-relu",
        "adam-tanh",
    }
    for rows in stored["cases"].values():
        assert set(rows) >= set(stored["labels"])
        for row in rows.values():
            assert all(len(values) == len(stored["marks"]) for values in row.values())


def test_all_engines_take_the_same_first_ten_steps(stored):
    ten = stored["marks"].index(10)
    for rows in stored["cases"].values():
        for name in stored["labels"]:
            assert max(rows[name]["from_exact"][: ten + 1]) <= 1e-6


def test_without_a_kink_the_engines_agree_to_the_last_step(stored):
    for name in stored["labels"]:
        assert stored["cases"]["sgd-tanh"][name]["from_exact"][-1] <= 1e-5
        assert stored["cases"]["adam-tanh"][name]["from_exact"][-1] <= 1e-4
    for rule in ("sgd", "adam"):
        for name in set(stored["labels"]) - {"exact"}:
            smooth, kinked = (
                stored["cases"][f"{rule}-{kind}"][name]["from_exact"][-1]
                for kind in ("tanh", "relu")
            )
            assert kinked > 1000 * smooth


def test_engines_differ_less_than_seeds(stored):
    for rule, seeds in stored["other_seeds"].items():
        rows = stored["cases"][f"{rule}-relu"]
        engines = [rows[name]["loss"][-1] for name in stored["labels"]]
        assert np.ptp(engines) < np.ptp(seeds)


def test_stored_ratios_of_the_engines_follow_from_the_rounds(stored):
    base = stored["seconds"]["keras_tensorflow"]
    for name, row in stored["seconds"].items():
        found = stored["summary"][name]
        assert found["epoch"] == pytest.approx(statistics.median(row["epoch"]))
        pairs = zip(row["epoch"], base["epoch"], strict=True)
        assert found["epoch_ratio"] == pytest.approx(
            statistics.median(a / b for a, b in pairs)
        )
        assert len(row["epoch"]) >= 5
