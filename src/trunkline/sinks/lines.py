"""Events and gaps as lines of JSON: what a recording of JSON lines is made of.

The lines are those of ``trunkline watch --json``, so every reader of one reads the other. A payload
that is JSON already goes into its line byte for byte. Promises one line for each item, whatever a
server sent, and JSON on every line.
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
from trunkline.signals import Gap
from trunkline.streams import Stream

__all__ = ["event_line", "gap_line", "joined", "parted", "purged_line"]

_skip_json: Final = msgspec.json.Decoder(msgspec.Raw).decode
_ONE_LINE: Final = bytes.maketrans(b"\r\n", b"  ")
_PAYLOAD: Final = b',"payload":'


def event_line(event: AnyEvent) -> bytes:
    """Return an event as a line of JSON; its payload is the last member."""
    payload = None if isinstance(event, Malformed) else _PAYLOADS[event.shape](event.raw)
    if payload is None:
        return _malformed_line(event)
    return b'%b%b,"origin":"%b","payload":%b}\n' % (
        _head(event.name, event.stream, event.server),
        _moment(event.received_at),
        event.origin.encode(),
        payload,
    )


def gap_line(gap: Gap) -> bytes:
    """Return a gap as a line of JSON."""
    return _line(
        signal="gap",
        server=gap.server,
        at=_moment_text(gap.at),
        stream=str(gap.stream),
        since=None if gap.since is None else _moment_text(gap.since),
        until=_moment_text(gap.until),
        recovered=gap.recovered,
        complete=gap.complete,
        missing=sorted(gap.missing),
        reason=gap.reason,
    )


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


def _object(raw: bytes) -> bytes | None:
    return _json(raw)


def _id(raw: bytes) -> bytes | None:
    return json.dumps(bare_id(raw)).encode()


def _any(raw: bytes) -> bytes | None:
    if not raw:
        return b"null"
    return _json(raw) or json.dumps(raw.decode("utf-8", "replace")).encode()


_PAYLOADS: Final[dict[Shape, Callable[[bytes], bytes | None]]] = {
    "object": _object,
    "id": _id,
    "any": _any,
}
"""How a payload of each shape becomes JSON; ``None`` if it cannot."""


def _json(raw: bytes) -> bytes | None:
    """Return `raw` on one line if it is JSON in UTF-8."""
    try:
        _skip_json(raw)
        if not raw.isascii():
            raw.decode()
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        if not _is_odd_json(raw):
            return None
    # In JSON a line feed can only stand between the parts: inside of a string it is escaped.
    return raw.translate(_ONE_LINE) if b"\n" in raw or b"\r" in raw else raw


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
