"""What an autoencoder is used for, as helpers that take the reader's own data.

One module a chapter of the book's second part. This room may import every other but
`plots`; no other imports it.
"""

__all__: list[str] = []
