"""Which transports to try for which streams, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from trunkline.options import Transport, TransportChoice
from trunkline.policy.flavour import Flavour
from trunkline.streams import Stream

__all__ = ["Plan", "groups", "plans"]


class Plan(NamedTuple):
    """Some streams, and the transports to try for them, the best first."""

    streams: Sequence[Stream]
    transports: Sequence[Transport]


def plans(
    choice: TransportChoice, streams: Sequence[Stream], *, flavour: Flavour, streaming: bool
) -> list[Plan]:
    """Return how to follow all of some streams.

    One stream goes over an event stream, several share a WebSocket; each falls back to the other,
    and then to polling where every stream has a timeline. A stream that the server accepts and then
    leaves silent is polled, and so is all of a server whose instance document names no streaming. A
    transport that was chosen by name stands alone.
    """
    if choice != "auto":
        return [Plan(streams, (choice,))]
    silent = [one for one in streams if one.timelines and _is_silent(one, flavour)]
    told = [one for one in streams if one not in silent]
    found = [Plan(told, _transports(told, flavour, streaming=streaming))] if told else []
    return [*found, Plan(silent, ("polling",))] if silent else found


def _is_silent(stream: Stream, flavour: Flavour) -> bool:
    return stream.name in flavour.streams_without_posts


def _transports(
    streams: Sequence[Stream], flavour: Flavour, *, streaming: bool
) -> tuple[Transport, ...]:
    polling: tuple[Transport, ...] = ("polling",) if all(s.timelines for s in streams) else ()
    if polling and (not streaming or not flavour.streams):
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
