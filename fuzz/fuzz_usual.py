"""Fuzz the hot path: in C it says of all bytes what it says in Python.

From the top of the checkout::

    python -m fuzz.fuzz_usual                     # atheris, until it is stopped, if it is installed
    python -m fuzz.fuzz_usual -max_total_time=60  # its own options
    python -m fuzz.fuzz_usual --seconds 60        # without atheris: a random loop

Without a compiler both are the same, and nothing is found. The first byte of an input chooses how
the usual event looks, the second where the search begins.
"""

from __future__ import annotations

from fuzz.loop import instrumented, run

with instrumented():
    from trunkline.wire import usual
    from trunkline.wire.sse import Comment, Frame, Oversized

TAKE, UNEDITED, LAST_STRING = usual.IN_PYTHON
LIKE = (
    usual.usual_event(b"event: update\ndata: ", "update", largest_bytes=500),
    usual.usual_event(b"data: ", "", largest_bytes=20),
)
PIECES = (
    *(b"e\r\nevent: update\n\r\n", b"a\r\ndata: {}\n\n\r\n", b"9\r\ndata: x\n\n\r\n"),
    b"17\r\nevent: update\ndata: x\n\n\r\n",
    *(b"e\r\n", b"event: update\n", b"data: ", b"{}", b"\r\n", b"\n", b"\n\n\r\n", b"0\r\n"),
    *(b"fffffff\r\n", b"ffffffff\r\n", b"1F4\r\n", b"x" * 490, b"\r", b"\0"),
    *(
        b'\\"',
        b"\\\\",
        b"\\n",
        b"\\u00e9",
        b"\\ud83d\\ude00",
        b"\\ud83d",
        b"\\udc00",
        b"\\u12",
        b"\\x",
    ),
    *(
        "\u00e9\u6f22\U0001f600".encode(),
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xe2\x82",
    ),
    *(b'{"payload":"', b'"}', b"\x1f", b"\x7f", b"x" * 7, b"x" * 8, b"x" * 9),
    *(b'{"id":"', b"109", b'"', b',"edited_at":', b"null", b"edited_at", b"_", b'"2026"'),
)


def check(data: bytes) -> None:
    """Fail unless both ways of searching find the same in `data`."""
    like, position = (LIKE[data[0] % 2], data[1] % 40) if len(data) > 1 else (LIKE[0], 0)
    body = data[2:]
    compiled: list[Frame | Comment | Oversized] = []
    python: list[Frame | Comment | Oversized] = []
    assert usual.take_usual(body, position, like, compiled) == TAKE(body, position, like, python)
    assert compiled == python
    for raw in (body, b'{"id":"109",' + body):
        assert usual.unedited_id(raw) == UNEDITED(raw)
    for text, quote_at in ((body, position), (b'{"payload":"' + body + b'"}', 11)):
        assert usual.last_string(text, quote_at) == LAST_STRING(text, quote_at)


if __name__ == "__main__":
    run(check, PIECES)
