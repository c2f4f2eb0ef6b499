"""What the demo plays: which streams over which transports, how they are followed, which faults.

Promises faults from which every connection has recovered before its next one, so that the waits
between tries stay short however long the demo runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Final, Literal

from trunkline.options import StreamKeywords
from trunkline.server.channels import of_stream
from trunkline.server.faults import Fault
from trunkline.server.people import DEMO_ACCOUNT_ID
from trunkline.streams import Stream

__all__ = ["PARTS", "Part", "channels", "fault_plan", "stream_options"]

_FAULTS: Final = 1_000
_BREATH_SECONDS: Final = 35.0
"""Between faults that take turns on two connections: each then has a healthy minute."""


@dataclass(frozen=True, slots=True)
class Part:
    """One subscription of the demo: a transport and what it carries, each with its letter."""

    transport: Literal["sse", "websocket"]
    title: str
    streams: tuple[tuple[str, Stream], ...]


PARTS: Final = (
    Part("sse", "event stream", (("P", Stream.public()),)),
    Part(
        "websocket",
        "WebSocket",
        (("L", Stream.public(local=True)), ("#", Stream.hashtag("python")), ("U", Stream.user())),
    ),
)
"""One stream by itself, and three that share a connection."""


def channels() -> dict[Stream, frozenset[str]]:
    """Return for each stream of the demo the channels of the server that it listens to."""
    return {
        stream: frozenset(
            of_stream(stream.name, parameter=stream.parameter, account_id=DEMO_ACCOUNT_ID)
        )
        for part in PARTS
        for _, stream in part.streams
    }


def stream_options(part: Part, *, rate_per_second: float) -> StreamKeywords:
    """Return how the demo follows: as everybody does, but quick to look again.

    The invented life edits and deletes only recent posts, so a short window finds every change.
    """
    window_seconds = 30.0 + 1_000 / rate_per_second
    return {
        "transport": part.transport,
        "settle_seconds": 0.4,
        "overlap": 5.0,
        "reconcile_window_seconds": window_seconds,
        "reconcile_limit": 5_000,
        "catch_up_limit": 20_000,
    }


def fault_plan(*, rate_per_second: float) -> list[Fault]:
    """Return the faults: two in the first seconds, then one after the other for hours."""
    plan = [
        _at(1.2, Fault("restart", seconds=0.2), rate_per_second),
        _at(3.5, Fault("reset", transport="websocket"), rate_per_second),
    ]
    at_seconds = 15.0
    for fault, _ in zip(_taking_turns(), range(_FAULTS), strict=False):
        plan.append(_at(at_seconds, fault, rate_per_second))
        at_seconds += _BREATH_SECONDS if fault.kind in _CUTTING else _BREATH_SECONDS / 3
    return plan


_CUTTING: Final = frozenset({"reset", "restart", "token_kill", "status"})


def _taking_turns() -> Iterator[Fault]:
    """Yield for ever what goes wrong next, first on one connection and then on the other."""
    return cycle(
        (
            Fault("duplicate"),
            Fault("reset", transport="sse"),
            Fault("garbage", transport="websocket"),
            Fault("token_kill", transport="websocket"),
            Fault("reorder", transport="sse", seconds=1.0),
            Fault("status", transport="sse", status=503),
            Fault("trickle", transport="sse", seconds=0.01),
            Fault("reset", transport="websocket"),
            Fault("duplicate", transport="sse"),
            Fault("restart", seconds=1.0),
            Fault("garbage", transport="sse"),
        )
    )


def _at(seconds: float, fault: Fault, rate_per_second: float) -> Fault:
    """Return `fault` for a moment of the demo: plans count events and not seconds."""
    return Fault(
        fault.kind,
        after_events=int(seconds * rate_per_second),
        seconds=fault.seconds,
        transport=fault.transport,
        status=fault.status,
    )
