"""The glossary has each word once and in order, with its definition."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r"(?m)^\*\*(.+?)\*\*\n: (.+)$", PAGE)


def test_every_word_stands_once_and_in_order() -> None:
    words = [word for word, _ in ENTRIES]
    assert len(words) == len(re.findall(r"(?m)^\*\*", PAGE)) > 40
    assert sorted(set(words)) == words


def test_every_definition_is_a_sentence() -> None:
    assert [word for word, about in ENTRIES if not about.lstrip("`")[0].isupper()] == []
