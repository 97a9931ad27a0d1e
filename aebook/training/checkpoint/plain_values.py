"""Plain values: what a checkpoint can hold without pickled objects.

`pack` makes of a value what JSON and NumPy's files can hold, `unpack` makes the same
value of that again. What would not come back as it was is refused.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
import sys
from typing import Any

import numpy as np

__all__ = ["NotPlainError", "pack", "unpack"]

# Dicts of another kind, and what a default dict may call for a missing key.
DICTS: dict[str, Any] = {
    kind.__name__: kind for kind in (OrderedDict, Counter, defaultdict)
}
FACTORIES: dict[str, Any] = {
    kind.__name__: kind for kind in (bool, int, float, str, list, tuple, dict)
}


class NotPlainError(TypeError):
    """A value is neither a number, a text, an array, nor made of these."""


def pack(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return `value` as JSON takes it; its arrays go into `arrays`.

    Args:
        value: `None`, a bool, number, text, array, or a list, tuple, named tuple or
            dict of these; of dicts also `OrderedDict`, `Counter` and `defaultdict`.
        arrays: Where to put the arrays; changed in place.

    Returns:
        What `unpack` turns into an equal value of the same type.

    Raises:
        NotPlainError: If there is anything else in it.

    Example:
        >>> arrays = {}
        >>> packed = pack({"best": (1, np.zeros(3))}, arrays)
        >>> list(arrays), unpack(packed, arrays)
        (['0'], {'best': (1, array([0., 0., 0.]))})
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.generic) or type(value) in (np.ndarray, np.memmap):
        return _packed_array(value, arrays)
    if type(value) is list:
        return [pack(item, arrays) for item in value]
    if type(value) is tuple:
        return {"tuple": [pack(item, arrays) for item in value]}
    if type(value) is dict or type(value) in DICTS.values():
        return _packed_dict(value, arrays)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        name = _name_of(type(value))
        items = [pack(item, arrays) for item in value]
        return {"named": name, "fields": list(value._fields), "tuple": items}
    raise NotPlainError(f"{type(value).__name__} is not plain{_hint(value)}")


def unpack(packed: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return the value that `pack` was given.

    Args:
        packed: What `pack` returned.
        arrays: The arrays it put aside.

    Returns:
        An equal value.

    Raises:
        NotPlainError: If the class of a named tuple is not loaded, or is another now.

    Example:
        >>> unpack({"tuple": [1, "a"]}, {})
        (1, 'a')
    """
    if isinstance(packed, list):
        return [unpack(item, arrays) for item in packed]
    if not isinstance(packed, dict):
        return packed
    if "array" in packed:
        array = arrays[packed["array"]]
        if packed.get("dtype"):
            array = array.view(_small_float(packed["dtype"]))
        return array[()] if packed["scalar"] else array
    if "tuple" in packed:
        items = tuple(unpack(item, arrays) for item in packed["tuple"])
        if "named" not in packed:
            return items
        return tuple.__new__(_named_tuple(packed["named"], packed["fields"]), items)
    pairs = {unpack(k, arrays): unpack(v, arrays) for k, v in packed["dict"]}
    if "factory" in packed:
        return defaultdict(FACTORIES.get(packed["factory"]), pairs)
    return DICTS[packed["kind"]](pairs) if "kind" in packed else pairs


# --- arrays and dicts


def _packed_array(value: Any, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    array = np.asarray(value)
    if array.dtype.hasobject:
        raise NotPlainError(f"an array of dtype {array.dtype} is not plain")
    name = None
    if array.dtype.kind == "V" and array.dtype.names is None:
        name = array.dtype.name  # NumPy's files keep the bits of bfloat16, not its name
        if _small_float(name) is None:
            raise NotPlainError(f"an array of dtype {array.dtype} is not plain")
    key = str(len(arrays))
    arrays[key] = array
    return {"array": key, "scalar": isinstance(value, np.generic), "dtype": name}


def _small_float(name: str) -> Any:
    """Return a type that Keras' backends add to NumPy, such as bfloat16."""
    return getattr(sys.modules.get("ml_dtypes"), name, None)


def _packed_dict(value: dict, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    packed: dict[str, Any] = {
        "dict": [[pack(k, arrays), pack(v, arrays)] for k, v in value.items()]
    }
    if type(value) is not dict:
        packed["kind"] = type(value).__name__
    if isinstance(value, defaultdict):
        factory = value.default_factory
        if factory is not None and factory not in FACTORIES.values():
            raise NotPlainError(
                f"a defaultdict of {getattr(factory, '__qualname__', factory)} is not "
                f"plain; one of {', '.join(FACTORIES)} is"
            )
        packed["factory"] = "None" if factory is None else factory.__name__
    return packed


# --- named tuples


def _name_of(cls: type) -> str:
    """Return the name by which the class is found again, or refuse."""
    name = f"{cls.__module__}:{cls.__qualname__}"
    if _loaded(name) is not cls:
        raise NotPlainError(
            f"{cls.__qualname__} is not plain: a named tuple comes back only if its "
            "class stands at the top of a module; move it there"
        )
    return name


def _named_tuple(name: str, fields: list[str]) -> type:
    cls = _loaded(name)
    if not isinstance(cls, type) or not issubclass(cls, tuple):
        raise NotPlainError(
            f"it holds a named tuple {name.replace(':', '.')}, which is not loaded "
            "here; define or import it first"
        )
    if list(getattr(cls, "_fields", ())) != fields:
        raise NotPlainError(
            f"it holds a named tuple {name.replace(':', '.')} of {', '.join(fields)}, "
            "which has other fields here"
        )
    return cls


def _loaded(name: str) -> Any:
    """Return what has this name in a module that is loaded already; import none."""
    module, _, path = name.partition(":")
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    return found


def _hint(value: Any) -> str:
    for kind in (np.ndarray, bool, int, float, str, list, tuple, dict):
        if isinstance(value, kind):
            return f": it would come back as {kind.__name__}; convert it to one"
    return ""
