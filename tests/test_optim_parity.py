"""Each rule is the one of Keras, PyTorch and optax; where they part, by how much."""

import importlib
import importlib.util
import json
from pathlib import Path
import sys

from aebook.optim import RULES
import keras
import numpy as np
import pytest

pytest.importorskip("optax", reason="optax has no Windows builds")
ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
try:
    cases, parity, twins = map(importlib.import_module, ("cases", "parity", "twins"))
finally:
    sys.path.pop(0)

SHAPES = [(), (5,), (4, 3), (3, 3, 1, 2)]
GOLDENS = json.loads(parity.GOLDENS.read_text())
NEW = ("Muon", "ScheduleFreeAdamW")  # what Keras 3.12 lacks, or has otherwise
needs_new_keras = pytest.mark.skipif(
    not all(map(parity.keras_has, NEW)), reason=f"this Keras lacks {NEW} as they are"
)

needs_float64 = pytest.mark.skipif(
    keras.backend.backend() == "jax", reason="JAX computes in float32 unless told"
)

# Settings that float32 holds exactly, for Keras reads some of its constants as float32.
EXACT = {
    "learning_rate": 2**-4,
    "momentum": 1 - 2**-3,
    "rho": 1 - 2**-4,
    "beta_1": 1 - 2**-3,
    "beta_2": 1 - 2**-10,
    "epsilon": 2**-20,
    "weight_decay": 2**-3,
    "initial_accumulator_value": 2**-3,
}
TWINS = {
    "sgd": ("SGD", {}),
    "heavy_ball": ("SGD", {}),
    "nesterov": ("SGD", {"nesterov": True}),
    "adagrad": ("Adagrad", {}),
    "rmsprop": ("RMSprop", {}),
    "adadelta": ("Adadelta", {}),
    "adam": ("Adam", {}),
    "amsgrad": ("Adam", {"amsgrad": True}),
    "adamax": ("Adamax", {}),
    "nadam": ("Nadam", {}),
    "adamw": ("AdamW", {}),
    "lion": ("Lion", {}),
    "muon": ("Muon", {}),
}  # that of schedule_free_adamw is in test_schedule_free.py
TWINS = {name: twin for name, twin in TWINS.items() if parity.keras_has(twin[0])}


def names_of(function):
    """Return the hyper-parameters among the arguments of a function."""
    import inspect

    return set(inspect.signature(function).parameters) & set(EXACT)


def largest_difference(name, dtype, settings, steps=60, shapes=SHAPES):
    """Walk with ours and with Keras', by the same gradients, noise among them."""
    rule, rng = RULES[name], np.random.default_rng(0)
    twin, extra = TWINS[name]
    known = {k: settings[k] for k in names_of(rule.update) if k in settings}
    start = {k: settings[k] for k in names_of(rule.init) if k in settings}
    optimizer = getattr(keras.optimizers, twin)(**known, **start, **extra)
    weights = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    variables = [keras.Variable(w, dtype=dtype) for w in weights]
    states, apart = [rule.init(w, **start) for w in weights], 0.0
    for _ in range(steps):
        gradients = [(w + rng.normal(size=w.shape)).astype(dtype) for w in weights]
        tensors = [keras.ops.convert_to_tensor(g, dtype=dtype) for g in gradients]
        optimizer.apply(tensors, variables)
        for i, g in enumerate(gradients):
            step, states[i] = rule.update(g, states[i], weights[i], **known)
            weights[i] = weights[i] + step
            theirs = keras.ops.convert_to_numpy(variables[i].value)
            apart = max(apart, float(np.abs(theirs - weights[i]).max()))
    return apart


# --- Keras


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.slow
def test_a_rule_is_its_keras_twin_in_float32(name):
    # Measured in 200 steps: at most 1e-6, and 1.1e-5 for Muon: Newton-Schulz makes what
    # is small in the gradient up to 500 times as large, rounding with it.
    bound = 5e-5 if name == "muon" else 2e-6
    assert largest_difference(name, "float32", EXACT) < bound


@needs_float64
@pytest.mark.parametrize("name", [name for name in TWINS if name != "muon"])
@pytest.mark.slow
def test_a_rule_is_its_keras_twin_in_float64(name):
    # Nadam's 0.96 is not in EXACT: Keras reads it as float32.
    bound = 1e-7 if name == "nadam" else 1e-12
    assert largest_difference(name, "float64", EXACT, 100, [(4, 3)]) < bound


@needs_new_keras
@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="other backends mix dtypes"
)
def test_muon_of_keras_refuses_float64():
    with pytest.raises(Exception, match="expected to be a double tensor"):
        largest_difference("muon", "float64", EXACT, steps=1)


@pytest.mark.parametrize("name", TWINS)
def test_defaults_are_those_of_keras(name):
    keras_momentum = {"heavy_ball": {"momentum": 0.9}, "nesterov": {"momentum": 0.9}}
    # Measured: 6e-7. Momentum is the exception: Keras' SGD has none unless asked.
    settings = keras_momentum.get(name, {})
    assert largest_difference(name, "float32", settings, 20, [(4, 3)]) < 2e-6


@needs_float64
def test_keras_reads_its_betas_as_float32_and_steps_seven_millionths_short():
    variable = keras.Variable(np.zeros(1), dtype="float64")
    optimizer = keras.optimizers.Adam(learning_rate=2**-10, epsilon=2**-40)
    optimizer.apply([keras.ops.ones(1, "float64")], [variable])
    (theirs,) = keras.ops.convert_to_numpy(variable.value)
    beta_1, beta_2 = float(np.float32(0.9)), float(np.float32(0.999))
    first = 0.1 / (1 - beta_1) * np.sqrt((1 - beta_2) / 0.001)  # instead of 1
    assert theirs / -(2**-10) == pytest.approx(first, abs=1e-8)
    assert 1 - first == pytest.approx(6.7e-6, rel=0.01)


# --- PyTorch and optax


@pytest.fixture(scope="module")
def measured():
    return parity.measure(GOLDENS)


@pytest.fixture(scope="module")
def stored():
    return json.loads(parity.RESULTS.read_text())


# What no setting brings together; each has a row among the disagreements.
APART = {
    ("amsgrad", "optax"): "amsgrad_maximum",
    ("nadam", "optax"): "nadam_schedule",
    ("muon", "torch"): "muon_precision",
    ("muon", "optax"): "muon_precision",
}


@pytest.mark.parametrize("library", parity.LIBRARIES)
@pytest.mark.parametrize("name", RULES)
@pytest.mark.slow
def test_libraries_agree_but_where_the_book_says_so(measured, name, library):
    twin = cases.PARITY[name].keras[0]
    if library == "keras" and not parity.keras_has(twin):
        pytest.skip(f"this Keras has no {twin} as it is")
    distance = measured["parity"][name][library]
    if (name, library) in {("lion", "torch"), ("schedule_free_adamw", "torch")}:
        assert distance is None
    elif (name, library) in APART:
        assert APART[name, library] in cases.DISAGREEMENTS
        assert distance > 10 * parity.AGREE
    else:
        # At most 1e-5 is measured: Adam's, whose ε and β₂ the libraries round apart.
        assert distance < parity.AGREE


@pytest.mark.skipif(
    not importlib.util.find_spec("torch"), reason="the walks of PyTorch are stored"
)
def test_stored_walks_of_pytorch_are_those_of_pytorch():
    now = parity.torch_walks()
    assert set(now["walks"]) == set(GOLDENS["walks"])
    for name, walk in GOLDENS["walks"].items():
        bound = 5e-3 if "muon" in name else 1e-5  # bfloat16 rounds by 0.4 %
        np.testing.assert_allclose(now["walks"][name], walk, atol=bound)


# --- the size of each disagreement


def apart(measured, name, pair="keras-torch"):
    return measured["disagreements"][name]["apart"][pair]


def moved(measured, name):
    row = measured["disagreements"][name]["moved"]
    return [row.get(library) for library in parity.LIBRARIES]


def about(*numbers):
    return [None if n is None else pytest.approx(n, rel=0.02) for n in numbers]


@pytest.mark.slow
def test_adam_epsilon_outside_the_correction_slows_small_gradients(measured):
    # m̂/√v̂ = 1: Keras steps by 0.001 / (1 + ε/(√0.001 · 1e-6)), the others by
    # 0.001 / (1 + 1e-8/1e-6).
    keras_step = -1e-3 / (1 + 1e-7 / (0.001**0.5 * 1e-6))
    others = -1e-3 / 1.01
    assert moved(measured, "adam_small_gradient") == about(keras_step, others, others)
    assert keras_step == pytest.approx(-2.4e-4, rel=0.01)
    assert apart(measured, "adam_epsilon") == pytest.approx(0.36, rel=0.05)
    assert apart(measured, "adam_epsilon", "torch-optax") < 2e-5


@pytest.mark.slow
def test_rmsprop_epsilon_in_the_root_shortens_a_step_ten_times(measured):
    inside = -1e-3 * 1e-4 / (0.1 * 1e-8 + 1e-7) ** 0.5
    beside = -1e-3 * 1e-4 / ((0.1 * 1e-8) ** 0.5 + 1e-7)
    assert moved(measured, "rmsprop_epsilon") == about(inside, beside, inside)
    assert inside / beside == pytest.approx(0.1, rel=0.01)


@pytest.mark.slow
def test_rmsprop_defaults_differ_by_more_than_a_unit(measured):
    assert apart(measured, "rmsprop_rho") > 0.5


@pytest.mark.slow
def test_adagrad_starts_at_a_tenth_or_at_zero(measured):
    full, damped = -0.05, -0.05 * 0.1 / (0.1 + 0.01) ** 0.5
    assert moved(measured, "adagrad_start") == about(damped, full, damped)


@pytest.mark.slow
def test_adagrad_epsilon_stands_in_or_beside_the_root(measured):
    inside = -0.05 * 1e-4 / (1e-8 + 1e-7) ** 0.5
    assert moved(measured, "adagrad_epsilon") == about(inside, -0.05, inside)


@pytest.mark.slow
def test_adamax_epsilon_hardly_matters(measured):
    assert 1e-4 < apart(measured, "adamax_epsilon") < 1e-2


@pytest.mark.slow
def test_weight_decay_of_adam_is_decoupled_or_l2(measured):
    assert apart(measured, "adam_weight_decay") > 0.2


@pytest.mark.slow
def test_adam_with_decay_is_adamw_in_keras():
    case = cases.DISAGREEMENTS["adam_weight_decay"].case
    adamw = case._replace(keras=("AdamW", case.keras[1]))
    np.testing.assert_array_equal(*(twins.walk("keras", c) for c in (case, adamw)))


@pytest.mark.slow
def test_the_default_decay_of_adamw_differs(measured):
    for pair in ("keras-torch", "keras-optax", "torch-optax"):
        assert apart(measured, "adamw_decay", pair) > 1e-3


@pytest.mark.slow
def test_default_rates_differ(measured):
    assert moved(measured, "sgd_rate") == about(-0.01 * 0.1, -0.001 * 0.1, None)
    first = -((1e-6 / (0.1 * 0.01 + 1e-6)) ** 0.5) * 0.1  # ρ 0.9 and ε 1e-6, rate 1
    ours = -1e-3 * (1e-7 / (0.05 * 0.01 + 1e-7)) ** 0.5 * 0.1
    # optax without a rate hands out the step itself: added, it goes uphill
    assert moved(measured, "adadelta_rate") == about(ours, first, -first)


@pytest.mark.slow
def test_nadam_has_three_schedules(measured):
    for pair in ("keras-torch", "keras-optax", "torch-optax"):
        assert apart(measured, "nadam_schedule", pair) > 0.03
    assert measured["parity"]["nadam"]["torch"] < 2e-6  # with momentum_decay=1


@pytest.mark.slow
def test_amsgrad_of_optax_remembers_the_corrected_square(measured):
    ours, torch, optax = moved(measured, "amsgrad_maximum")
    assert ours == pytest.approx(torch, rel=1e-4)
    assert optax / ours == pytest.approx(0.51, abs=0.02)


@pytest.mark.slow
def test_momentum_differs_once_the_rate_falls(measured):
    assert apart(measured, "heavy_ball_schedule") > 0.3
    assert apart(measured, "heavy_ball_schedule", "torch-optax") < 2e-6


@needs_new_keras
@pytest.mark.slow
def test_muon_gives_convolution_kernels_to_adamw():
    case = cases.DISAGREEMENTS["muon_kernels"].case
    settings = {"learning_rate": 0.05, "weight_decay": 0.0}
    adamw = case._replace(keras=("AdamW", settings))
    np.testing.assert_allclose(
        *(twins.walk("keras", c) for c in (case, adamw)), atol=1e-6
    )


@needs_new_keras
@pytest.mark.slow
def test_muon_differs_by_precision_mix_and_size(measured):
    assert 5e-4 < apart(measured, "muon_precision") < 1e-2  # bfloat16
    assert 1e-4 < apart(measured, "muon_precision", "keras-optax") < 1e-2
    assert apart(measured, "muon_kernels", "keras-optax") > 0.01
    assert apart(measured, "muon_scale") > 1


@needs_new_keras
@pytest.mark.slow
def test_schedule_free_differs_by_point_average_and_decay(measured):
    for name in ("point", "backend", "warmup", "decay"):
        assert apart(measured, f"schedule_free_{name}", "keras-optax") > 0.02


# --- what is stored


@needs_new_keras
@pytest.mark.slow
def test_stored_differences_are_measured_again(measured, stored):
    assert list(stored["parity"]) == list(RULES)
    assert list(stored["disagreements"]) == list(cases.DISAGREEMENTS)
    for name, row in stored["parity"].items():
        for library, distance in row.items():
            # Rounding differs between processors; a star comes from 10 times as much.
            expected = None if distance is None else pytest.approx(distance, 0.1, 1e-5)
            assert measured["parity"][name][library] == expected
    for name, row in stored["disagreements"].items():
        now = measured["disagreements"][name]
        assert now["apart"] == pytest.approx(row["apart"], rel=0.1, abs=1e-5)
        assert now["moved"] == pytest.approx(row["moved"], rel=1e-3)


def test_stored_walks_name_the_pytorch_of_the_results(stored):
    assert stored["packages"]["torch"] == GOLDENS["torch"]


def test_the_page_of_disagreements_is_made_from_the_results(stored):
    page = parity.RESULTS.with_name("disagreements.md").read_text(encoding="utf-8")
    assert page == parity.disagreements(stored) + "\n"
    assert len(page.splitlines()) == 4 + len(cases.DISAGREEMENTS)


def test_the_table_stars_what_disagrees(stored, capsys):
    parity.main(["--table"])
    printed = capsys.readouterr().out
    rows = {
        line.split(" | ")[0].strip("| "): line
        for line in parity.table(stored).split("\n")
    }
    assert set(RULES) <= set(rows)
    for (name, _), row in APART.items():
        assert "*" in rows[name]
        assert cases.DISAGREEMENTS[row].what in printed
    assert "*" not in rows["adam"]


@pytest.mark.slow
def test_the_script_does_without_pytorch(monkeypatch, capsys, tmp_path, measured):
    monkeypatch.setattr(parity.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(parity, "measure", lambda goldens: measured)
    parity.main(["--output", str(tmp_path / "parity.json")])
    assert "PyTorch is not installed: its column comes" in capsys.readouterr().out
    assert (tmp_path / "disagreements.md").exists()
