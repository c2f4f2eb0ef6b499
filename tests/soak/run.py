"""One soak: record for a while, let those that misbehaved recover, and close the books.

While the time runs nothing interferes. At its end the healthy servers fall silent, and the recorder
is ended as soon as it has stored everything of them. Those that misbehave may just then be away, so
a second recorder goes on where the first one was, with them alone and without faults, until it has
named the last gap of each subscription.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.soak.books import Balance, balances, published
from tests.soak.recorder import Broken, recorder
from tests.soak.scenario import TOKEN_FILE, Address, Soak, config
from tests.soak.world import TOKEN, Account, Servers, running_servers
from tests.support.processes import Probe

from trunkline.sinks.rows import moment

__all__ = ["SHARES", "Result", "run"]

SHARES: Final = (0.1, 0.5, 1.0)
_SETTLE_SECONDS: Final = 30.0
_RECOVER_SECONDS: Final = 240.0
_RECORDING: Final = "recording.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a run.

    Attributes:
        probes: Of the recorder, at each of `SHARES` of the time.
        cores: How many processors the recorder kept busy, while the time ran.
        events_per_second: What it stored, while the time ran.
        recover_seconds: How long the second recorder took.
    """

    soak: Soak
    balances: list[Balance]
    probes: list[Probe]
    cores: float
    events_per_second: float
    recover_seconds: float

    @property
    def breaches(self) -> list[str]:
        """Everything that is wrong."""
        return [f"{one.url}: {breach}" for one in self.balances for breach in one.breaches]


def run(soak: Soak, folder: Path) -> Result:
    """Run it, and leave the recording and the logs of the recorders in a folder.

    Raises:
        Broken: A recorder ended by itself or did not get on.
        EOFError: The servers broke off, and have said why on standard error.
    """
    folder.joinpath(TOKEN_FILE).write_text(TOKEN)
    path = folder / _RECORDING
    with running_servers(soak) as servers:
        accounts, probes, cores, stored = _record(soak, servers, folder)
        recover_seconds = _recover(soak, servers.addresses, folder)
    return Result(
        soak=soak,
        balances=balances(soak, accounts, f"sqlite:{path}"),
        probes=probes,
        cores=cores,
        events_per_second=stored / soak.seconds,
        recover_seconds=recover_seconds,
    )


def _record(
    soak: Soak, servers: Servers, folder: Path
) -> tuple[list[Account], list[Probe], float, int]:
    """Record all servers; return their accounts, and what was seen of the recorder meanwhile."""
    path = folder / _RECORDING
    file = folder / "all.toml"
    file.write_text(config(soak, servers.addresses, to=f"sqlite:{path}"))
    healthy = [one.url for one in servers.addresses if not soak.misbehaves(one.number)]
    with recorder(file) as running:
        servers.wait_until_live()
        began_at, before = time.monotonic(), running.probe()
        probes = list(running.probes(SHARES, seconds=soak.seconds))
        took_seconds = time.monotonic() - began_at
        stored = _count(path, "SELECT count(*) FROM events")
        accounts = servers.calm_down()
        wanted = sum(published(soak, one) for one in accounts if one.url in healthy)
        marks = ", ".join("?" * len(healthy))
        query = f"SELECT count(*) FROM events WHERE server IN ({marks})"
        running.until(lambda: _count(path, query, *healthy) >= wanted, seconds=_SETTLE_SECONDS)
        running.end()
    cores = (probes[-1].cpu_seconds - before.cpu_seconds) / took_seconds
    return accounts, probes, cores, stored


def _recover(soak: Soak, addresses: Sequence[Address], folder: Path) -> float:
    """Record those that misbehaved until each subscription has named its gap; return how long."""
    unwell = [one for one in addresses if soak.misbehaves(one.number)]
    if not unwell:
        return 0.0
    path, began_at = folder / _RECORDING, time.monotonic()
    file = folder / "again.toml"
    file.write_text(config(soak, unwell, to=f"sqlite:{path}"))
    since = moment(datetime.now(UTC))
    query = "SELECT count(DISTINCT server || ' ' || stream) FROM gaps WHERE until >= ?"
    with recorder(file) as running:
        wanted = len(unwell) * len(soak.streams)
        if not running.until(
            lambda: _count(path, query, since) >= wanted, seconds=_RECOVER_SECONDS
        ):
            named = _count(path, query, since)
            raise Broken(f"{named} of {wanted} subscriptions came back after the last fault")
        running.end()
    return time.monotonic() - began_at


def _count(path: Path, query: str, *values: str | None) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return int(database.execute(query, values).fetchone()[0])
