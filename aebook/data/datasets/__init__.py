"""One file a data set, or a family that shares a reader: its entry and its reader."""

__all__: list[str] = []
