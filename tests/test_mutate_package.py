"""The mistakes of `tools/mutate_package.py` can still be made."""

import mutate_package
import pytest


def test_every_mistake_has_its_place_in_the_package():
    tried = mutate_package.mutants()
    assert len(tried) >= 30
    for mutant in tried:
        text = (mutate_package.ROOT / "aebook" / mutant.module).read_text("utf-8")
        assert mutate_package.wrong_text(mutant) != text
        for name in mutant.tests:
            assert (mutate_package.ROOT / "tests" / f"{name}.py").exists()


def test_a_place_that_is_gone_is_named():
    gone = mutate_package.mutants()[0]._replace(right="what nobody wrote")
    with pytest.raises(ValueError, match=r"optim/adam\.py has not once: what nobody"):
        mutate_package.wrong_text(gone)
