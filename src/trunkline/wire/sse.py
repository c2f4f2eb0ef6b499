"""The event stream (SSE): bytes to frames, and frames to bytes.

Goes in: any bytes, cut anywhere. Comes out, in order: `Frame` for a dispatched block, `Comment` for
a comment line (the server's heartbeat), `Oversized` for what is above the limit. The grammar is the
WHATWG HTML standard's "Parsing an event stream": lines end with LF, CR or CRLF, one byte order mark
may open the stream, one space after the colon is dropped, `data` lines join with LF.

One thing is more than the standard: a block with an event name but no data, which the standard
throws away, is a frame whose data is ``None``, because nothing is dropped silently here. Two are
less: an ``id`` above 1,024 bytes and a ``retry`` above 18 digits are ignored like invalid ones.

It never raises, whatever the bytes; what comes out does not depend on where they were cut; and it
holds at most `max_frame_bytes` and one chunk. It refuses to know what a payload means, and it never
looks for two bytes at once: a search for one byte is many times as fast, and two of those are
nearly all that the usual block costs.
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
_ID_BYTES: Final = 1024  # an id outlives its block, so a long one would escape the limit
_LEARNT_BYTES: Final = 64  # the longest name whose block may be the usual one; it is held too
_RETRY_DIGITS: Final = 18  # a number of any length is valid, and costs more than it says


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
    """A block that was skipped because its lines were larger than `max_frame_bytes`.

    A comment for which that leaves no room is skipped alone, with ``""`` for the event's name.
    """

    event: str
    size_bytes: int


_Items = list[Frame | Comment | Oversized]


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
        "_room_bytes",
        "_skipped_bytes",
        "_start",
        "_usual",
        "last_event_id",
        "retry_milliseconds",
    )

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._start: bytes | None = b""  # the first bytes, until they are or are not the mark
        self._after_cr = False  # the last byte was CR: an LF that follows belongs to it
        self._partial = bytearray()  # the line that is not over yet; if it is too long, one byte
        self._partial_bytes = 0  # its length, which goes on counting when the rest is let go
        self._event = b""
        self._data: bytes | bytearray | None = None  # the usual single line is never copied
        self._room_bytes = max_frame_bytes  # how long a line may be: the block so far counts
        self._skipped_bytes = 0  # of a block that is too large: of it only the name is held
        self._id = ""
        self._usual = b"event: update\ndata: ", "update"  # how the last usual block began
        self.last_event_id = ""
        self.retry_milliseconds: int | None = None

    @property
    def pending(self) -> bytes:
        """What is held of the block that is not over, for a log line when the stream ends."""
        event = [b"event: " + self._event] if self._event else []
        data = [] if self._data is None else self._data.split(b"\n")
        rest = bytes(self._partial) or self._start
        lines = [*event, *(b"data: " + line for line in data), *([rest] if rest else [])]
        return b"\n".join(lines)

    @property
    def usual(self) -> tuple[bytes, str]:
        """How the last usual block began, up to its payload, and the event that it named."""
        return self._usual

    @property
    def is_between_blocks(self) -> bool:
        """Whether nothing is held, so that what comes next begins a block or a comment."""
        return (
            self._room_bytes == self._max_frame_bytes
            and not self._skipped_bytes
            and not self._partial_bytes
            and not self._after_cr
            and self._start is None
        )

    def feed(self, chunk: bytes) -> _Items:
        """Return what `chunk` completes, in order. Never raises."""
        if self._start is not None:
            chunk = self._skip_mark(chunk)
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        items: _Items = []
        position, cut = 0, chunk.rfind(b"\n") + 1
        if cut and self._partial_bytes:
            position = chunk.find(b"\n") + 1
            self._hold(chunk[: position - 1])
            self._end_partial_line(items)
        if position < cut:
            self._lines(chunk, position, cut, items)
        if cut < len(chunk):
            self._hold(chunk[cut:])
        return items

    def feed_line(self, line: bytes) -> Frame | Comment | Oversized | None:
        """Take one line without its line end and return what it completes, if anything.

        For whoever has lines already; do not mix with `feed`.
        """
        if self._start is not None:
            self._start, line = None, line.removeprefix(_BOM)
        items: _Items = []
        self._line(line, len(line), items)
        return items[0] if items else None

    def _skip_mark(self, chunk: bytes) -> bytes:
        start = (self._start or b"") + chunk
        if len(start) < len(_BOM) and _BOM.startswith(start):
            self._start = start
            return b""
        self._start = None
        return start.removeprefix(_BOM)

    def _hold(self, piece: bytes) -> None:
        self._partial_bytes += len(piece)
        if self._partial_bytes <= self._room_bytes:
            self._partial += piece
        else:  # the first byte is kept because it tells a comment from a field
            self._partial = bytearray((self._partial or piece)[:1])

    def _end_partial_line(self, items: _Items) -> None:
        line, size = bytes(self._partial), self._partial_bytes
        self._partial.clear()
        self._partial_bytes = 0
        self._line(line, size, items)

    def _lines(self, text: bytes, position: int, cut: int, items: _Items) -> None:
        """Take the whole lines of ``text[position:cut]``: the hot path.

        What Mastodon sends, an ``event: `` line, then a ``data: `` line and an empty one, is taken
        at once where it begins as the last such block did, else line by line; `_line` and
        `_dispatch` would do the same at a third of the speed.
        """
        find, append, limit = text.find, items.append, self._max_frame_bytes
        opening, name = self._usual
        while position < cut:
            start = position + len(opening)
            if text[position:start] == opening and self._is_between_blocks():
                end = find(b"\n", start)
                if text[end + 1 : end + 2] == b"\n" and 0 < end - position <= limit + 1:
                    append(Frame(name, text[start:end]))
                    position = end + 2
                    continue
            end = find(b"\n", position)
            if end - position > self._room_bytes or self._skipped_bytes:
                self._line(text[position:end], end - position, items)
            elif text[position : position + 7] == b"event: ":
                self._event = text[position + 7 : end]
                self._room_bytes -= end - position
            elif (
                text[position : position + 6] == b"data: "
                and text[end + 1 : end + 2] == b"\n"
                and self._data is None
            ):
                event = self._event.decode("utf-8", "replace")
                append(Frame(event, text[position + 6 : end]))
                if len(self._event) <= _LEARNT_BYTES:
                    opening, name = self._usual = b"event: " + self._event + b"\ndata: ", event
                self._event, self._room_bytes = b"", limit
                self.last_event_id = self._id
                end += 1
            else:
                self._line(text[position:end], end - position, items)
            position = end + 1

    def _is_between_blocks(self) -> bool:
        return self._room_bytes == self._max_frame_bytes and not self._skipped_bytes

    def _line(self, line: bytes, size: int, items: _Items) -> None:
        """Take a line of `size` bytes; of one that is too long, `line` may be the beginning."""
        if not size:
            self._dispatch(items)
        elif line[:1] == b":":
            items.append(Comment(line[1:]) if size <= self._room_bytes else Oversized("", size))
        elif self._skipped_bytes:
            self._skipped_bytes += size
        elif size > self._room_bytes:
            self._skipped_bytes = self._max_frame_bytes - self._room_bytes + size
            self._room_bytes = self._max_frame_bytes - len(self._event)
            self._data = None
        else:
            self._room_bytes -= size
            self._field(line)

    def _field(self, line: bytes) -> None:
        colon = line.find(b":")
        name = line[:colon] if colon >= 0 else line
        value = line[len(name) + (2 if line[colon + 1 : colon + 2] == b" " else 1) :]
        if name == b"data":
            self._add_data(value)
        elif name == b"event":
            self._event = value
        elif name == b"id" and b"\0" not in value and len(value) <= _ID_BYTES:
            self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and len(value) <= _RETRY_DIGITS:
            self.retry_milliseconds = int(value)

    def _add_data(self, value: bytes) -> None:
        if self._data is None:
            self._data = value
        else:
            if isinstance(self._data, bytes):
                self._data = bytearray(self._data)
            self._data += b"\n" + value

    def _dispatch(self, items: _Items) -> None:
        event = self._event.decode("utf-8", "replace")
        data, skipped = self._data, self._skipped_bytes
        self._event, self._data, self._skipped_bytes = b"", None, 0
        self._room_bytes = self._max_frame_bytes
        self.last_event_id = self._id
        if skipped:
            items.append(Oversized(event, skipped))
        elif event or data is not None:
            items.append(Frame(event, None if data is None else bytes(data)))


def encode_event(name: str, data: bytes) -> tuple[bytes, bytes]:
    """Return the two writes of one event, as Mastodon's server makes them.

    The payload is written as it is: a line feed inside it breaks the frame, as it does there.
    """
    return b"event: " + name.encode() + b"\n", b"data: " + data + b"\n\n"


def encode_comment(text: bytes, *, lines: int = 2) -> bytes:
    """Return a comment followed by `lines` line feeds: ``:)`` has one, ``:thump`` two (4.6+)."""
    return b":" + text + b"\n" * lines
