"""What a session does when it begins, begins again, and has a past that its cursors tell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.virtual_clock import on_virtual_clock, virtual_network, wall_clock

from trunkline import AsyncMastodon
from trunkline.cursors import MemoryCursors
from trunkline.events import Update
from trunkline.server.running import Server
from trunkline.server.world import World
from trunkline.signals import Connected, Gap


@asynccontextmanager
async def following(cursors: MemoryCursors) -> AsyncIterator[tuple[World, AsyncMastodon]]:
    """Run a server with a short past, and a client with cursors."""
    world = World(now=wall_clock)
    for _ in range(3):
        world.post()
    async with (
        Server(world) as server,
        AsyncMastodon(
            server.url, access_token=server.token, network=virtual_network(), cursors=cursors
        ) as mastodon,
    ):
        yield world, mastodon


async def until_gap(mastodon: AsyncMastodon) -> tuple[list[str], Gap]:
    """Follow until a gap is told; return the posts before it, and the gap."""
    ids: list[str] = []
    async with mastodon.stream("public", signals=True) as feed:
        async for item in feed:
            if isinstance(item, Update):
                ids.append(item.status_id)
            if isinstance(item, Gap):
                return ids, item
    raise AssertionError("The feed ended by itself.")


async def first_post(mastodon: AsyncMastodon, world: World, *, catch_up: bool) -> str:
    """Follow for one post."""
    async with mastodon.stream("public", signals=True, catch_up=catch_up) as feed:
        async for item in feed:
            if isinstance(item, Connected):
                world.post()
            if isinstance(item, Update):
                feed.acknowledge()
                return item.status_id
    raise AssertionError("The feed ended by itself.")


@on_virtual_clock
async def test_what_was_there_before_following_began_is_not_told() -> None:
    async with following(MemoryCursors()) as (world, mastodon):
        await first_post(mastodon, world, catch_up=True)
        await asyncio.sleep(60.0)
        posted = str(world.post()["id"])
        ids, gap = await until_gap(mastodon)
    assert ids == [posted]
    assert gap.complete


@on_virtual_clock
async def test_what_was_never_read_is_not_called_complete_in_the_next_run() -> None:
    """Nothing was read and nothing came in the first run; the second must not call that a start."""
    async with following(MemoryCursors()) as (world, mastodon):
        async with mastodon.stream("public", signals=True, catch_up=False) as feed:
            assert isinstance(await anext(feed), Connected)
        world.post()
        ids, gap = await until_gap(mastodon)
    assert ids == []
    assert (gap.complete, set(gap.missing)) == (False, {"update"})


@on_virtual_clock
async def test_whoever_has_followed_before_is_not_told_that_nothing_was_missed() -> None:
    """The timeline was not read in the first run; reading it in the second must hide nothing."""
    async with following(MemoryCursors()) as (world, mastodon):
        await first_post(mastodon, world, catch_up=False)
        await asyncio.sleep(60.0)
        posted = str(world.post()["id"])
        ids, gap = await until_gap(mastodon)
    assert posted in ids
    assert gap.recovered >= 1
