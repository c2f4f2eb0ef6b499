"""From one recording to another: every event in order and exactly once, however often it is begun.

How far it has come is stored in the target together with the events, in one step. A conversion that
was killed goes on there; one that is repeated brings only what was added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from trunkline.errors import BadInput
from trunkline.policy.cursor import Cursor
from trunkline.signals import Gap
from trunkline.sinks.base import Batch, Position, Sink
from trunkline.sinks.opening import open_sink, parse_target
from trunkline.sinks.reading import Recorded, read_places

__all__ = ["Converted", "convert"]

_BATCH_EVENTS: Final = 1_000
_BATCH_BYTES: Final = 8 * 1024 * 1024
_KEY: Final = "place "


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """How many events and gaps were converted, and whether an earlier run had done the first."""

    events: int = 0
    gaps: int = 0
    resumed: bool = False


def convert(
    recording: str, target: str, *, tell: Callable[[Converted], None] | None = None
) -> Converted:
    """Store everything of `recording` in the sink `target`, and return how much that was.

    Args:
        recording: What to read, such as ``sqlite:toots.db``.
        target: Where to store it, as `open_sink` takes it. It may hold other recordings already.
        tell: Called after every step with what was done so far.

    Raises:
        BadInput: A kind that does not exist, or the target is the recording itself.
        SinkError: One of them cannot be used.
    """
    _refuse_itself(recording, target)
    items = read_places(recording)
    first = next(items, None)  # what cannot be read must not leave an empty target behind
    if first is None:
        return Converted()
    with closing(open_sink(target)) as sink:
        return _convert(recording, sink, tell=tell or _untold)


def _convert(recording: str, sink: Sink, *, tell: Callable[[Converted], None]) -> Converted:
    name = _name(recording)
    after = _place_in(sink, name)
    done = Converted(resumed=after >= 0)
    for place, items in _batches(read_places(recording, after=after)):
        gaps = [item for item in items if isinstance(item, Gap)]
        events = [item for item in items if not isinstance(item, Gap)]
        position = Position(name, Cursor(), [(f"{_KEY}{place}", 0.0)])
        sink.write(Batch(events=events, gaps=gaps, positions=[position]))
        done = Converted(
            events=done.events + len(events), gaps=done.gaps + len(gaps), resumed=done.resumed
        )
        tell(done)
    return done


def _batches(items: Iterator[tuple[int, Recorded]]) -> Iterator[tuple[int, list[Recorded]]]:
    """Yield items in steps, each with its last place; what shares a place is in one step.

    A gap ends its step, since sinks store the gaps of a step behind its events.
    """
    batch: list[Recorded] = []
    size_bytes, last = 0, -1
    for place, group in groupby(items, key=lambda item: item[0]):
        for _, item in group:
            batch.append(item)
            size_bytes += 0 if isinstance(item, Gap) else len(item.raw)
        last = place
        is_gap = isinstance(batch[-1], Gap)
        if is_gap or len(batch) >= _BATCH_EVENTS or size_bytes >= _BATCH_BYTES:
            yield last, batch
            batch, size_bytes = [], 0
    if batch:
        yield last, batch


def _place_in(sink: Sink, name: str) -> int:
    """Return the place up to which the sink has the recording; -1 if it has nothing of it."""
    saved = sink.load(name)
    places = [key for key, _ in saved.keys if key.startswith(_KEY)] if saved is not None else []
    return int(places[-1].removeprefix(_KEY)) if places else -1


def _name(recording: str) -> str:
    target = parse_target(recording)
    return f"converted from {target.kind}:{Path(target.place).resolve()}"


def _refuse_itself(recording: str, target: str) -> None:
    source, sink = parse_target(recording), parse_target(target)
    if sink.place and Path(source.place).resolve() == Path(sink.place).resolve():
        raise BadInput(f"Expected another place to convert {recording} to; got {target}.")


def _untold(_: Converted) -> None:
    """Tell nobody."""
