"""The event stream (SSE): bytes to frames, and frames to bytes.

Goes in: any bytes, cut anywhere. Comes out, in order: `Frame` for a dispatched block, `Comment` for
a comment line (the server's heartbeat), `Oversized` for a block above the limit. The grammar is the
WHATWG HTML standard's "Parsing an event stream": lines end with LF, CR or CRLF, one byte order mark
may open the stream, one space after the colon is dropped, `data` lines join with LF.

One thing is more than the standard: a block with an event name but no data, which the standard
throws away, is a frame whose data is ``None``, because nothing is dropped silently here.

It never raises, whatever the bytes, and holds at most `max_frame_bytes` and one chunk. It refuses to
know what a payload means, and it never looks for two bytes at once: a search for one byte is several
times as fast, and a search is all that the common block costs.
"""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = [
    "MAX_FRAME_BYTES",
    "Comment",
    "EventStreamParser",
    "Frame",
    "Oversized",
    "encode_comment",
    "encode_event",
]

MAX_FRAME_BYTES: Final = 16 * 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One dispatched block: the event's name (``""`` if it had none) and its data, untouched.

    `data` is ``None`` for a block that has a name and no data line.
    """

    event: str
    data: bytes | None


class Comment(msgspec.Struct, frozen=True, gc=False):
    """One comment line, without its colon: ``b"thump"`` is Mastodon's heartbeat."""

    text: bytes


class Oversized(msgspec.Struct, frozen=True, gc=False):
    """A block that was skipped because it was larger than `max_frame_bytes`."""

    event: str
    size_bytes: int


class EventStreamParser:
    """Turns the bytes of one event stream into frames, incrementally.

    Attributes:
        last_event_id: The last ``id`` that was dispatched, as the standard keeps it.
        retry_milliseconds: The last valid ``retry`` of the server, or ``None``.
    """

    __slots__ = (
        "_after_cr",
        "_data",
        "_event",
        "_id",
        "_max_frame_bytes",
        "_partial",
        "_partial_bytes",
        "_size_bytes",
        "_start",
        "last_event_id",
        "retry_milliseconds",
    )

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._start: bytes | None = b""  # the first bytes, until they are or are not the mark
        self._after_cr = False  # the last byte was CR: an LF that follows belongs to it
        self._partial: list[bytes] = []  # pieces of the line that is not over yet
        self._partial_bytes = 0  # its length, which goes on counting when pieces are let go
        self._event = b""
        self._data: list[bytes] = []
        self._size_bytes = 0  # of the block so far, comments not counted
        self._id = ""
        self.last_event_id = ""
        self.retry_milliseconds: int | None = None

    @property
    def pending(self) -> bytes:
        """What has come of the block that is not over, for a log line when the stream ends."""
        event = [b"event: " + self._event] if self._event else []
        data = [b"data: " + line for line in self._data]
        return b"\n".join([*event, *data, *([b"".join(self._partial)] if self._partial else [])])

    def feed(self, chunk: bytes) -> list[Frame | Comment | Oversized]:
        """Return what `chunk` completes, in order. Never raises."""
        if self._start is not None:
            chunk = self._skip_mark(chunk)
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            self._hold(chunk)
            return []
        items: list[Frame | Comment | Oversized] = []
        if self._partial_bytes:
            first = chunk.find(b"\n") + 1
            self._hold(chunk[: first - 1])
            self._end_partial_line(items)
            self._lines(chunk, first, cut, items)
        else:
            self._lines(chunk, 0, cut, items)
        self._hold(chunk[cut:])
        return items

    def feed_line(self, line: bytes) -> Frame | Comment | Oversized | None:
        """Take one line without its line end and return what it completes, if anything."""
        items: list[Frame | Comment | Oversized] = []
        self._line(line, items)
        return items[0] if items else None

    def _skip_mark(self, chunk: bytes) -> bytes:
        start = (self._start or b"") + chunk
        if len(start) < len(_BOM) and _BOM.startswith(start):
            self._start = start
            return b""
        self._start = None
        return start.removeprefix(_BOM)

    def _hold(self, piece: bytes) -> None:
        if piece:
            self._partial_bytes += len(piece)
            if self._partial_bytes <= self._max_frame_bytes:
                self._partial.append(piece)
            else:
                self._partial.clear()

    def _end_partial_line(self, items: list[Frame | Comment | Oversized]) -> None:
        line, size = b"".join(self._partial), self._partial_bytes
        self._partial, self._partial_bytes = [], 0
        if size > self._max_frame_bytes:
            self._size_bytes += size
        else:
            self._line(line, items)

    def _lines(
        self, text: bytes, position: int, cut: int, items: list[Frame | Comment | Oversized]
    ) -> None:
        """Take the whole lines of ``text[position:cut]``: the hot path, two lines of it inlined."""
        find, startswith, limit = text.find, text.startswith, self._max_frame_bytes
        while position < cut:
            end = find(b"\n", position)
            length = end - position
            if self._size_bytes + length > limit:
                self._line(text[position:end], items)
            elif startswith(b"data: ", position):
                self._size_bytes += length
                self._data.append(text[position + 6 : end])
            elif startswith(b"event: ", position):
                self._size_bytes += length
                self._event = text[position + 7 : end]
            elif length:
                self._line(text[position:end], items)
            else:
                self._dispatch(items)
            position = end + 1

    def _line(self, line: bytes, items: list[Frame | Comment | Oversized]) -> None:
        if not line:
            self._dispatch(items)
            return
        if len(line) > self._max_frame_bytes:
            self._size_bytes += len(line)
            return
        if line[:1] == b":":
            items.append(Comment(line[1:]))
            return
        self._size_bytes += len(line)
        name, _, value = line.partition(b":")
        self._field(name, value.removeprefix(b" "))

    def _field(self, name: bytes, value: bytes) -> None:
        if name == b"data":
            if self._size_bytes <= self._max_frame_bytes:
                self._data.append(value)
        elif name == b"event":
            self._event = value
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit():
            self.retry_milliseconds = int(value[:18])

    def _dispatch(self, items: list[Frame | Comment | Oversized]) -> None:
        event, data, size = self._event, self._data, self._size_bytes
        self.last_event_id = self._id
        if not size:
            return
        self._event, self._data, self._size_bytes = b"", [], 0
        if size > self._max_frame_bytes:
            items.append(Oversized(event.decode("utf-8", "replace"), size))
        elif data or event:
            payload = data[0] if len(data) == 1 else b"\n".join(data) if data else None
            items.append(Frame(event.decode("utf-8", "replace"), payload))


def encode_event(name: str, data: bytes) -> tuple[bytes, bytes]:
    """Return the two writes of one event, as Mastodon's server makes them.

    The payload is written as it is: a line feed inside it breaks the frame, as it does there.
    """
    return b"event: " + name.encode() + b"\n", b"data: " + data + b"\n\n"


def encode_comment(text: bytes, *, lines: int = 2) -> bytes:
    """Return a comment followed by `lines` line feeds: ``:)`` has one, ``:thump`` two (4.6+)."""
    return b":" + text + b"\n" * lines
