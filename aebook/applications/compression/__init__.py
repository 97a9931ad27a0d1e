"""A learnt codec: its networks, their distributions as whole numbers, the coder.

Public through `aebook.applications`: `Codec`, `Tables`, `Writer`, `Reader`,
`count_tables`.
"""

__all__: list[str] = []
