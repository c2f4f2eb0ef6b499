"""What a recording logs, as lines on standard error: words for people, JSON for machines.

Promises one line for each thing that happens, whatever a server said, and no token in any.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from trunkline.cli.running import one_line
from trunkline.streams import Stream

__all__ = ["json_words", "logging_to", "plain_words", "to_standard_error"]

_PREFIX: Final = "trunkline_"
_UNSAID: Final = frozenset({"at"})
"""Fields that every line has by another name."""


def plain_words(record: logging.LogRecord) -> str:
    """Return a record as one line for people: the time, what happened, and its fields."""
    moment = datetime.fromtimestamp(record.created).astimezone()
    fields = " ".join(f"{name}={_plain(value)}" for name, value in _fields(record).items())
    level = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
    return one_line(f"{moment:%H:%M:%S} {level}{_event(record)} {fields}")


def json_words(record: logging.LogRecord) -> str:
    """Return a record as one JSON object: ``at``, ``level``, ``event``, and its fields."""
    moment = datetime.fromtimestamp(record.created, UTC)
    members: dict[str, object] = {
        "at": f"{moment.isoformat(timespec='milliseconds')[:-6]}Z",
        "level": record.levelname.lower(),
        "event": _event(record),
    }
    members |= {name: _jsonable(value) for name, value in _fields(record).items()}
    return json.dumps(members)


def to_standard_error(
    words: Callable[[logging.LogRecord], str],
) -> Callable[[logging.LogRecord], None]:
    """Return what writes a record to standard error, and gives up quietly when that is gone."""

    def write(record: logging.LogRecord) -> None:
        print(words(record), file=sys.stderr, flush=True)  # noqa: T201

    return write


@contextmanager
def logging_to(hear: Callable[[logging.LogRecord], None]) -> Iterator[None]:
    """Let `hear` have everything that Trunkline logs while the block runs."""
    logger, handler = logging.getLogger("trunkline"), _Handler(hear)
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


class _Handler(logging.Handler):
    def __init__(self, hear: Callable[[logging.LogRecord], None]) -> None:
        super().__init__()
        self._hear = hear

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._hear(record)
        except OSError:  # nobody reads the log any more; the recording goes on
            return


def _event(record: logging.LogRecord) -> str:
    return record.getMessage().removeprefix("trunkline.")


def _fields(record: logging.LogRecord) -> dict[str, object]:
    named = (
        (name.removeprefix(_PREFIX), value)
        for name, value in vars(record).items()
        if name.startswith(_PREFIX)
    )
    return {name: value for name, value in named if name not in _UNSAID and value not in ("", None)}


def _jsonable(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat()
        case Stream():
            return str(value)
        case tuple() | list():
            return [_jsonable(one) for one in value]
        case frozenset() | set():
            return sorted(map(str, value))
        case float():
            return round(value, 3)
        case _:
            return value


def _plain(value: object) -> str:
    plain = _jsonable(value)
    if isinstance(plain, list):
        return ",".join(map(str, plain))
    text = str(plain)
    return json.dumps(text) if " " in text else text
