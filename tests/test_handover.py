"""Asking for the next event acknowledges the last one; what is in hand is not finished."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trunkline.cursors import MemoryCursors
from trunkline.events import Malformed, Update
from trunkline.handover import Handover
from trunkline.inbox import Item
from trunkline.options import StreamOptions
from trunkline.signals import Gap, Heartbeat
from trunkline.stats import Counters
from trunkline.streams import Stream
from trunkline.subscription import Subscription

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SERVER = "https://mastodon.example"
PUBLIC = Stream.public()
NAME = f"{SERVER} {PUBLIC}"


def post(status_id: str) -> Update:
    return Update(PUBLIC, SERVER, NOON, f'{{"id":"{status_id}"}}'.encode())


class Scene:
    """A handover with a store, and a clock that is set by hand."""

    def __init__(self, *, interval_seconds: float = 0.0, signals: bool = False) -> None:
        self.now_seconds = 0.0
        self.interrupted = False
        self.store = MemoryCursors()
        self.store.save_interval_seconds = interval_seconds
        self.subscription = Subscription(PUBLIC, SERVER, counters=Counters(), store=self.store)
        self.handover = Handover(
            (self.subscription,),
            options=StreamOptions(signals=signals),
            store=self.store,
            clock=self.clock,
        )

    def clock(self) -> float:
        if self.interrupted:
            raise KeyboardInterrupt
        return self.now_seconds

    @property
    def saved(self) -> list[str]:
        """The keys that are stored as finished."""
        cursor = self.store.load(NAME)
        return [key for key, _ in cursor.keys] if cursor is not None else []


def test_a_batch_is_handed_over_in_its_order_and_then_there_is_none() -> None:
    scene = Scene()
    batch: list[Item] = [post("1"), post("2")]
    expected = list(batch)
    scene.handover.fill(batch)
    assert [next(scene.handover.giving, None), next(scene.handover.giving, None)] == expected
    assert next(scene.handover.giving, None) is None


def test_asking_for_the_next_event_acknowledges_the_last_one_and_no_other() -> None:
    scene = Scene()
    scene.handover.fill([post("1"), post("2"), post("3")])
    finished = []
    for _ in range(4):
        next(scene.handover.giving, None)
        finished.append(scene.saved)
    assert finished == [[], ["1"], ["1", "2"], ["1", "2", "3"]]


def test_a_batch_that_arrived_and_was_not_asked_for_is_not_acknowledged() -> None:
    scene = Scene()
    scene.handover.fill([post("1"), post("2")])
    scene.handover.save()
    assert scene.saved == []


def test_saving_leaves_the_event_in_hand_out() -> None:
    scene = Scene(interval_seconds=60.0)
    scene.handover.fill([post("1"), post("2"), post("3")])
    next(scene.handover.giving, None)
    next(scene.handover.giving, None)
    scene.handover.save()
    assert scene.saved == ["1"]
    next(scene.handover.giving, None)
    scene.handover.save()
    assert scene.saved == ["1", "2"]


def test_acknowledging_counts_the_event_in_hand() -> None:
    scene = Scene()
    scene.handover.fill([post("1")])
    next(scene.handover.giving, None)
    scene.handover.acknowledge()
    assert scene.saved == ["1"]


def test_cursors_are_saved_no_more_often_than_the_store_wants() -> None:
    scene = Scene(interval_seconds=10.0)
    scene.handover.fill([post(str(number)) for number in range(1, 5)])
    next(scene.handover.giving, None)
    next(scene.handover.giving, None)
    assert scene.saved == []
    scene.now_seconds = 10.0
    next(scene.handover.giving, None)
    assert scene.saved == ["1", "2"]
    next(scene.handover.giving, None)
    assert scene.saved == ["1", "2"]


def test_signals_are_passed_by_unless_they_are_wanted() -> None:
    heartbeat = Heartbeat(server=SERVER, at=NOON, streams=(PUBLIC,))
    silent, talkative = Scene(), Scene(signals=True)
    for scene in (silent, talkative):
        scene.handover.fill([heartbeat, post("1")])
    assert next(silent.handover.giving, None) == post("1")
    assert next(talkative.handover.giving, None) == heartbeat


def test_a_gap_is_settled_when_something_after_it_is_asked_for() -> None:
    scene = Scene(signals=True)
    scene.subscription.begin(NOON)
    scene.subscription.away()
    scene.subscription.owe_sweep("statuses", "5")
    scene.subscription.owed.clear()
    gap = Gap(
        server=SERVER, at=NOON, stream=PUBLIC, since=NOON, until=NOON, recovered=0, complete=True
    )
    scene.handover.fill([gap])
    next(scene.handover.giving, None)
    scene.subscription.save()
    unsettled = scene.store.load(NAME)
    next(scene.handover.giving, None)
    settled = scene.store.load(NAME)
    assert unsettled is not None
    assert unsettled.cursor.sweeps == {"statuses": "5"}
    assert settled is not None
    assert settled.cursor.sweeps == {}


def test_what_does_not_decode_is_handed_over_as_malformed_and_acknowledged() -> None:
    scene = Scene()
    scene.handover.fill([Update(PUBLIC, SERVER, NOON, b'{"id":"1"'), post("2")])
    odd = next(scene.handover.giving, None)
    assert isinstance(odd, Malformed)
    assert (odd.raw, odd.name) == (b'{"id":"1"', "update")
    assert next(scene.handover.giving, None) == post("2")


def test_ctrl_c_in_the_middle_of_a_batch_loses_nothing_of_it() -> None:
    scene = Scene(interval_seconds=1.0)
    scene.handover.fill([post("1"), post("2"), post("3")])
    assert next(scene.handover.giving, None) == post("1")

    scene.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        next(scene.handover.giving, None)
    scene.interrupted = False
    assert scene.handover.resume()
    assert [next(scene.handover.giving, None) for _ in range(3)] == [post("2"), post("3"), None]
    assert not scene.handover.resume()


def test_what_did_not_reach_the_consumer_is_given_again() -> None:
    scene = Scene()
    scene.handover.fill([post("1"), post("2")])
    first = next(scene.handover.giving)
    scene.handover.take_back(scene.handover.giving)
    assert scene.handover.resume()
    assert next(scene.handover.giving) == first
    assert scene.saved == []
    assert next(scene.handover.giving) == post("2")
    assert scene.saved == ["1"]


def test_what_was_asked_to_go_on_after_is_not_given_again() -> None:
    scene = Scene()
    scene.handover.fill([post("1"), post("2")])
    assert [next(scene.handover.giving), next(scene.handover.giving)] == [post("1"), post("2")]
    assert next(scene.handover.giving, None) is None
    scene.handover.take_back(scene.handover.giving)
    assert not scene.handover.resume()
