"""Events and signals as lines of JSON: what ``watch --json`` prints, and recordings are made of.

A payload that is JSON already goes into its line byte for byte. Promises one line for each item,
whatever a server sent, and JSON on every line.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec

from trunkline.events import AnyEvent, Malformed, Shape
from trunkline.events.base import bare_id
from trunkline.signals import AnySignal, Connected, Disconnected, Gap, Heartbeat
from trunkline.streams import Stream

__all__ = [
    "KINDS",
    "as_json",
    "as_text",
    "event_line",
    "joined",
    "parted",
    "purged_line",
    "signal_line",
]

KINDS: Final[dict[type[AnySignal], str]] = {
    Connected: "connected",
    Disconnected: "disconnected",
    Gap: "gap",
    Heartbeat: "heartbeat",
}
"""What each kind of signal is called in a line."""

_skip_json: Final = msgspec.json.Decoder(msgspec.Raw).decode
_ONE_LINE: Final = bytes.maketrans(b"\r\n", b"  ")
_PAYLOAD: Final = b',"payload":'


def event_line(event: AnyEvent) -> bytes:
    """Return an event as a line of JSON; its payload is the last member.

    The others are ``event``, ``stream``, ``server``, ``received_at`` and ``origin``. Ids are
    strings and an absent payload is null. What cannot be an event has ``event`` set to
    ``malformed``, its name in ``name``, ``reason``, and the payload as text.
    """
    payload = None if isinstance(event, Malformed) else _PAYLOADS[event.shape](event.raw)
    if payload is None:
        return _malformed_line(event)
    return b'%b%b,"origin":"%b","payload":%b}\n' % (
        _head(event.name, event.stream, event.server),
        _moment(event.received_at),
        event.origin.encode(),
        payload,
    )


def signal_line(signal: AnySignal) -> bytes:
    """Return a signal as a line of JSON: its kind in ``signal``, and its members."""
    members = {name: _plain(getattr(signal, name)) for name in signal.__struct_fields__}
    return _line(signal=KINDS[type(signal)], **members)


def _plain(value: object) -> object:
    """Return a member of a signal as JSON has it."""
    match value:
        case datetime():
            return _moment_text(value)
        case Stream():
            return str(value)
        case tuple():
            return [_plain(one) for one in value]
        case frozenset():
            return sorted(value)
        case _:
            return value


def purged_line(identifier: str) -> bytes:
    """Return what stands in place of an event whose post was purged."""
    return _line(signal="purged", id=identifier)


def parted(line: bytes) -> tuple[bytes, bytes | None]:
    """Return a line without its payload, as JSON, and the payload; ``None`` if it has none."""
    head, found, rest = line.partition(_PAYLOAD)
    return head + b"}", rest.rstrip().removesuffix(b"}") if found else None


def joined(head: bytes, payload: bytes) -> bytes:
    """Return the line that `parted` has parted."""
    return b"%b%b%b}\n" % (head.removesuffix(b"}"), _PAYLOAD, payload)


def as_json(raw: bytes) -> bytes | None:
    """Return `raw` on one line if it is JSON in UTF-8, else ``None``."""
    try:
        _skip_json(raw)
        if not raw.isascii():
            raw.decode()
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        if not _is_odd_json(raw):
            return None
    # In JSON a line feed can only stand between the parts: inside of a string it is escaped.
    return raw.translate(_ONE_LINE) if b"\n" in raw or b"\r" in raw else raw


def as_text(raw: bytes) -> bytes:
    """Return `raw` as a string of JSON, with U+FFFD for what is no UTF-8."""
    return json.dumps(raw.decode("utf-8", "replace")).encode()


def _id(raw: bytes) -> bytes | None:
    return json.dumps(bare_id(raw)).encode()


def _any(raw: bytes) -> bytes | None:
    if not raw:
        return b"null"
    return as_json(raw) or as_text(raw)


_PAYLOADS: Final[dict[Shape, Callable[[bytes], bytes | None]]] = {
    "object": as_json,
    "id": _id,
    "any": _any,
}
"""How a payload of each shape becomes JSON; ``None`` if it cannot."""


def _is_odd_json(raw: bytes) -> bool:
    """Tell whether `raw` is JSON with escapes of lone surrogates, which msgspec refuses."""
    try:
        json.loads(raw.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")


def _malformed_line(event: AnyEvent) -> bytes:
    reason = event.reason if isinstance(event, Malformed) else "expected JSON as payload"
    return _line(
        event="malformed",
        name=event.name,
        reason=reason,
        stream=str(event.stream),
        server=event.server,
        received_at=_moment_text(event.received_at),
        origin=event.origin,
        payload=event.raw.decode("utf-8", "replace"),
    )


def _line(**members: object) -> bytes:
    return f"{json.dumps(members, separators=(',', ':'))}\n".encode()


@lru_cache(maxsize=4096)
def _head(name: str, stream: Stream, server: str) -> bytes:
    members = {"event": name, "stream": str(stream), "server": server}
    return json.dumps(members, separators=(",", ":"))[:-1].encode() + b',"received_at":'


@lru_cache(maxsize=4)
def _moment(at: datetime) -> bytes:
    return msgspec.json.encode(at)


def _moment_text(at: datetime) -> str:
    return _moment(at).decode().strip('"')
