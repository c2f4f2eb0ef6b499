"""What following says of servers of which it is clear from the start that something is amiss."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from aiohttp import web
from tests.transport.sites import says, site

from trunkline import AsyncMastodon
from trunkline.cursors import MemoryCursors
from trunkline.errors import CursorError, DiscoveryError, Misuse, NoSuchStream
from trunkline.events import Update
from trunkline.policy.cursor import Cursor, Key
from trunkline.testing import serving


async def test_an_address_that_knows_nothing_is_named_as_no_mastodon_server() -> None:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        async with AsyncMastodon(f"http://{host}:{port}", access_token="secret") as mastodon:
            with pytest.raises(DiscoveryError, match="does not answer like a Mastodon server"):
                await anext(mastodon.stream("public"))
    finally:
        await runner.cleanup()


async def test_a_feed_that_is_turned_off_is_warned_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its stream is accepted and brings nothing but deletions."""
    access = {"live_feeds": {"local": "disabled", "remote": "public"}}
    document = says({"version": "4.5.0", "configuration": {"timelines_access": access}})
    async with (
        site({"/api/v2/instance": document}) as shown,
        AsyncMastodon(shown.url, access_token="secret") as mastodon,
    ):
        with pytest.raises(NoSuchStream):
            await anext(mastodon.stream("public:local", "public"))
    warned = [one for one in caplog.records if one.message == "trunkline.feed_disabled"]
    assert [(one.levelname, vars(one)["trunkline_stream"]) for one in warned] == [
        ("WARNING", "public:local")
    ]


async def test_two_feeds_do_not_write_into_one_store_under_one_name() -> None:
    """What only one of them had finished would count as finished by both."""
    async with serving() as server:
        cursors = MemoryCursors()
        async with (
            AsyncMastodon(server.url, access_token=server.token, cursors=cursors) as one,
            AsyncMastodon(server.url, access_token=server.token, cursors=cursors) as other,
        ):
            async with one.stream("public", "user"), other.stream("public:local"):
                with pytest.raises(Misuse, match="public is being followed with this store"):
                    await anext(other.stream("public"))
            async with other.stream("public"):
                pass


async def test_two_tasks_do_not_take_turns_at_one_feed() -> None:
    async with serving() as server, AsyncMastodon(server.url, access_token=server.token) as client:
        feed = client.stream("public")
        first = asyncio.ensure_future(anext(feed))
        await server.wait_for_subscribers(1)
        with pytest.raises(Misuse, match="Another task waits for this feed's events"):
            await anext(feed)
        status_id = server.post()["id"]
        event = await first
        assert isinstance(event, Update)
        assert event.status_id == status_id


class Full(MemoryCursors):
    """A store that cannot be written."""

    def save(self, name: str, cursor: Cursor, keys: Sequence[Key]) -> None:
        raise CursorError("no space left")


async def test_a_store_that_cannot_be_written_leaves_no_connection_open() -> None:
    async with (
        serving() as server,
        AsyncMastodon(server.url, access_token=server.token, cursors=Full()) as client,
    ):
        feed = client.stream("public", catch_up=False)
        with pytest.raises(CursorError, match="no space left"):
            await anext(feed)
        with pytest.raises(CursorError, match="no space left"):
            await feed.close()
        await server.hub.until(lambda: not server.hub.connections)
