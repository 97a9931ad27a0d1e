"""The learning rates of PyTorch's schedulers, kept in goldens/pytorch_schedules.json.

PyTorch is not among the requirements. Where it is installed, the tests measure the
rates anew; `python tests/pytorch_schedules.py` writes them.
"""

import json
from pathlib import Path

GOLDENS = Path(__file__).parent / "goldens" / "pytorch_schedules.json"
STEPS = 51
RATE = 0.1  # of the optimizer

# Scheduler and its arguments, by the name of the case.
CASES = {
    "step": ("StepLR", {"step_size": 10, "gamma": 0.5}),
    "exponential": ("ExponentialLR", {"gamma": 0.9}),
    "cosine": ("CosineAnnealingLR", {"T_max": 50, "eta_min": 0.01}),
    "restarts": ("CosineAnnealingWarmRestarts", {"T_0": 7, "T_mult": 2}),
    "equal restarts": ("CosineAnnealingWarmRestarts", {"T_0": 10, "eta_min": 0.02}),
    "warm-up": ("LinearLR", {"start_factor": 0.25, "total_iters": 20}),
    "polynomial": ("PolynomialLR", {"total_iters": 40, "power": 2.0}),
    "one-cycle": (
        "OneCycleLR",
        {"max_lr": 0.5, "total_steps": 51, "pct_start": 16 / 51},
    ),
    "one-cycle, lines": (
        "OneCycleLR",
        {
            "max_lr": 0.5,
            "total_steps": 51,
            "pct_start": 11 / 51,
            "anneal_strategy": "linear",
            "div_factor": 10.0,
            "final_div_factor": 100.0,
        },
    ),
    "one-cycle, three phases": (
        "OneCycleLR",
        {"max_lr": 0.5, "total_steps": 51, "pct_start": 16 / 51, "three_phase": True},
    ),
}


def measure():
    """Return the rate of each of the first steps, for every case."""
    import torch

    rates = {}
    for name, (scheduler, options) in CASES.items():
        weight = torch.zeros(1, requires_grad=True)
        optimizer = torch.optim.SGD([weight], lr=RATE)
        schedule = getattr(torch.optim.lr_scheduler, scheduler)(optimizer, **options)
        rates[name] = []
        for step in range(STEPS):
            rates[name].append(float(optimizer.param_groups[0]["lr"]))
            if step < STEPS - 1:
                optimizer.step()
                schedule.step()
    return {"torch": torch.__version__.split("+")[0], "rates": rates}


if __name__ == "__main__":
    GOLDENS.parent.mkdir(exist_ok=True)
    GOLDENS.write_text(json.dumps(measure(), indent=1) + "\n", encoding="utf-8")
