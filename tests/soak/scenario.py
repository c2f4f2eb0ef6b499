"""What a soak is: how many servers, which of them misbehave, what is followed, for how long."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from tests.chaos.scenario import Scenario, draw_faults

from trunkline.server.faults import FAULT_KINDS, Fault, FaultKind
from trunkline.streams import Stream

__all__ = ["STREAMS", "TOKEN_FILE", "Address", "Soak", "config", "faults_of"]

STREAMS: Final = tuple(
    map(
        Stream.parse,
        (
            "user",
            "public",
            "public:local",
            "public:remote",
            "public:media",
            "user:notification",
            "hashtag:python",
            "hashtag:opensource",
            "hashtag:local:python",
            "public:local:media",
        ),
    )
)
TOKEN_FILE: Final = "token"  # a name, no secret
_CONFIG: Final = """\
to = "{to}"

[options]
stall_seconds = {stall_seconds}
silence_probe_seconds = {stall_seconds}
settle_seconds = {settle_seconds}
"""
_SERVER: Final = """
[[server]]
url = "{url}"
token_file = "{token_file}"
streams = [{streams}]
options = {{ transport = "{transport}" }}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Soak:
    """One run.

    Attributes:
        servers: How many there are; the first `misbehaving` of them misbehave all the time.
        seconds: How long all of them publish.
        rate_per_second: How many events each of them publishes a second.
        fault_every_seconds: How often something goes wrong on those that misbehave.
        heartbeat_seconds: Between the heartbeats of every server; three without one are a stall.
        settle_seconds: How long the recorder waits for REST to catch up with the stream.
        most_lag_seconds: What the 99th percentile of the lag of healthy servers stays under.
    """

    servers: int = 10
    misbehaving: int = 3
    streams: tuple[Stream, ...] = STREAMS
    seconds: float = 600.0
    rate_per_second: float = 8.0
    seed: int = 1
    kinds: tuple[FaultKind, ...] = tuple(FAULT_KINDS)
    fault_every_seconds: float = 10.0
    heartbeat_seconds: float = 5.0
    settle_seconds: float = 5.0
    most_lag_seconds: float = 1.0

    def misbehaves(self, number: int) -> bool:
        """Tell whether the server of this number does."""
        return number < self.misbehaving


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where one of the servers is."""

    number: int
    url: str


def faults_of(soak: Soak, number: int) -> list[Fault]:
    """Return what goes wrong on a server: one thing after another, for as long as the run takes."""
    if not soak.misbehaves(number):
        return []
    every = max(int(soak.fault_every_seconds * soak.rate_per_second), 1)
    drawn = draw_faults(
        Scenario(
            transport="sse",
            client="async",
            events=0,
            faults=max(int(soak.seconds * soak.rate_per_second / every), len(soak.kinds)),
            seed=soak.seed + number,
            kinds=soak.kinds,
        )
    )
    return [replace(fault, after_events=place * every) for place, fault in enumerate(drawn)]


def config(soak: Soak, addresses: Iterable[Address], *, to: str) -> str:
    """Return the `trunkline.toml` that records these servers, half of them as event streams."""
    streams = ", ".join(f'"{stream}"' for stream in soak.streams)
    servers = (
        _SERVER.format(
            url=one.url,
            token_file=TOKEN_FILE,
            streams=streams,
            transport="sse" if one.number % 2 else "websocket",
        )
        for one in addresses
    )
    head = _CONFIG.format(
        to=to,
        stall_seconds=soak.heartbeat_seconds * 3 + 0.5,
        settle_seconds=soak.settle_seconds,
    )
    return head + "".join(servers)
