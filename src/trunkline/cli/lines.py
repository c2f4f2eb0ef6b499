"""Events and signals as lines of bytes for other programs: JSON, raw, and plain words.

Promises that every item is exactly one line, whatever a server sent, and that every JSON line is
JSON. What a JSON line looks like is decided in `trunkline.sinks.lines`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from trunkline.cli.words import Words, words_of, words_of_signal
from trunkline.inbox import Item
from trunkline.signals import SIGNALS
from trunkline.sinks.lines import KINDS, as_json, as_text, event_line, signal_line

__all__ = ["LINES", "Format", "json_line", "plain_line", "raw_line"]


class Format(StrEnum):
    """What a line looks like."""

    PRETTY = "pretty"
    JSON = "json"
    RAW = "raw"


def json_line(item: Item) -> bytes:
    """Return an event or a signal as one JSON object."""
    return signal_line(item) if isinstance(item, SIGNALS) else event_line(item)


def raw_line(item: Item) -> bytes:
    """Return an event as its name, its stream and the bytes of its payload, with tabs between.

    Line feeds are the one thing changed: between the parts of a JSON payload they become spaces,
    and a payload that is no JSON and has some is written as a JSON string. A signal comes as
    ``signal``, its kind and its JSON.
    """
    if isinstance(item, SIGNALS):
        return b"signal\t%b\t%b" % (KINDS[type(item)].encode(), signal_line(item))
    payload = item.raw
    if b"\n" in payload or b"\r" in payload:
        payload = as_json(payload) or as_text(payload)
    return b"%b\t%b\t%b\n" % (_field(item.name), str(item.stream).encode(), payload)


def plain_line(item: Item) -> bytes:
    """Return an event or a signal in words, for people who read a pipe."""
    if isinstance(item, SIGNALS):
        return _encoded(f"{item.at.astimezone():%H:%M:%S} -- {words_of_signal(item)}")
    words = words_of(item)
    parts = (f"{item.received_at.astimezone():%H:%M:%S}", str(item.stream), *_told(words))
    return _encoded(" ".join(part for part in parts if part))


def _told(words: Words) -> tuple[str, ...]:
    remarks = f"({', '.join(words.remarks)})" if words.remarks else ""
    what = "" if words.what == "post" else words.what
    return what, words.who, remarks, words.text


LINES: Final[dict[Format, Callable[[Item], bytes]]] = {
    Format.PRETTY: plain_line,
    Format.JSON: json_line,
    Format.RAW: raw_line,
}
"""What makes a line of each format."""


def _field(name: str) -> bytes:
    """Return a name that cannot be taken for more than one field of a line."""
    return name.encode() if name.isprintable() else name.encode("unicode_escape")


def _encoded(line: str) -> bytes:
    return f"{line}\n".encode("utf-8", "replace")
