"""How much one server may still be asked, and when the next request may go.

Promise: a `Budget` is an immutable value, one per server and token, shared by all subscriptions
there. The first requests go at once; when less than a quarter is left, the rest is spread over the
time until the reset; when nothing is left, the next request waits for the reset. What the server
says in its headers beats what we counted.

Refuses to know: the clock (`now_seconds` is wall time, an argument), sleeping, and HTTP.

Source: Mastodon "Rate limits": 300 requests in 5 minutes for each token; requests with `min_id`,
`max_id`, `since_id` or `page` besides 300 in 15 minutes. The headers describe whichever limit has
the least left. The streaming server itself sends no such headers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from trunkline.policy.rate_headers import RateHeaders, read_rate_headers, retry_after_seconds

__all__ = ["Bucket", "Budget", "RequestKind", "retry_after_seconds"]

PACED_SHARE: Final = 0.25
"""Below this part of the limit, requests are spread out."""

LONGEST_DELAY_SECONDS: Final = 3600.0
"""No delay is longer, whatever a header or a clock that was set back seems to say."""

UNSAID_PAUSE_SECONDS: Final = 60.0
"""The pause after a 429 that names no time."""

_RESET_MARGIN_SECONDS: Final = 1.0  # headers and `Date` count whole seconds
_SAME_RESET_SECONDS: Final = 2.0
_NEVER: Final = float("-inf")


class RequestKind(StrEnum):
    """What a request is charged to."""

    PLAIN = "plain"
    PAGED = "paged"
    """A request with `min_id`, `max_id` or `since_id`: charged to both limits."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One limit: so many requests in so long, and what is left of them."""

    limit: int
    window_seconds: float
    remaining: int
    resets_at_seconds: float | None = None
    """Wall time; `None` while nothing of this window has been spent."""
    last_slot_seconds: float = _NEVER
    """The moment of the latest request, which may lie ahead if it was booked."""

    def next_slot_seconds(self, now_seconds: float) -> float:
        """The earliest moment at which the next request may go: now, or later."""
        # Never before a request that is already booked: those who wait keep their order.
        earliest_seconds = max(now_seconds, self.last_slot_seconds)
        bucket = self._at(earliest_seconds)
        resets_at_seconds = bucket.resets_at_seconds
        if resets_at_seconds is None or bucket.remaining > bucket.limit * PACED_SHARE:
            return earliest_seconds
        if bucket.remaining == 0:
            return resets_at_seconds + _RESET_MARGIN_SECONDS
        if self.last_slot_seconds == _NEVER:
            return earliest_seconds
        left_seconds = resets_at_seconds - self.last_slot_seconds
        step_seconds = left_seconds / (bucket.remaining + 1)
        return max(earliest_seconds, self.last_slot_seconds + step_seconds)

    def spend(self, at_seconds: float) -> "Bucket":
        """The bucket after a request at this moment."""
        bucket = self._at(at_seconds)
        started = bucket.resets_at_seconds is not None
        return replace(
            bucket,
            remaining=max(0, bucket.remaining - 1),
            resets_at_seconds=(
                bucket.resets_at_seconds if started else at_seconds + self.window_seconds
            ),
            last_slot_seconds=max(self.last_slot_seconds, at_seconds),
        )

    def learn(self, *, limit: int, remaining: int, resets_at_seconds: float) -> "Bucket":
        """The bucket after the server told its view."""
        if resets_at_seconds <= self.last_slot_seconds:
            return self  # news of a window that is over for all that is booked
        same_window = (
            limit == self.limit
            and self.resets_at_seconds is not None
            and abs(resets_at_seconds - self.resets_at_seconds) <= _SAME_RESET_SECONDS
        )
        # Answers overtake each other, and requests on their way are not counted yet: within one
        # window the smaller number is the truer one.
        known = min(self.remaining, remaining) if same_window else remaining
        return replace(
            self, limit=limit, remaining=min(known, limit), resets_at_seconds=resets_at_seconds
        )

    def at_least(self, remaining: int) -> "Bucket":
        """The bucket after news that so many are left, which more than its limit disproves."""
        if remaining <= self.limit:
            return self
        return replace(self, limit=remaining, remaining=remaining)

    def left(self, moment_seconds: float) -> int:
        """How many requests are left at a moment, as far as is known."""
        return self._at(moment_seconds).remaining

    def _at(self, moment_seconds: float) -> "Bucket":
        if self.resets_at_seconds is None or moment_seconds < self.resets_at_seconds:
            return self
        return replace(self, remaining=self.limit, resets_at_seconds=None)


_ALL: Final = Bucket(limit=300, window_seconds=300.0, remaining=300)
_PAGED: Final = Bucket(limit=300, window_seconds=900.0, remaining=300)


@dataclass(frozen=True, slots=True)
class Budget:
    """What one server allows. The defaults are Mastodon's; headers correct them."""

    all_requests: Bucket = _ALL
    paged_requests: Bucket = _PAGED
    paused_until_seconds: float = _NEVER
    """Wall time until which the server asked us to send nothing at all."""

    def delay_before(self, kind: RequestKind, *, now_seconds: float) -> float:
        """Seconds to wait before a request of this kind; 0 when it may go at once."""
        slots = [bucket.next_slot_seconds(now_seconds) for bucket in self._charged(kind)]
        delay_seconds = max(self.paused_until_seconds, *slots) - now_seconds
        return min(max(0.0, delay_seconds), LONGEST_DELAY_SECONDS)

    def spend(self, kind: RequestKind, *, now_seconds: float) -> "Budget":
        """The budget after a request of this kind at this moment, which may lie ahead."""
        after = replace(self, all_requests=self.all_requests.spend(now_seconds))
        if kind is RequestKind.PLAIN:
            return after
        return replace(after, paged_requests=self.paged_requests.spend(now_seconds))

    def reserve(self, kind: RequestKind, *, now_seconds: float) -> tuple[float, "Budget"]:
        """The delay before a request, and the budget with that request booked.

        Booking before sleeping is what keeps several subscriptions of one server from waiting for
        the same moment.
        """
        delay_seconds = self.delay_before(kind, now_seconds=now_seconds)
        return delay_seconds, self.spend(kind, now_seconds=now_seconds + delay_seconds)

    def observe(
        self,
        headers: Mapping[str, str],
        *,
        status: int,
        now_seconds: float,
        kind: RequestKind = RequestKind.PLAIN,
    ) -> "Budget":
        """The budget after a response to a request of this kind. Garbage in headers is ignored."""
        rate = read_rate_headers(headers, now_seconds=now_seconds)
        paused_until_seconds = now_seconds + _pause_seconds(rate, status=status)
        learnt = self._learn(rate, status=status, now_seconds=now_seconds, kind=kind)
        return replace(
            learnt,
            paused_until_seconds=max(self.paused_until_seconds, paused_until_seconds),
        )

    def _learn(
        self, rate: RateHeaders, *, status: int, now_seconds: float, kind: RequestKind
    ) -> "Budget":
        remaining = 0 if status == 429 else rate.remaining
        reset_in_seconds = rate.reset_in_seconds
        if remaining is None or reset_in_seconds is None:
            return self
        resets_at_seconds = now_seconds + reset_in_seconds
        of_pages = kind is RequestKind.PAGED and self._is_of_pages(
            rate.limit, resets_at_seconds=resets_at_seconds, now_seconds=now_seconds
        )
        bucket = self.paged_requests if of_pages else self.all_requests
        learnt = bucket.learn(
            limit=rate.limit or bucket.limit,
            remaining=remaining,
            resets_at_seconds=resets_at_seconds,
        )
        if of_pages:
            return replace(self, paged_requests=learnt)
        if kind is RequestKind.PAGED:  # of two limits the one with less left was told
            paged = self.paged_requests.at_least(remaining)
            return replace(self, all_requests=learnt, paged_requests=paged)
        return replace(self, all_requests=learnt)

    def _is_of_pages(
        self, limit: int | None, *, resets_at_seconds: float, now_seconds: float
    ) -> bool:
        """Whether headers, which do not name their limit, are about that of paged requests.

        A reset beyond the short window can only be that one's. Before a nearer one the size of the
        limit tells, or that the headers are about the limit with the least left. What is not sure
        is charged to all requests, which paged ones pay as well.
        """
        short_window_seconds = self.all_requests.window_seconds + _SAME_RESET_SECONDS
        if resets_at_seconds - now_seconds > short_window_seconds:
            return True
        sizes = self.all_requests.limit, self.paged_requests.limit
        if sizes[0] != sizes[1] or limit not in sizes:
            return limit == sizes[1]
        left = self.paged_requests.left(now_seconds), self.all_requests.left(now_seconds)
        return left[0] < left[1]

    def _charged(self, kind: RequestKind) -> tuple[Bucket, ...]:
        if kind is RequestKind.PLAIN:
            return (self.all_requests,)
        return self.all_requests, self.paged_requests


def _pause_seconds(rate: RateHeaders, *, status: int) -> float:
    if status not in (429, 503):
        return _NEVER
    if rate.retry_in_seconds is not None:
        return min(rate.retry_in_seconds, LONGEST_DELAY_SECONDS)
    unsaid = status == 429 and rate.reset_in_seconds is None
    return UNSAID_PAUSE_SECONDS if unsaid else _NEVER
