"""Hands events over one by one, and knows which of them the consumer has finished.

Asking for the next event acknowledges the last one: the cursor is what the consumer has finished,
never what was received. Both the async and the sync feed give out events through a `Handover`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trunkline.cursors import CursorStore
from trunkline.errors import MalformedEventError
from trunkline.events import AnyEvent, Malformed
from trunkline.inbox import Item
from trunkline.options import StreamOptions
from trunkline.signals import Gap, Signal
from trunkline.subscription import Subscription

__all__ = ["Handover"]


class Handover:
    """Hands the events of a batch over one by one; each next one acknowledges the last.

    Args:
        subscriptions: Who is told what was acknowledged.
        options: Whether signals are handed over, and whether entities are decoded before.
        store: Where cursors are saved, and how often; ``None`` keeps none.
        clock: Seconds that only go up.
    """

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        *,
        options: StreamOptions,
        store: CursorStore | None,
        clock: Callable[[], float],
    ) -> None:
        self._subscriptions = {subscription.stream: subscription for subscription in subscriptions}
        self._signals = options.signals
        self._decode = options.decode
        self._clock = clock
        self._stored = store is not None
        self._interval_seconds = store.save_interval_seconds if store is not None else 0.0
        self._due_at = clock() + self._interval_seconds
        self._batch: list[Item] = []
        self._given = 0  # how many of the batch were handed over or passed by
        self._finished = 0  # how many of those were acknowledged

    def fill(self, batch: list[Item]) -> None:
        """Take the next batch; the last one must have been given out."""
        self._batch, self._given, self._finished = batch, 0, 0

    def next(self) -> Item | None:
        """Acknowledge what was given and return the next item, or ``None`` at the batch's end."""
        if self._stored and self._clock() >= self._due_at:
            self.acknowledge()
        batch, given = self._batch, self._given
        while given < len(batch):
            item = batch[given]
            given += 1
            if isinstance(item, Signal):
                if not self._signals:
                    continue
            elif self._decode:
                try:
                    item.decode()
                except MalformedEventError as error:
                    item = _malformed(item, str(error))
            self._given = given
            return item
        self._given = given
        self.acknowledge()
        return None

    def acknowledge(self) -> None:
        """Take note that everything that was given is finished, and save when it is time."""
        if self._stored and self._finished < self._given:
            self._finish(self._given)
            if self._clock() >= self._due_at:
                self._store()

    def save(self) -> None:
        """Store the cursors of what is finished: all that was given but the item in hand."""
        if self._stored:
            self._finish(self._given - 1)
            self._store()

    def _finish(self, until: int) -> None:
        for item in self._batch[self._finished : until]:
            if not isinstance(item, Signal):
                self._subscriptions[item.stream].acknowledge(item)
                continue
            for stream in (item.stream,) if isinstance(item, Gap) else item.streams:
                self._subscriptions[stream].settle(item)
        self._finished = max(self._finished, until)

    def _store(self) -> None:
        self._due_at = self._clock() + self._interval_seconds
        for subscription in self._subscriptions.values():
            subscription.save()


def _malformed(event: AnyEvent, reason: str) -> Malformed:
    """Return what stands for an event whose entity cannot be decoded."""
    return Malformed(
        name=event.name,
        reason=reason,
        stream=event.stream,
        server=event.server,
        received_at=event.received_at,
        raw=event.raw,
        origin=event.origin,
    )
