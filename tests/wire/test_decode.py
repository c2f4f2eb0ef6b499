"""From a frame to an event: the class, or the reason why it cannot be one."""

from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline.events import (
    EVENTS,
    AnyEvent,
    FiltersChanged,
    Malformed,
    NotificationsMerged,
    Origin,
    Unknown,
)
from trunkline.streams import Stream
from trunkline.wire.decode import decode_event, malformed

STREAM = Stream.hashtag("python")
SERVER = "https://mastodon.example"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)

OBJECTS = [name for name, kind in EVENTS.items() if kind.shape == "object"]
IDS = [name for name, kind in EVENTS.items() if kind.shape == "id"]
NOTHINGS = [name for name, kind in EVENTS.items() if kind.shape == "any"]


def decode(name: str, data: bytes | None, *, origin: Origin = "live") -> AnyEvent:
    return decode_event(name, data, stream=STREAM, server=SERVER, received_at=NOON, origin=origin)


def reason(name: str, data: bytes | None) -> str:
    """Return why this frame is malformed; fail if it is not."""
    event = decode(name, data)
    assert isinstance(event, Malformed)
    assert (event.name, event.raw) == (name, data or b"")
    return event.reason


def test_the_shapes_of_the_table_are_those_of_mastodon() -> None:
    assert IDS == ["delete", "announcement.delete"]
    assert NOTHINGS == ["filters_changed", "notifications_merged"]
    assert len(OBJECTS) == len(EVENTS) - 4


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("data", [b"{}", b'{"id":"1"}', b' {"id":"1"}', b"{}\r\n", b"{broken}"])
def test_an_object_is_an_event_of_its_class(name: str, data: bytes) -> None:
    event = decode(name, data)
    assert type(event) is EVENTS[name]
    assert event.raw is data


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"1",
        b"null",
        b"[]",
        b'"{}"',
        b'{"content":"a',
        b'"a"}',
        b"\xef\xbb\xbf{}",
        b"\xff",
    ],
)
def test_what_is_no_object_is_malformed(name: str, data: bytes) -> None:
    assert reason(name, data) == "expected a JSON object as payload"


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("data", [b"109348677778078792", b"01J8QZ", b'"1"', b" 1 ", b"9xyz-_"])
def test_an_id_may_be_any_text(name: str, data: bytes) -> None:
    event = decode(name, data)
    assert type(event) is EVENTS[name]
    assert event.raw is data


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("data", [b"", b" ", b'""', b' " "\r\n'])
def test_no_id_is_malformed(name: str, data: bytes) -> None:
    assert reason(name, data) == "expected an id as payload"


@pytest.mark.parametrize("name", NOTHINGS)
@pytest.mark.parametrize("data", [None, b"", b"x", b"1", b"undefined", b"{}"])
def test_an_event_that_carries_nothing_may_carry_anything(name: str, data: bytes | None) -> None:
    event = decode(name, data)
    assert isinstance(event, FiltersChanged | NotificationsMerged)
    assert event.name == name
    assert event.raw == (data or b"")


@pytest.mark.parametrize("name", [*OBJECTS, *IDS, "emoji_reaction"])
def test_a_missing_payload_is_malformed(name: str) -> None:
    assert reason(name, None) == "expected a payload, got none"


@pytest.mark.parametrize("data", [None, b"", b'{"id":"1"}'])
def test_a_missing_name_is_malformed(data: bytes | None) -> None:
    assert reason("", data) == "expected an event name, got none"


@pytest.mark.parametrize(
    "name", ["emoji_reaction", "Update", "update ", "pleroma:chat_update", "\0"]
)
@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b"1"])
def test_a_name_that_is_new_is_unknown(name: str, data: bytes) -> None:
    event = decode(name, data)
    assert isinstance(event, Unknown)
    assert event.name == name
    assert event.raw is data


@pytest.mark.parametrize("origin", get_args(Origin))
def test_an_event_says_where_it_comes_from(origin: Origin) -> None:
    for name in (*EVENTS, "emoji_reaction"):
        event = decode(name, b'{"id":"1"}', origin=origin)
        assert (event.stream, event.server, event.received_at) == (STREAM, SERVER, NOON)
        assert event.origin == origin


def test_a_malformed_event_says_where_it_comes_from() -> None:
    event = malformed("update", b"x", "why", stream=STREAM, server=SERVER, received_at=NOON)
    assert event == Malformed(
        name="update", reason="why", stream=STREAM, server=SERVER, received_at=NOON, raw=b"x"
    )
    assert event.origin == "live"


@settings(deadline=None)
@given(name=st.sampled_from([*EVENTS, "", "x"]) | st.text(), data=st.none() | st.binary())
def test_no_frame_raises_and_none_is_lost(name: str, data: bytes | None) -> None:
    event = decode(name, data)
    assert event.name == name
    assert event.raw == (data or b"")
    assert type(event) in {EVENTS.get(name, Unknown), Malformed}
