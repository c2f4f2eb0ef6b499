"""The promise in single stories: one trouble each, small enough to see what went wrong.

`test_promise` plays what hypothesis thinks of; here is what somebody would tell of a bug, the same
in every run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pytest
from tests.continuity.oracle import breaches, gaps_of
from tests.continuity.stage import Evidence, Setting, play
from tests.continuity.steps import (
    Crash,
    Cut,
    Delete,
    Edit,
    Pause,
    Post,
    Restart,
    Step,
    Strike,
)

from trunkline import events
from trunkline.events import Origin
from trunkline.options import StreamOptions
from trunkline.policy.dedupe import Window
from trunkline.server.faults import Fault
from trunkline.signals import Disconnected
from trunkline.streams import Track

_HOUR = 3600.0


def kept(story: list[Step], setting: Setting | None = None) -> Evidence:
    """Play a story, check that the promise was kept, and return what the consumer was given."""
    setting = setting or Setting()
    evidence = play(story, setting)
    assert breaches(evidence, setting) == []
    return evidence


def kept_entirely(story: list[Step], setting: Setting | None = None) -> Evidence:
    """Play a story in which everything can be retrieved."""
    evidence = kept(story, setting)
    assert [gap for gap in gaps_of(evidence) if not gap.complete] == []
    return evidence


def _small_window(*, capacity: int, horizons: Mapping[Track, str] | None = None) -> Window:
    return Window(capacity=min(capacity, 20), horizons=horizons)


def origins(evidence: Evidence, kind: type[events.Event]) -> list[Origin]:
    """Return where the events of one kind came from, in the order in which they came."""
    return [one.item.origin for one in evidence.records if isinstance(one.item, kind)]


def ids_of_posts(evidence: Evidence) -> list[str]:
    """Return the ids of the posts that the consumer was given, in the order in which they came."""
    return [one.item.status_id for one in evidence.records if isinstance(one.item, events.Update)]


def test_posts_of_a_downtime_are_caught_up_once() -> None:
    evidence = kept_entirely([Post(3), Restart(30.0, posts=100), Pause(60.0), Post(2)])
    assert origins(evidence, events.Update) == ["live"] * 3 + ["catch-up"] * 100 + ["live"] * 2


def test_posts_that_are_caught_up_come_in_the_order_of_their_ids() -> None:
    evidence = kept_entirely([Post(1), Restart(30.0, posts=100)])
    ids = [one.item.status_id for one in evidence.records if isinstance(one.item, events.Update)]
    assert ids == sorted(ids, key=int)
    assert len(ids) == 101


def test_live_posts_wait_until_what_was_missed_is_there() -> None:
    slow_rest = Strike(Fault("rest_status", status=503, retry_after_seconds=20))
    story: list[Step] = [Post(1), Pause(1.0), slow_rest, Cut(), Post(2), Pause(10.0), Post(3)]
    ids = ids_of_posts(kept_entirely(story))
    assert ids == sorted(ids, key=int)


def test_a_post_that_federates_late_during_a_gap_is_found_below_posts_that_were_delivered() -> None:
    story: list[Step] = [
        Post(3),
        Pause(_HOUR),
        Post(1),
        Pause(1.0),
        Cut(),
        Post(1, late_seconds=300.0),
    ]
    evidence = kept_entirely(story)
    assert origins(evidence, events.Update)[-1] == "catch-up"


def test_a_late_post_is_looked_for_where_the_gap_began_and_not_where_we_are_now() -> None:
    story: list[Step] = [
        Post(1),
        Pause(1.0),
        Crash(0, downtime_seconds=_HOUR),
        Post(1),
        Pause(5.0),
        Post(1, late_seconds=300.0),
        Pause(_HOUR / 2),
        Post(1),
    ]
    evidence = kept_entirely(story, Setting(store="memory"))
    assert origins(evidence, events.Update).count("catch-up") >= 2


def test_a_deletion_that_a_gap_hid_is_told() -> None:
    evidence = kept_entirely([Post(2), Pause(1.0), Cut(), Delete(0)])
    assert origins(evidence, events.Delete) == ["reconcile"]


def test_an_edit_that_a_gap_hid_is_told() -> None:
    evidence = kept_entirely([Post(2), Pause(1.0), Cut(), Edit(0)])
    assert len(origins(evidence, events.Edit)) == 1


def test_an_edit_of_a_post_that_is_known_is_told() -> None:
    evidence = kept_entirely([Post(1), Pause(1.0), Edit(), Pause(1.0), Edit()])
    assert origins(evidence, events.Edit) == ["live", "live"]


def test_what_was_finished_before_a_crash_does_not_come_again() -> None:
    story: list[Step] = [Post(2), Pause(1.0), Crash(3, downtime_seconds=30.0), Post(6), Pause(90.0)]
    evidence = kept_entirely(story, Setting(store="memory"))
    assert evidence.crashes == 1


def test_the_first_post_of_a_silent_timeline_is_not_lost_in_a_crash() -> None:
    """No highest id is remembered, so it must be that there was nothing before."""
    crash = Crash(0, downtime_seconds=600.0)
    story: list[Step] = [Pause(1.0), crash, Pause(60.0), Post(2), Pause(600.0)]
    kept_entirely(story, Setting(history=0, store="memory"))


def test_posts_from_before_following_began_stay_untold_however_many_there_are() -> None:
    evidence = kept([Post(2), Pause(1.0), Cut(), Post(3)], Setting(history=200))
    assert len(origins(evidence, events.Update)) == 5
    (gap,) = gaps_of(evidence)
    assert "too little is remembered" in gap.reason


@pytest.mark.parametrize("store", ["none", "memory"])
def test_a_gap_that_is_larger_than_what_is_remembered_tells_nothing_twice(
    store: Literal["none", "memory"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline.subscription.Window", _small_window)
    story: list[Step] = [Post(10), Post(10), Post(10), Pause(1.0), Cut()]
    story += [Post(10)] * 6 + [Pause(90.0), Post(1)]
    evidence = kept(story, Setting(store=store))
    assert len(origins(evidence, events.Update)) == 91
    (gap,) = gaps_of(evidence)
    assert "too little is remembered" in gap.reason


def test_what_rest_refuses_is_named_and_nothing_is_called_complete() -> None:
    refusing = Strike(Fault("rest_status", status=403, count=1_000))
    evidence = kept([Post(1), Pause(1.0), refusing, Cut(), Post(2)])
    (gap,) = gaps_of(evidence)
    assert (gap.complete, gap.missing >= {"update", "delete"}) == (False, True)


def test_an_event_that_is_told_twice_is_given_once() -> None:
    evidence = kept_entirely([Post(1), Strike(Fault("duplicate", count=3)), Post(5)])
    assert len(origins(evidence, events.Update)) == 6


def test_a_connection_that_has_died_is_given_up_and_its_posts_are_caught_up() -> None:
    evidence = kept_entirely([Post(1), Pause(1.0), Strike(Fault("stall")), Post(2), Pause(300.0)])
    ended = [one.item.reason for one in evidence.records if isinstance(one.item, Disconnected)]
    assert ended == ["stall"]
    assert origins(evidence, events.Update) == ["live", "catch-up", "catch-up"]


def test_heartbeats_without_events_are_seen_through() -> None:
    story: list[Step] = [Post(1), Pause(1.0), Strike(Fault("silent")), Post(2), Pause(1.0)]
    evidence = kept_entirely(story)
    ended = [one.item.reason for one in evidence.records if isinstance(one.item, Disconnected)]
    assert ended == ["silent"]


def test_more_than_the_limit_is_named() -> None:
    setting = Setting(options=StreamOptions(signals=True, catch_up_limit=10))
    evidence = kept([Post(1), Restart(30.0, posts=100)], setting)
    (gap,) = gaps_of(evidence)
    assert "catch_up_limit" in gap.reason


@pytest.mark.parametrize("transport", ["sse", "websocket"])
@pytest.mark.parametrize("reset", [True, False])
def test_a_gap_begins_before_an_event_that_was_cut_off_in_the_middle(
    transport: Literal["sse", "websocket"], *, reset: bool
) -> None:
    """Its first bytes were read after it was told; the rest is hidden."""
    trickle = Strike(Fault("trickle", seconds=0.3, count=2))
    story: list[Step] = [trickle, Post(1), Delete(0), Pause(1.0), Cut(reset)]
    kept(story, Setting(options=StreamOptions(signals=True, transport=transport)))
