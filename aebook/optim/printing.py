"""The code of a rule as a page shows it: nothing but the equations."""

from __future__ import annotations

import ast
from collections.abc import Iterable
import inspect
import textwrap
from types import FunctionType, ModuleType

from aebook.optim.rules import as_rule

__all__ = ["source"]


def source(
    rule: str | ModuleType | FunctionType,
    parts: str | Iterable[str] = ("init", "update"),
) -> str:
    """Return the code of a rule without docstrings, annotations and decorators.

    It is cut out of the module that runs, so page and package cannot drift apart.

    Args:
        rule: Name or module; or any one function or method, such as
            `aebook.scratch.backward`.
        parts: Functions to show, in this order. Defaults to `init` and `update`.

    Returns:
        Python code; of a rule, at most 80 columns wide.

    Example:
        >>> print(source("heavy_ball", "update"))
        def update(g, state, w, learning_rate=0.01, momentum=0.9):
            v = momentum * state.v - learning_rate * g
            return v, State(v)
    """
    if isinstance(rule, FunctionType):
        return _bare(inspect.getsource(rule))
    rule = as_rule(rule)
    names = [parts] if isinstance(parts, str) else list(parts)
    shown = [_bare(inspect.getsource(getattr(rule, name))) for name in names]
    return "\n\n\n".join(shown)


def _bare(code: str) -> str:
    code = textwrap.dedent(code)  # of a method
    function = ast.parse(code).body[0]
    assert isinstance(function, ast.FunctionDef)
    body = function.body[bool(ast.get_docstring(function)) :]
    lines = code.rstrip().splitlines()[body[0].lineno - 1 :]
    return "\n".join([_header(function, code), *lines])


def _header(function: ast.FunctionDef, code: str) -> str:
    """Return the line `def name(...):` with the defaults as they were typed."""
    given = function.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args)]
    first = len(names) - len(given.defaults)
    if given.vararg or given.kwonlyargs:
        names.append(f"*{given.vararg.arg if given.vararg else ''}")
    names += [argument.arg for argument in given.kwonlyargs]
    values = [None] * first + [*given.defaults]
    values += [None] * bool(given.vararg or given.kwonlyargs) + given.kw_defaults
    names = [
        f"{name}={ast.get_source_segment(code, value)}" if value else name
        for name, value in zip(names, values, strict=True)
    ]
    if given.kwarg:
        names.append(f"**{given.kwarg.arg}")
    start = f"def {function.name}("
    line = f"{start}{', '.join(names)}):"
    return textwrap.fill(
        line, 80, subsequent_indent=" " * len(start), break_long_words=False
    )
