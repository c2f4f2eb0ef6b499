"""The publisher: a life for the server, in bursts, with the faults spread over it.

Runs in the server's loop and reads the diary of the consumer, which is in another thread: so it
never publishes faster than the consumer keeps up, and knows when a gap was closed.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tests.chaos.diary import Diary
from tests.chaos.scenario import LATE_SECONDS, OVERLAP_SECONDS, YOUNG_SECONDS, Scenario, draw_faults

from trunkline.server.faults import Fault
from trunkline.server.running import Server

__all__ = ["Publisher"]

_ACTS: Final = {
    "post": 62, "late": 6, "edit": 12, "delete": 6, "boost": 6, "notify": 8,
}  # fmt: skip
_LOOK_SECONDS: Final = 0.004  # the other thread has no way to wake us that costs it nothing
_LONGEST_WAIT_SECONDS: Final = 90.0
_BATCH: Final = 40
_MOST_MARKERS: Final = 90
_AT_ONCE: Final = 0.3  # so often the next fault strikes while the gap of this one is being closed


class Stuck(Exception):
    """The consumer does not get on, or a fault does not strike."""


class Publisher:
    """Publishes what a scenario says and lets its faults strike.

    Attributes:
        published: How many events the world has seen.
    """

    def __init__(self, scenario: Scenario, server: Server, diary: Diary) -> None:
        self.published = 0
        self._scenario = scenario
        self._server = server
        self._diary = diary
        self._dice = random.Random(f"events {scenario.seed}")
        self._marked = ""
        self._sparing = False
        self._young: deque[tuple[str, float]] = deque()

    async def run(self) -> None:
        """Publish everything, wait until the consumer has it, and stop it.

        Raises:
            Stuck: That took too long.
        """
        try:
            await self._until(lambda: self._diary.connects > 0, what="a connection")
            await self._rest()
            faults = draw_faults(self._scenario)
            follows_at_once = False
            for number, fault in enumerate(faults, start=1):
                if not follows_at_once:
                    await self._calm(self._scenario.events * number // (len(faults) + 1))
                    # A home feed keeps 800 entries: what is swept must be fewer.
                    await asyncio.sleep(OVERLAP_SECONDS)
                await self._strike(fault)
                follows_at_once = not follows_at_once and self._dice.random() < _AT_ONCE
                if not follows_at_once:
                    await self._rest()
            await self._calm(self._scenario.events)
            await self._rest()
        finally:
            self._diary.stop()

    async def _calm(self, total: int) -> None:
        """Publish as fast as the consumer keeps up, until there were `total` events."""
        while self.published < total:
            for _ in range(min(_BATCH, total - self.published)):
                self._publish()
            await self._keep_up()

    async def _strike(self, fault: Fault) -> None:
        """Publish a burst with `fault` in its midst."""
        # Half of the time what was sent arrives; otherwise some of it is lost on the way. Where the
        # post that was told last is deleted in the gap, REST might only lag, and the client waits a
        # minute: so what is on the way is spared.
        self._sparing = self._dice.random() < 0.5
        self._burst(5, 40)
        if not self._sparing:
            await self._follow(self._mark())
        place = self._arm(fault)
        if fault.kind == "rest_status":  # somebody has to ask
            self._server.cut_connections(reset=self._dice.random() < 0.5)
        self._burst(1, 40)
        plan = self._server.faults
        for _ in range(int(_LONGEST_WAIT_SECONDS * 100)):
            if plan.fired[place]:
                break
            self._publish()
            await asyncio.sleep(0.01)
        else:
            raise Stuck(f"{fault} did not strike.")
        self._burst(0, 60)
        if self._scenario.trial == "refused" and fault.kind == "rest_status":
            await self._refuse_for_a_while(place)
        self._sparing = False
        await self._follow(self._mark())

    async def _refuse_for_a_while(self, place: int) -> None:
        """Cut connections while REST goes on refusing, then let it answer again."""
        plan = self._server.faults
        for _ in range(3):
            self._server.cut_connections()
            self._burst(10, 60)
            await self._until(lambda: not self._diary.away, what="the gap to be named")
        self._put(place, replace(plan.faults[place], count=max(plan.fired[place], 1)))

    def _arm(self, fault: Fault) -> int:
        plan = self._server.faults
        if self._scenario.trial == "refused" and fault.kind == "rest_status":
            # A refusal that says it will pass would be waited out.
            fault = replace(fault, status=403, retry_after_seconds=None, count=1_000_000)
        plan.fired.append(0)
        plan.faults = (*plan.faults, fault)
        return len(plan.faults) - 1

    def _put(self, place: int, fault: Fault) -> None:
        plan = self._server.faults
        plan.faults = (*plan.faults[:place], fault, *plan.faults[place + 1 :])

    def _burst(self, least: int, most: int) -> None:
        for _ in range(self._dice.randint(least, most)):
            self._publish()

    def _publish(self) -> None:
        world, dice = self._server.world, self._dice
        self.published += 1
        young = self._pick()
        match dice.choices(list(_ACTS), list(_ACTS.values()))[0]:
            case "late":
                self._post(dice.uniform(0.01, LATE_SECONDS))
            case "edit" if young:
                world.edit(young, content=f"<p>Edit {self.published}</p>")
            case "delete" if young:
                self._young = deque(one for one in self._young if one[0] != young)
                world.delete(young)
            case "boost" if young:
                world.boost(young)
            case "notify":
                world.notify(dice.choice(("follow", "mention")))
            case _:
                self._post(0.0)

    def _post(self, late_seconds: float) -> str:
        status = self._server.world.post(
            f"<p>Post {self.published}</p>",
            local=self.published % 3 > 0,
            late_seconds=late_seconds,
            tags=["python"] if self.published % 2 else [],
        )
        if not self._sparing:
            self._young.append((str(status["id"]), self._server.world.now()))
        return str(status["id"])

    def _pick(self) -> str:
        oldest = self._server.world.now() - YOUNG_SECONDS
        while self._young and self._young[0][1] < oldest:
            self._young.popleft()
        return self._dice.choice(self._young)[0] if self._young else ""

    async def _keep_up(self) -> None:
        """Wait until the consumer is at most two batches behind."""
        marker, self._marked = self._marked, self._mark()
        if marker:
            await self._follow(marker)

    async def _follow(self, marker: str) -> None:
        """Wait until the consumer has `marker`, or another one where that one may go missing."""
        for _ in range(_MOST_MARKERS):
            if await self._holds(lambda: self._has(marker), seconds=1.0):  # noqa: B023
                return
            marker = self._mark()
        raise Stuck("The consumer does not get on.")

    def _mark(self) -> str:
        """Publish a post that is on every stream, and that nobody changes; return its id."""
        self.published += 1
        status = self._server.world.post("<p>Marker</p>", tags=["python"])
        return str(status["id"])

    def _has(self, status_id: str) -> bool:
        key = ("update", status_id, "")
        return all((stream, key) in self._diary.seen for stream in self._scenario.streams)

    async def _rest(self) -> None:
        """Wait until the consumer is live and every gap is named."""
        await self._follow(self._mark())
        await self._until(lambda: not self._diary.away, what="the gaps to be named")

    async def _until(self, holds: Callable[[], bool], *, what: str) -> None:
        if not await self._holds(holds, seconds=_LONGEST_WAIT_SECONDS):
            raise Stuck(f"Waited {_LONGEST_WAIT_SECONDS:.0f} s for {what}.")

    async def _holds(self, holds: Callable[[], bool], *, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not holds():
            if self._diary.ended.is_set():
                raise Stuck("The consumer ended by itself.")
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(_LOOK_SECONDS)
        return True
