"""The documentation's tables tell the story of the code."""

import re
import runpy
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from trunkline.events import EVENTS
from trunkline.streams import STREAMS, Stream

DOCS = Path(__file__).parents[2] / "docs"
PROGRAM = runpy.run_path(str(DOCS / "tables.py"))
TABLES: Mapping[str, tuple[str, Callable[[], str]]] = PROGRAM["TABLES"]
with_table: Callable[[str, str, str], str] = PROGRAM["with_table"]


def cells(table: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]


@pytest.mark.parametrize("name", TABLES)
def test_a_page_shows_the_table_of_the_code(name: str) -> None:
    path, make = TABLES[name]
    page = (DOCS / path).read_text(encoding="utf-8")
    assert with_table(page, name, make()) == page, "`python docs/tables.py` writes it anew"


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_whole(name: str) -> None:
    lines = TABLES[name][1]().splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert len(set(lines)) == len(lines) > 3
    assert not any(
        "None" in line.replace("`None`", "") or "  |" in line.replace("|  |", "") for line in lines
    )


def test_every_marker_in_the_documentation_has_its_table() -> None:
    markers = {
        (file.relative_to(DOCS).as_posix(), name)
        for file in DOCS.rglob("*.md")
        for name in re.findall(r"<!-- table: (\S+) -->", file.read_text(encoding="utf-8"))
    }
    assert markers == {(path, name) for name, (path, _) in TABLES.items()}


def test_a_table_is_put_between_its_markers() -> None:
    page = "a\n<!-- table: x -->\nold\n<!-- /table -->\n<!-- table: y -->\n<!-- /table -->\nb\n"
    assert with_table(page, "x", "new") == page.replace("old", "new")
    assert with_table(page, "y", r"\1").endswith("<!-- table: y -->\n\\1\n<!-- /table -->\nb\n")


@pytest.mark.parametrize(
    "page", ["", "<!-- table: x -->\n", "<!-- table: x -->\n<!-- /table -->" * 2]
)
def test_a_page_without_the_markers_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match=r"^Expected one '<!-- table: x -->'"):
        with_table(page, "x", "new")


def test_the_streams_are_those_of_the_code_and_made_as_it_says() -> None:
    rows = cells(TABLES["streams"][1]())
    assert len(rows) == len(STREAMS)
    for text, maker, *_ in rows:
        made = eval(maker.strip("`"), {"Stream": Stream})
        assert f"`{made}`" == text
        assert made.name in STREAMS


def test_the_events_are_those_of_the_code() -> None:
    rows = cells(TABLES["events"][1]())
    assert [row[0] for row in rows[:-2]] == [f"`{name}`" for name in EVENTS]
    assert [row[1] for row in rows[-2:]] == ["`Unknown`", "`Malformed`"]
