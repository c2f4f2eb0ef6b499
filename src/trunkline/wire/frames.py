"""RFC 6455 framing: bytes to messages, for a client and for a server, and messages to bytes.

Goes in: any bytes after the handshake, cut anywhere. Comes out, in order: whole messages and
control frames, and `Oversized` for a message above the limit, which is skipped. What breaks the
standard ends the reading: `violation` is the close code that the peer is owed. It never raises, and
it holds at most one message. Extensions are not known here, and whether text is UTF-8 is not asked.

Source: RFC 6455, sections 5 and 7.4.1.
"""

from __future__ import annotations

import struct
from typing import Final

from trunkline.wire.sse import MAX_FRAME_BYTES, Oversized

__all__ = ["BINARY", "CLOSE", "PING", "PONG", "TEXT", "FrameReader", "encode_frame", "masked"]

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

_KNOWN: Final = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})
_FINAL, _RESERVED, _OPCODE = 0x80, 0x70, 0x0F  # bits of the first byte
_MASKED, _SIZE = 0x80, 0x7F  # bits of the second
_TWO_BYTES, _EIGHT_BYTES = 126, 127  # sizes that stand for one which follows in so many bytes
_MAX_CONTROL_BYTES: Final = 125
_MASK_BYTES: Final = 4
_PROTOCOL_ERROR: Final = 1002
_TOO_BIG: Final = 1009
_LARGEST_FRAME_BYTES: Final = 1024 * 1024 * 1024
"""A frame that is larger is not skipped: it would take for ever, and most likely it is none."""
_USUAL_HEAD: Final = bytes((_FINAL | TEXT, _TWO_BYTES))

_Items = list[tuple[int, bytes] | Oversized]


def encode_frame(opcode: int, payload: bytes, *, mask: bytes = b"") -> bytes:
    """Return one final frame, masked as a client has to if there is a `mask` of four bytes."""
    size, masked_bit = len(payload), _MASKED if mask else 0
    first = _FINAL | opcode
    if size <= _MAX_CONTROL_BYTES:
        head = bytes((first, masked_bit | size))
    elif size <= 0xFFFF:
        head = struct.pack("!BBH", first, masked_bit | _TWO_BYTES, size)
    else:
        head = struct.pack("!BBQ", first, masked_bit | _EIGHT_BYTES, size)
    return head + mask + masked(payload, mask) if mask else head + payload


def masked(payload: bytes, mask: bytes) -> bytes:
    """Return `payload` with a mask put on, or taken off, which is the same."""
    size = len(payload)
    pattern = (mask * (size // _MASK_BYTES + 1))[:size]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(pattern, "big")
    return number.to_bytes(size, "big")


class FrameReader:
    """Turns the bytes of one side into ``(opcode, payload)`` of whole messages, incrementally.

    Args:
        from_client: Whether it is a client's side, whose frames are masked; a server's are not.
        max_message_bytes: The largest message; a larger one is skipped.

    Attributes:
        violation: The close code for what the peer did, or ``None`` while it keeps to the rules.
    """

    __slots__ = (
        "_expects_mask",
        "_held",
        "_max_message_bytes",
        "_needed_bytes",
        "_opcode",
        "_parts",
        "_parts_bytes",
        "_skip_bytes",
        "_skips",
        "violation",
    )

    def __init__(self, *, from_client: bool, max_message_bytes: int = MAX_FRAME_BYTES) -> None:
        self.violation: int | None = None
        self._expects_mask = _MASKED if from_client else 0
        self._max_message_bytes = max_message_bytes
        self._held = bytearray()  # a frame that is not complete
        self._needed_bytes = 0  # how much has to be held before looking again
        self._opcode = CONTINUATION  # of the message that is being put together, if there is one
        self._parts: list[bytes] = []
        self._parts_bytes = 0
        self._skip_bytes = 0  # what is still to come of a frame that is skipped
        self._skips = False  # whether the rest of this message is to be skipped

    @property
    def is_between_messages(self) -> bool:
        """Whether nothing is held, or skipped, of a message that is not complete."""
        return not (self._held or self._opcode or self._skip_bytes)

    def feed(self, data: bytes) -> _Items:
        """Return what `data` completes, in order. Never raises."""
        items: _Items = []
        position = self._skipped(data, 0)
        while self._held and position < len(data) and self.violation is None:
            missing_bytes = self._needed_bytes - len(self._held)
            self._held += data[position : position + missing_bytes]
            position += missing_bytes
            if len(self._held) >= self._needed_bytes:
                held = bytes(self._held)
                self._held.clear()
                self._held += held[self._frames(held, 0, items) :]
                position = self._skipped(data, position)
        if position < len(data) and self.violation is None:
            self._held += data[self._frames(data, position, items) :]
        return items

    def _skipped(self, data: bytes, position: int) -> int:
        """Return the position after what is to be skipped of `data`."""
        skipped_bytes = min(self._skip_bytes, max(0, len(data) - position))
        self._skip_bytes -= skipped_bytes
        return position + skipped_bytes

    def _frames(self, data: bytes, position: int, items: _Items) -> int:
        """Take whole frames and return the position of what is none yet: the hot path."""
        size = len(data)
        self._needed_bytes = 2
        usual = _USUAL_HEAD if self._max_message_bytes > 0xFFFF and not self._expects_mask else b""
        while position + 1 < size and self.violation is None:
            start = position + 4
            if data[position : position + 2] == usual and not self._opcode and start <= size:
                stop = start + (data[position + 2] << 8 | data[position + 3])
                if stop <= size:
                    items.append((TEXT, data[start:stop]))
                    position = stop
                    continue
            stop = self._frame(data, position, items)
            if stop == position:
                return position
            position = stop
        return position

    def _frame(self, data: bytes, position: int, items: _Items) -> int:
        """Take any frame; return where it ends, or `position` if it is not complete."""
        first, second = data[position], data[position + 1]
        if not self._is_lawful(first, second):
            self.violation = _PROTOCOL_ERROR
            return len(data)
        start, size = position + 2, second & _SIZE
        if size >= _TWO_BYTES:
            start += 2 if size == _TWO_BYTES else 8
            size = int.from_bytes(data[position + 2 : start], "big")
            if size > _LARGEST_FRAME_BYTES:
                self.violation = _TOO_BIG
                return len(data)
        stop = start + (_MASK_BYTES if self._expects_mask else 0) + size
        is_content = first & _OPCODE < CLOSE
        if start > len(data):
            stop = start
        elif is_content and self._is_too_much(size, is_last=bool(first & _FINAL), items=items):
            self._skip_bytes = max(0, stop - len(data))
            return min(stop, len(data))
        if stop > len(data):
            self._needed_bytes = stop - position
            return position
        payload = data[stop - size : stop]
        if self._expects_mask:
            payload = masked(payload, data[start : start + _MASK_BYTES])
        self._take(first, payload, items)
        return stop

    def _is_lawful(self, first: int, second: int) -> bool:
        opcode, size = first & _OPCODE, second & _SIZE
        if first & _RESERVED or opcode not in _KNOWN or second & _MASKED != self._expects_mask:
            return False
        if opcode >= CLOSE:
            return bool(first & _FINAL) and size <= _MAX_CONTROL_BYTES
        return (opcode == CONTINUATION) == bool(self._opcode)

    def _is_too_much(self, size: int, *, is_last: bool, items: _Items) -> bool:
        """Say whether a frame is to be skipped, and tell of a message once that is too large."""
        if not self._skips:
            total = self._parts_bytes + size
            if total <= self._max_message_bytes:
                return False
            items.append(Oversized("", total))
        self._parts, self._parts_bytes = [], 0
        self._skips = not is_last
        self._opcode = CONTINUATION if is_last else TEXT
        return True

    def _take(self, first: int, payload: bytes, items: _Items) -> None:
        opcode = first & _OPCODE
        if opcode >= CLOSE:
            items.append((opcode, payload))
            return
        opcode = opcode or self._opcode
        if first & _FINAL:
            items.append((opcode, b"".join([*self._parts, payload])))
            self._parts, self._parts_bytes, self._opcode = [], 0, CONTINUATION
        else:
            self._opcode = opcode
            if payload:  # so that the size of all bounds their number
                self._parts.append(payload)
            self._parts_bytes += len(payload)
