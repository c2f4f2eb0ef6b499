"""Decoding: the strict path, the lenient path, and that the two agree."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from trunkline import entities
from trunkline.entities import (
    NOBODY,
    UNKNOWN_TIME,
    Account,
    Conversation,
    Entity,
    Mention,
    Notification,
    Poll,
    Report,
    Status,
    convert,
    decode,
)
from trunkline.entities.repair import repair
from trunkline.errors import MalformedEventError

ENTITIES: list[type[Entity]] = [
    entity
    for name in entities.__all__
    if isinstance(entity := getattr(entities, name), type) and issubclass(entity, Entity)
]
THUMB = "\N{THUMBS UP SIGN}"


# Odd values of single fields.

ODD_STATUS_FIELDS: dict[str, tuple[str, object, object]] = {
    "an id sent as a number becomes text": ("id", 109348677778078784, "109348677778078784"),
    "a null id becomes empty": ("id", None, ""),
    "a boolean id becomes empty": ("id", True, ""),
    "an object as an id becomes empty": ("id", {"$oid": "1"}, ""),
    "an id of a parent sent as a number becomes text": ("in_reply_to_id", 7, "7"),
    "false instead of an id is none": ("in_reply_to_id", False, None),
    "a count sent as text becomes a number": ("reblogs_count", "3", 3),
    "a negative count sent as text is a number": ("reblogs_count", "-1", -1),
    "a whole float is a number": ("reblogs_count", 3.0, 3),
    "a broken float is no count": ("reblogs_count", 3.5, 0),
    "a null count is zero": ("reblogs_count", None, 0),
    "a boolean is no count": ("reblogs_count", True, 0),
    "words are no count": ("reblogs_count", "many", 0),
    "thousands of digits are no count": ("reblogs_count", "9" * 5000, 0),
    "digits of other scripts are no count": ("reblogs_count", "٣", 0),
    "one is true": ("sensitive", 1, True),
    "the text false is false": ("muted", "false", False),
    "a null flag takes its default": ("sensitive", None, False),
    "two is neither true nor false": ("muted", 2, None),
    "a null content is empty": ("content", None, ""),
    "a number as content becomes text": ("content", 5, "5"),
    "a null list is empty": ("tags", None, ()),
    "false instead of a list is empty": ("mentions", False, ()),
    "an object instead of a list is empty": ("media_attachments", {}, ()),
    "an odd item does not cost the others": (
        "mentions",
        [None, {"id": 5}, "x"],
        (Mention(id="5"),),
    ),
    "false instead of an object is none": ("application", False, None),
    "a list instead of an object is none": ("card", [], None),
    "a null account is nobody": ("account", None, NOBODY),
    "a text instead of an account is nobody": ("account", "alice", NOBODY),
    "a nested oddity is mended in its place": (
        "account",
        {"id": 3, "acct": "a", "fields": None, "bot": "true"},
        Account(id="3", acct="a", bot=True),
    ),
    "an empty timestamp is unknown": ("created_at", "", UNKNOWN_TIME),
    "a null timestamp is unknown": ("created_at", None, UNKNOWN_TIME),
    "a number as a timestamp is unknown": ("created_at", 1795479533, UNKNOWN_TIME),
    "a word as a timestamp is unknown": ("created_at", "yesterday", UNKNOWN_TIME),
    "an empty time of an edit is none": ("edited_at", "", None),
    "a timestamp without an offset is UTC": (
        "created_at",
        "2026-11-24T00:18:53.150",
        datetime(2026, 11, 24, 0, 18, 53, 150_000, UTC),
    ),
    "a bare date is its midnight in UTC": (
        "created_at",
        "2026-11-24",
        datetime(2026, 11, 24, tzinfo=UTC),
    ),
}


@pytest.mark.parametrize(
    ("field", "sent", "read"), ODD_STATUS_FIELDS.values(), ids=ODD_STATUS_FIELDS.keys()
)
def test_an_odd_field_is_mended_and_costs_nothing_else(
    field: str, sent: object, read: object
) -> None:
    payload = {"id": "1", "content": "<p>x</p>", "url": "https://a.example/1", field: sent}
    expected = {"id": "1", "content": "<p>x</p>", "url": "https://a.example/1", field: read}
    status = decode(json.dumps(payload).encode(), Status)
    assert status == Status(**expected)  # type: ignore[arg-type]
    assert convert(payload, Status) == status


def test_an_empty_object_is_every_entity_with_its_defaults() -> None:
    for entity in ENTITIES:
        assert decode(b"{}", entity) == entity()


def test_fields_that_no_entity_knows_are_ignored() -> None:
    raw = b'{"pleroma": {"local": true}, "id": "1", "akkoma": [[{}]], "local_only": null}'
    assert decode(raw, Status) == Status(id="1")


def test_an_offset_other_than_utc_is_kept() -> None:
    status = decode(b'{"created_at": "2026-11-24T02:00:00+02:00"}', Status)
    assert status.created_at == datetime(2026, 11, 24, tzinfo=UTC)
    assert status.created_at.utcoffset() == timedelta(hours=2)


def test_an_oddity_does_not_change_how_timestamps_are_read() -> None:
    for moment in ("2026-11-24T00:18:53.9999999Z", "2026-11-24t00:18:53z"):
        plain = decode(f'{{"created_at": "{moment}"}}', Status)
        odd = decode(f'{{"created_at": "{moment}", "language": 1.5}}', Status)
        assert odd == plain


def test_an_oddity_deep_inside_a_boost_is_mended_there() -> None:
    raw = b'{"id":"1","reblog":{"id":2,"quote":{"state":"accepted","quoted_status_id":3}}}'
    boosted = decode(raw, Status).reblog
    assert boosted is not None
    assert boosted.id == "2"
    assert boosted.quote is not None
    assert boosted.quote.quoted_status_id == "3"


def test_ids_in_lists_become_text() -> None:
    assert decode(b'{"status_ids": [1, "2", null]}', Report).status_ids == ("1", "2")
    assert decode(b'{"own_votes": ["0", 1]}', Poll).own_votes == (0, 1)


# Characters that no UTF-8 can carry.

SURROGATES = {
    "a lone high surrogate": (r"\ud83d", "\N{REPLACEMENT CHARACTER}"),
    "a lone low surrogate": (r"\udc4d", "\N{REPLACEMENT CHARACTER}"),
    "a surrogate before text": (r"\ud83dx", "\N{REPLACEMENT CHARACTER}x"),
    "two high surrogates": (r"\ud83d\ud83d", "\N{REPLACEMENT CHARACTER}" * 2),
    "a pair in the wrong order": (r"\udc4d\ud83d", "\N{REPLACEMENT CHARACTER}" * 2),
    "a proper pair": (r"\ud83d\udc4d", THUMB),
    "a proper pair after a lone one": (r"\ud83d\ud83d\udc4d", f"\N{REPLACEMENT CHARACTER}{THUMB}"),
}


@pytest.mark.parametrize(("escaped", "read"), SURROGATES.values(), ids=SURROGATES.keys())
def test_a_lone_surrogate_is_replaced_and_the_rest_kept(escaped: str, read: str) -> None:
    raw = (
        f'{{"id":"1","content":"{escaped}","media_attachments":[{{"meta":{{"a":["{escaped}"]}}}}]}}'
    )
    for status in (
        decode(raw, Status),
        decode(raw.encode(), Status),
        convert(json.loads(raw), Status),
    ):
        assert status.id == "1"
        assert status.content == read
        assert status.media_attachments[0].meta == {"a": [read]}


def test_a_lone_surrogate_in_a_name_is_replaced_too() -> None:
    media = decode(rb'{"meta": {"\ud83d": 1}}', entities.MediaAttachment)
    assert media.meta == {"\N{REPLACEMENT CHARACTER}": 1}


def test_a_lone_surrogate_in_a_field_nobody_reads_costs_nothing() -> None:
    assert decode(rb'{"other":"\ud83d","id":"1"}', Status) == Status(id="1")


def test_text_that_python_cannot_encode_is_read_too() -> None:
    assert decode('{"content":"a\ud83d"}', Status).content == "a\N{REPLACEMENT CHARACTER}"


# What is no entity at all.

NO_ENTITY = {
    "an empty payload": (b"", "Expecting value"),
    "half an object": (b'{"id": "1"', "delimiter"),
    "two objects": (b"{}{}", "Extra data"),
    "a comment": (b"{/**/}", "property name"),
    "a number that is none": (b'{"a":NaN}', "NaN is not JSON"),
    "infinity": (b'{"a":-Infinity}', "-Infinity is not JSON"),
    "bytes that are not UTF-8": (b'{"id":"\xff"}', "can't decode byte 0xff"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "Unexpected UTF-8 BOM"),
    "UTF-16": ('{"id":"1"}'.encode("utf-16"), "can't decode byte 0xff"),
    "an array": (b"[]", "type array"),
    "a text": (b'"1"', "type string"),
    "a number": (b"1", "type number"),
    "a boolean": (b"true", "type boolean"),
    "null": (b"null", "type null"),
    "an object deeper than the stack": (
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        "nested deeper",
    ),
    "boosts deeper than the stack": (
        b'{"id":1,"reblog":' * 100_000 + b"{}" + b"}" * 100_000,
        "nested deeper",
    ),
}


@pytest.mark.parametrize(("raw", "words"), NO_ENTITY.values(), ids=NO_ENTITY.keys())
def test_what_is_no_json_object_is_malformed(raw: bytes, words: str) -> None:
    with pytest.raises(MalformedEventError) as caught:
        decode(raw, Status)
    message = str(caught.value)
    assert message.startswith("Expected a Status as a JSON object")
    assert words in message
    assert message.endswith("The event's raw bytes show what the server sent.")


@pytest.mark.parametrize("value", [None, [], "{}", 1, 1.5, True])
def test_what_is_no_object_cannot_be_converted(value: object) -> None:
    with pytest.raises(MalformedEventError, match="Expected a Account as a JSON object, got JSON"):
        convert(value, Account)


def test_nesting_that_only_the_lenient_path_reaches_is_malformed() -> None:
    deep: dict[str, object] = {"id": 1}
    for _ in range(5000):
        deep = {"id": 1, "reblog": deep}
    with pytest.raises(MalformedEventError, match="nested deeper"):
        convert(deep, Status)


def test_numbers_of_thousands_of_digits_are_still_json() -> None:
    digits = b"9" * 5000
    assert decode(b'{"id":' + digits + b',"replies_count":' + digits + b"}", Status) == Status()


# Whatever happens.

NAMES = sorted({field for entity in ENTITIES for field in entity.__struct_fields__})
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(alphabet=st.characters(exclude_categories=[])),
    st.sampled_from(["", "3", "true", "2026-11-24T00:18:53.150Z", "2026-11-24T00:18:53", "0"]),
)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=8)
    ),
    max_leaves=20,
)
ANY_OBJECT = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), ANY_JSON, max_size=12)


@settings(deadline=None)
@given(value=ANY_OBJECT)
def test_every_json_object_is_every_entity(value: dict[str, object]) -> None:
    raw = json.dumps(value)
    for entity in ENTITIES:
        one = decode(raw.encode(), entity)
        assert type(one) is entity
        assert convert(value, entity) == one
        assert_well_typed(one)


def assert_well_typed(one: Entity) -> None:
    """Written out and read strictly, a well typed entity is the same again."""
    again = msgspec.json.decode(msgspec.json.encode(one), type=type(one))
    assert again == one


@settings(deadline=None)
@given(raw=st.binary())
def test_bytes_are_an_entity_or_malformed(raw: bytes) -> None:
    with contextlib.suppress(MalformedEventError):
        assert isinstance(decode(raw, Status), Status)


def valid_json(kind: inspect.Type, *, depth: int) -> st.SearchStrategy[Any]:
    """Draw the JSON of a value that keeps to the API."""
    match kind:
        case inspect.StrType():
            return st.text()
        case inspect.IntType():
            return st.integers(-(2**53), 2**53)
        case inspect.BoolType():
            return st.booleans()
        case inspect.DateTimeType():
            return st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
        case inspect.NoneType():
            return st.none()
        case inspect.DictType():
            return st.dictionaries(st.text(), st.text() | st.floats(0, 1) | st.lists(st.none()))
        case inspect.UnionType(types=types):
            return st.one_of([valid_json(choice, depth=depth) for choice in types])
        case inspect.VarTupleType(item_type=item):
            return st.lists(valid_json(item, depth=depth), max_size=2 if depth else 0)
        case inspect.StructType(fields=fields) if depth:
            return st.fixed_dictionaries(
                {}, optional={f.encode_name: valid_json(f.type, depth=depth - 1) for f in fields}
            )
        case inspect.StructType():
            return st.just({})
    raise AssertionError(f"no strategy for {kind}")


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.__name__)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_lenient_path_reads_what_keeps_to_the_api_as_the_strict_one(
    entity: type[Entity], data: st.DataObject
) -> None:
    value = data.draw(valid_json(inspect.type_info(entity), depth=2))
    strict = msgspec.json.decode(json.dumps(value), type=entity)
    assert repair(value, entity) == strict
    assert decode(json.dumps(value), entity) == strict
    assert convert(value, entity) == strict


# Real bytes, where they are at hand.

PAYLOADS: dict[str, type[Entity]] = {
    "update": Status,
    "status.update": Status,
    "notification": Notification,
    "conversation": Conversation,
    "announcement": entities.Announcement,
    "announcement.reaction": entities.AnnouncementReaction,
    "encrypted_message": entities.EncryptedMessage,
}
CORPUS = os.environ.get("TRUNKLINE_CORPUS", "")


def captured_payloads(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.glob("sse_*.bin")):
        name = ""
        for line in path.read_bytes().split(b"\n"):
            if line.startswith(b"event: "):
                name = line[7:].decode()
            elif line.startswith(b"data: {"):
                yield name, line[6:]


@pytest.mark.skipif(not CORPUS, reason="TRUNKLINE_CORPUS names no folder of captured bytes")
def test_what_a_real_server_sent_keeps_to_the_strict_path() -> None:
    seen = set()
    for name, raw in captured_payloads(Path(CORPUS)):
        if name not in PAYLOADS or not raw.endswith(b"}"):
            continue  # another event, or a capture that ends inside this one
        entity = PAYLOADS[name]
        seen.add(name)
        lenient = repair(json.loads(raw), entity)
        assert decode(raw, entity) == lenient
        if rb"\ud8" not in raw:  # a lone surrogate, the one oddity that was captured
            assert msgspec.json.decode(raw, type=entity) == lenient
    assert seen == set(PAYLOADS)
