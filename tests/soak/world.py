"""All servers of a soak in one process of their own, so that the recorder's has only itself.

The process speaks through a pipe: it tells its addresses, begins to publish once everything is
subscribed, ends with it when told, and then tells what it has published. All of that stays in its
memory: about a gigabyte for four million events.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Final, cast

from tests.soak.scenario import Address, Soak, faults_of

from trunkline.server.log import LogEntry
from trunkline.server.running import Server
from trunkline.server.site import Settings
from trunkline.server.synthetic import Activity, SyntheticSource
from trunkline.server.throttle import Limit, RateLimits
from trunkline.server.tokens import DEMO_TOKEN
from trunkline.server.world import World

__all__ = ["TOKEN", "Account", "Servers", "running_servers"]

TOKEN: Final = DEMO_TOKEN
_PLENTY: Final = RateLimits(
    general=Limit(requests=10_000_000, period_seconds=300.0),
    paged=Limit(requests=5_000_000, period_seconds=86_400.0),
)
_RETAINED_POSTS: Final = 20_000
_EVENTS_BEFORE: Final = 40
_START_SECONDS: Final = 60.0
_END_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What one server did since all was subscribed.

    Attributes:
        log: What it published.
        withdrawn: The ids of the notifications that went with a post that was deleted.
        struck: Which faults struck how often.
    """

    url: str
    log: list[LogEntry]
    withdrawn: frozenset[str]
    struck: Counter[str]


class Servers:
    """The other end of the pipe."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.addresses = cast("list[Address]", pipe.recv())

    def wait_until_live(self) -> None:
        """Return once everything is subscribed and publishing begins.

        Raises:
            EOFError: It did not come to that, as the process has said on standard error.
        """
        self._pipe.recv()

    def calm_down(self) -> list[Account]:
        """Let the servers publish nothing more and misbehave no more; return their accounts."""
        self._pipe.send(None)
        return cast("list[Account]", self._pipe.recv())


@contextmanager
def running_servers(soak: Soak) -> Iterator[Servers]:
    """Run the servers in a process that ends with the block."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(soak, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        with ours:
            yield Servers(ours)
    finally:
        process.join(_END_SECONDS)
        process.kill()


def _run(soak: Soak, pipe: Connection) -> None:
    try:
        asyncio.run(_serve(soak, pipe))
    except EOFError:
        return  # the other end is gone


async def _serve(soak: Soak, pipe: Connection) -> None:
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(_server(soak, number)) for number in range(soak.servers)
        ]
        lives = [_Life(server, soak, number) for number, server in enumerate(servers)]
        pipe.send([Address(number=n, url=server.url) for n, server in enumerate(servers)])
        for server in servers:
            await server.wait_for_subscribers(len(soak.streams), timeout_seconds=_START_SECONDS)
        pipe.send(None)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(life.go_on()) for life in lives]
            await asyncio.to_thread(pipe.recv)
            for task in tasks:
                task.cancel()
        pipe.send([life.account() for life in lives])
        await asyncio.to_thread(pipe.recv)


def _server(soak: Soak, number: int) -> Server:
    # Nobody else takes a port of this address while a server is down.
    return Server(
        World(retention=_RETAINED_POSTS),
        host="127.0.0.2",
        settings=Settings(
            rate_limits=_PLENTY,
            heartbeat_seconds=soak.heartbeat_seconds,
            ping_seconds=soak.heartbeat_seconds,
        ),
        faults=faults_of(soak, number),
    )


class _Life:
    """Invented events on a server, as `trunkline serve` shows them, and what is told of them."""

    def __init__(self, server: Server, soak: Soak, number: int) -> None:
        host = server.url.removeprefix("http://")
        self._source = SyntheticSource(soak.seed * 1000 + number, host=host, scheme="http")
        self._server = server
        self._rate_per_second = soak.rate_per_second
        self._notified: dict[str, list[str]] = {}
        self._withdrawn: set[str] = set()
        for _ in range(_EVENTS_BEFORE):  # a timeline is never empty
            self._happen(self._source.next(_now_milliseconds()))
        self._published_before = len(server.world.log)

    async def go_on(self) -> None:
        """Publish for ever."""
        days = self._source.activities(_now_milliseconds(), self._rate_per_second)
        for at_milliseconds, activity in days:
            await asyncio.sleep(max(at_milliseconds - _now_milliseconds(), 0) / 1000)
            self._happen(activity)

    def account(self) -> Account:
        """Return what the server did; its last fault has struck."""
        plan, struck = self._server.faults, Counter[str]()
        for fault, times in zip(plan.faults, plan.fired, strict=True):
            struck[fault.kind] += times
        plan.faults, plan.fired = (), []
        return Account(
            url=self._server.url,
            log=list(self._server.world.log)[self._published_before :],
            withdrawn=frozenset(self._withdrawn),
            struck=+struck,
        )

    def _happen(self, activity: Activity) -> None:
        self._server.world.ingest(activity)
        about, payload = activity.status_id or "", activity.payload
        if activity.event == "delete":
            self._withdrawn.update(self._notified.pop(about, ()))
        elif activity.event == "notification" and isinstance(payload, dict):
            self._notified.setdefault(about, []).append(str(payload["id"]))


def _now_milliseconds() -> int:
    return time.time_ns() // 1_000_000
