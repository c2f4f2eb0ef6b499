"""A recorder that is killed at any moment misses nothing and stores nothing twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.record.killing import kill_again_and_again
from tests.sinks.builders import is_sound, rows

from trunkline.events import AnyEvent
from trunkline.signals import Gap
from trunkline.sinks.reading import read_recording


class Kind(NamedTuple):
    """A kind of sink: where it records, where it keeps cursors, how it is read back and checked."""

    place: str
    state: str
    read: Callable[[str], Iterable[AnyEvent]]
    is_sound: Callable[[Path], bool]


def read_back(recording: str) -> Iterable[AnyEvent]:
    return [one for one in read_recording(recording) if not isinstance(one, Gap)]


def is_sound_and_flat(path: Path) -> bool:
    """Tell whether every event is in the flattened tables too."""
    lost = rows(
        path,
        "SELECT e.id FROM events AS e LEFT JOIN statuses AS s USING (server, id)"
        " WHERE e.name = 'update' AND e.reason IS NULL AND e.raw IS NOT NULL"
        " AND s.status IS NULL",
    )
    unmarked = rows(
        path,
        "SELECT s.id FROM statuses AS s JOIN tombstones AS t USING (server, id)"
        " WHERE s.deleted_at IS NULL",
    )
    return is_sound(path) and lost == [] and unmarked == []


def is_whole(path: Path) -> bool:
    """Tell whether every line of every file is whole."""
    files = sorted(path.glob("events-*.jsonl"))
    return all(json.loads(line) for file in files for line in file.read_bytes().splitlines())


def has_no_leftovers(path: Path) -> bool:
    known = rows(path / "_trunkline.db", "SELECT name FROM files ORDER BY name")
    found = sorted(one.relative_to(path).as_posix() for one in path.rglob("part-*"))
    return found == [name for (name,) in known]


KINDS = {
    "sqlite": Kind("toots.db", "toots.db", read_back, is_sound_and_flat),
    "jsonl": Kind("toots", "toots/_trunkline.db", read_back, is_whole),
    "parquet": Kind("toots", "toots/_trunkline.db", read_back, has_no_leftovers),
}
OPTIONS = {"jsonl": "?rotate_bytes=200000", "parquet": "?file_rows=100"}
"""Small files, so that recorders are killed while they make new ones."""


def kill(
    name: str, folder: Path, *, kills: int, seed: int, on_delete: str = "mark", burst: int = 4
) -> None:
    kind = KINDS[name]
    recording = f"{name}:{folder / kind.place}"
    found = kill_again_and_again(
        folder,
        recording + OPTIONS.get(name, ""),
        lambda: kind.read(recording),
        state=folder / kind.state,
        kills=kills,
        seed=seed,
        on_delete=on_delete,
        burst=burst,
    )
    assert found == []
    assert kind.is_sound(folder / kind.place)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", KINDS)
def test_a_recorder_that_is_killed_loses_nothing_and_repeats_nothing(
    name: str, tmp_path: Path
) -> None:
    kill(name, tmp_path, kills=3, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(1200)  # 500 events a second come from the server, and faults
@pytest.mark.parametrize("on_delete", ["mark", "purge"])
@pytest.mark.parametrize("name", KINDS)
def test_a_recorder_that_is_killed_a_hundred_times_loses_nothing(
    name: str, on_delete: str, tmp_path: Path
) -> None:
    kill(name, tmp_path, kills=100, seed=2, on_delete=on_delete, burst=10)
