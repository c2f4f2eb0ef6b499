"""What the consumer of one subscription has finished, as one value that can be stored.

A cursor is not one highest id: a post that federates late gets an id below posts that were
delivered before it, and a highest id would skip it for ever. So the cursor is the set of keys (see
`dedupe`) that were acknowledged, bounded, and what is owed: stretches of a timeline below the
highest id that still have to be swept for late posts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from trunkline.policy.ids import IdScheme, id_key, id_minus_seconds
from trunkline.streams import Track

__all__ = ["CAPACITY", "Cursor", "Key", "beginning", "highest", "sweep_start", "track_of_key"]

Key = tuple[str, float]
"""A key of the window and the moment it was seen, in seconds since 1970."""

_LOWEST: Final[dict[IdScheme, str]] = {"snowflake": "0", "ulid": "0" * 26, "opaque": ""}
_LAST_PAGE: Final = 40


CAPACITY: Final = 20_000
"""How many keys are remembered at the least."""


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a subscription beside its keys.

    Attributes:
        primed: The tracks whose state was known when following began.
        live_at_seconds: When the subscription was last known to be live, seconds since 1970.
        horizons: For each track the highest id that the window forgot.
        sweeps: For each track the id from which a sweep for late posts is owed.
        missing: What is missing for good in gaps that the consumer was not told of yet.
        reasons: Why it is missing.
        capacity: How many of its keys a store is to keep, the newest.
    """

    primed: frozenset[Track] = frozenset()
    live_at_seconds: float | None = None
    horizons: dict[Track, str] = {}
    sweeps: dict[Track, str] = {}
    missing: frozenset[str] = frozenset()
    reasons: tuple[str, ...] = ()
    capacity: int = CAPACITY


def track_of_key(key: str) -> tuple[Track, str] | None:
    """Return the track that a key of a post, notification or conversation belongs to, and its id.

    ``None`` for keys of versions and tombstones, which say nothing about how far a timeline was
    read.
    """
    if key.isalnum():
        return "statuses", key
    if key.startswith("n:"):
        return "notifications", key[2:]
    if key.startswith("c:"):
        return "conversations", key.rpartition("/")[2]
    return None


def beginning(track: Track, scheme: IdScheme) -> str:
    """Return an id below all of a timeline; ``""`` where nobody knows one."""
    return _LOWEST[scheme] if track == "statuses" or scheme == "snowflake" else ""


def highest(keys: Iterable[str], track: Track, *, among: int = 1) -> str:
    """Return the highest id of `track` among `keys`, or the `among`-th highest; ``""`` if none."""
    found = (track_of_key(key) for key in keys)
    ids = [entry[1] for entry in found if entry is not None and entry[0] == track]
    if len(ids) < among:
        return ""
    return max(ids, key=id_key) if among == 1 else sorted(ids, key=id_key)[-among]


def sweep_start(
    seen: Iterable[Key], track: Track, *, overlap_seconds: float, scheme: IdScheme
) -> str:
    """Return the id from which a timeline is to be swept for late posts; ``""`` for all of it.

    Where ids hold a time that is `overlap_seconds` before the highest. Elsewhere it is the highest
    id that was seen so long before the newest: what is late by less has a higher one. Nothing but
    posts comes late; of the rest the last page is read again.

    Args:
        seen: What was seen and when, in any order; what counts as seen from before the beginning
            has no time (0).
        track: Which timeline.
        overlap_seconds: By how much a post may be late.
        scheme: What the ids of posts hold.
    """
    known = list(seen)
    keys = [key for key, _ in known]
    if track != "statuses":
        return highest(keys, track, among=_LAST_PAGE)
    mark = highest(keys, track)
    start = id_minus_seconds(mark, overlap_seconds, scheme=scheme) if mark else ""
    if start is not None:
        return start
    newest_at_seconds = max(at_seconds for _, at_seconds in known)
    early_seconds = newest_at_seconds - overlap_seconds
    return highest((key for key, at_seconds in known if 0 < at_seconds <= early_seconds), track)
