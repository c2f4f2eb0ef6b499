"""The rows of the table, and the program that measures one of them: a process of its own for each.

Usage: ``python -m bench.row NAME URL EVENTS SEEN [CORE]``; prints what was spent as JSON.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import msgspec

from bench import ours, rivals
from bench.machine import pin
from bench.meter import Spent

__all__ = ["ROWS", "Kind", "Row", "main"]

Kind = Literal["floor", "ours", "part", "rival"]
"""``part`` is less than a whole client of ours; it is there to tell where the time goes."""

_ONE_BY_ONE: Final = frozenset({"busy-public", "huge-posts", "tiny-events"})
"""Where a WebSocket differs from an event stream; it knows no chunks."""
_EVERY_EVENT: Final = _ONE_BY_ONE | {"behind-a-proxy", "one-byte-chunks"}


class _Run(Protocol):
    def __call__(self, url: str, *, events: int, seen: int) -> Spent: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way to read a stream.

    Attributes:
        name: What it is called on the command line and in results.
        label: What it is called in the table.
        kind: Whose it is.
        run: Reads the stream and says what it cost.
        situations: Where it can be measured; everywhere if empty.
        most_events: How many events are enough, because it is slow.
        distributions: The packages whose versions matter.
    """

    name: str
    label: str
    kind: Kind
    run: _Run
    situations: frozenset[str] = frozenset()
    most_events: int = 1_000_000
    distributions: tuple[str, ...] = ()

    def measures(self, situation: str) -> bool:
        """Tell whether this row has a figure in `situation`."""
        return not self.situations or situation in self.situations


_TABLE: Final = (
    Row(
        name="floor",
        label="floor: lines of a socket, msgspec into Status",
        kind="floor",
        run=ours.floor,
        situations=frozenset({"busy-public", "behind-a-proxy", "huge-posts"}),
        distributions=("msgspec",),
    ),
    Row(
        name="floor-ws",
        label="the same of the WebSocket's text: JSON inside JSON",
        kind="floor",
        run=ours.envelope_floor,
        situations=frozenset({"busy-public", "huge-posts"}),
    ),
    Row(
        name="typed-sse",
        label="Trunkline, async, typed, SSE",
        kind="ours",
        run=ours.typed_event_stream,
        distributions=("trunkline", "aiohttp"),
    ),
    Row(
        name="typed-sse-sync",
        label="Trunkline, sync, typed, SSE",
        kind="ours",
        run=ours.sync_event_stream,
    ),
    Row(
        name="typed-sse-uvloop",
        label="Trunkline, async, typed, SSE, on uvloop",
        kind="ours",
        run=ours.typed_event_stream_on_uvloop,
        distributions=("uvloop",),
    ),
    Row(
        name="raw-sse",
        label="Trunkline, async, bytes only, SSE",
        kind="ours",
        run=ours.raw_event_stream,
    ),
    Row(
        name="typed-ws",
        label="Trunkline, async, typed, WebSocket",
        kind="ours",
        run=ours.typed_websocket,
        situations=_ONE_BY_ONE | {"heartbeats-only"},
    ),
    Row(
        name="raw-ws",
        label="Trunkline, async, bytes only, WebSocket",
        kind="ours",
        run=ours.raw_websocket,
        situations=_ONE_BY_ONE | {"heartbeats-only"},
    ),
    Row(
        name="bare-sse",
        label="its transport alone, typed, SSE",
        kind="part",
        run=ours.bare_event_stream,
    ),
    Row(
        name="bare-ws",
        label="its transport alone, typed, WebSocket",
        kind="part",
        run=ours.bare_websocket,
        situations=_ONE_BY_ONE | {"heartbeats-only"},
    ),
    Row(
        name="ld-eventsource",
        label="launchdarkly-eventsource + json",
        kind="rival",
        run=rivals.ld_eventsource,
        situations=_EVERY_EVENT,
        distributions=("launchdarkly-eventsource", "urllib3"),
    ),
    Row(
        name="aiohttp-sse-client",
        label="aiohttp-sse-client + json",
        kind="rival",
        run=rivals.aiohttp_sse_client,
        situations=_EVERY_EVENT - {"huge-posts"},
        distributions=("aiohttp-sse-client",),
    ),
    Row(
        name="httpx-sse",
        label="httpx-sse + json",
        kind="rival",
        run=rivals.httpx_sse,
        situations=_EVERY_EVENT,
        distributions=("httpx-sse", "httpx"),
    ),
    Row(
        name="sseclient-py",
        label="sseclient-py + requests + json",
        kind="rival",
        run=rivals.sseclient_py,
        situations=_EVERY_EVENT,
        most_events=10_000,
        distributions=("sseclient-py", "requests"),
    ),
    Row(
        name="mastodon-py",
        label="Mastodon.py",
        kind="rival",
        run=rivals.mastodon_py,
        situations=frozenset({"busy-public"}),
        most_events=40,
        distributions=("Mastodon.py",),
    ),
)

ROWS: Final = {row.name: row for row in _TABLE}
"""Every row, in the order of the table."""


def main() -> None:
    """Measure the row that the arguments name."""
    name, url, events, seen, *core = sys.argv[1:]
    pin(int(core[0]) if core else None)
    spent = ROWS[name].run(url, events=int(events), seen=int(seen))
    sys.stdout.write(msgspec.json.encode(spent).decode())


if __name__ == "__main__":
    main()
