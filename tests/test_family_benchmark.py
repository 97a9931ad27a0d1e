"""The comparison of the family is whole, is that of the code, and adds up."""

import importlib
import json
from pathlib import Path

from aebook import results
from aebook.losses import squared_error_per_image
import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS / "families"))
    return importlib.import_module


@pytest.fixture(scope="module")
def stored():
    return results.load("families")


@pytest.mark.slow
def test_all_members_have_one_width_and_train(load, digits):
    members = load("members")
    for name, member in members.MEMBERS.items():
        model = member.make()
        assert model.latent_dim == members.LATENT, name
        x = digits[:64].reshape(-1, *model.encoder.input_shape[1:])
        model.compile("adam", squared_error_per_image)
        assert np.isfinite(model.fit(x, verbose=0).history["loss"][0]), name


def test_every_member_was_run_from_every_seed(load, stored):
    compare = load("compare")
    pairs = sorted((run["member"], run["seed"]) for run in stored["runs"])
    assert pairs == sorted((n, s) for n in compare.MEMBERS for s in compare.SEEDS)
    settings = stored["settings"]
    assert settings["members"] == {n: m.setting for n, m in compare.MEMBERS.items()}
    assert settings["epochs"] == compare.EPOCHS
    assert settings["training_images"] == 55_000
    assert {len(run["history"]["loss"]) for run in stored["runs"]} == {compare.EPOCHS}


def test_the_stored_terms_add_up(stored):
    for run in stored["runs"]:
        if run["member"] == "variational":
            last = {name: values[-1] for name, values in run["history"].items()}
            total = last["reconstruction"] + last["kl"]
            assert last["loss"] == pytest.approx(total, rel=1e-4)


def test_the_table_shows_the_median_of_the_seeds(load):
    family_table = load("family_table")
    runs = [{"member": "plain", "seed": s, "error": e} for s, e in enumerate((9, 5, 6))]
    baselines = {name: {"error": 1.0} for name in family_table.BASELINES}
    text = family_table.table({"runs": runs, "baselines": baselines})
    (row,) = [line for line in text.splitlines() if line.startswith("| plain |")]
    assert row.startswith("| plain | 6.00 ± 2.00 | – |")
    assert family_table.spread([-0.001], 2) == "0.00"


def test_a_run_that_was_stopped_is_not_done_twice(load, monkeypatch, tmp_path):
    compare = load("compare")
    monkeypatch.setattr(compare, "MEMBERS", {"plain": compare.MEMBERS["plain"]})
    done = []

    def train(name, seed, digits, epochs):
        done.append((name, seed))
        scores = {"error": 1.0, "linear_probe": 0.5, "distance": 0.1, "seconds": 1.0}
        return {"member": name, "seed": seed, **scores}

    monkeypatch.setattr(compare, "train", train)
    path = tmp_path / "families.json"
    path.write_text(json.dumps({"runs": [], "baselines": {}}))
    digits = compare.Digits(*[np.zeros((1, 784))] * 5)
    for _ in range(2):
        compare.follow(path, digits, (1, 2), epochs=1)
    assert done == [("plain", 1), ("plain", 2)]


def test_the_vae_of_keras_io_was_judged_on_digits_it_did_not_see(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    example = importlib.import_module("keras_io_vae")
    encoder, decoder = example.networks()
    # as many weights as the example has
    assert (encoder.count_params(), decoder.count_params()) == (69_076, 65_089)
    stored = results.load("keras_io_vae")
    assert stored["training_images"] == 60_000
    assert stored["epochs"] == len(stored["training_loss_by_epoch"]) == example.EPOCHS
    for part in ("training", "test"):
        terms = stored[part]
        assert terms["loss"] == pytest.approx(
            terms["reconstruction"] + terms["kl"], abs=2e-3
        )
