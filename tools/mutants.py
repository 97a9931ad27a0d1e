"""Make a formula wrong in one place, in its LaTeX or in its code."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
import copy
import inspect
import re
import textwrap

# --- LaTeX

GREEK = "alpha beta delta epsilon varepsilon eta kappa lambda mu phi rho sigma theta"
#: What a command is taken for.
CONFUSED = {
    **dict(zip(GREEK.split(), [*GREEK.split()[1:], "alpha"], strict=True)),
    "sqrt": "",
    "ln": r"\exp",
    "log": r"\exp",
    "cos": r"\sin",
    "max": r"\min",
    "sum": r"\prod",
}
GROUP = r"(\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}|\s*\w)"  # three braces deep
#: Kind of mistake, where it can be made, and what then stands there.
MISTAKES: list[tuple[str, str, Callable[[re.Match], str]]] = [
    ("sign", r"[+-]", lambda m: "-" if m[0] == "+" else "+"),
    ("sign", r"-", lambda m: ""),
    ("fraction", rf"(\\t?frac){GROUP}{GROUP}", lambda m: f"{m[1]}{m[3]} {m[2]}"),
    ("fraction", r"\\frac(?=\{)", lambda m: ""),
    ("factor", rf"\\t?frac{GROUP}{GROUP}", lambda m: ""),
    ("factor", r"(?<![\d_^])\d+", lambda m: str(2 * int(m[0]) or 1)),
    ("index", r"_(\w)\b", lambda m: "_" + chr(ord(m[1]) + 1)),
    ("index", r"_\{(\w)(\w)\}", lambda m: f"_{{{m[2]}{m[1]}}}"),
    ("exponent", r"\^(\w)\b", lambda m: ""),
    ("exponent", r"\^(\d)", lambda m: f"^{int(m[1]) + 1}"),
    ("transpose", r"\^\\top", lambda m: ""),
    ("root", r"\\sqrt", lambda m: ""),
    ("function", r"\\(ln|log|cos|max|sum)(?![a-z])", lambda m: CONFUSED[m[1]]),
    (
        "letter",
        rf"\\({GREEK.replace(' ', '|')})(?![a-z])",
        lambda m: f"\\{CONFUSED[m[1]]}",
    ),
    (
        "letter",
        r"(?<![\\\w{])[a-zA-Z](?![\w}])",
        lambda m: "a" if m[0] in "zZ" else chr(ord(m[0]) + 1),
    ),
    ("comparison", r"<", lambda m: ">"),
]


def latex_mutants(latex: str) -> Iterator[tuple[str, str]]:
    r"""Yield kind and text of each formula that differs from this one in one place.

    Words, such as those of `\text{...}`, stay as they are.
    """
    words = [m.span() for m in re.finditer(r"\\(text|begin|end)\{[^{}]*\}", latex)]
    seen = {latex}
    for kind, pattern, wrong in MISTAKES:
        for match in re.finditer(pattern, latex):
            if any(start <= match.start() < end for start, end in words):
                continue
            mutant = latex[: match.start()] + wrong(match) + latex[match.end() :]
            if mutant not in seen:
                seen.add(mutant)
                yield kind, mutant


# --- code

SIGNS = {ast.Add: ast.Sub, ast.Sub: ast.Add}
OPERATORS = {ast.Mult: ast.Div, ast.Div: ast.Mult}
COMPARISONS = {ast.Lt: (ast.Gt,), ast.GtE: (ast.Gt, ast.Lt)}
Change = tuple[str, ast.AST]


def code_mutants(function: Callable) -> Iterator[tuple[str, str, Callable]]:
    """Yield kind, wrong line and code of each function that differs in one place."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    whole = tree.body[0]
    whole.decorator_list = []
    for number, line in enumerate(whole.body):
        for place, node in enumerate(ast.walk(line)):
            for kind, new in changes(node, line, whole):
                wrong = copy.deepcopy(line)
                Replace([*ast.walk(wrong)][place], new).visit(wrong)
                whole.body[number] = wrong
                yield kind, ast.unparse(wrong), compiled(tree, function)
        whole.body[number] = line


class Replace(ast.NodeTransformer):
    """Put a node in the place of another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        """Return what stands here from now on."""
        return self.new if node is self.old else self.generic_visit(node)


def compiled(tree: ast.Module, function: Callable) -> Callable:
    """Return the function of a tree, among the names of the original."""
    names = dict(function.__globals__)
    exec(compile(ast.fix_missing_locations(tree), "<mutant>", "exec"), names)
    return names[function.__name__]


def changes(node: ast.AST, line: ast.stmt, whole: ast.FunctionDef) -> Iterator[Change]:
    """Yield each mistake that can be made at one node."""
    match node:
        case ast.BinOp(left, ast.Add() | ast.Sub() as op, right):
            yield "sign", ast.BinOp(left, SIGNS[type(op)](), right)
            yield "term", left
        case ast.BinOp(left, ast.Mult() | ast.Div() as op, right):
            yield "fraction", ast.BinOp(left, OPERATORS[type(op)](), right)
            yield "factor", left
            if isinstance(op, ast.Mult):
                yield "factor", right
            else:
                yield "fraction", ast.BinOp(right, ast.Div(), left)
        case ast.BinOp(left, ast.Pow(), right):
            yield "exponent", left
            yield "exponent", ast.BinOp(left, ast.Pow(), plus_one(right))
        case ast.UnaryOp(ast.USub(), operand):
            yield "sign", operand
        case ast.Constant(int() | float() as value):
            yield "factor", ast.Constant(value + 1)
            if value not in (0, 1):
                yield "factor", ast.Constant(2 * value)
        case ast.Call(ast.Attribute(attr=name), [argument], []):
            yield "root" if name == "sqrt" else "function", argument
        case ast.Name("max"):
            yield "function", ast.Name("min", ast.Load())
        case ast.Attribute(value, "T"):
            yield "transpose", value
        case ast.Compare(left, [op], rights):
            for other in COMPARISONS[type(op)]:
                yield "comparison", ast.Compare(left, [other()], rights)
        case ast.Name(name, ast.Load()) if name in (loops := loop_names(line)):
            yield from (("index", load(other)) for other in sorted(loops - {name}))
            yield "index", ast.Constant(0)
        case ast.Name(name, ast.Load()):
            yield from (("letter", load(other)) for other in others(name, whole))


def plus_one(node: ast.expr) -> ast.expr:
    """Return the code that adds 1."""
    return ast.BinOp(node, ast.Add(), ast.Constant(1))


def load(name: str) -> ast.expr:
    """Return the code that names something."""
    return ast.Name(name, ast.Load())


def loop_names(line: ast.stmt) -> set[str]:
    """Return the names over which sums run, the indices of a formula."""
    loops = [part for part in ast.walk(line) if isinstance(part, ast.comprehension)]
    names = [part for loop in loops for part in ast.walk(loop.target)]
    return {part.id for part in names if isinstance(part, ast.Name)}


def others(name: str, whole: ast.FunctionDef) -> list[str]:
    """Return the arguments that play the part of this one: a mistake to make."""
    parts, given = roles(whole), [argument.arg for argument in whole.args.args]
    same = [other for other in given if parts.get(other) == parts.get(name)]
    return [other for other in same if other != name] if name in given else []


def roles(whole: ast.FunctionDef) -> dict[str, str]:
    """Return what is done with each name: called, indexed, or nothing of the kind."""
    found = {}
    for node in ast.walk(whole):
        match node:
            case ast.Call(ast.Name(name)):
                found[name] = "called"
            case ast.Subscript(ast.Name(name)):
                found[name] = "indexed"
    return found
