"""Every displayed formula of the book, as text and as code, by chapter."""

from formulas import (
    background,
    concepts,
    keras_implementation,
    losses,
    mse_descent,
    mse_slopes,
    notation,
    optimizers,
)
from formulas.entry import Formula

__all__ = ["FORMULAS", "Formula"]

MODULES = {
    "background": (background,),
    "concepts": (concepts,),
    "losses": (losses,),
    "optimizers": (optimizers,),
    "mse_and_gradient_descent": (mse_slopes, mse_descent),
    "keras_implementation": (keras_implementation,),
    "appendix/notation": (notation,),
}

#: Chapter, by its place in the book, and the entries of its formulas.
FORMULAS = {
    chapter: [
        entry
        for module in modules
        for entry in vars(module).values()
        if isinstance(entry, Formula)
    ]
    for chapter, modules in MODULES.items()
}
