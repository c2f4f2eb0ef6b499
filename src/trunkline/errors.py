"""What can go wrong, as one tree.

::

    TrunklineError
    |-- BadInput                 what the caller passed cannot be meant (also a ValueError)
    |-- Misuse                   a call at the wrong moment or place (also a RuntimeError)
    |-- MalformedEventError      bytes that are not an event, or not the entity they claim to be
    |-- ServerError              the server said no, and asking again will not help
    |   |-- Unauthorized         the token is missing, wrong, revoked or lacks a scope
    |   |-- NoSuchStream         the server has no stream of this name, by any transport
    |   |-- BadRequest           the server refuses the parameters of the stream
    |   |-- CertificateError     the server's certificate cannot be trusted
    |   `-- DiscoveryError       nothing at this address answers like a Mastodon server
    |-- GaveUp                   the limits that the caller set for reconnecting are used up
    |-- CursorError              the store of cursors is locked, damaged or of another version
    |-- SinkError                a recording cannot be used: in use, damaged, or of another version
    |   `-- SinkUnavailable      it cannot be written to now: a full disk, a lock, a read-only place
    `-- StopStream               raised by *your* handler to end the stream cleanly

Every message is a sentence that names what was expected, what came and what to do next. None ever
contains an access token.
"""

from __future__ import annotations

__all__ = [
    "BadInput",
    "BadRequest",
    "CertificateError",
    "CursorError",
    "DiscoveryError",
    "GaveUp",
    "MalformedEventError",
    "Misuse",
    "NoSuchStream",
    "ServerError",
    "SinkError",
    "SinkUnavailable",
    "StopStream",
    "TrunklineError",
    "Unauthorized",
]


class TrunklineError(Exception):
    """The root of every error that Trunkline raises on purpose."""


class BadInput(TrunklineError, ValueError):
    """An argument that cannot be meant: the message says what was expected and what came."""


class Misuse(TrunklineError, RuntimeError):
    """A call at the wrong moment or from the wrong place: the message shows the right call."""


class MalformedEventError(TrunklineError):
    """Bytes that are not an event: broken UTF-8, a missing field, bad JSON, not an object."""


class ServerError(TrunklineError):
    """The server said no, and asking again will not help.

    Attributes:
        server: Base URL of the server, never with a token.
        status: The HTTP status, or ``None`` where there was none.
    """

    def __init__(self, message: str, *, server: str = "", status: int | None = None) -> None:
        super().__init__(message)
        self.server = server
        self.status = status


class Unauthorized(ServerError):
    """The token is missing, wrong, revoked, not a user's, or lacks a scope."""


class NoSuchStream(ServerError):
    """The server has no stream of this name, by any transport that was allowed."""


class BadRequest(ServerError):
    """The server refuses the parameters of the stream (for example a missing tag)."""


class CertificateError(ServerError):
    """The server's certificate cannot be trusted."""


class DiscoveryError(ServerError):
    """Nothing at this address answers like a Mastodon-compatible server."""


class GaveUp(TrunklineError):
    """`max_retries` or `give_up_after_seconds` is used up; the last reason is in the message."""


class CursorError(TrunklineError):
    """The store of cursors is in use by another process, damaged, or of a newer version."""


class SinkError(TrunklineError):
    """A sink cannot be used: in use by another process, damaged, or of another version."""


class SinkUnavailable(SinkError):
    """A sink cannot be written to now: a full disk, a lock, a directory that is read-only.

    Nothing of the batch was stored. The same batch may be tried again later.
    """


class StopStream(TrunklineError):  # named for what the handler asks, as StopIteration
    """Raise this in a handler to end the stream cleanly: the call that streams then returns."""
