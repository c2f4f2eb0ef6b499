"""The access token is nowhere but in the header that takes it to its server.

Many ways are gone with one recognisable token, and everything that can be read afterwards is
searched for it: logs at their most talkative, representations of every object, tracebacks with
their local variables, the addresses that were asked, the file of cursors.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from tests.transport.certificates import certificate
from tests.transport.proxy import Proxy, proxy
from tests.transport.sites import Respond, leads_to, says, site

from trunkline import AsyncMastodon, Mastodon, Network, StreamListener, TrunklineError
from trunkline.core import ClientKeywords
from trunkline.errors import GaveUp
from trunkline.options import TransportChoice
from trunkline.server import Server as EmbeddedServer
from trunkline.server.faults import Fault
from trunkline.testing import running_server
from trunkline.transport.secret import Secret

TOKEN = "tOkEn-9b1d5f7a"
V2 = "/api/v2/instance"
SSE: TransportChoice = "sse"
WEBSOCKET: TransportChoice = "websocket"
TRANSPORTS = pytest.mark.parametrize("transport", [SSE, WEBSOCKET])


@pytest.fixture(autouse=True)
def talkative(caplog: pytest.LogCaptureFixture) -> None:
    """Let every library log all it can."""
    caplog.set_level(logging.DEBUG)
    for name in ("aiohttp", "aiohttp.client", "aiohttp.internal", "asyncio", "trunkline"):
        logging.getLogger(name).setLevel(logging.DEBUG)


def objects() -> str:
    """Return the representations of all objects of ours that live now, and of what they hold."""
    shown: list[str] = []
    gc.collect()
    for one in gc.get_objects():
        kind = type(one)
        module = str(kind.__module__)
        if module.startswith("trunkline.") and not module.startswith("trunkline.server"):
            shown.append(repr(one) if isinstance(one, str) else f"{one!r} {one}")
            shown.append(repr(getattr(one, "__dict__", "")))
            shown += [repr(getattr(one, name, "")) for name in getattr(kind, "__slots__", ())]
    return "\n".join(shown)


def assert_hidden(text: str) -> None:
    """Check that the token is not in `text`, and show only the place where it is."""
    found_at = text.find(TOKEN)
    assert found_at < 0, text[max(0, found_at - 300) : found_at + 100]


def told(error: BaseException) -> str:
    """Return everything that can be said of an error and of those behind it."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    words = "".join(shown.format())
    chain: BaseException | None = error
    while chain is not None:
        words += f"{chain!r} {chain} {chain.args!r} {vars(chain)!r}"
        chain = chain.__cause__ or chain.__context__
    return words


def logged(caplog: pytest.LogCaptureFixture) -> str:
    return caplog.text + repr([vars(record) for record in caplog.records])


@asynccontextmanager
async def watched() -> AsyncIterator[tuple[Network, Proxy]]:
    """Reach servers through a proxy, which sees every address in full."""
    async with proxy() as passed:
        yield Network(proxy=passed.url), passed


async def until_it_ends(mastodon: AsyncMastodon, transport: TransportChoice) -> str:
    """Follow until an error, and return what is told of it."""
    try:
        async for _ in mastodon.stream("user", transport=transport, max_retries=0):
            pass
    except TrunklineError as error:
        return told(error)
    raise AssertionError("It ended without an error.")


@TRANSPORTS
async def test_not_while_all_is_well(
    transport: TransportChoice, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    asyncio.get_running_loop().set_debug(True)
    store = tmp_path / "cursors.db"
    async with watched() as (network, passed), EmbeddedServer() as server:
        server.world.people.add_token(TOKEN)
        async with AsyncMastodon(
            server.url, access_token=TOKEN, network=network, cursors=store
        ) as mastodon:
            feed = mastodon.stream("user", "public", transport=transport)
            first = asyncio.ensure_future(anext(feed))
            await server.wait_for_subscribers(2)
            server.world.post()
            event = await first
            assert await mastodon.stream_healthy()
            everything = objects() + repr(feed.stats()) + repr(event)
    everything += logged(caplog) + repr(passed.requests)
    assert "/api/v1/streaming" in everything
    assert TOKEN in repr(passed.heads), "it went where it belongs"
    assert_hidden(everything)
    written = read_all(tmp_path)
    assert b"public" in written
    assert TOKEN.encode() not in written


def read_all(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


ECHO = f"What is {TOKEN}, which came as Bearer {TOKEN}?"
REFUSALS: dict[str, Respond] = {
    "401": says({"error": "Invalid access token"}, status=401),
    "401 that repeats it": says({"error": ECHO}, status=401, headers={"X-Error-Message": ECHO}),
    "400 that repeats it": says({"error": ECHO}, status=400, headers={"X-Error-Message": ECHO}),
    "500 that repeats it": says({"error": ECHO}, status=500, headers={"X-Error-Message": ECHO}),
    "page": says(text="<!DOCTYPE html>", content_type="text/html"),
    "redirect": leads_to(f"https://elsewhere.invalid/?{TOKEN}"),
    "nothing there": says({"error": "Not found"}, status=404),
}


@TRANSPORTS
@pytest.mark.parametrize("name", REFUSALS)
async def test_not_when_the_stream_is_refused(
    name: str, transport: TransportChoice, caplog: pytest.LogCaptureFixture
) -> None:
    answers = {V2: says({"version": "4.4.0"})}
    for path in ("/api/v1/streaming", "/api/v1/streaming/user", "/api/v1/timelines/home"):
        answers[path] = REFUSALS[name]
    async with site(answers) as shown:
        network = Network(dice=lambda: 0.0)  # no waiting between tries
        async with AsyncMastodon(shown.url, access_token=TOKEN, network=network) as mastodon:
            everything = await until_it_ends(mastodon, transport) + objects()
    assert TOKEN in shown.said(), "it went where it belongs"
    assert_hidden(everything + logged(caplog))
    assert not any(TOKEN in asked.path + asked.query for asked in shown.asked)


@pytest.mark.parametrize("software", ["Akkoma 3.15", "Pleroma 2.9"])
async def test_not_when_it_goes_another_way_than_a_header(
    software: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def close(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=[TOKEN], timeout=0.1)
        await socket.prepare(request)
        await socket.send_json({"error": ECHO, "status": 401})
        await socket.close(code=1008, message=TOKEN.encode())
        return socket

    document = says({"version": f"2.7.2 (compatible; {software})"})
    async with (
        site({V2: document, "/api/v1/streaming": close}) as shown,
        AsyncMastodon(shown.url, access_token=TOKEN) as mastodon,
    ):
        everything = await until_it_ends(mastodon, WEBSOCKET)
    own = [record for record in caplog.records if not record.name.startswith("aiohttp.web")]
    assert_hidden(everything + repr([vars(record) for record in own]))


@TRANSPORTS
@pytest.mark.parametrize("kind", ["unreachable", "certificate", "cut"])
async def test_not_when_the_server_cannot_be_reached(
    kind: str, transport: TransportChoice, caplog: pytest.LogCaptureFixture
) -> None:
    async with site({V2: says({"version": "4.4.0"})}) as shown:
        address = shown.url
        if kind == "cut":
            shown.answers["/api/v1/streaming"] = cut
            shown.answers["/api/v1/streaming/user"] = cut
            everything = await ended(address, transport)
    if kind == "unreachable":
        everything = await ended(address, transport)
    if kind == "certificate":
        async with site(trust=certificate().of_server()) as secure:
            everything = await ended(secure.url, transport)
    assert_hidden(everything + logged(caplog))


async def cut(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def ended(address: str, transport: TransportChoice) -> str:
    network = Network(dice=lambda: 0.0)
    async with AsyncMastodon(address, access_token=TOKEN, network=network) as mastodon:
        return await until_it_ends(mastodon, transport) + objects()


@TRANSPORTS
async def test_not_when_connections_break_and_are_opened_again(
    transport: TransportChoice, caplog: pytest.LogCaptureFixture
) -> None:
    faults = [Fault("reset", after_events=1), Fault("garbage", after_events=3)]
    network = Network(dice=lambda: 0.0)
    async with EmbeddedServer(faults=faults) as server:
        server.world.people.add_token(TOKEN)
        async with AsyncMastodon(server.url, access_token=TOKEN, network=network) as mastodon:
            feed = mastodon.stream("public", transport=transport, signals=True)
            seen: list[str] = []
            async for item in feed:
                seen.append(type(item).__name__)
                if seen[-1] == "Heartbeat" or (transport == WEBSOCKET and seen[-1] == "Connected"):
                    await server.wait_for_subscribers(1)
                    server.world.post()
                    server.world.post()
                if seen.count("Connected") == 2 and "Malformed" in seen:
                    break
            everything = objects()
    assert "Disconnected" in seen
    assert_hidden(everything + logged(caplog))


def test_not_when_a_handler_in_a_thread_breaks(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(StreamListener):
        def on_update(self, status: object, /) -> None:
            raise ZeroDivisionError("mine")

    with running_server() as server:
        server.call(lambda: server.world.people.add_token(TOKEN))
        with Mastodon(server.url, access_token=TOKEN) as mastodon:
            handle = mastodon.stream_public(Broken(), run_async=True)
            server.wait_for_subscribers(1)
            server.post()
            server.until(lambda: not server.server.hub.subscribers)
            assert handle is not None
            handle.close()
            assert handle.error is not None
            everything = told(handle.error) + objects()
    assert "trunkline.stream_ended" in caplog.text
    assert_hidden(everything + logged(caplog))


WRONG: dict[str, Callable[[], object]] = {
    "an address with the token in it": lambda: Mastodon(f"https://x:{TOKEN}@mastodon.example"),
    "an address with a query": lambda: Mastodon(f"https://mastodon.example?access_token={TOKEN}"),
    "a streaming address": lambda: Mastodon(
        "mastodon.example", access_token=TOKEN, streaming_url=f"ftp://x:{TOKEN}@y"
    ),
    "a token of two words": lambda: Mastodon("mastodon.example", access_token=f"Bearer {TOKEN}"),
    "an unknown keyword": lambda: Mastodon("mastodon.example", **keyword("acess_token", TOKEN)),
    "a proxy": lambda: Network(proxy=f"socks5://x:{TOKEN}@proxy.example"),
    "a stream": lambda: Mastodon("mastodon.example", access_token=TOKEN).stream("two words"),
    "an option": lambda: Mastodon("mastodon.example", access_token=TOKEN).stream(
        "public",
        transport="carrier pigeon",  # type: ignore[call-overload]
    ),
}


def keyword(name: str, value: str) -> ClientKeywords:
    wrong: ClientKeywords = {name: value}  # type: ignore[misc]  # misspelled on purpose
    return wrong


@pytest.mark.parametrize("name", WRONG)
def test_not_when_what_was_passed_is_wrong(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(TrunklineError) as caught:
        WRONG[name]()
    everything = "".join(traceback.format_exception(caught.value)) + logged(caplog)
    assert_hidden(everything)


def test_a_secret_is_sent_and_not_shown() -> None:
    secret = Secret(TOKEN)
    assert f"{secret.reveal()} {secret.bearer()}" == f"{TOKEN} Bearer {TOKEN}"
    shown = repr([secret, secret.reveal(), secret.bearer(), {"a": secret.bearer()}]) + str(secret)
    assert_hidden(shown)
    assert secret.hide(f"<{TOKEN}> <{TOKEN}>") == "<(hidden)> <(hidden)>"


async def test_giving_up_shows_nothing_either() -> None:
    async with site() as shown:
        address = shown.url
    async with AsyncMastodon(address, access_token=TOKEN) as mastodon:
        with pytest.raises(GaveUp) as caught:
            await anext(mastodon.stream("user", max_retries=0))
    assert_hidden(told(caught.value))


@pytest.mark.parametrize("talk", [repr, str, lambda value: f"{value}"])
def test_no_client_shows_it(talk: Callable[[object], str]) -> None:
    client = AsyncMastodon("mastodon.example", access_token=TOKEN)
    other = Mastodon("mastodon.example", access_token=TOKEN)
    assert_hidden(talk([client, other, vars(client), vars(other)]))
