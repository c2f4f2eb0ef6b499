"""What the window remembers, what it calls news, and what it never takes for a repetition."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.events import (
    AnnouncementChanged,
    AnyEvent,
    ConversationChanged,
    Delete,
    Edit,
    FiltersChanged,
    Notify,
    Update,
)
from trunkline.policy.cursor import CAPACITY
from trunkline.policy.dedupe import Admission, Window, edited_at, keys_of
from trunkline.streams import Stream

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ONE = "2026-11-24T13:00:00.000Z"
TWO = "2026-11-24T14:00:00.000Z"
NEW, DUPLICATE, DELETED = Admission.NEW, Admission.DUPLICATE, Admission.DELETED

Kind = type[
    Update | Edit | Delete | Notify | ConversationChanged | FiltersChanged | AnnouncementChanged
]


def event(kind: Kind, raw: str) -> AnyEvent:
    return kind(Stream.public(), "https://mastodon.example", NOON, raw.encode())


def post(status_id: str = "1", version: str | None = None, *, spaced: bool = False) -> AnyEvent:
    separators = (", ", ": ") if spaced else (",", ":")  # servers differ, and so do our short cuts
    return event(Update, json.dumps({"id": status_id, "edited_at": version}, separators=separators))


def edit(status_id: str = "1", version: str | None = ONE) -> AnyEvent:
    return event(Edit, json.dumps({"id": status_id, "edited_at": version}))


def deletion(status_id: str = "1") -> AnyEvent:
    return event(Delete, status_id)


def admissions(*events: AnyEvent) -> list[Admission]:
    window = Window()
    return [judged(window, one, now_seconds=float(place)) for place, one in enumerate(events)]


def judged(window: Window, one: AnyEvent, *, now_seconds: float) -> Admission:
    no_news: list[Admission] = []
    fresh = window.news([one], now_seconds=now_seconds, no_news=no_news.append)
    return no_news[0] if no_news else NEW if fresh == [one] else pytest.fail("Neither nor.")


@pytest.mark.parametrize(
    ("happened", "keys"),
    [
        (post(), ("1",)),
        (post(spaced=True), ("1",)),
        (post(version=ONE), ("1", f"1@{ONE}")),
        (edit(), (f"1@{ONE}",)),
        (deletion(), ("1!",)),
        (event(Notify, '{"id":"7"}'), ("n:7",)),
        (event(ConversationChanged, '{"id":"3","last_status":{"id":"109"}}'), ("c:3/109",)),
        (event(FiltersChanged, ""), ()),
        (event(AnnouncementChanged, '{"id":"5"}'), ()),
        (event(Update, "{}"), ()),
        (event(Notify, "nonsense"), ()),
        (event(ConversationChanged, '{"id":"3","last_status":null}'), ()),
        (event(ConversationChanged, "nonsense"), ()),
        (edit(version=None), ()),
    ],
)
def test_the_keys_of_an_event_say_what_it_tells(happened: AnyEvent, keys: tuple[str, ...]) -> None:
    assert keys_of(happened) == keys


def test_a_post_is_news_once() -> None:
    assert admissions(post(), post(), post("2")) == [NEW, DUPLICATE, NEW]


def test_an_edit_is_no_duplicate_of_its_post() -> None:
    assert admissions(post(), edit(), edit(version=TWO)) == [NEW, NEW, NEW]


def test_a_version_is_news_once() -> None:
    assert admissions(post(), edit(), edit()) == [NEW, NEW, DUPLICATE]


def test_a_version_older_than_one_that_is_known_is_no_news() -> None:
    assert admissions(post(), edit(version=TWO), edit(version=ONE)) == [NEW, NEW, DUPLICATE]


def test_a_post_that_came_with_its_edit_makes_that_edit_a_duplicate() -> None:
    assert admissions(post(version=ONE), edit(version=ONE)) == [NEW, DUPLICATE]


def test_a_deletion_is_news_once_even_of_a_post_that_nobody_saw() -> None:
    assert admissions(deletion(), deletion()) == [NEW, DUPLICATE]


@pytest.mark.parametrize(
    "late",
    [post(), post(spaced=True), post(version=ONE), edit()],
    ids=["post", "spaced post", "edited post", "edit"],
)
def test_what_comes_for_a_post_after_its_deletion_is_held_back(late: AnyEvent) -> None:
    assert admissions(deletion(), late) == [NEW, DELETED]


def test_a_deletion_says_nothing_about_other_posts() -> None:
    assert admissions(deletion("1"), post("2"), post("11")) == [NEW, NEW, NEW]


def test_a_notification_and_a_post_with_one_number_are_two_things() -> None:
    assert admissions(post("7"), event(Notify, '{"id":"7"}')) == [NEW, NEW]


def test_what_has_no_identity_always_passes() -> None:
    assert admissions(event(FiltersChanged, ""), event(FiltersChanged, "")) == [NEW, NEW]


def test_a_day_of_a_busy_stream_is_remembered() -> None:
    window = Window()
    for number in range(CAPACITY):
        window.news([post(str(10**17 + number))], now_seconds=0.0)
    window.trim()
    assert judged(window, post(str(10**17)), now_seconds=1.0) is DUPLICATE
    assert CAPACITY >= 20_000


def test_posts_of_a_time_come_with_those_that_were_seen_last_first() -> None:
    window = Window()
    for second in range(5):
        window.news([post(str(second))], now_seconds=float(second))
    window.news([deletion("2")], now_seconds=5.0)
    assert list(window.posts_since(1.0, until_seconds=3.0)) == ["3", "1"]
    assert list(window.posts_since(4.0)) == ["4"]
    assert window.newest_at_seconds == 5.0


@given(st.lists(st.sampled_from([post(), post("2"), edit(), edit(version=TWO), deletion()])))
def test_whatever_comes_twice_is_news_once(happened: list[AnyEvent]) -> None:
    window = Window()
    for one in happened:
        window.news([one], now_seconds=0.0)
        assert judged(window, one, now_seconds=0.0) is not NEW


@pytest.mark.parametrize(
    ("raw", "version"),
    [
        (b'{"id":"1","edited_at":null}', ""),
        (f'{{"id":"1","edited_at":"{ONE}"}}'.encode(), ONE),
        (f'{{"id":"1","edited_at":null,"reblog":{{"edited_at":"{ONE}"}}}}'.encode(), ""),
        (f'{{"id":"1","reblog":{{"edited_at":null}},"edited_at":"{ONE}"}}'.encode(), ""),
        (b'{"id":"1"}', ""),
        (b"nonsense", ""),
        (b'{"edited_at":7}', ""),
    ],
)
def test_the_version_of_a_post_is_its_own_and_not_that_of_what_it_boosts(
    raw: bytes, version: str
) -> None:
    assert edited_at(raw) == version


def test_an_edit_without_a_version_comes_whenever_it_is_told_but_not_after_the_deletion() -> None:
    unversioned = edit(version=None)
    assert admissions(unversioned, unversioned, deletion(), unversioned) == [
        NEW,
        NEW,
        NEW,
        DELETED,
    ]


def test_nothing_was_seen_later_than_now() -> None:
    window = Window()
    for place, at_seconds in enumerate((100.0, 500.0, 900.0)):
        window.remember(str(place), at_seconds=at_seconds)
    window.none_after(500.0)
    assert window.seen_since(0.0) == [("0", 100.0), ("1", 500.0), ("2", 500.0)]
