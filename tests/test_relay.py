"""Relaying: one subscription upstream, many clients here, and none of them in another's way."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

import aiohttp
import pytest

from trunkline import AsyncMastodon
from trunkline.errors import BadInput, NoSuchStream, Unauthorized
from trunkline.events import AnyEvent, Delete, Edit, Notify, Update
from trunkline.options import StreamKeywords, TransportChoice
from trunkline.relay import Relay, RelaySettings
from trunkline.server import Server
from trunkline.server.throttle import Limit, RateLimits
from trunkline.signals import AnySignal, Disconnected, Gap
from trunkline.testing import Settings, serving

_PLENTY = Limit(requests=100_000, period_seconds=300.0)
GENEROUS = Settings(rate_limits=RateLimits(general=_PLENTY, paged=_PLENTY))
QUICK: StreamKeywords = {"settle_seconds": 0.05}
SLOW: StreamKeywords = {**QUICK, "buffer_events": 5}
TOKEN = "a-token-of-the-relay"
SMALL = RelaySettings(tokens=[TOKEN], buffer_bytes=128 * 1024)


@pytest.fixture
async def upstream() -> AsyncIterator[Server]:
    async with serving(settings=GENEROUS) as server:
        yield server


@asynccontextmanager
async def relaying(
    upstream: Server,
    *streams: str,
    settings: RelaySettings | None = None,
    heard: list[AnySignal] | None = None,
) -> AsyncIterator[Relay]:
    """Run a relay of some streams, connected."""
    async with AsyncMastodon(upstream.url, access_token=upstream.token) as mastodon:
        relay = Relay(
            mastodon,
            *streams,
            settings=settings or RelaySettings(tokens=[TOKEN]),
            hear=heard.append if heard is not None else None,
            options=QUICK,
        )
        async with relay:
            running = asyncio.create_task(relay.run())
            await upstream.wait_for_subscribers(len(streams))
            yield relay
            relay.stop()
            await running


async def take(
    relay: Relay, stream: str, count: int, *, transport: TransportChoice = "auto"
) -> list[AnyEvent]:
    """Return the first events that a client of the relay gets."""
    taken: list[AnyEvent] = []
    chosen: StreamKeywords = {**QUICK, "transport": transport}
    async with (
        AsyncMastodon(relay.url, access_token=TOKEN) as client,
        client.stream(stream, **chosen) as feed,
    ):
        taken += [await anext(feed) for _ in range(count)]
    return taken


@pytest.mark.parametrize("transport", ["sse", "websocket"])
async def test_posts_edits_and_deletions_are_handed_on_untouched(
    transport: TransportChoice, upstream: Server
) -> None:
    async with relaying(upstream, "public") as relay:
        both = asyncio.gather(
            take(relay, "public", 3, transport=transport), direct(upstream, "public", 3)
        )
        await relay.server.wait_for_subscribers(1)
        await upstream.wait_for_subscribers(2)
        status_id = str(upstream.post("<p>Caf\u00e9 \u2028</p>", of_a_fork=[1])["id"])
        upstream.edit(status_id, content="<p>Tea</p>")
        upstream.delete(status_id)
        through, straight = await both
    assert [type(one) for one in through] == [Update, Edit, Delete]
    assert [one.raw for one in through] == [one.raw for one in straight]


async def direct(upstream: Server, stream: str, count: int) -> list[AnyEvent]:
    taken: list[AnyEvent] = []
    async with (
        AsyncMastodon(upstream.url, access_token=upstream.token) as client,
        client.stream(stream, **QUICK) as feed,
    ):
        taken += [await anext(feed) for _ in range(count)]
    return taken


async def test_there_is_one_subscription_upstream_for_each_stream(upstream: Server) -> None:
    async with relaying(upstream, "public", "hashtag:python") as relay:
        taking = [
            asyncio.create_task(take(relay, stream, 1))
            for stream in ("public", "hashtag:python")
            for _ in range(3)
        ]
        await relay.server.wait_for_subscribers(6)
        assert upstream.hub.subscribers == 2
        upstream.post(tags=["python"])
        told = await asyncio.gather(*taking)
    assert [str(events[0].stream) for events in told] == ["public"] * 3 + ["hashtag:python"] * 3


async def test_home_lists_and_notifications_are_handed_on(upstream: Server) -> None:
    async with relaying(upstream, "user", "list:1") as relay:
        home = asyncio.create_task(take(relay, "user", 2))
        listed = asyncio.create_task(take(relay, "list:1", 1))
        await relay.server.wait_for_subscribers(2)
        upstream.post("<p>To friends</p>", visibility="private")
        (on_list,) = await listed
        upstream.notify("favourite")
        first, second = await home
    assert isinstance(on_list, Update)
    assert isinstance(first, Update)
    assert isinstance(second, Notify)


async def test_what_the_relay_missed_it_catches_up_and_hands_on(upstream: Server) -> None:
    heard: list[AnySignal] = []
    async with relaying(upstream, "public", heard=heard) as relay:
        taking = asyncio.create_task(take(relay, "public", 3))
        await relay.server.wait_for_subscribers(1)
        ids = [str(upstream.post()["id"])]
        await relay.server.until(lambda: relay.server.world.published == 1)
        upstream.cut_connections()
        ids += [str(upstream.post()["id"]) for _ in range(2)]
        told = await taking
    assert [one.status_id for one in told if isinstance(one, Update)] == ids
    assert any(isinstance(one, Disconnected) for one in heard)


@dataclass
class Consumer:
    """A client of a relay: what it has, and how long each event took to reach it."""

    delays: list[float] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    async def consume(
        self,
        relay: Relay,
        sent_at: dict[str, float],
        *,
        count: int,
        transport: TransportChoice,
    ) -> None:
        clock = asyncio.get_running_loop().time
        async with (
            AsyncMastodon(relay.url, access_token=TOKEN) as client,
            client.stream("public", transport=transport, decode=False) as feed,
        ):
            while len(self.ids) < count:
                event = await anext(feed)
                assert isinstance(event, Update)
                self.delays.append(clock() - sent_at[event.status_id])
                self.ids.append(event.status_id)


async def stalled(relay: Relay) -> socket.socket:
    """Return a socket that listens to everything and reads nothing."""
    loop, own = asyncio.get_running_loop(), socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    own.setblocking(False)
    await loop.sock_connect(own, ("127.0.0.1", relay.server.port))
    request = f"GET /api/v1/streaming/public?access_token={TOKEN} HTTP/1.1\r\nHost: x\r\n\r\n"
    await loop.sock_sendall(own, request.encode())
    return own


async def _many(upstream: Server, *, consumers: int, posts: int, per_second: float) -> None:
    """Hand posts on to many consumers, of which one is stalled; nobody waits for it."""
    clock, sent_at = asyncio.get_running_loop().time, dict[str, float]()
    settings = RelaySettings(tokens=[TOKEN], buffer_bytes=256 * 1024)
    ready = [Consumer() for _ in range(consumers - 1)]
    async with relaying(upstream, "public", settings=settings) as relay, AsyncExitStack() as stack:
        stack.callback((await stalled(relay)).close)
        tasks = [
            asyncio.create_task(
                one.consume(relay, sent_at, count=posts, transport=("sse", "websocket")[place % 2])
            )
            for place, one in enumerate(ready)
        ]
        await relay.server.wait_for_subscribers(consumers, timeout_seconds=30)
        assert upstream.hub.subscribers == 1
        start = clock()
        for number in range(posts):
            await asyncio.sleep(start + number / per_second - clock())
            sent_at[str(upstream.post(f"<p>{'x' * 16_000}</p>")["id"])] = clock()
        await asyncio.gather(*tasks)
        while not relay.server.hub.counters.cut:  # where the system itself keeps more for a socket
            upstream.post(f"<p>{'x' * 64_000}</p>")
            await asyncio.sleep(0)
        assert relay.server.hub.counters.cut == 1
    assert all(one.ids == list(sent_at) for one in ready)
    delays = sorted(delay for one in ready for delay in one.delays)
    assert delays[int(len(delays) * 0.99)] < 0.25


async def test_of_fifty_consumers_a_stalled_one_delays_nobody(upstream: Server) -> None:
    await _many(upstream, consumers=50, posts=200, per_second=80)


@pytest.mark.slow
async def test_of_two_hundred_consumers_a_stalled_one_delays_nobody(upstream: Server) -> None:
    await _many(upstream, consumers=200, posts=400, per_second=15)


async def test_a_consumer_that_was_too_slow_is_cut_and_misses_nothing(upstream: Server) -> None:
    """It catches up from the relay: posts, an edit and a deletion, and asks nothing upstream."""
    async with (
        relaying(upstream, "public", settings=SMALL) as relay,
        AsyncMastodon(relay.url, access_token=TOKEN) as client,
        client.stream("public", signals=True, **SLOW) as feed,
    ):
        await relay.server.wait_for_subscribers(1)
        seen = Seen()
        status_ids = [str(upstream.post()["id"]) for _ in range(3)]
        while seen.posts < set(status_ids):
            seen.take(await anext(feed))
        # From here on it reads nothing, until it is cut.
        while not relay.server.hub.counters.cut:
            status_ids.append(str(upstream.post(f"<p>{'x' * 60_000}</p>")["id"]))
            await asyncio.sleep(0)
        upstream.edit(status_ids[0], content="<p>Edited</p>")
        upstream.delete(status_ids[1])
        status_ids += [str(upstream.post()["id"]) for _ in range(50)]
        published = upstream.world.published
        await relay.server.until(lambda: relay.server.world.published == published)
        assert upstream.hub.subscribers == 1
        await upstream.stop()  # nobody can ask it now
        while not seen.gaps or seen.posts < set(status_ids):
            seen.take(await anext(feed))
    assert seen.posts == set(status_ids)
    assert seen.updates == len(status_ids)
    assert seen.edited == {status_ids[0]}
    assert seen.deleted == {status_ids[1]}
    assert seen.gaps[0].complete


@pytest.mark.parametrize("flavour", ["gotosocial", "akkoma"])
async def test_servers_with_other_ids_and_one_transport_are_relayed_too(flavour: str) -> None:
    async with (
        serving(settings=GENEROUS, flavour=flavour) as upstream,
        relaying(upstream, "public") as relay,
        AsyncMastodon(relay.url, access_token=TOKEN) as client,
        client.stream("public", signals=True, **QUICK) as feed,
    ):
        await relay.server.wait_for_subscribers(1)
        seen = Seen()
        for count in (5, 100):  # the second time it takes several pages
            status_ids = seen.posts | {str(upstream.post()["id"]) for _ in range(count)}
            while seen.posts < status_ids:
                seen.take(await anext(feed))
            relay.server.cut_connections()
        while not seen.gaps:
            seen.take(await anext(feed))
    assert seen.updates == 105
    assert seen.deleted == set()
    assert seen.gaps[0].complete


class Seen:
    """What a consumer has."""

    def __init__(self) -> None:
        self.posts: set[str] = set()
        self.updates = 0
        self.edited: set[str] = set()
        self.deleted: set[str] = set()
        self.gaps: list[Gap] = []

    def take(self, item: AnyEvent | AnySignal) -> None:
        match item:
            case Update(status_id=status_id):
                self.posts.add(status_id)
                self.updates += 1
            case Edit(status_id=status_id):
                self.edited.add(status_id)
            case Delete(status_id=status_id):
                self.deleted.add(status_id)
            case Gap():
                self.gaps.append(item)


async def test_posts_that_the_relay_has_forgotten_are_not_taken_for_deleted(
    upstream: Server,
) -> None:
    """The gap says instead that it is not known."""
    settings = RelaySettings(tokens=[TOKEN], retention=5)
    async with (
        relaying(upstream, "public", settings=settings) as relay,
        AsyncMastodon(relay.url, access_token=TOKEN) as client,
        client.stream("public", signals=True, **QUICK) as feed,
    ):
        await relay.server.wait_for_subscribers(1)
        seen = Seen()
        status_ids = {str(upstream.post()["id"]) for _ in range(20)}
        while seen.posts < status_ids:
            seen.take(await anext(feed))
        relay.server.cut_connections()
        while not seen.gaps:
            seen.take(await anext(feed))
    assert seen.deleted == set()
    assert not seen.gaps[0].complete
    assert "delete" in seen.gaps[0].missing


async def status_of(url: str, *, token: str | None, method: str = "GET", **form: str) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.request(method, url, data=form or None) as response,
    ):
        return response.status


async def test_nothing_can_be_written_through_it(upstream: Server) -> None:
    async with relaying(upstream, "public") as relay:
        status_id = str(upstream.post()["id"])
        await relay.server.until(lambda: relay.server.world.published == 1)
        statuses = f"{relay.url}/api/v1/statuses"
        assert await status_of(statuses, token=TOKEN, method="POST", status="hello") == 403
        one = f"{statuses}/{status_id}"
        assert await status_of(one, token=TOKEN, method="PUT", status="hello") == 403
        assert await status_of(one, token=TOKEN, method="DELETE") == 403
        assert await status_of(one, token=TOKEN) == 200
    assert upstream.world.published == 1


async def test_only_its_own_tokens_open_it_and_nobody_can_log_in(upstream: Server) -> None:
    async with relaying(upstream, "public") as relay:
        streaming = f"{relay.url}/api/v1/streaming/public"
        for token in (None, upstream.token, "guessed"):
            assert await status_of(streaming, token=token) == 401
        code = f"{relay.url}/oauth/authorize?scope=read"
        async with aiohttp.ClientSession() as http, http.get(code) as page:
            word = (await page.text()).partition("<code>")[2].partition("<")[0]
        granting = f"{relay.url}/oauth/token"
        assert await status_of(granting, token=None, method="POST", code=word) == 403


async def test_a_stream_that_is_not_relayed_is_refused(upstream: Server) -> None:
    async with relaying(upstream, "public") as relay:
        assert await status_of(f"{relay.url}/api/v1/streaming/user", token=TOKEN) == 400


@pytest.mark.parametrize("stream", ["public:local", "hashtag:rust", "user", "direct"])
@pytest.mark.parametrize("transport", ["auto", "sse", "websocket", "polling"])
async def test_a_stream_that_is_not_relayed_is_not_shown_as_empty(
    upstream: Server, stream: str, transport: TransportChoice
) -> None:
    """Neither live nor through REST: its silence would pass for completeness."""
    async with (
        relaying(upstream, "public", "hashtag:python") as relay,
        AsyncMastodon(relay.url, access_token=TOKEN) as mastodon,
    ):
        with pytest.raises(NoSuchStream):
            await anext(mastodon.stream(stream, transport=transport))


async def test_without_tokens_one_is_invented_and_kept_from_representations(
    upstream: Server,
) -> None:
    async with relaying(upstream, "public", settings=RelaySettings()) as relay:
        (token,) = relay.tokens
        assert len(token) > 20
    assert TOKEN not in repr(SMALL)


async def test_a_server_that_says_no_ends_it(upstream: Server) -> None:
    async with (
        AsyncMastodon(upstream.url, access_token="wrong") as mastodon,
        Relay(mastodon, "public") as relay,
    ):
        with pytest.raises(Unauthorized):
            await relay.run()


@pytest.mark.parametrize(
    ("streams", "expected"),
    [([], "at least one stream"), (["nonsense"], "nonsense"), (["hashtag"], "tag")],
)
async def test_a_stream_that_cannot_be_relayed_is_refused(
    streams: list[str], expected: str
) -> None:
    async with AsyncMastodon("https://trunkline.example") as mastodon:
        with pytest.raises(BadInput, match=expected):
            Relay(mastodon, *streams)


@pytest.mark.parametrize(
    "wrong", [{"retention": 0}, {"buffer_bytes": 0}, {"tokens": ["two words"]}, {"tokens": [""]}]
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        RelaySettings(**wrong)  # type: ignore[arg-type]


async def test_tokens_are_in_no_log(upstream: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with relaying(upstream, "public") as relay:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                await take(relay, "public", 1)
    assert TOKEN not in caplog.text
    assert upstream.token not in caplog.text
