"""The rows of this project run against the server of the benchmark and see every event."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench.measure import server
from bench.row import ROWS

EVENTS = 50
OURS = [row.name for row in ROWS.values() if row.kind != "rival"]


@pytest.fixture(scope="module")
def busy() -> Iterator[str]:
    with server("busy-public", EVENTS) as url:
        yield url


@pytest.fixture(scope="module")
def beating() -> Iterator[str]:
    with server("heartbeats-only", EVENTS) as url:
        yield url


@pytest.mark.parametrize("row", OURS)
def test_a_row_reads_from_the_first_post_to_the_last(busy: str, row: str) -> None:
    spent = ROWS[row].run(busy, events=EVENTS, seen=EVENTS + 1)

    assert spent.events == EVENTS
    assert spent.wall_seconds > 0


@pytest.mark.parametrize("row", [row for row in OURS if ROWS[row].measures("heartbeats-only")])
def test_between_heartbeats_nothing_is_seen(beating: str, row: str) -> None:
    assert ROWS[row].run(beating, events=EVENTS, seen=1).events == EVENTS
