"""Which line of a TOML file a key stands in: the parser of the standard library does not say.

Knows just enough TOML for that: headers of tables, keys, and what is not a comment. Where it finds
nothing it answers with the nearest table around it, and with the first line for the whole file.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["Lines", "Where"]

Where = tuple[str | int, ...]
"""The way to a value: names of tables and keys, and the places of tables in arrays of tables."""

_HEADER: Final = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY: Final = re.compile(r"\s*([\w.\"' -]+?)\s*=")
_NAMED: Final = re.compile(r"line (\d+)")


class Lines:
    """The lines of one file, by what stands in them."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._found: dict[Where, int] = {(): 1}
        counts: dict[Where, int] = {}
        table: Where = ()
        for number, line in enumerate(self._lines, start=1):
            header, key = _HEADER.match(line), _KEY.match(line)
            if header is not None:
                table = _numbered(_names(header[2]), counts, array=header[1] == "[[")
                self._found.setdefault(table, number)
            elif key is not None:
                self._found.setdefault((*table, *_names(key[1])), number)

    def find(self, where: Where, *, near: str = "") -> int:
        """Return the line of a key or a table, from 1.

        Args:
            where: The way to it.
            near: What stands in its value: then the line of that, if it comes after the key.
        """
        while where not in self._found:
            where = where[:-1]
        start = self._found[where]
        if near:
            rest = enumerate(self._lines[start - 1 :], start=start)
            return next((number for number, line in rest if near in line), start)
        return start

    def end(self) -> int:
        """Return the last line."""
        return max(1, len(self._lines))

    def named_in(self, message: str) -> int:
        """Return the line that a message of the parser names; the last one if it names the end."""
        named = _NAMED.search(message)
        return int(named[1]) if named is not None else self.end()


def _names(dotted: str) -> Where:
    return tuple(name.strip().strip("\"'") for name in dotted.split("."))


def _numbered(names: Where, counts: dict[Where, int], *, array: bool) -> Where:
    """Return the way to a table, with the place of every table that is one of an array."""
    way: Where = ()
    for place, name in enumerate(names):
        way = (*way, name)
        if array and place == len(names) - 1:
            counts[way] = counts.get(way, -1) + 1
        if way in counts:
            way = (*way, counts[way])
    return way
