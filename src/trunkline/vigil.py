"""Vigil: what the bytes of a connection cannot tell, asked through REST while it lives.

Two traps look like a healthy connection. After trouble inside the server heartbeats may go on while
data has stopped; and a home or list feed runs dry when its owner makes no other call for a week.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from trunkline.catchup import CatchUp
from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.subscription import Subscription
from trunkline.transport.http import ConnectionEnded

__all__ = ["Vigil"]

_SIGN_IN_SECONDS: Final = 20 * 3600.0
_DRYING_STREAMS: Final = frozenset({"user", "list"})


class Vigil:
    """Watches over the subscriptions of one connection.

    Args:
        subscriptions: Whom to watch.
        catch_up: Makes what asks REST for a subscription.
        silence_probe_seconds: After so long without an event REST is asked.
        is_full: Whether the consumer leaves no room: then it is we who do not listen.
        now: The clock on the wall.
    """

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        catch_up: Callable[[Subscription], Awaitable[CatchUp]],
        *,
        silence_probe_seconds: float,
        is_full: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._subscriptions = subscriptions
        self._catch_up = catch_up
        self._silence_probe_seconds = silence_probe_seconds
        self._is_full = is_full
        self._now = now

    async def watch_silence(self) -> None:
        """Wait until a subscription is silent although REST has something newer.

        Raises:
            ConnectionEnded: It is; the connection is worth nothing.
        """
        asked_at = dict.fromkeys(self._subscriptions, self._now().timestamp())
        while True:
            heard_at = {
                subscription: max(asked_at_seconds, subscription.window.newest_at_seconds)
                for subscription, asked_at_seconds in asked_at.items()
            }
            quietest = min(heard_at, key=heard_at.__getitem__)
            now_seconds = self._now().timestamp()
            left_seconds = heard_at[quietest] + self._silence_probe_seconds - now_seconds
            if left_seconds > 0:
                await asyncio.sleep(left_seconds)
                continue
            asked_at[quietest] = now_seconds
            await self._probe(quietest, since=datetime.fromtimestamp(heard_at[quietest], UTC))

    async def stay_signed_in(self) -> None:
        """Make the authenticated REST call a day that keeps home and list feeds filled."""
        while True:
            await asyncio.sleep(_SIGN_IN_SECONDS)
            for subscription in self._subscriptions:
                if subscription.stream.name in _DRYING_STREAMS:
                    await (await self._catch_up(subscription)).sign_in()

    async def _probe(self, subscription: Subscription, *, since: datetime) -> None:
        """End the connection if REST has something that does not come; a gap is open since then."""
        if self._is_full():
            return
        if await (await self._catch_up(subscription)).is_behind() and not self._is_full():
            subscription.away(since)
            raise ConnectionEnded(Outcome(OutcomeKind.SILENT))
