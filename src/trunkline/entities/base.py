"""What all entities share: the base class, the type of a timestamp, what stands for a missing one.

Promises that an entity is a frozen value all through: sequences are tuples, ids are `str`,
timestamps are aware. Refuses to know any entity by name.
"""

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec

__all__ = ["UNKNOWN_TIME", "Entity", "Timestamp"]

Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]
"""An aware `datetime`. The strict decoder refuses a naive one; the lenient path reads it as UTC."""

UNKNOWN_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands where a server must send a timestamp and did not (1970-01-01T00:00:00Z)."""


# Fields stand in the order in which Mastodon writes them: msgspec looks for the next key where it
# found the last one, so an entity in this order is decoded without searching. gc=False because a
# value made of text, numbers, plain JSON and other entities cannot refer to itself.
class Entity(msgspec.Struct, frozen=True, kw_only=True, gc=False, repr_omit_defaults=True):
    """The base of every entity: frozen, compared by value, unknown fields ignored.

    Every field has a default, so any JSON object makes an entity. `repr` shows only what differs
    from the defaults.
    """
