"""The WebSocket: text messages to frames, subscribe messages to text, and which stream is meant.

Goes in: one text message, any bytes. Comes out: a `Message` (event, data, and the words of its
stream), an `ErrorMessage`, or `Noise` for what is neither (Akkoma's ``pong``, for example). It never
raises. RFC 6455 framing is the transport's business; this module knows Mastodon's envelope only.

Servers differ in how they name the stream of a frame, and some do not; `Router` gives a frame to the
subscriptions it can be meant for, and to all of them rather than to none.

Source: Mastodon API, "Streaming API methods", WebSocket.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from trunkline.streams import Stream, normalise_tag

__all__ = [
    "ErrorMessage",
    "Message",
    "Noise",
    "Router",
    "decode_message",
    "encode_message",
    "encode_subscribe",
    "encode_unsubscribe",
]

_ROUTES_KEPT: Final = 1024


class Message(msgspec.Struct, frozen=True, gc=False):
    """One event as the envelope carries it; `data` is ``None`` where there was no payload."""

    event: str
    data: bytes | None
    stream: tuple[str, ...]


class ErrorMessage(msgspec.Struct, frozen=True, gc=False):
    """The server's refusal of a request on this connection; it names no stream."""

    error: str
    status: int | None


class Noise(msgspec.Struct, frozen=True, gc=False):
    """A text message that is no envelope: kept, so that it can be counted and shown."""

    text: bytes


class _Usual(msgspec.Struct, gc=False):
    """The envelope as Mastodon writes it; anything else takes the slower path."""

    event: str
    payload: str
    stream: tuple[str, ...] = ()


_decode_usual = msgspec.json.Decoder(_Usual).decode


def decode_message(text: bytes | str) -> Message | ErrorMessage | Noise:
    """Return what one text message says. Never raises.

    A payload may be a string, an object or another JSON value, or be absent: the data of the message
    is the string's content, the value as JSON, or ``None``.
    """
    try:
        usual = _decode_usual(text)
    except (msgspec.MsgspecError, UnicodeError):
        return _decode_unusual(text)
    return Message(usual.event, usual.payload.encode("utf-8", "replace"), usual.stream)


def _decode_unusual(text: bytes | str) -> Message | ErrorMessage | Noise:
    noise = Noise(text if isinstance(text, bytes) else text.encode("utf-8", "replace"))
    try:
        envelope = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError):
        return noise
    members = {name: _value(raw) for name, raw in envelope.items() if name != "payload"}
    error, event, status = members.get("error"), members.get("event"), members.get("status")
    if isinstance(error, str) and not isinstance(event, str):
        return ErrorMessage(error, status if isinstance(status, int) else None)
    if not isinstance(event, str):
        return noise
    return Message(event, _payload(envelope.get("payload")), _words(members.get("stream")))


def _value(raw: msgspec.Raw) -> object:
    try:
        value: object = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return value


def _payload(raw: msgspec.Raw | None) -> bytes | None:
    if raw is None or bytes(raw) == b"null":
        return None
    value = _value(raw) if bytes(raw[:1]) == b'"' else None
    return value.encode("utf-8", "replace") if isinstance(value, str) else bytes(raw)


def _words(value: object) -> tuple[str, ...]:
    words = value if isinstance(value, list) else [value]
    return tuple(str(word) for word in words if isinstance(word, (str, int)))


class Router:
    """Says which of the streams that share a connection a frame belongs to."""

    __slots__ = ("_known", "_streams")

    def __init__(self, streams: Sequence[Stream]) -> None:
        self._streams = tuple(streams)
        self._known: dict[tuple[str, ...], tuple[Stream, ...]] = {}

    def route(self, words: tuple[str, ...]) -> tuple[Stream, ...]:
        """Return the streams that `words` can mean; all of them where none fits.

        With one subscription everything is its. With several: the exact words first, then the tag
        as the server normalises it, then the words before a colon (``user:42``, ``list:7``).
        """
        found = self._known.get(words)
        if found is None:
            found = self._find(words)
            if len(self._known) < _ROUTES_KEPT:
                self._known[words] = found
        return found

    def _find(self, words: tuple[str, ...]) -> tuple[Stream, ...]:
        if len(self._streams) == 1 or not words:
            return self._streams
        name, parameter = words[0], words[1] if len(words) > 1 else None
        head, _, tail = name.rpartition(":")
        for candidate in ((name, parameter), (head, tail), (head, None)):
            found = tuple(stream for stream in self._streams if _fits(stream, *candidate))
            if found:
                return found
        return self._streams


def _fits(stream: Stream, name: str, parameter: str | None) -> bool:
    if stream.name != name:
        return False
    if stream.tag is None:
        return stream.list_id == parameter
    return parameter is not None and normalise_tag(stream.tag) == normalise_tag(parameter)


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
