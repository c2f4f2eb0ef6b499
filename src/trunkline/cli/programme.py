"""What the demo plays: which streams over which transports, how they are followed, which faults.

Promises that a connection which is cut was healthy for a minute before, so that the waits between
tries stay short however long the demo runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain, cycle, islice
from typing import Final, Literal

from trunkline.options import StreamKeywords
from trunkline.server.channels import of_stream
from trunkline.server.faults import Fault
from trunkline.server.people import DEMO_ACCOUNT_ID
from trunkline.streams import Stream

__all__ = ["PARTS", "Part", "channels", "fault_plan", "stream_options"]

_FAULTS: Final = 1_000


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
    plan: list[Fault] = []
    at_seconds = 0.0
    for pause_seconds, fault in islice(chain(_OVERTURE, cycle(_SEQUENCE)), _FAULTS):
        at_seconds += pause_seconds
        # Plans count events, not seconds.
        plan.append(replace(fault, after_events=int(at_seconds * rate_per_second)))
    return plan


_OVERTURE: Final = (
    (1.2, Fault("restart", seconds=0.2)),
    (2.3, Fault("reset", transport="websocket")),
)
_SEQUENCE: Final = (
    (12.0, Fault("duplicate")),
    (10.0, Fault("garbage", transport="websocket")),
    (10.0, Fault("reorder", transport="sse", seconds=1.0)),
    (30.0, Fault("reset", transport="sse")),
    (10.0, Fault("trickle", transport="sse", seconds=0.01)),
    (25.0, Fault("token_kill", transport="websocket")),
    (10.0, Fault("duplicate", transport="sse")),
    (25.0, Fault("status", transport="sse", status=503)),
    (10.0, Fault("garbage", transport="sse")),
    (25.0, Fault("reset", transport="websocket")),
    (62.0, Fault("restart", seconds=1.0)),
)
"""Seconds after the fault before, and what goes wrong then; from the start again at the end."""
