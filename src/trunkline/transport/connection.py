"""What a session needs of a connection, whichever the transport."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from trunkline.events import AnyEvent
from trunkline.streams import Stream
from trunkline.wire.sse import MAX_FRAME_BYTES

__all__ = ["Connection", "ConnectionLimits", "Incoming", "Pulse"]


class Pulse(Enum):
    """A heartbeat among the events."""

    HEARTBEAT = "heartbeat"


Incoming = AnyEvent | Pulse


class Connection(Protocol):
    """One open connection that carries the events of some subscriptions.

    Attributes:
        streams: The streams it carries.
        transport: ``sse`` or ``websocket``.
    """

    streams: tuple[Stream, ...]
    transport: str

    async def read(self) -> Sequence[Incoming]:
        """Wait for bytes and return what they complete, in order of arrival; may be empty.

        Raises:
            ConnectionEnded: It is over; the outcome says how.
        """
        ...

    async def close(self) -> None:
        """End it from our side; safe to call twice."""
        ...

    @property
    def is_between_events(self) -> bool:
        """Whether the bytes that it has read end with an event, or with a heartbeat."""
        ...

    @property
    def bytes_received(self) -> int:
        """How many bytes of payload and framing it has read."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """When a connection counts as dead, and how large a frame may be."""

    stall_seconds: float = 45.0
    opener_seconds: float = 10.0
    max_frame_bytes: int = MAX_FRAME_BYTES
