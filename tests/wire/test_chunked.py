"""Event streams in HTTP chunks: what is said does not depend on where chunks and reads end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.wire.chunked import BodyEnding, ChunkedEventStream
from trunkline.wire.sse import Comment, EventStreamParser, Frame, Oversized

Item = Frame | Comment | Oversized
LAST = b"0\r\n\r\n"
USUAL = Frame("update", b'{"id":"1"}')
LINE, REST = b"event: update\n", b'data: {"id":"1"}\n\n'


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


def told(*reads: bytes) -> list[Item]:
    stream = ChunkedEventStream()
    return [item for read in reads for item in stream.feed(read)]


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """Return `data` in pieces that end at these places."""
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


names = st.sampled_from(["update", "update", "update", "delete", "status.update", "", "x" * 80])
payloads = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([b"{}", b"", b"a\rb", b"a\r", b"\r\n", b"a\ndata: b", b"x" * 300, b"\xff\0"]),
)
usual = st.tuples(names, payloads).map(
    lambda one: [b"event: " + one[0].encode() + b"\n", b"data: " + one[1] + b"\n\n"]
)
whole = usual.map(lambda pieces: [b"".join(pieces)])
odd = st.one_of(
    st.binary(min_size=1, max_size=12),
    st.sampled_from(
        [b":)\n", b":thump\n\n", b"\n", b"\r", b"id: 7\n", b"data: c\n", b"\xef\xbb\xbf"]
    ),
).map(lambda piece: [piece])
contents = st.lists(st.one_of(usual, usual, whole, odd), max_size=12).map(
    lambda blocks: [piece for pieces in blocks for piece in pieces]
)
cuts = st.lists(st.integers(min_value=0, max_value=5000), max_size=12)
limits = st.sampled_from([16 * 1024 * 1024, 400, 90, 20])


@given(contents, cuts, limits)
def test_frames_are_those_of_the_content_whatever_the_cuts(
    pieces: list[bytes], places: list[int], limit: int
) -> None:
    expected = EventStreamParser(max_frame_bytes=limit).feed(b"".join(pieces))
    body = b"".join(map(chunk, filter(None, pieces)))
    stream = ChunkedEventStream(max_frame_bytes=limit)

    assert [item for read in cut(body, places) for item in stream.feed(read)] == expected
    assert stream.ending is None
    assert stream.feed(LAST) == []
    assert stream.ending is BodyEnding.LAST_CHUNK


@given(contents)
def test_frames_are_the_same_byte_by_byte_and_with_bytes_behind(pieces: list[bytes]) -> None:
    expected = EventStreamParser().feed(b"".join(pieces))
    body = b"".join(map(chunk, filter(None, pieces)))

    assert told(*cut(body, range(len(body)))) == expected
    assert told(body + LAST + b"HTTP/1.1 200 OK\r\n") == expected


@given(st.binary(), cuts)
def test_no_bytes_raise_and_no_cut_changes_what_they_say(data: bytes, places: list[int]) -> None:
    one, other = ChunkedEventStream(max_frame_bytes=50), ChunkedEventStream(max_frame_bytes=50)

    whole = one.feed(data)
    assert [item for read in cut(data, places) for item in other.feed(read)] == whole
    assert other.ending is one.ending


@pytest.mark.parametrize(
    "reads",
    [
        [chunk(LINE) + chunk(REST)],
        [chunk(LINE + REST)],
        [chunk(LINE), chunk(REST)],
        [b"%x;name=value\r\n%b\r\n" % (len(LINE + REST), LINE + REST)],
        [b"000%X\r\n%b\r\n" % (len(LINE + REST), LINE + REST)],
        [b"%x\n%b\n" % (len(LINE + REST), LINE + REST)],
    ],
)
def test_chunks_may_be_written_in_every_allowed_way(reads: Sequence[bytes]) -> None:
    for behind in (b"", chunk(b":thump\n\n"), chunk(LINE)):
        heartbeats: list[Item] = [Comment(b"thump")] if b"thump" in behind else []
        usual_twice = told(*reads, *reads, behind)
        assert usual_twice == [USUAL, USUAL, *heartbeats]


@pytest.mark.parametrize(
    "bad",
    [b"no number\r\n", b"\r\n", b"-5\r\n", b"3\r\nabcd\r\n", b"1" * 9000, b";" * 9000 + b"\r\n"],
)
def test_what_is_no_chunk_ends_the_body_and_what_came_before_is_told(bad: bytes) -> None:
    stream = ChunkedEventStream()

    assert stream.feed(chunk(b":)\n") + chunk(LINE) + chunk(REST) + bad)[:2] == [
        Comment(b")"),
        USUAL,
    ]
    assert stream.ending is BodyEnding.BAD_CHUNK
    assert stream.feed(chunk(LINE) + chunk(REST)) == []


def test_trailers_are_skipped() -> None:
    stream = ChunkedEventStream()

    assert stream.feed(chunk(LINE) + chunk(REST) + b"0\r\nDigest: x\r\n") == [USUAL]
    assert stream.ending is None
    stream.feed(b"\r\n")
    assert stream.ending is BodyEnding.LAST_CHUNK


def test_an_event_is_told_as_soon_as_its_last_line_end_is_there() -> None:
    stream = ChunkedEventStream()

    assert stream.feed(chunk(b":)\n") + chunk(LINE) + chunk(REST)) == [Comment(b")"), USUAL]
    usual = chunk(LINE) + chunk(REST)
    for length in range(len(usual) - 2):
        fresh = ChunkedEventStream()
        fresh.feed(chunk(LINE) + chunk(REST))
        assert fresh.feed(usual[:length]) == []
        assert fresh.feed(usual[length:-2]) == [USUAL]


def test_a_chunk_larger_than_any_frame_is_not_held() -> None:
    stream = ChunkedEventStream(max_frame_bytes=1000)
    stream.feed(chunk(LINE) + chunk(REST) + b"ffffff\r\nevent: update\ndata: ")
    for _ in range(200):
        assert stream.feed(b"x" * 1000) == []
    assert len(stream._held) + len(stream._line) + len(stream._parser.pending) < 2000
