"""What events promise: one class for each name, nothing decoded early, nothing changed."""

import copy
import json
import pickle
from datetime import UTC, datetime
from typing import TypeVar, assert_never, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline import events
from trunkline.errors import MalformedEventError
from trunkline.events import (
    EVENTS,
    AnnouncementChanged,
    AnnouncementDeleted,
    AnnouncementReacted,
    AnyEvent,
    ConversationChanged,
    Delete,
    Edit,
    EncryptedMessageReceived,
    Event,
    FiltersChanged,
    KnownEvent,
    Malformed,
    NotificationsMerged,
    Notify,
    Unknown,
    Update,
    leading_id,
)
from trunkline.streams import Stream

E = TypeVar("E", bound=KnownEvent)
STREAM = Stream.hashtag("python")
SERVER = "https://mastodon.example"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
POST = b'{"id":"7","content":"<p>Hi</p>","account":{"id":"1","acct":"ann"},"pleroma":{"x":[1.0]}}'

# Name on the wire, class, what a pattern binds, a payload, and what the attribute is then.
KINDS: tuple[tuple[str, type[KnownEvent], str | None, bytes, str], ...] = (
    ("update", Update, "status", POST, "7"),
    ("status.update", Edit, "status", POST, "7"),
    ("delete", Delete, "status_id", b"7", "7"),
    ("notification", Notify, "notification", b'{"id":"7","type":"mention"}', "7"),
    ("conversation", ConversationChanged, "conversation", b'{"id":"7","unread":true}', "7"),
    ("filters_changed", FiltersChanged, None, b"", ""),
    ("announcement", AnnouncementChanged, "announcement", b'{"id":"7"}', "7"),
    ("announcement.reaction", AnnouncementReacted, "reaction", b'{"name":"7","count":2}', "7"),
    ("announcement.delete", AnnouncementDeleted, "announcement_id", b"7", "7"),
    ("notifications_merged", NotificationsMerged, None, b"1", ""),
    ("encrypted_message", EncryptedMessageReceived, "message", b'{"id":"7"}', "7"),
)
each_kind = pytest.mark.parametrize(
    ("name", "kind", "attribute", "raw", "shown"), KINDS, ids=[row[0] for row in KINDS]
)


def make(kind: type[E], raw: bytes) -> E:
    return kind(stream=STREAM, server=SERVER, received_at=NOON, raw=raw)


def unknown(raw: bytes = b"{}") -> Unknown:
    return Unknown(name="new", stream=STREAM, server=SERVER, received_at=NOON, raw=raw)


def broken(raw: bytes = b"{") -> Malformed:
    return Malformed(
        name="update", reason="why", stream=STREAM, server=SERVER, received_at=NOON, raw=raw
    )


def test_the_table_has_every_event_under_its_name() -> None:
    assert list(EVENTS.items()) == [(name, kind) for name, kind, *_ in KINDS]
    assert set(get_args(KnownEvent)) == set(EVENTS.values())
    assert set(get_args(AnyEvent)) == {*EVENTS.values(), Unknown, Malformed}


@each_kind
def test_an_event_decodes_on_first_use_and_once(
    name: str, kind: type[KnownEvent], attribute: str | None, raw: bytes, shown: str
) -> None:
    event = make(kind, raw)
    assert event.name == name
    assert event.__dict__ == {}
    if attribute is None:
        return
    value = getattr(event, attribute)
    assert getattr(value, "id", getattr(value, "name", value)) == shown
    assert getattr(event, attribute) is value
    assert event.__dict__ == {attribute: value}
    assert event.raw is raw


@each_kind
def test_a_pattern_binds_what_the_event_is_about(
    name: str, kind: type[KnownEvent], attribute: str | None, raw: bytes, shown: str
) -> None:
    assert kind.__match_args__ == (() if attribute is None else (attribute,))


def test_patterns_bind_by_position_and_by_name() -> None:
    event: Event = make(Update, POST)
    match event:
        case Update(status):
            assert status is event.status
        case _:
            pytest.fail("no match")
    match event:
        case Edit(status=_):
            pytest.fail("an update is no edit")
        case Update(status=status, origin="live", stream=Stream(tag="python")):
            assert status is event.status


def told(event: AnyEvent) -> str:
    """Say what happened; type checkers see here that a match over all events can be closed."""
    match event:
        case Update(status) | Edit(status):
            return status.id
        case Delete(status_id):
            return status_id
        case Notify(notification):
            return notification.id
        case ConversationChanged(conversation):
            return conversation.id
        case AnnouncementChanged(announcement):
            return announcement.id
        case AnnouncementReacted(reaction):
            return reaction.name
        case AnnouncementDeleted(announcement_id):
            return announcement_id
        case EncryptedMessageReceived(message):
            return message.id
        case FiltersChanged() | NotificationsMerged():
            return ""
        case Unknown(name):
            return name
        case Malformed(reason):
            return reason
    assert_never(event)


def test_a_match_over_all_events_can_be_closed() -> None:
    assert [told(make(kind, raw)) for _, kind, _, raw, _ in KINDS] == [row[4] for row in KINDS]
    assert told(unknown()) == "new"
    assert told(broken()) == "why"


def test_the_id_is_found_without_decoding_the_entity() -> None:
    for event in (make(Update, POST), make(Edit, POST)):
        assert event.status_id == "7"
        assert list(event.__dict__) == ["status_id"]
        assert event.status_id == event.status.id
    notification = make(Notify, b'{"id":"9","type":"mention"}')
    assert notification.notification_id == "9"
    assert list(notification.__dict__) == ["notification_id"]


@pytest.mark.parametrize("raw", [b"{", b'{"id":"7"', b"[]", b"\xff", b""])
def test_a_payload_that_is_no_entity_says_so_each_time_and_stays(raw: bytes) -> None:
    event = make(Update, raw)
    for _ in range(2):
        with pytest.raises(MalformedEventError):
            event.status  # noqa: B018  # reading it is the test
    with pytest.raises(MalformedEventError):
        event.decode()
    assert event.__dict__ == {}
    assert event.raw is raw


@each_kind
def test_decoding_ahead_is_what_reading_does(
    name: str, kind: type[KnownEvent], attribute: str | None, raw: bytes, shown: str
) -> None:
    event = make(kind, raw)
    event.decode()
    assert set(event.__dict__) == ({kind.entity} if kind.entity else set())
    if kind.entity:
        assert kind.entity == attribute


@pytest.mark.parametrize(
    ("raw", "identifier"),
    [
        (b"109348677778078792", "109348677778078792"),
        (b'"109348677778078792"', "109348677778078792"),
        (b" 1 \n", "1"),
        (b"01J8QZW4YH1X", "01J8QZW4YH1X"),
        (b"9xyz-_", "9xyz-_"),
        (b"\xff", "\ufffd"),
    ],
)
def test_an_id_is_a_string_on_every_server(raw: bytes, identifier: str) -> None:
    assert make(Delete, raw).status_id == identifier
    assert make(AnnouncementDeleted, raw).announcement_id == identifier


def test_json_is_the_whole_payload_as_plain_values() -> None:
    assert make(Update, POST).json() == json.loads(POST)
    assert make(Update, b'{"id":"\\ud83d"}').json() == {"id": "\ud83d"}
    assert unknown(b'{"a":[1,null]}').json() == {"a": [1, None]}


@pytest.mark.parametrize(
    ("event", "plain"),
    [
        (make(Delete, b"109348677778078792"), 109348677778078792),
        (make(Delete, b'"109"'), "109"),
        (make(Delete, b"01J8QZW4YH1X"), "01J8QZW4YH1X"),
        (make(Delete, b"12e4"), "12e4"),
        (make(Delete, b"NaN"), "NaN"),
        (make(Delete, b"Infinity"), "Infinity"),
        (make(Delete, b"9" * 5000), "9" * 5000),
        (make(FiltersChanged, b""), ""),
        (make(FiltersChanged, b"x"), "x"),
        (make(FiltersChanged, b"1.5"), 1.5),
        (make(NotificationsMerged, b"1"), 1),
        (unknown(b"\xff"), "\ufffd"),
        (broken(b'{"content":"a'), '{"content":"a'),
    ],
)
def test_json_of_what_is_no_json_is_its_text(event: AnyEvent, plain: object) -> None:
    assert event.json() == plain


@pytest.mark.parametrize("raw", [b"{", b"", b"\xff", b'{"a":' + b"[" * 100_000])
def test_json_of_a_broken_object_says_what_is_wrong(raw: bytes) -> None:
    with pytest.raises(MalformedEventError, match=r"^Expected JSON in the payload: .*\.$"):
        make(Update, raw).json()


def test_events_are_values() -> None:
    one, other = make(Update, POST), make(Update, bytes(bytearray(POST)))
    assert one == other
    one.decode()
    assert one == other
    assert hash(one) == hash(other)
    assert one != Event(STREAM, SERVER, NOON, POST)
    assert one != msgspec.structs.replace(one, origin="catch-up")


@pytest.mark.parametrize("attribute", ["raw", "origin", "status", "anything"])
def test_events_are_frozen(attribute: str) -> None:
    with pytest.raises(AttributeError):
        setattr(make(Update, POST), attribute, b"")


@pytest.mark.parametrize("event", [make(Update, POST), make(Delete, b"7"), unknown(), broken()])
def test_a_copy_is_equal_and_decodes_anew(event: AnyEvent) -> None:
    event.decode()
    for twin in (copy.copy(event), copy.deepcopy(event), pickle.loads(pickle.dumps(event))):
        assert twin == event
        assert twin.__dict__ == {}


def test_an_event_can_be_made_by_position() -> None:
    assert Update(STREAM, SERVER, NOON, POST, "live") == make(Update, POST)


def test_what_shows_an_event_decodes_nothing_and_is_short() -> None:
    event = make(Update, b"{" + b"x" * 16_000_000)
    assert repr(event) == (
        "Update(stream=Stream(name='hashtag', tag='python'), server='https://mastodon.example', "
        "received_at=datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.timezone.utc), "
        f"raw=b'{{{'x' * 59}' and 15,999,941 bytes more, origin='live')"
    )
    assert event.__dict__ == {}
    assert "raw=b'{', origin='live', name='update', reason='why')" in repr(broken())
    assert "raw=b'{}', origin='live', name='new')" in repr(unknown())


def test_the_attributes_of_the_classes_say_what_they_are() -> None:
    assert Update.status.__doc__ == "The post."
    assert Delete.status_id.__doc__ == "The id of the deleted post; a string on every server."


def test_the_package_offers_what_it_lists() -> None:
    assert all(hasattr(events, name) for name in events.__all__)


# The id that leads

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
identifiers = st.text() | st.integers() | st.integers(min_value=10**17).map(str)


@settings(deadline=None)
@given(
    identifier=identifiers,
    others=st.dictionaries(st.text().filter(lambda key: key != "id"), plain, max_size=4),
    compact=st.booleans(),
    ascii_only=st.booleans(),
)
def test_the_id_is_found_first_or_last_quickly_or_not(
    identifier: str | int, others: dict[str, object], *, compact: bool, ascii_only: bool
) -> None:
    def raw(entity: dict[str, object]) -> bytes:
        separators = (",", ":") if compact else (", ", ": ")
        return json.dumps(entity, separators=separators, ensure_ascii=ascii_only).encode()

    assert leading_id(raw({"id": identifier, **others})) == str(identifier)
    assert leading_id(raw({**others, "id": identifier})) == str(identifier)


@pytest.mark.parametrize(
    ("raw", "identifier"),
    [
        (POST, "7"),
        (b'{"id":"7"}', "7"),
        (b'{"id":7}', "7"),
        (b'{"id":"7-a_b"}', "7-a_b"),
        (b'{"id":"a\\u0062"}', "ab"),
        (b'{"id":"\\""}', '"'),
        (b'{"id":""}', ""),
        (b'{"id":"789', ""),
        (b'{"id":"', ""),
        (b'{"id":null}', ""),
        (b'{"id":1.5}', ""),
        (b'{"id":["7"]}', ""),
        (b"{}", ""),
        (b"[]", ""),
        (b"", ""),
        (b"109348677778078792", ""),
        (b"\xff", ""),
        (b'{"id":"\xff"}', ""),
        (b'{"x":' + b"[" * 100_000, ""),
    ],
    ids=lambda value: str(value[:20]),
)
def test_an_entity_without_an_id_has_the_empty_one(raw: bytes, identifier: str) -> None:
    assert leading_id(raw) == identifier


@settings(deadline=None)
@given(raw=st.binary() | st.binary().map(lambda tail: b'{"id":"' + tail))
def test_no_payload_makes_looking_for_the_id_fail(raw: bytes) -> None:
    assert isinstance(leading_id(raw), str)
