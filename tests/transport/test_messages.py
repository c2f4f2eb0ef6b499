"""Messages of a WebSocket are taken all at once, in order, and no more than can be held."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from trunkline.transport.messages import Messages

TEXT = aiohttp.WSMsgType.TEXT


class Script:
    """A WebSocket that says what it was given, one message for each call, and then waits."""

    def __init__(self, *messages: aiohttp.WSMessage | BaseException) -> None:
        self.left = list(messages)
        self.asked = 0
        self.more = asyncio.Event()

    async def receive(self) -> aiohttp.WSMessage:
        self.asked += 1
        while not self.left:
            self.more.clear()
            await self.more.wait()
        message = self.left.pop(0)
        if isinstance(message, BaseException):
            raise message
        return message

    def say(self, *messages: aiohttp.WSMessage) -> None:
        self.left += messages
        self.more.set()


def text(data: bytes) -> aiohttp.WSMessage:
    return aiohttp.WSMessage(TEXT, data, None)


CLOSE = aiohttp.WSMessage(aiohttp.WSMsgType.CLOSE, 1000, "bye")


@asynccontextmanager
async def messages_of(script: Script) -> AsyncIterator[Messages]:
    messages = Messages(script)
    try:
        yield messages
    finally:
        messages.stop()


async def test_all_that_has_arrived_is_taken_at_once_and_in_order() -> None:
    script = Script(*(text(b"%d" % number) for number in range(100)))
    async with messages_of(script) as messages:
        taken = await messages.take()

        assert [message.data for message in taken] == [b"%d" % number for number in range(100)]


async def test_what_comes_later_is_taken_later() -> None:
    script = Script(text(b"first"))
    async with messages_of(script) as messages:
        first = await messages.take()
        later = asyncio.ensure_future(messages.take())
        script.say(text(b"second"), text(b"third"))

        assert [message.data for message in first + await later] == [b"first", b"second", b"third"]


async def test_no_more_is_asked_for_than_can_be_held() -> None:
    large = text(b"x" * 600_000)
    script = Script(*[large] * 10)
    async with messages_of(script) as messages:
        sizes: list[int] = []
        while sum(sizes) < 10:
            sizes.append(len(await messages.take()))
            assert script.asked <= sum(sizes) + 2

        assert max(sizes) == 2


async def test_the_last_message_says_how_it_ended_and_then_nothing_is_asked() -> None:
    script = Script(text(b"last"), CLOSE)
    async with messages_of(script) as messages:
        assert await messages.take() == [text(b"last"), CLOSE]
        (after,) = await messages.take()

        assert after.type is aiohttp.WSMsgType.CLOSED
        assert script.asked == 2


async def test_an_error_of_the_library_ends_the_messages_after_those_before_it() -> None:
    script = Script(text(b"before"), RuntimeError("a fault of the library"))
    async with messages_of(script) as messages:
        assert [message.data for message in await messages.take()] == [b"before"]
        with pytest.raises(RuntimeError, match="a fault of the library"):
            await messages.take()


async def test_whoever_waits_is_let_go_when_no_more_is_asked_for() -> None:
    async with messages_of(Script()) as messages:
        waiting = asyncio.ensure_future(messages.take())
        await asyncio.sleep(0)
        messages.stop()

        assert [message.type for message in await waiting] == [aiohttp.WSMsgType.CLOSED]


async def test_a_real_socket_gives_every_message_and_how_it_ended() -> None:
    async def talk(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for number in range(500):
            await socket.send_str(f"{number}")
        await socket.close(code=1012, message=b"restart")
        return socket

    application = web.Application()
    application.router.add_get("/", talk)
    taken: list[object] = []
    async with TestServer(application) as server, aiohttp.ClientSession() as http:
        socket = await http.ws_connect(server.make_url("/"), decode_text=False)
        messages = Messages(socket)
        while not taken or taken[-1] != (aiohttp.WSMsgType.CLOSE, 1012):
            taken += [(message.type, message.data) for message in await messages.take()]

    assert taken[:-1] == [(TEXT, b"%d" % number) for number in range(500)]
