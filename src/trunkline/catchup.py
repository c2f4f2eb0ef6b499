"""Catching up, done: closes a gap of one subscription by asking REST.

The order of things, once the live stream is open again and its events wait:

1. `begin` takes note of the highest ids that were seen, before live events move them on; `fetch`
   reads each timeline upward from there, to what is newest then.
2. The waiting live events are let through (the session does that).
3. A little later, when REST shows what the stream told (it may lag), `look_again` reads it all
   once more, and the stretch below the old highest id, where posts that federated late have their
   place; then it asks which recently delivered posts were edited or are gone.

What could not be had is collected in a `Shortfall` and named by the `Gap`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from trunkline.asking import Asking
from trunkline.events import AnyEvent
from trunkline.lagging import wait_for_lagging_rest
from trunkline.options import StreamOptions
from trunkline.policy.catchup import (
    CHANGES,
    MISSING_OF,
    Page,
    Shortfall,
    above_horizon,
)
from trunkline.policy.cursor import beginning
from trunkline.policy.dedupe import keys_of
from trunkline.policy.flavour import Flavour
from trunkline.policy.ids import id_key
from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.reconcile import find_changes
from trunkline.signals import Gap
from trunkline.streams import Timeline
from trunkline.subscription import OpenGap, Subscription
from trunkline.transport.rest import Rest, RestRefused

__all__ = ["CatchUp", "Deliver"]

_PRIME_PAGES: Final = 3
_TOO_LITTLE: Final = "too little is remembered to tell all late posts from old ones"
_FEED_KEEPS: Final = 800
"""Home and list feeds keep so many entries (Mastodon's ``FeedManager::MAX_ITEMS``)."""
_FEEDS: Final = ("/api/v1/timelines/home", "/api/v1/timelines/list/")

Deliver = Callable[[Subscription, Sequence[AnyEvent]], Awaitable[int]]


class CatchUp:
    """Closes one gap of one subscription; made anew for each connection.

    Attributes:
        refused: How the last question ended that had no answer.
        unanswered: Whether something could not be asked that may be answered later.
    """

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
        self.refused: Outcome | None = None
        self.unanswered = False
        self._subscription = subscription
        self._asking = Asking(rest, flavour)
        self._flavour = flavour
        self._options = options
        self._deliver = deliver
        self._now = now
        self._until = now()  # when the subscription was surely live again
        self._shortfall = Shortfall()  # of the last attempt; what is lost for good is in the gap's
        self._marks: dict[Timeline, str] = {}  # the highest ids when the connection opened
        self._fetched: set[str] = set()  # posts that REST has shown
        self._lags = False  # REST, behind the stream
        self._looked_at: set[str] = set()  # posts whose present version the sweep has seen

    @property
    def _timelines(self) -> Sequence[Timeline]:
        return self._subscription.stream.timelines

    async def prime(self) -> None:
        """Take note of what is there before following begins, so that it does not count as missed.

        A timeline that cannot be read leaves its track unprimed, which a later gap will name. Where
        something was told before, what is there now may have been missed.
        """
        subscription = self._subscription
        for timeline in self._timelines:
            known = timeline.track in subscription.primed or subscription.mark(timeline.track)
            if known or not self._options.catch_up:
                continue
            try:
                await self._prime(timeline)
            except RestRefused as refused:
                self.refused = refused.outcome
                continue
            except ValueError as error:
                self.refused = Outcome(OutcomeKind.WRONG_CONTENT_TYPE, words=str(error))
                continue
            subscription.primed.add(timeline.track)

    async def _prime(self, timeline: Timeline) -> None:
        subscription = self._subscription
        below, oldest = "", ""
        for _ in range(_PRIME_PAGES):
            page = await self._asking.page(timeline, below=below, patient=False)
            events = self._subscription.news_on(page, timeline.track, now=self._now())
            subscription.remember(key for event in events for key in keys_of(event))
            if len(page.entries) < timeline.page_limit:
                return
            oldest = page.oldest_id
            if timeline.track != "statuses" or id_key(oldest) <= id_key(self._wanted(timeline)):
                break
            below = oldest
        subscription.window.horizons[timeline.track] = oldest

    @property
    def has_gap(self) -> bool:
        """Whether there is a gap to close."""
        return self._subscription.gap is not None

    def begin(self) -> None:
        """Take note of where to read from, before live events move that on."""
        for timeline in self._timelines:
            mark = self._subscription.mark(timeline.track)
            if not self._options.catch_up:
                self._lose(timeline, "catching up is turned off")
            elif not mark and timeline.track not in self._subscription.primed:
                self._lose(timeline, "it is not known what was there before the gap")
            else:
                self._marks[timeline] = mark
                self._subscription.owe_sweep(timeline.track, self._sweep_start(timeline))
        if not self._timelines:
            self._lasting.add(frozenset({"*"}), "the stream has no timeline to catch up from")

    async def fetch(self, *, patient: bool = True) -> None:
        """Deliver what each timeline has above the highest id that was seen, oldest first.

        Unless `patient`, a server in trouble is asked once; `look_again` asks again.
        """
        for timeline in self._marks:
            await self._guarded(timeline, self._fetch(timeline, patient=patient))

    async def _fetch(self, timeline: Timeline, *, patient: bool) -> None:
        fetched = await self._read(timeline, self._marks[timeline], patient=patient)
        if timeline.track == "conversations" and fetched:
            self._lose(timeline, "only the last post of each conversation can be retrieved")
        self._doubt_whole_feed(timeline, fetched)

    def _doubt_whole_feed(self, timeline: Timeline, fetched: int) -> None:
        """Name what a feed may have dropped, where all that it keeps was read."""
        if timeline.path.startswith(_FEEDS) and fetched >= _FEED_KEEPS - timeline.page_limit:
            self._lose(timeline, f"the server keeps {_FEED_KEEPS} entries of such a feed")

    def _wanted(self, timeline: Timeline) -> str:
        return self._subscription.sweep_from(
            timeline.track, options=self._options, scheme=self._flavour.ids
        )

    def _sweep_start(self, timeline: Timeline) -> str:
        return self._above_horizon(timeline, self._wanted(timeline))

    def _above_horizon(self, timeline: Timeline, wanted: str) -> str:
        """Return `wanted`, but never below what was forgotten, which would be read for nothing."""
        horizon = self._subscription.horizon(timeline.track)
        if id_key(wanted) < id_key(horizon) and timeline.track == "statuses":
            self._lose(timeline, _TOO_LITTLE)
        return max(wanted, horizon, key=id_key)

    async def _read(self, timeline: Timeline, after: str, *, patient: bool = True) -> int:
        """Deliver what is above `after` up to what is newest now; return how many entries it was.

        Everything is above ``""``. What comes to be while reading is no matter: the live stream
        tells it.
        """
        page = await self._asking.page(timeline, patient=patient)
        if page.reaches(after) or not page.entries:
            return await self._deliver_pages([page.above(after)], timeline)
        after = after or beginning(timeline.track, self._flavour.ids)
        if not after:
            return await self._deliver_pages(await self._all_pages(page, timeline), timeline)
        newest_id, fetched = page.newest_id, 0
        while id_key(after) < id_key(newest_id):
            page = await self._asking.page(timeline, after=after, patient=patient)
            if page.entries and id_key(page.newest_id) <= id_key(after):
                self._lose(timeline, "a page of the server leads backwards")
                break
            if not page.entries or not await self._deliver_page(page, timeline):
                break
            fetched, after = fetched + len(page.entries), page.newest_id
        return fetched

    async def _all_pages(self, newest: Page, timeline: Timeline) -> Sequence[Page]:
        """Return all pages of a timeline, read downwards: nobody knows the lowest opaque id."""
        pages, most = [newest], 2 + self._options.catch_up_limit // timeline.page_limit
        while len(pages[-1].entries) >= timeline.page_limit:
            if len(pages) > most:
                self._lose(timeline, "a timeline that was empty holds more than catch_up_limit")
                break
            pages.append(await self._asking.page(timeline, below=pages[-1].oldest_id))
        return pages[::-1]

    async def _deliver_pages(self, pages: Sequence[Page], timeline: Timeline) -> int:
        for page in pages:
            if not await self._deliver_page(page, timeline):
                break
        return sum(len(page.entries) for page in pages)

    async def look_again(self) -> None:
        """Deliver what came late, what a lagging REST did not show before, and what has changed."""
        self._shortfall.clear()
        self._looked_at.clear()
        self.refused, self.unanswered = None, False
        self._until = self._now()
        self._lags = bool(self._marks) and await wait_for_lagging_rest(
            self._subscription.window,
            self._asking,
            until_seconds=self._until.timestamp(),
            fetched=self._fetched,
        )
        if self._lags:
            self.unanswered = True
            self._shortfall.add(MISSING_OF["statuses"] | CHANGES, "REST lags behind the stream")
        for timeline in self._marks:
            await self._guarded(timeline, self._sweep(timeline))
        self.unanswered |= await find_changes(
            self._subscription,
            self._asking,
            options=self._options,
            until=self._until,
            looked_at=self._looked_at,
            deliver=self._count,
            now=self._now,
            shortfall=self._shortfall,
        )

    async def _sweep(self, timeline: Timeline) -> None:
        start = self._subscription.owed.get(timeline.track)
        if start is not None:
            start = self._above_horizon(timeline, start)  # much may be forgotten since it was owed
            self._doubt_whole_feed(timeline, await self._read(timeline, start))
            if not self._lags:
                del self._subscription.owed[timeline.track]

    def conclude(self) -> Gap | None:
        """Close the gap and return the signal that says what became of it, if there was one."""
        subscription, gap = self._subscription, self._subscription.gap
        if gap is None:
            if self.refused is None:
                return None
            gap = OpenGap(subscription.sure_at)  # from looking what is there to listening
        subscription.gap = None
        missing = gap.shortfall.missing | self._shortfall.missing
        return Gap(
            server=subscription.server,
            at=self._now(),
            stream=subscription.stream,
            since=gap.since,
            until=self._until,
            recovered=gap.recovered,
            complete=not missing,
            missing=frozenset(missing),
            reason="; ".join((*gap.shortfall.reasons, *self._shortfall.reasons)),
        )

    @property
    def _lasting(self) -> Shortfall:
        gap = self._subscription.gap
        return self._shortfall if gap is None else gap.shortfall

    def _lose(self, timeline: Timeline, reason: str) -> None:
        """Name what no further attempt can retrieve."""
        self._lasting.add(MISSING_OF[timeline.track], reason)

    def _recovered(self) -> int:
        return self._subscription.gap.recovered if self._subscription.gap else 0

    async def _guarded(self, timeline: Timeline, reading: Awaitable[None]) -> None:
        try:
            await reading
        except RestRefused as refused:
            self.refused = refused.outcome
            self.unanswered |= refused.is_passing
            reason = f"{timeline.path} could not be read: {refused.reason}"
            self._shortfall.add(MISSING_OF[timeline.track], reason)
        except ValueError as error:
            self.unanswered = True  # a page that stands in for a server in trouble, most likely
            self._shortfall.add(MISSING_OF[timeline.track], f"{timeline.path}: {error}")

    async def _deliver_page(self, page: Page, timeline: Timeline) -> bool:
        """Deliver what is news on a page; false when the limit does not allow more."""
        limit, track = self._options.catch_up_limit, timeline.track
        events = self._told_apart(
            timeline, self._subscription.news_on(page, track, now=self._now())
        )
        if events and self._recovered() >= limit:
            self._lose(timeline, f"more than {limit} events were missed (catch_up_limit)")
            return False
        if timeline.track == "statuses":
            self._fetched.update(page.ids)
            self._looked_at.update(page.ids)
        self._subscription.counters.caught_up += await self._count(events)
        return True

    def _told_apart(self, timeline: Timeline, events: Sequence[AnyEvent]) -> Sequence[AnyEvent]:
        """Leave out what may be old: reading itself can make us forget that it was told."""
        clear = above_horizon(events, self._subscription.horizon(timeline.track))
        if len(clear) < len(events):
            self._lose(timeline, _TOO_LITTLE)
        return clear

    async def _count(self, events: Sequence[AnyEvent]) -> int:
        delivered = await self._deliver(self._subscription, events) if events else 0
        if self._subscription.gap is not None:
            self._subscription.gap.recovered += delivered
        return delivered
