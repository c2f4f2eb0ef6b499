"""What one run is: which client over which transport, how many events, how many faults."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from trunkline.options import StreamKeywords
from trunkline.server.faults import FAULT_KINDS, Fault, FaultKind
from trunkline.streams import Stream

__all__ = ["STREAMS", "Scenario", "Trial", "draw_faults", "main_runs", "named_runs"]

TransportName = Literal["sse", "websocket"]
ClientName = Literal["async", "sync"]
Trial = Literal["main", "limited", "refused"]
"""Whether everything must arrive, little is fetched for a gap, or REST refuses for a while."""

YOUNG_SECONDS: Final = 1.0
"""Only posts younger than this are edited and deleted: older ones are not asked for."""
LATE_SECONDS: Final = 0.3
OVERLAP_SECONDS: Final = 0.4

STREAMS: Final[dict[str, tuple[Stream, ...]]] = {
    "sse": (Stream.user(),),
    "websocket": (
        Stream.public(),
        Stream.public(local=True),
        Stream.hashtag("python"),
        Stream.user(),
    ),
}

_STATUSES: Final = ((503, None), (429, 1), (502, None), (500, 1))
_SECONDS: Final[dict[FaultKind, tuple[float, ...]]] = {
    "reorder": (0.05, 0.25),
    "restart": (0.0, 0.1, 0.4),
    "trickle": (0.001, 0.002),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One run; the same seed draws the same events and the same faults."""

    transport: TransportName
    client: ClientName
    events: int
    faults: int
    seed: int
    trial: Trial = "main"
    kinds: tuple[FaultKind, ...] = tuple(FAULT_KINDS)

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"{self.transport} {self.client}" + (
            "" if self.trial == "main" else f" {self.trial}"
        )

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What is followed."""
        return STREAMS[self.transport]

    @property
    def options(self) -> StreamKeywords:
        """How it is followed: as everybody does, but quick to look, to doubt and to look again."""
        return {
            "transport": self.transport,
            "settle_seconds": 0.1,
            "overlap": OVERLAP_SECONDS,
            "reconcile_window_seconds": YOUNG_SECONDS + 0.5,
            "reconcile_limit": 10_000,
            "catch_up_limit": 15 if self.trial == "limited" else 20_000,
            "stall_seconds": 2.2,
            "silence_probe_seconds": 0.6,
        }


def draw_faults(scenario: Scenario) -> list[Fault]:
    """Draw the faults in the order in which they strike: every kind comes round again and again."""
    dice = random.Random(f"faults {scenario.seed}")
    kinds: list[FaultKind] = []
    while len(kinds) < scenario.faults:
        kinds += dice.sample(scenario.kinds, len(scenario.kinds))
    return [_fault(kind, dice) for kind in kinds[: scenario.faults]]


def _fault(kind: FaultKind, dice: random.Random) -> Fault:
    status, retry_after_seconds = dice.choice(_STATUSES)
    return Fault(
        kind,
        seconds=dice.choice(_SECONDS.get(kind, (None,))),
        status=status,
        retry_after_seconds=retry_after_seconds,
    )


def main_runs(
    *,
    events: int,
    faults: int,
    seed: int,
    transports: Sequence[TransportName],
    clients: Sequence[ClientName],
) -> list[Scenario]:
    """Return one run for each transport and client that share `events` and `faults` evenly."""
    pairs = [(transport, client) for transport in transports for client in clients]
    return [
        Scenario(
            transport=transport,
            client=client,
            events=-(-events // len(pairs)),
            faults=-(-faults // len(pairs)),
            seed=seed + number,
        )
        for number, (transport, client) in enumerate(pairs)
    ]


def named_runs(*, events: int, faults: int, seed: int) -> list[Scenario]:
    """Return the runs in which something goes missing, and must be named."""
    return [
        Scenario(
            transport="websocket",
            client="async",
            events=events,
            faults=faults,
            seed=seed,
            trial="limited",
        ),
        Scenario(
            transport="sse", client="sync", events=events, faults=faults, seed=seed, trial="refused"
        ),
    ]
