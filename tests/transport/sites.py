"""Small servers that answer as a test tells them, and keep what they were asked."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import msgspec
from aiohttp import web
from multidict import CIMultiDictProxy

from trunkline.transport.http import Network

Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived, and when by the clock of the loop."""

    path: str
    query: str
    headers: CIMultiDictProxy[str]
    at_seconds: float


@dataclass(slots=True)
class Site:
    """A server of this machine: its address, its answers by path, and what it was asked."""

    url: str
    answers: dict[str, Respond]
    asked: list[Asked] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [one.path for one in self.asked]

    @property
    def times(self) -> list[float]:
        """When it was asked, in order."""
        return [one.at_seconds for one in self.asked]

    def said(self) -> str:
        """Return everything that it was told, to look for what should not be in it."""
        return repr([(one.path, one.query, sorted(one.headers.items())) for one in self.asked])


@asynccontextmanager
async def site(
    answers: Mapping[str, Respond] | None = None, *, trust: ssl.SSLContext | None = None
) -> AsyncIterator[Site]:
    """Run a server; what it has no answer for is 404."""
    shown = Site("", dict(answers or {}))

    async def respond(request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, web.Request)
        now_seconds = asyncio.get_running_loop().time()
        query = request.rel_url.raw_query_string
        shown.asked.append(Asked(request.path, query, request.headers, now_seconds))
        answer = shown.answers.get(request.path)
        return web.Response(status=404) if answer is None else await answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", respond)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        listening = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=trust)
        await listening.start()
        scheme = "http" if trust is None else "https"
        shown.url = f"{scheme}://127.0.0.1:{listening.port}"
        yield shown
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_site(script: Script, *, trust: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Run a server that plays `script` on every connection and then closes it."""
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        try:
            await script(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            talks.discard(task)
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=trust)
    scheme = "https" if trust else "http"
    try:
        yield f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


@asynccontextmanager
async def session(network: Network | None = None) -> AsyncIterator[aiohttp.ClientSession]:
    """Open an HTTP session as a client does."""
    async with (network or Network()).open() as http:
        yield http


def says(
    document: object = None,
    *,
    status: int = 200,
    text: str | None = None,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Respond:
    """Return an answer: a document in JSON, or `text` as it is."""
    body = msgspec.json.encode(document) if text is None else text.encode()

    async def respond(request: web.Request) -> web.StreamResponse:
        return web.Response(
            body=body, status=status, content_type=content_type, headers=dict(headers or {})
        )

    return respond


def leads_to(location: str, *, status: int = 301) -> Respond:
    """Return an answer that sends whoever asks to another address."""
    return says(text="", status=status, headers={"Location": location})


def in_pieces(*pieces: bytes, content_type: str = "application/json", status: int = 200) -> Respond:
    """Return an answer that comes in pieces, each in a packet of its own."""

    async def respond(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers={"Content-Type": content_type})
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
            await asyncio.sleep(0.01)
        return response

    return respond
