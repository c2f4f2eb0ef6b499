"""Frames to events: which class, and whether the payload can be one.

The check is of the payload's first and last byte only, which finds truncated and broken frames for
the price of two comparisons; what is wrong deeper inside shows when the entity is decoded.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from trunkline.events import EVENTS, AnyEvent, FiltersChanged, Malformed, Origin, Unknown
from trunkline.streams import Stream

__all__ = ["decode_event", "malformed"]

_MISSING_DATA: Final = "expected a payload, got none"
_MISSING_NAME: Final = "expected an event name, got none"
_NOT_OBJECT: Final = "expected a JSON object as payload"
_NOT_ID: Final = "expected an id as payload"


def decode_event(
    name: str,
    data: bytes | None,
    *,
    stream: Stream,
    server: str,
    received_at: datetime,
    origin: Origin = "live",
) -> AnyEvent:
    """Return the event of a frame: typed, `Unknown`, or `Malformed` with the reason. Never raises.

    A payload that is absent is fine where the event carries nothing (``filters_changed``).
    """
    event_class = EVENTS.get(name)
    raw = b"" if data is None else data
    reason = ""
    if event_class is not None:
        if event_class.shape == "object":
            if raw[:1] == b"{" and raw[-1:] == b"}" or _is_object(raw):
                return event_class(
                    stream=stream, server=server, received_at=received_at, raw=raw, origin=origin
                )
            reason = _MISSING_DATA if data is None else _NOT_OBJECT
        elif event_class.shape == "id" and not raw.strip(b' "'):
            reason = _MISSING_DATA if data is None else _NOT_ID
        elif data is None and event_class is not FiltersChanged:
            reason = _MISSING_DATA
        else:
            return event_class(
                stream=stream, server=server, received_at=received_at, raw=raw, origin=origin
            )
    elif not name or data is None:
        reason = _MISSING_DATA if name else _MISSING_NAME
    else:
        return Unknown(
            name=name, stream=stream, server=server, received_at=received_at, raw=raw, origin=origin
        )
    return malformed(name, raw, reason, stream=stream, server=server, received_at=received_at)


def _is_object(raw: bytes) -> bool:
    """Tell whether only white space surrounds an object: the server keeps a leading space."""
    bare = raw.strip(b" \t\r\n")
    return bare.startswith(b"{") and bare.endswith(b"}")


def malformed(
    name: str, raw: bytes, reason: str, *, stream: Stream, server: str, received_at: datetime
) -> Malformed:
    """Return the event that stands for a frame which cannot be one."""
    return Malformed(
        name=name, reason=reason, stream=stream, server=server, received_at=received_at, raw=raw
    )
