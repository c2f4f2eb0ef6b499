"""Whatever we call public is on a page of the reference."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PUBLIC = re.findall(
    r"`(trunkline[.\w]*)`",
    (ROOT / "CONTRIBUTING.md")
    .read_text(encoding="utf-8")
    .partition("everything in the `__all__` of")[2]
    .partition("All else")[0],
)
PAGES = "\n".join(
    page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "reference").glob("*.md")
)


def words_of_code(pages: str) -> set[str]:
    """Return the names that pages show as code: in a block of Python or within a line."""
    blocks = re.findall(r"(?ms)^```python\n(.*?)^```", pages)
    within_lines = re.findall(r"`([^`\n]+)`", re.sub(r"(?ms)^```.*?^```", "", pages))
    return set(re.findall(r"\w+", " ".join([*blocks, *within_lines])))


DOCUMENTED = words_of_code(PAGES)


def test_the_public_modules_are_named_in_order() -> None:
    assert len(PUBLIC) > 10
    assert sorted(PUBLIC) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_on_a_page_of_the_reference(name: str) -> None:
    declared: list[str] = importlib.import_module(name).__all__
    assert [one for one in declared if one not in DOCUMENTED] == []


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_module_is_named_in_the_documentation(name: str) -> None:
    assert re.search(rf"\b{re.escape(name)}\b(?!\.)", PAGES), f"{name} is on no page"


def test_a_name_that_no_page_shows_as_code_would_be_noticed() -> None:
    page = "A Filter.\n\n```text\nFault\n```\n\n`Sink` and\n\n```python\nrecord(source)\n```\n"
    assert words_of_code(page) == {"Sink", "record", "source"}
