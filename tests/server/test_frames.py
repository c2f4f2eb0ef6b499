from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.server.frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    FrameReader,
    ProtocolViolation,
    frame,
    unmask,
)

MASK = b"\x11\x22\x33\x44"


def masked(opcode: int, payload: bytes, *, final: bool = True, mask: bytes = MASK) -> bytes:
    head = bytearray(frame(opcode, payload)[: -len(payload) or None])
    head[0] = (0x80 if final else 0) | opcode
    head[1] |= 0x80
    return bytes(head) + mask + unmask(payload, mask)


def violation(data: bytes, **options: int) -> int:
    with pytest.raises(ProtocolViolation) as caught:
        FrameReader(**options).feed(data)
    return caught.value.code


texts = st.text(max_size=400).map(str.encode)
messages = st.lists(
    st.one_of(
        st.tuples(st.just(TEXT), texts),
        st.tuples(st.just(BINARY), st.binary(max_size=70_000)),
        st.tuples(st.sampled_from([CLOSE, PING, PONG]), st.binary(max_size=125)),
    ),
    max_size=5,
)


@given(messages, st.binary(min_size=4, max_size=4), st.data())
def test_messages_come_out_as_they_went_in_however_the_bytes_are_cut(
    sent: list[tuple[int, bytes]], mask: bytes, data: st.DataObject
) -> None:
    wire = b"".join(masked(opcode, payload, mask=mask) for opcode, payload in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=6)))
    reader = FrameReader()
    pieces = [wire[start:end] for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    assert [message for piece in pieces for message in reader.feed(piece)] == sent


def test_fragments_are_joined_and_control_frames_may_come_between() -> None:
    reader = FrameReader()
    first = masked(TEXT, b"ab", final=False) + masked(PING, b"!")
    assert reader.feed(first) == [(PING, b"!")]
    assert reader.feed(masked(0, b"cd")) == [(TEXT, b"abcd")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(TEXT, b"unmasked"), 1002),
        (b"\xc1" + masked(TEXT, b"x")[1:], 1002),
        (masked(0x3, b"reserved"), 1002),
        (masked(0xB, b"reserved"), 1002),
        (masked(0, b"continues nothing"), 1002),
        (masked(PING, b"x", final=False), 1002),
        (masked(PING, b"x" * 126), 1002),
        (masked(TEXT, b"a", final=False) + masked(TEXT, b"b"), 1002),
        (masked(TEXT, b"\xff\xfe"), 1007),
    ],
)
def test_what_breaks_the_rules_is_answered_with_its_code(data: bytes, code: int) -> None:
    assert violation(data) == code


def test_a_message_above_the_limit_is_refused_before_it_has_come() -> None:
    assert violation(masked(TEXT, b"x" * 11)[:8], max_message_bytes=10) == 1009
    parts = masked(TEXT, b"x" * 6, final=False) + masked(0, b"x" * 6)
    assert violation(parts, max_message_bytes=10) == 1009


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_the_length_is_written_in_the_shortest_way(size: int) -> None:
    head = len(frame(TEXT, b"x" * size)) - size
    assert head == (2 if size < 126 else 4 if size < 65_536 else 10)
