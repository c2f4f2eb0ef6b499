"""What a page of a timeline tells, which page comes next, and what an answer says of posts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from trunkline.events import AnyEvent, ConversationChanged, Delete, Edit, Notify, Update
from trunkline.policy.catchup import (
    Page,
    Shortfall,
    above_horizon,
    deletions,
    events_of_page,
    page_query,
    parse_page,
    reconciled,
)
from trunkline.policy.dedupe import Window
from trunkline.streams import Stream, Timeline, Track

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SERVER = "https://mastodon.example"
ONE = "2026-11-24T13:00:00.000Z"


def body(*entries: Mapping[str, object]) -> bytes:
    return json.dumps(entries, separators=(",", ":")).encode()


def told(page: bytes, window: Window, track: Track = "statuses") -> list[AnyEvent]:
    return events_of_page(
        parse_page(page, track), track, window, stream=Stream.public(), server=SERVER, now=NOON
    )


def window_of(*keys: str) -> Window:
    window = Window()
    for key in keys:
        window.remember(key, at_seconds=0.0)
    return window


def test_a_page_is_read_from_its_oldest_entry_whatever_the_order_of_the_server() -> None:
    page = parse_page(body({"id": "100"}, {"id": "9"}, {"id": "101"}), "statuses")
    assert page.ids == ("9", "100", "101")
    assert [json.loads(entry)["id"] for entry in page.entries] == ["9", "100", "101"]
    assert (page.oldest_id, page.newest_id) == ("9", "101")


def test_the_bytes_of_an_entry_stay_as_they_came() -> None:
    page = parse_page(b'[ {"id":"1", "odd" : 1.50} ]', "statuses")
    assert page.entries == (b'{"id":"1", "odd" : 1.50}',)


def test_an_entry_without_an_id_is_left_out() -> None:
    assert parse_page(body({}, {"id": "1"}), "statuses").ids == ("1",)


def test_conversations_are_paged_by_their_last_post() -> None:
    talks = body({"id": "3", "last_status": {"id": "109"}}, {"id": "4", "last_status": None})
    assert parse_page(talks, "conversations").ids == ("109",)


@pytest.mark.parametrize("wrong", [b"", b"{}", b"<html>", b"[", b"\xff"])
def test_what_is_no_list_is_no_page(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="expected an array of entries"):
        parse_page(wrong, "statuses")


def test_an_empty_page_has_no_ends_and_reaches_nothing() -> None:
    page = parse_page(b"[]", "statuses")
    assert (page.oldest_id, page.newest_id, page.reaches("5")) == ("", "", False)


def test_a_page_reaches_an_id_when_none_of_its_own_lies_between() -> None:
    page = Page((b"", b""), ("99", "101"))
    assert page.reaches("99")
    assert page.reaches("100")
    assert not page.reaches("98")


def test_the_part_of_a_page_above_an_id_leaves_that_id_out() -> None:
    page = Page((b"a", b"b", b"c"), ("99", "100", "101"))
    assert page.above("100") == Page((b"c",), ("101",))


def test_a_question_for_a_page_names_its_limit_and_where_it_lies() -> None:
    timeline = Timeline(
        track="statuses", path="/api/v1/timelines/public", query=(("local", "true"),)
    )
    assert page_query(timeline) == (("local", "true"), ("limit", "40"))
    assert page_query(timeline, after="7")[-1] == ("min_id", "7")
    assert page_query(timeline, below="7")[-1] == ("max_id", "7")


def test_a_page_tells_what_the_window_does_not_know_with_the_oldest_first() -> None:
    told_of = told(body({"id": "12"}, {"id": "11"}, {"id": "10"}), window_of("11"))
    assert [(type(one), one.raw) for one in told_of] == [
        (Update, b'{"id":"10"}'),
        (Update, b'{"id":"12"}'),
    ]
    assert {one.origin for one in told_of} == {"catch-up"}


def test_a_known_post_in_a_new_version_is_an_edit() -> None:
    (edit,) = told(body({"id": "11", "edited_at": ONE}), window_of("11"))
    assert isinstance(edit, Edit)


def test_a_known_version_is_no_news() -> None:
    assert told(body({"id": "11", "edited_at": ONE}), window_of("11", f"11@{ONE}")) == []


def test_an_unknown_post_that_was_edited_is_a_post() -> None:
    (post,) = told(body({"id": "11", "edited_at": ONE}), window_of())
    assert isinstance(post, Update)


@pytest.mark.parametrize(
    ("track", "entry", "kind"),
    [
        ("notifications", {"id": "7"}, Notify),
        ("conversations", {"id": "3", "last_status": {"id": "109"}}, ConversationChanged),
    ],
)
def test_each_track_tells_its_own_kind_of_event(
    track: Track, entry: dict[str, object], kind: type
) -> None:
    (happened,) = told(body(entry), window_of(), track)
    assert isinstance(happened, kind)


def test_what_is_not_above_the_forgotten_cannot_be_told_from_the_old() -> None:
    window = window_of("99")
    page = body({"id": "101"}, {"id": "100"}, {"id": "99", "edited_at": "2026-01-01T00:00:00Z"})
    events = told(page, window)
    assert [type(event) for event in events] == [Edit, Update, Update]
    assert above_horizon(events, "100") == [events[0], events[2]]
    assert above_horizon(events, "") == events


def test_what_an_answer_lacks_is_gone_and_what_it_has_anew_is_an_edit() -> None:
    answered = [f'{{"id":"2","edited_at":"{ONE}"}}'.encode(), b'{"id":"1","edited_at":null}']
    edits, gone = reconciled(
        ["1", "2", "3"],
        answered,
        window_of("1", "2"),
        stream=Stream.public(),
        server=SERVER,
        now=NOON,
    )
    assert [type(edit) for edit in edits] == [Edit]
    assert gone == ["3"]
    (deletion,) = deletions(gone, stream=Stream.public(), server=SERVER, now=NOON)
    assert isinstance(deletion, Delete)
    assert (deletion.status_id, deletion.origin) == ("3", "reconcile")


def test_a_reason_is_named_once_and_everything_missing_is_kept() -> None:
    shortfall = Shortfall()
    shortfall.add(frozenset({"update"}), "refused")
    shortfall.add(frozenset({"delete"}), "refused")
    assert (shortfall.missing, shortfall.reasons) == ({"update", "delete"}, ["refused"])
    shortfall.clear()
    assert (shortfall.missing, shortfall.reasons) == (set(), [])


@pytest.mark.parametrize("track", ["statuses", "conversations"])
@pytest.mark.parametrize(
    "deep", [b"[" * 100_000, b'[{"last_status":' + b"[" * 2000 + b"]" * 2000 + b"}]"]
)
def test_a_page_that_is_nested_without_end_is_no_page(track: Track, deep: bytes) -> None:
    with pytest.raises(ValueError, match="expected an array"):
        parse_page(deep, track)
