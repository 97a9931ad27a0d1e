"""Read a formula aloud, its LaTeX or its code: the letters, numbers and signs in order.

Both say `w - eta over m sqrt v + epsilon` for one rule of descent, `sum j k mu j ^ 2`
for a sum over j from 1 to k. Times and brackets are not said, nor the number of a step
or a layer, nor what stands left of an equals sign.
"""

import ast
from collections.abc import Callable, Iterator
import inspect
import re
import textwrap

BRACES = r"\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"  # three deep
#: In this order: what stands in LaTeX, and what takes its place.
REWRITTEN = [
    (r"\\begin\{\w+\}|\\end\{\w+\}|;\s*\\theta|\\[bB]igg?[lr]|\\[,;!]", " "),
    (r"\\(left|right)(?![a-z])", " "),
    (rf"\\underbrace{BRACES}_{BRACES}", r"\1"),
    (r"&=", "="),
    (r"\^\\top", " T "),
    (r"\\mathrm\{KL\}", " divergence "),
    (r"_\\text\{(\w+)\}", r"_\1"),
    (r"\\text\{(\w+)\}", r" \1 "),
    (r"\\mathbb\{E\}_\{(\w) \\sim (\w)\}", r" sum \1 \2(\1) "),
    (rf"\\text{BRACES}", " "),
    (r"\\operatorname\{(\w+)\}|\\mathrm\{(\w+)\}", r"\\\1\2 "),
    (r"\\hat\{([a-z])\}|\\hat\s*\\?([a-z]+)", r" \1\2_hat "),
    (r"\b([A-Z])([A-Z])\b", r"\1 \2"),
    (r"\\frac\{\\partial\}\{\\partial\s+(\w+) _\{ij\}\}", r" d_d\1 "),
    (r"_\{\\(max|min)\}", r"_\1"),
    (r"\\min_\{[^{}]*\}|\\min_\\theta", " "),
    (r"\\sum_\{(\w)=1\}\^\{(\w)\}", r" sum \1 \2 "),
    (r"\\sum_\{(\w) > (\w)\}|\\sum_\{?(\w)\}?", r" sum \1\3 \2 "),
    (r"\\log_\{10\}", r"\\log10 "),
    (r"_\{l,", "_{"),
    (r"_([tl]|\{[tl][+-]1\})(?![a-z_])", ""),
    (r"_\{ij\}", " i j "),
    (r"_\{?([ij])\}?(?![a-z_])", r" \1 "),
    (r"\\frac\{\\partial \\?(\w*)\s*\}\{\\partial\s+(\w+)\s*\}", r" d\1_d\2 "),
    (r"(\w)'", r"\1_prime"),
    (r"\\nabla L", " nabla_L"),
    (r"\\[td]?frac\s*(\w)\s*(\w)", r" over \1 \2 "),
]
SIDES = r"(?<!\\)=|\\leftarrow|\\approx|\\ge(?![a-z])"
STATEMENTS = r"\\q?quad|\\\\|&(?!=)"
ATOM = r"\\?[A-Za-z]+\d*(?:_\w+)*|\d+(?:\.\d+)?|[-+<^]"
#: Not said: what only joins or encloses, and a name for a phrase of the page.
SILENT = {"odot", "cdot", "mid", "rVert", "with_all_singular_values"}
SPELLED = {
    "varepsilon": "epsilon",
    "lambda": "lambda_",
    "ln": "log",
    "frac": "over",
    "lVert": "norm",
    "tr": "trace",
    "I": "identity",
}


def latex_aloud(latex: str) -> list[str]:
    """Return the atoms of a formula, without what stands left of an equals sign."""
    for pattern, new in REWRITTEN:
        latex = re.sub(pattern, new, latex)
    sides = []
    for statement in re.split(STATEMENTS, latex):
        first, *rest = re.split(SIDES, statement)
        if r"\sim" in first:  # only says what is drawn
            continue
        sides += rest or [first]
    atoms = [atom.lstrip("\\") for side in sides for atom in re.findall(ATOM, side)]
    return [SPELLED.get(atom, atom) for atom in atoms if atom not in SILENT]


def code_aloud(function: Callable) -> list[str]:
    """Return the atoms of the code, without the names that it gives to results."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    body = tree.body[0].body
    results = {
        name.id
        for line in body
        for name in ast.walk(line)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    }
    atoms = []
    for line in body:
        whole = line.value
        for part in whole.elts if isinstance(whole, ast.Tuple) else [whole]:
            if not (isinstance(part, ast.Name) and part.id in results):
                atoms += spoken(part)
    return [atom for atom in atoms if atom not in SILENT]


def spoken(node: ast.expr) -> Iterator[str]:
    """Yield the atoms of one expression, from left to right."""
    match node:
        case ast.BinOp(left, op, right):
            yield from ["over"] * isinstance(op, ast.Div)
            yield from spoken(left)
            yield from {ast.Add: "+", ast.Sub: "-", ast.Pow: "^"}.get(type(op), "")
            yield from spoken(right)
        case ast.UnaryOp(ast.USub(), operand):
            yield "-"
            yield from spoken(operand)
        case ast.Compare(left, [ast.Lt()], [right]):
            yield from (*spoken(left), "<", *spoken(right))
        case ast.Constant(value):
            yield str(value)
        case ast.Name(name):
            yield name
        case ast.Attribute(ast.Name("np") | ast.Attribute(ast.Name("np")), name):
            yield name
        case ast.Attribute(value, name):
            yield from (*spoken(value), name)
        case ast.Subscript(value, index):
            yield from (*spoken(value), *spoken(index))
        case ast.Tuple(parts):
            for part in parts:
                yield from spoken(part)
        case ast.GeneratorExp(element, [ast.comprehension(index, over)]):
            yield from (*spoken(index), *bound(over), *spoken(element))
        case ast.Lambda(body=part):
            yield from spoken(part)
        case ast.Call(function, arguments):
            yield from spoken(function)
            for argument in arguments:
                yield from spoken(argument)
        case _:
            yield ast.unparse(node)


def bound(over: ast.expr) -> list[str]:
    """Return the bound of a sum that a page gives too."""
    match over:
        case ast.Call(ast.Name("range"), [ast.Name(last)]):
            return [last]
        case ast.Call(ast.Name("range"), [ast.Name(before), ast.Name()]):
            return [before]
        case _:
            return []


#: Formulas whose code says more than the page, and what it says.
SPELLED_OUT = {
    "eq-concepts-k": "how the k largest are found",
    "eq-losses-printed": "the mean and the divergence as sums",
    "eq-losses-kl-steps": "the mean over q as a sum over its nodes",
    "eq-losses-elbo": "the mean and both divergences as sums",
}
