"""The epoch loop of `aebook.training.fit`, for arrays in memory.

It does what Keras' `fit` does around its batches (callbacks, metrics, validation,
history), with a compiled loop in the place of the batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import random
import time
from types import SimpleNamespace
from typing import Any

from aebook.finite import NonFiniteLossError
from aebook.loops import CompiledLoop
from aebook.resume import Resume
import keras
import numpy as np

__all__ = ["CompiledFit"]

CALL_SECONDS = 0.5  # aim for one compiled call: Ctrl-C waits about as long


class CompiledFit:
    """Epochs of one compiled model over one training set.

    Args:
        model: A compiled Keras model.
        train: `(x,)` or `(x, y)`.
        validation: The same of other samples, or `None`.
        batch_size: Samples a training step.
        validation_batch_size: Samples a validation step.
        jit_compile: Whether XLA compiles the training steps.
        resume: Keeps the state of the run, if it is kept.
    """

    def __init__(
        self,
        model: keras.Model,
        train: tuple,
        validation: tuple | None,
        batch_size: int,
        validation_batch_size: int,
        jit_compile: bool,
        resume: Resume | None = None,
    ) -> None:
        self.model = model
        self.train = _on_device(train)
        self.validation = None if validation is None else _on_device(validation)
        self.batch_size = batch_size
        self.validation_batch_size = validation_batch_size
        self.resume = resume
        self.loops = _loops_of(model, train, jit_compile, exactly=resume is not None)
        self.steps_a_call = 8  # grows while calls are quick

    def loses_logs(self) -> bool:
        """Whether a `train_step` of the model's own returns more than its metrics."""
        if type(self.model).train_step is keras.Model.train_step:
            return False
        order = next(_batches(len(self.train[0]), self.batch_size, None))
        self.loops.train.trace(self.train, keras.ops.convert_to_tensor(order))
        return self.loops.train.log_names != set(self.model.get_metrics_result())

    def run(
        self,
        epochs: range,
        callbacks: Any,
        verbose: str | int,
        shuffle: bool,
        validates: Callable[[int], bool],
    ) -> keras.callbacks.History:
        """Train for these epochs and return Keras' history."""
        model, n_samples = self.model, len(self.train[0])
        # Python's generator is the one that Keras draws its layers' seeds from.
        rng = np.random.default_rng(random.getrandbits(64)) if shuffle else None
        callbacks = keras.callbacks.CallbackList(
            callbacks,
            add_history=True,
            add_progbar=verbose != 0,
            model=model,
            verbose=verbose,
            epochs=epochs.stop,
            steps=-(-n_samples // self.batch_size),
        )
        model.stop_training = False
        logs: dict[str, float] = {}
        if self.resume:
            self.resume.rng, self.resume.xla = rng, self.loops.jit_compile
        callbacks.on_train_begin()
        for epoch in epochs:
            self.epoch = epoch
            callbacks.on_epoch_begin(epoch)
            batches = _batches(n_samples, self.batch_size, rng)
            report = callbacks.on_train_batch_end  # moves the progress bar
            logs = self._pass(self.loops.train, self.train, batches, report)
            if self.validation is not None and validates(epoch):
                logs |= self._validate(self.validation, callbacks)
            callbacks.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        if epochs.stop > 0:
            model.optimizer.finalize_variable_values(model.trainable_weights)
        callbacks.on_train_end(logs)
        return model.history

    def _validate(
        self, data: tuple, callbacks: keras.callbacks.CallbackList
    ) -> dict[str, float]:
        callbacks.on_test_begin()
        batches = _batches(len(data[0]), self.validation_batch_size, None)
        logs = self._pass(self.loops.test, data, batches)
        callbacks.on_test_end(logs)
        return {f"val_{name}": value for name, value in logs.items()}

    def _pass(
        self,
        loop: CompiledLoop,
        data: tuple,
        batches: Iterator[np.ndarray],
        report: Callable[[int, dict], None] | None = None,
    ) -> dict[str, float]:
        """Run all batches, some per compiled call; return the mean metrics."""
        self.model.reset_metrics()
        done, logs = 0, {}
        for order in batches:
            start, order = 0, keras.ops.convert_to_tensor(order)
            while start < len(order):
                stop = min(start + self.steps_a_call, len(order))
                before = self._values() if report else []
                began = time.perf_counter()
                reached = loop(data, order, start, stop)
                logs = _as_floats(self.model.get_metrics_result())  # waits for it
                if report and not np.isfinite(logs.get("loss", 0.0)).all():
                    self._give_up(logs, before, done + int(reached), done + start)
                pace = CALL_SECONDS / (time.perf_counter() - began)
                self.steps_a_call = max(1, int(self.steps_a_call * min(pace, 4)))
                if report:
                    report(done + stop - 1, logs)
                start = stop
            done += len(order)
        return logs

    def _variables(self) -> list:
        return [*self.model.variables, *self.model.optimizer.variables]

    def _values(self) -> list:
        """Return all values as they are now; no copy until they are changed."""
        if keras.backend.backend() == "jax":
            return [variable.value for variable in self._variables()]
        import tensorflow as tf

        return [tf.convert_to_tensor(variable.value) for variable in self._variables()]

    def _give_up(self, logs: dict, before: list, step: int, good: int) -> None:
        """Put the values of before the compiled call back, and say what happened."""
        for variable, value in zip(self._variables(), before, strict=True):
            variable.assign(value)
        self.model.reset_metrics()
        raise NonFiniteLossError(
            logs,
            self.epoch + 1,
            step,
            float(self.model.optimizer.learning_rate),
            f"The model has the weights of after step {good} of that epoch again.",
        )


def _batches(
    n_samples: int, batch_size: int, rng: np.random.Generator | None
) -> Iterator[np.ndarray]:
    """Yield the row numbers of the full batches, then of the smaller last one."""
    rows = np.arange(n_samples, dtype=np.int32)
    if rng is not None:
        rng.shuffle(rows)
    full = n_samples - n_samples % batch_size
    if full:
        yield rows[:full].reshape(-1, batch_size)
    if full < n_samples:
        yield rows[full:].reshape(1, -1)


def _on_device(data: tuple) -> tuple:
    """Return the arrays as tensors, floats in the precision that Keras uses."""
    return tuple(
        _aligned_tensor(part)
        if keras.backend.backend() == "tensorflow" and _is_float(part)
        else keras.ops.convert_to_tensor(
            part, dtype=keras.config.floatx() if _is_float(part) else None
        )
        for part in data
    )


def _is_float(part: Any) -> bool:
    return "float" in keras.backend.standardize_dtype(part.dtype)


def _aligned_tensor(part: Any) -> Any:
    """Copy into memory that TensorFlow takes as it is: where 64 bytes begin.

    NumPy asks for huge pages, TensorFlow does not. From them, picking the rows of a
    batch out of 188 MB takes about a tenth off an epoch.
    """
    import tensorflow as tf

    part = np.asarray(part)
    dtype = np.dtype(keras.config.floatx())
    room = np.empty(part.size * dtype.itemsize + 64, np.uint8)
    start = -room.ctypes.data % 64
    copy = room[start : start + part.size * dtype.itemsize].view(dtype)
    copy = copy.reshape(part.shape)
    copy[...] = part
    # The identity moves it to the accelerator, if there is one.
    return tf.identity(tf.experimental.dlpack.from_dlpack(copy.__dlpack__()))


def _loops_of(
    model: keras.Model, train: tuple, jit_compile: bool, exactly: bool
) -> SimpleNamespace:
    """Return the model's loops: made anew after each `compile`, else used again.

    A loop of XLA serves where none is asked for, unless the bits have to be the same.
    """
    compiled_with = model.metrics[0]  # the loss tracker, new with each `compile`
    loops = getattr(model, "_aebook_loops", None)
    if (
        loops is None
        or loops.compiled_with is not compiled_with
        or (jit_compile and not loops.jit_compile)
        or (exactly and jit_compile != loops.jit_compile)
    ):
        first = tuple(part[:1] for part in train)
        keras.Model.fit(model, *first, epochs=0, verbose=0)  # builds, trains nothing
        loops = SimpleNamespace(
            compiled_with=compiled_with,
            jit_compile=jit_compile,
            train=CompiledLoop(model, training=True, jit_compile=jit_compile),
            # One forward pass an epoch: XLA would cost more than it saves.
            test=CompiledLoop(model, training=False, jit_compile=False),
        )
        model._aebook_loops = loops
    return loops


def _as_floats(logs: dict[str, Any]) -> dict[str, float]:
    arrays = {name: keras.ops.convert_to_numpy(v) for name, v in logs.items()}
    return {name: a.item() if a.size == 1 else a for name, a in arrays.items()}
