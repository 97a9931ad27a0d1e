"""The benchmarks run, and their stored results are whole and add up."""

import importlib
import json
from pathlib import Path
import statistics

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
PEERS = {"ours", "bare", "keras", "keras_jit", "sklearn"}
FLOOR = {"numpy_products", "xla_products"}


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


@pytest.fixture(scope="module")
def speed():
    return json.loads((BENCHMARKS / "results" / "training_speed.json").read_text())


@pytest.fixture(scope="module")
def networks():
    return json.loads((BENCHMARKS / "results" / "source_networks.json").read_text())


# --- they run


def test_training_speed_measures_every_contender(load, monkeypatch, capsys, tmp_path):
    training_speed = load("training_speed")
    contenders = ["ours", "bare", "keras", "sklearn", *FLOOR]  # what compiles quickly
    few = {name: training_speed.CONTENDERS[name] for name in contenders}
    monkeypatch.setattr(training_speed, "CONTENDERS", few)
    monkeypatch.setattr(training_speed, "QUICK", (500, 1, 1))
    monkeypatch.setattr(training_speed, "BATCH_SIZES", (128,))
    monkeypatch.setattr(training_speed, "measure_memory", lambda images, results: None)
    monkeypatch.setattr(training_speed, "measure_small_run", lambda *_: None)
    output = tmp_path / "speed.json"
    training_speed.main(["--quick", "--output", str(output)])
    printed = capsys.readouterr().out
    for label, _ in few.values():
        assert f"| {label} |" in printed
    assert not output.exists()


def test_a_small_run_is_timed_with_its_compilation(load, monkeypatch):
    training_speed = load("training_speed")
    monkeypatch.setattr(training_speed, "SMALL_RUNS", ("ours", "keras"))
    results = {"small_run": {}}
    x = np.random.default_rng(0).random((64, 784), np.float32)
    training_speed.measure_small_run(x, 1, results)
    assert set(results["small_run"]) == {"ours", "keras"}
    assert all(len(taken) == 1 for taken in results["small_run"].values())


def test_unequal_training_is_no_fair_contest(load):
    check_fair = load("training_speed").check_fair
    check_fair({"ours": 0.0100, "bare": 0.0102, "torch": 0.5})
    with pytest.raises(SystemExit, match=r"bare ends at 0\.012, ours at 0\.01"):
        check_fair({"ours": 0.0100, "bare": 0.0120})


def test_a_stopped_measurement_shows_what_it_has(load, monkeypatch, capsys, tmp_path):
    training_speed = load("training_speed")

    def stopped(images, rounds, epochs, results):
        results["first_turn"]["256"] = {"ours": 2.0}
        results["seconds"]["256"] = {"ours": [0.25]}
        raise KeyboardInterrupt

    monkeypatch.setattr(training_speed, "run", stopped)
    training_speed.main(["--output", str(tmp_path / "speed.json")])
    assert "| aebook `fit` | 0.250 |" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_source_networks_train_each_network(load, monkeypatch, capsys, tmp_path):
    source_networks = load("source_networks")
    monkeypatch.setattr(source_networks, "QUICK", (200, 1))
    names = ("adadelta_default", "source_0")
    few = {name: source_networks.SETUPS[name] for name in names}
    monkeypatch.setattr(source_networks, "SETUPS", few)
    output = tmp_path / "networks.json"
    source_networks.main(["--quick", "--output", str(output)])
    printed = capsys.readouterr().out
    for setup in few.values():
        assert f"| {setup.label} | 1 |" in printed
    assert not output.exists()


def test_source_networks_go_on_where_they_stopped(load, monkeypatch, tmp_path):
    source_networks = load("source_networks")
    asked = []

    def train(setup, seed, images, epochs):
        if len(asked) == 3:
            raise KeyboardInterrupt
        asked.append((setup, seed))
        return {"seed": seed, "seconds": 1.0, "test_loss": 0.5, "loss": [0.5]}

    monkeypatch.setattr(source_networks, "train", train)
    monkeypatch.setattr(source_networks, "baselines", lambda images: {"pca32_mse": 0.0})
    output = tmp_path / "networks.json"
    source_networks.main(["--output", str(output)])
    stored = json.loads(output.read_text())
    assert [r["seed"] for r in stored["runs"]["adadelta_default"]] == [0, 1, 2]
    asked.clear()
    source_networks.main(["--output", str(output)])
    assert [seed for _, seed in asked] == [3, 4, 0]
    assert list(tmp_path.iterdir()) == [output]


def test_results_of_other_settings_are_not_mixed_in(load, tmp_path):
    source_networks = load("source_networks")
    output = tmp_path / "networks.json"
    results = source_networks.empty_results()
    results["setups"]["adam"]["epochs"] = 1
    source_networks.write(results, output)
    with pytest.raises(SystemExit, match="made with other settings; delete it first"):
        source_networks.main(["--output", str(output)])


# --- what is stored


def test_stored_speeds_are_complete(speed):
    assert speed["images"] == 60_000
    assert speed["layers"] == [784, 128, 32, 128, 784]
    assert set(speed["packages"]) >= {"keras", "tensorflow", "numpy", "sklearn"}
    assert set(speed["seconds"]) == {"256", "32"}
    for batch_size, rows in speed["seconds"].items():
        assert set(rows) >= PEERS | FLOOR
        assert min(map(len, rows.values())) == max(map(len, rows.values())) >= 5
        assert set(speed["first_turn"][batch_size]) == set(rows)
        assert set(speed["loss_after_first_turn"][batch_size]) == set(rows)
    assert set(speed["small_run"]) == {"ours", "keras", "keras_jit"}
    assert set(speed["memory_growth_mib"]) == {"ours", "keras"}


def test_stored_ratios_follow_from_the_stored_rounds(speed):
    for batch_size, rows in speed["seconds"].items():
        for name, taken in rows.items():
            pairs = zip(taken, rows["ours"], strict=True)
            assert speed["summary"][batch_size][name] == pytest.approx(
                {
                    "median": statistics.median(taken),
                    "min": min(taken),
                    "max": max(taken),
                    "ratio": statistics.median(theirs / ours for theirs, ours in pairs),
                }
            )


def test_stored_contenders_learned_the_same(speed, load):
    for loss in speed["loss_after_first_turn"].values():
        load("training_speed").check_fair(loss)


def test_stored_networks_lack_no_seed_and_no_epoch(networks):
    assert set(networks["runs"]) == set(networks["setups"])
    for name, runs in networks["runs"].items():
        assert [run["seed"] for run in runs] == [0, 1, 2, 3, 4]
        epochs = networks["setups"][name]["epochs"]
        for run in runs:
            assert len(run["loss"]) == len(run["val_loss"]) == epochs
            assert run["seconds"] > 0


def test_stored_networks_tell_the_story_of_the_book(networks):
    def test_loss(name):
        return statistics.median(run["test_loss"] for run in networks["runs"][name])

    scores = networks["baselines"]
    mean_image = scores["mean_image_cross_entropy"]
    floor = scores["floor_cross_entropy"]
    # Adadelta as Keras sets it never gets below a picture that ignores its input.
    assert floor < test_loss("adam") < test_loss("adadelta_1") < mean_image
    assert mean_image < test_loss("adadelta_default")
    assert test_loss("source_0") < scores["pca32_mse"] / 1.5


@pytest.mark.parametrize("name", ["training_speed", "source_networks"])
def test_tables_come_from_the_stored_results(load, capsys, name):
    load(name).main(["--table"])
    lines = capsys.readouterr().out.strip().splitlines()
    assert all(line.startswith("|") or not line for line in lines)
    assert len(lines) > 8
