"""Catching up, decided: which page to ask for next, what a page tells, what stays missing.

Timelines are read upward: each page is the one right after an id, in whichever order it came. A
post that the window does not know is an `Update`; one that it knows in an older version is an
`Edit`. The module asks nobody and waits for nothing.

Source: Mastodon API, "Timelines API methods", and its guideline on pagination (``min_id``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from trunkline.events import (
    AnyEvent,
    ConversationChanged,
    Delete,
    Edit,
    Notify,
    Origin,
    Update,
    leading_id,
)
from trunkline.policy.cursor import track_of_key
from trunkline.policy.dedupe import Window, edited_at, keys_of
from trunkline.policy.ids import id_key
from trunkline.streams import Stream, Timeline, Track

__all__ = [
    "MISSING_OF",
    "Page",
    "Shortfall",
    "above_horizon",
    "deletions",
    "events_of_page",
    "page_query",
    "parse_page",
    "reconciled",
    "vanished_from",
]

MISSING_OF: Final[dict[Track, frozenset[str]]] = {
    "statuses": frozenset({"update"}),
    "notifications": frozenset({"notification"}),
    "conversations": frozenset({"conversation"}),
}
"""What may be missing when a track could not be read, by the names on the wire."""

CHANGES: Final = frozenset({"status.update", "delete"})

_EVENT_OF: Final[dict[Track, type[Update | Notify | ConversationChanged]]] = {
    "statuses": Update,
    "notifications": Notify,
    "conversations": ConversationChanged,
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a timeline: the entries, and the ids they are paged by; the oldest first."""

    entries: tuple[bytes, ...]
    ids: tuple[str, ...]

    @property
    def newest_id(self) -> str:
        """The highest id; ``""`` of an empty page."""
        return self.ids[-1] if self.ids else ""

    @property
    def oldest_id(self) -> str:
        """The lowest id; ``""`` of an empty page."""
        return self.ids[0] if self.ids else ""

    def reaches(self, after: str) -> bool:
        """Tell whether the newest page holds all that is above `after`: something is not."""
        return bool(self.ids) and id_key(self.ids[0]) <= id_key(after)

    def above(self, after: str) -> Page:
        """Return the part of the page that is above `after`."""
        start = sum(id_key(one) <= id_key(after) for one in self.ids)
        return Page(self.entries[start:], self.ids[start:])


@dataclass(slots=True)
class Shortfall:
    """What could not be retrieved, collected while a gap is being closed."""

    missing: set[str] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)

    def add(self, missing: frozenset[str], reason: str) -> None:
        """Name what may be missing, and why."""
        self.missing |= missing
        if reason not in self.reasons:
            self.reasons.append(reason)

    def clear(self) -> None:
        """Forget everything, before another attempt."""
        self.missing.clear()
        self.reasons.clear()


def page_query(
    timeline: Timeline, *, after: str = "", below: str = ""
) -> tuple[tuple[str, str], ...]:
    """Return the query of the page right after one id, or below another, or of the newest page."""
    paging = (("min_id", after), ("max_id", below))
    given = tuple((name, value) for name, value in paging if value)
    return (*timeline.query, ("limit", str(timeline.page_limit)), *given)


class _Talk(msgspec.Struct):
    last_status: msgspec.Raw = msgspec.Raw(b"")


def parse_page(body: bytes, track: Track) -> Page:
    """Return the entries of a page as they came, in the order of their ids.

    Raises:
        ValueError: The body is no JSON array.
    """
    try:
        newest_first = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ValueError(f"expected an array of entries: {error}") from error
    paired = [(_paging_id(entry, track), entry) for entry in map(bytes, newest_first)]
    # Without an id nobody can say whether an entry is news, nor page on from it.
    paired = sorted((pair for pair in paired if pair[0]), key=_by_id)
    return Page(tuple(entry for _, entry in paired), tuple(identifier for identifier, _ in paired))


def _by_id(pair: tuple[str, bytes]) -> tuple[int, str]:
    return id_key(pair[0])


def _paging_id(entry: bytes, track: Track) -> str:
    if track != "conversations":
        return leading_id(entry)
    try:
        return leading_id(bytes(msgspec.json.decode(entry, type=_Talk).last_status))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""


def events_of_page(
    page: Page, track: Track, window: Window, *, stream: Stream, server: str, now: datetime
) -> list[AnyEvent]:
    """Return what a page tells that the window does not know, oldest first."""
    event_class = _EVENT_OF[track]
    events: list[AnyEvent] = []
    for raw in page.entries:
        edit = track == "statuses" and _is_edit(raw, window)
        made: type[Update | Edit | Notify | ConversationChanged] = Edit if edit else event_class
        event = made(stream=stream, server=server, received_at=now, raw=raw, origin="catch-up")
        keys = keys_of(event)
        if not keys or keys[0] not in window:
            events.append(event)
    return events


def above_horizon(events: Iterable[AnyEvent], horizon: str) -> list[AnyEvent]:
    """Return the events that are surely news: all but those at or below what was forgotten."""

    def is_above(event: AnyEvent) -> bool:
        belonging = next(map(track_of_key, keys_of(event)), None)
        return belonging is None or id_key(belonging[1]) > id_key(horizon)

    return list(filter(is_above, events))


def vanished_from(page: Page, window: Window, *, above: str) -> Iterator[str]:
    """Yield known posts above an id that the newest page does not hold though nobody told why."""
    lowest, shown = id_key(above), set(page.ids)
    for status_id in window.posts_since(0.0):
        if id_key(status_id) > lowest and status_id not in shown:
            yield status_id


def _is_edit(raw: bytes, window: Window) -> bool:
    return leading_id(raw) in window and edited_at(raw) != ""


def reconciled(
    asked: Sequence[str],
    answered: Sequence[bytes],
    window: Window,
    *,
    stream: Stream,
    server: str,
    now: datetime,
) -> tuple[list[AnyEvent], list[str]]:
    """Return the edits that the answer to a question for posts tells, and the ids that it lacks."""
    found = {leading_id(raw): raw for raw in answered}
    origin: Origin = "reconcile"
    edits: list[AnyEvent] = []
    for status_id, raw in sorted(found.items(), key=lambda item: id_key(item[0])):
        version = edited_at(raw)
        if version and f"{status_id}@{version}" not in window:
            edits.append(
                Edit(stream=stream, server=server, received_at=now, raw=raw, origin=origin)
            )
    return edits, [status_id for status_id in asked if status_id not in found]


def deletions(
    status_ids: Sequence[str], *, stream: Stream, server: str, now: datetime
) -> list[AnyEvent]:
    """Return the events that stand for posts which are gone."""
    return [
        Delete(
            stream=stream,
            server=server,
            received_at=now,
            raw=status_id.encode(),
            origin="reconcile",
        )
        for status_id in status_ids
    ]
