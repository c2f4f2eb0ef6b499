"""What the transports share: how to reach servers, and what its failures mean.

`Network` holds a user's settings and opens the one HTTP session of a client. `outcome_of` is the
one place where an exception of the HTTP library becomes an `Outcome`; no exception of that library
goes further up. Tokens travel in headers only, never in a URL.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from trunkline.errors import BadInput
from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.policy.rate_headers import retry_after_seconds
from trunkline.transport.held_body import HeadFirstConnector
from trunkline.transport.proxies import checked_proxy, through_proxies_of_environment
from trunkline.transport.secret import Secret

__all__ = [
    "ConnectionEnded",
    "Network",
    "Secret",
    "outcome_of",
    "read_body",
    "refusal",
    "refusal_of",
]

_REFUSAL_BYTES: Final = 4096
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
READ_BUFFER_BYTES: Final = 128 * 1024
"""aiohttp stops reading a socket at twice this much, which is one large read of the event loop."""


class ConnectionEnded(Exception):  # an ending need not be an error
    """Carries the outcome of a connection, or of an attempt at one, to whoever judges it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.kind)
        self.outcome = outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How to reach servers.

    Attributes:
        proxy: URL of an HTTP proxy for every request, or ``None`` for what the environment names
            (``http_proxy``, ``https_proxy``, ``no_proxy``).
        ca_file: File of certificates to trust instead of the system's.
        connect_timeout_seconds: Longest wait for a connection and for the head of an answer.
        user_agent: What we call ourselves; a name and a contact help the server's operators.
        clock: The time on the wall, in seconds since 1970; for tests with a time of their own.
        dice: Chance, from 0 up to 1, for every jitter; for tests that are to repeat themselves.

    Raises:
        BadInput: No HTTP proxy, no time to wait, or a user agent that cannot be sent.
    """

    proxy: str | None = field(default=None, repr=False)  # it may hold a password
    ca_file: Path | None = None
    connect_timeout_seconds: float = 15.0
    user_agent: str = f"Trunkline/{version('trunkline')}"
    clock: Callable[[], float] = field(default=time.time, repr=False)
    dice: Callable[[], float] = field(default=random.random, repr=False)

    def __post_init__(self) -> None:
        if self.proxy is not None:
            checked_proxy(self.proxy, name="Network.proxy")
        if not self.connect_timeout_seconds > 0:
            raise BadInput(
                "Expected connect_timeout_seconds of more than 0;"
                f" got {self.connect_timeout_seconds!r}."
            )
        if not self.user_agent.isprintable() or not self.user_agent.isascii():
            raise BadInput(f"Expected printable ASCII as user_agent; got {self.user_agent!r}.")

    def now(self) -> datetime:
        """Return the present moment by `clock`: aware, UTC."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def open(self) -> aiohttp.ClientSession:
        """Return a new HTTP session; the caller closes it. Needs a running event loop.

        Raises:
            BadInput: `ca_file` cannot be read as certificates.
        """
        connector = HeadFirstConnector(limit=0, ssl=self._trust())
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=self.connect_timeout_seconds, sock_read=None
        )
        proxy = checked_proxy(self.proxy, name="Network.proxy") if self.proxy is not None else None
        return aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            proxy=proxy,
            middlewares=() if proxy else (through_proxies_of_environment(),),
            headers={"User-Agent": self.user_agent},
            read_bufsize=READ_BUFFER_BYTES,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    def _trust(self) -> ssl.SSLContext | bool:
        if self.ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=str(self.ca_file))
        except (OSError, ssl.SSLError) as error:
            raise BadInput(
                f"Expected a file of CA certificates at {self.ca_file}: {error}."
            ) from error


def refusal(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now_seconds: float,
    token: Secret | None = None,
) -> Outcome:
    """Return the outcome of an answer that is no stream, with the server's words if it has any."""
    words = headers.get("X-Error-Message") or _words(body)
    return Outcome(
        OutcomeKind.REFUSED_STATUS,
        status=status,
        words=token.hide(words) if token is not None else words,
        retry_after_seconds=retry_after_seconds(headers, now_seconds=now_seconds),
    )


async def refusal_of(
    response: aiohttp.ClientResponse, *, now: Callable[[], datetime], token: Secret | None
) -> Outcome:
    """Return the outcome of an answer that is not the stream that was asked for."""
    if response.status in REDIRECTS:
        return Outcome(OutcomeKind.REDIRECT_ELSEWHERE, status=response.status)
    body = await read_body(response, max_bytes=_REFUSAL_BYTES)
    now_seconds = now().timestamp()
    return refusal(response.status, response.headers, body, now_seconds=now_seconds, token=token)


async def read_body(response: aiohttp.ClientResponse, *, max_bytes: int) -> bytes:
    """Return the body of an answer, or its first `max_bytes`; it may come in many pieces."""
    pieces: list[bytes] = []
    left_bytes = max_bytes
    while left_bytes and (piece := await response.content.read(left_bytes)):
        pieces.append(piece)
        left_bytes -= len(piece)
    return b"".join(pieces)


class _Refusal(msgspec.Struct):
    error: str = ""
    error_description: str = ""


def _words(body: bytes) -> str:
    try:
        said = msgspec.json.decode(body, type=_Refusal)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""
    return said.error or said.error_description


def outcome_of(error: BaseException) -> Outcome:
    """Return what an exception of the HTTP library or the system says about a connection."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _proxy_outcome(error)
    for kinds, kind in _KINDS:
        if isinstance(error, kinds):
            return Outcome(kind, words=_reason(error))
    return Outcome(OutcomeKind.CUT, words=type(error).__name__)


def _proxy_outcome(error: aiohttp.ClientHttpProxyError) -> Outcome:
    """Return what the refusal of a tunnel says: a proxy's 401 or 404 is not the server's."""
    status = 407 if error.status == 407 else 502
    words = f"the proxy said {error.status} {error.message}"
    return Outcome(OutcomeKind.REFUSED_STATUS, status=status, words=words)


def _reason(error: BaseException) -> str:
    """Return the system's words about an error, which name hosts and never a header."""
    system = getattr(error, "os_error", None) or getattr(error, "certificate_error", error)
    words = getattr(system, "verify_message", None) or getattr(system, "strerror", None)
    return words or type(error).__name__


_Kinds = type[BaseException] | tuple[type[BaseException], ...]
_KINDS: Final[tuple[tuple[_Kinds, OutcomeKind], ...]] = (
    (aiohttp.RedirectClientError, OutcomeKind.REDIRECT_ELSEWHERE),
    (aiohttp.ClientConnectorDNSError, OutcomeKind.DNS),
    (
        (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError),
        OutcomeKind.CERTIFICATE,
    ),
    ((aiohttp.ClientSSLError, ssl.SSLError), OutcomeKind.TLS),
    ((TimeoutError, asyncio.TimeoutError, aiohttp.ServerTimeoutError), OutcomeKind.TIMEOUT),
    (aiohttp.ClientConnectorError, OutcomeKind.UNREACHABLE),
    ((aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError), OutcomeKind.CUT),
    (aiohttp.ClientResponseError, OutcomeKind.BAD_FRAMING),
    ((aiohttp.ClientConnectionError, OSError), OutcomeKind.CUT),
)
