"""Every statement of the promise has a test, and the page names it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "promise.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("<!-- promises -->")[2].partition("<!-- /promises -->")[0]
ROWS = [line.strip("| ").split(" | ") for line in TABLE.strip().splitlines()[2:]]
FUNCTIONS = [
    node
    for file in TESTS.rglob("test_*.py")
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
]
EXISTING = Counter(node.name for node in FUNCTIONS)
SELDOM = {
    node.name
    for node in FUNCTIONS
    if any(re.search("slow|skip|xfail", ast.unparse(one)) for one in node.decorator_list)
}


def named_in(text: str) -> list[str]:
    return re.findall(r"`(test_\w+)`", text)


def test_the_statements_are_numbered() -> None:
    assert [re.sub("<.*?>", "", row[0]) for row in ROWS] == [
        f"P{number}" for number in range(1, len(ROWS) + 1)
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: re.sub("<.*?>", "", row[0]))
def test_a_statement_names_tests_that_exist(row: list[str]) -> None:
    tests = named_in(row[2])
    assert tests, "It is shown by nothing."
    assert [test for test in tests if test not in EXISTING] == []
    assert [test for test in tests if EXISTING[test] > 1] == [], "Which of them shows it?"
    assert [test for test in tests if test in SELDOM] == [], "The default run does not show it."


def test_the_reasons_on_the_page_of_gaps_are_those_of_the_code() -> None:
    page = (TESTS.parent / "docs" / "gaps.md").read_text(encoding="utf-8")
    table = page.partition("| the reason says |")[2].partition("\n\n")[0]
    shown = [line.strip("| ").split(" | ")[0] for line in table.splitlines()[2:]]
    package = TESTS.parent / "src" / "trunkline"
    code = "".join((package / name).read_text("utf-8") for name in ("catchup.py", "reconcile.py"))
    said = re.sub(r"\{.*?\}", "...", code).replace("800", "...")
    for reason in shown:
        assert reason.replace("800", "...").removeprefix("... ") in said, reason
    assert len(shown) == 13


def test_a_test_that_does_not_exist_would_be_noticed() -> None:
    assert named_in("`test_that_is_not_there` and `not_a_test`") == ["test_that_is_not_there"]
    assert "test_that_is_not_there" not in EXISTING
