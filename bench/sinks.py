"""How fast the sinks store public posts of about 3 kB, beside the floor of the same bytes.

Usage, from the top of the checkout: ``python -m bench.sinks [--events N] [--rounds N] [ROW ...]``.
Needs nothing but the package; Parquet is measured if it is installed. Prints a table.

The floor is what the disk allows: the payloads written one after the other, and synced after each
batch. The batches are those of a recorder that has much to do.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Final

from bench.fixtures import SITUATIONS
from bench.meter import Meter, Spent
from trunkline.events import Update, leading_id
from trunkline.policy.cursor import Cursor
from trunkline.sinks import Batch, OnDelete, Position, open_sink
from trunkline.streams import Stream

__all__ = ["main"]

_SERVER: Final = "https://mastodon.example"
_STREAM: Final = Stream.public()
_BATCH_EVENTS: Final = 1_000
_GOALS: Final = {"sqlite": 10_000, "jsonl": 60_000}
"""Events a second on two processors."""


def _batches(events: int) -> list[Batch]:
    """Return public posts in batches, each with the position that a recorder gives with it."""
    posts = SITUATIONS["busy-public"].make(events)
    made: list[Batch] = []
    while payloads := [payload for _, payload in islice(posts, _BATCH_EVENTS)]:
        now = datetime.now(UTC)
        updates = [Update(_STREAM, _SERVER, now, payload) for payload in payloads]
        keys = [(leading_id(payload), now.timestamp()) for payload in payloads]
        position = Position(f"{_SERVER} {_STREAM}", Cursor(), keys)
        made.append(Batch(events=updates, positions=[position]))
    return made


def _floor(batches: Sequence[Batch], place: Path) -> Spent:
    meter = Meter().start()
    with (place / "floor").open("wb", buffering=0) as file:
        for batch in batches:
            file.write(b"".join(event.raw for event in batch.events))
            os.fsync(file.fileno())
    return meter.stop(sum(len(batch.events) for batch in batches))


def _sink(text: str, on_delete: OnDelete) -> Callable[[Sequence[Batch], Path], Spent]:
    def store(batches: Sequence[Batch], place: Path) -> Spent:
        sink = open_sink(text.format(place), on_delete=on_delete)
        meter = Meter().start()
        with closing(sink):  # a sink may leave work for its end, as Parquet does
            for batch in batches:
                sink.write(batch)
        return meter.stop(sum(len(batch.events) for batch in batches))

    return store


_ROWS: Final[dict[str, tuple[str, Callable[[Sequence[Batch], Path], Spent]]]] = {
    "floor": ("write and fsync of the same bytes", _floor),
    "sqlite": ("SQLite, flattened and searchable", _sink("sqlite:{}/toots.db", "mark")),
    "sqlite-purge": ("SQLite, deletions purged", _sink("sqlite:{}/toots.db", "purge")),
    "jsonl": ("JSON lines", _sink("jsonl:{}/toots", "mark")),
    "jsonl-purge": ("JSON lines, deletions purged", _sink("jsonl:{}/toots", "purge")),
    "parquet": ("Parquet", _sink("parquet:{}/toots", "mark")),
}


def _best(row: str, batches: Sequence[Batch], *, rounds: int, folder: str | None) -> Spent:
    """Return the round that took least time on the clock."""
    spent: list[Spent] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=folder) as place:
            spent.append(_ROWS[row][1](batches, Path(place)))
    return min(spent, key=_wall)


def _wall(spent: Spent) -> float:
    return spent.wall_seconds


def _line(row: str, spent: Spent, payload_bytes: int) -> str:
    rate = spent.events / spent.wall_seconds
    goal = _GOALS.get(row)
    verdict = "" if goal is None else f"{goal:,} {'reached' if rate >= goal else 'missed'}"
    return (
        f"| {_ROWS[row][0]} | {rate:,.0f} | {payload_bytes / spent.wall_seconds / 1e6:,.0f}"
        f" | {spent.cpu_microseconds:.1f} | {1e6 / spent.cpu_microseconds:,.0f} | {verdict} |"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the rows that the arguments name, or all of them, and print a table."""
    known = [row for row in _ROWS if row != "parquet" or find_spec("pyarrow") is not None]
    parser = argparse.ArgumentParser(prog="python -m bench.sinks", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(known))
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where to store; the disk in it is what is measured")
    chosen = parser.parse_args(arguments)
    rows = chosen.rows or known
    if unknown := set(rows) - set(known):
        parser.error(f"expected rows of {', '.join(known)}; got {', '.join(sorted(unknown))}")
    batches = _batches(chosen.events)
    payload_bytes = sum(len(event.raw) for batch in batches for event in batch.events)
    print(
        f"{chosen.events:,} posts of {payload_bytes / chosen.events:,.0f} bytes, batches of"
        f" {_BATCH_EVENTS:,}; best of {chosen.rounds} rounds; Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}, {os.cpu_count()} processors\n"
    )
    print("| sink | events/s | MB/s | CPU us/event | events/s of one CPU | goal |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        spent = _best(row, batches, rounds=chosen.rounds, folder=chosen.folder)
        print(_line(row, spent, payload_bytes))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
