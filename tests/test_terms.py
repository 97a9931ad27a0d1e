"""A chapter links a term of the glossary where it uses it first."""

import pytest
from terms import chapters, glossary, linked, pages, unlinked, used

TERMS = glossary(pages()["appendix/glossary"])
NUMBERED = sorted(chapters().keys() - {"index"})


@pytest.mark.parametrize("chapter", NUMBERED)
def test_the_first_use_of_a_term_leads_to_the_glossary(chapter):
    assert unlinked(chapters()[chapter], TERMS) == []


@pytest.mark.parametrize("chapter", NUMBERED)
def test_every_chapter_uses_terms_and_links_to_those_that_exist(chapter):
    links = linked(chapters()[chapter])
    assert len(links) > 15
    assert [term for term in links if term not in TERMS] == []


def test_most_terms_of_the_glossary_are_used_in_the_chapters():
    everywhere = {term for page in chapters().values() for term in linked(page)}
    assert len(everywhere) > 0.7 * len(TERMS)


@pytest.mark.parametrize(
    ("page", "complaints"),
    [
        ("An epoch passes.", 1),
        ("An {term}`epoch` passes. Two epochs pass.", 0),
        ("Two epochs pass. An {term}`epoch` passes.", 1),
        ("Two {term}`epochs <epoch>` pass.", 0),
        ("# Epoch\n\nThe `epoch` of $epoch$ and [epoch](a) pass.", 0),
        ("```\nepoch\n```", 0),
        ("A seed is an everyday word.", 0),
    ],
)
def test_a_term_without_a_link_is_noticed(page, complaints):
    assert len(unlinked(page, ["epoch", "seed"])) == complaints


def test_a_longer_term_is_not_taken_for_a_shorter_one():
    found = used(
        "A variational autoencoder.", ["autoencoder", "variational autoencoder"]
    )
    assert [*found] == ["variational autoencoder"]
