"""Converting recordings: everything once and in order, wherever an earlier run was ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sinks.builders import delete, gap, is_sound, post, update
from tests.sinks.recordings import one_of_everything, record_into, told, told_in

from trunkline.errors import BadInput
from trunkline.events import AnyEvent
from trunkline.signals import Gap
from trunkline.sinks import SinkError, converting
from trunkline.sinks.converting import Converted, convert
from trunkline.sinks.reading import read_recording


class Stopped(Exception):
    """Stands for a process that ends."""


@pytest.mark.parametrize("name", ["toots.db", "toots.jsonl", "toots.parquet"])
def test_everything_is_converted_in_order(name: str, tmp_path: Path) -> None:
    events = one_of_everything()
    recording = record_into(tmp_path / name, events, gaps=[gap()])
    target = tmp_path / "copy.db"
    assert convert(recording, f"sqlite:{target}") == Converted(events=len(events), gaps=1)
    assert told_in(f"sqlite:{target}") == told(events)
    assert sum(isinstance(one, Gap) for one in read_recording(f"sqlite:{target}")) == 1
    assert is_sound(target)


def test_from_kind_to_kind_and_back_nothing_changes_its_place(tmp_path: Path) -> None:
    """Gaps included, wherever they stand among the events."""
    events = one_of_everything()
    middle = events[len(events) // 2].received_at
    recording = record_into(tmp_path / "toots.db", events, gaps=[gap(until=middle, at=middle)])
    places = ("parquet:{}/columns", "jsonl:{}/lines", "sqlite:{}/copy.db")
    before = list(read_recording(recording))
    assert any(isinstance(one, Gap) for one in before[1:-1])
    for place in places:
        target = place.format(tmp_path)
        convert(recording, target)
        again = list(read_recording(target))
        assert told(again) == told(before)
        assert [type(one) for one in again] == [type(one) for one in before]
        assert [one for one in again if isinstance(one, Gap)] == [
            one for one in before if isinstance(one, Gap)
        ]
        recording = target


@pytest.mark.parametrize("steps", range(1, 6))
def test_a_conversion_that_was_ended_goes_on_where_it_was(
    steps: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(converting, "_BATCH_EVENTS", 2)
    events = one_of_everything()
    recording = record_into(tmp_path / "toots.db", events, gaps=[gap()])
    target = f"sqlite:{tmp_path / 'copy.db'}"
    told_steps: list[Converted] = []

    def stop(done: Converted) -> None:
        told_steps.append(done)
        if len(told_steps) == steps:
            raise Stopped

    with pytest.raises(Stopped):
        convert(recording, target, tell=stop)
    rest = convert(recording, target)
    assert rest.resumed
    assert told_steps[-1].events + rest.events == len(events)
    assert told_in(target) == told(events)
    assert sum(isinstance(one, Gap) for one in read_recording(target)) == 1


def test_a_conversion_that_is_repeated_brings_only_what_was_added(tmp_path: Path) -> None:
    first: list[AnyEvent] = [update(post("1"))]
    more: list[AnyEvent] = [update(post("2")), delete("1")]
    recording = record_into(tmp_path / "toots.db", first)
    target = f"sqlite:{tmp_path / 'copy.db'}"
    convert(recording, target)
    record_into(tmp_path / "toots.db", more)
    assert convert(recording, target) == Converted(events=2, resumed=True)
    assert told_in(target) == told([*first, *more])


def test_two_recordings_can_be_put_together(tmp_path: Path) -> None:
    morning = record_into(tmp_path / "morning.db", [update(post("1"))])
    evening = record_into(tmp_path / "evening.jsonl", [update(post("2"))])
    target = f"sqlite:{tmp_path / 'day.db'}"
    convert(morning, target)
    convert(evening, target)
    assert [identifier for _, _, identifier, _ in told_in(target)] == ["1", "2"]


@pytest.mark.parametrize(
    ("recording", "target", "error"),
    [
        ("sqlite:toots.db", "sqlite:toots.db", BadInput),
        ("sqlite:toots.db", "carrier-pigeon:loft", BadInput),
        ("carrier-pigeon:loft", "sqlite:copy.db", BadInput),
        ("sqlite:missing.db", "sqlite:copy.db", SinkError),
    ],
)
def test_what_cannot_be_converted_leaves_nothing_behind(
    recording: str,
    target: str,
    error: type[Exception],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    record_into(Path("toots.db"), [update()])
    with pytest.raises(error):
        convert(recording, target)
    assert not Path("copy.db").exists()
