"""Vigil: what the bytes of a connection cannot tell, asked through REST while it lives.

Two traps look like a healthy connection. During trouble inside the server heartbeats go on while
data stops, for ever or until it heals, and nothing tells of what was lost; and a home or list feed
runs dry when its owner makes no other call for a week.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from trunkline.policy.ids import id_key
from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.policy.pace import Pace
from trunkline.probing import Probing
from trunkline.subscription import Subscription
from trunkline.transport.http import ConnectionEnded

__all__ = ["Vigil"]

_LOOK_SECONDS: Final = 30.0
_SIGN_IN_EVERY: Final = timedelta(hours=20)
_DRYING_STREAMS: Final = frozenset({"user", "list"})


class Vigil:
    """Watches over the subscriptions of one connection.

    Args:
        subscriptions: Whom to watch.
        probing: Makes what asks REST for a subscription.
        silence_probe_seconds: After so long without an event REST is asked.
        is_deaf: Whether it is we who do not listen: live events wait or find no room, or what a gap
            hid has not been looked for, without which REST is surely ahead of us.
        now: The clock on the wall.
    """

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        probing: Callable[[Subscription], Awaitable[Probing]],
        *,
        silence_probe_seconds: float,
        is_deaf: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._subscriptions = subscriptions
        self._probing = probing
        self._silence_probe_seconds = silence_probe_seconds
        self._is_deaf = is_deaf
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

    async def watch_hiccups(self) -> None:
        """Wait until a silence that was unusually long for a subscription has hidden something.

        Raises:
            ConnectionEnded: It has; the connection may be fine again, but a gap has to be closed.
        """
        heard = {one: _Heard(self._now().timestamp()) for one in self._subscriptions}
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for subscription, hearing in heard.items():
                hiccup = hearing.look(subscription, self._now().timestamp())
                if hiccup is not None:
                    after, since_seconds = hiccup
                    since = datetime.fromtimestamp(since_seconds, UTC)
                    await self._probe(subscription, since=since, after=after)
                    hearing.pace = hearing.pace.after_false_alarm()

    async def stay_signed_in(self) -> None:
        """Make the authenticated REST call a day that keeps home and list feeds filled."""
        drying = [one for one in self._subscriptions if one.stream.name in _DRYING_STREAMS]
        while drying:
            for subscription in drying:
                signed_in_at = subscription.signed_in_at
                if signed_in_at is None or self._now() - signed_in_at >= _SIGN_IN_EVERY:
                    await (await self._probing(subscription)).sign_in()
                    subscription.signed_in_at = self._now()
            signed_in = [one.signed_in_at for one in drying if one.signed_in_at is not None]
            due_at = min(signed_in) + _SIGN_IN_EVERY
            await asyncio.sleep((due_at - self._now()).total_seconds())

    async def _probe(self, subscription: Subscription, *, since: datetime, after: str = "") -> None:
        """End the connection if REST has something that does not come; a gap is open since then."""
        if self._is_deaf():
            return
        probing = await self._probing(subscription)
        if await probing.is_behind(after=after) and not self._is_deaf():
            subscription.away(since)
            raise ConnectionEnded(Outcome(OutcomeKind.SILENT))


class _Heard:
    """What one subscription has heard so far, and at which pace."""

    def __init__(self, at_seconds: float) -> None:
        self.pace = Pace()
        self._at_seconds = at_seconds
        self._highest = ""  # the highest id of a post that arrived since the last gap
        self._asked_after = ""  # the silence that goes on has been asked about

    def look(self, subscription: Subscription, now_seconds: float) -> tuple[str, float] | None:
        """Return after which post, and when, a silence began that was unusually long, or is."""
        if subscription.gap is not None:  # what is caught up comes at no pace
            self._at_seconds, self._highest = now_seconds, ""
            return None
        hiccup: tuple[str, float] | None = None
        intervals_seconds: list[float] = []
        for key, at_seconds in subscription.window.seen_since(self._at_seconds):
            interval_seconds = at_seconds - self._at_seconds
            if self._highest and interval_seconds > 0:
                intervals_seconds.append(interval_seconds)
                if self.pace.is_unusual(interval_seconds):
                    hiccup = hiccup or (self._highest, self._at_seconds)
            self._at_seconds = max(self._at_seconds, at_seconds)
            if key.isalnum():
                self._highest = max(self._highest, key, key=id_key)
        self.pace = self.pace.after(intervals_seconds)
        return hiccup or self._silence(now_seconds)

    def _silence(self, now_seconds: float) -> tuple[str, float] | None:
        """Return the silence that goes on, once, if it is unusually long."""
        unusual = self.pace.is_unusual(now_seconds - self._at_seconds)
        if not unusual or self._highest in ("", self._asked_after):
            return None
        self._asked_after = self._highest
        return self._highest, self._at_seconds
