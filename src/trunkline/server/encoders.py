"""How a publication reads on each kind of connection: bytes, made once for all who share them.

An encoder is a function of the publication alone and hashable, so the hub can group by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from trunkline.server.publication import Publication
from trunkline.wire.frames import TEXT, encode_frame
from trunkline.wire.sse import encode_comment, encode_event
from trunkline.wire.websocket import encode_message

__all__ = [
    "LAST_CHUNK",
    "Encoder",
    "Envelope",
    "chunk",
    "chunked_event",
    "opener",
    "plain_event",
    "thump",
]

LAST_CHUNK: Final = b"0\r\n\r\n"


class Encoder(Protocol):
    """Turns a publication into the bytes that a connection sends."""

    def __call__(self, publication: Publication, /) -> bytes:
        """Return the bytes of one event."""
        ...

    def __hash__(self) -> int: ...


def chunk(data: bytes) -> bytes:
    """Return one chunk of HTTP/1.1's chunked coding."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def opener(*, chunked: bool) -> bytes:
    """Return the first bytes of an event stream: a comment with one line feed."""
    return _perhaps_chunked(encode_comment(b")", lines=1), chunked=chunked)


def thump(*, chunked: bool, lines: int = 2) -> bytes:
    """Return the heartbeat of an event stream."""
    return _perhaps_chunked(encode_comment(b"thump", lines=lines), chunked=chunked)


def _perhaps_chunked(data: bytes, *, chunked: bool) -> bytes:
    return chunk(data) if chunked else data


def chunked_event(publication: Publication, /) -> bytes:
    """Return an event of an event stream: two writes, hence two chunks."""
    first, second = encode_event(publication.event, publication.data)
    return chunk(first) + chunk(second)


def plain_event(publication: Publication, /) -> bytes:
    """Return an event of an event stream for HTTP/1.0, which knows no chunks."""
    return b"".join(encode_event(publication.event, publication.data))


@dataclass(frozen=True, slots=True)
class Envelope:
    """The WebSocket envelope under one spelling of the stream (``("hashtag", "Python")``).

    Events in `nameless` do not say which stream they are from; events in `skipped` are not sent.
    """

    stream: tuple[str | int, ...]
    nameless: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()

    def __call__(self, publication: Publication, /) -> bytes:
        """Return the text frame of one event; nothing for one that is skipped."""
        event, data = publication.event, publication.data
        if event in self.skipped:
            return b""
        if not publication.bare and event not in self.nameless:
            return encode_frame(TEXT, encode_message(event, data, stream=self.stream))
        payload = msgspec.Raw(data) if publication.bare else data.decode("utf-8", "replace")
        stream = {} if event in self.nameless else {"stream": list(self.stream)}
        return encode_frame(
            TEXT, msgspec.json.encode({**stream, "event": event, "payload": payload})
        )
