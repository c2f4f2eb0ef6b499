"""Sorted lists of ids, and the pages that a REST timeline cuts from them.

A timeline is in order of its ids, not of arrival: a late post takes the place that its id gives it.
Source: Mastodon API guidelines, "Pagination".
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass

from trunkline.server.ids import IdKey, id_key

__all__ = ["PageRequest", "Timeline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Which page is asked for: `min_id` the one right above, `since_id` the newest above it."""

    limit: int
    max_id: str | None = None
    min_id: str | None = None
    since_id: str | None = None


class Timeline:
    """Ids in order; with a `capacity` only the newest are kept, as in a home feed."""

    __slots__ = ("_capacity", "_keys")

    def __init__(self, *, capacity: int | None = None) -> None:
        self._capacity = capacity
        self._keys: list[IdKey] = []

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter([identifier for _, identifier in self._keys])

    def __contains__(self, identifier: str) -> bool:
        key = id_key(identifier)
        place = bisect_left(self._keys, key)
        return place < len(self._keys) and self._keys[place] == key

    def add(self, identifier: str) -> None:
        """Put `identifier` at its place; one that is there already stays there once."""
        if identifier in self:
            return
        insort(self._keys, id_key(identifier))
        if self._capacity is not None and len(self._keys) > self._capacity:
            del self._keys[0]

    def discard(self, identifier: str) -> None:
        """Take `identifier` out; one that is not there is no error."""
        if identifier in self:
            del self._keys[bisect_left(self._keys, id_key(identifier))]

    def page(self, request: PageRequest) -> list[str]:
        """Return the ids of a page, newest first."""
        keys, lower = self._keys, request.min_id or request.since_id
        start = 0 if lower is None else bisect_right(keys, id_key(lower))
        end = len(keys) if request.max_id is None else bisect_left(keys, id_key(request.max_id))
        if request.min_id is not None:
            end = min(end, start + request.limit)
        start = max(start, end - request.limit)
        return [identifier for _, identifier in reversed(keys[start:end])]
