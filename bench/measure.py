"""Runs rows against a server, each measurement in a process of its own, and keeps the best.

Every round measures every row once, so that a slow minute of the machine is everybody's. The server
has a core of its own where there are two.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from bench.fixtures import SITUATIONS
from bench.machine import two_cores
from bench.meter import Spent
from bench.row import ROWS, Row

__all__ = ["Measured", "known_rows", "measure", "server"]

_LONGEST_SECONDS: Final = 300


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one row cost in one situation: the round that took least processor time, and all."""

    row: str
    situation: str
    best: Spent
    rounds_cpu_microseconds: tuple[float, ...]


@contextmanager
def server(situation: str, events: int) -> Iterator[str]:
    """Run the server of the benchmark in a process, and give its address."""
    core, _ = two_cores()
    command = [sys.executable, "-m", "bench.flood", situation, str(events)]
    if core is not None:
        command.append(str(core))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def measure(situation: str, rows: Sequence[Row], *, rounds: int) -> list[Measured]:
    """Return what each row cost in a situation, the best of so many rounds."""
    events = SITUATIONS[situation].events
    spent: dict[str, list[Spent]] = {row.name: [] for row in rows}
    with server(situation, events) as url:
        for _ in range(rounds):
            for row in rows:
                spent[row.name].append(_run(row, url, situation, min(events, row.most_events)))
    return [
        Measured(
            row=name,
            situation=situation,
            best=min(of_row, key=lambda one: one.cpu_seconds),
            rounds_cpu_microseconds=tuple(round(one.cpu_microseconds, 2) for one in of_row),
        )
        for name, of_row in spent.items()
    ]


def _run(row: Row, url: str, situation: str, events: int) -> Spent:
    # A heartbeat is no event: between the first post and the last nothing is seen.
    seen = 1 if situation == "heartbeats-only" else events + 1
    _, core = two_cores()
    command = [sys.executable, "-m", "bench.row", row.name, url, str(events), str(seen)]
    if core is not None:
        command.append(str(core))
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=_LONGEST_SECONDS)
    return msgspec.json.decode(done.stdout, type=Spent)


def known_rows(names: Sequence[str]) -> list[Row]:
    """Return the rows of these names, or all.

    Raises:
        SystemExit: There is no row of such a name.
    """
    unknown = sorted(set(names) - set(ROWS))
    if unknown:
        raise SystemExit(f"Expected rows of {', '.join(ROWS)}; got {', '.join(unknown)}.")
    return [row for row in ROWS.values() if not names or row.name in names]
