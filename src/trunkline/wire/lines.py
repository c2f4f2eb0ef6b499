"""Byte lines to named payloads: the strict reading that the 2017 interface promises.

Goes in: an iterable of lines of bytes, as ``requests``' ``iter_lines()`` gives them; a line end
that is still there is dropped. Comes out, in order: `NamedPayload` for an event, `Comment` for a
comment line, and at the end at most one `Partial`.

The grammar is the event stream parser's. What it tolerates and the old interface calls an error
(malformed UTF-8, no name, no data, bad JSON) is raised here; nothing else is. The module refuses to
know who handles an event.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from trunkline.errors import BadInput, MalformedEventError
from trunkline.events import EVENTS
from trunkline.wire.sse import MAX_FRAME_BYTES, Comment, EventStreamParser, Frame, Oversized

__all__ = ["CARRIES_NOTHING", "NamedPayload", "Partial", "plain_id", "plain_nothing", "read_lines"]

CARRIES_NOTHING: Final = frozenset(name for name, kind in EVENTS.items() if kind.shape == "any")
"""The events whose handlers take no payload, whatever the server sends with them."""

_IDS: Final = frozenset(name for name, kind in EVENTS.items() if kind.shape == "id")
_BOM: Final = b"\xef\xbb\xbf"
_SHOWN_BYTES: Final = 80


class NamedPayload(msgspec.Struct, frozen=True, gc=False):
    """One event: its name and its payload as `json.loads` gives it; ``None`` where it has none."""

    name: str
    payload: object


class Partial(msgspec.Struct, frozen=True, gc=False):
    """What had come of an event when the lines ended."""

    pending: bytes


def read_lines(lines: Iterable[bytes]) -> Iterator[NamedPayload | Comment | Partial]:
    """Yield what `lines` say, each as soon as its last line is there.

    Raises:
        MalformedEventError: Malformed UTF-8, no event name, no data, bad JSON, or an event above
            the limit of the event stream parser.
        BadInput: Something that is not bytes came instead of a line.
    """
    parser = EventStreamParser()
    for line in _checked(lines):
        item = parser.feed_line(line)
        if isinstance(item, Frame):
            yield NamedPayload(item.event, _payload(item))
        elif isinstance(item, Oversized):
            raise MalformedEventError(
                f"Expected events of at most {MAX_FRAME_BYTES} bytes; "
                f"got {item.event!r:.100} with {item.size_bytes}."
            )
        elif item is not None:
            yield item
    if parser.pending:
        yield Partial(parser.pending)


def plain_id(raw: bytes) -> int | str:
    """Return an id as `json.loads` gives it, an ``int`` or a ``str``; as text if it is no JSON.

    Flake ids and ULIDs are no JSON, and some (``12e4``) would be a float.
    """
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, (int, str)) and not isinstance(value, bool):
        return value
    return raw.decode("utf-8", "replace").strip().strip('"')


def plain_nothing(raw: bytes | None) -> object:
    """Return what came with an event that carries nothing: usually ``None``.

    Servers that mean "no payload" send none, an empty one, or JavaScript's ``undefined``.
    """
    if not raw or raw == b"undefined":
        return None
    try:
        value: object = json.loads(raw)
    except (ValueError, RecursionError):
        return raw.decode("utf-8", "replace")
    return value


def _checked(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield whole lines without their ends and without a leading byte order mark."""
    mark = _BOM
    for item in lines:
        if not isinstance(item, (bytes, bytearray)):
            raise BadInput(
                f"Expected lines of bytes; got {type(item).__name__}. "
                "Pass what response.iter_lines() of requests gives, without decoding it."
            )
        for line in bytes(item).splitlines() or (b"",):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                raise MalformedEventError(
                    f"Malformed UTF-8: expected text in every line of the stream; {error} "
                    f"of {_shown(line)}."
                ) from error
            yield line.removeprefix(mark)
            mark = b""


def _payload(frame: Frame) -> object:
    if not frame.event:
        raise _missing("event", frame)
    if frame.event in CARRIES_NOTHING:
        return plain_nothing(frame.data)
    if frame.data is None or (frame.event in _IDS and not frame.data.strip(b' "')):
        raise _missing("data", frame)
    if frame.event in _IDS:
        return plain_id(frame.data)
    try:
        value: object = json.loads(frame.data)
    except (ValueError, RecursionError) as error:
        raise MalformedEventError(
            f"Bad JSON: expected JSON as data of event {frame.event!r:.100}; "
            f"got {_shown(frame.data)}: {error}."
        ) from error
    return value


def _missing(field: str, frame: Frame) -> MalformedEventError:
    return MalformedEventError(
        f"Missing field {field!r}: expected an event with a name and data; "
        f"got the name {frame.event!r:.100} and the data {_shown(frame.data or b'')}."
    )


def _shown(raw: bytes) -> str:
    """Return the beginning of `raw` for a message, with a mark if there is more."""
    return repr(raw[:_SHOWN_BYTES]) + ("..." if len(raw) > _SHOWN_BYTES else "")
