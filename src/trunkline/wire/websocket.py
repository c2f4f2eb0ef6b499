"""The WebSocket: text messages to frames, subscribe messages to text, and which stream is meant.

Goes in: one text message, any bytes. Comes out: a `Message` (event, data, and the words of its
stream), an `ErrorMessage`, `Accepted` where a server says that it did what was asked, or `Noise`
for what is none of these (Akkoma's ``pong``, for example). It never raises. RFC 6455 framing is the
transport's business; this module knows the envelope only.

Servers differ in how they name the stream of a frame, and some do not; `Router` gives a frame to
the subscriptions it can be meant for, and to all of them rather than to none.

Source: Mastodon API, "Streaming API methods", WebSocket.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Final

import msgspec

from trunkline.streams import Stream, normalise_tag
from trunkline.wire.usual import last_string

__all__ = [
    "Accepted",
    "ErrorMessage",
    "Message",
    "Noise",
    "Router",
    "decode_message",
    "encode_login",
    "encode_message",
    "encode_subscribe",
    "encode_unsubscribe",
]

_ROUTES_KEPT: Final = 1024
_OPENINGS_KEPT: Final = 1024
_LONGEST_OPENING_BYTES: Final = 256
_PAYLOAD: Final = b'"payload":"'
_RESPONSE: Final = "pleroma:respond"


class Message(msgspec.Struct, frozen=True, gc=False):
    """One event as the envelope carries it; `data` is ``None`` where there was no payload."""

    event: str
    data: bytes | None
    stream: tuple[str, ...]


class ErrorMessage(msgspec.Struct, frozen=True, gc=False):
    """The server's refusal of a request on this connection; it names no stream."""

    error: str
    status: int | None


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """The server's word that it did what was asked on this connection; few servers give it."""

    request: str


class Noise(msgspec.Struct, frozen=True, gc=False):
    """A text message that is no envelope: kept, so that it can be counted and shown."""

    text: bytes


class _Usual(msgspec.Struct, gc=False):
    """The envelope as Mastodon writes it; anything else takes the slower path."""

    event: str
    payload: str
    stream: tuple[str, ...] = ()


class _Answer(msgspec.Struct, gc=False):
    type: str = ""
    result: str = ""
    error: str = ""


_STATUS_OF_ANSWER: Final = {"unauthorized": 401}
_decode_answer = msgspec.json.Decoder(_Answer).decode
_decode_usual = msgspec.json.Decoder(_Usual).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_BROKEN: Final = (msgspec.MsgspecError, ValueError, RecursionError)


def decode_message(text: bytes | str) -> Message | ErrorMessage | Accepted | Noise:
    """Return what one text message says. Never raises.

    A payload may be a string, another JSON value, or absent: the data of the message is the content
    of the string, the bytes of the value as they came, or ``None``.
    """
    if isinstance(text, bytes):  # as Mastodon writes it: the payload comes last
        quote_at = text.find(_PAYLOAD, 0, _LONGEST_OPENING_BYTES) + len(_PAYLOAD) - 1
        opening = _opening(text[: quote_at + 1])
        data = last_string(text, quote_at) if opening is not None else None
        if opening is not None and data is not None:
            return Message(opening[0], data, opening[1])
    try:
        usual = _decode_usual(text)
    except _BROKEN:
        return _decode_unusual(text)
    if not usual.stream and usual.event == _RESPONSE:
        return _answer(usual.payload)
    return Message(usual.event, usual.payload.encode(), usual.stream)


@lru_cache(_OPENINGS_KEPT)
def _opening(opening: bytes) -> tuple[str, tuple[str, ...]] | None:
    """Return the event and the words of its stream that an envelope names before its payload."""
    try:
        usual = _decode_usual(opening + b'"}')
    except _BROKEN:
        return None
    is_event = bool(usual.stream) or usual.event != _RESPONSE
    return (usual.event, usual.stream) if is_event else None


def _answer(payload: str) -> ErrorMessage | Accepted | Noise:
    """Return what Pleroma answers to a request, whose refusals are words without a status."""
    try:
        answer = _decode_answer(payload)
    except _BROKEN:
        return Noise(_utf8(payload))
    if answer.result != "error":
        return Accepted(answer.type)
    return ErrorMessage(answer.error, _STATUS_OF_ANSWER.get(answer.error, 400))


def _decode_unusual(text: bytes | str) -> Message | ErrorMessage | Noise:
    members = _members(text)
    event, error = _value(members.get("event")), _value(members.get("error"))
    if isinstance(event, str):
        return Message(event, _payload(members.get("payload")), _words(members.get("stream")))
    if isinstance(error, str):
        status = _value(members.get("status"))
        return ErrorMessage(error, status if type(status) is int else None)
    return Noise(text if isinstance(text, bytes) else _utf8(text))


def _members(text: bytes | str) -> dict[str, msgspec.Raw]:
    """Return the members of an object, none of them decoded; empty if `text` is no object."""
    with suppress(*_BROKEN):
        return _decode_members(text)
    with suppress(*_BROKEN):  # msgspec refuses lone surrogates, which JavaScript sends as escapes
        return _decode_members(_utf8(json.dumps(json.loads(text), ensure_ascii=False)))
    return {}


def _value(raw: msgspec.Raw | None) -> object:
    with suppress(*_BROKEN):
        value: object = None if raw is None else msgspec.json.decode(raw)
        return value
    return None


def _payload(raw: msgspec.Raw | None) -> bytes | None:
    if raw is None or bytes(raw) == b"null":
        return None
    value = _value(raw) if bytes(raw).startswith(b'"') else None
    return value.encode() if isinstance(value, str) else bytes(raw)


def _words(raw: msgspec.Raw | None) -> tuple[str, ...]:
    value = _value(raw)
    words = value if isinstance(value, list) else [value]
    return tuple(str(word) for word in words if type(word) in (str, int))


def _utf8(text: str) -> bytes:
    """Encode `text` with U+FFFD for each lone surrogate, as the server does in event streams."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


class Router:
    """Says which of the streams that share a connection a frame belongs to."""

    __slots__ = ("_known", "_streams")

    def __init__(self, streams: Sequence[Stream]) -> None:
        self._streams = tuple(streams)
        self._known: dict[tuple[str, ...], tuple[Stream, ...]] = {}

    def route(self, words: tuple[str, ...]) -> tuple[Stream, ...]:
        """Return the streams that `words` can mean; all of them where none fits.

        With one subscription everything is its. With several, the first of these that any stream
        fits: name and tag or list (``hashtag`` ``Python``); the same in one word (``list:7``); the
        name alone; the name before a colon (``user:42``). Tags are compared as the server does, so
        two spellings of one tag both get what it sends once, under the first.
        """
        found = self._known.get(words)
        if found is None:
            found = self._find(words)
            if len(self._known) < _ROUTES_KEPT:
                self._known[words] = found
        return found

    def _find(self, words: tuple[str, ...]) -> tuple[Stream, ...]:
        if not words:
            return self._streams
        name, parameter = words[0], words[1] if len(words) > 1 else None
        head, _, tail = name.rpartition(":")
        return (
            self._where(lambda stream: _fits(stream, name, parameter))
            or self._where(lambda stream: _fits(stream, head, tail))
            or self._where(lambda stream: stream.name == name)
            or self._where(lambda stream: stream.name == head)
            or self._streams
        )

    def _where(self, fits: Callable[[Stream], bool]) -> tuple[Stream, ...]:
        return tuple(filter(fits, self._streams))


def _fits(stream: Stream, name: str, parameter: str | None) -> bool:
    if stream.name != name:
        return False
    if stream.tag is None or parameter is None:
        return stream.parameter == parameter
    return normalise_tag(stream.tag) == normalise_tag(parameter)


def encode_login(token: str) -> str:
    """Return the text message that shows a token on an open WebSocket, as Pleroma takes it."""
    return msgspec.json.encode({"type": "pleroma:authenticate", "token": token}).decode()


def encode_subscribe(stream: Stream) -> str:
    """Return the text message that subscribes to `stream` on an open WebSocket."""
    return _encode_request("subscribe", stream)


def encode_unsubscribe(stream: Stream) -> str:
    """Return the text message that ends the subscription to `stream`."""
    return _encode_request("unsubscribe", stream)


def _encode_request(kind: str, stream: Stream) -> str:
    return msgspec.json.encode({"type": kind, "stream": stream.name, **dict(stream.query)}).decode()


def encode_message(event: str, data: bytes, stream: Sequence[str | int]) -> bytes:
    """Return the envelope of one event, as Mastodon's server writes it."""
    payload = data.decode("utf-8", "replace")
    return msgspec.json.encode({"stream": list(stream), "event": event, "payload": payload})
