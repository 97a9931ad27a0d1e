"""Code on a page, with no more marks than it has colours."""

from __future__ import annotations

from pygments.formatters import HtmlFormatter
from pygments.token import Name, Punctuation, Text, Whitespace
from sphinx.highlighting import PygmentsBridge

# Written in the colour of the text, in either mode of the site.
PLAIN = {Name, Punctuation, Whitespace}


class PlainNames(HtmlFormatter):
    """Leaves unmarked what has the colour of the text: half of all the marks."""

    def format_unencoded(self, tokensource, outfile):
        """Write the tokens, the plain ones as text."""
        tokens = ((Text if kind in PLAIN else kind, text) for kind, text in tokensource)
        super().format_unencoded(tokens, outfile)


def setup(app):
    """Let Sphinx write code so."""
    PygmentsBridge.html_formatter = PlainNames
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
