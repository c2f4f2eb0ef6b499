"""The event stream parser: the standard's grammar row by row, then whatever else may come."""

import re
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from types import FrameType
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline.wire.sse import (
    MAX_FRAME_BYTES,
    Comment,
    EventStreamParser,
    Frame,
    Oversized,
    encode_comment,
    encode_event,
)

Item = Frame | Comment | Oversized
BOM = b"\xef\xbb\xbf"
NEXT = b"event: next\ndata: n\n\n"


class Case(NamedTuple):
    """A stream, what it says, and the parser's limit where that matters."""

    name: str
    stream: bytes
    items: Sequence[Item]
    limit: int = MAX_FRAME_BYTES


LONG = b"x" * 70_000

CASES = (
    Case("nothing", b"", []),
    Case("the opener has one line feed", b":)\n", [Comment(b")")]),
    Case(
        "the opener is part of the first block",
        b":)\nevent: update\ndata: {}\n\n",
        [Comment(b")"), Frame("update", b"{}")],
    ),
    Case("a thump with one line feed", b":thump\n", [Comment(b"thump")]),
    Case("a thump with two line feeds", b":thump\n\n", [Comment(b"thump")]),
    Case("a thump in a block", b"data: a\n:thump\n\n", [Comment(b"thump"), Frame("", b"a")]),
    Case("an empty comment", b":\n", [Comment(b"")]),
    Case("a comment keeps its space and its colons", b": a:b\n", [Comment(b" a:b")]),
    Case("a comment without end", b":thump", []),
    Case("lines end with LF", b"event: a\ndata: b\n\n", [Frame("a", b"b")]),
    Case("lines end with CR", b"event: a\rdata: b\r\r", [Frame("a", b"b")]),
    Case("lines end with CRLF", b"event: a\r\ndata: b\r\n\r\n", [Frame("a", b"b")]),
    Case("lines end with anything", b"event: a\rdata: b\r\ndata: c\n\r", [Frame("a", b"b\nc")]),
    Case(
        "LF and CR are two line ends", b"data: b\n\rdata: c\n\n", [Frame("", b"b"), Frame("", b"c")]
    ),
    Case(
        "CR, CRLF are two line ends",
        b"data: b\r\r\ndata: c\n\n",
        [Frame("", b"b"), Frame("", b"c")],
    ),
    Case("thumps with CR", b":thump\r\r:thump\r\r", [Comment(b"thump")] * 2),
    Case("thumps with CRLF", b":thump\r\n\r\n:thump\r\n\r\n", [Comment(b"thump")] * 2),
    Case("empty lines say nothing", b"\n\r\n\r\n\n", []),
    Case("a byte order mark", BOM + b"data: a\n\n", [Frame("", b"a")]),
    Case("a byte order mark before the opener", BOM + b":)\n", [Comment(b")")]),
    Case("a byte order mark alone", BOM, []),
    Case("half a byte order mark", BOM[:2], []),
    Case(
        "half a byte order mark is a name", BOM[:2] + b"data: a\n\n" + NEXT, [Frame("next", b"n")]
    ),
    Case("only one byte order mark", BOM + BOM + b"data: a\n\n" + NEXT, [Frame("next", b"n")]),
    Case("no byte order mark later", b"data: a\n\n" + BOM + b"data: b\n\n", [Frame("", b"a")]),
    Case("a byte order mark in data stays", b"data: " + BOM + b"{}\n\n", [Frame("", BOM + b"{}")]),
    Case("a colon without a space", b"event:a\ndata:b\n\n", [Frame("a", b"b")]),
    Case("one space is dropped", b"event:  a\ndata:  b\n\n", [Frame(" a", b" b")]),
    Case("a tab is not dropped", b"data:\tb\n\n", [Frame("", b"\tb")]),
    Case("colons in a value stay", b"data: a:b: c\n\n", [Frame("", b"a:b: c")]),
    Case("no colon is an empty value", b"event: a\ndata\n\n", [Frame("a", b"")]),
    Case("a space before the colon is part of the name", b"data : a\n\n", []),
    Case("names are small letters", b"Data: a\nEVENT: b\n\n", []),
    Case("unknown fields are ignored", b"foo: 1\ndata: a\nbar\n\n", [Frame("", b"a")]),
    Case("lines of data are joined", b"data: a\ndata: b\ndata: c\n\n", [Frame("", b"a\nb\nc")]),
    Case(
        "empty lines of data count", b"data: a\ndata\ndata:\ndata: b\n\n", [Frame("", b"a\n\n\nb")]
    ),
    Case("one empty line of data", b"data\n\n" + NEXT, [Frame("", b""), Frame("next", b"n")]),
    Case("two empty lines of data", b"data\ndata\n\n", [Frame("", b"\n")]),
    Case("empty data", b"event: a\ndata:\n\n", [Frame("a", b"")]),
    Case("empty data with a space", b"event: a\ndata: \n\n", [Frame("a", b"")]),
    Case("an event without data", b"event: filters_changed\n\n", [Frame("filters_changed", None)]),
    Case("neither name nor data", b"event\n\nevent:\n\n", []),
    Case("data without an event", b"data: a\n\n", [Frame("", b"a")]),
    Case("data before its event", b"data: a\nevent: b\n\n", [Frame("b", b"a")]),
    Case("the last name counts", b"event: a\nevent: b\ndata: c\n\n", [Frame("b", b"c")]),
    Case("a name can be taken back", b"event: a\nevent\ndata: c\n\n", [Frame("", b"c")]),
    Case(
        "a name lasts for one block",
        b"event: a\ndata: b\n\ndata: c\n\n",
        [Frame("a", b"b"), Frame("", b"c")],
    ),
    Case(
        "names that begin alike",
        b"event: a\ndata: b\n\nevent: ab\ndata: c\n\nevent: a\ndata: d\n\n",
        [Frame("a", b"b"), Frame("ab", b"c"), Frame("a", b"d")],
    ),
    Case(
        "a long name and its beginning",
        b"".join(b"event: " + b"x" * size + b"\ndata: b\n\n" for size in (64, 65, 66, 64, 65)),
        [Frame("x" * size, b"b") for size in (64, 65, 66, 64, 65)],
    ),
    Case(
        "a usual block again",
        NEXT * 3 + b":)\n" + NEXT,
        [*[Frame("next", b"n")] * 3, Comment(b")"), Frame("next", b"n")],
    ),
    Case(
        "a usual block with more data",
        NEXT * 2 + b"event: next\ndata: n\ndata: m\n\n",
        [*[Frame("next", b"n")] * 2, Frame("next", b"n\nm")],
    ),
    Case(
        "a usual block in an open one",
        NEXT + b"data: m\n" + NEXT,
        [Frame("next", b"n"), Frame("next", b"m\nn")],
    ),
    Case("a usual block without a line end", b"\n" + NEXT + NEXT[:-2], [Frame("next", b"n")]),
    Case("a usual block without end", NEXT * 2 + NEXT[:-1], [Frame("next", b"n")] * 2),
    Case(
        "usual blocks without a name",
        b"data: a\n\n" * 2 + b"event: \ndata: b\n\n" * 2,
        [*[Frame("", b"a")] * 2, *[Frame("", b"b")] * 2],
    ),
    Case("a name that is no UTF-8", b"event: \xff\ndata: a\n\n", [Frame("\ufffd", b"a")]),
    Case("a name with an accent", "event: é\ndata: a\n\n".encode(), [Frame("é", b"a")]),
    Case(
        "other line ends of Unicode are text",
        "data: a\u2028b\u2029c\u0085d\v\f\x1c\x1d\x1e\n\n".encode(),
        [Frame("", "a\u2028b\u2029c\u0085d\v\f\x1c\x1d\x1e".encode())],
    ),
    Case("NUL in data is text", b"data: a\0b\n\n", [Frame("", b"a\0b")]),
    Case("broken UTF-8 in data is kept", b"data: \xff\xe2\x80\n\n", [Frame("", b"\xff\xe2\x80")]),
    Case("an id alone is no frame", b"id: 7\n\n", []),
    Case("a retry alone is no frame", b"retry: 7\n\n", []),
    Case("id and retry in a frame", b"id: 7\nretry: 9\nevent: a\ndata: b\n\n", [Frame("a", b"b")]),
    Case("a line of 70 kB", b"data: " + LONG + b"\n\n", [Frame("", LONG)]),
    Case(
        "a line feed in a payload breaks its frame only",
        b'event: update\ndata: {"content":"a\nb"}\n\n' + NEXT,
        [Frame("update", b'{"content":"a'), Frame("next", b"n")],
    ),
    Case(
        "two line feeds in a payload too",
        b'event: update\ndata: {"content":"a\n\nb"}\n\n' + NEXT,
        [Frame("update", b'{"content":"a'), Frame("next", b"n")],
    ),
    Case("an event that is not over", b"event: update\ndata: {", []),
    Case("an event whose empty line is missing", b"event: update\ndata: {}\n", []),
    Case("a frame and half of the next", NEXT + b"event: n", [Frame("next", b"n")]),
    Case("just within the limit", b"data: 45\n\n", [Frame("", b"45")], limit=8),
    Case(
        "just within the limit with a name", b"event: a\ndata: b\n\n", [Frame("a", b"b")], limit=15
    ),
    Case("just within the limit in two lines", b"data: b\ndata\n\n", [Frame("", b"b\n")], limit=11),
    Case(
        "a usual block above the limit",
        NEXT + b"event: next\ndata: nn\n\n" + NEXT,
        [Frame("next", b"n"), Oversized("next", 19), Frame("next", b"n")],
        limit=18,
    ),
    Case(
        "a usual block in one that is skipped",
        NEXT + b"data: 3456789012345\n" + NEXT * 2,
        [Frame("next", b"n"), Oversized("", 19 + 18), Frame("next", b"n")],
        limit=18,
    ),
    Case("frames do not add up", NEXT * 3, [Frame("next", b"n")] * 3, limit=18),
    Case(
        "above the limit",
        b"data: 3456789012345\n\n" + NEXT,
        [Oversized("", 19), Frame("next", b"n")],
        limit=18,
    ),
    Case(
        "above the limit with a name",
        b"event: a\ndata: 12345\n\n" + NEXT,
        [Oversized("a", 19), Frame("next", b"n")],
        limit=18,
    ),
    Case(
        "above the limit in the last of two lines",
        b"data: b\ndata\n\n",
        [Oversized("", 11)],
        limit=10,
    ),
    Case(
        "above the limit in the first of two lines",
        b"data: bcd\ndata\n\n",
        [Oversized("", 13)],
        limit=8,
    ),
    Case(
        "above the limit with an unknown field",
        b"foo: 6789\ndata: a\n\n",
        [Oversized("", 16)],
        limit=8,
    ),
    Case("a name that is above the limit", b"event: aa\ndata\n\n", [Oversized("", 13)], limit=8),
    Case("a name behind the limit", b"data: 456\nevent: a\n\n", [Oversized("", 17)], limit=8),
    Case(
        "a comment has room of its own",
        b":123456\n:123456\ndata: 6\n\n",
        [Comment(b"123456")] * 2 + [Frame("", b"6")],
        limit=8,
    ),
    Case(
        "a comment above the limit",
        b":12345678\ndata: 6\n\n",
        [Oversized("", 9), Frame("", b"6")],
        limit=8,
    ),
    Case(
        "a comment without room", b"data: 6\n:1\n\n", [Oversized("", 2), Frame("", b"6")], limit=8
    ),
    Case(
        "a heartbeat while skipping",
        b"data: 456\n:thump\nfoo\n\n",
        [Comment(b"thump"), Oversized("", 12)],
        limit=8,
    ),
    Case(
        "a heartbeat while skipping a named block",
        b"event: a\ndata\n:1234567\n:a\n\n",
        [Oversized("", 8), Comment(b"a"), Oversized("a", 12)],
        limit=8,
    ),
)

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))


def parse(chunks: Iterable[bytes], *, limit: int = MAX_FRAME_BYTES) -> list[Item]:
    parser = EventStreamParser(max_frame_bytes=limit)
    return [item for chunk in chunks for item in parser.feed(chunk)]


def one_by_one(stream: bytes) -> Iterator[bytes]:
    return (stream[index : index + 1] for index in range(len(stream)))


def cuts(stream: bytes) -> Iterable[int]:
    """Return every place where `stream` can be cut, or 400 of them if it is long."""
    return range(0, len(stream) + 1, max(1, len(stream) // 400))


def whole_lines(stream: bytes) -> list[bytes]:
    """Return the lines of `stream` that have an end, as the standard finds them."""
    return re.split(rb"\r\n|\n|\r", stream)[:-1]


@each_case
def test_a_stream_says_what_the_standard_reads_in_it(case: Case) -> None:
    assert parse([case.stream], limit=case.limit) == case.items


@each_case
def test_a_stream_says_the_same_byte_by_byte(case: Case) -> None:
    assert parse(one_by_one(case.stream), limit=case.limit) == case.items


@each_case
def test_a_stream_says_the_same_wherever_it_is_cut_in_two(case: Case) -> None:
    for cut in cuts(case.stream):
        assert parse([case.stream[:cut], case.stream[cut:]], limit=case.limit) == case.items, cut


@each_case
def test_bytes_that_come_after_do_not_change_what_was_said(case: Case) -> None:
    assert parse([case.stream + b"data: unfinished"], limit=case.limit) == case.items


@each_case
def test_the_next_frame_is_fine_whatever_came_before(case: Case) -> None:
    stream = case.stream + b"\n\n" + NEXT
    assert parse([stream], limit=max(case.limit, 18))[-1] == Frame("next", b"n")
    assert parse(one_by_one(stream), limit=max(case.limit, 18))[-1] == Frame("next", b"n")


@each_case
def test_lines_say_the_same_as_bytes(case: Case) -> None:
    parser = EventStreamParser(max_frame_bytes=case.limit)
    items = [parser.feed_line(line) for line in whole_lines(case.stream)]
    assert [item for item in items if item is not None] == case.items


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"", ""),
        (b"id: 7\n\n", "7"),
        (b"id: 7\ndata: a\n\n", "7"),
        (b"id: 7\ndata: a\n\ndata: b\n\n", "7"),
        (b"id: 7\ndata: a\n\nid\ndata: b\n\n", ""),
        (b"id: 7\ndata: a\n\nid: 8\ndata: b\n", "7"),
        (b"id: 7\nid: 8\n\n", "8"),
        (b"id: 7\n\nid: 8\0\n\n", "7"),
        (b"id: \xff\n\n", "\ufffd"),
        (b"id: " + b"7" * 1024 + b"\n\n", "7" * 1024),
        (b"id: 7\n\nid: " + b"8" * 1025 + b"\n\n", "7"),
    ],
)
def test_the_last_event_id_is_that_of_the_last_block_that_is_over(
    stream: bytes, expected: str
) -> None:
    for chunks in ([stream], one_by_one(stream)):
        parser = EventStreamParser()
        for chunk in chunks:
            parser.feed(chunk)
        assert parser.last_event_id == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b" 3000", 3000),
        (b"3000", 3000),
        (b" 0", 0),
        (b" 007", 7),
        (b" " + b"9" * 18, 10**18 - 1),
        (b" " + b"9" * 19, None),
        (b"  3000", None),
        (b" 3000 ", None),
        (b" 3s", None),
        (b" -1", None),
        (b" +1", None),
        (b" 1_0", None),
        (b" 1.5", None),
        (b"", None),
        (" ٣".encode(), None),
    ],
)
def test_retry_is_a_number_of_ascii_digits_or_ignored(value: bytes, expected: int | None) -> None:
    parser = EventStreamParser()
    parser.feed(b"retry:" + value + b"\n")
    assert parser.retry_milliseconds == expected
    parser.feed(b"retry: x\nretry: 5\nretry: y\n")
    assert parser.retry_milliseconds == 5


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"", b""),
        (NEXT, b""),
        (b":thump\n", b""),
        (b'event: update\ndata: {"id"', b'event: update\ndata: {"id"'),
        (b"event: update\n", b"event: update"),
        (b"data\ndata: b\nda", b"data: \ndata: b\nda"),
        (BOM[:2], BOM[:2]),
        (BOM, b""),
        (b"eve", b"eve"),
    ],
)
def test_what_is_pending_can_be_told_when_the_stream_ends(stream: bytes, expected: bytes) -> None:
    for chunks in ([stream], one_by_one(stream)):
        parser = EventStreamParser()
        for chunk in chunks:
            parser.feed(chunk)
        assert parser.pending == expected


# Whatever happens

PIECES = (
    *(b"data", b"event", b"id", b"retry", b"foo", b": ", b":", b" ", b"\n", b"\r", b"\r\n", b"\0"),
    *(BOM, BOM[:1], BOM[1:], b":thump\n\n", b":)\n", b"update", b"7", b"{}", "\u2028é".encode()),
    *(b"event: a\ndata: b\n\n", b"data: c\n\n", b"data: d\r\n", b"event: e\n", b"\xff"),
)
streams = st.lists(st.sampled_from(PIECES) | st.binary(max_size=5), max_size=30).map(b"".join)
limits = st.sampled_from((0, 1, 7, 8, 12, 20, 40, MAX_FRAME_BYTES))


def told(parser: EventStreamParser, chunks: Iterable[bytes]) -> tuple[object, ...]:
    """Return everything that can be seen of a parser that was fed with `chunks`."""
    items = [item for chunk in chunks for item in parser.feed(chunk)]
    return items, parser.last_event_id, parser.retry_milliseconds, parser.pending


@settings(max_examples=1000, deadline=None)
@given(stream=streams | st.binary(), places=st.lists(st.integers(0, 150)), limit=limits)
def test_any_bytes_cut_anywhere_say_the_same(stream: bytes, places: list[int], limit: int) -> None:
    bounds = [0, *sorted(min(place, len(stream)) for place in places), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(bounds)]
    whole = told(EventStreamParser(max_frame_bytes=limit), [stream])
    assert told(EventStreamParser(max_frame_bytes=limit), pieces) == whole
    assert told(EventStreamParser(max_frame_bytes=limit), one_by_one(stream)) == whole


@settings(max_examples=1000, deadline=None)
@given(stream=streams | st.binary(), limit=limits)
def test_an_independent_reading_of_the_standard_agrees(stream: bytes, limit: int) -> None:
    parser = EventStreamParser(max_frame_bytes=limit)
    items = parser.feed(stream)
    assert (items, parser.last_event_id, parser.retry_milliseconds) == Reading(limit).read(stream)


class Reading:
    """The standard, "Interpreting an event stream", sentence by sentence; slow and all at once.

    What differs is marked (*): comments and blocks above the limit are told, names without data
    too, and long ids and numbers are ignored.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.items: list[Item] = []
        self.reconnection_time: int | None = None
        self.last_event_id = self.last_event_id_buffer = ""
        self.reset()

    def reset(self) -> None:
        self.data_buffer = ""
        self.event_type_buffer = ""
        self.size = 0

    def read(self, stream: bytes) -> tuple[list[Item], str, int | None]:
        for line in whole_lines(stream.removeprefix(BOM)):
            if line == b"":
                self.dispatch()
            elif line.startswith(b":"):
                self.comment(line)
            else:
                self.size += len(line)
                if self.size <= self.limit:  # (*)
                    text = line.decode("utf-8", "surrogateescape")
                    name, value = text.split(":", 1) if ":" in text else (text, "")
                    self.process(name, value[1:] if value.startswith(" ") else value)
        return self.items, self.last_event_id, self.reconnection_time

    def comment(self, line: bytes) -> None:  # (*)
        name_size = len(self.event_type_buffer.encode("utf-8", "surrogateescape"))
        held = self.size if self.size <= self.limit else name_size
        fits = held + len(line) <= self.limit
        self.items.append(Comment(line[1:]) if fits else Oversized("", len(line)))

    def process(self, name: str, value: str) -> None:
        if name == "event":
            self.event_type_buffer = value
        elif name == "data":
            self.data_buffer += value + "\n"
        elif name == "id":
            if "\0" not in value and len(value.encode("utf-8", "surrogateescape")) <= 1024:
                self.last_event_id_buffer = shown(value)
        elif name == "retry" and re.fullmatch("[0-9]{1,18}", value):
            self.reconnection_time = int(value)

    def dispatch(self) -> None:
        self.last_event_id = self.last_event_id_buffer
        if self.size > self.limit:
            self.items.append(Oversized(shown(self.event_type_buffer), self.size))
        elif self.data_buffer == "":
            if self.event_type_buffer != "":
                self.items.append(Frame(shown(self.event_type_buffer), None))
        else:
            data = self.data_buffer[:-1].encode("utf-8", "surrogateescape")
            self.items.append(Frame(shown(self.event_type_buffer), data))
        self.reset()


def shown(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


names = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))
payloads = st.binary().map(lambda data: data.translate(None, b"\r\n"))


@settings(deadline=None)
@given(events=st.lists(st.tuples(names, payloads)), lines=st.integers(1, 2))
def test_the_parser_reads_what_the_encoder_writes(
    events: list[tuple[str, bytes]], lines: int
) -> None:
    written = [encode_comment(b")", lines=1)]
    for name, data in events:
        written += [*encode_event(name, data), encode_comment(b"thump", lines=lines)]
    read = [item for item in parse(written) if not isinstance(item, Comment)]
    assert read == [Frame(name, data) for name, data in events]
    assert len(parse(written)) == 1 + 2 * len(events)


def test_the_encoder_writes_what_mastodon_writes() -> None:
    assert encode_event("update", b'{"id":"1"}') == (b"event: update\n", b'data: {"id":"1"}\n\n')
    assert encode_comment(b")", lines=1) == b":)\n"
    assert encode_comment(b"thump") == b":thump\n\n"


# Memory and work

LIMIT = 64 * 1024
CHUNK = 1024
HOSTILE: dict[str, tuple[bytes, Callable[[int], bytes]]] = {
    "a line without end": (b"data: ", lambda _: b"xy" * (CHUNK // 2)),
    "a line without end in tiny pieces": (b"data: ", lambda _: b"xy"),
    "a comment without end": (b":", lambda _: b"x" * CHUNK),
    "a name without end": (b"event: ", lambda _: b"x" * CHUNK),
    "lines of data": (b"", lambda _: b"data: " + b"x" * (CHUNK - 7) + b"\n"),
    "tiny lines of data": (b"", lambda _: b"data:xy\n" * (CHUNK // 8)),
    "empty lines of data": (b"", lambda _: b"data\n" * (CHUNK // 5)),
    "a long name that is over, then a line without end": (
        b"event: " + b"x" * (LIMIT - 20) + b"\ndata: a\n\n",
        lambda _: b"x" * CHUNK,
    ),
    "a long name, then a line without end": (
        b"event: " + b"x" * (LIMIT - 7) + b"\nd\n",
        lambda _: b"x" * CHUNK,
    ),
    "one long id after another": (b"", lambda _: b"id: " + b"x" * (CHUNK - 6) + b"\n\n"),
    "a huge id": (b"id: ", lambda n: b"\n\nid: " if n % 60 == 59 else b"x" * CHUNK),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_stream_makes_the_parser_hold_more_than_the_limit_and_a_chunk(hostile: str) -> None:
    start, more = HOSTILE[hostile]
    size = len(more(0))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        parser = EventStreamParser(max_frame_bytes=LIMIT)
        parser.feed(start)
        largest = 0
        for number in range(5 * LIMIT // size):
            parser.feed(more(number))
            held, _ = tracemalloc.get_traced_memory()
            largest = max(largest, held - before)
    finally:
        tracemalloc.stop()
    allowance = LIMIT // 8 + 4096  # a bytearray grows ahead of its content by an eighth
    assert largest <= LIMIT + max(size, CHUNK) + allowance


def test_a_skipped_block_is_let_go_at_once() -> None:
    parser = EventStreamParser(max_frame_bytes=LIMIT)
    parser.feed(b"event: a\n" + b"data: x\n" * 20_000)
    assert parser.pending == b"event: a"


START = b"event: update\ndata: "


def test_a_payload_that_comes_byte_by_byte_is_hardly_ever_copied() -> None:
    parser = EventStreamParser()
    parser.feed(START)
    copying_rounds = 0
    tracemalloc.start()
    try:
        for _ in range(10_000):
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            for _ in range(100):
                parser.feed(b"x")
            _, peak = tracemalloc.get_traced_memory()
            copying_rounds += peak - before > 10_000
    finally:
        tracemalloc.stop()
    assert copying_rounds < 100  # a copy for each byte would make 9,900
    assert len(parser.pending) == len(START) + 1_000_000


def test_a_payload_that_comes_byte_by_byte_is_not_searched_again() -> None:
    parser = EventStreamParser()
    parser.feed(START + b"x" * 1_000_000)
    touched_bytes = 0

    def count(_: FrameType, event: str, function: object) -> None:
        nonlocal touched_bytes
        subject = getattr(function, "__self__", None)
        if event == "c_call" and isinstance(subject, (bytes, bytearray)):
            touched_bytes += len(subject)

    sys.setprofile(count)
    try:
        for _ in range(1000):
            parser.feed(b"x")
    finally:
        sys.setprofile(None)
    assert touched_bytes <= 10 * 1000  # searching what is held would touch a thousand million
