"""One stream on one server with one token, being followed: what was seen, what was finished.

`Subscription` is the state that outlives connections: the window of seen keys, the cursor of what
the consumer has acknowledged, and the gap that is being closed. It does no I/O but saving its
cursor.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from trunkline.cursors import CursorStore
from trunkline.events import AnyEvent
from trunkline.policy.cursor import Cursor, Key
from trunkline.policy.dedupe import Admission, Window, keys_of
from trunkline.stats import Counters
from trunkline.streams import Stream, Track

__all__ = ["OpenGap", "Subscription"]

_NEW: Final = Admission.NEW  # an enumeration is slow to ask on Python 3.11


class OpenGap:
    """A gap that is being closed: since when, and what was delivered for it so far."""

    __slots__ = ("recovered", "since")

    def __init__(self, since: datetime | None) -> None:
        self.since = since
        self.recovered = 0


class Subscription:
    """The lasting state of one subscription.

    Attributes:
        stream: What is followed.
        server: Base URL of the server.
        window: Which keys were seen.
        gap: The gap that is being closed, or ``None`` while live without one.
        owed: For each track the id from which a sweep for late posts is owed.
        primed: The tracks whose state was known when following began.
        live_at: When it was last known to be live.
    """

    def __init__(
        self, stream: Stream, server: str, *, counters: Counters, store: CursorStore | None
    ) -> None:
        self.stream = stream
        self.server = server
        self.counters = counters
        self.gap: OpenGap | None = None
        self.window = Window()
        self.owed: dict[Track, str] = {}
        self.primed: set[Track] = set()
        self.live_at: datetime | None = None
        self._store = store
        self._stored_owed: dict[Track, str] = {}
        self._unsaved: list[Key] = []
        self._restore()

    @property
    def name(self) -> str:
        """What the subscription is called in a store of cursors."""
        return f"{self.server} {self.stream}"

    @property
    def has_history(self) -> bool:
        """Whether anything is known of what was there before now."""
        return bool(self.primed)

    def admit(self, event: AnyEvent, *, now_seconds: float) -> bool:
        """Say whether `event` is news, and remember it if so; what is not is counted."""
        admission = self.window.admit(event, now_seconds=now_seconds)
        if admission is _NEW:
            return True
        if admission is Admission.DUPLICATE:
            self.counters.duplicates += 1
        else:
            self.counters.held_back += 1
        return False

    def live_again(self, now: datetime) -> None:
        """A connection is open: from now on news arrive, and what was hidden can be fetched."""
        if self.gap is None and self.live_at is not None:
            self.gap = OpenGap(self.live_at)
        self.live_at = now

    def away(self) -> None:
        """The connection ended: a gap is open from the moment it was last known to be live."""
        if self.gap is None:
            self.gap = OpenGap(self.live_at)

    def owe_sweep(self, track: Track, start: str) -> None:
        """Take note that `track` is to be swept from `start`; a lower start stays."""
        self.owed.setdefault(track, start)
        self._stored_owed[track] = self.owed[track]

    def settle(self) -> None:
        """Take note that the consumer has finished everything that closed the last gap."""
        self._stored_owed = dict(self.owed)

    def acknowledge(self, event: AnyEvent) -> None:
        """Take note that the consumer has finished `event`."""
        if self._store is not None:
            at_seconds = event.received_at.timestamp()
            self._unsaved.extend((key, at_seconds) for key in keys_of(event))

    def save(self) -> None:
        """Store the cursor, if there is a store for it.

        Raises:
            CursorError: It cannot be written.
        """
        if self._store is None:
            return
        live_at = self.gap.since if self.gap is not None else self.live_at
        cursor = Cursor(
            primed=frozenset(self.primed),
            live_at_seconds=live_at.timestamp() if live_at else None,
            horizon=self.window.horizon,
            sweeps=self._stored_owed,
        )
        self._store.save(self.name, cursor, self._unsaved)
        self._unsaved.clear()

    def remember(self, keys: Iterable[str]) -> None:
        """Count keys as seen and finished: they were there before following began."""
        for key in keys:
            self.window.remember(key, at_seconds=0.0)
            self._unsaved.append((key, 0.0))

    def _restore(self) -> None:
        saved = self._store.load(self.name) if self._store is not None else None
        if saved is None:
            return
        cursor = saved.cursor
        self.window = Window(horizon=cursor.horizon)
        for key, at_seconds in saved.keys:
            self.window.remember(key, at_seconds=at_seconds)
        self.primed = set(cursor.primed)
        self.owed = dict(cursor.sweeps)
        self._stored_owed = dict(cursor.sweeps)
        if cursor.live_at_seconds is not None:
            self.live_at = datetime.fromtimestamp(cursor.live_at_seconds, UTC)
