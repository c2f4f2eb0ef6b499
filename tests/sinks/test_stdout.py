"""Lines of JSON into a pipe: whole, in order, and at the pace of the reader."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator

import pytest
from tests.sinks.builders import NAME, batch, gap, post, update

from trunkline.errors import BadInput
from trunkline.sinks import SinkUnavailable, open_sink, stdout
from trunkline.sinks.stdout import StandardOutput

Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        for one in (reading, writing):
            try:
                os.close(one)
            except OSError:
                continue


def test_events_and_gaps_are_lines_in_order(pipe: Pipe) -> None:
    reading, writing = pipe
    sink = StandardOutput(descriptor=writing)
    sink.write(batch(update(post("1")), update(post("2")), gaps=[gap()]))
    sink.close()
    first, second, third = map(json.loads, os.read(reading, 100_000).splitlines())
    assert (first["payload"]["id"], second["payload"]["id"]) == ("1", "2")
    assert third["signal"] == "gap"
    assert sink.load(NAME) is None
    assert sink.place is None


def test_a_reader_that_does_not_read_is_waited_for_and_gets_everything_once(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stdout, "_PATIENCE_SECONDS", 0.01)
    reading, writing = pipe
    sink = StandardOutput(descriptor=writing)
    whole = batch(*(update(post(str(number), "x" * 3_000)) for number in range(100)))
    for _ in range(2):
        with pytest.raises(SinkUnavailable, match="its reader does not read"):
            sink.write(whole)
    lines: list[bytes] = []
    reader = threading.Thread(target=lambda: lines.extend(os.fdopen(reading, "rb", closefd=False)))
    reader.start()
    while True:
        try:
            sink.write(whole)
        except SinkUnavailable:
            continue
        break
    os.close(writing)
    reader.join()
    assert [json.loads(line)["payload"]["id"] for line in lines] == list(map(str, range(100)))


def test_a_reader_who_leaves_ends_it(pipe: Pipe) -> None:
    reading, writing = pipe
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        StandardOutput(descriptor=writing).write(batch(update()))


def test_what_was_printed_cannot_be_purged() -> None:
    with pytest.raises(BadInput, match="cannot be taken back"):
        open_sink("-", on_delete="purge")
