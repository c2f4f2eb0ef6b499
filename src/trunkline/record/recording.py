"""One source being recorded: its client, its feed, and how it is doing."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal

from trunkline.client import AsyncMastodon
from trunkline.errors import TrunklineError
from trunkline.feed import AsyncFeed
from trunkline.inbox import Item
from trunkline.options import StreamKeywords
from trunkline.record.collecting import Collector
from trunkline.record.source import Source
from trunkline.signals import Connected, Disconnected
from trunkline.stats import Stats
from trunkline.streams import Stream

__all__ = ["Progress", "Recording", "ServerProgress", "State"]

log = logging.getLogger("trunkline")

State = Literal["connecting", "live", "away", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProgress:
    """How the recording of one server is doing.

    Attributes:
        server: Base URL of the server.
        streams: What is recorded of it.
        state: ``connecting`` until every stream was live once, ``live``, ``away`` while one is not,
            ``refused`` when the server said no.
        words: Why it is away or has refused.
        taken: How many events were taken from it.
        stats: What its feed has counted.
    """

    server: str
    streams: tuple[Stream, ...]
    state: State
    words: str
    taken: int
    stats: Stats


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How a recording is doing.

    Attributes:
        servers: How each server is doing.
        stored: How many events the sink has stored.
        waiting: How many events wait for it.
        trouble: Why the sink cannot be written to now; ``""`` while it can.
    """

    servers: tuple[ServerProgress, ...]
    stored: int
    waiting: int
    trouble: str


class Recording:
    """A source with its client and its feed.

    Attributes:
        source: What is recorded.
        server: Base URL of the server, as events name it.
        feed: The events, with signals among them and not decoded.
        taken: How many events were taken from the feed.
        error: Why the server has refused.

    Raises:
        BadInput: An address, a token or an option that cannot be meant.
    """

    def __init__(self, source: Source, collector: Collector) -> None:
        self.source = source
        self._client = AsyncMastodon(
            source.server,
            access_token=source.access_token,
            streaming_url=source.streaming_url,
            network=source.network,
            cursors=collector,
        )
        self.server = self._client.server
        options: StreamKeywords = {**source.options, "decode": False}
        self.feed: AsyncFeed[Item] = self._client.stream(*source.streams, signals=True, **options)
        self.taken = 0
        self.error: TrunklineError | None = None
        self._seen: set[Stream] = set()
        self._away: dict[Stream, str] = {}

    def note(self, item: Item) -> None:
        """Take note of a signal."""
        if isinstance(item, Connected):
            self._seen.update(item.streams)
            for stream in item.streams:
                self._away.pop(stream, None)
        elif isinstance(item, Disconnected):
            words = f"{item.reason}: {item.words}" if item.words else item.reason
            self._away.update(dict.fromkeys(item.streams or self.source.streams, words))

    def refused(self, error: TrunklineError) -> None:
        """Take note that the server said no: what is recorded of others goes on."""
        self.error = error
        extra = {"trunkline_server": self.server, "trunkline_why": str(error)}
        log.error("trunkline.server_refused", extra=extra)

    def progress(self) -> ServerProgress:
        """Return how it is doing now."""
        return ServerProgress(
            server=self.server,
            streams=self.source.streams,
            state=self._state(),
            words=str(self.error or next(iter(self._away.values()), "")),
            taken=self.taken,
            stats=self.feed.stats(),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _state(self) -> State:
        if self.error is not None:
            return "refused"
        if self._away:
            return "away"
        return "live" if self._seen.issuperset(self.source.streams) else "connecting"
