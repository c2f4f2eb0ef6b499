"""Gaps of some subscriptions, from the moment their connection opens until each gap is named.

What the disconnect hid is fetched and delivered before the live events that wait; a little later
late posts, edits and deletions are asked for, and the gap is named. Polling is the same on a timer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from trunkline.catchup import CatchUp
from trunkline.delivery import Delivery
from trunkline.events import AnyEvent
from trunkline.options import StreamOptions
from trunkline.stats import Counters
from trunkline.subscription import Subscription
from trunkline.transport.http import ConnectionEnded
from trunkline.transport.server import Server

__all__ = ["Gaps"]

_PATIENCE_SECONDS: Final = (60.0, 300.0, 900.0, 1800.0)
"""When to ask again for what hid in a gap while REST does not answer, an hour in all."""


class Gaps:
    """Closes the gaps of the subscriptions of one session.

    Args:
        server: Whom to ask.
        subscriptions: Whose gaps.
        delivery: Where what was found goes.
        counters: Where gaps are counted.
        options: How to follow.
        now: The clock on the wall.

    Attributes:
        unlooked: For how many subscriptions it was not looked yet what the last gap hid.
    """

    def __init__(
        self,
        server: Server,
        subscriptions: Sequence[Subscription],
        *,
        delivery: Delivery,
        counters: Counters,
        options: StreamOptions,
        now: Callable[[], datetime],
    ) -> None:
        self.unlooked = 0
        self._server = server
        self._subscriptions = subscriptions
        self._delivery = delivery
        self._counters = counters
        self._options = options
        self._now = now

    async def prime(self, *, required: bool) -> None:
        """Take note of what is there before following begins.

        Raises:
            ConnectionEnded: REST refuses that, and it is `required`.
        """
        for subscription in self._subscriptions:
            if not subscription.has_begun:
                catch_up = await self._catch_up(subscription)
                await catch_up.prime()
                if catch_up.refused is not None and required:
                    raise ConnectionEnded(catch_up.refused)
                subscription.begin_if_primed(self._now())

    async def close(self) -> None:
        """Fetch what was hidden, let the waiting live events through, then look again."""
        self.unlooked = len(self._subscriptions)
        closing = [await self._catch_up(each) for each in self._subscriptions]
        for catch_up in closing:
            catch_up.begin()
        is_patient = True  # live events wait meanwhile: the trouble of a server is waited out once
        for catch_up in closing:
            if catch_up.has_gap:
                await catch_up.fetch(patient=is_patient)
                is_patient = is_patient and not catch_up.unanswered
        await self._delivery.let_through()
        for catch_up in closing:
            if not catch_up.has_gap:  # the moment between looking and listening: nothing waits
                await catch_up.fetch()
        await asyncio.sleep(self._options.settle_seconds)
        async with asyncio.TaskGroup() as tasks:
            for catch_up in closing:
                tasks.create_task(self._conclude(catch_up, patience=_PATIENCE_SECONDS))

    async def poll(self, *, thorough: bool) -> None:
        """Deliver what is new; if `thorough` also look for late posts, edits and deletions.

        Raises:
            ConnectionEnded: REST refuses that.
        """
        for subscription in self._subscriptions:
            catch_up, asked_at = await self._catch_up(subscription), self._now()
            catch_up.begin()
            await catch_up.prime()  # what could not be read when following began
            await catch_up.fetch()
            if catch_up.refused is not None:
                raise ConnectionEnded(catch_up.refused)
            if thorough or subscription.gap is not None:
                await self._conclude(catch_up)
            subscription.caught_up(asked_at)

    async def _conclude(self, catch_up: CatchUp, *, patience: Sequence[float] = ()) -> None:
        """Look for what came late or changed, and name the gap; without one, say nothing.

        While REST does not answer it is asked again after each pause of `patience`.
        """
        await catch_up.look_again()
        self.unlooked -= 1
        for pause_seconds in patience:
            if not catch_up.unanswered:
                break
            await asyncio.sleep(pause_seconds)
            await catch_up.look_again()
        gap = catch_up.conclude()
        if gap is not None:
            self._counters.gaps_complete += gap.complete
            self._counters.gaps_incomplete += not gap.complete
            self._delivery.tell(gap)

    async def _catch_up(self, subscription: Subscription) -> CatchUp:
        return CatchUp(
            subscription,
            await self._server.rest(),
            flavour=(await self._server.instance()).flavour,
            options=self._options,
            deliver=self._caught_up,
            now=self._now,
        )

    async def _caught_up(self, subscription: Subscription, events: Sequence[AnyEvent]) -> int:
        return await self._delivery.take_caught_up(subscription, events, now=self._now())
