"""What following says of an address that is no Mastodon server."""

from __future__ import annotations

import pytest
from aiohttp import web

from trunkline import AsyncMastodon
from trunkline.errors import DiscoveryError


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
