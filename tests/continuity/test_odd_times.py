"""Clocks that are wrong, servers that lag for minutes, posts that vanished long ago."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from tests.continuity.follower import Follower, following, loop_time
from tests.support.virtual_clock import on_virtual_clock, virtual_network, wall_clock

from trunkline.events import Delete, Update
from trunkline.server import Fault
from trunkline.signals import Connected, Gap
from trunkline.transport.http import Network

DAY = 86_400.0


@dataclass
class Clock:
    """The clock on the wall, and by how much it is wrong."""

    wrong_seconds: float = 0.0

    def __call__(self) -> float:
        return wall_clock() + self.wrong_seconds

    def network(self) -> Network:
        return Network(clock=self, dice=virtual_network().dice)


def away(after_events: int) -> Fault:
    """The server goes down for a minute when so many events were published."""
    return Fault("restart", after_events=after_events, seconds=60.0)


def deleted(follower: Follower) -> list[str]:
    return [event.status_id for event in follower.of(Delete)]


@pytest.mark.parametrize("lag_seconds", [5.0, 90.0, 300.0])
@pytest.mark.parametrize("every_seconds", [7.0, 3600.0], ids=["busy", "quiet"])
@on_virtual_clock
async def test_a_rest_that_lags_for_minutes_makes_no_deletions_and_hides_nothing(
    lag_seconds: float, every_seconds: float
) -> None:
    async with following(faults=(away(4),)) as follower:
        await follower.connected()
        gone = str(follower.server.post()["id"])
        for _ in range(2):
            follower.server.post()
        await asyncio.sleep(400.0)
        follower.server.world.archive.lag_seconds = lag_seconds
        follower.server.post()
        await asyncio.sleep(20.0)
        missed = str(follower.server.post()["id"])
        follower.server.delete(gone)
        for _ in range(int(7200.0 / every_seconds)):
            await asyncio.sleep(every_seconds)
            follower.server.post()
        assert deleted(follower) == [gone]
        assert missed in follower.ids
        assert len(follower.of(Connected)) <= 3


@pytest.mark.parametrize("wrong_seconds", [-7200.0, -DAY])
@on_virtual_clock
async def test_a_clock_that_is_set_back_hides_no_deletion(wrong_seconds: float) -> None:
    clock = Clock()
    async with following(faults=(away(2),), network=clock.network()) as follower:
        await follower.connected()
        gone = str(follower.server.post()["id"])
        await asyncio.sleep(60.0)
        clock.wrong_seconds = wrong_seconds
        follower.server.announce()
        await asyncio.sleep(20.0)
        follower.server.delete(gone)
        await asyncio.sleep(600.0)
        assert deleted(follower) == [gone]


@on_virtual_clock
async def test_a_clock_that_is_set_back_holds_no_live_event_back() -> None:
    clock = Clock()
    async with following(faults=(away(1),), network=clock.network()) as follower:
        await follower.connected()
        clock.wrong_seconds = -DAY
        follower.server.post()
        await asyncio.sleep(30.0)
        missed = str(follower.server.post()["id"])
        await follower.until(lambda: len(follower.of(Connected)) == 2)
        await asyncio.sleep(1.0)
        live = str(follower.server.post()["id"])
        await asyncio.sleep(10.0)
        assert follower.ids[-2:] == [missed, live]


@pytest.mark.parametrize("age_seconds", [600.0, 5400.0])
@on_virtual_clock
async def test_an_old_post_that_vanished_while_away_is_told_and_asked_about_once(
    age_seconds: float,
) -> None:
    async with following(faults=(away(2),)) as follower:
        await follower.connected()
        gone = str(follower.server.post()["id"])
        await asyncio.sleep(age_seconds)
        follower.server.announce()
        await asyncio.sleep(5.0)
        follower.server.delete(gone)
        await asyncio.sleep(DAY)
        assert deleted(follower) == [gone]
        assert len(follower.of(Connected)) <= 3


@pytest.mark.parametrize(("catch_up", "reconcile"), [(False, True), (True, False), (False, False)])
@on_virtual_clock
async def test_what_nobody_is_to_fetch_ends_no_connection_again_and_again(
    *, catch_up: bool, reconcile: bool
) -> None:
    async with following(faults=(away(2),), catch_up=catch_up, reconcile=reconcile) as follower:
        await follower.connected()
        gone = str(follower.server.post()["id"])
        await asyncio.sleep(60.0)
        follower.server.announce()
        await asyncio.sleep(5.0)
        follower.server.post()
        follower.server.delete(gone)
        await asyncio.sleep(DAY)
        assert len(follower.of(Connected)) <= 3
        assert not all(gap.complete for gap in follower.of(Gap))


@on_virtual_clock
async def test_live_events_of_many_streams_do_not_wait_for_the_trouble_of_each() -> None:
    streams = [f"hashtag:tag{place}" for place in range(20)]
    trouble = Fault("rest_status", status=503, count=100_000, after_events=1)
    async with following(*streams, faults=(away(1), trouble)) as follower:
        await follower.connected()
        follower.server.post(tags=["tag0"])
        await follower.until(lambda: len(follower.of(Connected)) == 2)
        await asyncio.sleep(1.0)
        connected_at = loop_time()
        live = str(follower.server.post(tags=["tag7"])["id"])
        await follower.until(lambda: live in follower.ids)
        assert loop_time() - connected_at < 200.0


@on_virtual_clock
async def test_what_was_hidden_before_the_first_connection_is_named_where_rest_refuses_it() -> None:
    faults = (
        Fault("status", status=503, count=5, transport="sse"),
        Fault("rest_status", status=403, count=100, after_events=1),
    )
    async with following(transport="sse", faults=faults) as follower:
        await asyncio.sleep(1.0)
        follower.server.post()
        await asyncio.sleep(3600.0)
        assert follower.server.faults.unfired() == ()
        assert not follower.of(Update)
        assert [gap.complete for gap in follower.of(Gap)] == [False]
