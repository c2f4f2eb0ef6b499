"""Ids: text everywhere, ordered by length and then by text, and sometimes a time in disguise.

Promise: an id is never rounded and never rewritten; where its scheme is not understood the answer
is `None`, so that nobody computes with it.

Refuses to know: which server uses which scheme (`flavour`), and the clock.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal

__all__ = ["IdScheme", "id_key", "id_minus_seconds", "snowflake_milliseconds", "ulid_milliseconds"]

IdScheme = Literal["snowflake", "ulid", "opaque"]
"""`snowflake`: milliseconds << 16 in decimal digits (Mastodon). `ulid`: 48 bits of milliseconds in
ten Crockford digits, then chance (GoToSocial). `opaque`: only the order means anything."""

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE_OF: Final = {digit: value for value, digit in enumerate(_CROCKFORD)}
_ULID_LENGTH: Final = 26
_ULID_TIME_LENGTH: Final = 10
_LATEST_MILLISECONDS: Final = (1 << 48) - 1
_TAIL_BITS: Final = 16
# Serial ids (old posts, notifications) would be times in the first days of 1970.
_EARLIEST_MILLISECONDS: Final = 10**9


def id_key(status_id: str) -> tuple[int, str]:
    """The sort key of an id: numbers of any size, ULIDs and flake ids all come in their order."""
    return len(status_id), status_id


def snowflake_milliseconds(status_id: str) -> int | None:
    """Milliseconds since 1970 in an id of Mastodon, or `None` if it is none.

    Short ids that were given out one by one, such as those of notifications, hold no time.
    """
    if not (status_id.isascii() and status_id.isdigit() and len(status_id) <= 20):
        return None
    milliseconds = int(status_id) >> _TAIL_BITS
    in_range = _EARLIEST_MILLISECONDS <= milliseconds <= _LATEST_MILLISECONDS
    return milliseconds if in_range else None


def ulid_milliseconds(status_id: str) -> int | None:
    """Milliseconds since 1970 in a ULID, or `None` if it is none.

    Source: the ULID specification; small letters count as capital ones.
    """
    digits = [_VALUE_OF.get(character) for character in status_id.upper()]
    values = [value for value in digits if value is not None]
    if not len(status_id) == len(digits) == len(values) == _ULID_LENGTH:
        return None
    milliseconds = 0
    for value in values[:_ULID_TIME_LENGTH]:
        milliseconds = milliseconds << 5 | value
    # Ten digits hold fifty bits; the two highest are no time.
    return milliseconds if milliseconds <= _LATEST_MILLISECONDS else None


def id_minus_seconds(status_id: str, seconds: float, *, scheme: IdScheme) -> str | None:
    """The lowest id of the moment that lies so many seconds before this id.

    `None` where the scheme, or this id, says nothing about time: then there is no such id, and the
    caller reads back by pages instead. Never below the beginning of time.

    Raises:
        ValueError: the seconds are negative or not finite.
    """
    if not 0 <= seconds < float("inf"):
        message = f"the way back must be 0 seconds or more, and finite; got {seconds!r}"
        raise ValueError(message)
    if scheme == "opaque":
        return None
    read, write = _SCHEMES[scheme]
    milliseconds = read(status_id)
    if milliseconds is None:
        return None
    return write(max(0, milliseconds - int(seconds * 1000)))


def _snowflake(milliseconds: int) -> str:
    return str(milliseconds << _TAIL_BITS)


def _ulid(milliseconds: int) -> str:
    shifts = range(5 * (_ULID_TIME_LENGTH - 1), -1, -5)
    time = "".join(_CROCKFORD[milliseconds >> shift & 31] for shift in shifts)
    return time.ljust(_ULID_LENGTH, "0")


_SCHEMES: Final[
    Mapping[Literal["snowflake", "ulid"], tuple[Callable[[str], int | None], Callable[[int], str]]]
] = {
    "snowflake": (snowflake_milliseconds, _snowflake),
    "ulid": (ulid_milliseconds, _ulid),
}
