"""Which outcome leads to which verdict: the table itself, read from the top.

Promise: the last row fits everything, so a verdict is always found. The page "Reconnecting" of the
documentation prints these rows.

Refuses to know: how to read the table (`verdict`) and how to print it (`verdict_page`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from trunkline.errors import BadRequest, CertificateError, NoSuchStream, ServerError, Unauthorized
from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.policy.verdict_values import (
    Reason,
    Verdict,
    elsewhere,
    fatal,
    promptly,
    slowly,
    when_allowed,
)

__all__ = ["ROWS", "Row", "When"]


@dataclass(frozen=True, slots=True)
class When:
    """The condition of a row. A part that is not given holds always."""

    kinds: frozenset[OutcomeKind]
    numbers: tuple[range, ...] = ()
    """HTTP statuses, or close codes for `OutcomeKind.CLOSED`."""
    words: tuple[str, ...] = ()
    """The server's words contain one of these; small letters here, any letters there."""
    was_connected: bool | None = None
    retries_below: int | None = None
    asked_to_wait: bool | None = None
    said_why: bool | None = None
    """There are words of the server at all."""

    def matches(self, outcome: Outcome, *, retries: int) -> bool:
        """Whether all parts of the condition hold."""
        number = outcome.code if outcome.kind is OutcomeKind.CLOSED else outcome.status
        said = outcome.words.lower()
        return (
            outcome.kind in self.kinds
            and (not self.numbers or any(number in span for span in self.numbers))
            and (not self.words or any(fragment in said for fragment in self.words))
            and self.was_connected in (None, outcome.was_connected)
            and (self.retries_below is None or retries < self.retries_below)
            and self.asked_to_wait in (None, outcome.retry_after_seconds is not None)
            and self.said_why in (None, bool(said))
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    when: When
    verdict: Verdict


def _on(
    *kinds: OutcomeKind,
    numbers: Iterable[int | range] = (),
    words: tuple[str, ...] = (),
    was_connected: bool | None = None,
    retries_below: int | None = None,
    asked_to_wait: bool | None = None,
    said_why: bool | None = None,
) -> When:
    spans = tuple(n if isinstance(n, range) else range(n, n + 1) for n in numbers)
    return When(
        frozenset(kinds), spans, words, was_connected, retries_below, asked_to_wait, said_why
    )


_K = OutcomeKind
_R = Reason
_NO = (_K.REFUSED_STATUS, _K.ERROR_FRAME)
_NOT_YOU = (401, 403)
# 1008 is what Iceshrimp.NET says to a missing scope; 3000 and 3003 are registered for this.
_NOT_YOU_CODES = (1008, 3000, 3003)
# With the waits of the curve about ten minutes: so long does the move of a server answer 404.
_MOVING_RETRIES = 8

_BROKEN_LINE = (
    Row(
        _on(_K.ENDED),
        promptly(_R.ENDED, "A clean end comes from a restart, or because the token was revoked."),
    ),
    Row(_on(_K.CUT), promptly(_R.CUT, "Servers that shut down cut in mid-air.")),
    Row(_on(_K.TIMEOUT), promptly(_R.TIMEOUT, "The network or the server was too slow.")),
    Row(_on(_K.UNREACHABLE), promptly(_R.UNREACHABLE, "Nothing listens there at the moment.")),
    Row(_on(_K.DNS), promptly(_R.DNS, "Names fail to resolve when the network is away.")),
    Row(_on(_K.TLS), promptly(_R.TLS, "The network was interrupted during the handshake.")),
    Row(_on(_K.STALL), promptly(_R.STALL, "Three missing heartbeats: the socket is dead.")),
    Row(
        _on(_K.SILENT),
        promptly(_R.SILENT, "Heartbeats went on, but events were lost inside the server."),
    ),
    Row(_on(_K.SUPERSEDED), promptly(_R.SUPERSEDED, "We replaced this connection by another.")),
    Row(
        _on(_K.TOKEN_KILLED),
        promptly(_R.TOKEN_KILLED, "The token may be revoked; the next try will tell."),
    ),
    Row(_on(_K.BAD_FRAMING), promptly(_R.PROTOCOL, "The bytes were damaged on the way.")),
    Row(
        _on(_K.CERTIFICATE),
        fatal(
            _R.CERTIFICATE,
            "Going on would hand the token to whoever answers. If the certificate is your own, name"
            " its file: `Network(ca_file=...)`.",
            error=CertificateError,
        ),
    ),
)

_PROXIES = (
    Row(
        _on(_K.NO_OPENER),
        elsewhere(_R.NO_OPENER, "A proxy holds the event stream back; a WebSocket passes."),
    ),
    Row(
        _on(_K.NO_UPGRADE),
        elsewhere(_R.NO_UPGRADE, "Something on the way does not let WebSockets pass."),
    ),
    Row(
        _on(_K.WRONG_CONTENT_TYPE, was_connected=False),
        elsewhere(
            _R.WRONG_CONTENT_TYPE, "A web page: a proxy's, or there is no stream at this path."
        ),
    ),
    Row(
        _on(_K.WRONG_CONTENT_TYPE),
        slowly(_R.WRONG_CONTENT_TYPE, "A proxy's page stands in for a server in trouble."),
    ),
    Row(
        _on(_K.REDIRECT_ELSEWHERE),
        slowly(
            _R.REDIRECT,
            "The token goes only to hosts that the instance names; ask the instance again.",
            rediscover=True,
        ),
    ),
)

_TOO_OFTEN_AND_TROUBLE = (
    Row(
        _on(*_NO, numbers=(429, 420)),
        when_allowed(_R.RATE_LIMITED, "Too many requests: wait as long as the server says."),
    ),
    Row(
        _on(*_NO, numbers=(range(500, 600),), asked_to_wait=True),
        when_allowed(_R.SERVER_ERROR, "The server says when it expects to be back."),
    ),
    Row(
        _on(*_NO, numbers=(501, 505)),
        elsewhere(_R.SERVER_ERROR, "The server does not know this way of asking."),
    ),
    Row(
        _on(*_NO, numbers=(408, 421, 423, 425, 499, range(500, 600))),
        slowly(_R.SERVER_ERROR, "The server, or a proxy before it, is in trouble."),
    ),
)

_REFUSALS = (
    Row(
        _on(
            *_NO,
            numbers=(400,),
            words=("missing tag name parameter", "missing list name parameter"),
        ),
        fatal(_R.BAD_REQUEST, "A parameter of the stream is missing.", error=BadRequest),
    ),
    Row(
        _on(*_NO, numbers=_NOT_YOU, was_connected=True, retries_below=1),
        slowly(_R.UNAUTHORIZED, "The token was good before; a restarting server may err once."),
    ),
    Row(
        _on(_K.REFUSED_STATUS, numbers=_NOT_YOU, said_why=False),
        elsewhere(
            _R.UNAUTHORIZED,
            "It may be only this way in that is barred; the other one works, or says why not.",
            error=Unauthorized,
        ),
    ),
    Row(
        _on(*_NO, numbers=_NOT_YOU),
        fatal(_R.UNAUTHORIZED, "The server's words say which of the causes.", error=Unauthorized),
    ),
    Row(
        _on(*_NO, numbers=(422,), words=("authenticated user",)),
        fatal(_R.UNAUTHORIZED, "The token belongs to an app, not to a user.", error=Unauthorized),
    ),
    Row(
        _on(*_NO, numbers=(413, 414, 422, 431)),
        fatal(_R.BAD_REQUEST, "The server cannot take what the stream asks.", error=BadRequest),
    ),
    Row(
        _on(*_NO, numbers=(407, 451)),
        fatal(
            _R.REFUSED, "A proxy wants a login, or the stream is blocked by law.", error=ServerError
        ),
    ),
    Row(
        _on(*_NO, numbers=(405, 406, 415, 426)),
        elsewhere(_R.NO_SUCH_STREAM, "The server does not stream this way.", error=NoSuchStream),
    ),
    Row(
        _on(
            *_NO,
            numbers=(range(400, 500),),
            was_connected=True,
            retries_below=_MOVING_RETRIES,
        ),
        elsewhere(
            _R.NO_SUCH_STREAM,
            "The stream was there before; a server being moved forgets its paths for a while.",
            rediscover=True,
        ),
    ),
    Row(
        _on(*_NO, numbers=(range(400, 500),)),
        elsewhere(_R.NO_SUCH_STREAM, "The server does not know this stream.", error=NoSuchStream),
    ),
)

_ODD_STATUSES = (
    Row(
        _on(*_NO, numbers=(range(300, 400),)),
        slowly(_R.REDIRECT, "The stream has moved; ask the instance where to.", rediscover=True),
    ),
    Row(
        _on(*_NO, numbers=(range(100, 300),)),
        elsewhere(_R.NO_UPGRADE, "An answer, but no stream: something on the way interferes."),
    ),
)

_CLOSE_CODES = (
    Row(
        _on(_K.CLOSED, numbers=(1000, 1001, 1005, 1006, 1012, 3008)),
        promptly(_R.CLOSED, "The server went away, restarts, or killed the token."),
    ),
    Row(
        _on(_K.CLOSED, numbers=(1015,)),
        promptly(_R.TLS, "The network was interrupted during the handshake."),
    ),
    Row(
        _on(_K.CLOSED, numbers=(1011, 1013, 1014)),
        slowly(_R.SERVER_ERROR, "The server, or a proxy before it, is in trouble."),
    ),
    Row(
        _on(_K.CLOSED, numbers=_NOT_YOU_CODES, was_connected=True, retries_below=1),
        slowly(_R.UNAUTHORIZED, "The token was good before; a restarting server may err once."),
    ),
    Row(
        _on(_K.CLOSED, numbers=_NOT_YOU_CODES),
        fatal(_R.UNAUTHORIZED, "The server's words say which of the causes.", error=Unauthorized),
    ),
    Row(
        _on(_K.CLOSED, numbers=(1002, 1003, 1007, 1009, 1010)),
        elsewhere(_R.PROTOCOL, "The two ends do not agree on the protocol."),
    ),
    Row(
        _on(_K.CLOSED),
        slowly(_R.CLOSED, "A close code that we have no rule for."),
    ),
)

_EVERYTHING_ELSE = (Row(_on(*_K), slowly(_R.UNKNOWN, "An ending that we have no rule for.")),)

ROWS: Final[tuple[Row, ...]] = (
    *_BROKEN_LINE,
    *_PROXIES,
    *_TOO_OFTEN_AND_TROUBLE,
    *_REFUSALS,
    *_ODD_STATUSES,
    *_CLOSE_CODES,
    *_EVERYTHING_ELSE,
)
"""All rows; the first that fits decides."""
