"""However long a recording runs, it takes no more memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from tests.sinks.builders import batch, delete, post, update

from trunkline.sinks import Batch, OnDelete, Sink, open_sink

SINKS = [
    "sqlite:{}/toots.db",
    "jsonl:{}/toots?rotate_bytes=100000",
    "parquet:{}/toots?file_rows=300",
]
WARM_UP, REST = 15, 30


def life() -> Iterator[Batch]:
    """Yield posts and deletions for ever, all of them new."""
    for start in count(0, 40):
        posts = [update(post(str(number))) for number in range(start, start + 40)]
        gone = [delete(str(number)) for number in range(start - 20, start, 5)]
        yield batch(*posts, *gone, keys=[str(number) for number in range(start, start + 40)])


@pytest.mark.parametrize("on_delete", ["mark", "purge"])
@pytest.mark.parametrize("text", SINKS)
def test_a_sink_takes_no_more_memory_with_time(
    text: str, on_delete: OnDelete, tmp_path: Path
) -> None:
    batches = life()
    with closing(open_sink(text.format(tmp_path), on_delete=on_delete)) as sink:
        for _ in range(WARM_UP):
            sink.write(next(batches))
        tracemalloc.start()
        try:
            sink.write(next(batches))
            grown = [growth_bytes(sink, batches) for _ in range(2)]
        finally:
            tracemalloc.stop()
    assert min(grown) < 200_000  # what is kept for ever grows again; a table of Python's does not


def growth_bytes(sink: Sink, batches: Iterator[Batch]) -> int:
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(REST):
        sink.write(next(batches))
    after, _ = tracemalloc.get_traced_memory()
    return after - before
