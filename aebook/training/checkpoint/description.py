"""Descriptions of models, losses and optimizers: plain values, to be compared.

`describe` makes a tree of names and plain values; `differences` says where two of
them part. Numbers that Keras gives out in a process, as in `dense_7`, are left out.
"""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterable, Iterator
import functools
import marshal
import re
from typing import Any
import warnings
import zlib

import keras
import numpy as np

__all__ = ["checksum", "class_name", "describe", "differences", "shown", "stem"]

CHUNK = 2**24  # values of an array to sum up at a time
# When it was built, compiled and registered: not what it is.
PASSING = ("build_config", "build_input_shape", "compile_config", "registered_name")
MISSING = "missing"


def describe(thing: Any) -> Any:
    """Return plain values that say what a thing is.

    Args:
        thing: A Keras object, a function, a config, or a plain value.

    Returns:
        For a Keras object a dict of its class and its config, nested as that is. If
        it has no config, its class and its layers; what else it holds is not seen. A
        function is its qualified name.

    Example:
        >>> layer = keras.layers.Dense(2, name="dense_7")
        >>> {k: describe(layer)[k] for k in ("class", "name", "units", "dtype")}
        {'class': 'Dense', 'name': 'dense', 'units': 2, 'dtype': 'float32'}
    """
    if isinstance(thing, np.generic):
        thing = thing.item()
    if thing is None or isinstance(thing, bool | int | float | str):
        return thing
    if isinstance(thing, dict):
        return _object(thing) if _is_object(thing) else _entries(thing)
    if isinstance(thing, list | tuple):
        return [describe(item) for item in thing]
    if isinstance(thing, set | frozenset):
        return sorted((describe(item) for item in thing), key=repr)
    if isinstance(thing, keras.Variable):  # its value may change while a run trains
        return f"a variable of shape {tuple(thing.shape)}"
    if hasattr(thing, "__array__"):
        return checksum(thing)
    if isinstance(thing, functools.partial):
        given = {"function": thing.func, "args": thing.args, **thing.keywords}
        return {"class": "partial", **_entries(given)}
    if isinstance(thing, keras.losses.Loss):  # `Huber` leaves its delta out of it
        given = {k.lstrip("_"): v for k, v in vars(thing).items()}
        given |= given.pop("fn_kwargs", {})
        return {"class": class_name(type(thing)), **_entries(given)}
    if hasattr(thing, "__qualname__"):
        module = str(thing.__module__)
        of_keras = module.split(".")[0] == "keras"
        return thing.__qualname__ if of_keras else f"{module}.{thing.__qualname__}"
    return _by_config(thing)


def class_name(cls: type) -> str:
    """Return the name under which a class is known, with its module if not Keras'.

    Example:
        >>> class_name(keras.layers.Dense)
        'Dense'
    """
    name = keras.saving.get_registered_name(cls)
    if ">" in name or cls.__module__.startswith("keras."):
        return name
    return f"{cls.__module__}.{cls.__qualname__}"


def checksum(array: Any) -> str:
    """Return type, shape and a checksum of all values of an array.

    Example:
        >>> checksum(np.arange(3)) == checksum(np.array([0, 1, 9]))
        False
    """
    array = np.asarray(array)
    flat = np.ascontiguousarray(array[None]) if not array.ndim else array
    check, step = 0, max(CHUNK // max(flat[:1].size, 1), 1)
    for start in range(0, len(flat), step):
        values = np.ascontiguousarray(flat[start : start + step]).reshape(-1)
        texts = values.dtype.hasobject  # their values are elsewhere in memory
        data = repr(values.tolist()).encode() if texts else values.view(np.uint8).data
        check = zlib.crc32(data, check)
    return f"{array.dtype} {array.shape} {check:08x}"


def differences(was: Any, now: Any, path: tuple = ()) -> Iterator[tuple[str, str, str]]:
    """Yield where two descriptions differ.

    Args:
        was: What `describe` returned, or a dict of such.
        now: The same of something else.
        path: Keys that lead to them.

    Yields:
        The path, joined by `/`, and the two values there, as texts.

    Example:
        >>> list(differences({"units": 2, "bias": True}, {"units": 3, "bias": True}))
        [('units', '2', '3')]
    """
    if isinstance(was, dict) and isinstance(now, dict):
        if was.get("class") != now.get("class"):
            yield _joined(path), _short(was), _short(now)
            return
        for key in dict.fromkeys([*was, *now]):
            pair = was.get(key, MISSING), now.get(key, MISSING)
            yield from differences(*pair, (*path, key))
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for i, pair in enumerate(zip(was, now, strict=True)):
            yield from differences(*pair, (*path, i))
    elif was != now and repr(was) != repr(now):  # NaN is not itself
        yield _joined(path), _short(was), _short(now)


def shown(number: float | None) -> str:
    """Return a number as a reader wrote it, though it went through float32.

    Example:
        >>> shown(float(np.float32(0.1))), shown(1.0)
        ('0.1', '1.0')
    """
    return str(number and float(f"{number:.7g}"))


def _joined(path: tuple) -> str:
    keys = [str(key) for key in path if key != "layers"]
    return "/".join(keys[keys[0] == "model" and len(keys) > 1 :])


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("class", ", ".join(map(str, value)) or "nothing"))
    if isinstance(value, list):
        return f"[{', '.join(map(_short, value))}]"
    return shown(value) if isinstance(value, float) else str(value)


# --- Keras' configs


def _by_config(thing: Any) -> dict[str, Any]:
    """Describe by the config; where that names no layers, by the layers there are."""
    tree: dict[str, Any] = {"class": class_name(type(thing))}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of lambdas, which are only named here
            config = thing.get_config()
    except Exception:  # that of a reader's own class may raise anything
        config = {"config": MISSING}
    tree |= _entries(config)
    layers = getattr(thing, "layers", [])
    if layers and not any(map(_holds_layer, tree.values())):
        names = _numbered(layer.name for layer in layers)
        tree["layers"] = {"order": names} | {
            name: describe(layer) for name, layer in zip(names, layers, strict=True)
        }
    return tree


def _holds_layer(tree: Any) -> bool:
    if isinstance(tree, list):
        return any(map(_holds_layer, tree))
    return isinstance(tree, dict) and (
        "trainable" in tree or any(map(_holds_layer, tree.values()))
    )


def _is_object(config: Any) -> bool:
    return isinstance(config, dict) and {"class_name", "config"} <= set(config)


def _object(config: dict[str, Any]) -> Any:
    """Describe what `keras.saving.serialize_keras_object` made of something."""
    kind, inner = config["class_name"], config["config"]
    module = str(config.get("module", ""))
    if kind == "__lambda__":
        return f"a lambda, {_code(inner)}"
    if kind in ("__numpy__", "__tensor__"):
        return checksum(inner["value"])
    if not isinstance(inner, dict):  # a function: its name
        return f"{module}.{inner}"
    if kind.endswith("DTypePolicy"):
        return inner["name"]
    registered = str(config.get("registered_name"))
    if ">" in registered:
        kind = registered
    elif module and module.split(".")[0] != "keras":
        kind = f"{module}.{kind}"
    return {"class": kind, **_entries(inner)}


def _entries(config: dict) -> dict[str, Any]:
    """Describe the values of a config."""
    config = {str(k): v for k, v in config.items() if k not in PASSING}
    layers = config.get("layers")
    if isinstance(layers, list) and all(map(_is_object, layers)):
        inner = {k: v for k, v in config.items() if k != "layers"}
        return _network(inner, layers)
    tree = {name: describe(value) for name, value in config.items()}
    if isinstance(tree.get("name"), str):
        tree["name"] = stem(tree["name"])
    return tree


def _network(config: dict[str, Any], layers: list[dict]) -> dict[str, Any]:
    """Describe layers that have names, and how they are joined."""
    if "input_layers" not in config and layers[:1] and _is_input(layers[0]):
        layers = layers[1:]  # a `Sequential` may get it later, from its first batch
    called = [_name_of(layer) for layer in layers]
    numbered = _numbered(called)
    names = dict(zip(called, numbered, strict=True))
    for key in ("input_layers", "output_layers"):
        if key in config:
            config[key] = _renamed(config[key], names)
    tree: dict[str, Any] = {"order": numbered}
    for layer, name in zip(layers, numbered, strict=True):
        described = describe(layer)
        if "inbound_nodes" in layer:
            described["inputs"] = describe(_renamed(layer["inbound_nodes"], names))
        tree[name] = {k: v for k, v in described.items() if k != "name"}
    return {"layers": tree, **_entries(config)}


def _is_input(layer: dict) -> bool:
    return layer["class_name"] == "InputLayer"


def _name_of(layer: dict) -> str:
    """Return the name others refer to; a config without one leaves the class name."""
    config = layer["config"]
    return str(layer.get("name") or config.get("name") or layer["class_name"])


def _numbered(names: Iterable[str]) -> list[str]:
    seen: Counter = Counter()
    numbered = []
    for short in map(stem, names):
        numbered.append(f"{short}_{seen[short]}" if seen[short] else short)
        seen[short] += 1
    return numbered


def stem(name: str) -> str:
    """Return a name without the number that Keras gave it.

    Example:
        >>> stem("dense_7")
        'dense'
    """
    return re.sub(r"_[0-9]+$", "", name)


def _renamed(tree: Any, names: dict[str, str]) -> Any:
    """Give layers their new names where others refer to them."""
    if isinstance(tree, dict):
        return {key: _renamed(value, names) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        if tree and isinstance(tree[0], str) and tree[0] in names:
            return [names[tree[0]], *tree[1:]]
        return [_renamed(item, names) for item in tree]
    return tree


def _code(config: dict[str, Any]) -> str:
    """Sum up the code of a lambda, without the place where it stands."""
    config = config.get("value", config)
    if not isinstance(config, dict):
        config = dict(zip(("code", "defaults", "closure"), config, strict=False))
    code = marshal.loads(codecs.decode(config["code"].encode("ascii"), "base64"))
    constants = [c for c in code.co_consts if not hasattr(c, "co_code")]
    held = describe([config.get("defaults"), config.get("closure")])
    text = repr((code.co_code, code.co_names, constants, held))
    return f"{zlib.crc32(text.encode()):08x}"
