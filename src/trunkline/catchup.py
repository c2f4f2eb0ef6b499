"""Catching up, done: closes a gap of one subscription by asking REST.

The order of things, once the live stream is open again and its events wait:

1. `fetch` reads each timeline upward from the highest id that was seen, until a page is empty.
2. The waiting live events are let through (the session does that).
3. A little later `sweep` reads the stretch below the old highest id, where posts that federated
late
   have their place, and the last page once more, because REST may lag the stream.
4. `reconcile` asks which recently delivered posts were edited or are gone.

What could not be had is collected in a `Shortfall` and named by the `Gap`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from trunkline.events import AnyEvent, leading_id
from trunkline.options import StreamOptions
from trunkline.policy.catchup import (
    CHANGES,
    MISSING_OF,
    Page,
    Shortfall,
    deletions,
    events_of_page,
    page_query,
    parse_page,
    reconciled,
)
from trunkline.policy.cursor import BEGINNING, highest, sweep_start
from trunkline.policy.dedupe import keys_of
from trunkline.policy.flavour import Flavour
from trunkline.policy.ids import id_key
from trunkline.policy.outcome import Outcome
from trunkline.signals import Gap
from trunkline.streams import Timeline
from trunkline.subscription import Subscription
from trunkline.transport.rest import Rest, RestRefused

__all__ = ["CatchUp"]

_BATCH: Final = 20
_PRIME_PAGES: Final = 3
_FEED_KEEPS: Final = 800
"""Home and list feeds keep so many entries (Mastodon's ``FeedManager::MAX_ITEMS``)."""

Deliver = Callable[[Subscription, Sequence[AnyEvent]], Awaitable[int]]


class CatchUp:
    """Closes one gap of one subscription; made anew for each connection."""

    def __init__(
        self,
        subscription: Subscription,
        rest: Rest,
        *,
        flavour: Flavour,
        options: StreamOptions,
        deliver: Deliver,
        now: Callable[[], datetime],
    ) -> None:
        self._subscription = subscription
        self._rest = rest
        self._flavour = flavour
        self._options = options
        self._deliver = deliver
        self._now = now
        self._until = now()  # made when the connection opens: live again from here on
        self._shortfall = Shortfall()
        # The highest id when the connection opened: live events move it on while we fetch.
        self._marks = {timeline: self._mark(timeline) for timeline in self._timelines}
        self._fetched: set[Timeline] = set()
        self.has_gap = subscription.gap is not None
        self._tails: dict[Timeline, str] = {}  # where the last page that had entries began
        self._looked_at: set[str] = set()  # posts whose present version was just seen
        self.refused: Outcome | None = None  # how the last question ended that had no answer

    @property
    def _timelines(self) -> Sequence[Timeline]:
        return self._subscription.stream.timelines

    async def prime(self) -> None:
        """Take note of what is there before following begins, so that it does not count as missed.

        A timeline that cannot be read leaves its track unprimed, which a later gap will name.
        """
        for timeline in self._timelines:
            if timeline.track in self._subscription.primed or not self._options.catch_up:
                continue
            try:
                await self._prime(timeline)
            except RestRefused:
                continue
            self._subscription.primed.add(timeline.track)

    async def _prime(self, timeline: Timeline) -> None:
        subscription = self._subscription
        below, oldest = "", ""
        for _ in range(_PRIME_PAGES):
            page = await self._page(timeline, below=below, patient=False)
            events = self._events(page, timeline)
            subscription.remember(key for event in events for key in keys_of(event))
            if len(page.entries) < timeline.page_limit:
                return
            oldest = page.oldest_id
            if timeline.track != "statuses" or self._covers_overlap(oldest):
                return
            below = oldest
        subscription.window.horizon = oldest

    def _covers_overlap(self, oldest: str) -> bool:
        return id_key(oldest) <= id_key(self._sweep_start(self._timelines[0]))

    async def fetch(self) -> None:
        """Deliver what each timeline has above the highest id that was seen, oldest first."""
        for timeline in self._timelines:
            track = timeline.track
            if not self._options.catch_up:
                self._shortfall.add(MISSING_OF[track], "catching up is turned off")
            elif not self._marks[timeline] and track not in self._subscription.primed:
                reason = "it is not known what was there before the gap"
                self._shortfall.add(MISSING_OF[track], reason)
            else:
                await self._guarded(timeline, self._fetch(timeline))
        if not self._timelines:
            self._shortfall.add(frozenset({"*"}), "the stream has no timeline to catch up from")

    async def _fetch(self, timeline: Timeline) -> None:
        subscription = self._subscription
        mark = self._marks[timeline]
        self._fetched.add(timeline)
        subscription.owe_sweep(timeline.track, self._sweep_start(timeline))
        fetched = await self._upward(timeline, mark or BEGINNING[self._flavour.ids])
        if timeline.track == "conversations" and fetched:
            reason = "only the last post of each conversation can be retrieved"
            self._shortfall.add(MISSING_OF[timeline.track], reason)
        if (
            fetched >= _FEED_KEEPS - timeline.page_limit
            and "/timelines/public" not in timeline.path
        ):
            reason = f"the server keeps {_FEED_KEEPS} entries of such a feed"
            self._shortfall.add(MISSING_OF[timeline.track], reason)

    def _mark(self, timeline: Timeline) -> str:
        return highest(self._subscription.window.keys(), timeline.track)

    def _sweep_start(self, timeline: Timeline) -> str:
        return sweep_start(
            self._subscription.window.keys(),
            timeline.track,
            overlap_seconds=self._options.overlap_seconds(self._subscription.stream),
            scheme=self._flavour.ids,
            horizon=self._subscription.window.horizon,
        )

    async def _upward(self, timeline: Timeline, after: str, *, until: str = "") -> int:
        """Deliver the pages above `after`, up to the one that reaches `until` or is empty."""
        fetched = 0
        while True:
            page = await self._page(timeline, after=after)
            if not page.entries or page.newest_id in ("", after):
                return fetched
            fetched += len(page.entries)
            await self._deliver_page(page, timeline)
            self._tails[timeline] = after
            after = page.newest_id
            if until and id_key(after) >= id_key(until):
                return fetched
            if self._gap_recovered() >= self._options.catch_up_limit:
                reason = (
                    f"more than {self._options.catch_up_limit} events were missed (catch_up_limit)"
                )
                self._shortfall.add(MISSING_OF[timeline.track], reason)
                return fetched

    async def sweep(self) -> None:
        """Deliver what came late: below the old highest id, and behind a REST that lags."""
        for timeline in self._timelines:
            if timeline in self._fetched:
                await self._guarded(timeline, self._sweep(timeline))

    async def _sweep(self, timeline: Timeline) -> None:
        subscription, mark = self._subscription, self._marks[timeline]
        start = subscription.owed.get(timeline.track, "")
        tail = self._tails.get(timeline, mark or BEGINNING[self._flavour.ids])
        if mark and id_key(start) < id_key(mark):
            await self._upward(timeline, start, until=mark)
        await self._upward(timeline, max(tail, mark, key=id_key))
        subscription.owed.pop(timeline.track, None)

    async def reconcile(self) -> None:
        """Deliver the edits and deletions of recently delivered posts that were missed."""
        if not any(timeline.track == "statuses" for timeline in self._timelines):
            return
        if not (self._options.catch_up and self._options.reconcile):
            self._shortfall.add(CHANGES, "reconciling is turned off")
            return
        try:
            await self._reconcile()
        except (RestRefused, ValueError) as error:
            reason = error.reason if isinstance(error, RestRefused) else str(error)
            self._shortfall.add(CHANGES, f"posts could not be asked for: {reason}")

    async def _reconcile(self) -> None:
        gap = self._subscription.gap
        since = gap.since if gap is not None and gap.since is not None else self._now()
        start_seconds = since.timestamp() - self._options.reconcile_window_seconds
        recent = [
            status_id
            for status_id in self._subscription.window.posts_since(start_seconds)
            if status_id not in self._looked_at
        ]
        if len(recent) > self._options.reconcile_limit:
            reason = f"only {self._options.reconcile_limit} posts were asked for (reconcile_limit)"
            self._shortfall.add(CHANGES, reason)
            del recent[self._options.reconcile_limit :]
        step = _BATCH if self._flavour.statuses_by_id else 1
        for start in range(0, len(recent), step):
            await self._reconcile_batch(recent[start : start + step])

    async def _reconcile_batch(self, asked: Sequence[str]) -> None:
        subscription = self._subscription
        answered = await self._statuses(asked)
        edits, gone = reconciled(
            asked,
            answered,
            subscription.window,
            stream=subscription.stream,
            server=subscription.server,
            now=self._now(),
        )
        removed = deletions(
            gone, stream=subscription.stream, server=subscription.server, now=self._now()
        )
        subscription.counters.reconciled += await self._count(edits + removed)

    async def _statuses(self, asked: Sequence[str]) -> Sequence[bytes]:
        """Return the posts that still stand; in one request where the server can."""
        if self._flavour.statuses_by_id:
            query = tuple(("id[]", status_id) for status_id in asked)
            answer = await self._rest.get("/api/v1/statuses", query)
            return parse_page(answer.body, "statuses").entries
        try:
            return [(await self._rest.get(f"/api/v1/statuses/{asked[0]}")).body]
        except RestRefused as refused:
            if refused.outcome.status in (404, 410):
                return []
            raise

    async def is_behind(self) -> bool:
        """Tell whether REST has something newer that does not arrive, even a little later."""
        for timeline in self._timelines:
            if not await self._newer(timeline):
                continue
            await asyncio.sleep(self._options.settle_seconds)
            if await self._newer(timeline):
                return True
        return False

    async def _newer(self, timeline: Timeline) -> bool:
        mark = self._mark(timeline)
        if not mark:
            return False
        try:
            page = await self._page(timeline, after=mark, patient=False)
        except (RestRefused, ValueError):
            return False
        return bool(self._events(page, timeline))

    def conclude(self) -> Gap | None:
        """Close the gap and return the signal that says what became of it, if there was one."""
        subscription, gap = self._subscription, self._subscription.gap
        if gap is None:
            return None
        subscription.gap = None
        return Gap(
            server=subscription.server,
            at=self._now(),
            stream=subscription.stream,
            since=gap.since,
            until=self._until,
            recovered=gap.recovered,
            complete=not self._shortfall.missing,
            missing=frozenset(self._shortfall.missing),
            reason="; ".join(self._shortfall.reasons),
        )

    def _gap_recovered(self) -> int:
        return self._subscription.gap.recovered if self._subscription.gap else 0

    async def _guarded(self, timeline: Timeline, reading: Awaitable[None]) -> None:
        try:
            await reading
        except RestRefused as refused:
            self.refused = refused.outcome
            reason = f"{timeline.path} could not be read: {refused.reason}"
            self._shortfall.add(MISSING_OF[timeline.track], reason)
        except ValueError as error:
            self._shortfall.add(MISSING_OF[timeline.track], f"{timeline.path}: {error}")

    async def _page(
        self, timeline: Timeline, *, after: str = "", below: str = "", patient: bool = True
    ) -> Page:
        query = page_query(timeline, after=after, below=below)
        answer = await self._rest.get(timeline.path, query, patient=patient)
        return parse_page(answer.body, timeline.track)

    def _events(self, page: Page, timeline: Timeline) -> list[AnyEvent]:
        subscription = self._subscription
        return events_of_page(
            page,
            timeline.track,
            subscription.window,
            stream=subscription.stream,
            server=subscription.server,
            now=self._now(),
        )

    async def _deliver_page(self, page: Page, timeline: Timeline) -> None:
        events = self._events(page, timeline)
        if timeline.track == "statuses":
            self._looked_at.update(leading_id(raw) for raw in page.entries)
        self._subscription.counters.caught_up += await self._count(events)

    async def _count(self, events: Sequence[AnyEvent]) -> int:
        delivered = await self._deliver(self._subscription, events) if events else 0
        if self._subscription.gap is not None:
            self._subscription.gap.recovered += delivered
        return delivered
