"""The comparison of optimizers is fair, resumable, and adds up."""

import importlib
import json
import math
from pathlib import Path

from aebook import results
import keras
import numpy as np
import pytest

BENCHMARK = Path(__file__).parent.parent / "benchmarks" / "optimizers"
RESULTS = BENCHMARK.parent / "results" / "optimizers"
PROBLEMS = {"source", "source_sum", "vae", "deep"}
OPTIMIZERS = {
    *("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta"),
    *("adam", "nadam", "adamw", "lion", "muon", "schedule_free", "schedule_free_keras"),
}


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARK))
    return importlib.import_module


@pytest.fixture
def images(load, digits):
    return load("problems").Digits(digits[:300], digits[300:400], digits[400:500])


@pytest.fixture
def tiny(load):
    def make(name, steps=6):
        problem = load("problems").PROBLEMS[name]
        return problem._replace(
            hidden=(12,), latent=3, batch_size=50, steps=steps, points=3
        )

    return make


@pytest.fixture(scope="module")
def stored():
    return results.load("optimizers/summary")


# --- the protocol is fair


def test_every_optimizer_gets_as_many_rates_a_half_decade_apart(load):
    rules = load("rules")
    assert set(rules.RULES) == OPTIMIZERS
    assert set(load("problems").PROBLEMS) == PROBLEMS
    for optimizer in OPTIMIZERS:
        for problem in PROBLEMS:
            grid = rules.rates(optimizer, problem)
            assert len(grid) == rules.RATES == 6
            ratios = np.divide(grid[1:], grid[:-1])
            np.testing.assert_allclose(ratios, math.sqrt(10), rtol=2e-4)


@pytest.mark.slow
def test_every_run_warms_up_and_then_decays_to_zero(load):
    schedule = load("rules").Schedule(steps=100, decays=True)
    schedule.peak.assign(2.0)
    rate = [float(schedule(step)) for step in range(101)]
    np.testing.assert_allclose(rate[:6], [0, 0.4, 0.8, 1.2, 1.6, 2.0], rtol=1e-6)
    k = np.arange(96)
    cosine = 1 + np.cos(np.pi * k / 95)  # 2 · (1 + cos) / 2
    np.testing.assert_allclose(rate[5:], cosine, atol=1e-6)


def test_schedule_free_keeps_its_rate_after_the_warm_up(load):
    schedule = load("rules").Schedule(steps=100, decays=False)
    schedule.peak.assign(2.0)
    rate = [float(schedule(step)) for step in (0, 1, 5, 50, 99)]
    np.testing.assert_allclose(rate, [0, 0.4, 2, 2, 2], rtol=1e-6)


@pytest.mark.slow
def test_only_the_rate_differs_from_what_keras_sets(load):
    rules = load("rules")
    changed = {
        "momentum": {"momentum": 0.9},
        "nesterov": {"momentum": 0.9, "nesterov": True},
    }
    for name, rule in rules.RULES.items():
        if name == "schedule_free_keras" and not hasattr(
            keras.optimizers, "ScheduleFreeAdamW"
        ):
            continue  # Keras before 3.14
        defaults = type(rule.make(1.0))(1.0).get_config()
        expected = {**defaults, **changed.get(name, {})}
        assert rules.hyper(name).items() <= expected.items(), name


# --- one run


@pytest.mark.parametrize(
    ("problem", "optimizer"), [("source", "nadam"), ("vae", "adagrad")]
)
@pytest.mark.slow
def test_a_run_is_what_keras_does_batch_by_batch(
    load, images, tiny, problem, optimizer
):
    settings = tiny(problem)
    trial = load("trial").Trial(settings, optimizer, images)
    trial.run(0.1, seed=1, final=False)  # leaves nothing behind
    result = trial.run(0.01, seed=2, final=True)

    def evaluate(part):
        logs = model.evaluate(part, batch_size=100, verbose=0, return_dict=True)
        return logs["loss"]

    model, schedule = trial._new(seed=2)
    schedule.peak.assign(0.01)
    losses = [evaluate(images.validation)]  # with a Gaussian code this draws noise
    for step, rows in enumerate(trial._order(2).numpy(), start=1):
        model.train_on_batch(images.train[rows])
        if step % 2 == 0:
            losses.append(evaluate(images.validation))
    assert result["curve"]["step"] == [0, 2, 4, 6]
    assert result["curve"]["validation"] == pytest.approx(losses, rel=1e-5)
    assert result["validation_loss"] == result["curve"]["validation"][-1]
    assert result["test_loss"] == pytest.approx(evaluate(images.test), rel=1e-5)
    assert result["status"] == "finished"


@pytest.mark.slow
def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(
    load, images, tiny
):
    trial = load("trial").Trial(tiny("vae"), "schedule_free", images)
    timed = {"seconds"}
    once, other, again = (
        {k: v for k, v in trial.run(0.01, seed, final=True).items() if k not in timed}
        for seed in (1, 2, 1)
    )
    assert once == again
    assert once["curve"]["train"] != other["curve"]["train"]


@pytest.mark.slow
def test_schedule_free_is_judged_at_the_mean_of_its_path(load, images, tiny):
    trial = load("trial").Trial(tiny("source"), "schedule_free", images)
    trial._restart(0.03, seed=1)
    order, path = trial._order(1), []
    for step in range(len(order)):
        trial.steps(trial.data["train"], order, step, step + 1)
        path.append([z.numpy() for z in trial.model.optimizer._momentums])
    y = [w.numpy() for w in trial.model.trainable_variables]
    with trial._weights_for_use():
        for x, *z in zip(trial.model.trainable_variables, *path, strict=True):
            np.testing.assert_allclose(x.numpy(), np.mean(z, axis=0), atol=1e-6)
    for before, after in zip(y, trial.model.trainable_variables, strict=True):
        np.testing.assert_array_equal(before, after.numpy())


@pytest.mark.slow
def test_divergence_ends_the_run_and_is_recorded(load, images, tiny):
    trial = load("trial").Trial(tiny("source"), "sgd", images)
    result = trial.run(1e38, seed=1, final=True)
    assert result["status"] == "diverged"
    assert result["validation_loss"] is None and result["test_loss"] is None
    assert result["curve"]["step"][-1] < 6
    json.dumps(result, allow_nan=False)
    assert trial.run(0.1, seed=1, final=True)["status"] == "finished"


# --- all runs


@pytest.fixture
def plan(load, monkeypatch, images, tmp_path):
    """A plan whose runs cost nothing: the loss is the distance to the rate 0.01."""
    run, plans = load("run"), load("plans")

    class Free:
        done = 0

        def __init__(self, problem, optimizer, images):
            self.optimizer = optimizer

        def run(self, rate, seed, final):
            if Free.done == Free.stop_after:
                raise KeyboardInterrupt
            Free.done += 1
            loss = None if rate > 0.5 else round(abs(math.log(rate / 0.01)) + seed, 6)
            curve = {"step": [0, 5], "train": [None, loss], "validation": [9.0, loss]}
            return {
                "rate": rate,
                "seed": seed,
                "validation_loss": loss,
                "status": "diverged" if loss is None else "finished",
                "test_loss": loss if final else None,
                "seconds": 1.0,
                "compile_seconds": 0.1,
                "curve": curve,
            }

    Free.stop_after = math.inf
    monkeypatch.setattr(run, "fresh_trial", Free)
    monkeypatch.setattr(plans, "digits", lambda: images)
    grids = {("source", "adam"): [0.001, 0.01, 1.0], ("vae", "sgd"): [0.1, 1.0, 10.0]}
    problems = load("problems").PROBLEMS
    return plans.Plan(tmp_path, problems, grids, (1, 2), images), Free


def test_a_stopped_comparison_goes_on_where_it_was(load, plan, capsys):
    run, (plan, free) = load("run"), plan
    free.stop_after = 4
    run.follow(plan)
    assert "stopped; the next call goes on from here" in capsys.readouterr().out
    files = sorted(plan.folder.glob("runs/*"))
    assert [file.name for file in files] == [
        "source-adam-seed0-rate0.001.json",
        "source-adam-seed0-rate0.01.json",
        "source-adam-seed0-rate1.json",
        "source-adam-seed1-rate0.01.json",
    ]
    before = [file.stat().st_mtime_ns for file in files]
    free.stop_after = math.inf
    run.follow(plan)
    assert "6 of 10 runs to do" in capsys.readouterr().out
    assert (
        len(list(plan.folder.glob("runs/*")))
        == len(load("plans").jobs(plan))
        == free.done
    )
    assert before == [file.stat().st_mtime_ns for file in files]
    assert (plan.folder / "runs" / "vae-sgd-seed2-rate0.1.json").exists()
    run.follow(plan)
    assert "0 of 10 runs to do" in capsys.readouterr().out


@pytest.mark.skipif(
    not hasattr(keras.optimizers, "ScheduleFreeAdamW"), reason="Keras before 3.14"
)
def test_runs_of_other_settings_are_not_mixed_in(load, plan):
    run, (plan, _) = load("run"), plan
    long = {name: of.problem for name, of in load("problems").LONG.items()}
    all_problems = {**plan.problems, **long}
    plan = plan._replace(problems=all_problems)
    run.check_settings(plan)
    run.check_settings(plan)
    longer = plan.problems["vae"]._replace(steps=9)
    with pytest.raises(SystemExit, match="has another vae; delete its runs first"):
        run.check_settings(plan._replace(problems={**all_problems, "vae": longer}))


def test_the_quick_comparison_trains_every_optimizer(load, plan, monkeypatch, capsys):
    run, (_, free) = load("run"), plan
    run.main(["--quick"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + free.done == 1 + len(OPTIMIZERS) * len(PROBLEMS) * 3


# --- the summary


def test_a_performance_profile_counted_by_hand(load):
    report = load("report")
    a, b, c = ("vae", 1), ("vae", 2), ("deep", 1)
    profile = report.performance_profile(
        {"fast": {a: 10, b: 40, c: None}, "slow": {a: 20, b: 20, c: None}}
    )
    at = dict(zip(report.TAUS, zip(*profile.values(), strict=True), strict=True))
    assert at[1.0] == (1 / 3, 1 / 3)  # each is the fastest once; c is never solved
    assert at[1.5] == (1 / 3, 1 / 3)
    assert at[2.0] == (2 / 3, 2 / 3)
    assert at[16.0] == (2 / 3, 2 / 3)


def test_a_summary_worked_out_by_hand(load):
    def made(seed, rate, test, steps=(0, 5), validation=(9.0, 1.0)):
        curve = {"step": steps, "train": [None, 2.0], "validation": validation}
        return {
            "seed": seed,
            "rate": rate,
            "validation_loss": validation[-1],
            "test_loss": test,
            "curve": curve,
            "seconds": seed,
        }

    search = [
        made(0, 0.1, None, validation=(9.0, None)),
        made(0, 0.01, None, validation=(9.0, 3.0)),
        made(0, 0.001, None, validation=(9.0, 4.0)),
    ]
    final = [
        made(3, 0.01, None, validation=(9.0, None)),
        made(1, 0.01, 8.0, validation=(9.0, 2.0)),
        made(2, 0.01, 1.5, validation=(9.0, 1.5)),
    ]
    row = load("report").row(search, final, target=2.0, plateau=8.0)
    assert row == {
        "best_rate": 0.01,
        "on_edge": False,
        "search": [[0.001, 4.0], [0.01, 3.0], [0.1, "diverged"]],
        "seeds": [1, 2, 3],
        "test_losses": [8.0, 1.5, None],
        "validation_losses": [2.0, 1.5, None],
        "train_losses": [2.0, 2.0, 2.0],
        "median": 8.0,
        "min": 1.5,
        "max": None,
        "diverged": 1,
        "no_better": 2,  # the mean image's score, and the one that diverged
        "steps_to_target": [5, 5, None],
        "seconds": 2,
    }
    assert load("report").row(search[:2], final, 2.0, 8.0)["on_edge"]


def test_a_summary_of_files_leaves_out_what_is_not_of_the_comparison(load, plan):
    run, store, (plan, _) = load("run"), load("store"), plan
    run.follow(plan)
    stray = store.read(plan.folder / "runs" / "vae-sgd-seed1-rate0.1.json")
    store.write(
        {**stray, "rate": 5.0, "test_loss": 0.0},  # left from another grid
        plan.folder / "runs" / "vae-sgd-seed1-rate5.json",
    )
    names = {"source": ["adam"], "vae": ["sgd"]}
    settings = {
        "search_seed": 0,
        "seeds": [1, 2],
        "optimizers": {"adam": {"label": "Adam"}, "sgd": {"label": "SGD"}},
        "problems": {
            name: {"label": name, "loss": "sse", "steps": 5, "target": 3.5}
            for name in names
        },
        "rates": {
            "source": {"adam": [0.001, 0.01, 1.0], "sgd": []},
            "vae": {"adam": [], "sgd": [0.1, 1.0, 10.0]},
        },
    }
    store.write(settings, plan.folder / "settings.json")
    scores = {"mean_image_validation": 9.0, "mean_image_test": 4.0, "pca_test": 1.0}
    store.write(dict.fromkeys(names, scores), plan.folder / "baselines.json")
    store.write({"summary": {"vae": {"sgd": 1.0}}}, plan.folder / "timing.json")

    summary = load("report").summarise(plan.folder)
    adam = summary["problems"]["source"]["optimizers"]["adam"]
    sgd = summary["problems"]["vae"]["optimizers"]["sgd"]
    assert (adam["best_rate"], adam["on_edge"]) == (0.01, False)
    assert (sgd["best_rate"], sgd["on_edge"]) == (0.1, True)
    assert adam["test_losses"] == [1.0, 2.0]  # log(rate / 0.01) is 0; plus the seed
    assert sgd["test_losses"] == pytest.approx([3.302585, 4.302585])
    assert sgd["search"][1:] == [[1.0, "diverged"], [10.0, "diverged"]]
    assert sgd["steps_to_target"] == [5, None]
    assert (sgd["no_better"], adam["no_better"]) == (1, 0)  # 4.3 > 0.95 · 4
    assert (sgd["relative_seconds"], adam["relative_seconds"]) == (1.0, None)
    assert summary["profile"]["adam"] == [0.5] * len(summary["tau"])
    assert summary["profile"]["sgd"] == [0.25] * len(summary["tau"])
    page = load("report").tables(summary)["source"]
    assert "| Adam | 0.01 | **1.50** | 1.00 | 2.00 | 0 of 2 | **5** | – |" in page
    both = {**summary["problems"]["vae"], "optimizers": {"sgd": sgd, "adam": adam}}
    page = load("tables").problem_table(both, {"sgd": "SGD", "adam": "Adam"})
    assert page.index("| Adam") < page.index("| SGD")  # the better median first


def test_a_column_has_even_decimals_and_marks_every_lowest(load):
    column = load("tables").column
    assert column([1.204, 1.2, None, 10], 2, "never", mark=True) == [
        *("**1.20**", "**1.20**", "never", "10.00")
    ]
    assert column([2, 1], 0) == ["2", "1"]
    assert column([None, float("inf")], 1, mark=True) == ["–", "–"]


@pytest.mark.parametrize(
    ("value", "written"), [(10**-4.5, "0.000032"), (10**1.5, "32"), (0.01, "0.01")]
)
def test_a_rate_is_written_with_two_digits(load, value, written):
    assert load("tables").rate(value) == written


def _variances(x):
    """Return the variance along each principal axis."""
    return np.linalg.svd(x - x.mean(axis=0), compute_uv=False) ** 2 / len(x)


def test_the_pca_baseline_is_the_variance_left_over(load, images):
    problem = load("problems").PROBLEMS["deep"]._replace(latent=5)
    train_twice = images._replace(test=images.train)
    scores = load("baselines").scores(problem, train_twice)
    spectrum = _variances(images.train)
    assert scores["pca_test"] == pytest.approx(spectrum[5:].sum(), rel=1e-4)
    assert scores["mean_image_test"] == pytest.approx(spectrum.sum(), rel=1e-4)


def test_a_new_problem_gets_its_baselines(load, plan, monkeypatch):
    run, store, (plan, _) = load("run"), load("store"), plan
    monkeypatch.setattr(run, "scores", lambda problem, images: {"pca_test": 1.0})
    plan.folder.mkdir(exist_ok=True)
    store.write({"vae": {"pca_test": 2.0}}, plan.folder / "baselines.json")
    run.store_baselines(plan)
    found = store.read(plan.folder / "baselines.json")
    assert set(found) == PROBLEMS
    assert (found["vae"]["pca_test"], found["source_sum"]["pca_test"]) == (2.0, 1.0)


def test_timing_is_relative_to_sgd_in_the_same_round(load):
    rows = {"sgd": [1.0, 4.0, 2.0], "muon": [3.0, 8.0, 5.0]}
    assert load("timing").relative(rows) == {"sgd": 1.0, "muon": 2.5}


@pytest.mark.slow
def test_a_timed_turn_takes_time(load, images, tiny):
    trial = load("trial").Trial(tiny("source"), "sgd", images)
    assert 0 < trial.seconds_a_step() < 10


# --- the two questions after it


def test_adam_gets_its_rate_before_its_other_seeds(load):
    followup, runs, order = load("followup"), [], []
    errors = dict(zip(followup.RATES, (30.0, 20.0), strict=True))
    while jobs := followup.missing(runs):
        variant, rate, seed = jobs[0]
        order.append(jobs[0])
        run = {"variant": variant, "rate": rate, "seed": seed}
        runs.append({**run, "validation_loss": errors.get(rate, 50.0)})
    first, second = followup.RATES
    others = [("Adam", second, seed) for seed in followup.ADAM_SEEDS[1:]]
    assert order[:2] == [("Adam", first, 0), ("Adam", second, 0)]
    assert order[len(order) - len(others) :] == others
    adagrad = [job for job in order if job[0] in followup.ADAGRAD]
    assert len(adagrad) == len(order) - 2 - len(others)
    assert len(adagrad) == len(followup.ADAGRAD) * len(followup.ADAGRAD_SEEDS)


@pytest.mark.slow
def test_adagrad_of_the_follow_up_differs_in_start_and_warm_up_alone(
    load, images, tiny
):
    followup, problem = load("followup"), tiny("deep", steps=20)
    usual = load("trial").Trial(problem, "adagrad", images).run(0.1, 1, final=False)
    same = followup.Adagrad(problem, images, 0.1, 0.05).run(0.1, 1, final=False)
    assert same["curve"] == usual["curve"]
    for start, warm_up in followup.ADAGRAD.values():
        other = followup.Adagrad(problem, images, start, warm_up)
        assert other.run(0.1, 1, final=False)["curve"] != usual["curve"]


@pytest.mark.slow
def test_the_quick_follow_up_does_every_run(load, capsys):
    followup = load("followup")
    followup.main(["--quick"])
    lines = capsys.readouterr().out.strip().splitlines()
    adam, adagrad = len(followup.ADAM_SEEDS), len(followup.ADAGRAD_SEEDS)
    assert len(lines) == 1 + adam + len(followup.ADAGRAD) * adagrad


# --- what is stored


def test_no_run_of_the_follow_up_is_missing(load):
    followup, runs = load("followup"), results.load("optimizers/followup")["runs"]
    assert followup.missing(runs) == []
    steps = load("problems").PROBLEMS["deep"].steps
    for run in runs:
        times = followup.TIMES if run["variant"] == "Adam" else 1
        assert run["curve"]["step"][-1] == run["steps"] == times * steps


def test_no_stored_run_is_missing(load, stored):
    settings = load("store").read(RESULTS / "settings.json")
    rules = load("rules")
    assert set(stored["problems"]) == PROBLEMS
    for name, problem in stored["problems"].items():
        assert set(problem["optimizers"]) == OPTIMIZERS
        for optimizer, row in problem["optimizers"].items():
            assert settings["rates"][name][optimizer] == rules.rates(optimizer, name)
            assert [rate for rate, _ in row["search"]] == rules.rates(optimizer, name)
            assert row["seeds"] == settings["seeds"] == [1, 2, 3, 4, 5]
    long = load("problems").LONG
    assert set(stored["long"]) == set(long)
    for name, row in stored["long"].items():
        assert row["seeds"] == list(long[name].seeds)
        assert row["diverged"] == 0


def test_the_stored_summary_follows_from_the_stored_runs(load, stored):
    assert load("report").summarise(RESULTS) == stored


def test_the_profile_counts_each_network_once(load, stored):
    three = [stored["problems"][name]["profile"] for name in ("source", "vae", "deep")]
    for optimizer, shares in stored["profile"].items():
        assert shares == pytest.approx(np.mean([of[optimizer] for of in three], axis=0))


def test_the_stored_tables_follow_from_the_stored_summary(load, stored):
    for name, table in load("report").tables(stored).items():
        assert results.table(f"optimizers/{name}") == table


def test_the_stored_runs_were_made_with_these_settings(load, stored):
    settings = load("store").read(RESULTS / "settings.json")
    long = {name: of.problem for name, of in load("problems").LONG.items()}
    problems = {**load("problems").PROBLEMS, **long}
    assert settings["problems"] == {
        name: {**problem._asdict(), "hidden": list(problem.hidden)}
        for name, problem in problems.items()
    }


def test_stored_runs_are_compact():
    size = sum(file.stat().st_size for file in RESULTS.rglob("*.json"))
    assert size < 2_000_000
