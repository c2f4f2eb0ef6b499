"""The page of errors draws the tree that there is."""

from __future__ import annotations

import re
from pathlib import Path

from trunkline import errors, sinks
from trunkline.sinks import base

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"
_LINE = re.compile(r"^((?:│   |    )*(?:[├└]── )?)(\w+)(?:  +\S.*)?$")


def drawn(page: str) -> dict[str, str]:
    """Return the parent of every error in the tree of a page."""
    (tree,) = re.findall(r"```text\n(TrunklineError\n.*?)```", page, flags=re.DOTALL)
    parents: dict[str, str] = {}
    above: list[tuple[int, str]] = [(-1, "Exception")]
    for line in tree.splitlines():
        found = _LINE.match(line)
        assert found is not None, line
        while above[-1][0] >= len(found[1]):
            above.pop()
        parents[found[2]] = above[-1][1]
        above.append((len(found[1]), found[2]))
    return parents


def test_the_tree_on_the_page_is_the_tree_of_the_classes() -> None:
    classes = {name: getattr(errors, name).__bases__[0].__name__ for name in errors.__all__}
    assert drawn(PAGE.read_text(encoding="utf-8")) == classes


def test_errors_of_sinks_are_found_where_sinks_are_too() -> None:
    assert sinks.SinkError is base.SinkError is errors.SinkError
    assert sinks.SinkUnavailable is base.SinkUnavailable is errors.SinkUnavailable
