"""Reading a recording back: events and gaps in the order in which they were recorded.

The same text that names a sink names a recording: ``sqlite:toots.db``, ``jsonl:toots/``,
``parquet:toots/``. Promises events equal to those that were recorded in stream, name, id, raw and
order; what was purged is not there. Reading changes nothing and may go on while a recorder writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from trunkline.errors import BadInput
from trunkline.events import AnyEvent
from trunkline.signals import Gap
from trunkline.sinks.opening import PARQUET_NEEDS, Target, parse_target
from trunkline.sinks.reading_jsonl import read_jsonl
from trunkline.sinks.reading_sqlite import read_sqlite

__all__ = ["READERS", "Recorded", "read_places", "read_recording"]

Recorded = AnyEvent | Gap
"""What a recording holds."""

Reader = Callable[[Target, int], Iterable[tuple[int, Recorded]]]
"""Reads what stands behind a place of a recording; places only go up."""


def _sqlite(target: Target, after: int) -> Iterable[tuple[int, Recorded]]:
    target.allow("durable")
    return read_sqlite(target.place, after=after)


def _jsonl(target: Target, after: int) -> Iterable[tuple[int, Recorded]]:
    return read_jsonl(target.place, after=after)


def _parquet(target: Target, after: int) -> Iterable[tuple[int, Recorded]]:
    target.allow("durable", "file_rows", "file_seconds")
    try:
        from trunkline.sinks.reading_parquet import read_parquet
    except ImportError:
        raise BadInput(PARQUET_NEEDS) from None
    return read_parquet(target.place, after=after)


READERS: Final[dict[str, Reader]] = {"sqlite": _sqlite, "jsonl": _jsonl, "parquet": _parquet}
"""The kinds of recordings that can be read."""


def read_recording(text: str) -> Iterator[Recorded]:
    """Return the events of a recording in recorded order, with the gaps among them.

    Args:
        text: What names it, as `open_sink` takes it, such as ``sqlite:toots.db``.

    Raises:
        BadInput: There is no such kind of recording.
        SinkError: It is not there, is damaged, or is another kind of file.
    """
    return (item for _, item in read_places(text))


def read_places(text: str, *, after: int = -1) -> Iterator[tuple[int, Recorded]]:
    """Return what stands in a recording behind the place `after`, each with its own place.

    Places are whole numbers that do not go down. A gap may have the place of the event before it.

    Raises:
        BadInput: There is no such kind of recording.
        SinkError: It is not there, is damaged, or is another kind of file.
    """
    target = parse_target(text)
    reader = READERS.get(target.kind)
    if reader is None or not target.place:
        raise BadInput(
            f"Expected a recording of {', '.join(READERS)}, such as 'sqlite:toots.db';"
            f" got {text!r}."
        )
    return iter(reader(target, after))
