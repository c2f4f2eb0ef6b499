"""Small clients by other hands (aiohttp's, and bare sockets) to test the embedded server with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec

from trunkline.server import Fault, Server, World
from trunkline.server.site import Settings
from trunkline.wire.sse import Comment, EventStreamParser, Frame

SECONDS = 5.0


class EventStream:
    """An open event stream; `next` gives its frames, `items` everything that has come."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.items: list[object] = []
        self.unread: list[Frame] = []
        self.ended = False
        self._parser = EventStreamParser()

    async def next(self) -> Frame:
        async with asyncio.timeout(SECONDS):
            while not self.unread:
                await self.read()
        return self.unread.pop(0)

    async def frames(self, count: int) -> list[Frame]:
        return [await self.next() for _ in range(count)]

    async def ids(self, count: int) -> list[str]:
        return [identifier(frame) for frame in await self.frames(count)]

    async def comment(self, *, seconds: float = SECONDS) -> Comment:
        async with asyncio.timeout(seconds):
            while not (found := [one for one in self.items if isinstance(one, Comment)]):
                await self.read()
        self.items.remove(found[0])
        return found[0]

    async def read(self) -> None:
        data = await self.response.content.readany()
        if not data:
            self.ended = True
            raise EOFError
        items = self._parser.feed(data)
        self.items += items
        self.unread += [item for item in items if isinstance(item, Frame)]

    async def end(self) -> str:
        """Wait for the end and say how it was: ``clean`` or the name of the error."""
        try:
            async with asyncio.timeout(SECONDS):
                while True:
                    await self.read()
        except EOFError:
            return "clean"
        except aiohttp.ClientError as error:
            return type(error).__name__


def identifier(frame: Frame) -> str:
    data = frame.data or b""
    if data.startswith(b"{"):
        return str(msgspec.json.decode(data)["id"])
    return data.decode()


@asynccontextmanager
async def http(server: Server, token: str | None = "demo-token") -> AsyncIterator[Http]:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    async with aiohttp.ClientSession(server.url, headers=headers) as session:
        yield Http(session, server)


@asynccontextmanager
async def served(
    *faults: Fault,
    world: World | None = None,
    settings: Settings | None = None,
    flavour: str = "mastodon",
    token: str | None = "demo-token",
) -> AsyncIterator[Http]:
    """Run a server with `faults` and a client of it."""
    server = Server(world, settings=settings, flavour=flavour, faults=faults)
    async with server, http(server, token) as client:
        yield client


class Http:
    """A session of aiohttp's client with one server."""

    def __init__(self, session: aiohttp.ClientSession, server: Server) -> None:
        self.session = session
        self.server = server

    @asynccontextmanager
    async def stream(self, path: str = "public") -> AsyncIterator[EventStream]:
        before = self.server.hub.counters.subscribed
        async with self.session.get(f"/api/v1/streaming/{path}", allow_redirects=False) as response:
            if response.status == 200 and response.content_type == "text/event-stream":
                await self.server.until(lambda: self.server.hub.counters.subscribed > before)
            yield EventStream(response)

    @asynccontextmanager
    async def websocket(
        self, query: str = "", *, protocols: tuple[str, ...] = ()
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        path = f"/api/v1/streaming{'?' if query else ''}{query}"
        async with self.session.ws_connect(path, protocols=protocols) as socket:
            yield socket

    async def get(self, path: str) -> tuple[int, object, dict[str, str]]:
        async with self.session.get(f"/api/v1/{path}") as response:
            return response.status, await response.json(), dict(response.headers)

    async def ids(self, path: str) -> list[str]:
        status, body, _ = await self.get(path)
        assert status == 200
        assert isinstance(body, list)
        return [str(one["id"]) for one in body]


async def message(
    socket: aiohttp.ClientWebSocketResponse, *, seconds: float = SECONDS
) -> dict[str, object]:
    """Return the next text message of `socket` as an object."""
    found: dict[str, object] = msgspec.json.decode(await socket.receive_str(timeout=seconds))
    return found


@asynccontextmanager
async def talking(
    query: str = "",
    *faults: Fault,
    protocols: tuple[str, ...] = (),
    world: World | None = None,
    flavour: str = "mastodon",
    token: str | None = "demo-token",
) -> AsyncIterator[tuple[Http, aiohttp.ClientWebSocketResponse]]:
    """Run a server and a client of it with an open WebSocket."""
    async with (
        served(*faults, world=world, flavour=flavour, token=token) as client,
        client.websocket(query, protocols=protocols) as socket,
    ):
        yield client, socket
