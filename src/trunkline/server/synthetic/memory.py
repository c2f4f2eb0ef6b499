"""What the pretend server remembers: which ids it gave away, and its recent posts.

Promises ids that never repeat and a memory that never grows past its limit. Refuses to know what a
post looks like beyond its id, and what time it is: milliseconds are arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Final, Generic, Protocol, TypeVar

__all__ = ["LAST_MILLISECOND", "Memory", "Odds", "StatusIds", "iso", "iso_day"]

LAST_MILLISECOND: Final = (1 << 47) - 1  # in year 6429; later ids would not fit in 63 bits
TAILS: Final = 1 << 16
TRIES: Final = 12
TYPICAL_AGE_POSTS: Final = 40.0

Json = dict[str, object]
T = TypeVar("T")


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


P = TypeVar("P", bound=_HasId)


def iso(milliseconds: int) -> str:
    """Return a time as Mastodon writes it: ``2026-11-24T00:18:53.150Z``."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.{rest:03}Z"


def iso_day(milliseconds: int) -> str:
    """Return the day of a time, ``2026-11-24``, in UTC."""
    return iso(milliseconds)[:10]


class Odds(Generic[T]):
    """A table of things and how often each shall come; weights need not add up to one."""

    def __init__(self, weights: dict[T, float]) -> None:
        self._things = tuple(weights)
        self._cumulative: list[float] = []
        total = 0.0
        for weight in weights.values():
            total += weight
            self._cumulative.append(total)

    def draw(self, random: Random) -> T:
        """Draw one thing."""
        return random.choices(self._things, cum_weights=self._cumulative)[0]


class StatusIds:
    """Ids as Mastodon makes them: ``(milliseconds << 16) | tail``, in decimal.

    No id repeats, whatever times are asked for; ids of times that never decrease always increase.
    When the 65,536 tails are used up, the next ids lie at least one millisecond after every earlier
    one: without that, a time asked for twice could repeat an id.

    Source: Mastodon's snowflake ids, ``lib/mastodon/snowflake.rb``.
    """

    def __init__(self, *, first_tail: int = 0) -> None:
        self._tail = first_tail
        self._latest = -1
        self._floor = 0

    def next(self, now_milliseconds: int) -> str:
        """Return the next id, of this millisecond unless the tails ran out in it."""
        if self._tail == TAILS:
            self._tail, self._floor = 0, self._latest + 1
        milliseconds = max(now_milliseconds, self._floor)
        self._latest = max(self._latest, milliseconds)
        self._tail += 1
        return str(milliseconds << 16 | self._tail - 1)


class Memory(Generic[P]):
    """The most recent posts, at most `limit` of them; the oldest are forgotten first."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._order: list[str] = []
        self._posts: dict[str, P] = {}

    def __len__(self) -> int:
        return len(self._posts)

    def add(self, post: P) -> None:
        """Remember a new post."""
        if len(self._order) == self._limit:
            del self._posts[self._order.pop(0)]
        self._order.append(post.id)
        self._posts[post.id] = post

    def replace(self, post: P) -> None:
        """Remember the newer version of a post that is remembered already."""
        self._posts[post.id] = post

    def forget(self, post: P) -> None:
        """Forget a post: it is never drawn again."""
        self._order.remove(post.id)
        del self._posts[post.id]

    def draw(self, random: Random, *, accept: Callable[[P], bool]) -> P | None:
        """Draw a post that `accept` likes, rather a recent one; None after a dozen misses."""
        last = len(self._order) - 1
        for _ in range(TRIES if self._order else 0):
            age = int(random.expovariate(1 / TYPICAL_AGE_POSTS))
            post = self._posts[self._order[max(last - age, 0)]]
            if accept(post):
                return post
        return None
