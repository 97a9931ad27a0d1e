"""The benchmarks run, and their stored results are whole and add up."""

import contextlib
import importlib
import io
import itertools
import json
from pathlib import Path
import statistics
import sys
from types import SimpleNamespace

from aebook import data, results
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
    return results.load("training_speed")


@pytest.fixture(scope="module")
def networks():
    return results.load("source_networks")


@pytest.fixture(scope="module")
def streamed():
    return results.load("streaming")


only_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells memory without file pages"
)

# --- they run


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@only_linux
@pytest.mark.slow
def test_streaming_trains_from_a_file_of_each_size(
    load, monkeypatch, capsys, tmp_path, digits
):
    streaming = load("streaming")

    def here(command, **_):  # a process for each size would import everything again
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            streaming.main(command[2:])
        return SimpleNamespace(stdout=out.getvalue())

    few = SimpleNamespace(x_train=digits[:200])
    monkeypatch.setattr(data, "load_mnist", lambda **_: few)
    monkeypatch.setattr(streaming, "subprocess", SimpleNamespace(run=here))
    monkeypatch.setattr(streaming, "QUICK", (300, 600))
    output = tmp_path / "streaming.json"
    streaming.main(["--quick", "--output", str(output)])
    printed = capsys.readouterr().out
    for images in (300, 600):
        assert f"{images} images" in printed
        assert f"| {images} | 0 |" in printed  # the file has less than a MiB
    assert not output.exists()


@only_linux
def test_streamed_files_repeat_the_digits(load, monkeypatch, tmp_path):
    streaming = load("streaming")
    x = np.arange(3 * 784).reshape(3, 784) % 256
    few = SimpleNamespace(x_train=(x / 255).astype(np.float32))
    monkeypatch.setattr(data, "load_mnist", lambda **_: few)
    streaming.write_images(tmp_path / "images", 7)
    written = np.fromfile(tmp_path / "images", np.uint8).reshape(-1, 784)
    np.testing.assert_array_equal(written, x[[0, 1, 2, 0, 1, 2, 0]])


@only_linux
@pytest.mark.slow
def test_peak_memory_counts_arrays_and_not_pages_of_a_file(load, tmp_path):
    streaming = load("streaming")
    size = 64 << 20
    path = tmp_path / "pages"
    path.write_bytes(bytes(size))
    before = streaming.own_memory()
    memory = streaming.PeakMemory()
    memory.start()
    mapped = np.memmap(path, np.uint8, "r")
    assert mapped.sum() == 0  # every page was read
    assert streaming.own_memory() - before < 16
    array = np.ones(size, np.uint8)
    assert memory.stop() - before > 60
    assert array[-1] == 1


@pytest.mark.filterwarnings(  # two steps are too few for a code
    "ignore::aebook.models.PosteriorCollapseWarning"
)
@pytest.mark.slow
def test_the_example_of_keras_io_trains_and_is_judged(
    load, monkeypatch, capsys, digits
):
    images = digits.reshape(-1, 28, 28)
    few = SimpleNamespace(x_train=images[:200], x_test=images[200:250])
    monkeypatch.setattr(data, "load_mnist", lambda **_: few)
    example = load("keras_io_vae")
    monkeypatch.setattr(sys, "argv", ["keras_io_vae.py", "--quick"])
    example.main()
    printed = capsys.readouterr().out
    result = json.loads(printed[printed.index("{\n") :])  # a line of Keras is before it
    assert (result["training_images"], result["epochs"]) == (200, 1)
    for part in ("training", "test"):
        terms = result[part]
        assert terms["loss"] == pytest.approx(
            terms["reconstruction"] + terms["kl"], abs=2e-3
        )


@pytest.mark.slow
def test_each_course_of_the_rate_is_run_at_each_peak(load, monkeypatch, capsys):
    courses = load("schedules")
    monkeypatch.setattr(courses, "PEAKS", (0.003, 0.01))
    courses.main(["--quick"])
    printed = capsys.readouterr().out.strip().splitlines()
    assert sum(row.startswith("10 ") for row in printed) == 6
    assert printed[-1].startswith("| 10 | warm-up, stable, decay | 0.0")


def test_a_course_is_shown_at_the_peak_whose_median_is_lowest(load):
    courses, runs = load("schedules"), []
    for name in courses.COURSES:
        for peak, errors in {0.1: [0.1, 0.9, 0.9], 0.2: [0.3, 0.2, 0.5]}.items():
            runs.append({"steps": 9, "course": name, "peak": peak, "errors": errors})
    last = courses.table({"runs": runs}).splitlines()[-1]
    assert last == "| 9 | warm-up, stable, decay | 0.2 | 0.3000 (0.2000 to 0.5000) |"


@pytest.mark.slow
def test_an_architecture_is_trained_and_judged(load):
    architectures, digits = load("architectures"), data.load_mnist(validation=100)
    few = digits._replace(x_test=digits.x_test[:50])
    pilot = architectures.train("recurrent", architectures.PILOT, 0.01, few, (100, 1))
    assert set(pilot) == {"architecture", "seed", "rate", "weights", "validation"}
    run = architectures.train("dense", 1, 0.01, few, (100, 1))
    assert run["weights"] == 419_120 and run["error"] < run["moved"]


def test_a_rate_is_doubled_until_it_is_worse_and_then_the_seeds_follow(load):
    architectures = load("architectures")
    found = {0.001: 3.0, 0.002: 1.0, 0.004: 2.0}
    runs, order = [], []
    while (missing := architectures.next_run(runs, "dense")) is not None:
        seed, rate = missing
        order.append(missing)
        score = {} if seed else {"validation": found[rate]}
        runs.append({"architecture": "dense", "seed": seed, "rate": rate, **score})
    assert order[:3] == [(0, 0.001), (0, 0.002), (0, 0.004)]
    assert order[3:] == [(seed, 0.002) for seed in architectures.SEEDS]


def test_moved_digits_are_black_where_they_were(load):
    architectures = load("architectures")
    x = np.ones((2, 28, 28))
    moved = architectures.moved(x)
    assert (moved[:, :, :4] == 0).all() and (moved[:, :, 4:] == 1).all()


@pytest.mark.slow
def test_a_code_size_is_trained_and_judged(load):
    sizes, digits = load("code_sizes"), data.load_mnist(validation=100)
    judge = sizes.Judge(digits._replace(x_test=digits.x_test[:50]))
    assert judge.right(judge.x).mean() > 0.9
    for network in (sizes.Network(2, "decoder"), sizes.Network(2, output="linear")):
        run = sizes.train(network, 1, digits, (1_000, 4), judge)
        assert sizes.Network(run["code"], run["hidden"], run["output"]) == network
        assert run["weights_to_draw"] == 2 * 128 + 128 + 128 * 784 + 784
        assert 0.05 < run["error"] < 0.09  # 0.23 untrained
        assert 0.05 < run["named"] < 0.6


def test_networks_without_a_layer_lack_just_that(load):
    sizes = load("code_sizes")
    built = {name: sizes.build(sizes.Network(2, name), 0) for name in sizes.HIDDEN}
    widths = {
        name: [
            [layer.units for layer in part.layers]
            for part in (model.encoder, model.decoder)
        ]
        for name, model in built.items()
    }
    assert widths == {
        "both": [[128, 2], [128, 784]],
        "encoder": [[128, 2], [784]],
        "decoder": [[2], [128, 784]],
        "none": [[2], [784]],
    }


def test_what_a_file_of_code_sizes_lacks_is_run_next(load):
    sizes, runs = load("code_sizes"), []
    while (missing := sizes.next_run(runs)) is not None:
        network, seed = missing
        runs.append({**network._asdict(), "seed": seed})
    assert len(runs) == len(sizes.NETWORKS) * len(sizes.SEEDS) == 33
    lost = runs.pop(12)
    assert sizes.next_run(runs) == (sizes.Network(4), lost["seed"])


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


def test_stored_courses_lack_no_run(load):
    courses, stored = load("schedules"), results.load("schedules")
    steps = [epochs * courses.IMAGES // courses.BATCH for epochs in courses.EPOCHS]
    found = [(run["steps"], run["course"], run["peak"]) for run in stored["runs"]]
    assert found == list(itertools.product(steps, courses.COURSES, courses.PEAKS))
    assert all(len(run["errors"]) == len(courses.SEEDS) for run in stored["runs"])


def test_stored_architectures_lack_no_run(load):
    architectures, stored = load("architectures"), results.load("architectures")
    for name in architectures.ARCHITECTURES:
        assert architectures.next_run(stored["runs"], name) is None
        runs = [r for r in stored["runs"] if r["architecture"] == name and r["seed"]]
        assert [run["seed"] for run in runs] == list(architectures.SEEDS)
        assert all(run["error"] < run["moved"] for run in runs)
    assert set(stored["seconds_per_epoch"]) == set(architectures.ARCHITECTURES)


def test_stored_code_sizes_lack_no_run(load):
    sizes, stored = load("code_sizes"), results.load("code_sizes")
    assert sizes.next_run(stored["runs"]) is None
    settings = stored["settings"]
    assert (settings["training_images"], settings["epochs"]) == sizes.FULL
    baselines = stored["baselines"]
    assert [*baselines["pca"]] == [*map(str, sizes.SIZES)]
    won = baselines["pca"]["64"]["named"] - baselines["originals_named"]
    assert won * settings["judged_images"] == pytest.approx(
        baselines["pca_won"] - baselines["pca_lost"]
    )


def test_stored_epochs_over_files_need_no_memory_for_the_file(streamed, load):
    assert set(streamed["sizes"]) == {str(n) for n in load("streaming").SIZES}
    for images, row in streamed["sizes"].items():
        assert row["file_mib"] == pytest.approx(int(images) * 784 / 2**20)
        assert row["images_a_second"] == pytest.approx(int(images) / row["seconds"])
        assert row["peak_memory_mib"] - row["memory_before_mib"] < 64
    # more steps, smaller error
    errors = [row["loss"] for row in streamed["sizes"].values()]
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("name", ["training_speed", "source_networks"])
def test_tables_come_from_the_stored_results(load, capsys, name):
    load(name).main(["--table"])
    lines = capsys.readouterr().out.strip().splitlines()
    assert all(line.startswith("|") or not line for line in lines)
    assert len(lines) > 8


def test_the_table_of_streaming_has_a_row_for_each_size(load, capsys, streamed):
    load("streaming").main(["--table"])
    lines = capsys.readouterr().out.strip().splitlines()
    assert sum(line.startswith("|") for line in lines) == 2 + len(streamed["sizes"])
    assert lines[-1] == f"Note: {streamed['note']}." or not streamed["note"]
