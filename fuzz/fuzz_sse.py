"""Fuzz the event stream parser: no bytes raise, no cut changes what is read, nothing is hoarded.

From the top of the checkout::

    python -m fuzz.fuzz_sse                     # atheris, until it is stopped, if it is installed
    python -m fuzz.fuzz_sse -max_total_time=60  # its own options
    python -m fuzz.fuzz_sse --seconds 60        # without atheris: a random loop

The first two bytes of an input choose the parser's limit and the size of the pieces.
"""

from __future__ import annotations

from fuzz.loop import instrumented, run

with instrumented():
    from trunkline.wire.sse import EventStreamParser, Frame, encode_event

PIECES = (
    *(b"data", b"event", b"id", b"retry", b"foo", b": ", b":", b" ", b"\n", b"\r", b"\r\n", b"\0"),
    *(b"\xef\xbb\xbf", b"\xef", b"\xbb\xbf", b":thump\n\n", b":)\n", b"update", b"7", b"{}"),
    *(b"event: a\ndata: b\n\n", b"data: c\n\n", b"data: d\r\n", b"event: e\n", b"\xff"),
)


def check(data: bytes) -> None:
    """Fail unless `data` is read alike whole and in pieces, within the limit."""
    limit, step = (data[0], data[1] % 16 + 1) if len(data) > 1 else (255, 1)
    stream = data[2:]
    whole, pieces = (EventStreamParser(max_frame_bytes=limit) for _ in range(2))
    items = whole.feed(stream)
    told = [
        item
        for place in range(0, len(stream), step)
        for item in pieces.feed(stream[place : place + step])
    ]
    assert told == items
    assert pieces.pending == whole.pending
    assert pieces.last_event_id == whole.last_event_id
    assert pieces.retry_milliseconds == whole.retry_milliseconds
    assert len(whole.pending) <= 2 * limit + 16  # "data:" may be shown as "data: "
    for item in items:
        if isinstance(item, Frame) and item.data is not None and b"\n" not in item.data:
            assert EventStreamParser().feed(b"".join(encode_event(item.event, item.data))) == [item]


if __name__ == "__main__":
    run(check, PIECES)
