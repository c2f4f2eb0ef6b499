"""Fuzz the way from a WebSocket's text to an event: nothing raises but what is documented to.

From the top of the checkout::

    python -m fuzz.fuzz_websocket                     # atheris, until it is stopped, if installed
    python -m fuzz.fuzz_websocket -max_total_time=60  # its own options
    python -m fuzz.fuzz_websocket --seconds 60        # without atheris: a random loop
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from fuzz.loop import instrumented, run

with instrumented():
    from trunkline.errors import MalformedEventError
    from trunkline.events import leading_id
    from trunkline.streams import Stream
    from trunkline.wire.decode import decode_event
    from trunkline.wire.websocket import Message, Router, decode_message, encode_message

PIECES = (
    *(b'{"event":', b'"update"', b'"delete"', b',"payload":', b',"stream":', b'["user"]', b"}"),
    *(b'"{\\"id\\":\\"1\\"}"', b'{"id":"1"}', b'["list","7"]', b'["user:42"]', b'"hashtag:x"'),
    *(b'"error":', b'"status":', b"400", b"null", b"true", b"1.5", b'""', b'"\\ud83d"', b'\\"'),
    *("😂".encode(), b"\x00", b"\xff", b"{", b"[", b"]", b",", b":", b"[" * 5000, b"9" * 5000),
)
STREAMS = (Stream.user(), Stream.list(7), Stream.hashtag("x"))
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def check(data: bytes) -> None:
    """Try `data` as a text, as a payload, and as the content of a payload."""
    check_text(data)
    check_text(b'{"stream":["user"],"event":"update","payload":' + data + b"}")
    check_text(b'{"stream":["user"],"event":"update","payload":"' + data + b'"}')


def check_text(data: bytes) -> None:
    """Fail unless `data` becomes a message, whose event keeps its bytes and reads or refuses."""
    message = decode_message(data)
    with suppress(UnicodeDecodeError):
        assert decode_message(data.decode()) == message
    if not isinstance(message, Message):
        return
    assert Router(STREAMS).route(message.stream)
    event = decode_event(
        message.event, message.data, stream=STREAMS[0], server="", received_at=NOON
    )
    assert event.raw == (message.data or b"")
    for read in (event.decode, event.json):
        with suppress(MalformedEventError):
            read()
    assert isinstance(leading_id(event.raw), str)
    with suppress(UnicodeDecodeError):
        event.raw.decode()
        again = decode_message(encode_message(message.event, event.raw, message.stream))
        assert again == Message(message.event, event.raw, message.stream)


if __name__ == "__main__":
    run(check, PIECES)
