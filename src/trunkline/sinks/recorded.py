"""From what a recording keeps of an event back to the event; shared by all readers."""

from __future__ import annotations

from datetime import UTC, datetime

from trunkline.events import AnyEvent, Malformed, Origin
from trunkline.streams import Stream
from trunkline.wire.decode import decode_event

__all__ = ["event_of", "moment_of", "origin_of"]

_ORIGINS: dict[str, Origin] = {
    "live": "live",
    "catch-up": "catch-up",
    "reconcile": "reconcile",
}


def event_of(
    name: str,
    raw: bytes,
    *,
    stream: Stream,
    server: str,
    received_at: datetime,
    origin: Origin,
    reason: str | None,
) -> AnyEvent:
    """Return the event that was recorded; one with a `reason` could not be an event."""
    if reason is None:
        return decode_event(
            name, raw, stream=stream, server=server, received_at=received_at, origin=origin
        )
    return Malformed(
        stream=stream,
        server=server,
        received_at=received_at,
        raw=raw,
        origin=origin,
        name=name,
        reason=reason,
    )


def origin_of(word: str) -> Origin:
    """Return the origin that a recording names; ``live`` for a word that is none."""
    return _ORIGINS.get(word, "live")


def moment_of(text: str) -> datetime:
    """Return the time that `text` says, aware, in UTC.

    Raises:
        ValueError: It says none.
    """
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
