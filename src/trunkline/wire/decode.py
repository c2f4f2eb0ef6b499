"""Frames to events: which class, and whether the payload can be one.

The check of an object is of its first and last byte only, which finds truncated and broken frames
for the price of two comparisons; what is wrong deeper inside shows when the entity is decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, TypeVar

from trunkline.events import EVENTS, AnyEvent, Malformed, Origin, Shape, Unknown
from trunkline.streams import Stream
from trunkline.wire.sse import Comment, Frame, Oversized

__all__ = ["decode_event", "decode_frames", "malformed"]

Other = TypeVar("Other")

_MISSING_DATA: Final = "expected a payload, got none"
_MISSING_NAME: Final = "expected an event name, got none"
_NOT_OBJECT: Final = "expected a JSON object as payload"
_NOT_ID: Final = "expected an id as payload"

_OBJECTS: Final = {name: kind for name, kind in EVENTS.items() if kind.shape == "object"}
_OPEN, _CLOSE = b"{}"


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
    event_class = _OBJECTS.get(name)
    if event_class is not None and data and data[0] == _OPEN and data[-1] == _CLOSE:
        # By position: an event class is three times as slow to call by keyword on Python 3.11.
        return event_class(stream, server, received_at, data, origin)
    event_class = EVENTS.get(name)
    flaw = _flaw_of_unknown(name, data) if event_class is None else _FLAWS[event_class.shape](data)
    raw = b"" if data is None else data
    if flaw:
        return malformed(name, raw, flaw, stream=stream, server=server, received_at=received_at)
    if event_class is None:
        return Unknown(
            name=name, stream=stream, server=server, received_at=received_at, raw=raw, origin=origin
        )
    return event_class(stream, server, received_at, raw, origin)


def decode_frames(
    items: Iterable[Frame | Comment | Oversized],
    other: Callable[[Comment | Oversized], Other],
    *,
    stream: Stream,
    server: str,
    received_at: datetime,
) -> list[AnyEvent | Other]:
    """Return the events of frames, as `decode_event` does; what is no frame goes through `other`.

    The usual frame is decided here, because calls would cost more than the decision.
    """
    decoded: list[AnyEvent | Other] = []
    append, objects = decoded.append, _OBJECTS
    for item in items:
        if not isinstance(item, Frame):
            append(other(item))
            continue
        data, event_class = item.data, objects.get(item.event)
        if event_class is not None and data and data[0] == _OPEN and data[-1] == _CLOSE:
            append(event_class(stream, server, received_at, data, "live"))
        else:
            append(
                decode_event(
                    item.event, data, stream=stream, server=server, received_at=received_at
                )
            )
    return decoded


def malformed(
    name: str, raw: bytes, reason: str, *, stream: Stream, server: str, received_at: datetime
) -> Malformed:
    """Return the event that stands for a frame which cannot be one."""
    return Malformed(
        name=name, reason=reason, stream=stream, server=server, received_at=received_at, raw=raw
    )


def _flaw_of_object(data: bytes | None) -> str:
    if data is None:
        return _MISSING_DATA
    bare = data.strip(b" \t\r\n")  # the server keeps a leading space
    return "" if bare.startswith(b"{") and bare.endswith(b"}") else _NOT_OBJECT


def _flaw_of_id(data: bytes | None) -> str:
    if data is None:
        return _MISSING_DATA
    return "" if data.strip(b' \t\r\n"') else _NOT_ID


def _flaw_of_any(_: bytes | None) -> str:
    return ""


def _flaw_of_unknown(name: str, data: bytes | None) -> str:
    if not name:
        return _MISSING_NAME
    return _MISSING_DATA if data is None else ""


_FLAWS: Final[dict[Shape, Callable[[bytes | None], str]]] = {
    "object": _flaw_of_object,
    "id": _flaw_of_id,
    "any": _flaw_of_any,
}
