"""The package has the plan that is drawn for it, and the plan has no circle."""

import pytest
import sizes

# The rooms, in the order in which data flows through them.
DRAWN = """
checks results keras_internals data engines losses autodiff optim schedule_free
scratch problems training corruption schedules models sampling metrics estimators plots
applications
""".split()


def package(folder, **modules):
    """Write a package of modules, each given by its text; return its folder."""
    root = folder / "made"
    for name, text in modules.items():
        path = root.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.slow
def test_no_name_stands_at_the_root_but_those_drawn():
    assert sorted(sizes.arrows(sizes.PACKAGE)) == sorted(DRAWN)


@pytest.mark.slow
def test_a_room_imports_only_from_rooms_before_it():
    wrong = {
        f"{room} imports {other}"
        for room, others in sizes.arrows(sizes.PACKAGE).items()
        for other in others
        if DRAWN.index(other) > DRAWN.index(room)
    }
    assert wrong == set()


def test_the_report_counts_rooms_and_what_they_import(tmp_path):
    made = package(
        tmp_path,
        low='"""Low."""\n\n# Nothing.\nx = 1\n',
        high__one="from made import low\n\n\ndef f():\n    return low.x\n",
        high__two="import made.low\nfrom made.high.one import f\n",
    )
    assert sizes.report(made).splitlines()[1:3] == [
        "low                      1      4     1         0",
        "high                     2      7     5         1  low",
    ]


def test_an_import_within_a_function_counts(tmp_path):
    made = package(tmp_path, a="def f():\n    from made.b import x\n", b="x = 1\n")
    assert sizes.arrows(made) == {"a": {"b"}, "b": set()}


def test_a_circle_is_named(tmp_path):
    made = package(tmp_path, a="import made.b\n", b="from made.a import x\n")
    with pytest.raises(ValueError, match=r"circle: (a → b → a|b → a → b)"):
        sizes.report(made)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", 0),
        ("x = 1  # one\n\n# two\n", 1),
        ('def f():\n    """Do.\n\n    More.\n    """\n    return 1\n', 2),
        ("x = [\n    1,\n]\n", 3),
    ],
)
def test_lines_of_code_are_those_that_do_something(text, lines):
    assert sizes.lines_of_code(text) == lines


def test_modules_are_short_but_for_those_with_a_reason():
    assert sorted(sizes.long_modules(sizes.PACKAGE)) == sorted(sizes.LONGER)


def test_a_long_module_is_shown_without_a_reason(tmp_path):
    made = package(tmp_path, a="x = 1\n" * 201, b="x = 1\n" * 200)
    assert sizes.report(made).splitlines()[-1] == "   201   201  a.py: no reason given"
