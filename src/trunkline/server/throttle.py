"""Rate limits of the REST API, as Mastodon counts and tells them.

Two throttles count in windows that start at multiples of their period: all requests, and requests
for a page. The head of every answer tells the one with the least left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["Limit", "RateLimits", "Throttle", "Verdict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `requests` in each window of `period_seconds`."""

    requests: int
    period_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """The limits of one token, or of one address without a token.

    Attributes:
        general: For all requests.
        paged: For those that ask for a page (`max_id`, `min_id`, `since_id`), counted separately.
    """

    general: Limit = Limit(requests=300, period_seconds=300.0)
    paged: Limit = Limit(requests=300, period_seconds=900.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a request may pass, and what the head of the answer says about limits."""

    allowed: bool
    headers: dict[str, str]


class Throttle:
    """Counts requests against `limits`; tells resets in ISO 8601, or in seconds since 1970."""

    def __init__(self, limits: RateLimits, *, in_seconds: bool = False) -> None:
        self._in_seconds = in_seconds
        self._limits = limits
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}

    def judge(self, client: str, *, paged: bool, now: float) -> Verdict:
        """Count a request of `client` at `now` (seconds since 1970) and say whether it may pass."""
        named = [("general", self._limits.general)]
        if paged:
            named.append(("paged", self._limits.paged))
        counted = [(limit, self._count(name, client, limit, now)) for name, limit in named]
        limit, count = min(counted, key=lambda one: one[0].requests - one[1])
        return Verdict(
            allowed=_passes(counted),
            headers={
                "X-RateLimit-Limit": str(limit.requests),
                "X-RateLimit-Remaining": str(max(limit.requests - count, 0)),
                "X-RateLimit-Reset": self._reset(limit, now),
            },
        )

    def _count(self, name: str, client: str, limit: Limit, now: float) -> int:
        window = int(now // limit.period_seconds)
        last, count = self._counts.get((name, client), (window, 0))
        count = count + 1 if last == window else 1
        self._counts[name, client] = (window, count)
        return count

    def _reset(self, limit: Limit, now: float) -> str:
        at = now + limit.period_seconds - int(now) % limit.period_seconds
        if self._in_seconds:
            return str(int(at))
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _passes(counted: Iterable[tuple[Limit, int]]) -> bool:
    return all(count <= limit.requests for limit, count in counted)
