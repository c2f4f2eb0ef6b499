"""The page for contributors says what tests need that may not be there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.test_layers import LAYERS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NEEDS = PAGE.partition("<!-- needs -->")[2].partition("<!-- /needs -->")[0]
SKIPS = re.compile(r"\bskipif\(|\bimportorskip\(|\bpytest\.skip\(")


def test_every_file_that_may_skip_is_named_with_what_it_needs() -> None:
    skipping = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "tests").rglob("*.py")
        if SKIPS.search(file.read_text(encoding="utf-8"))
    }
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", NEEDS))
    assert named == skipping - {Path(__file__).relative_to(ROOT).as_posix()}


def test_every_layer_is_told_where_the_layers_are_told() -> None:
    story = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")
    drawn = re.findall(r"(?m)^(\w+) {2,}\S", story.partition("```text\n")[2].partition("```")[0])
    assert set(drawn) == set(LAYERS)
    named = re.findall(r"\*\*(\w+)\*\*", PAGE.partition("The layers")[2].partition("\n\n")[0])
    assert set(named) == set(LAYERS)


def test_where_the_browser_is_looked_for_is_as_it_says() -> None:
    driving = (ROOT / "tests" / "browser" / "driving.py").read_text(encoding="utf-8")
    page = (ROOT / "tests" / "browser" / "test_page.py").read_text(encoding="utf-8")
    places = re.findall(r'Path\("(/usr/bin/\w+)"\)', driving)
    assert len(places) == 2
    assert [place for place in places if f"`{place}`" not in NEEDS] == []
    (variable,) = re.findall(r'os\.environ\.get\("(\w+)"', page)
    assert variable in NEEDS
