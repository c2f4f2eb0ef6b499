"""Up to when everything that was told has been read, and what a sleep says about that."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.virtual_clock import on_virtual_clock

from trunkline.reading import Reading
from trunkline.stats import Counters
from trunkline.streams import Stream
from trunkline.subscription import Subscription
from trunkline.transport.connection import Incoming

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PUBLIC = Stream.public()


@pytest.mark.parametrize("slept_seconds", [0.0, 15.0, 8 * 3600.0])
@on_virtual_clock
async def test_what_is_read_after_a_sleep_does_not_say_that_the_connection_lives(
    slept_seconds: float,
) -> None:
    one = Subscription(PUBLIC, "https://mastodon.example", counters=Counters(), store=None)
    reading = Reading([one], is_holding_back=lambda: False, stall_seconds=45.0)
    telling = asyncio.ensure_future(reading.tell())
    reading.has_read(NOON)
    reading.waits()
    await asyncio.sleep(1.0)
    woken = NOON + timedelta(seconds=slept_seconds)
    reading.has_read(woken)
    reading.waits()
    await asyncio.sleep(1.0)
    first_live_at = one.live_at
    later = woken + timedelta(seconds=15.0)
    reading.has_read(later)
    reading.waits()
    await asyncio.sleep(1.0)
    telling.cancel()
    assert first_live_at == (NOON if slept_seconds > 45.0 else woken)
    assert one.live_at == later


class Pieces:
    """A connection of which only this is asked here."""

    streams: tuple[Stream, ...] = (PUBLIC,)
    transport = "sse"
    bytes_received = 0
    is_between_events = True

    async def read(self) -> Sequence[Incoming]:
        raise AssertionError

    async def close(self) -> None:
        raise AssertionError


@on_virtual_clock
async def test_what_comes_in_pieces_was_told_before_its_last_piece_is_read() -> None:
    one = Subscription(PUBLIC, "https://mastodon.example", counters=Counters(), store=None)
    reading = Reading([one], is_holding_back=lambda: False, stall_seconds=45.0)
    connection = Pieces()
    reading.begins(connection)
    telling = asyncio.ensure_future(reading.tell())
    for seconds, is_whole in ((0, True), (20, False), (40, True)):
        at = NOON + timedelta(seconds=seconds)
        connection.is_between_events = is_whole
        reading.has_read(at)
        reading.waits()
        await asyncio.sleep(10.0)
        assert one.live_at == (at if is_whole else NOON)
    telling.cancel()
