"""Events and signals as lines of bytes for other programs: JSON, raw, and plain words.

Promises that every item is exactly one line, whatever a server sent, and that every JSON line is
JSON. A payload that is JSON already is not decoded: its bytes go into the line as they came.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec

from trunkline.cli.words import Words, words_of, words_of_signal
from trunkline.events import AnyEvent, Malformed
from trunkline.events.base import bare_id
from trunkline.inbox import Item
from trunkline.signals import SIGNALS, AnySignal, Connected, Disconnected, Gap, Heartbeat
from trunkline.streams import Stream

__all__ = ["LINES", "Format", "json_line", "plain_line", "raw_line"]


class Format(StrEnum):
    """What a line looks like."""

    PRETTY = "pretty"
    JSON = "json"
    RAW = "raw"


_skip_json = msgspec.json.Decoder(msgspec.Raw).decode
_LINE_ENDS: Final = bytes.maketrans(b"\r\n", b"  ")
_NOT_JSON: Final = "expected JSON as payload"


def json_line(item: Item) -> bytes:
    """Return an event or a signal as one JSON object.

    An event has the members ``event``, ``stream``, ``server``, ``received_at``, ``origin`` and
    ``payload``; a signal has ``signal`` and its own. Ids are strings and an absent payload is null.
    What cannot be an event has ``event`` set to ``malformed``, its name in ``name``, ``reason``,
    and the payload as text.
    """
    if isinstance(item, SIGNALS):
        return _signal_line(item)
    payload = _payload(item)
    if isinstance(item, Malformed) or payload is None:
        return _malformed_line(item)
    return b'%b%b,"origin":"%b","payload":%b}\n' % (
        _head(item.name, item.stream, item.server),
        _moment(item.received_at),
        item.origin.encode(),
        payload,
    )


def raw_line(item: Item) -> bytes:
    """Return an event as its name, its stream and the bytes of its payload, with tabs between.

    Line feeds are the one thing changed: between the parts of a JSON payload they become spaces,
    and a payload that is no JSON and has some is written as a JSON string. A signal comes as
    ``signal``, its kind and its JSON.
    """
    if isinstance(item, SIGNALS):
        return b"signal\t%b\t%b" % (_KINDS[type(item)].encode(), _signal_line(item))
    payload = item.raw
    if b"\n" in payload or b"\r" in payload:
        payload = _as_json(payload) or _as_text(payload)
    return b"%b\t%b\t%b\n" % (_field(item.name), str(item.stream).encode(), payload)


def plain_line(item: Item) -> bytes:
    """Return an event or a signal in words, for people who read a pipe."""
    if isinstance(item, SIGNALS):
        return _encoded(f"{item.at.astimezone():%H:%M:%S} -- {words_of_signal(item)}")
    words = words_of(item)
    parts = (f"{item.received_at.astimezone():%H:%M:%S}", str(item.stream), *_told(words))
    return _encoded(" ".join(part for part in parts if part))


def _told(words: Words) -> tuple[str, ...]:
    remarks = f"({', '.join(words.remarks)})" if words.remarks else ""
    what = "" if words.what == "post" else words.what
    return what, words.who, remarks, words.text


LINES: Final[dict[Format, Callable[[Item], bytes]]] = {
    Format.PRETTY: plain_line,
    Format.JSON: json_line,
    Format.RAW: raw_line,
}
"""What makes a line of each format."""


def _payload(event: AnyEvent) -> bytes | None:
    """Return the payload as JSON of one line; ``None`` for what should be an entity and is not."""
    if event.shape == "id":
        return _quoted(bare_id(event.raw))
    if event.shape == "any" and not event.raw:
        return b"null"
    payload = _as_json(event.raw)
    if payload is None and event.shape == "any":
        return _as_text(event.raw)
    return payload


def _as_json(raw: bytes) -> bytes | None:
    """Return `raw` on one line if it is JSON in UTF-8, else ``None``."""
    try:
        _skip_json(raw)
    except (msgspec.MsgspecError, RecursionError):
        if not _is_json(raw):
            return None
    if not raw.isascii() and not _is_utf8(raw):
        return None
    # In JSON a line feed can only stand between the parts: inside of a string it is escaped.
    return raw.translate(_LINE_ENDS) if b"\n" in raw or b"\r" in raw else raw


def _is_json(raw: bytes) -> bool:
    """Tell whether `raw` is JSON, lone surrogates in escapes included, which msgspec refuses."""
    try:
        json.loads(raw.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _as_text(raw: bytes) -> bytes:
    return _quoted(raw.decode("utf-8", "replace"))


def _quoted(text: str) -> bytes:
    return json.dumps(text).encode()


def _field(name: str) -> bytes:
    """Return a name that cannot be taken for more than one field of a line."""
    return name.encode() if name.isprintable() else name.encode("unicode_escape")


def _encoded(line: str) -> bytes:
    return f"{line}\n".encode("utf-8", "replace")


@lru_cache(maxsize=256)
def _head(name: str, stream: Stream, server: str) -> bytes:
    members = {"event": name, "stream": str(stream), "server": server}
    return json.dumps(members, separators=(",", ":"))[:-1].encode() + b',"received_at":'


@lru_cache(maxsize=1)
def _moment(at: datetime) -> bytes:
    return msgspec.json.encode(at)


def _malformed_line(event: AnyEvent) -> bytes:
    reason = event.reason if isinstance(event, Malformed) else _NOT_JSON
    members = {
        "event": "malformed",
        "name": event.name,
        "reason": reason,
        "stream": str(event.stream),
        "server": event.server,
        "received_at": json.loads(_moment(event.received_at)),
        "origin": event.origin,
        "payload": event.raw.decode("utf-8", "replace"),
    }
    return f"{json.dumps(members, separators=(',', ':'))}\n".encode()


_KINDS: Final[dict[type, str]] = {
    Connected: "connected",
    Disconnected: "disconnected",
    Gap: "gap",
    Heartbeat: "heartbeat",
}


def _signal_line(signal: AnySignal) -> bytes:
    members: dict[str, object] = {"signal": _KINDS[type(signal)]}
    for name in signal.__struct_fields__:
        members[name] = _plain(getattr(signal, name))
    return f"{json.dumps(members, separators=(',', ':'))}\n".encode()


def _plain(value: object) -> object:
    """Return a member of a signal as JSON has it."""
    match value:
        case datetime():
            return json.loads(_moment(value))
        case Stream():
            return str(value)
        case tuple():
            return [_plain(one) for one in value]
        case frozenset():
            return sorted(value)
        case _:
            return value
