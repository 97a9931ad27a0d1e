"""The callback that writes a checkpoint, and resumes a run from it.

`Resume` is a callback, the last one of a run. After an epoch it writes all that the
next one depends on; when the run begins again it puts all of that back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from aebook.checks import check_count
from aebook.keras_internals import model_of
from aebook.training.batches import Batches
from aebook.training.checkpoint.callback_progress import (
    check_callbacks,
    other_callback,
    put_back,
    states_of,
)
from aebook.training.checkpoint.description import differences, shown
from aebook.training.checkpoint.file import read, write
from aebook.training.checkpoint.fingerprint import (
    adjust,
    adjusted,
    optimizer_of,
    parts_of,
    settings_of,
)
from aebook.training.checkpoint.snapshot import (
    assign,
    build,
    random_state,
    set_random_state,
    values_of,
)
from aebook.training.request import FitRequest, Samples
import keras
import numpy as np

__all__ = ["Resume"]

FORMAT = 3
# The numbers that a run had given each model, and its file: it may be stopped between
# two writings, and its model used to go on.
_LAST: WeakKeyDictionary[Any, tuple[Path, dict]] = WeakKeyDictionary()


class Resume(keras.callbacks.Callback):
    """Writes the state of a run after its epochs, and goes on from it.

    Args:
        path: The checkpoint file.
        every: Epochs from one checkpoint to the next.
        model: The compiled model, as the call of `fit` found it.
        request: What that call asks for, prepared.

    Attributes:
        callbacks: All other callbacks of the run, with one `History` among them.

    Raises:
        OSError: If the file cannot be read, or its folder not be made.
        TypeError: If a count is not a whole number, or a callback has a state that
            cannot be kept.
        ValueError: If the file is damaged or belongs to another run, or the model is
            not compiled.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.ckpt"
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
        >>> model.compile("sgd", "mse")
        >>> x = np.zeros((8, 2))
        >>> resume = Resume(path, 1, model, FitRequest.of(x, x, epochs=5))
        >>> resume.first_epoch, resume.finished
        (0, False)
    """

    def __init__(
        self, path: Any, every: int, model: keras.Model, request: FitRequest
    ) -> None:
        super().__init__()
        if not model.compiled:
            raise ValueError("the model must be compiled; call compile before fit")
        self.path = Path(path)
        self.every = check_count(every, "checkpoint_every")
        self.request = request
        self.callbacks = [*request.callbacks]
        if not any(type(c) is keras.callbacks.History for c in self.callbacks):
            self.callbacks.append(keras.callbacks.History())
        check_callbacks(self.callbacks)
        self._settings = settings_of(model, request)
        self._began = adjusted(model)
        self._found = read(self.path)
        if self._found is not None:
            self._check_settings(self._found)
            self._check_numbers(self._found, model)
            self._began = self._found["began"]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.follow(request)
        build(model, request.train.x)  # Keras may wait for the first batch
        self._check_model(model)

    def follow(
        self,
        request: FitRequest,
        rng: np.random.Generator | None = None,
        xla: bool | None = None,
    ) -> None:
        """Learn what a loop draws its batches from, which is part of the state.

        Args:
            request: What the loop trains on; a data set may be `Batches` by now.
            rng: Shuffles the samples of compiled epochs.
            xla: Whether XLA compiles the steps.
        """
        sets = (request.train, request.validation or Samples(None))
        self._batches = [part.x for part in sets if isinstance(part.x, Batches)]
        self._rng, self._xla = rng, xla

    @property
    def xla(self) -> bool | None:
        """Whether XLA compiled the steps in the file; its bits are others."""
        return None if self._found is None else self._found["xla"]

    @property
    def first_epoch(self) -> int:
        """The epoch to go on with, counted as `initial_epoch`."""
        if self._found is None:
            return self.request.initial_epoch
        return self.request.epochs if self.ended else self._found["epoch"]

    @property
    def ended(self) -> bool:
        """Whether no epoch is left: all were trained, or a callback ended the run."""
        found = self._found
        return found is not None and (
            found["stop"] or found["epoch"] >= self.request.epochs
        )

    @property
    def finished(self) -> bool:
        """Whether the run ended and its callbacks had their last word."""
        return self.ended and self._found["final"] is not None

    # --- what Keras calls

    def on_train_begin(self, logs: Any = None) -> None:
        """Put the state back; the callbacks before this one have reset themselves."""
        check_callbacks(self.callbacks)  # again: some get their attributes only now
        if self._found is None:
            self._save(self.request.initial_epoch)
            return
        self._check_run(self._found)
        self._restore(self._found)
        put_back(self.callbacks, self._found["callbacks"])
        self._found["state"] = None  # one copy of the weights less

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the numbers of this epoch, in case that it is not finished."""
        check_callbacks(self.callbacks)
        model = model_of(self)
        _LAST[model] = self.path, adjusted(model)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the state, if it is time."""
        check_callbacks(self.callbacks)
        last = epoch + 1 >= self.request.epochs or self.model.stop_training
        if last or (epoch + 1) % self.every == 0:
            self._save(epoch + 1)

    def on_train_end(self, logs: Any = None) -> None:
        """Add what the end of the run made of the weights, such as the best ones."""
        found = read(self.path)
        if found is not None:
            found["final"] = {
                "state": values_of(self.model.variables),
                "numbers": adjusted(self.model),
                "callbacks": states_of(self.callbacks),
            }
            write(self.path, found)

    # --- the parts

    def finish(self, model: keras.Model) -> keras.callbacks.History:
        """Return the history of a finished run, and give the model its weights."""
        found = self._found
        for callback in self.callbacks:
            callback.set_model(model)
        self.set_model(model)
        self._check_callbacks(found)
        self._restore(found)
        assign(model.variables, found["final"]["state"])
        adjust(model, found["final"]["numbers"])
        put_back(self.callbacks, found["final"]["callbacks"])
        model.history = self._history()
        return model.history

    # --- what has to be the same

    def _check_model(self, model: keras.Model) -> None:
        self._parts = now = parts_of(model)
        if self._found is None:
            return
        for part, was in self._found["parts"].items():
            for path, there, here in differences(was, now[part], (part,)):
                self._refuse(f"a run with another {path}: {there} there, {here} here")
            if list(was) != list(now[part]):
                self._refuse(f"a run with another order of the {part}")

    def _check_settings(self, found: dict) -> None:
        if not isinstance(found, dict) or "format" not in found:
            self._refuse("something else than fit")
        if found["format"] != FORMAT:
            self._refuse("another version of aebook")
        for path, was, now in differences(found["settings"], self._settings):
            self._refuse(f"a run with another {path}: {was} there, {now} here")

    def _check_numbers(self, found: dict, model: keras.Model) -> None:
        """Take each number as the run began with it, or as it left it."""
        path, last = _LAST.get(model, (None, {}))
        known = [found["began"], found["numbers"], (found["final"] or found)["numbers"]]
        known += [last] if path == self.path else []
        for name in dict.fromkeys([*found["began"], *self._began]):
            values = dict.fromkeys(numbers.get(name) for numbers in known)
            here = self._began.get(name)
            if here not in values:
                there = " or ".join(map(shown, values))
                self._refuse(
                    f"a run with another {name}: {there} there, {shown(here)} here"
                )

    def _check_unchanged(self, model: keras.Model) -> None:
        """Refuse what a callback changed and the file would not bring back."""
        optimizer = self._settings["optimizer"]
        began = {"model": self._parts["model"], "optimizer": optimizer}
        now = {"model": parts_of(model)["model"], "optimizer": optimizer_of(model)}
        for path, was, here in differences(began, now):
            raise ValueError(
                f"{path} was {was} when the run began and is {here} now; a checkpoint "
                "keeps the learning rate, and what a model names in its class "
                f"attribute adjustable; {self.path} holds the state before"
            )

    def _check_run(self, found: dict) -> None:
        self._check_callbacks(found)
        there, here = len(found["batches"]), len(self._batches)
        if there != here:
            compiled = "compiled epochs"
            keras_loop = "Keras' loop, as a callback that acts on batches chooses it"
            loops = (keras_loop, compiled) if there > here else (compiled, keras_loop)
            self._refuse(f"a run with another loop: {loops[0]} there, {loops[1]} here")

    def _check_callbacks(self, found: dict) -> None:
        other = other_callback(self.callbacks, found["callbacks"])
        if other:
            self._refuse(f"a run with another {other}")

    def _refuse(self, why: str) -> None:
        raise ValueError(
            f"the checkpoint {self.path} belongs to {why}; give this run another "
            "path, or delete the file to start again"
        )

    # --- the state

    def _history(self) -> keras.callbacks.History:
        is_history = keras.callbacks.History
        return next(c for c in self.callbacks if type(c) is is_history)

    def _save(self, epoch: int) -> None:
        model = self.model
        self._check_unchanged(model)
        write(
            self.path,
            {
                "format": FORMAT,
                "settings": self._settings,
                "parts": self._parts,
                "began": self._began,
                "numbers": adjusted(model),
                "xla": self._xla,
                "epoch": epoch,
                "stop": bool(model.stop_training),
                "state": values_of([*model.variables, *model.optimizer.variables]),
                "callbacks": states_of(self.callbacks),
                "batches": [(b.seed, b.passes) for b in self._batches],
                "random": random_state(self._rng),
                "final": None,
            },
        )

    def _restore(self, found: dict) -> None:
        model = self.model
        assign([*model.variables, *model.optimizer.variables], found["state"])
        adjust(model, found["numbers"])
        # A finished run reads no data, and may have made none of its batches.
        for batches, state in zip(self._batches, found["batches"], strict=False):
            batches.seed, batches.passes = state
        set_random_state(found["random"], self._rng)
