"""Whether bytes are on their way between the sockets of one loop.

Over loopback what one socket sends the other has received at once, but for a busy kernel, which may
deliver a little later. Linux counts for each connection what it sent and received; where the counts
of the two ends differ, or an end is not to be seen, something may be on its way.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["KNOWS", "Traffic", "traffic_of"]

KNOWS: Final = sys.platform == "linux"
"""Whether this system tells; elsewhere nothing is known."""

_ESTABLISHED: Final = 1
_OPENING: Final = frozenset({2, 3})
_INFO_BYTES: Final = 256
_RECEIVED_AT: Final = 128
_SENT_AT: Final = 200
"""Offsets of `tcpi_bytes_received`, and of `tcpi_bytes_sent` and `tcpi_bytes_retrans` behind it."""

Address = object


@dataclass(frozen=True, slots=True)
class _End:
    state: int
    sent_bytes: int
    received_bytes: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the sockets of a loop say.

    Attributes:
        is_moving: Bytes have been sent that did not arrive yet, or a connection is being made.
        unseen: The ends whose other end is not among the sockets: it was closed a moment ago, was
            not accepted yet, or does not read at the moment.
    """

    is_moving: bool
    unseen: frozenset[tuple[Address, Address, int, int]]


def traffic_of(descriptors: Iterable[int]) -> Traffic:
    """Return what is on its way between the TCP sockets among `descriptors`."""
    ends: dict[tuple[Address, Address], _End] = {}
    for descriptor in descriptors:
        _look(descriptor, ends)
    return Traffic(
        any(_is_moving(names, end, ends) for names, end in ends.items()),
        frozenset(
            (*names, end.sent_bytes, end.received_bytes)
            for names, end in ends.items()
            if end.state == _ESTABLISHED and names[::-1] not in ends
        ),
    )


def _look(descriptor: int, ends: dict[tuple[Address, Address], _End]) -> None:
    looking = socket.socket(fileno=descriptor)
    try:
        if looking.family == socket.AF_INET:
            info = looking.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
            names = looking.getsockname(), looking.getpeername()
            (received,) = struct.unpack_from("=Q", info, _RECEIVED_AT)
            sent, sent_again = struct.unpack_from("=QQ", info, _SENT_AT)
            ends[names] = _End(info[0], sent - sent_again, received)
    except OSError:
        pass  # it listens, or is no connection any more
    finally:
        looking.detach()


def _is_moving(
    names: tuple[Address, Address], end: _End, ends: Mapping[tuple[Address, Address], _End]
) -> bool:
    other = ends.get(names[::-1])
    late = other is not None and end.sent_bytes > other.received_bytes
    return late or end.state in _OPENING
