"""One run: a server in a thread of its own, a consumer in this one, and the books of both."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from tests.chaos.books import Score, score
from tests.chaos.consumer import consume
from tests.chaos.diary import Diary
from tests.chaos.publisher import Publisher
from tests.chaos.scenario import Scenario

from trunkline.errors import TrunklineError
from trunkline.server.log import LogEntry
from trunkline.server.running import Server
from trunkline.server.site import Settings
from trunkline.server.throttle import Limit, RateLimits
from trunkline.stats import Stats

__all__ = ["Result", "run"]

# A client tells the two limits apart by their resets: that of pages must be far away.
_SETTINGS: Final = Settings(
    rate_limits=RateLimits(
        general=Limit(requests=10_000_000, period_seconds=300.0),
        paged=Limit(requests=5_000_000, period_seconds=86_400.0),
    ),
    heartbeat_seconds=0.7,
    ping_seconds=0.7,
)


@dataclass(slots=True, kw_only=True)
class Result:
    """What came of a run; the promise was kept if there are no breaches."""

    scenario: Scenario
    score: Score
    stats: Stats
    reasons: Counter[str]
    struck: Counter[str]
    published: int
    seconds: float
    breaches: list[str]


@dataclass(slots=True)
class _Stage:
    """What the thread of the server leaves behind."""

    address: Future[tuple[str, str]] = field(default_factory=Future)
    log: list[LogEntry] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)
    published: int = 0
    complaints: list[str] = field(default_factory=list)


def run(scenario: Scenario) -> Result:
    """Play a scenario and return what came of it."""
    logging.getLogger("trunkline").setLevel(logging.CRITICAL)  # disturbances are what we are for
    diary, stage, began_at = Diary(), _Stage(), time.monotonic()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(scenario, diary, stage)))
    thread.start()
    try:
        url, token = stage.address.result(timeout=30)
        consume(scenario, url, token, diary)
    except TrunklineError as error:
        stage.complaints.append(f"the consumer ended: {error}")
    finally:
        diary.ended.set()
        thread.join()
    counted = score(scenario, stage.log, diary)
    return Result(
        scenario=scenario,
        score=counted,
        stats=diary.stats,
        reasons=diary.reasons,
        struck=stage.struck,
        published=stage.published,
        seconds=time.monotonic() - began_at,
        breaches=stage.complaints + counted.breaches,
    )


async def _serve(scenario: Scenario, diary: Diary, stage: _Stage) -> None:
    # Nobody else takes a port of this address while the server is down.
    async with Server(host="127.0.0.2", settings=_SETTINGS) as server:
        for number in range(3):
            server.post(f"<p>From before {number}</p>", tags=["python"])
        before = len(server.world.log)
        stage.address.set_result((server.url, server.token))
        publisher = Publisher(scenario, server, diary)
        try:
            await publisher.run()
        except Exception as error:  # noqa: BLE001  # whatever it is, the run has failed
            stage.complaints.append(f"the run broke off: {error!r}")
        await asyncio.to_thread(diary.ended.wait)
        stage.log = list(server.world.log)[before:]
        stage.published = publisher.published
        plan = server.faults
        for fault, times in zip(plan.faults, plan.fired, strict=True):
            stage.struck[fault.kind] += times > 0
        if sum(stage.struck.values()) < scenario.faults:
            stage.complaints.append(f"{scenario.faults} faults were declared: {stage.struck}")
