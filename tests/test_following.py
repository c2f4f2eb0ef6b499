"""What following says of servers of which it is clear from the start that something is amiss."""

from __future__ import annotations

import pytest
from aiohttp import web
from tests.transport.sites import says, site

from trunkline import AsyncMastodon
from trunkline.errors import DiscoveryError, NoSuchStream


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
