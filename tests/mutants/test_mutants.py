"""The table of mutants is up to date, and whoever runs it would notice a survivor."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests.mutants.__main__ import main, report
from tests.mutants.table import MUTANTS
from tests.mutants.values import Mutant, occurrences

CHECKOUT = Path(__file__).parents[2]
PACKAGE = CHECKOUT / "src" / "trunkline"

by_name = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)


@by_name
def test_the_text_of_a_mutant_occurs_exactly_once(mutant: Mutant) -> None:
    assert occurrences(mutant, PACKAGE) == 1
    assert mutant.after != mutant.before


@by_name
def test_the_test_of_a_mutant_exists(mutant: Mutant) -> None:
    path, _, name = mutant.test.partition("::")
    tree = ast.parse((CHECKOUT / path).read_text(encoding="utf-8"))
    functions = {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert name.partition("[")[0] in functions


@by_name
def test_a_mutant_is_python(mutant: Mutant) -> None:
    text = (PACKAGE / mutant.file).read_text(encoding="utf-8")
    ast.parse(text.replace(mutant.before, mutant.after))


def test_no_two_mutants_have_one_name() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


TOY = "def double(number):\n    return number * 2\n"
TOY_TESTS = """
from trunkline.toy import double

def test_two_becomes_four():
    assert double(2) == 4

def test_three_becomes_six():
    assert double(3) == 6

def test_that_is_wrong():
    assert double(2) == 5
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """Return a checkout of a package of our name with one function and its tests."""
    package, tests = tmp_path / "src" / "trunkline", tmp_path / "tests"
    package.mkdir(parents=True)
    tests.mkdir()
    (package / "__init__.py").touch()
    (package / "testing_pytest.py").touch()  # pytest loads it as a plugin
    (package / "toy.py").write_text(TOY)
    (tests / "test_toy.py").write_text(TOY_TESTS)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    return tmp_path


def mutant(name: str, *, test: str, before: str = "* 2", after: str = "+ 2") -> Mutant:
    return Mutant(
        name=name,
        file="toy.py",
        before=before,
        after=after,
        test=f"tests/test_toy.py::{test}",
        why="It looks right at two.",
    )


def verdicts(printed: str) -> list[tuple[str, str]]:
    """Return the first two words of each line of the table."""
    table = printed.partition("\n\n")[0].splitlines()
    return [(words[0], words[1]) for words in map(str.split, table)]


def test_only_a_mutant_that_its_test_notices_is_killed(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noticed, unnoticed = "test_three_becomes_six", "test_two_becomes_four"
    mutants = [
        mutant("noticed", test=noticed),
        mutant("unnoticed", test=unnoticed),
        mutant("absent", test=noticed, before="* 3"),
        mutant("twice", test=noticed, before="number"),
        mutant("no-python", test=noticed, after="* * 2"),
    ]
    assert report(mutants, toy) == 1
    assert verdicts(capsys.readouterr().out) == [
        ("killed", "noticed"),
        ("SURVIVED", "unnoticed"),
        ("STALE", "absent"),
        ("STALE", "twice"),
        ("SICK", "no-python"),
    ]
    assert (toy / "src" / "trunkline" / "toy.py").read_text() == TOY


def test_a_test_that_fails_without_the_mutant_or_is_not_there_kills_nothing(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = "test_that_is_wrong", "test_that_is_not_there"
    assert report([mutant(test, test=test) for test in tests], toy) == 1
    assert verdicts(capsys.readouterr().out) == [("SICK", test) for test in tests]


def test_killing_every_mutant_ends_with_nothing(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report([mutant("noticed", test="test_three_becomes_six")], toy) == 0
    assert "1 mutants, 1 killed" in capsys.readouterr().out


def test_an_unknown_name_is_answered_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["nonsense"]) == 2
    assert MUTANTS[0].name in capsys.readouterr().out
