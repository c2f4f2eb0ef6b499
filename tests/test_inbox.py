"""The inbox is bounded by count and by bytes, keeps its order, and loses nothing at its end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from trunkline.events import Delete
from trunkline.inbox import Inbox
from trunkline.streams import Stream

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ONE, TWO, THREE = (
    Delete(Stream.public(), "https://mastodon.example", NOON, raw) for raw in (b"1", b"2", b"3")
)


def inbox(*, max_items: int = 2, max_bytes: int = 100) -> Inbox:
    return Inbox(max_items=max_items, max_bytes=max_bytes)


async def test_what_was_put_is_taken_at_once_and_in_order() -> None:
    box = inbox()
    box.put([ONE], size_bytes=1)
    box.put([TWO], size_bytes=1)
    assert await box.take() == [ONE, TWO]


async def test_it_is_full_at_so_many_items_until_somebody_takes_them() -> None:
    box, full = inbox(max_items=2), []
    for item in (ONE, TWO):
        box.put([item], size_bytes=1)
        full.append(box.is_full)
    assert full == [False, True]
    waiting = asyncio.ensure_future(box.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await box.take()
    await waiting
    assert not box.is_full


async def test_it_is_full_at_so_many_bytes() -> None:
    full = []
    for size_bytes in (9, 10):
        box = inbox(max_bytes=10)
        box.put([ONE], size_bytes=size_bytes)
        full.append(box.is_full)
    assert full == [False, True]


async def test_whoever_takes_waits_until_there_is_something() -> None:
    box = inbox()
    taking = asyncio.ensure_future(box.take())
    await asyncio.sleep(0)
    box.put([], size_bytes=5)
    await asyncio.sleep(0)
    assert not taking.done()
    box.put([ONE], size_bytes=1)
    assert await taking == [ONE]


async def test_everything_is_taken_before_the_end_is_told() -> None:
    box = inbox()
    box.put([ONE], size_bytes=1)
    box.end(ValueError("over"))
    box.end(KeyError("a second word"))
    assert await box.take() == [ONE]
    for _ in range(2):
        with pytest.raises(ValueError, match="over"):
            await box.take()


async def test_an_end_without_an_error_is_an_empty_list() -> None:
    box = inbox()
    taking = asyncio.ensure_future(box.take())
    await asyncio.sleep(0)
    box.end()
    assert (await taking, await box.take()) == ([], [])


async def test_a_cancelled_taker_takes_nothing() -> None:
    box = inbox()
    taking = asyncio.ensure_future(box.take())
    await asyncio.sleep(0)
    box.put([THREE], size_bytes=1)
    taking.cancel()
    await asyncio.gather(taking, return_exceptions=True)
    assert await box.take() == [THREE]
