"""However long a recording runs, it takes no more memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.sinks.lives import TINY_LIVES, life
from tests.sinks.memory import SHARES, feed, measure, report
from tests.support.processes import CAN_PROBE

from trunkline.sinks import Batch, OnDelete, Sink, open_sink

SINKS = [
    "sqlite:{}/toots.db",
    "jsonl:{}/toots?rotate_bytes=100000",
    "parquet:{}/toots?file_rows=300",
]
WARM_UP_EVENTS, REST_EVENTS = 650, 1_320


@pytest.mark.parametrize("on_delete", ["mark", "purge"])
@pytest.mark.parametrize("text", SINKS)
def test_a_sink_takes_no_more_memory_with_time(
    text: str, on_delete: OnDelete, tmp_path: Path
) -> None:
    batches = life()
    with closing(open_sink(text.format(tmp_path), on_delete=on_delete)) as sink:
        feed(sink, batches, events=WARM_UP_EVENTS)
        tracemalloc.start()
        try:
            feed(sink, batches, events=1)
            grown = [growth_bytes(sink, batches) for _ in range(2)]
        finally:
            tracemalloc.stop()
    assert min(grown) < 200_000  # what is kept for ever grows again; a table of Python's does not


def growth_bytes(sink: Sink, batches: Iterator[Batch]) -> int:
    before, _ = tracemalloc.get_traced_memory()
    feed(sink, batches, events=REST_EVENTS)
    after, _ = tracemalloc.get_traced_memory()
    return after - before


@pytest.mark.skipif(not CAN_PROBE, reason="needs /proc")
@pytest.mark.parametrize("name", TINY_LIVES)
def test_the_run_over_millions_of_tiny_events_counts_what_it_was_asked_for(name: str) -> None:
    measured = measure(name, events=4_000, warm_up_bytes=500_000)
    assert measured.events == 4_000
    assert measured.warm_up_events >= 1_000
    assert len(measured.resident_bytes) == len(SHARES)
    assert "after 100%" in report(measured)


@pytest.mark.parametrize("name", TINY_LIVES)
def test_every_tiny_event_is_tiny_and_new(name: str) -> None:
    batches = TINY_LIVES[name]()
    events = [event for _ in range(3) for event in next(batches).events]
    assert len({event.raw for event in events}) == len(events) == 3_000
    assert max(len(event.raw) for event in events) <= 200
