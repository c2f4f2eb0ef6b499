"""News about the connection, not from the timeline: one frozen value for each kind.

Signals are not in the plain view of a stream. ``mastodon.stream(..., signals=True)`` interleaves
them with the events, in the order in which things happened.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from trunkline.streams import Stream

__all__ = ["SIGNALS", "AnySignal", "Connected", "Disconnected", "Gap", "Heartbeat", "Signal"]


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """What every signal carries: the server's base URL and when it happened (aware, UTC)."""

    server: str
    at: datetime


class Connected(Signal, frozen=True, kw_only=True):
    """A connection is open and its subscriptions are live."""

    streams: tuple[Stream, ...]
    transport: str


class Disconnected(Signal, frozen=True, kw_only=True):
    """A connection, or an attempt at one, ended.

    Attributes:
        reason: A constant name, one for each row of the verdict table, such as ``stall``.
        words: What the server said about it; may be empty.
        retry_in_seconds: How long until the next attempt; 0 where that is over another transport.
    """

    streams: tuple[Stream, ...]
    reason: str
    words: str
    retry_in_seconds: float


class Gap(Signal, frozen=True, kw_only=True):
    """What a disconnect hid, and what became of it.

    Attributes:
        stream: The stream that was away.
        since: When it was last known to be live; ``None`` if that was never.
        until: When it was live again.
        recovered: How many events catching up and reconciling delivered.
        complete: All retrievable posts are there, and edits and deletions of the posts delivered
            within the reconcile window were asked for.
        missing: The names of the event types that may be missing; empty if complete.
        reason: Why something may be missing, a sentence; empty if complete.
    """

    stream: Stream
    since: datetime | None
    until: datetime
    recovered: int
    complete: bool
    missing: frozenset[str] = frozenset()
    reason: str = ""


class Heartbeat(Signal, frozen=True, kw_only=True):
    """The server's proof of life: a comment on an event stream, a ping on a WebSocket."""

    streams: tuple[Stream, ...]


AnySignal = Connected | Disconnected | Gap | Heartbeat

SIGNALS: Final = (Connected, Disconnected, Gap, Heartbeat)
