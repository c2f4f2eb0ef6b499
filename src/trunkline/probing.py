"""Probing: asking REST while a connection lives whether it tells everything.

Finds posts, edits and deletions that REST shows and nobody told. Promises nothing about why: it may
be that the server has only been slow, so what is found is given a moment to arrive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice

from trunkline.asking import Asking
from trunkline.events import AnyEvent
from trunkline.options import StreamOptions
from trunkline.policy.catchup import vanished_from
from trunkline.policy.dedupe import keys_of
from trunkline.policy.ids import id_key
from trunkline.streams import Timeline
from trunkline.subscription import Subscription
from trunkline.transport.rest import RestRefused

__all__ = ["Probing"]


class Probing:
    """Compares what one subscription has seen with what REST shows."""

    def __init__(
        self,
        subscription: Subscription,
        asking: Asking,
        *,
        options: StreamOptions,
        now: Callable[[], datetime],
    ) -> None:
        self._subscription = subscription
        self._asking = asking
        self._options = options
        self._now = now

    async def is_behind(self, *, after: str = "") -> bool:
        """Tell whether REST has something that does not arrive, even a little later.

        With `after` right after a post that did arrive, else among what is newest.
        """
        subscription = self._subscription
        for timeline in subscription.stream.timelines:
            known = subscription.mark(timeline.track) or timeline.track in subscription.primed
            with suppress(RestRefused, ValueError):
                if after and timeline.track == "statuses":
                    if await self._goes_on_untold(timeline, after):
                        return True
                elif known and await self._is_ahead(timeline):
                    return True
        return False

    async def sign_in(self) -> None:
        """Ask for something, so that the server sees that the feed is still wanted."""
        for timeline in self._subscription.stream.timelines[:1]:
            with suppress(RestRefused, ValueError):
                await self._asking.page(timeline)

    async def _goes_on_untold(self, timeline: Timeline, after: str) -> bool:
        page = await self._asking.page(timeline, after=after, patient=False)
        news = self._subscription.news_on(page, timeline.track, now=self._now())
        return await self._is_untold(news)

    async def _is_ahead(self, timeline: Timeline) -> bool:
        """Tell whether the newest page shows something that is not told within a moment."""
        subscription, track = self._subscription, timeline.track
        page = await self._asking.page(timeline, patient=False)
        oldest = page.oldest_id if len(page.entries) >= timeline.page_limit else ""
        scheme = self._asking.flavour.ids
        wanted = subscription.sweep_from(track, options=self._options, scheme=scheme)
        start = max(wanted, subscription.horizon(track), oldest, key=id_key)
        vanished = list(islice(vanished_from(page, subscription.window, above=start), 1))
        # What was found once is not found again: it may be what nobody will fetch.
        start = max(start, subscription.probed.get(track, ""), key=id_key)
        news = subscription.news_on(page.above(start), track, now=self._now())
        if await self._is_untold(news):
            subscription.probed[track] = page.newest_id
            return True
        options = self._options
        if not (vanished and options.catch_up and options.reconcile):
            return False
        if await self._asking.status(vanished[0]) is not None:
            return False
        subscription.suspects += vanished
        return True

    async def _is_untold(self, events: Sequence[AnyEvent]) -> bool:
        """Tell whether some of these do not arrive within a moment."""
        if not events:
            return False
        await asyncio.sleep(self._options.settle_seconds)
        window = self._subscription.window
        return any(key not in window for event in events for key in keys_of(event)[:1])
