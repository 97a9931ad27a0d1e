"""A run that is kept in a file: what it is, how far it came, and how it goes on.

Public through `aebook.training.fit(checkpoint=…)`.
"""

__all__: list[str] = []
