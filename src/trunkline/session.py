"""The story of one connection: open, read, watch, judge, wait, open again, and close the gap.

`Session.run` is the whole of it. The live stream is opened first and its events wait; what the
disconnect hid is fetched and delivered; then the waiting events go through; a little later late
posts, edits and deletions are asked for, and the gap is named. What an ending means is decided by
the verdict table (`policy/verdict.py`), how long to wait by `policy/backoff.py`; here it is only
done.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Final

from trunkline.catchup import CatchUp
from trunkline.errors import GaveUp, ServerError, Unauthorized
from trunkline.events import AnyEvent, Update
from trunkline.inbox import Inbox, Item
from trunkline.options import StreamOptions, Transport
from trunkline.policy.backoff import HEALTHY_SECONDS, Backoff, GiveUp
from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.policy.unauthorized import explain_unauthorized
from trunkline.policy.verdict import REFUSALS, Action, Verdict, judge, settle
from trunkline.signals import AnySignal, Connected, Disconnected, Gap, Heartbeat
from trunkline.stats import Counters
from trunkline.subscription import Subscription
from trunkline.transport.connection import Connection, Incoming, Pulse
from trunkline.transport.http import ConnectionEnded
from trunkline.transport.instance import Instance
from trunkline.transport.server import Server

__all__ = ["OtherTransport", "Session"]

log = logging.getLogger("trunkline")

_WAITING_EVENTS: Final = 10_000
_WAITING_BYTES: Final = 16 * 1024 * 1024
_REDISCOVER_AFTER_RETRIES: Final = 3
_THOROUGH_POLL: Final = 10
"""Every so many polls also look for late posts, edits and deletions."""
_HEARTBEAT: Final = Pulse.HEARTBEAT  # an enumeration is slow to ask on Python 3.11
_SIGN_IN_SECONDS: Final = 20 * 3600.0
"""Home and list feeds run dry without an authenticated REST call now and then."""
_DRYING_STREAMS: Final = frozenset({"user", "list"})
_PATIENCE_SECONDS: Final = (60.0, 300.0, 900.0, 1800.0)
"""When to ask again for what hid in a gap while REST does not answer, an hour in all."""


class OtherTransport(Exception):  # a change of plan, not an error
    """The server does not offer this transport; another may do."""


class Session:
    """Keeps one connection alive for some subscriptions and puts what it brings into the inbox.

    Args:
        server: Where to connect.
        subscriptions: What to follow; one for an event stream, any number for a WebSocket.
        transport: ``sse``, ``websocket`` or ``polling``.
        inbox: Where events go.
        counters: Where everything is counted.
        options: How to follow.
        others_left: Whether another transport can be tried if this one is refused.
    """

    def __init__(
        self,
        server: Server,
        subscriptions: Sequence[Subscription],
        transport: Transport,
        *,
        inbox: Inbox,
        counters: Counters,
        options: StreamOptions,
        others_left: bool,
    ) -> None:
        self._server = server
        self._subscriptions = {subscription.stream: subscription for subscription in subscriptions}
        self._only = subscriptions[0] if len(subscriptions) == 1 else None
        self._streams = tuple(self._subscriptions)
        self._transport = transport
        self._inbox = inbox
        self._counters = counters
        self._options = options
        self._others_left = others_left
        self._dice = server.network.dice
        self._now = server.network.now
        self._loop = asyncio.get_running_loop()
        self._backoff = Backoff()
        self._refusals = 0  # since a connection that brought something
        self._began = False  # whether any connection was ever open: then priming would hide a gap
        self._was_connected = False
        self._brought = False  # whether this connection delivered anything: a refusal does not
        self._down_since = self._loop.time()
        self._waiting: _Waiting | None = None  # live events that wait for the catch-up

    async def run(self) -> None:
        """Follow until cancelled.

        Raises:
            ServerError: The server says no and will go on saying so.
            GaveUp: The user's limits are used up.
            OtherTransport: The server does not offer this transport.
        """
        while True:
            outcome = Outcome(OutcomeKind.SUPERSEDED)
            try:
                await (self._poll() if self._transport == "polling" else self._live())
            except* ConnectionEnded as endings:
                outcome = _first(endings).outcome
            await self._think_over(replace(outcome, was_connected=self._was_connected))

    async def discover(self) -> Instance:
        """Return what the server's instance document says, however long it takes to reach it.

        Raises:
            ServerError: The server says no and will go on saying so.
            GaveUp: The user's limits are used up.
        """
        while True:
            try:
                return await self._server.instance()
            except ConnectionEnded as ended:
                outcome = ended.outcome
            await self._think_over(outcome)

    async def _live(self) -> None:
        """Open a connection and stay with it to its end."""
        if not self._began:
            await self._prime()
        connection = await self._server.connect(
            self._transport, self._streams, stall_seconds=self._options.stall_seconds
        )
        self._open_up()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._close_gaps())
                tasks.create_task(self._watch_silence())
                tasks.create_task(self._stay_signed_in())
                await self._read(connection)
        finally:
            self._shut_down()
            await connection.close()

    async def _poll(self) -> None:
        """Follow a server without streaming: catch up on a timer."""
        if not self._began:
            await self._prime()
        self._open_up()
        try:
            for turn in count():
                await self._poll_once(thorough=turn % _THOROUGH_POLL == 0)
                await asyncio.sleep(self._options.poll_seconds * (0.75 + self._dice() / 2))
        finally:
            self._shut_down()

    def _open_up(self) -> None:
        self._began, self._brought = True, False
        self._opened_at = self._loop.time()
        self._counters.connects += 1
        if self._waiting is None and self._transport != "polling":
            self._waiting = _Waiting()
        for subscription in self._subscriptions.values():
            subscription.live_again(self._now())
        self._tell(
            Connected(
                server=self._server.url,
                at=self._now(),
                streams=self._streams,
                transport=self._transport,
            )
        )

    def _shut_down(self) -> None:
        healthy_seconds = self._loop.time() - self._opened_at
        self._backoff = self._backoff.after_connection(healthy_seconds)
        self._down_since = self._loop.time()
        if self._brought or healthy_seconds >= HEALTHY_SECONDS:
            self._refusals, self._was_connected = 0, True
        for subscription in self._subscriptions.values():
            subscription.away()

    async def _read(self, connection: Connection) -> None:
        """Pass on what the connection brings, until it ends."""
        counted = 0
        while True:
            incoming = await connection.read()
            self._brought = True
            size_bytes, counted = connection.bytes_received - counted, connection.bytes_received
            self._counters.received_bytes += size_bytes
            while self._waiting is not None:
                if self._waiting.take_in(incoming, size_bytes):
                    break
                await self._waiting.room.wait()
            else:
                await self._deliver(incoming, size_bytes)

    async def _deliver(self, incoming: Sequence[Incoming], size_bytes: int) -> None:
        """Put what is news into the inbox. Between admitting and putting nothing may pause."""
        if self._inbox.is_full:
            await self._inbox.room()
        fresh = self._admitted(incoming)
        self._inbox.put(fresh, size_bytes=size_bytes)

    def _admitted(self, incoming: Sequence[Incoming]) -> list[Item]:
        now = self._now()
        now_seconds = now.timestamp()
        only, subscriptions = self._only, self._subscriptions
        fresh: list[Item] = []
        heartbeats = 0
        for item in incoming:
            if item is _HEARTBEAT:
                heartbeats += 1
                fresh.append(Heartbeat(server=self._server.url, at=now, streams=self._streams))
            elif (only or subscriptions[item.stream]).admit(item, now_seconds=now_seconds):
                fresh.append(item)
        self._counters.count(fresh)
        for subscription in subscriptions.values():
            subscription.live_at = now
            subscription.window.trim()
        self._counters.heartbeats += heartbeats
        if fresh and type(fresh[-1]) is Update:
            self._counters.last_live = fresh[-1]
        return fresh

    async def _deliver_caught_up(
        self, subscription: Subscription, events: Sequence[AnyEvent]
    ) -> int:
        """Put what catching up found into the inbox; return how much of it was news."""
        await self._inbox.room()
        now_seconds = self._now().timestamp()
        fresh = [event for event in events if subscription.admit(event, now_seconds=now_seconds)]
        subscription.window.trim()
        self._counters.count(fresh)
        self._inbox.put(fresh, size_bytes=sum(len(event.raw) for event in fresh))
        return len(fresh)

    async def _prime(self) -> None:
        for subscription in self._subscriptions.values():
            if not subscription.has_begun:
                await (await self._catch_up(subscription)).prime()
                subscription.begin_if_primed(self._now())

    async def _close_gaps(self) -> None:
        """Fetch what was hidden, let the waiting live events through, then look again."""
        closing = [await self._catch_up(each) for each in self._subscriptions.values()]
        for catch_up in closing:
            catch_up.begin()
        for catch_up in closing:
            if catch_up.has_gap:
                await catch_up.fetch()
        await self._let_through()
        for catch_up in closing:
            if not catch_up.has_gap:  # the moment between looking and listening: nothing waits
                await catch_up.fetch()
        await asyncio.sleep(self._options.settle_seconds)
        async with asyncio.TaskGroup() as tasks:
            for catch_up in closing:
                tasks.create_task(self._conclude(catch_up, patience=_PATIENCE_SECONDS))

    async def _conclude(self, catch_up: CatchUp, *, patience: Sequence[float] = ()) -> None:
        """Look for what came late or changed, and name the gap; without one, say nothing.

        While REST does not answer it is asked again after each pause of `patience`.
        """
        await catch_up.look_again()
        for pause_seconds in patience:
            if not catch_up.unanswered:
                break
            await asyncio.sleep(pause_seconds)
            await catch_up.look_again()
        gap = catch_up.conclude()
        if gap is not None:
            self._counters.gaps_complete += gap.complete
            self._counters.gaps_incomplete += not gap.complete
            self._tell(gap)

    async def _poll_once(self, *, thorough: bool) -> None:
        for subscription in self._subscriptions.values():
            catch_up = await self._catch_up(subscription)
            catch_up.begin()
            await catch_up.fetch()
            if catch_up.refused is not None:
                raise ConnectionEnded(catch_up.refused)
            self._brought = True
            if thorough or subscription.gap is not None:
                await self._conclude(catch_up)
            subscription.live_at = self._now()

    async def _catch_up(self, subscription: Subscription) -> CatchUp:
        return CatchUp(
            subscription,
            await self._server.rest(),
            flavour=(await self._server.instance()).flavour,
            options=self._options,
            deliver=self._deliver_caught_up,
            now=self._now,
        )

    async def _let_through(self) -> None:
        """Deliver the live events that waited; those that come meanwhile queue up behind them."""
        waiting = self._waiting
        while waiting is not None and waiting.batches:
            await self._deliver(*waiting.batches[0])
            waiting.let_go()
        self._waiting = None

    async def _watch_silence(self) -> None:
        """End the connection when a subscription is silent although REST has something newer."""
        asked_at = dict.fromkeys(self._subscriptions.values(), self._now().timestamp())
        while True:
            heard_at = {
                subscription: max(asked_at_seconds, subscription.window.newest_at_seconds)
                for subscription, asked_at_seconds in asked_at.items()
            }
            quietest = min(heard_at, key=heard_at.__getitem__)
            now_seconds = self._now().timestamp()
            left_seconds = heard_at[quietest] + self._options.silence_probe_seconds - now_seconds
            if left_seconds > 0:
                await asyncio.sleep(left_seconds)
                continue
            asked_at[quietest] = now_seconds
            await self._probe(quietest, since=datetime.fromtimestamp(heard_at[quietest], UTC))

    async def _probe(self, subscription: Subscription, *, since: datetime) -> None:
        """End the connection if REST has something that does not come; a gap is open since then."""
        if self._inbox.is_full:  # then it is we who do not listen
            return
        if await (await self._catch_up(subscription)).is_behind() and not self._inbox.is_full:
            subscription.away(since)
            raise ConnectionEnded(Outcome(OutcomeKind.SILENT))

    async def _stay_signed_in(self) -> None:
        """Make the authenticated REST call a day that keeps home and list feeds filled."""
        while True:
            await asyncio.sleep(_SIGN_IN_SECONDS)
            for subscription in self._subscriptions.values():
                if subscription.stream.name in _DRYING_STREAMS:
                    await (await self._catch_up(subscription)).sign_in()

    async def _think_over(self, outcome: Outcome) -> None:
        """Judge an ending and wait as the verdict says, or raise what it says."""
        verdict = settle(
            judge(outcome, retries_after_connected=self._refusals),
            other_transport_left=self._others_left,
        )
        self._counters.disconnects[verdict.reason.value] += 1
        if verdict.action is Action.FATAL:
            raise self._error(verdict, outcome)
        if verdict.action is Action.OTHER_TRANSPORT:
            raise OtherTransport(verdict.why)
        wait_seconds = 0.0
        if verdict.curve is not None:
            wait_seconds, self._backoff = self._backoff.on(verdict.curve).delay(self._dice())
        if verdict.wait_at_least_seconds:
            # A little more than told, so that all who were told the same do not come at once.
            wait_seconds = max(wait_seconds, verdict.wait_at_least_seconds) + self._dice()
        self._give_up_if_told(verdict)
        self._refusals += verdict.reason in REFUSALS
        if verdict.rediscover or self._backoff.attempt % _REDISCOVER_AFTER_RETRIES == 0:
            self._server.forget()
        self._tell(
            Disconnected(
                server=self._server.url,
                at=self._now(),
                streams=self._streams,
                reason=verdict.reason.value,
                words=outcome.words,
                retry_in_seconds=wait_seconds,
            )
        )
        await asyncio.sleep(wait_seconds)

    def _give_up_if_told(self, verdict: Verdict) -> None:
        limits = GiveUp(self._options.max_retries, self._options.give_up_after_seconds)
        down_seconds = self._loop.time() - self._down_since
        if limits.reached(retries=self._backoff.attempt - 1, down_seconds=down_seconds):
            raise GaveUp(
                f"{self._server.url}: gave up after {self._backoff.attempt - 1} retries"
                f" and {down_seconds:.0f} s without a connection; last: {verdict.why}"
            )

    def _error(self, verdict: Verdict, outcome: Outcome) -> ServerError:
        kind = verdict.error or ServerError
        why = explain_unauthorized(outcome.words) if kind is Unauthorized else verdict.why
        if outcome.words and kind is not Unauthorized:
            why = f"{why} The server said: {outcome.words}"
        streams = ", ".join(map(str, self._streams))
        message = (
            f"{self._server.url} ({streams}): {why}" if streams else f"{self._server.url}: {why}"
        )
        return kind(message, server=self._server.url, status=outcome.status)

    def _tell(self, signal: AnySignal) -> None:
        """Log a signal and put it among the events; signals are few and never wait for room."""
        log.log(_LEVELS.get(type(signal), logging.INFO), _NAMES[type(signal)], extra=_extra(signal))
        self._inbox.put([signal], size_bytes=0)


class _Waiting:
    """Live events that wait until a catch-up is through; bounded, then reading stops."""

    def __init__(self) -> None:
        self.batches: deque[tuple[Sequence[Incoming], int]] = deque()
        self.room = asyncio.Event()
        self._events = 0
        self._bytes = 0

    def take_in(self, incoming: Sequence[Incoming], size_bytes: int) -> bool:
        """Keep what came, or say that there is no room now."""
        if self._events >= _WAITING_EVENTS or self._bytes >= _WAITING_BYTES:
            self.room.clear()
            return False
        self.batches.append((incoming, size_bytes))
        self._events += len(incoming)
        self._bytes += size_bytes
        return True

    def let_go(self) -> None:
        """Forget the first batch, which was delivered."""
        incoming, size_bytes = self.batches.popleft()
        self._events -= len(incoming)
        self._bytes -= size_bytes
        self.room.set()


def _first(endings: BaseExceptionGroup[ConnectionEnded]) -> ConnectionEnded:
    ending = endings.exceptions[0]
    return _first(ending) if isinstance(ending, BaseExceptionGroup) else ending


_NAMES: Final[dict[type[AnySignal], str]] = {
    Connected: "trunkline.connected",
    Disconnected: "trunkline.disconnected",
    Gap: "trunkline.gap",
}
_LEVELS: Final[dict[type[AnySignal], int]] = {Disconnected: logging.WARNING}


def _extra(signal: AnySignal) -> dict[str, object]:
    """Return the fields of a signal for a structured log; none of them holds a secret."""
    return {f"trunkline_{name}": getattr(signal, name) for name in signal.__struct_fields__}
