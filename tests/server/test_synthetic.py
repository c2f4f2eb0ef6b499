"""The synthetic day: the same from the same seed, and told without contradictions."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from random import Random
from typing import cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline.server.synthetic import Activity, SyntheticSource
from trunkline.server.synthetic.memory import LAST_MILLISECOND, Memory, StatusIds
from trunkline.server.synthetic.posts import LONGEST
from trunkline.server.synthetic.source import REMEMBERED_POSTS
from trunkline.server.synthetic.texts import SENTENCES

Json = dict[str, object]
NOON = 1_795_000_000_000

times = st.integers(0, LAST_MILLISECOND)


def encode(activity: Activity) -> bytes:
    return msgspec.json.encode((activity.event, activity.payload, activity.status_id))


def day(seed: int, count: int) -> list[Activity]:
    source = SyntheticSource(seed)
    return [source.next(NOON + 20 * number) for number in range(count)]


@pytest.fixture(scope="module")
def activities() -> list[Activity]:
    return day(11, 12_000)


def objects(activities: list[Activity], *events: str) -> list[Json]:
    return [a.payload for a in activities if a.event in events and isinstance(a.payload, dict)]


def statuses_in(value: object) -> Iterator[Json]:
    """Every status in a payload, however deep."""
    if isinstance(value, dict):
        if "reblogs_count" in value:
            yield value
        for inner in value.values():
            yield from statuses_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from statuses_in(inner)


def ids_referred_to(activity: Activity) -> set[object]:
    statuses = list(statuses_in(activity.payload))
    return {s["id"] for s in statuses} | {s["in_reply_to_id"] for s in statuses}


# The same day from the same seed


@given(st.integers(), st.lists(times, max_size=60))
@settings(max_examples=25)
def test_the_same_seed_and_times_give_the_same_bytes(seed: int, when: list[int]) -> None:
    one, other = SyntheticSource(seed), SyntheticSource(seed)

    assert [encode(one.next(now)) for now in when] == [encode(other.next(now)) for now in when]


def test_another_process_makes_the_same_day_whatever_its_hash_seed() -> None:
    program = (
        "import hashlib, msgspec; from trunkline.server.synthetic import SyntheticSource as S; "
        "s = S(5); a = [s.next(10**12 + n) for n in range(400)]; "
        "print(hashlib.sha256(msgspec.json.encode(a)).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }

    assert len(digests) == 1


def test_another_seed_makes_another_day() -> None:
    assert [encode(a) for a in day(1, 20)] != [encode(a) for a in day(2, 20)]


def test_activities_are_what_next_gives_at_their_times() -> None:
    timed = list(islice(SyntheticSource(4).activities(NOON, 50), 300))
    source = SyntheticSource(4)

    assert [encode(activity) for _, activity in timed] == [
        encode(source.next(now)) for now, _ in timed
    ]


def test_activities_come_at_the_rate_asked_for_but_not_evenly() -> None:
    moments = [now for now, _ in islice(SyntheticSource(9).activities(NOON, 40), 4_000)]
    gaps = [later - earlier for earlier, later in pairwise([NOON, *moments])]

    assert min(gaps) >= 0
    assert sum(gaps) / len(gaps) == pytest.approx(25, rel=0.1)
    # A Poisson process: about 63 of 100 gaps are shorter than the mean.
    assert sum(gap < 25 for gap in gaps) / len(gaps) == pytest.approx(0.63, abs=0.05)


# Ids


@given(st.lists(times, min_size=1, max_size=80), st.integers(0, 1 << 16))
def test_ids_never_repeat_whatever_the_times(when: list[int], first_tail: int) -> None:
    ids = StatusIds(first_tail=first_tail)
    given_away = [int(ids.next(now)) for now in when]

    assert len(set(given_away)) == len(when)


@given(st.lists(times, min_size=1, max_size=80).map(sorted), st.integers(0, 1 << 16))
def test_ids_increase_while_time_does_not_go_back(when: list[int], first_tail: int) -> None:
    ids = StatusIds(first_tail=first_tail)
    given_away = [int(ids.next(now)) for now in when]

    assert given_away == sorted(set(given_away))


def test_ids_outlast_the_tails_of_one_millisecond_and_a_step_back() -> None:
    ids = StatusIds()
    given_away = [ids.next(NOON - number % 3) for number in range(200_000)]

    assert len(set(given_away)) == 200_000


def test_an_id_tells_the_millisecond_of_its_post(activities: list[Activity]) -> None:
    for number, activity in enumerate(activities):
        if activity.event == "update":
            assert int(activity.status_id or "") >> 16 == NOON + 20 * number


def test_notification_ids_are_serial(activities: list[Activity]) -> None:
    ids = [int(str(n["id"])) for n in objects(activities, "notification", "encrypted_message")]

    assert ids == sorted(set(ids))


# Edits and deletions


def test_nothing_refers_to_a_deleted_post(activities: list[Activity]) -> None:
    published: set[object] = set()
    needed: set[object] = set()
    deleted: set[object] = set()
    for activity in activities:
        if activity.event == "delete":
            assert activity.payload == activity.status_id
            assert activity.status_id in published - needed - deleted
            deleted.add(activity.status_id)
        else:
            assert not ids_referred_to(activity) & deleted
        if activity.event == "update":
            published.add(activity.status_id)
            needed |= ids_referred_to(activity) - {activity.status_id}
    assert len(deleted) > 300


def test_an_edit_changes_the_words_of_an_earlier_post_and_dates_it(
    activities: list[Activity],
) -> None:
    latest: dict[str, Json] = {}
    for status in objects(activities, "update", "status.update"):
        earlier = latest.get(str(status["id"]))
        assert (status["edited_at"] is None) == (earlier is None)
        if earlier is not None:
            assert status["content"] != earlier["content"]
            assert str(status["edited_at"]) > str(earlier["edited_at"] or earlier["created_at"])
            assert status["account"] == earlier["account"]
        latest[str(status["id"])] = status


def test_an_edit_is_never_dated_before_its_post() -> None:
    source = SyntheticSource(1, mix={"status.update": 1})
    post, edit = source.next(NOON), source.next(NOON - 5_000)

    assert isinstance(post.payload, dict)
    assert isinstance(edit.payload, dict)
    assert edit.payload["edited_at"] == post.payload["created_at"]


@given(st.integers())
@settings(max_examples=20)
def test_posts_can_be_edited_again_and_again_and_do_not_grow(seed: int) -> None:
    source = SyntheticSource(seed, mix={"update": 1, "status.update": 20})
    sizes = [len(encode(source.next(NOON + number))) for number in range(400)]

    assert max(sizes) < 12_000


def test_every_language_has_a_sentence_left_for_the_edit_of_an_edited_post() -> None:
    spare = {language: len(set(texts)) - LONGEST - 1 for language, texts in SENTENCES.items()}

    assert min(spare.values()) > 0, spare


@pytest.mark.parametrize("event", ["status.update", "delete", "announcement.reaction"])
def test_an_event_that_needs_something_earlier_brings_it_forth(event: str) -> None:
    source = SyntheticSource(1, mix={event: 1})

    assert source.next(NOON).event in ("update", "announcement")
    assert source.next(NOON).event == event


def test_reactions_and_withdrawals_name_a_standing_announcement() -> None:
    mix = dict.fromkeys(("announcement", "announcement.reaction", "announcement.delete"), 1.0)
    source = SyntheticSource(2, mix=mix)
    standing: set[object] = set()
    for number in range(500):
        activity = source.next(NOON + number)
        if isinstance(activity.payload, str):
            assert activity.payload in standing
            standing.remove(activity.payload)
        elif activity.event == "announcement":
            standing.add(activity.payload["id"])
        else:
            assert activity.payload["announcement_id"] in standing
        assert activity.status_id is None


# Sharing and memory


def test_what_was_given_away_never_changes() -> None:
    source = SyntheticSource(6)
    kept = [source.next(NOON + 30_000_000 * number) for number in range(600)]
    at_once = [encode(activity) for activity in kept]
    for number in range(600, 3_000):
        source.next(NOON + 30_000_000 * number)

    assert [encode(activity) for activity in kept] == at_once


def test_posts_of_one_person_on_one_day_share_the_account() -> None:
    accounts = [cast("Json", p["account"]) for p in objects(day(8, 400), "update")]

    assert len({id(account) for account in accounts}) == len({a["id"] for a in accounts})


def test_the_memory_keeps_to_its_limit_and_forgets_the_oldest() -> None:
    class Post:
        def __init__(self, number: int) -> None:
            self.id = str(number)

    memory = Memory[Post](limit=3)
    posts = [Post(number) for number in range(5)]
    for post in posts:
        memory.add(post)
    memory.forget(posts[3])

    assert len(memory) == 2
    assert {memory.draw(Random(n), accept=lambda _: True) for n in range(200)} == {
        posts[2],
        posts[4],
    }
    assert memory.draw(Random(1), accept=lambda _: False) is None


def test_a_long_day_remembers_only_so_many_posts() -> None:
    source = SyntheticSource(1, mix={"update": 1})
    for number in range(REMEMBERED_POSTS + 500):
        source.next(NOON + number)

    assert len(source._day.town.memory) == REMEMBERED_POSTS


# Refusals


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: SyntheticSource(1, accounts=1), "at least 2 accounts, got 1"),
        (lambda: SyntheticSource(1, mix={"toot": 1}), "got toot; leave those out"),
        (lambda: SyntheticSource(1, mix={"update": -1}), "weights of zero or more"),
        (lambda: SyntheticSource(1, mix={"update": float("nan")}), "weights of zero or more"),
        (lambda: SyntheticSource(1, mix={"update": 0}), "one of them above zero"),
        (lambda: SyntheticSource(1, mix={}), "one of them above zero"),
        (lambda: SyntheticSource(1).next(-1), "whole milliseconds since 1970"),
        (lambda: SyntheticSource(1).next(LAST_MILLISECOND + 1), "whole milliseconds since 1970"),
        (lambda: SyntheticSource(1).next(cast("int", 1.5)), "got 1.5"),
        (lambda: SyntheticSource(1).activities(NOON, 0), "a positive rate"),
        (lambda: SyntheticSource(1).status(NOON, visibility="loud"), "got 'loud'"),
        (lambda: SyntheticSource(1).status(NOON, language="xx"), "pass content="),
        (
            lambda: SyntheticSource(1).status(NOON, account="a@b.c", local=True),
            "change the account",
        ),
        (lambda: SyntheticSource(1).status(NOON, account={"id": "1"}), "username, acct, url, uri"),
    ],
)
def test_what_cannot_be_is_refused_with_a_way_out(act: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        act()
