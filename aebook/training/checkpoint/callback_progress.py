"""Progress of callbacks: taken out of one run, and put back into those of another.

What a callback was built with, such as its `patience`, comes from the new call; only
its progress comes from a checkpoint. Of Keras' callbacks it is known what that is.
Another one says it by two methods: `get_state()` returns a dict of plain values, and
`set_state(state)` takes it back.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from aebook.training.batches import Rewind
from aebook.training.checkpoint.plain_values import NotPlainError, pack
from aebook.training.nonfinite import FiniteLoss
import keras

__all__ = ["check_callbacks", "other_callback", "put_back", "states_of"]


class Kept(NamedTuple):
    """What a checkpoint keeps of a callback.

    Args:
        progress: Attributes to keep; one that this version of Keras lacks is left.
        same: Arguments that give the progress its meaning, and may not change.
        matters: Whether a run is another one with it than without it.
    """

    progress: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    matters: bool = True


_SAVED = ("best", "_batches_seen_since_last_saving", "_last_batch_seen")
_WATCHED = ("monitor", "mode")
_KNOWN = {
    "Callback": Kept(matters=False),
    "History": Kept(("history", "epoch")),
    "EarlyStopping": Kept(
        ("wait", "stopped_epoch", "best", "best_epoch", "best_weights"),
        (*_WATCHED, "restore_best_weights"),
    ),
    "ReduceLROnPlateau": Kept(("wait", "cooldown_counter", "best"), _WATCHED),
    "ModelCheckpoint": Kept(_SAVED, _WATCHED),
    "OrbaxCheckpoint": Kept((*_SAVED, "_total_batches_seen"), _WATCHED),
    "SwapEMAWeights": Kept(("_ema_weights_in_model",)),
    "LearningRateScheduler": Kept(),
    "CSVLogger": Kept(("keys",), matters=False),
    "TensorBoard": Kept(("_global_train_batch", "_global_test_batch"), matters=False),
    "LambdaCallback": Kept(matters=False),
    "ProgbarLogger": Kept(matters=False),
    "RemoteMonitor": Kept(matters=False),
    "TerminateOnNaN": Kept(matters=False),
}
KNOWN: dict[type, Kept] = {
    getattr(keras.callbacks, name): kept
    for name, kept in _KNOWN.items()
    if hasattr(keras.callbacks, name)
} | {FiniteLoss: Kept(matters=False), Rewind: Kept(matters=False)}
# What each callback has, and what Keras once called the model in it.
COMMON = {*vars(keras.callbacks.Callback()), "model"}


def check_callbacks(callbacks: list) -> None:
    """Refuse a callback whose state cannot be kept.

    Args:
        callbacks: Keras callbacks.

    Raises:
        TypeError: If one has attributes of its own and does not say what to keep.
        ValueError: If one of Keras' cannot go on as it is.

    Example:
        >>> check_callbacks([keras.callbacks.EarlyStopping()])
        >>> check_callbacks([keras.callbacks.CSVLogger("log.csv")])
        Traceback (most recent call last):
        ...
        ValueError: CSVLogger must have append=True beside a checkpoint, ...
    """
    for callback in callbacks:
        name = type(callback).__name__
        if isinstance(callback, keras.callbacks.BackupAndRestore):
            raise ValueError(
                f"{name} and a checkpoint both keep this run, and each would put its "
                "own back; use one of them"
            )
        if isinstance(callback, keras.callbacks.CSVLogger) and not callback.append:
            raise ValueError(
                f"{name} must have append=True beside a checkpoint, or its file begins "
                "anew when the run goes on"
            )
        if type(callback) in KNOWN or _has_protocol(callback):
            continue
        own = sorted(set(vars(callback)) - COMMON)
        if own:
            raise TypeError(
                f"{name} has attributes of its own ({', '.join(own)}), of which a "
                "checkpoint cannot know what to keep; give it get_state(), which "
                "returns a dict of plain values (an empty one if it needs none), and "
                "set_state(state), which takes it back"
            )


def states_of(callbacks: list) -> list[dict[str, Any]]:
    """Take the progress of callbacks, such as counters and best weights.

    Args:
        callbacks: Keras callbacks, none that `check_callbacks` refuses.

    Returns:
        For each: its `class`, its `state`, the arguments that have to be the `same`,
        and whether it `matters` to the run.

    Raises:
        NotPlainError: If something in a state could not be kept; it is named.

    Example:
        >>> (kept,) = states_of([keras.callbacks.EarlyStopping(patience=3)])
        >>> kept["class"], kept["state"]["wait"], "patience" in kept["state"]
        ('EarlyStopping', 0, False)
    """
    return [_state_of(callback) for callback in callbacks]


def other_callback(callbacks: list, states: list[dict]) -> str:
    """Say in which callback that matters two runs differ.

    Args:
        callbacks: Keras callbacks.
        states: What `states_of` returned of those of the other run.

    Returns:
        What is another one there and here; empty if nothing is.

    Example:
        >>> stop = keras.callbacks.EarlyStopping()
        >>> other_callback([stop], states_of([stop, stop]))
        'number of EarlyStopping: 2 there, 1 here'
    """
    here = states_of(callbacks)
    matters = {kept["class"] for kept in (*states, *here) if kept["matters"]}
    was, now = (Counter(kept["class"] for kept in side) for side in (states, here))
    for name in [*was, *now]:
        if name in matters and was[name] != now[name]:
            return f"number of {name}: {was[name]} there, {now[name]} here"
    for old, new in _pairs(states, here):
        for name, value in new["same"].items():
            if old["same"].get(name, value) != value:
                other = f"{name} of {new['class']}"
                return f"{other}: {old['same'][name]} there, {value} here"
    return ""


def put_back(callbacks: list, states: list[dict]) -> None:
    """Give callbacks their progress back, the first, second … of a class that of such.

    Args:
        callbacks: Keras callbacks; changed in place.
        states: What `states_of` returned of as many of them.

    Example:
        >>> history = keras.callbacks.History()
        >>> state = {"epoch": [0], "history": {"loss": [0.5]}}
        >>> put_back([history], [{"class": "History", "state": state}])
        >>> history.history
        {'loss': [0.5]}
    """
    named = [{"class": _name(c), "callback": c} for c in callbacks]
    for kept, new in _pairs(states, named):
        callback, state = new["callback"], kept["state"]
        if _has_protocol(callback):
            callback.set_state(state)
            continue
        for name in KNOWN.get(type(callback), Kept()).progress:
            if name in state:
                setattr(callback, name, state[name])


def _pairs(there: list[dict], here: list[dict]) -> list[tuple[dict, dict]]:
    """Pair what is the first, second … of its class on both sides."""
    sides = []
    for side in (there, here):
        seen: Counter = Counter()
        places = {}
        for item in side:
            places[item["class"], seen[item["class"]]] = item
            seen[item["class"]] += 1
        sides.append(places)
    return [
        (sides[0][place], new) for place, new in sides[1].items() if place in sides[0]
    ]


def _state_of(callback: Any) -> dict[str, Any]:
    kept = KNOWN.get(type(callback), Kept(matters=False))
    if _has_protocol(callback):
        state = callback.get_state()
        if not isinstance(state, dict):
            raise TypeError(
                f"get_state of {type(callback).__name__} must return a dict of plain "
                f"values, got {type(state).__name__}"
            )
        matters = bool(state)
    else:
        held = (name for name in kept.progress if hasattr(callback, name))
        state = {name: _as_array(getattr(callback, name)) for name in held}
        matters = kept.matters
    for name, value in state.items():
        try:
            pack(value, {})
        except NotPlainError as error:
            raise NotPlainError(
                f"{name!r} of {type(callback).__name__} cannot be kept in a "
                f"checkpoint: {error}"
            ) from None
    same = {name: getattr(callback, name) for name in kept.same}
    name = _name(callback)
    return {"class": name, "state": state, "same": same, "matters": matters}


def _has_protocol(callback: Any) -> bool:
    methods = (getattr(callback, name, None) for name in ("get_state", "set_state"))
    return type(callback) not in KNOWN and all(map(callable, methods))


def _name(callback: Any) -> str:
    cls = type(callback)
    return cls.__name__ if cls in KNOWN else f"{cls.__module__}.{cls.__qualname__}"


def _as_array(value: Any) -> Any:
    """Return tensors, which a `train_step` may have put into the logs, as arrays."""
    if isinstance(value, list):
        return [_as_array(item) for item in value]
    if isinstance(value, dict):
        return {key: _as_array(item) for key, item in value.items()}
    return keras.ops.convert_to_numpy(value) if keras.ops.is_tensor(value) else value
