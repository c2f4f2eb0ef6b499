"""The recorder: takes what feeds bring, stores it, and ends in order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Final

from trunkline.errors import BadInput, TrunklineError
from trunkline.inbox import Item
from trunkline.record.collecting import Collector
from trunkline.record.quota import Quota
from trunkline.record.recording import Progress, Recording
from trunkline.record.source import Limits, Source, stream_twice
from trunkline.record.writing import Writer
from trunkline.signals import Connected, Gap, Signal
from trunkline.sinks.base import OnDelete, Sink
from trunkline.sinks.opening import open_sink
from trunkline.streams import Stream

__all__ = ["Recorder", "record"]

_IDLE_SECONDS: Final = 10.0
"""How often it is stored that nothing happened."""
_LAST_CHANCE_SECONDS: Final = 3.0
"""How long a sink that cannot be written to is waited for when the recording has to end."""

_Tasks = Sequence[asyncio.Task[None]]


async def record(
    *sources: Source,
    to: Sink | str,
    on_delete: OnDelete = "mark",
    limits: Limits | None = None,
) -> Progress:
    """Record streams until a limit is reached, every server has refused, or it is cancelled.

    A recording that is cancelled stores what it has before it ends. One that is killed goes on
    where it was when it is started again. To see how it is doing meanwhile, run a `Recorder`.

    Args:
        *sources: What to record.
        to: An open sink, which stays open; or what names one, such as ``"sqlite:toots.db"``.
        on_delete: What becomes of deleted posts, if `to` is a name.
        limits: When to end, and how much to store in one step.

    Returns:
        What became of it.

    Raises:
        BadInput: Something that cannot be meant.
        TrunklineError: Every server has refused; with the words of the first.
        SinkError: The sink cannot be used.
    """
    if not isinstance(to, str):
        return await Recorder(sources, to, limits=limits).run()
    with closing(open_sink(to, on_delete=on_delete)) as sink:
        return await Recorder(sources, sink, limits=limits).run()


class Recorder:
    """Records some sources into a sink; `run` it once.

    Args:
        sources: What to record.
        sink: Where to; it stays open.
        limits: When to end, and how much to store in one step.
        quota: How many events may be taken, where that is shared with others; `limits` else.

    Raises:
        BadInput: No source, a stream of a server twice, or something that a client refuses.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        sink: Sink,
        *,
        limits: Limits | None = None,
        quota: Quota | None = None,
    ) -> None:
        if not sources:
            raise BadInput("Expected at least one server to record; got none.")
        self._limits = limits or Limits()
        self._collector = Collector(
            sink, max_events=self._limits.batch_events, max_bytes=self._limits.batch_bytes
        )
        self._writer = Writer(sink)
        self._quota = quota or Quota(self._limits.count)
        self._quota.before_end(self._acknowledge)
        self._ending = False
        self._recordings = [Recording(source, self._collector) for source in sources]
        _refuse_twins(self._recordings)

    def progress(self) -> Progress:
        """Return how the recording is doing now."""
        return Progress(
            servers=tuple(one.progress() for one in self._recordings),
            stored=self._writer.stored,
            waiting=self._collector.waiting,
            trouble=self._writer.trouble,
        )

    async def run(self) -> Progress:
        """Record, until a limit is reached, every server has refused, or it is cancelled.

        Raises:
            TrunklineError: Every server has refused; with the words of the first.
            SinkError: The sink cannot be used.
        """
        storing = asyncio.create_task(self._store())
        following = [asyncio.create_task(self._follow(one)) for one in self._recordings]
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._limits.seconds):
                    await self._until_over(following, storing)
        finally:
            await self._end(following, storing)
        errors = [one.error for one in self._recordings if one.error is not None]
        if len(errors) == len(self._recordings):
            raise errors[0]
        return self.progress()

    async def _until_over(self, following: _Tasks, storing: asyncio.Task[None]) -> None:
        over = [
            asyncio.create_task(self._quota.wait()),
            asyncio.create_task(asyncio.wait(following, return_when=asyncio.FIRST_EXCEPTION)),
        ]
        try:
            await asyncio.wait((*over, storing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in over:
                one.cancel()

    async def _end(self, following: _Tasks, storing: asyncio.Task[None]) -> None:
        """Close every connection, and store what is there."""
        self._acknowledge()
        for one in following:
            one.cancel()
        results = await asyncio.gather(*following, return_exceptions=True)
        self._ending = True
        self._collector.hurry()
        self._writer.finish(within_seconds=_LAST_CHANCE_SECONDS)
        try:
            await storing
        finally:
            self._writer.close()
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _follow(self, recording: Recording) -> None:
        """Take what a source brings, until it ends; its errors are noted and stay its own."""
        try:
            async with recording.feed as feed:
                async for item in feed:
                    if self._quota.is_used_up:
                        return  # with the item in hand, which therefore stays unacknowledged
                    self._take(recording, item)
                    if self._collector.is_full:
                        await self._collector.room()
        except TrunklineError as error:
            recording.refused(error)
        finally:
            await recording.close()

    def _take(self, recording: Recording, item: Item) -> None:
        """Note an item before anything else can happen."""
        recording.note(item)
        if isinstance(item, Connected):
            self._collector.urge()  # what was there before is known now: the recording has begun
        elif isinstance(item, Gap):
            self._collector.add(item)
        elif not isinstance(item, Signal):
            self._collector.add(item)
            recording.taken += 1
            self._quota.take()

    def _acknowledge(self) -> None:
        """Say that everything that was taken is finished, unless that was said for good."""
        if not self._quota.is_used_up:
            for recording in self._recordings:
                recording.feed.acknowledge()

    async def _store(self) -> None:
        """Store batch after batch, and at the end what is left."""
        loop = asyncio.get_running_loop()
        stored_at = loop.time()
        while True:
            await self._collector.ripe(at_most_seconds=self._limits.batch_seconds)
            ending = self._ending
            self._acknowledge()
            for recording in self._recordings:
                recording.feed.save()
            batch = self._collector.cut(idle=ending or loop.time() - stored_at >= _IDLE_SECONDS)
            if batch is not None:
                await self._writer.write(batch)
                stored_at = loop.time()
            if ending:
                return


def _refuse_twins(recordings: Sequence[Recording]) -> None:
    seen: set[tuple[str, Stream]] = set()
    for recording in recordings:
        for stream in recording.source.streams:
            if (recording.server, stream) in seen:
                raise stream_twice(stream, recording.server)
            seen.add((recording.server, stream))
