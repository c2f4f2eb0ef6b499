"""Every item is one line, whatever a server sent, and every JSON line is JSON."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.cli.lines import json_line, plain_line, raw_line
from trunkline.events import (
    EVENTS,
    AnyEvent,
    Delete,
    FiltersChanged,
    Malformed,
    NotificationsMerged,
    Unknown,
    Update,
)
from trunkline.inbox import Item
from trunkline.signals import Connected, Disconnected, Gap, Heartbeat
from trunkline.streams import Stream
from trunkline.testing import make_delete, make_update
from trunkline.wire.decode import decode_event

SERVER = "https://trunkline.example"
AT = datetime(2026, 11, 24, 0, 18, 53, 150_000, tzinfo=UTC)

SIGNALS = (
    Connected(server=SERVER, at=AT, streams=(Stream.public(), Stream.user()), transport="sse"),
    Disconnected(
        server=SERVER, at=AT, streams=(), reason="cut", words="a\nb", retry_in_seconds=0.5
    ),
    Gap(
        server=SERVER,
        at=AT,
        stream=Stream.hashtag("python"),
        since=None,
        until=AT,
        recovered=3,
        complete=False,
        missing=frozenset({"update", "delete"}),
        reason="catching up is turned off",
    ),
    Heartbeat(server=SERVER, at=AT, streams=(Stream.public(),)),
)


def event_of(name: str, raw: bytes) -> AnyEvent:
    return decode_event(name, raw, stream=Stream.public(), server=SERVER, received_at=AT)


def loaded(item: Item) -> dict[str, object]:
    line = json_line(item)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert b"\r" not in line
    value: dict[str, object] = json.loads(line)
    return value


def test_an_event_has_six_members_in_one_order() -> None:
    update = make_update("<p>Hello</p>")
    line = loaded(update)
    assert list(line) == ["event", "stream", "server", "received_at", "origin", "payload"]
    assert line["event"] == "update"
    assert line["stream"] == "public"
    assert line["origin"] == "live"
    assert line["payload"] == json.loads(update.raw)


def test_the_bytes_of_a_payload_go_into_the_line_as_they_came() -> None:
    raw = b'{"id":"1",  "content":"\\u0041 \xe2\x80\xa8 \xc3\xa9t\xc3\xa9","extra":1.50}'
    assert json_line(event_of("update", raw)).endswith(b',"payload":' + raw + b"}\n")


def test_an_id_is_a_string_and_keeps_its_digits() -> None:
    assert loaded(make_delete("109348677773283527"))["payload"] == "109348677773283527"


@pytest.mark.parametrize(
    ("name", "raw", "payload"),
    [
        ("filters_changed", b"", None),
        ("notifications_merged", b"1", 1),
        ("of_a_fork", b'{"a":[1]}', {"a": [1]}),
        ("of_a_fork", b"no json", "no json"),
        ("of_a_fork", b"NaN", "NaN"),
        ("of_a_fork", b"\xff\xfe", "\ufffd\ufffd"),
        ("announcement.delete", b'"42"', "42"),
        ("update", b'{"id":"1","content":"\\ud83d"}', {"id": "1", "content": "\ud83d"}),
        ("update", b'{"id":"1",\n"content":\r\n"x"}', {"id": "1", "content": "x"}),
    ],
)
def test_a_payload_is_json_if_it_is_and_else_text(name: str, raw: bytes, payload: object) -> None:
    line = loaded(event_of(name, raw))
    assert line["event"] == name
    assert line["payload"] == payload


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b'{"id":"1","content":}', '{"id":"1","content":}'),
        (b'{"id":"\xff"}', '{"id":"\ufffd"}'),
        (b'{"id":"a\nb"}', '{"id":"a\nb"}'),
        (b"<html>", "<html>"),
    ],
)
def test_what_cannot_be_an_event_is_malformed_and_never_an_update(raw: bytes, text: str) -> None:
    line = loaded(event_of("update", raw))
    assert line["event"] == "malformed"
    assert line["name"] == "update"
    assert line["reason"]
    assert line["payload"] == text


def test_a_malformed_event_tells_its_reason() -> None:
    broken = Malformed(
        stream=Stream.public(), server=SERVER, received_at=AT, raw=b"x", name="", reason="why"
    )
    assert loaded(broken)["reason"] == "why"


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: type(signal).__name__)
def test_a_signal_is_an_object_with_plain_members(signal: Item) -> None:
    line = loaded(signal)
    assert line["signal"] == type(signal).__name__.lower()
    assert "event" not in line
    assert line["at"] == "2026-11-24T00:18:53.150000Z"
    for value in line.values():
        assert isinstance(value, (str, int, float, bool, list, type(None)))


def test_a_gap_names_its_stream_and_what_may_be_missing() -> None:
    line = loaded(SIGNALS[2])
    assert line["stream"] == "hashtag:python"
    assert line["missing"] == ["delete", "update"]
    assert line["complete"] is False


def test_a_raw_line_is_name_stream_and_payload_with_tabs_between() -> None:
    assert raw_line(event_of("update", b'{"id":"1"}')) == b'update\tpublic\t{"id":"1"}\n'
    assert raw_line(make_delete("109")) == b"delete\tpublic\t109\n"


@pytest.mark.parametrize(
    ("name", "raw", "line"),
    [
        ("update", b'{"id":\n"1"}', b'update\tpublic\t{"id": "1"}\n'),
        ("of_a_fork", b"two\nlines", b'of_a_fork\tpublic\t"two\\nlines"\n'),
        ("of_a_fork", b"\xff", b"of_a_fork\tpublic\t\xff\n"),
        ("a\tb\nc", b"1", b"a\\tb\\nc\tpublic\t1\n"),
    ],
)
def test_line_feeds_and_tabs_cannot_break_a_raw_line(name: str, raw: bytes, line: bytes) -> None:
    assert raw_line(event_of(name, raw)) == line


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: type(signal).__name__)
def test_a_signal_among_raw_lines_is_marked_and_json(signal: Item) -> None:
    mark, kind, members = raw_line(signal).split(b"\t")
    assert (mark, kind.decode()) == (b"signal", type(signal).__name__.lower())
    assert json.loads(members)["signal"] == kind.decode()


NAMES = st.one_of(st.sampled_from(sorted(EVENTS)), st.text(max_size=8))
PAYLOADS = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=6),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
        max_leaves=6,
    ).map(lambda value: json.dumps(value, indent=1).encode()),
)


@given(name=NAMES, raw=PAYLOADS)
def test_whatever_comes_is_one_line_of_each_format(name: str, raw: bytes) -> None:
    event = event_of(name, raw)
    assert loaded(event)["stream"] == "public"
    for line in (raw_line(event), plain_line(event)):
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
    assert raw_line(event).count(b"\t") >= 2
    plain_line(event).decode()


@given(
    st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=6) | st.none()),
    st.booleans(),
)
def test_what_is_json_is_the_same_json_in_the_line(
    members: dict[str, object], spread: bool
) -> None:
    raw = json.dumps(members, indent=2 if spread else None).encode()
    assert loaded(event_of("update", raw))["payload"] == members


def test_the_classes_of_events_are_told_apart() -> None:
    assert type(event_of("update", b"{}")) is Update
    assert type(event_of("delete", b"1")) is Delete
    assert type(event_of("filters_changed", b"")) is FiltersChanged
    assert type(event_of("notifications_merged", b"1")) is NotificationsMerged
    assert type(event_of("of_a_fork", b"1")) is Unknown
