"""The virtual clock keeps what it promises: real sockets, and time that only jumps."""

import asyncio
import time

import pytest
from tests.support.virtual_clock import EPOCH, on_virtual_clock, run, wall_clock


@on_virtual_clock
async def test_a_day_of_sleep_takes_no_time() -> None:
    began, loop = time.monotonic(), asyncio.get_running_loop()
    await asyncio.sleep(86_400)
    assert loop.time() == pytest.approx(86_400)
    assert wall_clock() == pytest.approx(EPOCH + 86_400)
    assert time.monotonic() - began < 5


@on_virtual_clock
async def test_time_stands_still_while_sockets_are_busy() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(0.5):
            for number in range(200):
                writer.write(b"%d\n" % number)
                assert await reader.readline() == b"%d\n" % number
        writer.close()
        await writer.wait_closed()
    assert asyncio.get_running_loop().time() < 0.5


@on_virtual_clock
async def test_timers_fire_in_their_order() -> None:
    fired: list[int] = []

    async def fire(after_seconds: int) -> None:
        await asyncio.sleep(after_seconds)
        fired.append(after_seconds)

    await asyncio.gather(*(fire(seconds) for seconds in (300, 5, 7200, 60)))
    assert fired == [5, 60, 300, 7200]


def test_an_exception_that_a_callback_swallowed_comes_out() -> None:
    async def scenario() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(1)

    with pytest.raises(AssertionError, match="division by zero"):
        run(scenario())
