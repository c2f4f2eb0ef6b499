"""From one transport to the next that is offered, to polling, and back to streaming."""

from __future__ import annotations

import asyncio

import pytest
from tests.continuity.follower import HOST, Follower, following, loop_time
from tests.support.virtual_clock import on_virtual_clock, virtual_network, wall_clock

from trunkline import AsyncMastodon
from trunkline.errors import NoSuchStream
from trunkline.options import StreamKeywords
from trunkline.server import Fault, Server, World
from trunkline.server.faults import FaultKind
from trunkline.signals import Connected, Disconnected, Gap

HALF_AN_HOUR = 1800.0


def refused(
    transport: str, times: int, *, kind: FaultKind = "status", status: int = 404, after: int = 0
) -> Fault:
    return Fault(
        kind,
        status=status,
        count=times,
        transport=transport,  # type: ignore[arg-type]
        after_events=after,
    )


def transports(follower: Follower) -> list[str]:
    return [one.transport for one in follower.of(Connected)]


async def publish(follower: Follower, *, times: int, every_seconds: float) -> list[str]:
    published = []
    for _ in range(times):
        published.append(str(follower.server.post(tags=["python"])["id"]))
        await asyncio.sleep(every_seconds)
    return published


@pytest.mark.parametrize(
    ("kind", "status"),
    [("status", 404), ("status", 426), ("status", 501), ("html", 200)],
)
@pytest.mark.parametrize("after", [0, 3], ids=["at-first", "while-followed"])
@on_virtual_clock
async def test_a_server_that_streams_again_is_not_polled_for_ever(
    kind: FaultKind, status: int, after: int
) -> None:
    faults = [
        refused(one, 1, kind=kind, status=status, after=after) for one in ("sse", "websocket")
    ]
    async with following(faults=tuple(faults)) as follower:
        await follower.connected()
        published = await publish(follower, times=60, every_seconds=30.0)
        assert follower.server.faults.fired[0] == 1
        assert transports(follower)[-1] == "sse"
        assert follower.ids == published
        assert all(gap.complete for gap in follower.of(Gap))


@on_virtual_clock
async def test_every_change_of_transport_is_told() -> None:
    faults = (refused("sse", 1, after=1), refused("websocket", 1, after=1))
    async with following(faults=faults) as follower:
        await follower.connected()
        await publish(follower, times=10, every_seconds=30.0)
        story = [
            one.transport if isinstance(one, Connected) else one.reason
            for one in follower.items
            if isinstance(one, (Connected, Disconnected))
        ]
        assert story == [
            "sse",
            "cut",
            "no-such-stream",
            "no-such-stream",
            "polling",
            "superseded",
            "sse",
        ]
        assert follower.feed.stats().disconnects["superseded"] == 1


@on_virtual_clock
async def test_several_streams_return_to_one_socket() -> None:
    faults = (
        refused("websocket", 1, after=1),
        refused("sse", 2, after=1),
    )
    async with following("public", "hashtag:python", faults=faults) as follower:
        await follower.connected()
        published = await publish(follower, times=20, every_seconds=30.0)
        connected = follower.of(Connected)
        assert [one.transport for one in connected].count("polling") == 2
        assert (connected[-1].transport, len(connected[-1].streams)) == ("websocket", 2)
        assert sorted(follower.ids) == sorted(2 * published)


@on_virtual_clock
async def test_a_server_that_never_streams_is_tried_seldom_and_in_silence() -> None:
    faults = (refused("sse", 100_000), refused("websocket", 100_000))
    async with following(faults=faults) as follower:
        await follower.connected()
        items = len(follower.items)
        struck = sum(follower.server.faults.fired)
        await asyncio.sleep(86_400.0)
        assert len(follower.items) == items
        tries = (sum(follower.server.faults.fired) - struck) / 2
        assert 100 < tries < 200


@on_virtual_clock
async def test_a_server_that_moves_may_answer_404_to_everything_for_a_while() -> None:
    """REST as well, so that there is not even something to poll."""
    faults = (
        refused("sse", 1, after=1),
        refused("websocket", 1, after=1),
        Fault("rest_status", status=404, count=3, after_events=1),
    )
    async with following(faults=faults) as follower:
        await follower.connected()
        published = await publish(follower, times=60, every_seconds=30.0)
        assert follower.server.faults.unfired() == ()
        assert follower.ids == published
        assert transports(follower)[-1] == "sse"


@on_virtual_clock
async def test_a_transport_chosen_by_name_stands_alone() -> None:
    options: StreamKeywords = {"transport": "sse"}
    async with following(faults=(refused("sse", 100),), **options) as follower:
        assert follower.task is not None
        await asyncio.wait([follower.task], timeout=HALF_AN_HOUR)
        assert isinstance(follower.task.exception(), NoSuchStream)


@on_virtual_clock
async def test_what_could_not_be_read_at_first_is_polled_all_the_same() -> None:
    """Else nothing would ever be asked for: nobody knows from where."""
    faults = (
        Fault("rest_status", status=403, count=1),
        refused("sse", 1000, after=1),
        refused("websocket", 1000, after=1),
    )
    async with following("hashtag:python", faults=faults) as follower:
        await follower.connected()
        follower.server.post(tags=["rust"])
        await asyncio.sleep(60.0)
        published = await publish(follower, times=3, every_seconds=60.0)
        assert follower.server.faults.unfired() == ()
        assert follower.ids == published
        assert [gap.complete for gap in follower.of(Gap)] == [False]


@on_virtual_clock
async def test_polling_catches_up_whether_that_is_wanted_or_not() -> None:
    async with following(transport="polling", catch_up=False) as follower:
        await follower.connected()
        published = await publish(follower, times=3, every_seconds=60.0)
        assert follower.ids == published


@on_virtual_clock
async def test_a_stream_that_is_streamed_is_left_alone_while_another_one_returns() -> None:
    faults = (refused("websocket", 100_000), refused("sse", 1))
    async with following("public", "hashtag:python", faults=faults) as follower:
        await follower.connected()
        published = await publish(follower, times=60, every_seconds=60.0)
        told = [(str(one.streams[0]), one.transport) for one in follower.of(Connected)]
        assert sorted(told) == [("hashtag:python", "sse"), ("public", "polling"), ("public", "sse")]
        assert sorted(follower.ids) == sorted(2 * published)


@on_virtual_clock
async def test_the_first_try_to_return_comes_soon_after_each_fall() -> None:
    async with following() as follower:
        for _ in range(6):
            await follower.until(lambda: transports(follower)[-1:] == ["sse"])
            await asyncio.sleep(7200.0)
            fell_at, plan = loop_time(), follower.server.faults
            plan.faults = (*plan.faults, refused("sse", 1), refused("websocket", 1))
            plan.fired += [0, 0]
            follower.server.cut_connections()
            await follower.until(lambda: transports(follower)[-1] == "polling")
            await follower.until(lambda: transports(follower)[-1] == "sse")
            assert loop_time() - fell_at < 120.0


@on_virtual_clock
async def test_a_return_that_is_barred_elsewhere_ends_nothing() -> None:
    """One transport is offered again, the other one says no without a word."""
    faults = (
        refused("websocket", 2),
        refused("sse", 2),
        refused("websocket", 100_000, status=403),
    )
    async with following("public", "hashtag:python", faults=faults) as follower:
        await follower.connected()
        published = await publish(follower, times=30, every_seconds=60.0)
        assert follower.task is not None
        assert not follower.task.done()
        assert transports(follower)[-1] == "sse"
        assert sorted(follower.ids) == sorted(2 * published)


@on_virtual_clock
async def test_what_can_neither_be_streamed_nor_polled_is_no_stream() -> None:
    server = Server(World(now=wall_clock), host=HOST, flavour="friendica")
    async with (
        server,
        AsyncMastodon(server.url, access_token="demo-token", network=virtual_network()) as mastodon,
    ):
        with pytest.raises(NoSuchStream, match="has no streaming, and something no timeline"):
            await anext(mastodon.stream("something"))
