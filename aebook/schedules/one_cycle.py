"""The one-cycle schedule: low, high, low again."""

from __future__ import annotations

from typing import Any

from aebook.checks import check_between, check_choice, check_count, check_positive
from aebook.schedules.base import FALLS, Schedule, register

__all__ = ["OneCycle"]


@register
class OneCycle(Schedule):
    r"""Up, down, and down to almost nothing: one cycle for the whole training.

    $$ \eta_t: \quad \frac{\eta_{\max}}{d} \;\xrightarrow{\;t = a N\;}\; \eta_{\max}
       \;\xrightarrow{\;t = (1 - b) N\;}\; \frac{\eta_{\max}}{d}
       \;\xrightarrow{\;t = N\;}\; \frac{\eta_{\max}}{d f} $$

    Each arrow is half a cosine or a line. With $b = 0$ the second leads straight to
    the end: two phases, as PyTorch and fastai have it.

    Differs from PyTorch: here, as in optax, step $N$ is the first at the lowest rate,
    one after the last step of training. `OneCycleLR` is there at step $N - 1$, and
    at its peak one step earlier too.

    Args:
        max_learning_rate: $\eta_{\max}$, ≥ 0; a range test suggests one.
        total_steps: $N$, ≥ 1; then the rate stays at its end.
        warmup_fraction: $a$, the share of the rise, in (0, 1). Defaults to 0.3.
        div_factor: $d$, how far below the peak it starts, ≥ 1. Defaults to 25.
        final_div_factor: $f$, how far below the start it ends, > 0. Defaults to 1e4.
        final_fraction: $b$, the share of the last phase, in [0, 1 − a). Defaults to
            0.
        shape: `"cosine"` or `"linear"`. Defaults to `"cosine"`.

    Raises:
        TypeError: If an argument is not a number, or `total_steps` not a whole one.
        ValueError: If an argument is out of its range, or `shape` is unknown.

    Example:
        >>> schedule = OneCycle(1.0, total_steps=100, div_factor=10)
        >>> [round(schedule(t), 4) for t in (0, 15, 30, 65, 100)]
        [0.1, 0.55, 1.0, 0.5, 0.0]

    References:
        Smith, "A disciplined approach to neural network hyper-parameters", 2018;
        PyTorch `OneCycleLR`; optax `cosine_onecycle_schedule`.
    """

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        warmup_fraction: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        final_fraction: float = 0.0,
        shape: str = "cosine",
    ) -> None:
        self.max_learning_rate = check_between(
            max_learning_rate, "max_learning_rate", low=0
        )
        self.total_steps = check_count(total_steps, "total_steps")
        self.warmup_fraction = check_between(warmup_fraction, "warmup_fraction", 0, 1)
        self.div_factor = check_between(div_factor, "div_factor", low=1)
        self.final_div_factor = check_positive(final_div_factor, "final_div_factor")
        self.final_fraction = check_between(final_fraction, "final_fraction", 0, 1)
        self.shape = check_choice(shape, ("cosine", "linear"), "shape")
        if warmup_fraction in (0, 1) or warmup_fraction + final_fraction >= 1:
            raise ValueError(
                "warmup_fraction must be > 0 and leave room before final_fraction, "
                f"got {warmup_fraction} and {final_fraction}; together they stay below "
                "1"
            )

    def rate(self, t: Any, ops: Any) -> Any:
        """Return the learning rate at step `t`, as `Schedule.rate`."""
        highest, low = self.max_learning_rate, self.max_learning_rate / self.div_factor
        end = low / self.final_div_factor
        peak = self.warmup_fraction * self.total_steps
        turn = (1 - self.final_fraction) * self.total_steps
        valley = low if self.final_fraction else end
        rise = self._way(low, highest, t / peak, ops)
        fall = self._way(highest, valley, (t - peak) / (turn - peak), ops)
        if self.final_fraction:
            last = self._way(low, end, (t - turn) / (self.total_steps - turn), ops)
            fall = ops.where(t < turn, fall, last)
        return ops.where(t < peak, rise, fall)

    def _way(self, start: float, stop: float, p: Any, ops: Any) -> Any:
        """Return the rate when a fraction `p` of the way is over."""
        return stop + (start - stop) * FALLS[self.shape](ops.clip(p, 0, 1), ops)
