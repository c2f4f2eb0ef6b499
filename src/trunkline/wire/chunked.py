"""An event stream in HTTP chunks: the body of the answer to frames, in one pass.

Goes in: the bytes of a body in the chunked coding, cut anywhere. Comes out what `wire/sse` makes of
the content of the chunks. Servers end their chunks where their writes end, so the usual event is
one chunk or two and can be taken whole: that is half the price of taking the chunks apart first and
the lines afterwards. Whatever looks different in any way takes that longer way.

It never raises. When the body is over, `ending` says how, and what comes after that is ignored. It
holds at most what `EventStreamParser` holds and some kilobytes; extensions and trailers are
skipped.

Source: RFC 9112, section 7.1.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, assert_never

from trunkline.wire.sse import (
    MAX_FRAME_BYTES,
    Comment,
    EventStreamParser,
    Frame,
    Oversized,
)
from trunkline.wire.usual import (
    SIZE_LINE_BYTES,
    payload_place,
    take_usual,
    usual_event,
    usual_size_bytes,
)

__all__ = ["BodyEnding", "ChunkedEventStream"]

_SIZE_DIGITS: Final = re.compile(rb"[0-9A-Fa-f]+")
_LINE_BYTES: Final = 8192  # the longest size line or trailer, extensions included
_MARGIN_BYTES: Final = 256  # above the longest opening of a usual event
_HELD_BYTES: Final = 16 * 1024  # of a usual event that is not complete
_END: Final = b"\n\n\r\n"  # of the event, then of the chunk
_END_BEGUN: Final = (b"", b"\n")  # more of it, and the event can be told

_Items = list[Frame | Comment | Oversized]


class BodyEnding(Enum):
    """How a body in chunks ended."""

    LAST_CHUNK = "last chunk"
    BAD_CHUNK = "bad chunk"


class _Expected(Enum):
    """Which line comes next, between the contents of two chunks."""

    SIZE = "size"
    CHUNK_END = "chunk end"
    TRAILER = "trailer"


_SIZE: Final = _Expected.SIZE  # an enumeration is slow to ask on Python 3.11


class ChunkedEventStream:
    """Turns the chunked body of one event stream into frames, incrementally.

    Attributes:
        ending: How the body ended, or ``None`` while it goes on.
    """

    __slots__ = (
        "_expected",
        "_held",
        "_left_bytes",
        "_line",
        "_parser",
        "_usual",
        "ending",
    )

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self.ending: BodyEnding | None = None
        self._parser = EventStreamParser(max_frame_bytes=max_frame_bytes)
        self._expected = _Expected.SIZE
        self._left_bytes = 0  # of the content of the chunk that is being read
        self._line = b""  # the beginning of a line that is not over
        self._held = b""  # the beginning of a usual event, to be taken whole
        largest_bytes = max_frame_bytes - _MARGIN_BYTES
        self._usual = usual_event(*self._parser.usual, largest_bytes=largest_bytes)

    def feed(self, data: bytes) -> _Items:
        """Return what `data` completes, in order. Never raises."""
        items: _Items = []
        position = 0
        if self._held:
            position = data.find(_END) + len(_END) if _END in data else len(data)
            held, self._held = self._held + data[:position], b""
            self._take(held, 0, items)
        self._take(data, position, items)
        return items

    @property
    def is_between_events(self) -> bool:
        """Whether nothing is held of an event that is not complete."""
        return not self._held and self._is_between_events()

    def _take(self, data: bytes, position: int, items: _Items) -> None:
        """Take what there is from `position` on."""
        while position < len(data) and self.ending is None:
            if self._is_between_events():
                position = self._usual_events(data, position, items)
            position = self._line_of_content(data, position, items)

    def _is_between_events(self) -> bool:
        return (
            self._expected is _Expected.SIZE
            and not self._left_bytes
            and not self._line
            and self._parser.is_between_blocks
        )

    def _usual_events(self, data: bytes, position: int, items: _Items) -> int:
        """Take whole events for as long as they look as the last one did.

        Return the position of what does not; one that is not complete is held.
        """
        block, name = self._parser.usual
        if block != self._usual.block:
            self._usual = usual_event(block, name, largest_bytes=self._usual.largest_bytes)
        position = take_usual(data, position, self._usual, items)
        place = payload_place(data, position, self._usual)
        if place is not None and self._tells_nothing(data, *place):
            self._held, position = data[position:], len(data)
        return position

    def _tells_nothing(self, data: bytes, payload_at: int, stop: int) -> bool:
        """Tell whether nothing can be said of an event yet, and there is little of it."""
        so_far = data[payload_at : stop - 2]
        is_over = b"\n" in so_far or b"\r" in so_far or data[stop - 2 :] not in _END_BEGUN
        return not is_over and stop - payload_at <= min(_HELD_BYTES, self._usual.largest_bytes)

    def _line_of_content(self, data: bytes, position: int, items: _Items) -> int:
        """Take chunks apart until an event may begin that can be taken whole."""
        pieces: list[bytes] = []
        while position < len(data) and self.ending is None:
            if not self._left_bytes:
                position = self._usual_size(data, position) or self._between(data, position)
                continue
            piece = data[position : position + self._left_bytes]
            pieces.append(piece)
            position += len(piece)
            self._left_bytes -= len(piece)
            if not self._left_bytes and data[position : position + 2] == b"\r\n":
                position += 2
                self._expected = _SIZE
            if piece[-1:] == b"\n" and data.startswith(b"event:", data.find(b"\n", position) + 1):
                break
        if pieces:
            items += self._parser.feed(b"".join(pieces))
        return position

    def _usual_size(self, data: bytes, position: int) -> int:
        """Take a size line that is whole and short; return where it ends, or 0."""
        end = data.find(b"\n", position) + 1
        if self._expected is not _SIZE or self._line or not 0 < end - position <= SIZE_LINE_BYTES:
            return 0
        size_bytes = usual_size_bytes(data[position:end])
        if not size_bytes:
            return 0
        self._left_bytes, self._expected = size_bytes, _Expected.CHUNK_END
        return end

    def _between(self, data: bytes, position: int) -> int:
        """Take one line that is no content, or the beginning of one."""
        end = data.find(b"\n", position)
        if end - position + len(self._line) > _LINE_BYTES:
            self.ending = BodyEnding.BAD_CHUNK
        elif end < 0:
            self._line += data[position:]
            if len(self._line) > _LINE_BYTES:
                self.ending = BodyEnding.BAD_CHUNK
            return len(data)
        else:
            line, self._line = self._line + data[position:end], b""
            self._take_line(line.removesuffix(b"\r"))
        return end + 1

    def _take_line(self, line: bytes) -> None:
        match self._expected:
            case _Expected.TRAILER:
                self.ending = None if line else BodyEnding.LAST_CHUNK
            case _Expected.CHUNK_END:
                self.ending = BodyEnding.BAD_CHUNK if line else None
                self._expected = _Expected.SIZE
            case _Expected.SIZE:
                size_bytes = _size_bytes(line)
                self.ending = BodyEnding.BAD_CHUNK if size_bytes < 0 else None
                self._left_bytes = max(size_bytes, 0)
                self._expected = _Expected.CHUNK_END if size_bytes else _Expected.TRAILER
            case _:
                assert_never(self._expected)


def _size_bytes(line: bytes) -> int:
    """Return the size that a line names, or -1."""
    size = line.partition(b";")[0].strip(b" \t\r\n")
    return int(size, 16) if _SIZE_DIGITS.fullmatch(size) else -1
