"""What can happen in a scenario, one frozen value each, and how schedules of it are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from trunkline.server.faults import Fault, FaultKind

__all__ = [
    "Boost",
    "Crash",
    "Cut",
    "Delete",
    "Edit",
    "Notify",
    "Pause",
    "Post",
    "Restart",
    "Step",
    "Strike",
    "schedules",
]


@dataclass(frozen=True, slots=True)
class Post:
    """Publish some posts; late ones have ids older than their arrival."""

    count: int = 1
    late_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Edit:
    """Edit one of the posts that exist, counted from the newest."""

    back: int = 0


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete one of the posts that exist, counted from the newest."""

    back: int = 0


@dataclass(frozen=True, slots=True)
class Boost:
    """Boost one of the posts that exist, counted from the newest."""

    back: int = 0


@dataclass(frozen=True, slots=True)
class Notify:
    """Publish a notification."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Let virtual time pass; without seconds let the loop do one round of work."""

    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Cut:
    """Cut every connection."""

    reset: bool = False


@dataclass(frozen=True, slots=True)
class Restart:
    """Take the server down; what is published meanwhile is told to nobody."""

    downtime_seconds: float = 0.0
    posts: int = 0


@dataclass(frozen=True, slots=True)
class Crash:
    """Crash the consumer with the so-manyth event from now in hand, and start it again later."""

    after_events: int = 0
    downtime_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Strike:
    """Let a fault strike from now on."""

    fault: Fault


Step = Post | Edit | Delete | Boost | Notify | Pause | Cut | Restart | Crash | Strike

_SECONDS = st.sampled_from([0.0, 0.0, 0.0, 0.02, 0.3, 1.0, 4.9, 5.1, 20.0, 70.0, 400.0])
_BACK = st.integers(0, 12)

_PUBLISHING: Sequence[st.SearchStrategy[Step]] = (
    st.builds(Post, count=st.integers(1, 6)),
    st.builds(Post, count=st.integers(1, 3), late_seconds=st.sampled_from([5.0, 60.0, 300.0])),
    st.builds(Edit, back=_BACK),
    st.builds(Delete, back=_BACK),
    st.builds(Boost, back=_BACK),
    st.just(Notify()),
)
_DISTURBING: Sequence[st.SearchStrategy[Step]] = (
    st.builds(Cut, reset=st.booleans()),
    st.builds(
        Restart,
        downtime_seconds=st.sampled_from([0.0, 0.5, 7.0, 90.0, 900.0]),
        posts=st.integers(0, 60),
    ),
)
_CRASHING: st.SearchStrategy[Step] = st.builds(
    Crash,
    after_events=st.integers(0, 8),
    downtime_seconds=st.sampled_from([0.0, 1.0, 30.0, 600.0]),
)


_FAULT_SECONDS: Mapping[FaultKind, Sequence[float | None]] = {
    "trickle": (None, 0.01, 0.3),
    "reorder": (None, 0.01, 3.0),
    "restart": (None, 3.0),
}


def _fault(kind: FaultKind) -> st.SearchStrategy[Step]:
    return st.builds(
        Strike,
        st.builds(
            Fault,
            st.just(kind),
            count=st.just(1) if kind == "restart" else st.integers(1, 3),
            seconds=st.sampled_from(_FAULT_SECONDS.get(kind, (None,))),
            status=st.sampled_from([429, 500, 502, 503]),
            retry_after_seconds=st.sampled_from([None, 1, 30]),
        ),
    )


def schedules(
    *, faults: Sequence[FaultKind] = (), crashes: bool = False, most: int = 25
) -> st.SearchStrategy[list[Step]]:
    """Draw schedules of publishing, pauses and disturbances, with faults and crashes as told."""
    disturbing = [*_DISTURBING, *map(_fault, faults), *([_CRASHING] if crashes else [])]
    step = st.one_of(
        st.one_of(*_PUBLISHING),
        st.builds(Pause, _SECONDS),
        st.one_of(*disturbing),
    )
    return st.lists(step, min_size=1, max_size=most)
