"""The situations of the benchmark are what their names say, on every transport."""

from __future__ import annotations

import json
from collections.abc import Iterator
from statistics import mean

import pytest
from bench.fixtures import HEARTBEAT, SITUATIONS, Frame, Situation, frames
from bench.flood import event_stream_bytes, line_bytes, websocket_bytes

from trunkline.entities import Status, decode
from trunkline.wire.sse import Comment, EventStreamParser
from trunkline.wire.sse import Frame as EventStreamFrame
from trunkline.wire.websocket import Message, decode_message

EVENTS = 20
each_situation = pytest.mark.parametrize("situation", SITUATIONS.values(), ids=list(SITUATIONS))


def http_chunks(body: bytes) -> Iterator[bytes]:
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        yield rest[:length]
        assert rest[length : length + 2] == b"\r\n"
        body = rest[length + 2 :]


def websocket_frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        length, start = data[1], 2
        if length >= 126:
            start = 4 if length == 126 else 10
            length = int.from_bytes(data[2:start], "big")
        yield data[0], data[start : start + length]
        data = data[start + length :]


def payloads(situation: Situation, events: int = EVENTS) -> list[bytes]:
    return [payload for _, payload in frames(situation, events)]


@each_situation
def test_a_situation_lies_between_two_posts_and_has_as_many_events_as_asked(
    situation: Situation,
) -> None:
    made = list(frames(situation, EVENTS))

    assert len(made) == EVENTS + 2
    assert made[0][0] == made[-1][0] == "update"


@each_situation
def test_the_same_bytes_are_made_again(situation: Situation) -> None:
    assert event_stream_bytes(situation, EVENTS) == event_stream_bytes(situation, EVENTS)


@each_situation
def test_no_two_events_tell_the_same_news(situation: Situation) -> None:
    made = [each for each in frames(situation, 3_000) if each != HEARTBEAT]
    ids = [json.loads(raw)["id"] if name == "update" else raw.decode() for name, raw in made]

    assert len(set(ids)) == len(ids)


@each_situation
def test_an_event_stream_says_what_was_made(situation: Situation) -> None:
    chunks = list(http_chunks(event_stream_bytes(situation, EVENTS)))
    parser = EventStreamParser()
    items = [item for chunk in chunks for item in parser.feed(chunk)]

    assert chunks[0] == b":)\n"
    assert items[0] == Comment(b")")
    assert items[1:] == [in_event_stream(each) for each in frames(situation, EVENTS)]


def in_event_stream(each: Frame) -> EventStreamFrame | Comment:
    return Comment(each[1]) if each == HEARTBEAT else EventStreamFrame(*each)


@each_situation
def test_a_websocket_says_what_was_made(situation: Situation) -> None:
    found = [
        decode_message(payload) if head == 0x81 else HEARTBEAT
        for head, payload in websocket_frames(websocket_bytes(situation, EVENTS))
    ]

    assert found == [
        each if each == HEARTBEAT else Message(each[0], each[1], ("public",))
        for each in frames(situation, EVENTS)
    ]


def test_the_lines_of_the_floor_are_the_payloads() -> None:
    busy = SITUATIONS["busy-public"]

    assert line_bytes(busy, EVENTS).split(b"\n") == [*payloads(busy), b""]


def test_busy_public_is_made_of_public_posts_of_about_3_kb() -> None:
    made = payloads(SITUATIONS["busy-public"], 2_000)

    assert 2_500 < mean(map(len, made)) < 3_500
    for raw in made[:200]:
        plain = json.loads(raw)
        assert (plain["visibility"], plain["reblog"], plain["edited_at"]) == ("public", None, None)
        assert "favourited" not in plain


def test_every_post_of_busy_public_keeps_to_the_api() -> None:
    for raw in payloads(SITUATIONS["busy-public"], 2_000):
        status = decode(raw, Status)
        assert status.id == json.loads(raw)["id"]
        assert status.account.acct


def test_tiny_events_are_ids() -> None:
    assert all(
        raw.isdigit() and len(raw) == 18 for raw in payloads(SITUATIONS["tiny-events"])[1:-1]
    )


def test_huge_posts_are_of_about_100_kb() -> None:
    made = payloads(SITUATIONS["huge-posts"])[1:-1]

    assert all(100_000 < len(raw) < 120_000 and decode(raw, Status).content for raw in made)


def test_one_byte_chunks_hold_one_byte_each() -> None:
    _, *chunks = http_chunks(event_stream_bytes(SITUATIONS["one-byte-chunks"], 2))

    assert {len(chunk) for chunk in chunks} == {1}


def test_an_event_of_busy_public_is_two_chunks_as_mastodon_writes_it() -> None:
    _, *chunks = http_chunks(event_stream_bytes(SITUATIONS["busy-public"], EVENTS))

    assert len(chunks) == 2 * (EVENTS + 2)
    assert set(chunks[::2]) == {b"event: update\n"}


def test_behind_a_proxy_an_event_is_one_chunk() -> None:
    _, *chunks = http_chunks(event_stream_bytes(SITUATIONS["behind-a-proxy"], EVENTS))

    assert len(chunks) == EVENTS + 2
    assert all(chunk.startswith(b"event: update\ndata: {") for chunk in chunks)


def test_heartbeats_only_has_nothing_but_heartbeats_between_its_ends() -> None:
    assert set(list(frames(SITUATIONS["heartbeats-only"], EVENTS))[1:-1]) == {HEARTBEAT}
