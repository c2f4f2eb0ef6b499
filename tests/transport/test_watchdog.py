"""The watchdog: silence while somebody listens is a stall, and nothing else is."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import pytest
from tests.support.virtual_clock import on_virtual_clock

from trunkline.transport.watchdog import Watchdog


@dataclass(slots=True)
class Seen:
    """When a watchdog called, in seconds of the loop."""

    stalls: list[float] = field(default_factory=list)
    pings: list[float] = field(default_factory=list)


def watch(seconds: float = 30.0) -> tuple[Watchdog, Seen]:
    loop, seen = asyncio.get_running_loop(), Seen()
    dog = Watchdog(
        stall_seconds=seconds,
        on_stall=lambda: seen.stalls.append(loop.time()),
        on_silence=lambda: seen.pings.append(loop.time()),
    )
    return dog, seen


@on_virtual_clock
async def test_it_calls_once_when_nothing_is_heard_for_so_long() -> None:
    _, seen = watch()
    await asyncio.sleep(1000.0)
    assert seen.stalls == [pytest.approx(30.0)]


@on_virtual_clock
async def test_signs_of_life_put_it_off() -> None:
    dog, seen = watch()
    for _ in range(100):
        await asyncio.sleep(29.0)
        dog.touch()
    assert seen.stalls == []
    await asyncio.sleep(1000.0)
    assert seen.stalls == [pytest.approx(2930.0, abs=0.1)]


@on_virtual_clock
async def test_it_is_never_late_by_more_than_a_moment() -> None:
    for touched_at in (0.1, 9.9, 10.1, 25.0, 29.9):
        loop = asyncio.get_running_loop()
        began = loop.time()
        dog, seen = watch()
        await asyncio.sleep(touched_at)
        dog.touch()
        await asyncio.sleep(200.0)
        assert seen.stalls[0] - began == pytest.approx(touched_at + 30.0, abs=0.01)


@on_virtual_clock
async def test_it_asks_for_a_sign_every_third_of_the_time() -> None:
    _, seen = watch()
    await asyncio.sleep(1000.0)
    assert seen.pings == [pytest.approx(10.0), pytest.approx(20.0)]


@on_virtual_clock
async def test_it_sleeps_while_nobody_reads() -> None:
    dog, seen = watch()
    dog.pause()
    await asyncio.sleep(1000.0)
    assert seen.stalls == []
    dog.resume()
    await asyncio.sleep(29.0)
    assert seen.stalls == []
    await asyncio.sleep(2.0)
    assert len(seen.stalls) == 1


@on_virtual_clock
async def test_stopped_it_calls_no_more() -> None:
    dog, seen = watch()
    dog.stop()
    dog.stop()
    await asyncio.sleep(1000.0)
    assert (seen.stalls, seen.pings) == ([], [])


async def test_time_in_which_the_loop_did_not_run_is_no_silence() -> None:
    dog, seen = watch(0.15)
    for _ in range(3):
        time.sleep(0.2)  # noqa: ASYNC251  # what a program does that it should not
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert seen.stalls == []
    dog.stop()
