"""What a connection brings is delivered once, in order, and no faster than it is consumed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from trunkline.delivery import Delivery
from trunkline.events import Edit, Update
from trunkline.inbox import Inbox, Item
from trunkline.signals import Connected, Heartbeat
from trunkline.stats import Counters
from trunkline.streams import Stream
from trunkline.subscription import Subscription
from trunkline.transport.connection import Incoming, Pulse

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SERVER = "https://mastodon.example"
PUBLIC, TAGGED = Stream.public(), Stream.hashtag("python")
MANY = 10_000
"""So many live events may wait for a catch-up."""


def post(number: int, stream: Stream = PUBLIC) -> Update:
    return Update(stream, SERVER, NOON, f'{{"id":"{number}"}}'.encode())


class Scene:
    """A delivery into an inbox that holds a few items."""

    def __init__(self, *streams: Stream, max_items: int = 1_000_000) -> None:
        self.counters = Counters()
        self.inbox = Inbox(max_items=max_items, max_bytes=1_000_000_000)
        self.subscriptions = {
            stream: Subscription(stream, SERVER, counters=self.counters, store=None)
            for stream in streams or (PUBLIC,)
        }
        self.delivery = Delivery(
            SERVER, self.subscriptions, inbox=self.inbox, counters=self.counters
        )

    async def take(self, *incoming: Incoming, size_bytes: int = 1) -> None:
        await self.delivery.take(incoming, size_bytes, now=NOON)

    async def catch_up(self, *events: Update | Edit) -> int:
        subscription = self.subscriptions[PUBLIC]
        return await self.delivery.take_caught_up(subscription, events, now=NOON)

    async def delivered(self) -> list[Item]:
        """Return what is in the inbox now; a signal marks the end of it."""
        mark = Connected(server=SERVER, at=NOON, streams=(), transport="mark")
        self.inbox.put([mark], size_bytes=0)
        return [item for item in await self.inbox.take() if item is not mark]


async def is_waiting(task: asyncio.Future[None]) -> bool:
    """Tell whether a task goes on waiting, however often it gets its turn."""
    for _ in range(5):
        await asyncio.sleep(0)
    return not task.done()


async def test_events_are_delivered_in_their_order_and_once() -> None:
    scene = Scene()
    await scene.take(post(2), post(1), post(2))
    await scene.take(post(1), post(3))
    assert await scene.delivered() == [post(2), post(1), post(3)]
    assert scene.counters.duplicates == 2


async def test_a_heartbeat_is_a_signal_among_the_events() -> None:
    scene = Scene()
    await scene.take(post(1), Pulse.HEARTBEAT, post(2))
    heartbeat = Heartbeat(server=SERVER, at=NOON, streams=(PUBLIC,))
    assert await scene.delivered() == [post(1), heartbeat, post(2)]


async def test_a_post_of_two_streams_comes_once_for_each() -> None:
    scene = Scene(PUBLIC, TAGGED)
    both = post(1), post(1, TAGGED)
    await scene.take(*both, *both)
    assert await scene.delivered() == list(both)


async def test_live_events_wait_until_they_are_let_through() -> None:
    scene = Scene()
    scene.delivery.hold_back()
    await scene.take(post(10))
    assert await scene.delivered() == []
    assert await scene.catch_up(post(8), post(9)) == 2
    await scene.delivery.let_through()
    await scene.take(post(11))
    assert await scene.delivered() == [post(8), post(9), post(10), post(11)]


async def test_what_was_caught_up_does_not_come_again_when_it_had_waited_too() -> None:
    scene = Scene()
    scene.delivery.hold_back()
    await scene.take(post(1), post(2))
    await scene.catch_up(post(1))
    await scene.delivery.let_through()
    assert await scene.delivered() == [post(1), post(2)]


async def test_of_what_is_caught_up_only_news_are_delivered_and_counted() -> None:
    scene = Scene()
    await scene.take(post(1))
    assert await scene.catch_up(post(1), post(2)) == 1
    assert await scene.delivered() == [post(1), post(2)]


async def test_holding_back_twice_lets_go_of_nothing() -> None:
    scene = Scene()
    scene.delivery.hold_back()
    await scene.take(post(1))
    scene.delivery.hold_back()
    await scene.delivery.let_through()
    assert await scene.delivered() == [post(1)]


async def test_whoever_reads_waits_while_the_consumer_leaves_no_room() -> None:
    scene = Scene(max_items=2)
    await scene.take(post(1), post(2))
    reading = asyncio.ensure_future(scene.take(post(3)))
    assert await is_waiting(reading)
    assert scene.inbox.is_full
    assert await scene.inbox.take() == [post(1), post(2)]
    await reading
    assert await scene.inbox.take() == [post(3)]


async def test_catching_up_waits_for_room_too() -> None:
    scene = Scene(max_items=1)
    await scene.take(post(1))
    catching_up = asyncio.ensure_future(scene.catch_up(post(2)))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not catching_up.done()
    await scene.inbox.take()
    assert await catching_up == 1


@pytest.mark.parametrize("size_bytes", [1, 17 * 1024 * 1024])
async def test_no_more_live_events_wait_than_can_be_held(size_bytes: int) -> None:
    scene = Scene()
    scene.delivery.hold_back()
    count = MANY if size_bytes == 1 else 1
    await scene.take(*map(post, range(count)), size_bytes=size_bytes)
    reading = asyncio.ensure_future(scene.take(post(count)))
    assert await is_waiting(reading)
    await scene.delivery.let_through()
    await reading
    assert await scene.delivered() == [post(number) for number in range(count + 1)]


async def test_an_event_that_found_no_room_and_was_cancelled_is_no_duplicate_later() -> None:
    """Nothing may count as seen that was not put into the inbox."""
    scene = Scene(max_items=1)
    await scene.take(post(1))
    reading = asyncio.ensure_future(scene.take(post(2)))
    assert await is_waiting(reading)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await scene.inbox.take()
    await scene.take(post(2))
    assert await scene.inbox.take() == [post(2)]
