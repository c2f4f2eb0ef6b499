"""Which transports to try for some streams, in which order."""

from __future__ import annotations

from collections.abc import Sequence

from trunkline.options import Transport, TransportChoice
from trunkline.policy.flavour import Flavour
from trunkline.streams import Stream

__all__ = ["groups", "transports"]


def transports(
    choice: TransportChoice, streams: Sequence[Stream], *, flavour: Flavour, streaming: bool
) -> tuple[Transport, ...]:
    """Return the transports to try, the best first.

    One stream goes over an event stream, several share a WebSocket; each falls back to the other,
    and then to polling where every stream has a timeline. A transport that was chosen by name
    stands alone. A server whose instance document names no streaming is polled.
    """
    if choice != "auto":
        return (choice,)
    polling: tuple[Transport, ...] = ("polling",) if all(s.timelines for s in streams) else ()
    silent = any(stream.name in flavour.streams_without_posts for stream in streams)
    if polling and (silent or not streaming or not flavour.streams):
        return polling
    first: tuple[Transport, ...] = (
        ("sse", "websocket") if len(streams) == 1 else ("websocket", "sse")
    )
    offered = {"sse": flavour.sse, "websocket": flavour.websocket != "none"}
    return tuple(transport for transport in first if offered[transport]) + polling


def groups(
    transport: Transport, streams: Sequence[Stream], *, flavour: Flavour
) -> list[Sequence[Stream]]:
    """Return which streams share a connection: all on a multiplexed WebSocket, else none."""
    if transport == "websocket" and flavour.websocket == "multiplexed":
        return [streams]
    return [(stream,) for stream in streams]
