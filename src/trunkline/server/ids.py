"""Identifiers as servers give them, and the order in which they list things.

An id of Mastodon is ``milliseconds << 16 | tail``. Ids of all servers compare by length, then text.
No clock and no chance here: the time is an argument, and a running number makes ids differ.
"""

from __future__ import annotations

import itertools
import string
from typing import Final, Protocol

__all__ = ["FlakeIds", "IdKey", "PostIds", "SerialIds", "SnowflakeIds", "UlidIds", "id_key"]

IdKey = tuple[int, str]

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BASE62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase


def id_key(identifier: str) -> IdKey:
    """Return what `identifier` sorts by: its length, then its text."""
    return len(identifier), identifier


class PostIds(Protocol):
    """Gives out ids of posts."""

    def next(self, milliseconds: int) -> str:
        """Return a new id for `milliseconds` since 1970."""
        ...


class SnowflakeIds:
    """Mastodon's ids of posts: the time in milliseconds above 16 bits of a running number."""

    def __init__(self) -> None:
        self._tail = itertools.count(1)

    def next(self, milliseconds: int) -> str:
        """Return a new id for `milliseconds` since 1970."""
        return str(milliseconds << 16 | next(self._tail) & 0xFFFF)


class UlidIds:
    """GoToSocial's ids: 48 bits of time and 80 others, in 26 Crockford digits."""

    def __init__(self) -> None:
        self._tail = itertools.count(1)

    def next(self, milliseconds: int) -> str:
        """Return a new id for `milliseconds` since 1970."""
        return _digits(milliseconds << 80 | next(self._tail), _CROCKFORD, length=26)


class FlakeIds:
    """Pleroma's and Akkoma's ids: 64 bits of time and 64 others, in base 62."""

    def __init__(self) -> None:
        self._tail = itertools.count(1)

    def next(self, milliseconds: int) -> str:
        """Return a new id for `milliseconds` since 1970."""
        return _digits(milliseconds << 64 | next(self._tail), _BASE62, length=18)


class SerialIds:
    """Ids that only count up, as those of notifications and conversations do."""

    def __init__(self, first: int) -> None:
        self._numbers = itertools.count(first)

    def next(self) -> str:
        """Return the next number as text."""
        return str(next(self._numbers))


def _digits(number: int, alphabet: str, *, length: int) -> str:
    digits: list[str] = []
    while number or len(digits) < length:
        number, digit = divmod(number, len(alphabet))
        digits.append(alphabet[digit])
    return "".join(reversed(digits))
