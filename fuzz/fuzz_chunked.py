"""Fuzz event streams in HTTP chunks: no bytes raise, and no cut changes what is read.

From the top of the checkout::

    python -m fuzz.fuzz_chunked                     # atheris, until it is stopped, if installed
    python -m fuzz.fuzz_chunked -max_total_time=60  # its own options
    python -m fuzz.fuzz_chunked --seconds 60        # without atheris: a random loop

The first two bytes of an input choose the parser's limit and the size of the pieces.
"""

from __future__ import annotations

from fuzz.loop import instrumented, run

with instrumented():
    from trunkline.wire.chunked import ChunkedEventStream

PIECES = (
    *(
        b"e\r\nevent: update\n\r\n",
        b"a\r\ndata: {}\n\n\r\n",
        b"18\r\nevent: update\ndata: {}\n\n\r\n",
    ),
    *(b"3\r\n:)\n\r\n", b"9\r\n:thump\n\n\r\n", b"0\r\n\r\n", b"1\r\n", b"2;x\r\n", b"\r\n", b"\n"),
    *(b"event: update\n", b"data: ", b"{}", b"\r", b"f", b"ff\r\n", b"zz\r\n", b"id: 7\n", b"\xff"),
)


def check(data: bytes) -> None:
    """Fail unless `data` is read alike whole and in pieces."""
    limit, step = (data[0], data[1] % 32 + 1) if len(data) > 1 else (255, 1)
    body = data[2:]
    whole, pieces = (ChunkedEventStream(max_frame_bytes=limit) for _ in range(2))
    items = whole.feed(body)
    told = [
        item
        for place in range(0, len(body), step)
        for item in pieces.feed(body[place : place + step])
    ]
    assert told == items
    assert pieces.ending is whole.ending


if __name__ == "__main__":
    run(check, PIECES)
