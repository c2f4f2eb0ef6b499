"""`trunkline demo`: a server that keeps failing, a client that loses nothing, and an oracle.

All in one process and one event loop: the embedded server with invented life on it, two
subscriptions that follow it, and the comparison of what was published with what was delivered.
"""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from trunkline.cli.oracle import Oracle
from trunkline.cli.output import Output
from trunkline.cli.pretty import is_terminal
from trunkline.cli.programme import PARTS, channels, fault_plan, stream_options
from trunkline.cli.running import FAILED, OK, run
from trunkline.cli.show import Line, Show, Totals
from trunkline.cli.stage import check_rate, live, make_server
from trunkline.cli.telling import Lines, Picture, Teller
from trunkline.client import AsyncMastodon
from trunkline.errors import TrunklineError
from trunkline.feed import AsyncFeed
from trunkline.inbox import Item
from trunkline.server import Server
from trunkline.server.faults import FAULT_KINDS
from trunkline.signals import SIGNALS

__all__ = ["demo"]

_TICK_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 20.0
"""What was not delivered after so long is missing; so long is also waited at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How to play the demo."""

    seconds: float | None
    seed: int
    rate: float
    faults: bool


def demo(
    *,
    seconds: Annotated[
        float | None, typer.Option(min=0.0, metavar="N", help="Stop after so many seconds.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed, the same life.")] = 1,
    rate: Annotated[float, typer.Option(metavar="N", help="Invented events a second.")] = 8.0,
    faults: Annotated[
        bool, typer.Option("--faults/--no-faults", help="Whether things go wrong.")
    ] = True,
) -> int:
    """Watch a failing server being followed without losing anything, all on this machine.

    Exits with 1 if anything is missing or came twice.
    """
    check_rate(rate)
    order = Order(seconds=seconds, seed=seed, rate=rate, faults=faults)
    return run(lambda: _demo(order))


async def _demo(order: Order) -> int:
    """Run the server and the client, and say at the end how they did."""
    plan = fault_plan(rate_per_second=order.rate) if order.faults else ()
    output = Output()
    async with (
        make_server(faults=plan) as server,
        AsyncMastodon(server.url, access_token=server.token) as mastodon,
        output.watching_reader(),
    ):
        scene = Scene(order, server=server, mastodon=mastodon, output=output)
        try:
            await scene.play()
        finally:
            await output.write(f"{scene.show.score}; {scene.show.totals}\n".encode())
    return OK if scene.show.score.is_perfect else FAILED


class Scene:
    """The demo while it plays.

    Attributes:
        show: What there is to show.
    """

    def __init__(
        self, order: Order, *, server: Server, mastodon: AsyncMastodon, output: Output
    ) -> None:
        self.show = Show(PARTS)
        self._order = order
        self._server = server
        self._feeds: list[AsyncFeed[Item]] = [
            mastodon.stream(
                *(stream for _, stream in part.streams),
                signals=True,
                **stream_options(part, rate_per_second=order.rate),
            )
            for part in PARTS
        ]
        self._oracle = Oracle(channels(), exists=self._exists, patience_seconds=_PATIENCE_SECONDS)
        self._struck = list(server.faults.fired)
        title = f"Trunkline demo, {server.url}, seed {order.seed}"
        self._teller: Teller = (
            Picture(self.show, title=title) if is_terminal() else Lines(self.show, output=output)
        )

    async def play(self) -> None:
        """Publish and follow until the time is up, then let the catching up finish.

        Raises:
            TrunklineError: Following ended with it.
        """
        failure: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                for feed, line in zip(self._feeds, self.show.lines, strict=True):
                    tasks.create_task(self._follow(feed, line))
                telling = tasks.create_task(self._teller.keep_telling(self._refresh))
                await self._server.wait_for_subscribers(len(channels()))
                await self._publish()
                await self._settle()
                for feed in self._feeds:
                    feed.stop()
                telling.cancel()
        except* TrunklineError as errors:
            failure = errors.exceptions[0]
        if failure is not None:
            raise failure

    async def _follow(self, feed: AsyncFeed[Item], line: Line) -> None:
        async for item in feed:
            if isinstance(item, SIGNALS):
                line.hear(item)
                await self._teller.item(item, None)
            else:
                self._oracle.deliver(item)
                await self._teller.item(item, self.show.event(item))
            await asyncio.sleep(0)  # a long catching up must not hold the picture

    async def _publish(self) -> None:
        """Publish as many events as fit into the time; for ever without a limit."""
        life = live(self._server, seed=self._order.seed, rate_per_second=self._order.rate)
        try:
            async with asyncio.timeout(self._order.seconds) as limit, aclosing(life):
                async for entry in life:
                    self._oracle.publish(entry)
                    await self._tell_faults()
        except TimeoutError:
            if not limit.expired():
                raise

    async def _settle(self) -> None:
        """Wait until everything published has arrived; what has not by then is missing."""
        end_seconds = time.monotonic() + _PATIENCE_SECONDS
        self._refresh()
        while time.monotonic() < end_seconds and not self._has_settled():
            await asyncio.sleep(_TICK_SECONDS)
            self._refresh()
        self.show.score = self._oracle.score(now_seconds=math.inf)

    def _has_settled(self) -> bool:
        score = self.show.score
        return self.show.is_live and not score.on_the_way and not score.missing

    def _refresh(self) -> None:
        self.show.score = self._oracle.score(now_seconds=time.time())
        self.show.totals = Totals.of([feed.stats() for feed in self._feeds])

    async def _tell_faults(self) -> None:
        """Show which faults of the plan have struck since the last time."""
        faults = self._server.faults
        for place, times in enumerate(faults.fired):
            if times > self._struck[place]:
                self._struck[place] = times
                words = FAULT_KINDS[faults.faults[place].kind]
                await self._teller.fault(self.show.fault(datetime.now(UTC), words))

    def _exists(self, key: str) -> bool:
        name = f"notification:{key[2:]}" if key.startswith("n:") else f"status:{key}"
        return self._server.world.archive.get(name) is not None
