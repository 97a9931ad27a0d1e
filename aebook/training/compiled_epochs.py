"""The epoch loop of `aebook.training.fit`, for arrays in memory.

It does what Keras' `fit` does around its batches (callbacks, metrics, validation,
history), with a compiled loop in the place of the batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import math
import random
import time
from types import SimpleNamespace
from typing import Any

from aebook.keras_internals import compilation_of, restored_epoch
from aebook.training.checkpoint.callback import Resume
from aebook.training.checkpoint.snapshot import build
from aebook.training.compiled_steps import CompiledLoop, room_for
from aebook.training.nonfinite import NonFiniteLossError
from aebook.training.request import FitRequest, Samples
import keras
import numpy as np

__all__ = ["CompiledFit"]

CALL_SECONDS = 0.5  # aim for one compiled call: Ctrl-C waits about as long


class CompiledFit:
    """Epochs of one compiled model over one training set.

    Args:
        model: A compiled Keras model.
        request: What a call of `fit` asks for, prepared; all data are arrays.
        jit_compile: Whether XLA compiles the training steps.
        resume: Keeps the state of the run, if it is kept.
    """

    def __init__(
        self,
        model: keras.Model,
        request: FitRequest,
        jit_compile: bool,
        resume: Resume | None = None,
    ) -> None:
        self.model, self.request, self.resume = model, request, resume
        train, validation = request.train, request.validation
        self.loops = _loops_of(model, train, jit_compile, exactly=resume is not None)
        self.train = _Part(train, self.loops.train, request.samples_a_step)
        if validation is not None:
            size = request.samples_a_validation_step
            self.validation = _Part(validation, self.loops.test, size)
        self.steps_a_call = 8  # grows while calls are quick

    def loses_logs(self) -> bool:
        """Whether a `train_step` of the model's own returns more than its metrics."""
        order, _ = next(self.train.batches(None))
        self.loops.train.trace(self.train.data, order)
        return self.loops.train.log_names != set(self.model.get_metrics_result())

    def run(self) -> keras.callbacks.History:
        """Train, and return Keras' history."""
        model, request, resume = self.model, self.request, self.resume
        # Python's generator is the one that Keras draws its layers' seeds from.
        seed = random.getrandbits(64) if request.shuffle else None
        rng = None if seed is None else np.random.default_rng(seed)
        callbacks = keras.callbacks.CallbackList(
            [*resume.callbacks, resume] if resume else [*request.callbacks],
            add_history=True,
            add_progbar=request.verbose != 0,
            model=model,
            verbose=request.verbose,
            epochs=request.epochs,
            steps=self.train.n_batches,
        )
        model.stop_training = False
        logs: dict[str, float] = {}
        if resume:
            resume.follow(request, rng, self.loops.jit_compile)
        callbacks.on_train_begin()
        first = resume.first_epoch if resume else request.initial_epoch
        for epoch in range(restored_epoch(model) or first, request.epochs):
            self.epoch = epoch
            callbacks.on_epoch_begin(epoch)
            report = callbacks.on_train_batch_end  # moves the progress bar
            logs = self._pass(self.train, self.train.batches(rng), report)
            if request.validates(epoch):
                logs |= self._validate(callbacks)
            callbacks.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        if request.epochs > 0:
            model.optimizer.finalize_variable_values(model.trainable_weights)
        callbacks.on_train_end(logs)
        return model.history

    def _validate(self, callbacks: keras.callbacks.CallbackList) -> dict[str, float]:
        callbacks.on_test_begin()
        logs = self._pass(self.validation, self.validation.batches(None))
        callbacks.on_test_end(logs)
        return {f"val_{name}": value for name, value in logs.items()}

    def _pass(
        self,
        part: _Part,
        batches: Iterator[Any],
        report: Callable[[int, dict], None] | None = None,
    ) -> dict[str, float]:
        """Run all batches, some per compiled call; return the mean metrics."""
        self.model.reset_metrics()
        done, logs = 0, {}
        for order, steps in batches:
            start = 0
            while start < steps:
                stop = min(start + self.steps_a_call, steps)
                before = self._values() if report else []
                began = time.perf_counter()
                reached = part.loop(part.data, order, start, stop)
                logs = _as_floats(self.model.get_metrics_result())  # waits for it
                if report and not np.isfinite(logs.get("loss", 0.0)).all():
                    self._give_up(logs, before, done + int(reached), done + start)
                pace = CALL_SECONDS / (time.perf_counter() - began)
                self.steps_a_call = max(1, int(self.steps_a_call * min(pace, 4)))
                if report:
                    report(done + stop - 1, logs)
                start = stop
            done += steps
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


class _Part:
    """Samples on the device in batches, and the loop that goes over them.

    Where XLA compiles the loop, the data is filled up: it has fewer lengths then.
    """

    def __init__(self, samples: Samples, loop: CompiledLoop, batch_size: int) -> None:
        self.loop, self.batch_size = loop, batch_size
        self.n_samples = len(samples.x)
        self.n_batches = -(-self.n_samples // batch_size)
        rows = room_for(self.n_samples) if loop.jit_compile else self.n_samples
        # An array that stands twice, as input and as target, is one tensor.
        tensors = {id(part): _on_device(part, rows) for part in samples.parts}
        self.data = tuple(tensors[id(part)] for part in samples.parts)

    def batches(self, rng: np.random.Generator | None) -> Iterator[tuple[Any, int]]:
        """Yield the row numbers of the full batches, then of the smaller last one.

        With each comes how many batches there are; XLA's are filled up too.
        """
        rows = np.arange(self.n_samples, dtype=np.int32)
        if rng is not None:
            rng.shuffle(rows)
        steps, rest = divmod(self.n_samples, self.batch_size)
        if steps:
            room = room_for(steps) if self.loop.jit_compile else steps
            order = np.zeros((room, self.batch_size), np.int32)
            order[:steps] = rows[: steps * self.batch_size].reshape(steps, -1)
            yield keras.ops.convert_to_tensor(order), steps
        if rest:
            yield keras.ops.convert_to_tensor(rows[-rest:].reshape(1, -1)), 1


def _on_device(part: Any, rows: int) -> Any:
    """Return an array as a tensor of so many rows, in the precision of Keras."""
    is_float = "float" in keras.backend.standardize_dtype(part.dtype)
    dtype = np.dtype(keras.config.floatx()) if is_float else None
    by_pointer = is_float and keras.backend.backend() == "tensorflow"
    if rows == len(part) and not by_pointer:
        return keras.ops.convert_to_tensor(part, dtype=dtype and dtype.name)
    part = np.asarray(part)
    filled = _aligned((rows, *part.shape[1:]), dtype or part.dtype)
    filled[: len(part)] = part
    filled[len(part) :] = 0
    if not by_pointer:
        return keras.ops.convert_to_tensor(filled)
    import tensorflow as tf

    # The identity moves it to the accelerator, if there is one.
    return tf.identity(tf.experimental.dlpack.from_dlpack(filled.__dlpack__()))


def _aligned(shape: tuple, dtype: np.dtype) -> np.ndarray:
    """Return memory that TensorFlow takes as it is: where 64 bytes begin.

    NumPy asks for huge pages, TensorFlow does not. From them, picking the rows of a
    batch out of 188 MB takes about a tenth off an epoch.
    """
    size = math.prod(shape) * dtype.itemsize
    room = np.empty(size + 64, np.uint8)
    start = -room.ctypes.data % 64
    return room[start : start + size].view(dtype).reshape(shape)


def _loops_of(
    model: keras.Model, train: Samples, jit_compile: bool, exactly: bool
) -> SimpleNamespace:
    """Return the model's loops: made anew after each `compile`, else used again.

    A loop of XLA serves where none is asked for, unless the bits have to be the same.
    """
    compiled_with = compilation_of(model)
    loops = getattr(model, "_aebook_loops", None)
    if (
        loops is None
        or loops.compiled_with is not compiled_with
        or (jit_compile and not loops.jit_compile)
        or (exactly and jit_compile != loops.jit_compile)
    ):
        first = train.rows(slice(1))._asdict()
        keras.Model.fit(model, **first, epochs=0, verbose=0)  # builds, trains nothing
        build(model, first["x"])  # the optimizer too: not while the loop is traced
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
