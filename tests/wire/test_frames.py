"""RFC 6455 framing: what goes in comes out, for both sides, and what breaks the rules ends it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.wire.frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    FrameReader,
    encode_frame,
    masked,
)
from trunkline.wire.sse import Oversized

MASK = b"\x11\x22\x33\x44"
Item = tuple[int, bytes] | Oversized


def part(opcode: int, payload: bytes, *, final: bool = False, mask: bytes = b"") -> bytes:
    whole = encode_frame(opcode, payload, mask=mask)
    return bytes([(0x80 if final else 0) | opcode]) + whole[1:]


def cut(wire: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(wire) + 1) for place in places} | {len(wire)})
    return [wire[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def read(wire: bytes, *, mask: bytes = b"", limit: int = 1 << 20) -> tuple[list[Item], int | None]:
    """Return what bytes say, the same whole and byte by byte, and how they break the rules."""
    whole = FrameReader(from_client=bool(mask), max_message_bytes=limit)
    slow = FrameReader(from_client=bool(mask), max_message_bytes=limit)
    items = whole.feed(wire)
    assert [item for byte in wire for item in slow.feed(bytes([byte]))] == items
    assert slow.violation == whole.violation
    return items, whole.violation


masks = st.sampled_from([b"", MASK])
messages = st.lists(
    st.one_of(
        st.tuples(st.just(TEXT), st.text(max_size=400).map(str.encode)),
        st.tuples(st.sampled_from([TEXT, BINARY]), st.binary(max_size=70_000)),
        st.tuples(st.sampled_from([CLOSE, PING, PONG]), st.binary(max_size=125)),
    ),
    max_size=5,
)
cuts = st.lists(st.integers(min_value=0, max_value=1 << 20), max_size=6)


@given(messages, masks, cuts)
def test_messages_come_out_as_they_went_in_however_the_bytes_are_cut(
    sent: list[tuple[int, bytes]], mask: bytes, places: list[int]
) -> None:
    wire = b"".join(encode_frame(opcode, payload, mask=mask) for opcode, payload in sent)
    reader = FrameReader(from_client=bool(mask))
    assert [item for piece in cut(wire, places) for item in reader.feed(piece)] == sent
    assert reader.violation is None


@given(st.binary(max_size=300), cuts, masks)
def test_no_bytes_raise_and_no_cut_changes_what_they_say(
    wire: bytes, places: list[int], mask: bytes
) -> None:
    one, other = (
        FrameReader(from_client=bool(mask), max_message_bytes=50),
        FrameReader(from_client=bool(mask), max_message_bytes=50),
    )
    whole = one.feed(wire)
    assert [item for piece in cut(wire, places) for item in other.feed(piece)] == whole
    assert other.violation == one.violation


@pytest.mark.parametrize("mask", [b"", MASK])
def test_fragments_are_joined_and_control_frames_may_come_between(mask: bytes) -> None:
    wire = part(TEXT, b"ab", mask=mask) + encode_frame(PING, b"!", mask=mask)
    wire += part(0, b"", mask=mask) + part(0, b"cd", final=True, mask=mask)
    assert read(wire, mask=mask) == ([(PING, b"!"), (TEXT, b"abcd")], None)


@pytest.mark.parametrize(
    "bad",
    [
        b"\xc1\x01x",  # a reserved bit
        b"\x83\x01x",  # an opcode that is none
        b"\x8b\x01x",
        part(0, b"continues nothing", final=True),
        part(PING, b"x"),  # in parts
        encode_frame(PING, b"x" * 126),
        part(TEXT, b"a") + encode_frame(TEXT, b"b"),
        encode_frame(TEXT, b"x", mask=MASK),  # a server's frame with a mask
    ],
)
def test_what_breaks_the_rules_ends_it_and_what_came_before_is_told(bad: bytes) -> None:
    hello = encode_frame(TEXT, b"hello")
    assert read(hello + bad + hello) == ([(TEXT, b"hello")], 1002)


def test_a_client_has_to_mask() -> None:
    assert read(encode_frame(TEXT, b"x"), mask=MASK) == ([], 1002)


@pytest.mark.parametrize("mask", [b"", MASK])
def test_a_message_above_the_limit_is_told_at_once_and_skipped(mask: bytes) -> None:
    big = encode_frame(TEXT, b"x" * 11, mask=mask)
    reader = FrameReader(from_client=bool(mask), max_message_bytes=10)
    assert reader.feed(big[:8]) == [Oversized("", 11)]
    assert reader.feed(big[8:] + encode_frame(TEXT, b"ok", mask=mask)) == [(TEXT, b"ok")]
    parts = part(TEXT, b"x" * 6, mask=mask) + part(0, b"x" * 6, mask=mask)
    parts += encode_frame(PING, b"", mask=mask) + part(0, b"x", mask=mask)
    parts += part(0, b"", final=True, mask=mask) + encode_frame(TEXT, b"ok", mask=mask)
    assert read(parts, mask=mask, limit=10) == (
        [Oversized("", 12), (PING, b""), (TEXT, b"ok")],
        None,
    )


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_the_length_is_written_in_the_shortest_way(size: int) -> None:
    head = len(encode_frame(TEXT, b"x" * size)) - size
    assert head == (2 if size < 126 else 4 if size < 65_536 else 10)
    assert len(encode_frame(TEXT, b"x" * size, mask=MASK)) == head + 4 + size


def test_a_mask_is_taken_off_as_it_was_put_on() -> None:
    assert masked(masked(b"hello", MASK), MASK) == b"hello"
    assert masked(b"\x11\x22\x33\x44\x11", MASK) == bytes(5)


@pytest.mark.parametrize("size", [1 << 63, 1 << 40, (1 << 30) + 1])
def test_a_frame_of_an_absurd_size_ends_it_instead_of_swallowing_all_that_comes(size: int) -> None:
    reader = FrameReader(from_client=False)
    assert reader.feed(bytes((0x81, 127)) + size.to_bytes(8, "big") + b"x" * 100) == []
    assert reader.violation == 1009


def test_fragments_without_content_take_no_memory() -> None:
    reader = FrameReader(from_client=False)
    assert reader.feed(bytes((0x01, 0)) + bytes((0x00, 0)) * 1000) == []
    assert reader._parts == []
    assert reader.feed(bytes((0x80, 2)) + b"hi") == [(TEXT, b"hi")]
