"""What a server says about its rate limits, in whichever way it says it.

Promise: headers that make no sense are as if they were not there; nothing here raises. A time in a
header is read against the server's own `Date` when there is one, so that a wrong clock on either
side does not turn two minutes into two years.

Refuses to know: what has been spent, and what to do about it (`ratelimit`).

Sources: Mastodon "Rate limits" (`X-RateLimit-*`, the reset in ISO 8601), RFC 9110 section 10.2.3
(`Retry-After`). Other servers give the reset in seconds: since 1970, or from now.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["LONGEST_RESET_SECONDS", "RateHeaders", "read_rate_headers", "retry_after_seconds"]

_COUNT: Final = re.compile(r"\d{1,9}", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,15}(\.\d{1,9})?", re.ASCII)
_FIRST_EPOCH_SECONDS: Final = 10**9
_FIRST_EPOCH_MILLISECONDS: Final = 10**12
_NAMES: Final = frozenset(
    {"date", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"}
)

LONGEST_RESET_SECONDS: Final = 86_400.0
"""A reset that is further away than a day is taken for garbage."""


@dataclass(frozen=True, slots=True)
class RateHeaders:
    """The rate headers of one response; `None` for what was missing or garbage."""

    limit: int | None = None
    remaining: int | None = None
    reset_in_seconds: float | None = None
    retry_in_seconds: float | None = None
    """`Retry-After`, in seconds from now, 0 if that moment is past."""


def read_rate_headers(headers: Mapping[str, str], *, now_seconds: float) -> RateHeaders:
    """The rate headers of a response, names in any case of letters.

    Args:
        headers: all headers of the response.
        now_seconds: wall time, seconds since 1970, when the response came.
    """
    found = {name.lower(): text.strip() for name, text in headers.items() if name.lower() in _NAMES}
    server_now_seconds = _http_date(found.get("date", ""))
    reference_seconds = now_seconds if server_now_seconds is None else server_now_seconds
    limit = _count(found.get("x-ratelimit-limit", ""))
    return RateHeaders(
        limit=limit or None,  # a limit of nothing would mean that nobody may ever ask
        remaining=_count(found.get("x-ratelimit-remaining", "")),
        reset_in_seconds=_reset_in(found.get("x-ratelimit-reset", ""), reference_seconds),
        retry_in_seconds=_retry_in(found.get("retry-after", ""), reference_seconds),
    )


def retry_after_seconds(headers: Mapping[str, str], *, now_seconds: float) -> float | None:
    """How long the server asks us to wait, or `None` if it does not say.

    `Retry-After` counts first. The reset of the rate limit counts when nothing remains, or when the
    server does not say what remains.
    """
    rate = read_rate_headers(headers, now_seconds=now_seconds)
    if rate.retry_in_seconds is not None:
        return rate.retry_in_seconds
    return None if rate.remaining else rate.reset_in_seconds


def _count(text: str) -> int | None:
    return int(text) if _COUNT.fullmatch(text) else None


def _retry_in(text: str, reference_seconds: float) -> float | None:
    if _NUMBER.fullmatch(text):
        return float(text)
    moment_seconds = _http_date(text)
    return None if moment_seconds is None else max(0.0, moment_seconds - reference_seconds)


def _reset_in(text: str, reference_seconds: float) -> float | None:
    if _NUMBER.fullmatch(text):
        seconds = _from_number(float(text), reference_seconds)
    else:
        moment_seconds = _iso_8601(text)
        if moment_seconds is None:
            return None
        seconds = moment_seconds - reference_seconds
    return max(0.0, seconds) if seconds <= LONGEST_RESET_SECONDS else None


def _from_number(number: float, reference_seconds: float) -> float:
    if number >= _FIRST_EPOCH_MILLISECONDS:
        return number / 1000 - reference_seconds
    if number >= _FIRST_EPOCH_SECONDS:
        return number - reference_seconds
    return number


def _http_date(text: str) -> float | None:
    try:
        return _seconds(parsedate_to_datetime(text))
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _iso_8601(text: str) -> float | None:
    try:
        return _seconds(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _seconds(moment: datetime) -> float:
    # A server that names no zone means UTC; our own zone would be a guess about its machine.
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.timestamp()
