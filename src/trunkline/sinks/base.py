"""What a sink is: a place where an event and its cursor become durable in one step.

A sink stores batches. A batch holds events, the gaps among them, and the positions: for each
subscription the cursor of everything in the batch and before it. Because both are stored in one
step, a process that is killed at any moment finds after its restart either the whole batch or
nothing of it, and goes on exactly there.

Refuses to know where events come from, and how a sink is opened (`trunkline.sinks.opening`).
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol, get_args

from trunkline.cursors import SavedCursor
from trunkline.errors import BadInput, SinkError, SinkUnavailable
from trunkline.events import AnyEvent
from trunkline.policy.cursor import Cursor, Key
from trunkline.signals import Gap

__all__ = [
    "ON_DELETE",
    "Batch",
    "OnDelete",
    "Position",
    "Sink",
    "SinkError",
    "SinkUnavailable",
    "check_on_delete",
    "unavailable",
]

OnDelete = Literal["mark", "purge", "ignore"]

ON_DELETE: Final[tuple[OnDelete, ...]] = get_args(OnDelete)
"""What can become of a deleted post: marked as deleted, removed from everywhere, or nothing."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far one subscription has come.

    Attributes:
        name: The subscription: its server and its stream.
        cursor: What is kept beside the keys.
        keys: The keys that were acknowledged since the last position of this subscription.
    """

    name: str
    cursor: Cursor
    keys: Sequence[Key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What is stored in one step: events in order of arrival, gaps, and how far that is."""

    events: Sequence[AnyEvent] = ()
    gaps: Sequence[Gap] = ()
    positions: Sequence[Position] = ()


class Sink(Protocol):
    """Stores batches. `write` and `close` may be called in another thread than `load`.

    Attributes:
        place: What it fills on a disk of this machine, or ``None``.
    """

    place: Path | None

    def load(self, name: str) -> SavedCursor | None:
        """Return the last position of the subscription `name`, or ``None`` without one."""
        ...

    def write(self, batch: Batch) -> None:
        """Store the whole batch in one step.

        Raises:
            SinkUnavailable: Nothing was stored; the same batch may be tried again.
            SinkError: It will not become possible by waiting.
        """
        ...

    def close(self) -> None:
        """Let go of the place; safe to call twice."""
        ...


def check_on_delete(word: str) -> OnDelete:
    """Return `word` if it says what becomes of deleted posts.

    Raises:
        BadInput: It does not.
    """
    for known in ON_DELETE:
        if word == known:
            return known
    raise BadInput(f"Expected one of {', '.join(ON_DELETE)} for deleted posts; got {word!r}.")


def unavailable(error: OSError, place: Path) -> SinkUnavailable:
    """Return what says that `place` cannot be written to now, why, and what helps."""
    cause = error.strerror or str(error)
    hint = _HINTS.get(error.errno or 0, "Check the path, its permissions and its disk.")
    return SinkUnavailable(f"Cannot write to {place}: {cause}. {hint}")


_HINTS: Final = {
    errno.ENOSPC: "Make room on the disk.",
    errno.EDQUOT: "Make room within the quota.",
    errno.EFBIG: "Raise the limit of the size of files.",
    errno.EROFS: "Mount the file system for writing.",
    errno.EACCES: "Allow this user to write there.",
    errno.EPERM: "Allow this user to write there.",
}
