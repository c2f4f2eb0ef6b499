"""The consumers: the async and the sync client, each told to write everything into a diary."""

from __future__ import annotations

import asyncio
import random

from tests.chaos.diary import Diary
from tests.chaos.scenario import Scenario

from trunkline import AsyncMastodon, Mastodon
from trunkline.transport.http import Network

__all__ = ["consume"]

_JITTER = 0.002  # of the usual one: hundreds of reconnects have minutes


def consume(scenario: Scenario, url: str, token: str, diary: Diary) -> None:
    """Follow until the diary's `stop` is called.

    Raises:
        ServerError: The server says no for good, which breaks the promise.
    """
    try:
        if scenario.client == "async":
            asyncio.run(_consume(scenario, url, token, diary))
        else:
            _consume_in_step(scenario, url, token, diary)
    finally:
        diary.ended.set()


async def _consume(scenario: Scenario, url: str, token: str, diary: Diary) -> None:
    network, loop = _network(scenario), asyncio.get_running_loop()
    async with AsyncMastodon(url, access_token=token, network=network) as mastodon:
        feed = mastodon.stream(*scenario.streams, signals=True, **scenario.options)
        diary.stop = lambda: _call(loop, feed.stop)
        async with feed:
            async for item in feed:
                diary.take(item)
            diary.stats = feed.stats()


def _call(loop: asyncio.AbstractEventLoop, stop: object) -> None:
    if callable(stop) and not loop.is_closed():
        loop.call_soon_threadsafe(stop)


def _consume_in_step(scenario: Scenario, url: str, token: str, diary: Diary) -> None:
    with Mastodon(url, access_token=token, network=_network(scenario)) as mastodon:
        feed = mastodon.stream(*scenario.streams, signals=True, **scenario.options)
        diary.stop = feed.stop
        with feed:
            for item in feed:
                diary.take(item)
            diary.stats = feed.stats()


def _network(scenario: Scenario) -> Network:
    dice = random.Random(f"dice {scenario.seed}")
    return Network(dice=lambda: dice.random() * _JITTER)
