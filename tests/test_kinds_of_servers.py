"""Every kind of server is followed, in the way that it offers: alone and with several streams."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from trunkline import AsyncMastodon, Network
from trunkline.events import Delete, Edit, Update
from trunkline.policy.flavour import detect
from trunkline.server.flavours import FLAVOURS
from trunkline.signals import Connected
from trunkline.testing import serving

OFFERS = {
    "mastodon": "sse",
    "glitch-soc": "sse",
    "gotosocial": "websocket",
    "akkoma": "websocket",
    "pleroma": "websocket",
    "iceshrimp.net": "websocket",
    "friendica": "polling",
    "pixelfed": "polling",
}
"""How one stream is followed where nothing else was asked for."""
SEVERAL = ("user", "public", "hashtag:python")
SOON = Network(dice=lambda: 0.02)  # connections are opened one soon after the other


def test_the_table_has_every_kind() -> None:
    assert set(OFFERS) == set(FLAVOURS)


@pytest.mark.parametrize("name", FLAVOURS)
def test_the_client_knows_every_kind_by_the_same_name(name: str) -> None:
    assert detect(FLAVOURS[name].version).name == name


@pytest.mark.parametrize("name", OFFERS)
async def test_one_stream_of_every_kind_tells_posts_edits_and_deletions(name: str) -> None:
    told: list[tuple[str, str]] = []
    async with (
        serving(flavour=name) as server,
        AsyncMastodon(server.url, access_token=server.token, network=SOON) as mastodon,
        mastodon.stream("public", signals=True, poll_seconds=0.05) as feed,
    ):
        async for item in feed:
            if isinstance(item, Connected):
                assert item.transport == OFFERS[name]
                if item.transport != "polling":
                    await server.wait_for_subscribers(1)
                posted = str(server.world.post()["id"])
            if isinstance(item, (Update, Edit, Delete)):
                told.append((item.name, item.status_id))
            if isinstance(item, Update):
                server.world.edit(posted, content="<p>edited</p>")
                server.world.delete(posted)
            if told and (told[-1][0] == "delete" or OFFERS[name] == "polling"):
                break
    expected = [("update", posted), ("status.update", posted), ("delete", posted)]
    assert told == expected[: len(told)]


async def test_only_those_streams_are_polled_that_would_stay_silent() -> None:
    chosen: dict[str, str] = {}
    async with (
        serving(flavour="gotosocial") as server,
        AsyncMastodon(server.url, access_token=server.token, network=SOON) as mastodon,
        mastodon.stream(*SEVERAL, signals=True, poll_seconds=0.05) as feed,
    ):
        async for item in feed:
            if isinstance(item, Connected):
                chosen |= {str(stream): item.transport for stream in item.streams}
            if len(chosen) == len(SEVERAL):
                break
    assert chosen == {"user": "websocket", "public": "websocket", "hashtag:python": "polling"}


@pytest.mark.parametrize("name", OFFERS)
async def test_several_streams_of_every_kind_tell_each_post_once(name: str) -> None:
    told: Counter[str] = Counter()
    streams: set[str] = set()
    told_live: set[str] = set()
    async with (
        serving(flavour=name) as server,
        AsyncMastodon(server.url, access_token=server.token, network=SOON) as mastodon,
        mastodon.stream(*SEVERAL, signals=True, poll_seconds=0.05) as feed,
    ):
        async with asyncio.timeout(10):
            async for item in feed:
                if isinstance(item, Connected):
                    streams.update(map(str, item.streams))
                    if item.transport == "websocket":
                        told_live.update(map(str, item.streams))
                        await server.wait_for_subscribers(len(told_live))
                    if len(streams) == len(SEVERAL):
                        server.world.post(tags=["python"])
                elif isinstance(item, Update):
                    told[str(item.stream)] += 1
                if len(told) == len(SEVERAL):
                    break
    assert told == dict.fromkeys(SEVERAL, 1)
