"""Hands events over one by one, and knows which of them the consumer has finished.

Asking for the next event acknowledges the last one: the cursor is what the consumer has finished,
never what was received. Both the async and the sync feed give out events through a `Handover`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import GeneratorType

from trunkline.cursors import CursorStore
from trunkline.entities.decoding import NOT_STRICT
from trunkline.errors import MalformedEventError
from trunkline.events import AnyEvent, Malformed
from trunkline.events.kinds import ENTITIES
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

    Attributes:
        giving: Gives the items of the batch; to ask it for one acknowledges those before.
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
        self._left: list[Item] = []  # of the batch, the next one last
        self._given: list[Item] = []  # handed over or passed by, and not acknowledged
        self.giving: Iterator[Item] = iter(())

    def fill(self, batch: list[Item]) -> None:
        """Take the next batch, which is used up; the last one must have been given out."""
        batch.reverse()
        self._left = batch
        self.giving = self._give()

    def resume(self) -> bool:
        """Go on with a batch whose giving was broken off by Ctrl-C; false if nothing is left."""
        if self._left:
            self.giving = self._give()
        return bool(self._left)

    def _give(self) -> Iterator[Item]:
        """Yield what is left of the batch; a generator, because this is the hot path."""
        left, given, stored = self._left, self._given, self._stored
        entities = ENTITIES if self._decode else {}
        while left:
            if stored and self._clock() >= self._due_at:
                self.acknowledge()
            # What was handed over is not held: its memory is the first that the next one can use.
            item = left[-1]
            entity = entities.get(type(item))
            if entity is not None:
                # As `Event.decode` would, spelt out.
                attribute, strict = entity
                try:
                    item.__dict__[attribute] = strict(item.raw)  # type: ignore[union-attr]
                except NOT_STRICT:
                    item = _decoded(item)  # type: ignore[arg-type]  # no signal has an entity
            if stored:
                given.append(item)
            if entity is not None or self._signals or not isinstance(item, Signal):
                del left[-1]  # no call from here to `yield`, for a signal strikes after calls
                yield item
            else:
                del left[-1]
        self.acknowledge()

    def take_back(self, giving: Iterator[Item]) -> None:
        """Have the item that `giving` gave last given again: it did not reach the consumer.

        That is what the generator holds where it waits; to keep it anywhere else costs every event.
        """
        if isinstance(giving, GeneratorType) and giving.gi_frame is not None:
            item = giving.gi_frame.f_locals.get("item")
            if item is not None:
                self._left.append(item)
                del self._given[-1:]

    def acknowledge(self) -> None:
        """Take note that everything that was given is finished, and save when it is time."""
        if self._given:
            self._finish(self._given)
            self._given.clear()
            if self._clock() >= self._due_at:
                self._store()

    def save(self) -> None:
        """Store the cursors of what is finished: all that was given but the item in hand."""
        if self._stored:
            self._finish(self._given[:-1])
            del self._given[:-1]
            self._store()

    def _finish(self, items: Sequence[Item]) -> None:
        for item in items:
            if not isinstance(item, Signal):
                self._subscriptions[item.stream].acknowledge(item)
                continue
            for stream in (item.stream,) if isinstance(item, Gap) else item.streams:
                self._subscriptions[stream].settle(item)

    def _store(self) -> None:
        self._due_at = self._clock() + self._interval_seconds
        for subscription in self._subscriptions.values():
            subscription.save()


def _decoded(event: AnyEvent) -> AnyEvent:
    """Return an event with its odd entity decoded, or what stands for it if that cannot be."""
    try:
        event.decode()
    except MalformedEventError as error:
        reason = str(error)
    else:
        return event
    return Malformed(
        name=event.name,
        reason=reason,
        stream=event.stream,
        server=event.server,
        received_at=event.received_at,
        raw=event.raw,
        origin=event.origin,
    )
