"""What a subscription remembers over a crash: what was finished, what is missing, what is owed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from trunkline.cursors import MemoryCursors
from trunkline.errors import CursorError
from trunkline.events import Delete, Update
from trunkline.policy.cursor import CAPACITY, Cursor, Key
from trunkline.policy.dedupe import Window
from trunkline.signals import Gap, Heartbeat
from trunkline.stats import Counters
from trunkline.streams import Stream
from trunkline.subscription import Subscription

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
SERVER = "https://mastodon.example"
PUBLIC = Stream.public()


def subscription(store: MemoryCursors | None = None) -> Subscription:
    return Subscription(PUBLIC, SERVER, counters=Counters(), store=store)


def post(status_id: str, at: datetime = NOON) -> Update:
    return Update(PUBLIC, SERVER, at, f'{{"id":"{status_id}"}}'.encode())


def told(at: datetime) -> Gap:
    return Gap(
        server=SERVER, at=at, stream=PUBLIC, since=NOON, until=at, recovered=0, complete=True
    )


def begun(store: MemoryCursors) -> Subscription:
    """Return a subscription that is followed since noon."""
    one = subscription(store)
    one.primed.add("statuses")
    one.begin(NOON)
    one.live_again(NOON)
    return one


def test_a_first_start_has_no_gap() -> None:
    one = subscription(MemoryCursors())
    assert (one.has_begun, one.gap) == (False, None)


def test_a_restart_has_a_gap_since_what_was_finished() -> None:
    store = MemoryCursors()
    before = begun(store)
    before.caught_up(LATER)
    before.acknowledge(post("1", LATER))
    before.save()
    after = subscription(store)
    assert after.has_begun
    assert after.gap is not None
    assert after.gap.since == LATER
    assert after.primed == {"statuses"}


def test_what_was_finished_is_known_after_a_restart_and_what_was_not_is_news() -> None:
    store = MemoryCursors()
    before = begun(store)
    before.news((post("1"), post("2")), now_seconds=0.0)
    before.acknowledge(post("1"))
    before.save()
    after = subscription(store)
    assert after.news([post("1"), post("2")], now_seconds=0.0) == [post("2")]


def test_a_sweep_is_still_owed_after_a_crash() -> None:
    store = MemoryCursors()
    before = begun(store)
    before.away()
    before.owe_sweep("statuses", "500")
    before.save()
    after = subscription(store)
    after.owe_sweep("statuses", "900")
    assert after.owed == {"statuses": "500"}


def test_a_sweep_that_was_done_is_owed_until_the_consumer_was_told_of_its_gap() -> None:
    store = MemoryCursors()
    before = begun(store)
    before.away()
    before.owe_sweep("statuses", "500")
    del before.owed["statuses"]
    before.save()
    assert subscription(store).owed == {"statuses": "500"}
    before.settle(told(LATER))
    before.save()
    assert subscription(store).owed == {}


def test_what_one_gap_owes_stays_owed_while_only_an_earlier_gap_was_told_of() -> None:
    store = MemoryCursors()
    before = begun(store)
    for start in ("500", "400"):
        before.away()
        before.owe_sweep("statuses", start)
        del before.owed["statuses"]
        before.gap = None
    before.settle(told(LATER))
    before.save()
    assert subscription(store).owed == {"statuses": "400"}


def test_what_was_caught_up_says_nothing_about_live_events_that_wait_behind_it() -> None:
    store = MemoryCursors()
    before = begun(store)
    before.caught_up(LATER)
    before.acknowledge(Update(PUBLIC, SERVER, LATER, b'{"id":"1"}', "catch-up"))
    before.save()
    after = subscription(store)
    assert after.gap is not None
    assert after.gap.since == NOON


def test_a_lower_start_of_a_sweep_stays() -> None:
    one = subscription()
    for start in ("500", "99", "1000"):
        one.owe_sweep("statuses", start)
    assert one.owed == {"statuses": "99"}


def test_a_gap_that_nobody_was_told_of_begins_again_where_it_began() -> None:
    store = MemoryCursors()
    before = begun(store)
    before.away()
    before.caught_up(LATER)
    before.acknowledge(post("1", LATER))
    before.save()
    after = subscription(store)
    assert after.gap is not None
    assert after.gap.since == NOON


def test_what_is_missing_for_good_is_still_named_after_a_crash() -> None:
    store = MemoryCursors()
    before = begun(store)
    before.away()
    assert before.gap is not None
    before.gap.shortfall.add(frozenset({"update"}), "over the limit")
    before.save()
    after = subscription(store)
    assert after.gap is not None
    assert (after.gap.shortfall.missing, after.gap.shortfall.reasons) == (
        {"update"},
        ["over the limit"],
    )


def test_a_heartbeat_moves_on_what_is_finished() -> None:
    store = MemoryCursors()
    before = begun(store)
    before.caught_up(LATER)
    before.settle(Heartbeat(server=SERVER, at=LATER, streams=(PUBLIC,)))
    before.save()
    after = subscription(store)
    assert after.gap is not None
    assert after.gap.since == LATER


def test_what_came_out_of_buffers_was_told_before_it_came() -> None:
    store, minute = MemoryCursors(), timedelta(minutes=1)
    before = begun(store)
    for minutes in (1, 2, 30):
        before.caught_up(NOON + minutes * minute)
    before.acknowledge(post("1", NOON + 20 * minute))
    before.save()
    after = subscription(store)
    assert after.gap is not None
    assert after.gap.since == NOON + 2 * minute


def test_a_consumer_who_is_far_behind_costs_no_memory() -> None:
    store, second = MemoryCursors(), timedelta(seconds=1)
    before = begun(store)
    for seconds in range(10_000):
        before.caught_up(NOON + seconds * second)
    assert len(before._read_until) <= 1000
    before.acknowledge(post("1", NOON + 5000 * second))
    before.save()
    after = subscription(store)
    assert after.gap is not None
    assert after.gap.since is not None
    assert NOON < after.gap.since <= NOON + 5000 * second


def test_a_gap_begins_no_later_than_what_was_read() -> None:
    one = begun(MemoryCursors())
    one.away(LATER)
    assert one.gap is not None
    assert one.gap.since == NOON


def test_losing_the_connection_twice_is_one_gap() -> None:
    one = begun(MemoryCursors())
    one.away()
    gap = one.gap
    one.away(LATER)
    assert one.gap is gap


def test_what_is_no_news_is_counted_by_its_kind() -> None:
    one = subscription()
    deletion = Delete(PUBLIC, SERVER, NOON, b"7")
    assert one.news((deletion, deletion, post("7")), now_seconds=0.0) == [deletion]
    assert (one.counters.duplicates, one.counters.held_back) == (1, 1)


def test_what_a_store_lets_go_raises_its_horizon_and_what_nobody_finished_does_not() -> None:
    """Otherwise old posts would come again, or unfinished ones never."""
    store = MemoryCursors()
    one, first = begun(store), 10_000_000
    posts = [post(str(first + number)) for number in range(3 * CAPACITY)]
    finished = CAPACITY + 5
    one.news(posts, now_seconds=NOON.timestamp())
    one.window.trim()
    assert one.window.horizons["statuses"] >= str(first + 2 * CAPACITY - CAPACITY // 16)
    for each in posts[:finished]:
        one.acknowledge(each)
    one.save()
    after = subscription(store)
    assert after.window.horizons == {"statuses": str(first + 4)}
    known = [after.window.horizons["statuses"] >= one.status_id for one in posts[:5]]
    assert all(known)
    assert all(one.status_id in after.window for one in posts[5:finished])
    assert not any(one.status_id in after.window for one in posts[finished:])


def test_the_horizon_of_the_beginning_is_kept() -> None:
    store = MemoryCursors()
    one = subscription(store)
    one.primed.add("statuses")
    one.window.horizons["statuses"] = "41"
    one.remember(["42"])
    one.begin(NOON)
    assert subscription(store).window.horizons == {"statuses": "41"}


def test_a_store_keeps_as_many_keys_as_a_gap_may_need() -> None:
    store = MemoryCursors()
    one = Subscription(PUBLIC, SERVER, counters=Counters(), store=store, capacity=CAPACITY + 500)
    one.begin(NOON)
    posts = [post(str(10_000_000 + number)) for number in range(CAPACITY + 1000)]
    for each in one.news(posts, now_seconds=NOON.timestamp()):
        one.acknowledge(each)
    one.save()
    saved = store.load(one.name)
    assert saved is not None
    assert len(saved.keys) == CAPACITY + 500
    assert saved.cursor.horizons == {"statuses": str(10_000_000 + 499)}


def test_what_is_no_longer_remembered_is_told_by_the_window() -> None:
    window = Window(capacity=3)
    for second in range(1, 4):
        assert window.remembers_since_seconds == 0.0
        window.news([post(str(second))], now_seconds=float(second))
    window.news([post("4")], now_seconds=4.0)
    window.trim()
    assert window.remembers_since_seconds == 2.0


class Full(MemoryCursors):
    """A store that cannot be written for a while."""

    def __init__(self, *, failures: int) -> None:
        super().__init__()
        self.failures = failures

    def save(self, name: str, cursor: Cursor, keys: Sequence[Key]) -> None:
        if self.failures:
            self.failures -= 1
            raise CursorError("no space left")
        super().save(name, cursor, keys)


def test_saves_that_fail_push_nothing_out_of_what_is_kept() -> None:
    store = Full(failures=0)
    one = Subscription(PUBLIC, SERVER, counters=Counters(), store=store, capacity=600)
    one.primed.add("statuses")
    one.begin(NOON)
    for place in range(500):
        one.acknowledge(post(str(place + 1)))
    store.failures = 60
    for _ in range(60):
        with pytest.raises(CursorError):
            one.save()
    one.save()
    saved = store.load(one.name)
    assert saved is not None
    assert len(saved.keys) == 500
    assert saved.cursor.horizons == {}
