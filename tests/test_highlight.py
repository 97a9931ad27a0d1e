"""Code on a page is marked where its colour differs from the text's."""

from io import StringIO

import highlight
from pygments.lexers import PythonLexer
from pygments.styles import get_style_by_name
from pygments.token import Text
import pytest

CODE = "total = sum(x ** 2 for x in values)  # no mean\n"


def written(code):
    out = StringIO()
    highlight.PlainNames().format(PythonLexer().get_tokens(code), out)
    return out.getvalue()


def test_names_and_brackets_are_left_unmarked():
    page = written(CODE)
    assert 'total <span class="o">=</span> <span class="nb">sum</span>(x ' in page
    assert 'class="n"' not in page and 'class="p"' not in page
    assert '<span class="c1"># no mean</span>' in page


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_what_is_unmarked_has_the_colour_of_the_text(mode):
    style = get_style_by_name(f"a11y-high-contrast-{mode}")
    text = style.style_for_token(Text)
    assert text["color"]
    for kind in highlight.PLAIN:
        assert style.style_for_token(kind) == text
