"""One stream on one server with one token, being followed: what was seen, what was finished.

`Subscription` is the state that outlives connections: the window of seen keys, the cursor of what
the consumer has acknowledged, and the gap that is being closed. It does no I/O but saving its
cursor.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from trunkline.cursors import CursorStore
from trunkline.events import AnyEvent
from trunkline.options import StreamOptions
from trunkline.policy.catchup import Page, Shortfall, events_of_page
from trunkline.policy.cursor import CAPACITY, Cursor, Key, highest, sweep_start
from trunkline.policy.dedupe import Admission, Kept, Window, keys_of
from trunkline.policy.ids import IdScheme, id_key
from trunkline.signals import AnySignal, Gap
from trunkline.stats import Counters
from trunkline.streams import Stream, Track

__all__ = ["OpenGap", "Subscription"]

_LONG_AGO: Final = datetime.fromtimestamp(0, UTC)
_MOST_NOTES: Final = 1000


class OpenGap:
    """A gap that is being closed, or was and the consumer does not know yet.

    Attributes:
        since: When the subscription was last known to be live.
        recovered: How much was delivered for it so far.
        shortfall: What is lost for good, whatever further attempts may find.
    """

    __slots__ = ("recovered", "shortfall", "since")

    def __init__(self, since: datetime | None, shortfall: Shortfall | None = None) -> None:
        self.since = since
        self.recovered = 0
        self.shortfall = shortfall or Shortfall()


class Subscription:
    """The lasting state of one subscription.

    Attributes:
        stream: What is followed.
        server: Base URL of the server.
        window: Which keys were seen.
        gap: The gap that is being closed, or ``None`` while live without one.
        owed: For each track the id from which a sweep for late posts is owed.
        primed: The tracks whose state was known when following began.
        live_at: Until when everything that was told has been read.
        signed_in_at: When a call was last made for the sake of the feed; see `Vigil`.
        suspects: Old posts that seem to be gone, to be asked for after the next gap.
        probed: For each track up to which id a probe has found what did not come.
    """

    def __init__(
        self,
        stream: Stream,
        server: str,
        *,
        counters: Counters,
        store: CursorStore | None,
        capacity: int = CAPACITY,
    ) -> None:
        self.stream = stream
        self.server = server
        self.counters = counters
        self.gap: OpenGap | None = None
        self.window = Window(capacity=capacity)
        self.owed: dict[Track, str] = {}
        self.primed: set[Track] = set()
        self.live_at: datetime | None = None
        self.signed_in_at: datetime | None = None
        self.suspects: list[str] = []
        self.probed: dict[Track, str] = {}
        self._store = store
        self._sure_at: datetime | None = None  # the consumer has what was told until then
        self._finished_at = _LONG_AGO  # when the last item that the consumer has finished came
        self._read_until: list[datetime] = []  # when everything that was told had been read
        self._apart = timedelta()  # how far these moments lie apart at the least
        self._untold: list[OpenGap] = []  # gaps that the consumer has not acknowledged
        self._stored_owed: dict[Track, str] = {}
        self._unsaved: list[Key] = []
        self._counted = 0  # so many of them are counted as kept
        self._kept = Kept((), capacity=capacity, horizons={})
        self._capacity = capacity
        self._restore()

    @property
    def name(self) -> str:
        """What the subscription is called in a store of cursors."""
        return f"{self.server} {self.stream}"

    @property
    def has_begun(self) -> bool:
        """Whether it was followed before: what is there now and was not then has been missed."""
        return self._sure_at is not None

    @property
    def sure_at(self) -> datetime | None:
        """Until when the consumer is known to have everything; ``None`` before following began."""
        return self._sure_at

    def begin_if_primed(self, now: datetime) -> None:
        """Following begins, if it is known from where; see `begin`."""
        if self.primed:
            self.begin(now)

    def begin(self, now: datetime) -> None:
        """Following begins: store that, so that a crash before the first event loses nothing."""
        self._sure_at = now
        self._kept = Kept((), capacity=self._capacity, horizons=self.window.horizons)
        self.save()

    def mark(self, track: Track) -> str:
        """Return the highest id of a track that was ever seen; ``""`` for none."""
        return max(highest(self.window.keys(), track), self.horizon(track), key=id_key)

    def horizon(self, track: Track) -> str:
        """Return the highest id of a track that was forgotten; ``""`` while none was."""
        return self.window.horizons.get(track, "")

    def sweep_from(self, track: Track, *, options: StreamOptions, scheme: IdScheme) -> str:
        """Return the id from which a timeline is to be swept, however much is remembered."""
        overlap_seconds = options.overlap_seconds(self.stream)
        seen = self.window.seen_since(-1.0)
        return sweep_start(seen, track, overlap_seconds=overlap_seconds, scheme=scheme)

    def news_on(self, page: Page, track: Track, *, now: datetime) -> list[AnyEvent]:
        """Return what a page tells that was not seen, oldest first; nothing is remembered of it."""
        return events_of_page(
            page, track, self.window, stream=self.stream, server=self.server, now=now
        )

    def news(self, events: Iterable[AnyEvent], *, now_seconds: float) -> list[AnyEvent]:
        """Return which of `events` are news, and remember them; what is not is counted."""
        return self.window.news(events, now_seconds=now_seconds, no_news=self._count)

    def _count(self, admission: Admission) -> None:
        self.counters.duplicates += admission is Admission.DUPLICATE
        self.counters.held_back += admission is Admission.DELETED

    def live_again(self, now: datetime) -> None:
        """A connection is open: from now on news arrive, and what was hidden can be fetched.

        If there was one before, its end has opened a gap.
        """
        if not self.has_begun:
            self.begin(now)
        self.window.none_after(now.timestamp())
        self.live_at = now

    def caught_up(self, at: datetime) -> None:
        """Take note that everything that was told until then has been read."""
        self.live_at = at
        if self._store is not None:
            self._note(at)

    def _note(self, at: datetime) -> None:
        """Keep a moment for `_position`; the further behind the consumer is, the fewer of them."""
        notes = self._read_until
        if not notes:
            self._apart = timedelta()
        elif at - notes[-1] < self._apart:
            return
        notes.append(at)
        if len(notes) > _MOST_NOTES:
            del notes[::2]
            self._apart = 2 * (notes[-1] - notes[0]) / len(notes)

    def away(self, since: datetime | None = None) -> None:
        """The connection ended: a gap is open since then, or since it was last known to be live."""
        if self.gap is None:
            moments = [moment for moment in (since, self.live_at) if moment is not None]
            self._open_gap(OpenGap(min(moments, default=None)))

    def owe_sweep(self, track: Track, start: str) -> None:
        """Take note that `track` is to be swept from `start`; a lower start stays."""
        for owed in (self.owed, self._stored_owed):
            owed[track] = min(owed.get(track, start), start, key=id_key)

    def settle(self, signal: AnySignal) -> None:
        """Take note that the consumer has finished everything before `signal`."""
        if isinstance(signal, Gap):
            del self._untold[:1]  # the oldest is told first
            if not self._untold:
                self._stored_owed = dict(self.owed)
        self._finished_at = signal.at

    def acknowledge(self, event: AnyEvent) -> None:
        """Take note that the consumer has finished `event`."""
        if self._store is not None:
            at_seconds = event.received_at.timestamp()
            self._unsaved.extend((key, at_seconds) for key in keys_of(event))
            if event.origin == "live":
                self._finished_at = event.received_at

    def save(self) -> None:
        """Store the cursor, if there is a store for it.

        Raises:
            CursorError: It cannot be written.
        """
        if self._store is None:
            return
        live_at, lost = self._position(), [gap.shortfall for gap in self._untold]
        self._kept.add(key for key, _ in self._unsaved[self._counted :])
        self._counted = len(self._unsaved)  # they stay unsaved if the store cannot take them
        cursor = Cursor(
            primed=frozenset(self.primed),
            live_at_seconds=live_at.timestamp() if live_at else None,
            horizons=self._kept.horizons,
            sweeps=self._stored_owed,
            missing=frozenset(name for shortfall in lost for name in shortfall.missing),
            reasons=tuple(reason for shortfall in lost for reason in shortfall.reasons),
            capacity=self._capacity,
        )
        self._store.save(self.name, cursor, self._unsaved)
        self._unsaved.clear()
        self._counted = 0

    def remember(self, keys: Iterable[str]) -> None:
        """Count keys as seen and finished: they were there before following began."""
        for key in keys:
            self.window.remember(key, at_seconds=0.0)
            self._unsaved.append((key, 0.0))

    def _open_gap(self, gap: OpenGap) -> None:
        self.gap = gap
        if self._store is not None:
            self._untold.append(gap)

    def _position(self) -> datetime | None:
        """Return up to when nothing is missing: where the gap of a restart begins.

        What was told until then had been read, and all that had been read then is finished.
        """
        place = bisect_right(self._read_until, self._finished_at)
        if place:
            self._sure_at = self._read_until[place - 1]
            del self._read_until[:place]
        moments = [self._sure_at, *(gap.since for gap in self._untold)]
        return min((moment for moment in moments if moment is not None), default=None)

    def _restore(self) -> None:
        saved = self._store.load(self.name) if self._store is not None else None
        if saved is None:
            return
        cursor = saved.cursor
        self.window = Window(capacity=self._capacity, horizons=cursor.horizons)
        keys = (key for key, _ in saved.keys)
        self._kept = Kept(keys, capacity=self._capacity, horizons=cursor.horizons)
        for key, at_seconds in saved.keys:
            self.window.remember(key, at_seconds=at_seconds)
        self.primed = set(cursor.primed)
        self.owed = dict(cursor.sweeps)
        self._stored_owed = dict(cursor.sweeps)
        if cursor.live_at_seconds is not None:
            self._sure_at = datetime.fromtimestamp(cursor.live_at_seconds, UTC)
            lost = Shortfall(set(cursor.missing), list(cursor.reasons))
            self._open_gap(OpenGap(self._sure_at, lost))
