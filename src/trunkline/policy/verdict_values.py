"""The nouns of a verdict: what to do, why in one word, and the value that carries both.

Promise: frozen values and closed sets of words. Refuses to know: which outcome leads to which
verdict (`verdict_table`).
"""

from dataclasses import dataclass
from enum import StrEnum

from trunkline.errors import ServerError
from trunkline.policy.backoff import Curve

__all__ = [
    "Action",
    "Reason",
    "Verdict",
    "elsewhere",
    "fatal",
    "promptly",
    "slowly",
    "when_allowed",
]


class Action(StrEnum):
    """What the keeper of the connection does next."""

    RECONNECT = "reconnect"
    WAIT_UNTIL = "wait_until"
    OTHER_TRANSPORT = "other_transport"
    FATAL = "fatal"


class Reason(StrEnum):
    """Why, in one word: for signals, logs and metrics. The set is closed."""

    ENDED = "ended"
    CUT = "cut"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    DNS = "dns"
    TLS = "tls"
    CERTIFICATE = "certificate"
    STALL = "stall"
    SILENT = "silent"
    NO_OPENER = "no-opener"
    NO_UPGRADE = "no-upgrade"
    SERVER_ERROR = "server-error"
    RATE_LIMITED = "rate-limited"
    UNAUTHORIZED = "unauthorized"
    NO_SUCH_STREAM = "no-such-stream"
    BAD_REQUEST = "bad-request"
    REFUSED = "refused"
    REDIRECT = "redirect"
    WRONG_CONTENT_TYPE = "wrong-content-type"
    PROTOCOL = "protocol"
    CLOSED = "closed"
    TOKEN_KILLED = "token-killed"  # noqa: S105  # no password, a reason
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do next.

    `other_transport` means: at once, if a transport is left that has not been tried since the last
    connection; `verdict.settle` says what it means if none is left.
    """

    action: Action
    reason: Reason
    why: str
    """One sentence for people."""
    curve: Curve | None = None
    """How the wait grows; `None` when there is nothing to wait for."""
    error: type[ServerError] | None = None
    """What to raise when it is fatal."""
    rediscover: bool = False
    """Read the instance document again before the next try: the stream may have moved."""
    told_seconds: float | None = None
    """How long the server told us to wait: instead of as long as the curve says."""


def promptly(reason: Reason, why: str) -> Verdict:
    """Reconnect, the first time within a second."""
    return Verdict(Action.RECONNECT, reason, why, curve=Curve.PROMPT)


def slowly(reason: Reason, why: str, *, rediscover: bool = False) -> Verdict:
    """Reconnect, sparing a server in trouble."""
    return Verdict(Action.RECONNECT, reason, why, curve=Curve.SERVER_TROUBLE, rediscover=rediscover)


def when_allowed(reason: Reason, why: str) -> Verdict:
    """Reconnect when the server says, and where it does not say sparing a server in trouble."""
    return Verdict(Action.WAIT_UNTIL, reason, why, curve=Curve.SERVER_TROUBLE)


def elsewhere(
    reason: Reason, why: str, *, error: type[ServerError] | None = None, rediscover: bool = False
) -> Verdict:
    """Try the other transport; with none left raise the error, or reconnect slowly without one."""
    curve = Curve.SERVER_TROUBLE if error is None else None
    return Verdict(
        Action.OTHER_TRANSPORT, reason, why, curve=curve, error=error, rediscover=rediscover
    )


def fatal(reason: Reason, why: str, *, error: type[ServerError]) -> Verdict:
    """Stop: asking again will not help."""
    return Verdict(Action.FATAL, reason, why, error=error)
