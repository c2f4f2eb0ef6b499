"""The stage: a server and a consumer in virtual time, and the steps of a schedule played on it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from tests.continuity.steps import (
    Boost,
    Crash,
    Cut,
    Delete,
    Edit,
    Notify,
    Pause,
    Post,
    Restart,
    Step,
    Strike,
)
from tests.support.virtual_clock import run, virtual_network, wall_clock

from trunkline.cursors import CursorStore, MemoryCursors, SqliteCursors
from trunkline.feed import AsyncFeed
from trunkline.following import Following
from trunkline.inbox import Item
from trunkline.options import StreamOptions
from trunkline.server.faults import CONNECT_FAULTS
from trunkline.server.log import LogEntry
from trunkline.server.running import Server as EmbeddedServer
from trunkline.server.site import Settings
from trunkline.server.throttle import Limit, RateLimits
from trunkline.server.world import World
from trunkline.signals import SIGNALS, Connected
from trunkline.streams import Stream
from trunkline.transport.http import Secret
from trunkline.transport.server import Server

__all__ = ["Evidence", "Record", "Setting", "play"]

_GENEROUS: Final = RateLimits(
    general=Limit(requests=100_000, period_seconds=300.0),
    paged=Limit(requests=100_000, period_seconds=900.0),
)
_LONGEST_DRAIN_LOOKS: Final = 800
_SILENT_KINDS: Final = frozenset({"silent", "stall"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a schedule is played with."""

    streams: tuple[Stream, ...] = (Stream.public(),)
    options: StreamOptions = field(default_factory=lambda: StreamOptions(signals=True))
    history: int = 3
    store: Literal["none", "memory", "sqlite"] = "none"
    rest_lag_seconds: float = 0.0
    settings: Settings = field(default_factory=lambda: Settings(rate_limits=_GENEROUS))
    flavour: str = "mastodon"
    seconds_per_event: float = 0.0
    seed: int = 0


@dataclass(slots=True)
class Record:
    """What the consumer was given; `finished` unless it crashed with it in hand."""

    item: Item
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the world published since following began, and what the consumer was given."""

    log: tuple[LogEntry, ...]
    records: tuple[Record, ...]
    crashes: int


class _Consumer:
    """Follows, crashes when told, and starts again from its cursors."""

    def __init__(self, setting: Setting, url: str, token: str, directory: Path) -> None:
        self.records: list[Record] = []
        self.connected = asyncio.Event()
        self.crashes = 0
        self.following: Following | None = None
        self._setting = setting
        self._url, self._token = url, token
        self._directory = directory
        self._memory = MemoryCursors()
        self._consuming: asyncio.Future[float] | None = None
        self._crash_at: list[tuple[int, float]] = []  # counts of records and downtimes

    def crash_after(self, events: int, *, downtime_seconds: float) -> None:
        self._crash_at.append((len(self.records) + events, downtime_seconds))

    @property
    def is_quiet(self) -> bool:
        following = self.following
        return (
            following is not None
            and not self._crash_at
            and all(
                one.gap is None and one.live_at is not None
                for one in following._subscriptions.values()
            )
        )

    def crash_now(self) -> None:
        """Make what was to happen at some later event happen now, with nothing in hand."""
        if self._crash_at and self._consuming is not None:
            self._consuming.cancel()

    async def run(self) -> None:
        while True:
            server, store = self._server(), self._store()
            feed: AsyncFeed[Item] = AsyncFeed(lambda: self._begin(server, store), on_close=_ignore)  # noqa: B023
            self._consuming = asyncio.ensure_future(self._consume(feed))
            try:
                await asyncio.wait([self._consuming])
                if self._consuming.cancelled():
                    self.crashes += 1
                    downtime_seconds = self._crash_at.pop(0)[1]
                else:
                    downtime_seconds = self._consuming.result()
            finally:
                self._consuming.cancel()
                await self._die(server, store)
            await asyncio.sleep(downtime_seconds)

    async def _consume(self, feed: AsyncFeed[Item]) -> float:
        """Take items until a crash is due; return for how long to be down."""
        async for item in feed:
            record = Record(item)
            self.records.append(record)
            if isinstance(item, Connected):
                self.connected.set()
            if self._setting.seconds_per_event and not isinstance(item, SIGNALS):
                await asyncio.sleep(self._setting.seconds_per_event)
            if self._crash_at and len(self.records) >= self._crash_at[0][0]:
                self.crashes += 1
                return self._crash_at.pop(0)[1]
            record.finished = True
        raise AssertionError("The feed ended by itself.")

    async def _die(self, server: Server, store: CursorStore | None) -> None:
        """Vanish as a killed process does: sockets and files close, nothing is saved."""
        following, self.following = self.following, None
        if following is not None:
            following.stop()
            await asyncio.gather(*following._tasks, return_exceptions=True)
        await server.close()
        if store is not None:
            store.close()

    def _server(self) -> Server:
        return Server(
            self._url,
            token=Secret(self._token),
            network=virtual_network(seed=self._setting.seed),
            streaming_url=None,
        )

    def _store(self) -> CursorStore | None:
        if self._setting.store == "sqlite":
            return SqliteCursors(self._directory / "cursors.db", save_interval_seconds=0.0)
        return self._memory if self._setting.store == "memory" else None

    def _begin(self, server: Server, store: CursorStore | None) -> Following:
        self.following = Following(
            server, self._setting.streams, options=self._setting.options, store=store
        )
        return self.following


def _ignore(feed: object) -> None:
    """Nobody keeps a list of feeds here."""


class _Stage:
    """Plays steps on a world."""

    def __init__(self, server: EmbeddedServer, consumer: _Consumer) -> None:
        self._server = server
        self._world = server.world
        self._consumer = consumer
        self._posts: list[str] = []
        self._published = 0

    async def perform(self, step: Step) -> None:
        match step:
            case Post(count, late_seconds):
                for _ in range(count):
                    self._post(late_seconds)
            case Edit(back) if self._posts:
                status_id = self._pick(back)
                self._published += 1
                self._world.edit(status_id, content=f"<p>Edit {self._published}</p>")
            case Delete(back) if self._posts:
                status_id = self._pick(back)
                self._posts.remove(status_id)
                self._world.delete(status_id)
            case Boost(back) if self._posts:
                self._world.boost(self._pick(back))
            case Notify():
                self._world.notify("follow")
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Cut(reset):
                self._server.cut_connections(reset=reset)
            case Restart(downtime_seconds, posts):
                await self._restart(downtime_seconds, posts)
            case Crash(after_events, downtime_seconds):
                self._consumer.crash_after(after_events, downtime_seconds=downtime_seconds)
            case Strike(fault):
                plan = self._server.faults
                plan.faults = (*plan.faults, replace(fault, after_events=0))
                plan.fired.append(0)
            case _:
                pass

    async def _restart(self, downtime_seconds: float, posts: int) -> None:
        restarting = asyncio.ensure_future(self._server.restart(downtime_seconds=downtime_seconds))
        for _ in range(posts):
            await asyncio.sleep(downtime_seconds / (posts + 1))
            self._post(0.0)
        await restarting

    def _post(self, late_seconds: float) -> None:
        self._published += 1
        status = self._world.post(
            f"<p>Post {self._published}</p>",
            local=self._published % 3 > 0,
            late_seconds=late_seconds,
            tags=["python"] if self._published % 2 else [],
        )
        self._posts.append(str(status["id"]))

    def _pick(self, back: int) -> str:
        return self._posts[-1 - back % len(self._posts)]


async def _drain(consumer: _Consumer, *, look_seconds: float) -> None:
    """Wait until the consumer is live everywhere and nothing comes any more."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _LONGEST_DRAIN_LOOKS * look_seconds
    quiet_looks, seen = 0, -1
    while quiet_looks < 2:
        assert loop.time() < deadline, "The consumer does not come to rest."
        consumer.crash_now()
        await asyncio.sleep(look_seconds)
        events = sum(not isinstance(one.item, SIGNALS) for one in consumer.records)
        quiet = consumer.is_quiet and events == seen
        quiet_looks, seen = quiet_looks + 1 if quiet else 0, events


def play(schedule: Sequence[Step], setting: Setting | None = None) -> Evidence:
    """Play `schedule` in virtual time and return what there is to compare."""
    return run(_play(schedule, setting or Setting()))


async def _play(schedule: Sequence[Step], setting: Setting) -> Evidence:
    world = World(now=wall_clock, rest_lag_seconds=setting.rest_lag_seconds)
    with ExitStack() as cleaning:
        directory = Path(cleaning.enter_context(tempfile.TemporaryDirectory()))
        # Nobody else takes a port of this address while the server is down.
        host = "127.0.0.2"
        async with EmbeddedServer(
            world, host=host, settings=setting.settings, flavour=setting.flavour
        ) as server:
            consumer = _Consumer(setting, server.url, server.token, directory)
            stage = _Stage(server, consumer)
            await stage.perform(Post(setting.history))
            await asyncio.sleep(setting.rest_lag_seconds)
            began = len(world.log)
            consuming = asyncio.ensure_future(consumer.run())
            try:
                await _follow(stage, schedule, server, consumer, setting, consuming)
            finally:
                consuming.cancel()
                await asyncio.gather(consuming, return_exceptions=True)
    return Evidence(tuple(world.log)[began:], tuple(consumer.records), consumer.crashes)


async def _follow(
    stage: _Stage,
    schedule: Sequence[Step],
    server: EmbeddedServer,
    consumer: _Consumer,
    setting: Setting,
    consuming: asyncio.Future[None],
) -> None:
    async def scenario() -> None:
        await consumer.connected.wait()
        await asyncio.sleep(setting.options.settle_seconds + 1.0)
        for step in schedule:
            await stage.perform(step)
        await asyncio.sleep(_patience_seconds(schedule, setting))
        await _drain(consumer, look_seconds=10.0 + 2 * setting.seconds_per_event)

    playing = asyncio.ensure_future(scenario())
    done, _ = await asyncio.wait((playing, consuming), return_when=asyncio.FIRST_COMPLETED)
    playing.cancel()
    for task in done:
        task.result()


def _patience_seconds(schedule: Sequence[Step], setting: Setting) -> float:
    """Return how long it may take until something happens that nothing announces."""
    options = setting.options
    struck = {one.fault.kind for one in schedule if isinstance(one, Strike)}
    seconds = 120.0 if "trickle" in struck else 0.0
    if options.transport == "polling" or setting.flavour != "mastodon" or struck & CONNECT_FAULTS:
        seconds = 15 * options.poll_seconds
    if struck & _SILENT_KINDS:
        seconds += options.silence_probe_seconds + 60.0
    return seconds
