"""What every entity promises: a frozen value with defaults, described by a page of the API."""

from __future__ import annotations

import gc
from datetime import UTC, datetime

import msgspec
import pytest

from trunkline import entities
from trunkline.entities import (
    UNKNOWN_TIME,
    Account,
    Announcement,
    Entity,
    MediaAttachment,
    Quote,
    Status,
    decode,
)

ENTITIES: list[type[Entity]] = [
    entity
    for name in entities.__all__
    if isinstance(entity := getattr(entities, name), type)
    and issubclass(entity, Entity)
    and entity is not Entity
]
each_entity = pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.__name__)


@each_entity
def test_every_entity_is_made_of_nothing_and_cannot_be_changed(entity: type[Entity]) -> None:
    one = entity()
    assert one == entity()
    with pytest.raises(AttributeError):
        setattr(one, entity.__struct_fields__[0], "changed")


@each_entity
def test_no_entity_burdens_the_garbage_collector(entity: type[Entity]) -> None:
    assert not gc.is_tracked(entity())
    assert not entity.__struct_config__.gc


@each_entity
def test_every_entity_names_its_page_of_the_api(entity: type[Entity]) -> None:
    assert "Mastodon API: " in (entity.__doc__ or "")


def test_every_entity_is_exported() -> None:
    assert {entity.__name__ for entity in Entity.__subclasses__()} <= set(entities.__all__)


def test_a_missing_timestamp_is_aware_and_recognisable() -> None:
    assert Status().created_at is UNKNOWN_TIME
    assert UNKNOWN_TIME.tzinfo is UTC


def test_a_status_reads_as_plain_text() -> None:
    status = decode(b'{"content": "<p>Hello &amp; <b>welcome</b></p><p>Bye</p>"}', Status)
    assert status.text == "Hello & welcome\n\nBye"


def test_a_biography_and_an_announcement_read_as_plain_text() -> None:
    assert Account(note="<p>I &lt;3 bytes</p>").note_text == "I <3 bytes"
    assert Announcement(content="<p>Tea<br>at five</p>").text == "Tea\nat five"


def test_boosts_and_quotes_hold_whole_posts() -> None:
    raw = b"""{"id": "3", "reblog": {"id": "2", "content": "x", "quote": {
        "state": "accepted", "quoted_status": {"id": "1", "quote": {
        "state": "accepted", "quoted_status_id": "0"}}}}}"""
    inner = Quote(state="accepted", quoted_status_id="0")
    quote = Quote(state="accepted", quoted_status=Status(id="1", quote=inner))
    assert decode(raw, Status) == Status(id="3", reblog=Status(id="2", content="x", quote=quote))


def test_timestamps_are_aware() -> None:
    status = decode(b'{"created_at": "2026-11-24T00:18:53.150Z", "edited_at": null}', Status)
    assert status.created_at == datetime(2026, 11, 24, 0, 18, 53, 150_000, UTC)
    assert status.edited_at is None


def test_the_measures_of_media_stay_plain() -> None:
    raw = b'{"meta": {"original": {"width": 640, "aspect": 1.5}, "focus": null}}'
    meta = decode(raw, MediaAttachment).meta
    assert meta == {"original": {"width": 640, "aspect": 1.5}, "focus": None}


def test_an_entity_is_written_back_as_json_that_reads_the_same() -> None:
    status = Status(id="1", created_at=datetime(2026, 1, 1, tzinfo=UTC), account=Account(id="2"))
    assert decode(msgspec.json.encode(status), Status) == status


def test_a_repr_shows_only_what_was_sent() -> None:
    assert repr(Status(id="1", language="de")) == "Status(id='1', language='de')"
