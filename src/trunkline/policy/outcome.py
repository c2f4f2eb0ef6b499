"""How an attempt to connect, or a connection, ended.

Promise: one frozen value says everything that a verdict may depend on. Its `repr` is safe to log:
there is no URL, no header and no token in it, and the server's words are shortened to one line.

Refuses to know: exceptions of any HTTP library (the transport translates them), and what to do
next (`verdict.judge` decides).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["WORDS_LIMIT", "Outcome", "OutcomeKind", "one_line"]

WORDS_LIMIT: Final = 300
"""Characters of the server's words that are kept: enough for a sentence, too few for a page."""


class OutcomeKind(StrEnum):
    """The ways in which an attempt or a connection ends."""

    ENDED = "ended"
    """The server ended the event stream properly, with its last chunk."""
    CUT = "cut"
    """Reset, or end of file in mid-air."""
    TIMEOUT = "timeout"
    """No connection, or no response head, in time."""
    UNREACHABLE = "unreachable"
    """Connection refused, network or host unreachable."""
    DNS = "dns"
    """The name of the server was not found."""
    TLS = "tls"
    """The TLS handshake was interrupted."""
    CERTIFICATE = "certificate"
    """The certificate cannot be trusted."""
    STALL = "stall"
    """Silence for longer than the watchdog allows."""
    SILENT = "silent"
    """Heartbeats without data, while REST had something newer."""
    NO_OPENER = "no-opener"
    """A good response head and then nothing, not even the opener: a proxy that buffers."""
    NO_UPGRADE = "no-upgrade"
    """The WebSocket handshake was answered, but not with a switch of protocols."""
    REFUSED_STATUS = "refused-status"
    """The request was answered with an HTTP status that is no stream; see `status`."""
    ERROR_FRAME = "error-frame"
    """The WebSocket answered a subscription with an error frame; see `status` if it has one."""
    CLOSED = "closed"
    """The WebSocket was closed with a close frame; see `code`."""
    TOKEN_KILLED = "token-killed"  # noqa: S105  # no password, an outcome
    """A close frame without a code, which is how Mastodon answers a revoked token."""
    WRONG_CONTENT_TYPE = "wrong-content-type"
    """A 200 that is no event stream: a proxy's page, or a web front end."""
    REDIRECT_ELSEWHERE = "redirect-elsewhere"
    """A redirect to a host that the instance did not name."""
    BAD_FRAMING = "bad-framing"
    """Bytes that break HTTP chunking or the WebSocket framing."""
    SUPERSEDED = "superseded"
    """We closed it ourselves to open another one in its place."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One ending, as the transport saw it.

    `words` is what the server said about it: the `error` of its JSON, `X-Error-Message`, or the
    reason of a close frame. It is cut to one line of at most `WORDS_LIMIT` characters.
    """

    kind: OutcomeKind
    status: int | None = None
    """HTTP status, or the status inside an error frame."""
    code: int | None = None
    """WebSocket close code."""
    words: str = ""
    retry_after_seconds: float | None = None
    """How long the server asked us to wait (`ratelimit.retry_after_seconds` reads it)."""
    was_connected: bool = False
    """Whether this subscription has been connected before, with the same token."""

    def __post_init__(self) -> None:
        # A frozen value can only be tidied up this way while it is being made.
        object.__setattr__(self, "words", one_line(self.words))


def one_line(words: str) -> str:
    """What a server said, fit for one line of a log or a message: printable, and not too long."""
    line = " ".join(words.split())
    printable = "".join(c if c.isprintable() else "?" for c in line)
    return printable if len(printable) <= WORDS_LIMIT else printable[: WORDS_LIMIT - 1] + "…"
