"""Faults as declared values: what goes wrong, when, how often; and proof that it did.

A fault is armed once the world has published `after_events` events. From then on it strikes what it
finds, until it has struck `count` times; a strike counts only if it had an effect. No chance and no
clock: the same plan and the same events give the same faults.

Source of the kinds: what users of streaming clients report, and what proxies and restarts do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Final, Literal, get_args

from trunkline.errors import BadInput

__all__ = ["FAULT_KINDS", "Fault", "FaultKind", "FaultPlan"]

EventFault = Literal["reset", "duplicate", "reorder", "garbage", "trickle"]
ConnectionFault = Literal["stall", "silent", "token_kill"]
ConnectFault = Literal["refuse", "html", "buffering", "status", "redirect"]
OtherFault = Literal["rest_status", "restart"]
FaultKind = Literal[EventFault, ConnectionFault, ConnectFault, OtherFault]

FAULT_KINDS: Final[dict[FaultKind, str]] = {
    "reset": "the socket is reset (RST) inside the next event",
    "duplicate": "the next event is sent twice",
    "reorder": "the next two events come in the wrong order",
    "garbage": "a broken frame comes before the next event",
    "trickle": "the next event comes a few bytes at a time",
    "stall": "connections stay open and nothing comes any more, not even heartbeats",
    "silent": "heartbeats go on and no events come; new connections are fine",
    "token_kill": "connections end as if their token had been revoked",
    "refuse": "connections are cut, the next is closed without an answer",
    "html": "connections are cut, the next gets a page (200, text/html)",
    "buffering": "connections are cut, the next gets 200 and then not a byte",
    "status": "connections are cut, the next gets an error status",
    "redirect": "connections are cut, the next is sent to another host",
    "rest_status": "the next REST request gets an error status",
    "restart": "the server goes down, cutting every socket, and comes back",
}
"""Every kind of fault and what one strike of it does."""

EVENT_FAULTS: Final = frozenset(get_args(EventFault))
CONNECTION_FAULTS: Final = frozenset(get_args(ConnectionFault))
CONNECT_FAULTS: Final = frozenset(get_args(ConnectFault))


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: What; `FAULT_KINDS` says what one strike of each kind does.
        after_events: How many events the world publishes before.
        count: How often it strikes.
        seconds: How long a `stall` or `silent` lasts (by default for ever), how long a `restart`
            takes, how long a `trickle` rests between pieces, when a `reorder` gives up waiting for
            another event.
        transport: Which connections it is about: ``sse``, ``websocket`` or ``both``.
        status: The status of `status` and `rest_status`.
        retry_after_seconds: What their ``Retry-After`` says; none is sent without it.
        location: Where `redirect` leads; the path is kept.
        revoke: Whether `token_kill` revokes the token for good.
    """

    kind: FaultKind
    _: KW_ONLY
    after_events: int = 0
    count: int = 1
    seconds: float | None = None
    transport: Literal["sse", "websocket", "both"] = "both"
    status: int = 503
    retry_after_seconds: int | None = None
    location: str = "https://elsewhere.invalid"
    revoke: bool = False

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS:
            raise BadInput(
                f"Expected a kind of fault ({', '.join(FAULT_KINDS)}); got {self.kind!r}."
            )
        if self.after_events < 0 or self.count < 1:
            raise BadInput("A fault comes after 0 events or more and strikes at least once.")

    def concerns(self, transport: str) -> bool:
        """Tell whether it is about connections of `transport`."""
        return self.transport in ("both", transport)


class FaultPlan:
    """The faults of one server, and how often each has struck.

    Attributes:
        faults: As declared.
        fired: How often each has struck, in the same order.
    """

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self.faults = tuple(faults)
        self.fired = [0] * len(self.faults)

    def unfired(self) -> tuple[Fault, ...]:
        """Return the faults that never struck: a test that declared them has not tested them."""
        return tuple(
            fault for fault, times in zip(self.faults, self.fired, strict=True) if not times
        )

    def armed(self, kinds: frozenset[str], *, published: int) -> list[int]:
        """Return the places of the faults of `kinds` that may strike after `published` events."""
        return [
            place
            for place, fault in enumerate(self.faults)
            if fault.kind in kinds
            and published >= fault.after_events
            and self.fired[place] < fault.count
        ]
