"""Which optimizer of which library is the twin of which rule, and where they differ."""

from __future__ import annotations

from typing import NamedTuple

from twins import Case

RATE = 0.05
LR, RATED = {"lr": RATE}, {"learning_rate": RATE}
OPTAX = RATED
EPS = 1e-8  # small enough that its place does not matter on the bowl
OURS = {**RATED, "epsilon": EPS}
TORCH = {**LR, "eps": EPS}
JAX = {**OPTAX, "eps": EPS}
MOMENTUM = {"momentum": 0.9}


def _nesterov(settings: dict) -> dict:
    return {**settings, **MOMENTUM, "nesterov": True}


PARITY = {
    "sgd": Case("sgd", RATED, ("SGD", RATED), ("SGD", LR), ("sgd", OPTAX)),
    "heavy_ball": Case(
        "heavy_ball",
        RATED,
        ("SGD", RATED | MOMENTUM),
        ("SGD", LR | MOMENTUM),
        ("sgd", OPTAX | MOMENTUM),
    ),
    "nesterov": Case(
        "nesterov",
        RATED,
        ("SGD", _nesterov(RATED)),
        ("SGD", _nesterov(LR)),
        ("sgd", _nesterov(OPTAX)),
    ),
    "adagrad": Case(
        "adagrad",
        OURS,
        ("Adagrad", OURS),
        ("Adagrad", TORCH | {"initial_accumulator_value": 0.1}),
        ("adagrad", JAX),
    ),
    "rmsprop": Case(
        "rmsprop",
        RATED | {"epsilon": 1e-16},
        ("RMSprop", RATED | {"epsilon": 1e-16}),
        ("RMSprop", TORCH | {"alpha": 0.9}),  # beside the root: 1e-8 again
        ("rmsprop", OPTAX | {"eps": 1e-16}),
    ),
    "adadelta": Case(
        "adadelta",
        {"learning_rate": 1.0, "epsilon": 1e-6},
        ("Adadelta", {"learning_rate": 1.0, "epsilon": 1e-6}),
        ("Adadelta", {"lr": 1.0, "rho": 0.95, "eps": 1e-6}),
        ("adadelta", {"learning_rate": 1.0, "rho": 0.95, "eps": 1e-6}),
    ),
    "adam": Case("adam", OURS, ("Adam", OURS), ("Adam", TORCH), ("adam", JAX)),
    "amsgrad": Case(
        "amsgrad",
        OURS,
        ("Adam", OURS | {"amsgrad": True}),
        ("Adam", TORCH | {"amsgrad": True}),
        ("amsgrad", JAX),
    ),
    "adamax": Case(
        "adamax", OURS, ("Adamax", OURS), ("Adamax", TORCH), ("adamax", JAX)
    ),
    "nadam": Case(
        "nadam",
        OURS,
        ("Nadam", OURS),
        ("NAdam", TORCH | {"momentum_decay": 1.0}),
        ("nadam", JAX),
    ),
    "adamw": Case(
        "adamw",
        OURS | {"weight_decay": 0.1},
        ("AdamW", OURS | {"weight_decay": 0.1}),
        ("AdamW", TORCH | {"weight_decay": 0.1}),
        ("adamw", JAX | {"weight_decay": 0.1}),
    ),
    "lion": Case(
        "lion",
        {"learning_rate": 0.01, "weight_decay": 0.1},
        ("Lion", {"learning_rate": 0.01, "weight_decay": 0.1}),
        None,
        ("lion", {"learning_rate": 0.01, "weight_decay": 0.1}),
    ),
    "muon": Case(
        "muon",
        RATED | {"weight_decay": 0.1},
        ("Muon", RATED | {"weight_decay": 0.1}),
        ("Muon", LR | {"weight_decay": 0.1, "adjust_lr_fn": "match_rms_adamw"}),
        ("muon", OPTAX | {"weight_decay": 0.1, "consistent_rms": 0.2}),
    ),
    "schedule_free_adamw": Case(
        "schedule_free_adamw",
        OURS,
        ("ScheduleFreeAdamW", OURS),
        None,
        ("schedule_free_adamw", JAX),
        backend="jax",  # on TensorFlow y is the average: see DISAGREEMENTS
    ),
}


class Disagreement(NamedTuple):
    """Where libraries part, with one case that shows it."""

    what: str
    setting: str
    case: Case
    keras: str = "–"
    torch: str = "–"
    optax: str = "–"


def _falling(step: int) -> float:
    return 0.1 if step < 25 else 0.01


def _all(ours: dict, keras: str, torch: str, optax: str) -> dict:
    """Return settings with the rate 0.05 under the names of each library."""
    return {
        "aebook": RATED | ours,
        "keras": (keras, RATED | ours),
        "torch": (torch, LR),
        "optax": (optax, OPTAX),
    }


LARGE = {"epsilon": 1e-2}
DECAY = {"weight_decay": 0.1}
SHORT = "bowl, 50 steps"

DISAGREEMENTS = {
    "adam_epsilon": Disagreement(
        "Adam: which root ε joins",
        "ε = 0.01, rate 0.05, 50 steps",
        Case(
            "adam",
            RATED | LARGE,
            ("Adam", RATED | LARGE),
            ("Adam", LR | {"eps": 1e-2}),
            ("adam", OPTAX | {"eps": 1e-2}),
            SHORT,
        ),
        "√s + ε, before the correction",
        "√ŝ + ε, after it",
        "√ŝ + ε, after it",
    ),
    "adam_small_gradient": Disagreement(
        "Adam: first step of a small gradient",
        "g = 1e-6, rate 0.001, each library's own ε",
        Case(
            "adam",
            {},
            ("Adam", {}),
            ("Adam", {}),
            ("adam", {"learning_rate": 1e-3}),
            "g = 1e-6",
        ),
        "ε = 1e-7",
        "ε = 1e-8",
        "ε = 1e-8",
    ),
    "rmsprop_epsilon": Disagreement(
        "RMSprop: ε in or beside the root",
        "first step, g = 1e-4, ε = 1e-7, rate 0.001",
        Case(
            "rmsprop",
            {},
            ("RMSprop", {}),
            ("RMSprop", {"lr": 1e-3, "alpha": 0.9, "eps": 1e-7}),
            ("rmsprop", {"learning_rate": 1e-3, "eps": 1e-7}),
            "g = 1e-4",
        ),
        "√(s + ε)",
        "√s + ε",
        "√(s + ε), or √s + ε on request",
    ),
    "rmsprop_rho": Disagreement(
        "RMSprop: default ρ and ε",
        "rate 0.05, 50 steps",
        Case("rmsprop", **_all({}, "RMSprop", "RMSprop", "rmsprop"), ground=SHORT),
        "ρ = 0.9, ε = 1e-7",
        "ρ = 0.99, ε = 1e-8",
        "ρ = 0.9, ε = 1e-8",
    ),
    "adagrad_start": Disagreement(
        "Adagrad: where the sum of squares starts",
        "first step, g = 0.1, rate 0.05",
        Case("adagrad", **_all({}, "Adagrad", "Adagrad", "adagrad"), ground="g = 0.1"),
        "0.1",
        "0",
        "0.1",
    ),
    "adagrad_epsilon": Disagreement(
        "Adagrad: ε in or beside the root",
        "first step, g = 1e-4, ε = 1e-7, start 0, rate 0.05",
        Case(
            "adagrad",
            RATED | {"initial_accumulator_value": 0.0},
            ("Adagrad", RATED | {"initial_accumulator_value": 0.0}),
            ("Adagrad", LR | {"eps": 1e-7}),
            ("adagrad", OPTAX | {"initial_accumulator_value": 0.0, "eps": 1e-7}),
            "g = 1e-4",
        ),
        "√(s + ε)",
        "√s + ε",
        "√(s + ε)",
    ),
    "adamax_epsilon": Disagreement(
        "AdaMax: ε beside or inside the maximum",
        "ε = 0.01, rate 0.05, 50 steps",
        Case(
            "adamax",
            RATED | LARGE,
            ("Adamax", RATED | LARGE),
            ("Adamax", LR | {"eps": 1e-2}),
            ("adamax", OPTAX | {"eps": 1e-2}),
            SHORT,
        ),
        "max(β₂u, abs g) + ε",
        "max(β₂u, abs g + ε)",
        "max(β₂u, abs g + ε)",
    ),
    "adam_weight_decay": Disagreement(
        "`Adam(weight_decay=)`",
        "λ = 0.1, rate 0.05, 50 steps",
        Case(
            "adamw",
            OURS | DECAY,
            ("Adam", OURS | DECAY),
            ("Adam", TORCH | DECAY),
            ground=SHORT,
        ),
        "decoupled: the same as AdamW",
        "L2: λw joins the gradient",
        "Adam takes none",
    ),
    "adamw_decay": Disagreement(
        "AdamW: default λ",
        "rate 0.05, 50 steps",
        Case("adamw", **_all({}, "AdamW", "AdamW", "adamw"), ground=SHORT),
        "0.004",
        "0.01",
        "0.0001",
    ),
    "sgd_rate": Disagreement(
        "Gradient descent: default rate",
        "one step, g = 0.1",
        Case("sgd", {}, ("SGD", {}), ("SGD", {}), ground="g = 0.1"),
        "0.01",
        "0.001",
        "has to be given",
    ),
    "adadelta_rate": Disagreement(
        "Adadelta: default rate",
        "one step, g = 0.1",
        Case(
            "adadelta",
            {},
            ("Adadelta", {}),
            ("Adadelta", {}),
            ("adadelta", {"learning_rate": None}),
            "g = 0.1",
        ),
        "0.001 (ρ 0.95, ε 1e-7)",
        "1 (ρ 0.9, ε 1e-6)",
        "none, and no minus sign (ρ 0.9, ε 1e-6)",
    ),
    "nadam_schedule": Disagreement(
        "Nadam: schedule of the momentum μ",
        "rate 0.05, 50 steps",
        Case(
            "nadam",
            OURS,
            ("Nadam", OURS),
            ("NAdam", TORCH),
            ("nadam", JAX),
            SHORT,
        ),
        "β₁(1 − 0.96ᵗ/2), PyTorch's `momentum_decay=1`",
        "exponent 0.004 t",
        "μ = β₁",
    ),
    "amsgrad_maximum": Disagreement(
        "AMSGrad: maximum of which s",
        "g = 10, then 0.1 nineteen times, rate 0.05",
        Case(
            "amsgrad",
            OURS,
            ("Adam", OURS | {"amsgrad": True}),
            ("Adam", TORCH | {"amsgrad": True}),
            ("amsgrad", JAX),
            "g = 10, then 0.1",
        ),
        "s",
        "s",
        "the corrected ŝ",
    ),
    "heavy_ball_schedule": Disagreement(
        "Momentum: is the rate in the velocity",
        "μ = 0.9, rate 0.1, after 25 of 50 steps 0.01",
        Case(
            "heavy_ball",
            MOMENTUM,
            ("SGD", MOMENTUM),
            ("SGD", LR | MOMENTUM),
            ("sgd", MOMENTUM),
            SHORT,
            _falling,
        ),
        "v = μv − ηg, w += v",
        "v = μv + g, w −= ηv",
        "v = μv + g, w −= ηv",
    ),
    "muon_kernels": Disagreement(
        "Muon: convolution kernels",
        "3 × 3 × 1 × 2, rate 0.05, no decay, 50 steps",
        Case(
            "muon",
            RATED | {"adam_weight_decay": 0.0},
            ("Muon", RATED | {"adam_weight_decay": 0.0}),
            optax=("muon", OPTAX),
            ground="kernel",
        ),
        "get AdamW",
        "are refused: 2-D only",
        "get Nadam, with ε 1e-8",
    ),
    "muon_precision": Disagreement(
        "Muon: precision and Nesterov's mix",
        "matrix 4 × 3, λ = 0.1, rate 0.05 × 0.2 √4, 50 steps",
        PARITY["muon"]._replace(ground=SHORT),
        "float32; g + μm",
        "bfloat16; g + μm",
        "float32; bias-corrected g and m",
    ),
    "muon_scale": Disagreement(
        "Muon: default size and decay of a step",
        "the same matrix 4 × 3 in all three, rate 0.05, 50 steps",
        Case("muon", **_all({}, "Muon", "Muon", "muon"), ground=SHORT),
        "0.2 √max(in, out), λ = 0.004",
        "√max(1, out/in), rows are outputs, λ = 0.1",
        "√max(1, out/in), columns are outputs, λ = 0",
    ),
    "schedule_free_point": Disagreement(
        "Schedule-Free: what the weights are after training",
        "rate 0.05, 50 steps, Keras on JAX",
        PARITY["schedule_free_adamw"]._replace(
            ground=SHORT, backend="jax", averages=True
        ),
        "y, where gradients are taken",
        "–",
        "x, by `schedule_free_eval_params`",
    ),
    "schedule_free_backend": Disagreement(
        "Schedule-Free: y, Keras on TensorFlow",
        "rate 0.05, 50 steps",
        PARITY["schedule_free_adamw"]._replace(ground=SHORT, backend="tensorflow"),
        "the average of all z; β₁ drops out",
        "–",
        "(1 − β₁) z + β₁ x",
    ),
    "schedule_free_warmup": Disagreement(
        "Schedule-Free: weights of the average",
        "10 steps of warm-up to 0.05, 50 steps, Keras on JAX",
        Case(
            "schedule_free_adamw",
            OURS | {"warmup_steps": 10},
            ("ScheduleFreeAdamW", OURS | {"warmup_steps": 10}),
            optax=("schedule_free_adamw", JAX | {"warmup_steps": 10}),
            ground=SHORT,
            backend="jax",
        ),
        "c = 1/t",
        "–",
        "c by the square of the largest rate; first rate 0",
    ),
    "schedule_free_decay": Disagreement(
        "Schedule-Free: what decays",
        "λ = 0.1, rate 0.05, 50 steps, Keras on JAX",
        Case(
            "schedule_free_adamw",
            OURS | DECAY,
            ("ScheduleFreeAdamW", OURS | DECAY),
            optax=("schedule_free_adamw", JAX | DECAY),
            ground=SHORT,
            backend="jax",
        ),
        "y, and by it x; z does not",
        "–",
        "z",
    ),
}
