"""A run of `fit` that is stopped and called again goes on as if it never stopped.

`Resume` is a callback, the last one of a run. After an epoch it writes all that the
next one depends on; when the run begins again it puts all of that back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aebook.batches import Batches
from aebook.checkpoint import read, write
from aebook.checks import check_count
from aebook.state import (
    assign,
    matched,
    names_of,
    random_state,
    set_random_state,
    states_of,
    values_of,
)
import keras
import numpy as np

__all__ = ["Resume"]

FORMAT = 1


class Resume(keras.callbacks.Callback):
    """Writes the state of a run after its epochs, and goes on from it.

    Args:
        path: The checkpoint file.
        every: Epochs from one checkpoint to the next.
        epochs: Where the run stops counting epochs.
        settings: What has to be the same for the run to be the same: a name and a
            plain value each.
        callbacks: All other callbacks of the run, with one `History` among them.
        batches: The data sets of the run that keep an order of their own.

    Raises:
        TypeError: If a count is not a whole number.
        ValueError: If the file is damaged or belongs to another run.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.ckpt"
        >>> resume = Resume(path, 1, 5, {}, [keras.callbacks.History()], [])
        >>> resume.epochs_done, resume.finished
        (None, False)
    """

    def __init__(
        self,
        path: Any,
        every: int,
        epochs: int,
        settings: dict[str, Any],
        callbacks: list,
        batches: list[Batches],
    ) -> None:
        super().__init__()
        self.path = Path(path)
        self.every = check_count(every, "checkpoint_every")
        self.epochs, self.settings = epochs, settings
        self.callbacks, self.batches = callbacks, batches
        self.rng: np.random.Generator | None = None  # shuffles the compiled epochs
        self.xla: bool | None = None  # whether XLA compiles the steps of this run
        self._found = read(self.path)
        if self._found is not None:
            if self._found.get("format") != FORMAT:
                self._refuse("another version of aebook")
            self._check_settings(self._found)
            self.xla = self._found["xla"]
        self.path.parent.mkdir(parents=True, exist_ok=True)

    @property
    def epochs_done(self) -> int | None:
        """The epoch to go on with, counted as `initial_epoch`; `None` for a new run."""
        return None if self._found is None else self._found["epoch"]

    @property
    def ended(self) -> bool:
        """Whether no epoch is left: all were trained, or a callback ended the run."""
        found = self._found
        return found is not None and (found["stop"] or found["epoch"] >= self.epochs)

    @property
    def finished(self) -> bool:
        """Whether the run ended and its callbacks had their last word."""
        return self.ended and self._found["final"] is not None

    # --- what Keras calls

    def on_train_begin(self, logs: Any = None) -> None:
        """Put the state back; the callbacks before this one have reset themselves."""
        if self._found is None:
            self._save(int(self.settings["initial_epoch"]))
        else:
            self.check_model(self.model)
            self._restore(self._found)
            self._found["state"] = None  # one copy of the weights less

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the state, if it is time."""
        last = epoch + 1 >= self.epochs or self.model.stop_training
        if last or (epoch + 1) % self.every == 0:
            self._save(epoch + 1)

    def on_train_end(self, logs: Any = None) -> None:
        """Add what the end of the run made of the weights, such as the best ones."""
        found = read(self.path)
        if found is not None:
            found["final"] = values_of(self.model.variables)
            found["callbacks"] = states_of(self.callbacks)
            write(self.path, found)

    # --- the parts

    def finish(self, model: keras.Model) -> keras.callbacks.History:
        """Return the history of a finished run, and give the model its weights."""
        self.check_model(model)
        found = self._found
        for callback in self.callbacks:
            callback.set_model(model)
        self.set_model(model)
        self._restore(found)
        assign(model.variables, found["final"])
        model.history = self._history()
        return model.history

    def check_model(self, model: keras.Model) -> None:
        """Raise a `ValueError` unless the state found fits the model and optimizer."""
        if self._found is None:
            return
        for part, owner in (("model", model), ("optimizer", model.optimizer)):
            was, now = self._found[part], names_of(owner.variables)
            if was != now:
                pairs = zip(was, now, strict=False)
                differs = [f"{a} there, {b} here" for a, b in pairs if a != b]
                counted = f"{len(was)} variables there, {len(now)} here"
                self._refuse(f"another {part}: {differs[0] if differs else counted}")

    def _check_settings(self, found: dict) -> None:
        for name, now in self.settings.items():
            was = found["settings"].get(name)
            if was != now:
                self._refuse(f"a run with another {name}: {was} there, {now} here")

    def _refuse(self, why: str) -> None:
        raise ValueError(
            f"the checkpoint {self.path} belongs to {why}; give this run another "
            "path, or delete the file to start again"
        )

    def _history(self) -> keras.callbacks.History:
        is_history = keras.callbacks.History
        return next(c for c in self.callbacks if isinstance(c, is_history))

    def _save(self, epoch: int) -> None:
        model = self.model
        write(
            self.path,
            {
                "format": FORMAT,
                "settings": self.settings,
                "model": names_of(model.variables),
                "optimizer": names_of(model.optimizer.variables),
                "xla": self.xla,
                "epoch": epoch,
                "stop": bool(model.stop_training),
                "state": values_of([*model.variables, *model.optimizer.variables]),
                "callbacks": states_of(self.callbacks),
                "batches": [(b.seed, b.passes) for b in self.batches],
                "random": random_state(self.rng),
                "final": None,
            },
        )

    def _restore(self, found: dict) -> None:
        model = self.model
        assign([*model.variables, *model.optimizer.variables], found["state"])
        for callback, state in matched(self.callbacks, found["callbacks"]):
            if hasattr(callback, "set_state"):
                callback.set_state(state)
                continue
            if getattr(callback, "monitor_op", ...) is None:
                # It changes the sign of its `min_delta` when it chooses one.
                state = {k: v for k, v in state.items() if k != "min_delta"}
            vars(callback).update(state)
        # A finished run reads no data, and may have made none of its batches.
        for batches, state in zip(self.batches, found["batches"], strict=False):
            batches.seed, batches.passes = state
        set_random_state(found["random"], self.rng)
