"""A plan of faults at work: between the world and the hub, and before each connect.

What one strike does is said in `faults`; how bytes are spoiled, in `gates`. At most one fault
spoils an event; the others wait for the events that follow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from trunkline.server import gates
from trunkline.server.connection import Connection
from trunkline.server.faults import (
    CONNECT_FAULTS,
    CONNECTION_FAULTS,
    EVENT_FAULTS,
    Fault,
    FaultPlan,
)
from trunkline.server.hub import Hub
from trunkline.server.publication import Publication

__all__ = ["Saboteur", "Strike"]


class Strike:
    """One strike of a fault: it may hit many connections and counts once, if it has an effect."""

    def __init__(self, plan: FaultPlan, place: int) -> None:
        self.had_effect = False
        self.connections: list[Connection] = []
        self._plan = plan
        self._place = place

    def __call__(self) -> None:
        """Note that the strike had an effect."""
        if not self.had_effect:
            self.had_effect = True
            self._plan.fired[self._place] += 1


class Saboteur:
    """Carries a plan out.

    Attributes:
        plan: The faults, and how often each has struck.
    """

    def __init__(
        self,
        plan: FaultPlan,
        hub: Hub,
        *,
        restart: Callable[[float], bool],
        revoke: Callable[[str], None],
    ) -> None:
        self.plan = plan
        self._hub = hub
        self._restart = restart
        self._revoke = revoke
        self._published = 0
        self._cut_for: set[int] = set()
        self._pending: dict[int, Strike] = {}

    def deliver(self, publications: tuple[Publication, ...]) -> None:
        """Deliver one event to the hub, spoiled as the plan wants it."""
        self._strike_connections()
        spoiled = self._spoil()
        self._hub.deliver_all(publications)
        for connection in spoiled:
            connection.gate = None
        self._published += 1
        self._strike_connections()
        self._hub.wake()

    def next_connect(self, transport: str) -> Fault | None:
        """Return the fault that the next connect meets, and count it; ``None`` for none."""
        for place in self.plan.armed(CONNECT_FAULTS, published=self._published):
            if self.plan.faults[place].concerns(transport):
                return self._meet(place)
        return None

    def next_request(self) -> Fault | None:
        """Return the fault that the next REST request meets, and count it; ``None`` for none."""
        for place in self.plan.armed(frozenset({"rest_status"}), published=self._published):
            return self._meet(place)
        return None

    def _meet(self, place: int) -> Fault:
        self.plan.fired[place] += 1
        self._hub.wake()
        return self.plan.faults[place]

    def _spoil(self) -> list[Connection]:
        """Put the gates of one fault up; return those connections whose gate is for this event."""
        for place in self.plan.armed(EVENT_FAULTS, published=self._published):
            if self._waits(place):
                continue
            fault, strike = self.plan.faults[place], Strike(self.plan, place)
            free = self._free(fault)
            for connection in free:
                self._put_up(fault, connection, strike, variant=self.plan.fired[place])
            if not free:
                continue
            if fault.kind in ("reorder", "trickle"):
                strike.connections = free
                self._pending[place] = strike
                return []
            return free
        return []

    def _put_up(
        self, fault: Fault, connection: Connection, strike: Strike, *, variant: int
    ) -> None:
        match fault.kind:
            case "reset":
                gates.reset(connection, strike)
            case "duplicate":
                gates.duplicate(connection, strike)
            case "garbage":
                gates.garbage(connection, strike, variant=variant)
            case "reorder":
                gates.hold_back(connection, strike, seconds=fault.seconds)
            case _:
                gates.trickle(connection, strike, seconds=fault.seconds)

    def _waits(self, place: int) -> bool:
        """Tell whether an earlier strike of this fault may still have its effect."""
        strike = self._pending.get(place)
        if strike is None or strike.had_effect:
            return False
        return any(one.gate is not None for one in strike.connections if one.is_open)

    def _free(self, fault: Fault) -> list[Connection]:
        return [one for one in self._concerned(fault) if one.gate is None]

    def _concerned(self, fault: Fault) -> list[Connection]:
        return [one for one in self._hub.connections if one.is_open and fault.concerns(one.kind)]

    def _strike_connections(self) -> None:
        """Do what needs no event: silence, kill and cut connections, go down."""
        armed = self.plan.armed(CONNECTION_FAULTS | {"restart"}, published=self._published)
        for place in armed:
            fault = self.plan.faults[place]
            if self._strike(fault):
                self.plan.fired[place] += 1
        for place in self.plan.armed(CONNECT_FAULTS, published=self._published):
            if place not in self._cut_for:
                self._cut_for.add(place)
                _cut(self._concerned(self.plan.faults[place]))

    def _strike(self, fault: Fault) -> bool:
        """Strike once and tell whether anything was hit."""
        if fault.kind == "restart":
            return self._restart(fault.seconds or 0.0)
        free = self._free(fault)
        for connection in free:
            if fault.kind == "token_kill":
                self._kill(connection, revoke=fault.revoke)
            else:
                _silence(connection, fault)
        return bool(free)

    def _kill(self, connection: Connection, *, revoke: bool) -> None:
        if revoke:
            self._revoke(connection.token.value)
        connection.end()


def _silence(connection: Connection, fault: Fault) -> None:
    gates.mute_events(connection, beats=fault.kind == "silent")
    if fault.kind == "stall":
        connection.pause_reading()
    if fault.seconds is not None:
        asyncio.get_running_loop().call_later(fault.seconds, _recover, connection)


def _recover(connection: Connection) -> None:
    connection.gate = None
    connection.resume_reading()


def _cut(connections: Iterable[Connection]) -> None:
    for connection in connections:
        connection.cut()
