"""The page of log messages has every message of the code, with its level and its fields."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from trunkline.signals import Connected, Disconnected, Gap

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "trunkline"
PAGE = (ROOT / "docs" / "reference" / "logs.md").read_text(encoding="utf-8")
SIGNALS = {
    "trunkline.connected": (Connected, {"INFO"}),
    "trunkline.disconnected": (Disconnected, {"WARNING"}),
    "trunkline.gap": (Gap, {"INFO", "WARNING"}),
}
LEVELS = {"exception": "ERROR"}


class Logged(NamedTuple):
    """What the code logs, or the page says that it does."""

    message: str
    levels: frozenset[str]
    fields: frozenset[str]


def rows(page: str, *, columns: int) -> list[list[str]]:
    lines = [re.split(r" ?\| ?", line)[1:-1] for line in page.splitlines() if line[:3] == "| `"]
    return [cells for cells in lines if len(cells) == columns]


def told(page: str) -> list[Logged]:
    """Return what the table of constant messages says."""
    return [
        Logged(
            message.strip("`"),
            frozenset(level.split(" or ")),
            frozenset(re.findall(r"`(\w+)`", fields)),
        )
        for message, level, _, fields in rows(page, columns=4)
    ]


def calls(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, ast.Call]]:
    """Yield every call of a method of `log`, with the function that it stands in."""
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for node in ast.walk(function):
                match node:
                    case ast.Call(func=ast.Attribute(value=ast.Name(id="log"))):
                        yield function, node


def fields_of(call: ast.Call, function: ast.AST, tree: ast.Module) -> frozenset[str]:
    """Return the names of the fields: those that stand here, or where the fields are made."""
    given = next((one.value for one in call.keywords if one.arg == "extra"), None)
    where: ast.AST | None = given
    match given:
        case ast.Name(id=name):
            assigned = [one for one in ast.walk(function) if isinstance(one, ast.Assign)]
            where = next(one for one in assigned if ast.unparse(one.targets[0]) == name)
        case ast.Call(func=ast.Name(id=name)):
            made = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
            where = next(one for one in made if one.name == name)
    constants = [
        one.value
        for one in (ast.walk(where) if where is not None else ())
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]
    return frozenset(word for word in constants if word.startswith("trunkline_"))


def logged(text: str) -> Iterator[Logged]:
    """Yield what a module logs in words that stand in the call itself."""
    tree = ast.parse(text)
    for function, call in calls(tree):
        assert isinstance(call.func, ast.Attribute)
        match call.args[0]:
            case ast.Constant(value=str(message)):
                level = LEVELS.get(call.func.attr, call.func.attr.upper())
                yield Logged(message, frozenset({level}), fields_of(call, function, tree))


CODE = [
    one
    for file in sorted(PACKAGE.rglob("*.py"))
    for one in logged(file.read_text(encoding="utf-8"))
]


def test_every_constant_message_is_in_the_table_with_its_level_and_its_fields() -> None:
    of_signals = [
        Logged(
            message,
            frozenset(levels),
            frozenset(f"trunkline_{name}" for name in kind.__struct_fields__),
        )
        for message, (kind, levels) in SIGNALS.items()
    ]
    constant = [one for one in CODE if one.message.startswith("trunkline.")]
    assert sorted(told(PAGE)) == sorted([*of_signals, *constant])


def test_every_sentence_of_a_listener_is_in_the_other_table() -> None:
    sentences = [one for one in CODE if not one.message.startswith("trunkline.")]
    assert {levels for _, levels, _ in sentences} == {frozenset({"WARNING"})}
    shown = [message.strip("`") for message, _ in rows(PAGE, columns=2)]
    assert sorted(shown) == sorted(one.message for one in sentences)


def test_signals_are_logged_by_the_names_in_the_table() -> None:
    delivery = (PACKAGE / "delivery.py").read_text(encoding="utf-8")
    assert set(re.findall(r'"(trunkline\.\w+)"', delivery)) == set(SIGNALS)


def test_a_message_that_is_not_in_the_table_would_be_noticed() -> None:
    code = (
        "def one():\n    log.info('trunkline.new', extra={'trunkline_a': 1})\n"
        "def two():\n    extra = {'trunkline_b': 2}\n    log.error('trunkline.bad', extra=extra)\n"
    )
    assert [(one.message, *one.levels, *one.fields) for one in logged(code)] == [
        ("trunkline.new", "INFO", "trunkline_a"),
        ("trunkline.bad", "ERROR", "trunkline_b"),
    ]
