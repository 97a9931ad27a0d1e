"""Find the texts for readers that a module of figures writes itself."""

import ast
from itertools import pairwise
import re

from matplotlib import rcParams

# Strings that matplotlib and others read, not people.
KNOWN = {
    *rcParams,
    # names of its arguments, in dicts that are handed on to matplotlib
    *"alpha arrowstyle boxstyle color ec facecolor fc fontsize fontweight ha".split(),
    *"layout linewidth lw marker markeredgecolor markeredgewidth markersize".split(),
    *"patchA patchB path_effects shrinkA shrinkB x y".split(),
    # places, scales, colours, styles and a font of matplotlib
    *"auto both bottom center datalim equal left linear log right W".split(),
    *("center left", "lower left", "constrained", "none"),
    *("outside lower right", "outside lower center"),
    *("black", "white", "gray", "PuOr", "bold", "o", "DejaVu Sans"),
    *("round,pad=0.1", "round,pad=0.25", "round,pad=0.35"),
    *("biuf", "iu"),  # kinds of numbers in NumPy
    # what SVG and PNG hold, what Pillow calls it, and what notebooks do
    *"svg path aebook Creator Date Format Type png PNG L RGB RGBA width height".split(),
    *(" ", "image/svg+xml", "image/png", "image/jpeg", "application/pdf"),
    "covariance_eigh",  # a solver of scikit-learn
    *("IPython", "alt"),  # what notebooks call it
    *("loss", "val_"),  # what Keras calls it in a history
}
TEXT_CALLS = {"Figure", "annotate", "set_title", "set_xlabel", "set_ylabel"} | {
    *("suptitle", "text", "set_text", "set_xticklabels", "set_yticklabels"),
}
TEXT_ARGUMENTS = {"alt", "each", "label", "note", "title", "xlabel", "ylabel"}
# What these take are names in errors, and names of attributes.
SILENT_CALLS = re.compile(r"_?(check|as)_\w+|getattr|hasattr")
# Roles, parts of errors, and what is looked for in a file.
SILENT_CONSTANTS = {*"__all__ COLORS FORM HINT PICTURES PLACES SPACES".split()}


def called(call):
    return getattr(call.func, "id", None) or getattr(call.func, "attr", "")


def is_silent(path):
    """Whether a string goes to an error, a docstring or a look-up, by its parents."""
    for child, parent in pairwise(path):
        if isinstance(parent, ast.Raise) or (
            isinstance(parent, ast.Expr) and isinstance(child, ast.Constant)
        ):
            return True
        if isinstance(parent, ast.Subscript) and child is parent.slice:
            return True
        if isinstance(parent, ast.Call) and SILENT_CALLS.fullmatch(called(parent)):
            return True
        if isinstance(parent, ast.Assign) and SILENT_CONSTANTS & {
            getattr(target, "id", None) for target in parent.targets
        }:
            return True
    return False


def is_shown(path):
    """Whether a string stands right where a figure takes its texts, by its parents."""
    for child, parent in pairwise(path):
        if isinstance(parent, ast.keyword):
            return parent.arg in TEXT_ARGUMENTS
        if isinstance(parent, ast.Call):
            return child in parent.args and called(parent) in TEXT_CALLS
        if isinstance(parent, ast.arguments):
            named = [*parent.posonlyargs, *parent.args][-len(parent.defaults) :]
            pairs = [*zip(named, parent.defaults, strict=False)]
            pairs += zip(parent.kwonlyargs, parent.kw_defaults, strict=True)
            return any(d is child and a.arg in TEXT_ARGUMENTS for a, d in pairs)
    return False


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def builds_text(node):
    """Whether texts are put together here, be it by marks without a letter."""
    if isinstance(node, ast.BinOp):  # ": " + name, "%s: %s" % pair
        return any(is_text(n) and n.value not in KNOWN for n in (node.left, node.right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        form = node.func.attr == "format" and is_text(node.func.value)
        return form or node.func.attr == "join"
    return isinstance(node, ast.JoinedStr)


def written(source):
    """Every text for readers that a module writes itself, and where it builds one."""
    tree = ast.parse(source)
    up = {c: node for node in ast.walk(tree) for c in ast.iter_child_nodes(node)}
    found = []
    for node in ast.walk(tree):
        path = [node]
        while path[-1] in up:
            path.append(up[path[-1]])
        if is_silent(path):
            continue
        if builds_text(node):
            found.append(ast.unparse(node))
        elif is_text(node):
            known = node.value in KNOWN or re.fullmatch(r"#[\dA-F]{6}", node.value)
            if re.search(r"[^\W\d_]", node.value) and (not known or is_shown(path)):
                found.append(node.value)
    return found
