"""A wrong sign, factor, index or root is noticed in every displayed formula."""

from formulas import FORMULAS
from formulas.entry import formula
import mutants
import mutate_formulas
import numpy as np
import pytest

LABELS = {entry.label for entries in FORMULAS.values() for entry in entries}


@pytest.fixture(scope="module")
def tried():
    return mutate_formulas.trials()


@pytest.mark.slow
def test_every_wrong_formula_is_noticed(tried):
    assert mutate_formulas.survivors(tried) == []


@pytest.mark.slow
@pytest.mark.parametrize("noticed_by", ["text", "reading", "numbers"])
def test_every_formula_has_been_made_wrong(tried, noticed_by):
    caught = {trial.label for trial in tried if trial.noticed_by == noticed_by}
    spelled_out = mutate_formulas.SPELLED_OUT if noticed_by == "reading" else {}
    assert caught == LABELS - set(spelled_out)


@pytest.mark.slow
def test_what_counts_as_equivalent_does_go_unnoticed(tried):
    unnoticed = [t.text for t in tried if t.place == "code" and not t.noticed_by]
    for text in mutate_formulas.EQUIVALENT:
        assert sum(text in found for found in unnoticed) == 1
    assert len(unnoticed) == len(mutate_formulas.EQUIVALENT)


def test_the_table_counts_caught_and_all():
    trial = mutate_formulas.Trial
    made = [
        trial("page", "sign", "eq-a", "", "text"),
        trial("code", "sign", "eq-a", "", "numbers"),
        trial("code", "sign", "eq-a", "", ""),
        trial("code", "root", "eq-a", "", "an error"),
    ]
    rows = [line.split() for line in mutate_formulas.report(made).splitlines()]
    assert rows[1] == "root 0 / 0 0 / 0 1 / 1".split()
    assert rows[2] == "sign 1 / 1 0 / 0 1 / 2".split()
    assert rows[3] == "all 1 / 1 0 / 0 2 / 3".split()
    assert [t.text for t in mutate_formulas.survivors(made)] == [""]


def test_a_mistake_of_each_kind_is_made_in_a_text():
    made = dict(
        reversed([*mutants.latex_mutants(r"w_1 - \frac{2}{\sqrt{v}} \ln x^2 < a^\top")])
    )
    assert made["sign"] == r"w_1 + \frac{2}{\sqrt{v}} \ln x^2 < a^\top"
    assert made["fraction"] == r"w_1 - \frac{\sqrt{v}} {2} \ln x^2 < a^\top"
    assert made["root"] == r"w_1 - \frac{2}{{v}} \ln x^2 < a^\top"
    assert made["exponent"] == r"w_1 - \frac{2}{\sqrt{v}} \ln x < a^\top"
    assert made["index"] == r"w_2 - \frac{2}{\sqrt{v}} \ln x^2 < a^\top"
    assert made["transpose"] == r"w_1 - \frac{2}{\sqrt{v}} \ln x^2 < a"
    assert made["comparison"] == r"w_1 - \frac{2}{\sqrt{v}} \ln x^2 > a^\top"


def test_a_check_that_sees_too_little_lets_mutants_live():
    @formula("eq-blind", "a + b", lambda rng: ((2.0, 2.0), 4.0))
    def blind(a, b):
        return a + b

    lives = {t.text for t in mutate_formulas.wrong_codes(blind) if not t.noticed_by}
    assert lives == {"return a + a", "return b + b"}


def test_a_twin_that_returns_no_number_is_noticed():
    @formula("eq-nan", "a", lambda rng: ((1.0,), 1.0))
    def entry(a):
        return a * np.nan

    with pytest.raises(AssertionError):
        entry.check(entry.twin)
