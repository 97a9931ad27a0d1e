"""The text of a stored notebook shows values where the site has roles."""

import book_rules
import nbformat
from nbformat import v4
import pytest
import readable

SPAN = '<span data-role="glue:text early:.2f">2.31</span>'


@pytest.fixture
def chapter(tmp_path):
    """A notebook of one text that has stored `early` and `name`."""

    def make(text):
        outputs = [
            v4.new_output(
                "display_data",
                {f"application/papermill.record/{kind}": value},
                metadata={
                    "scrapbook": {
                        "name": name,
                        "mime_prefix": "application/papermill.record/",
                    }
                },
            )
            for name, value, kind in [
                ("early", "2.3081", "text/plain"),
                ("name", "'Adam'", "text/plain"),
            ]
        ]
        code = v4.new_code_cell("glue('early', 2.3081)", outputs=outputs)
        return v4.new_notebook(cells=[v4.new_markdown_cell(text), code])

    return make


def written(notebook, folder=book_rules.CHAPTERS):
    readable.to_text(notebook, folder)
    return notebook.cells[0].source


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        ("{glue:text}`early:.2f`", "2.31"),
        ("{glue:text}`early`", "2.3081"),
        ("{glue:text}`name`", "Adam"),
        ("{eq}`eq-background-mse`", "(1.1)"),
        ("{term}`latent code`", "latent code"),
        ("{term}`latent codes <latent code>`", "latent codes"),
        ("{doc}`appendix/notation`", "Notation"),
        (
            "{cite:t}`kingma2015`",
            "[Kingma and Ba (2015)](https://doi.org/10.48550/arXiv.1412.6980)",
        ),
        (
            "{cite:p}`rumelhart1986,chollet2015`",
            "([Rumelhart et al., 1986](https://doi.org/10.1038/323533a0); "
            "[Chollet et al., 2015](https://keras.io))",
        ),
    ],
)
def test_a_role_is_written_as_what_it_stands_for(chapter, role, shown):
    name, content = role[1:-1].split("}`")
    expected = f'It is <span data-role="{name} {content}">{shown}</span>.'
    assert written(chapter(f"It is {role}.")) == expected


def test_a_value_that_was_written_before_is_written_anew(chapter):
    old = SPAN.replace("2.31", "9.99")
    assert written(chapter(f"{old} and `early`")) == f"{SPAN} and `early`"


def test_a_label_is_written_as_its_number_and_comes_back(chapter):
    formula = "So\n\n$$\na = b\n$$ (eq-background-objective)\n\nand $$ (no) more"
    shown = written(chapter(formula))
    assert '$$ <span data-role="label eq-background-objective">(1.2)</span>' in shown
    assert readable.to_roles(shown) == formula
    assert written(chapter(shown)) == shown


def test_equations_are_numbered_from_one_in_each_chapter():
    numbers = readable.equation_numbers()
    assert numbers["eq-losses-kl"] == "(3.5)"  # as the site has it
    places = [number.strip("()").split(".") for number in numbers.values()]
    for chapter in {chapter for chapter, _ in places}:
        own = [int(place) for first, place in places if first == chapter]
        assert own == [*range(1, len(own) + 1)]


def test_the_numbers_of_chapters_go_on_in_the_next_part(tmp_path, monkeypatch):
    for page in ("one", "two"):
        formula = v4.new_markdown_cell(f"$$\na\n$$ (eq-{page})")
        book = v4.new_notebook(cells=[formula])
        nbformat.write(book, tmp_path / f"{page}.ipynb")
    parts = "".join(f"- numbered: 1\n  chapters: [file: {p}]\n" for p in ("one", "two"))
    (tmp_path / "_toc.yml").write_text(f"parts:\n{parts}- chapters: [file: last]\n")
    monkeypatch.setattr(readable, "ROOT", tmp_path)
    readable.equation_numbers.cache_clear()
    assert readable.equation_numbers() == {"eq-one": "(1.1)", "eq-two": "(2.1)"}
    readable.equation_numbers.cache_clear()


def test_the_site_gets_the_role_back():
    text = f"From {SPAN} on, <span>2</span>, {SPAN}."
    role = "{glue:text}`early:.2f`"
    assert readable.to_roles(text) == f"From {role} on, <span>2</span>, {role}."


@pytest.mark.parametrize(
    "role",
    [
        "{glue:text}`late`",
        "{glue:text}`name:.2f`",
        "{cite:t}`nobody1900`",
        "{doc}`no_page`",
        "{numref}`fig-a`",
    ],
)
def test_a_role_that_stands_for_nothing_is_named(chapter, role):
    with pytest.raises(readable.RoleError) as error:
        readable.to_text(chapter(f"See {role}."), book_rules.CHAPTERS)
    assert str(error.value).startswith(f"{role} stands for nothing")


def test_code_is_left_as_it_is(chapter):
    text = "The code is `{a}` and `b`, or ``{glue:text}``."
    assert written(chapter(text)) == text
