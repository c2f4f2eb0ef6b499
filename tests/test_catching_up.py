"""Catching up while live events push out what was remembered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import aiohttp
from aiohttp import web
from tests.transport.sites import site

from trunkline.catchup import CatchUp, Deliver
from trunkline.events import AnyEvent, Update
from trunkline.options import StreamOptions
from trunkline.policy.flavour import FLAVOURS
from trunkline.server import Server
from trunkline.stats import Counters
from trunkline.streams import Stream
from trunkline.subscription import Subscription
from trunkline.transport.rest import Rest
from trunkline.transport.secret import Secret

PUBLIC = Stream.public()


def now() -> datetime:
    return datetime.now(UTC)


def catching_up(subscription: Subscription, rest: Rest, deliver: Deliver) -> CatchUp:
    """Return the catching up of a gap that has begun."""
    catch_up = CatchUp(
        subscription,
        rest,
        flavour=FLAVOURS["mastodon"],
        options=StreamOptions(),
        deliver=deliver,
        now=now,
    )
    catch_up.begin()
    return catch_up


async def test_what_is_forgotten_while_a_gap_is_read_is_not_told_again_but_named() -> None:
    delivered: list[str] = []

    async def deliver(subscription: Subscription, events: Sequence[AnyEvent]) -> int:
        delivered.extend(event.status_id for event in events if isinstance(event, Update))
        # So many live events came meanwhile that even the sixtieth post of the gap is forgotten.
        subscription.window.horizons["statuses"] = posts[59]
        return len(events)

    async with Server() as server, aiohttp.ClientSession() as http:
        subscription = Subscription(PUBLIC, server.url, counters=Counters(), store=None)
        subscription.primed.add("statuses")
        subscription.live_again(now())
        subscription.away()
        posts = [str(server.world.post()["id"]) for _ in range(100)]
        catch_up = catching_up(
            subscription, Rest(http, server.url, token=Secret(server.token)), deliver
        )
        await catch_up.fetch()

    first_page, known_to_be_news = posts[:40], posts[60:]
    assert delivered == first_page + known_to_be_news
    gap = catch_up.conclude()
    assert gap is not None
    assert "too little is remembered" in gap.reason


async def test_pages_that_lead_backwards_are_not_followed_for_ever() -> None:
    asked = 0

    async def odd(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        assert asked < 20
        after = request.query.get("min_id")
        first = {None: 9_000, "1000": 5_000}.get(after, 2_000)
        return web.json_response([{"id": str(first - place)} for place in range(40)])

    async def deliver(subscription: Subscription, events: Sequence[AnyEvent]) -> int:
        return len(events)

    async with site({"/api/v1/timelines/public": odd}) as shown, aiohttp.ClientSession() as http:
        subscription = Subscription(PUBLIC, shown.url, counters=Counters(), store=None)
        subscription.primed.add("statuses")
        subscription.live_again(now())
        subscription.remember(["1000"])
        subscription.away()
        catch_up = catching_up(subscription, Rest(http, shown.url, token=None), deliver)
        await catch_up.fetch()
    gap = catch_up.conclude()
    assert gap is not None
    assert "leads backwards" in gap.reason
