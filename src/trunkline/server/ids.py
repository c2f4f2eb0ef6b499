"""Identifiers as servers give them, and the order in which they list things.

An id of Mastodon is ``milliseconds << 16 | tail``. Ids of all servers compare by length, then text.
No clock here: the time is an argument.
"""

from __future__ import annotations

import itertools

__all__ = ["IdKey", "SerialIds", "SnowflakeIds", "id_key", "snowflake_milliseconds"]

IdKey = tuple[int, str]


def id_key(identifier: str) -> IdKey:
    """Return what `identifier` sorts by: its length, then its text."""
    return len(identifier), identifier


def snowflake_milliseconds(identifier: str) -> int:
    """Return the milliseconds since 1970 that a Mastodon id holds."""
    return int(identifier) >> 16


class SnowflakeIds:
    """Mastodon's ids of posts: the time in milliseconds above 16 bits of a running number."""

    def __init__(self) -> None:
        self._tail = itertools.count(1)

    def next(self, milliseconds: int) -> str:
        """Return a new id for `milliseconds` since 1970."""
        return str(milliseconds << 16 | next(self._tail) & 0xFFFF)


class SerialIds:
    """Ids that only count up, as those of notifications and conversations do."""

    def __init__(self, first: int) -> None:
        self._numbers = itertools.count(first)

    def next(self) -> str:
        """Return the next number as text."""
        return str(next(self._numbers))
