"""RFC 6455 framing as a server needs it: masked frames in, plain frames out, no extensions.

Goes in: any bytes, cut anywhere. Comes out: whole messages and control frames. What breaks the
standard raises `ProtocolViolation` with the close code that the peer is owed. No I/O here.
"""

from __future__ import annotations

import struct
from typing import Final

__all__ = ["BINARY", "CLOSE", "PING", "PONG", "TEXT", "FrameReader", "ProtocolViolation", "frame"]

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

_KNOWN: Final = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})
_MAX_CONTROL_BYTES: Final = 125


class ProtocolViolation(Exception):  # named for what the peer did
    """The peer broke the framing rules; `code` is the close code to answer with."""

    def __init__(self, code: int) -> None:
        super().__init__(f"WebSocket framing violated; closing with {code}.")
        self.code = code


def frame(opcode: int, payload: bytes) -> bytes:
    """Return one final, unmasked frame."""
    size = len(payload)
    if size <= _MAX_CONTROL_BYTES:
        return bytes((0x80 | opcode, size)) + payload
    if size <= 0xFFFF:
        return struct.pack("!BBH", 0x80 | opcode, 126, size) + payload
    return struct.pack("!BBQ", 0x80 | opcode, 127, size) + payload


def unmask(payload: bytes, mask: bytes) -> bytes:
    """Return `payload` with the client's mask taken off."""
    size = len(payload)
    pattern = (mask * (size // 4 + 1))[:size]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(pattern, "big")
    return number.to_bytes(size, "big")


class FrameReader:
    """Turns the bytes of a client into `(opcode, payload)` of whole messages, incrementally."""

    def __init__(self, *, max_message_bytes: int = 1024 * 1024) -> None:
        self._max_message_bytes = max_message_bytes
        self._bytes = bytearray()
        self._opcode = CONTINUATION
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return what `data` completes, in order.

        Raises:
            ProtocolViolation: The framing is broken (1002), text is not UTF-8 (1007) or a message
                is too large (1009).
        """
        self._bytes += data
        messages: list[tuple[int, bytes]] = []
        while (one := self._next_frame()) is not None:
            message = self._assemble(*one)
            if message is not None:
                messages.append(message)
        return messages

    def _next_frame(self) -> tuple[bool, int, bytes] | None:
        data = self._bytes
        if len(data) < 2:
            return None
        opcode, size = data[0] & 0x0F, data[1] & 0x7F
        _check_head(data[0], data[1])
        start = 2
        if size >= 126:
            start = 4 if size == 126 else 10
            if len(data) < start:
                return None
            size = int.from_bytes(data[2:start], "big")
        if size > self._max_message_bytes:
            raise ProtocolViolation(1009)
        end = start + 4 + size
        if len(data) < end:
            return None
        payload = unmask(bytes(data[start + 4 : end]), bytes(data[start : start + 4]))
        final = bool(data[0] & 0x80)
        del data[:end]
        return final, opcode, payload

    def _assemble(self, final: bool, opcode: int, payload: bytes) -> tuple[int, bytes] | None:
        if opcode >= CLOSE:
            return opcode, payload
        if (opcode == CONTINUATION) != bool(self._parts):
            raise ProtocolViolation(1002)
        self._opcode = opcode or self._opcode
        self._parts.append(payload)
        if sum(map(len, self._parts)) > self._max_message_bytes:
            raise ProtocolViolation(1009)
        if not final:
            return None
        message, self._parts = b"".join(self._parts), []
        if self._opcode == TEXT:
            _check_text(message)
        return self._opcode, message


def _check_head(first: int, second: int) -> None:
    opcode, control = first & 0x0F, bool(first & 0x08)
    masked = bool(second & 0x80)
    whole = bool(first & 0x80) and second & 0x7F <= _MAX_CONTROL_BYTES
    if first & 0x70 or opcode not in _KNOWN or not masked or (control and not whole):
        raise ProtocolViolation(1002)


def _check_text(message: bytes) -> None:
    try:
        message.decode()
    except UnicodeDecodeError:
        raise ProtocolViolation(1007) from None
